/* test_workq_look.c: the queue move by move: the searcher that looks without the lock, and what comes
 * between its look and its sleep. */
#include "hands.h"

static bool searching(void) {
  tm_lock_acquire(&queue.lock);
  bool searching = queue.searching;
  tm_lock_release(&queue.lock);
  return searching;
}

/* From here h looks, for longer than the test may take. */
static void look_hand(hand *h) {
  spin.limit = 2 * LIMIT * SECOND;
  poke(spin.misses, 0);
  wait_hand(h);
  UNTIL(searching());
}

static void looking_queue(void) {
  fresh_queue(3);
  enter(&hands[0]);
  look_hand(&hands[0]);
}

static void push_ends_a_look(void) {
  looking_queue();
  CHECK(push(0) == TM_PUSHED); /* wakes nobody, starts nobody */
  awake(&hands[0]);
  CHECK(pop(&hands[0], false) == &items[0]);
  leave_all(1);
}

static void close_ends_a_look(void) {
  looking_queue();
  tm_workq_close(&queue);
  join(hands[0].thread);
  CHECK(!hands[0].again && workers() == 0);
}

static void drain_ends_a_look(void) {
  looking_queue();
  CHECK(tm_workq_drain(&queue) == NULL);
  join(hands[0].thread);
  CHECK(!hands[0].again && workers() == 0);
}

/* Only one worker looks; others sleep at once, and a push leaves them asleep. */
static void one_looks(void) {
  looking_queue();
  enter(&hands[1]);
  sleep_hand(&hands[1]);
  enter(&hands[2]);
  sleep_hand(&hands[2]);
  CHECK(push(0) == TM_PUSHED && idle() == 2);
  awake(&hands[0]);
  CHECK(push(1) == TM_PUSHED && idle() == 2);
  CHECK(pop(&hands[0], false) == &items[0] && idle() == 1);
  awake(&hands[2]);
  CHECK(pop(&hands[2], false) == &items[1] && idle() == 1);
  tm_workq_close(&queue);
  awake(&hands[1]);
  leave_all(3);
}

/* A worker searches from the moment when it finds nothing, so that a push before its wait wakes nobody. */
static void a_pop_that_finds_nothing_is_a_search(void) {
  spin.limit = 0; /* nobody looks for long */
  fresh_queue(2);
  enter(&hands[0]);
  sleep_hand(&hands[0]);
  enter(&hands[1]);
  CHECK(pop(&hands[1], false) == NULL && searching());
  CHECK(push(0) == TM_PUSHED && idle() == 1);
  CHECK(tm_workq_wait(&queue, &hands[1].worker) && idle() == 1);
  CHECK(pop(&hands[1], false) == &items[0] && !searching());
  tm_workq_close(&queue);
  awake(&hands[0]);
  leave_all(2);
}

/* A searcher gives the producer a moment to yield, but only a moment. */
static void grace_is_short(void) {
  static tm_atomic_size yielded;
  for (size_t i = 0; i < 2; i++) {
    poke(yielded, i);
    fresh_queue(1);
    queue.yielded = &yielded;
    enter(&hands[0]);
    look_hand(&hands[0]);
    CHECK(push(0) == TM_PUSHED);
    awake(&hands[0]);
    CHECK(pop(&hands[0], false) == &items[0]);
    leave_all(1);
  }
}

/* The look is over, the searcher has asked for the lock to go to sleep, and now an item is pushed by a
 * thread that sees a searcher, so wakes nobody. Whichever of the two gets the lock first: the item must
 * be found. The lock is mostly ours, since the searcher has to wake up for it. */
static void push_between_look_and_sleep(void) {
  unsigned found = 0, rounds = 500 / SCALE;
  fresh_queue(1);
  enter(&hands[0]);
  for (unsigned i = 0; i < rounds; i++) {
    spin.limit = MS / 10;
    poke(spin.misses, 0);
    wait_hand(&hands[0]);
    bool caught = false;
    while (!caught && idle() == 0) {
      tm_lock_acquire(&queue.lock);
      caught = queue.searching;
      if (caught) {
        UNTIL(peek(queue.lock.word) == 2);
      }
      tm_lock_release(&queue.lock);
    }
    CHECK(push(0) == TM_PUSHED);
    awake(&hands[0]);
    CHECK(pop(&hands[0], false) == &items[0]);
    found += caught;
  }
  printf("(%u of %u caught) ", found, rounds);
  leave_all(1);
}

int main(void) {
  begin();
  RUN(push_ends_a_look);
  RUN(close_ends_a_look);
  RUN(drain_ends_a_look);
  RUN(one_looks);
  RUN(a_pop_that_finds_nothing_is_a_search);
  RUN(grace_is_short);
  RUN(push_between_look_and_sleep);
  return end();
}
