/* test_lock.c: one thread at a time, and nobody sleeps for ever. */
#include "check.h"

#include "lock.h"

enum { THREADS = 6, TURNS = 100000 / SCALE, HAND_OVERS = 5000 / SCALE };

static tm_lock lock;
static tm_atomic_u32 gate, inside, taken;
static unsigned count; /* under lock */

static void *take_turns(void *arg) {
  (void)arg;
  meet(&gate, THREADS);
  for (int i = 0; i < TURNS; i++) {
    tm_lock_acquire(&lock);
    CHECK(add(inside, 1) == 0);
    count++;
    if (i % 1000 == 0) {
      sched_yield(); /* now and then the others wait long enough to sleep */
    }
    add(inside, -1);
    tm_lock_release(&lock);
  }
  return NULL;
}

static void mutual_exclusion(void) {
  crowd(THREADS, take_turns, NULL);
  CHECK(count == THREADS * TURNS);
  CHECK(peek(lock.word) == 0);
}

static void *take_each_round(void *arg) {
  (void)arg;
  for (uint32_t i = 0; i < HAND_OVERS; i++) {
    meet(&gate, 2);
    tm_lock_acquire(&lock);
    tm_lock_release(&lock);
    add(taken, 1);
  }
  return NULL;
}

/* The lock is released only when the other thread goes to sleep for it. */
static void release_wakes_a_sleeper(void) {
  poke(gate, 0);
  pthread_t other = start(take_each_round, NULL);
  for (uint32_t i = 0; i < HAND_OVERS; i++) {
    tm_lock_acquire(&lock);
    meet(&gate, 2);
    UNTIL(peek(lock.word) == 2);
    CHECK(peek(taken) == i);
    tm_lock_release(&lock);
    UNTIL(peek(taken) == i + 1);
  }
  join(other);
}

/* Several sleep: each release wakes the next. */
static void *sleep_for_lock(void *arg) {
  (void)arg;
  meet(&gate, THREADS + 1);
  tm_lock_acquire(&lock);
  count++;
  tm_lock_release(&lock);
  return NULL;
}

static void release_wakes_all_in_turn(void) {
  pthread_t all[THREADS];
  for (int round = 0; round < 500 / SCALE; round++) {
    poke(gate, 0);
    count = 0;
    tm_lock_acquire(&lock);
    for (int i = 0; i < THREADS; i++) {
      all[i] = start(sleep_for_lock, NULL);
    }
    meet(&gate, THREADS + 1);
    UNTIL(peek(lock.word) == 2);
    tm_lock_release(&lock);
    for (int i = 0; i < THREADS; i++) {
      join(all[i]);
    }
    CHECK(count == THREADS);
  }
}

int main(void) {
  begin();
  RUN(mutual_exclusion);
  RUN(release_wakes_a_sleeper);
  RUN(release_wakes_all_in_turn);
  return end();
}
