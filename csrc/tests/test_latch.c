/* test_latch.c: claimed by one, set once, waited for by many, gone at once. */
#include "check.h"

#include "latch.h"

enum { THREADS = 6, ROUNDS = 5000 / SCALE };

static tm_latch latch;
static tm_spin spin; /* all zeros: waiters never look, they sleep */
static tm_atomic_u32 gate, winners, returned, held;
static unsigned result; /* plain: only the latch orders it */

static void fresh_latch(void) {
  poke(latch.word, 0);
  poke(gate, 0);
  poke(returned, 0);
}

static unsigned waiting(void) {
  return peek(latch.word) / TM_LATCH_WAITER;
}

static void *claim_each(void *arg) {
  (void)arg;
  for (unsigned i = 1; i <= ROUNDS; i++) {
    meet(&gate, THREADS);
    add(winners, tm_latch_claim(&latch));
    CHECK(tm_latch_claimed(&latch));
    meet(&gate, THREADS);
    CHECK(peek(winners) == i);
    meet(&gate, THREADS);
    poke(latch.word, 0);
  }
  return NULL;
}

static void exactly_one_claims(void) {
  fresh_latch();
  CHECK(!tm_latch_claimed(&latch));
  crowd(THREADS, claim_each, NULL);
}

static void set_and_wait(void) {
  fresh_latch();
  CHECK(!tm_latch_done(&latch));
  CHECK(tm_latch_claim(&latch));
  CHECK(!tm_latch_done(&latch));
  tm_latch_set(&latch);
  CHECK(tm_latch_done(&latch));
  CHECK(!tm_latch_claim(&latch));
  CHECK(tm_latch_wait(&latch, TM_FOREVER, &spin) == TM_WAIT_OK);
  CHECK(tm_latch_wait(&latch, 0, &spin) == TM_WAIT_OK); /* done counts, even if it is late */
}

static void timeout_leaves_the_count(void) {
  fresh_latch();
  CHECK(tm_latch_wait(&latch, 0, &spin) == TM_WAIT_TIMEOUT);
  int64_t deadline = tm_os_now() + 10 * MS;
  CHECK(tm_latch_wait(&latch, deadline, &spin) == TM_WAIT_TIMEOUT);
  CHECK(tm_os_now() >= deadline);
  CHECK(peek(latch.word) == 0);
  CHECK(!tm_latch_hold_waiters(&latch));
  CHECK(peek(latch.word) == 0); /* not held for a waiter that comes later: it does not know */
  tm_latch_claim(&latch);
  CHECK(tm_latch_wait(&latch, 0, &spin) == TM_WAIT_TIMEOUT);
  CHECK(peek(latch.word) == TM_LATCH_CLAIMED);
}

static void *wait_for_result(void *deadline) {
  int64_t until = deadline != NULL ? *(int64_t *)deadline : TM_FOREVER;
  tm_wait_result outcome = tm_latch_wait(&latch, until, &spin);
  add(returned, 1);
  CHECK(outcome == TM_WAIT_OK);
  CHECK(result == 42);
  return NULL;
}

static void set_wakes_all_waiters(void) {
  pthread_t waiters[THREADS];
  for (int round = 0; round < 300 / SCALE; round++) {
    fresh_latch();
    result = 0;
    for (int i = 0; i < THREADS; i++) {
      waiters[i] = start(wait_for_result, NULL);
    }
    UNTIL(waiting() == THREADS);
    CHECK(peek(returned) == 0);
    result = 42;
    tm_latch_set(&latch);
    for (int i = 0; i < THREADS; i++) {
      join(waiters[i]);
    }
  }
}

/* Who waits before the hold stays until the set, deadline or not; so do all others. */
static void hold_waiters(void) {
  fresh_latch();
  int64_t deadline = tm_os_now() + 50 * MS;
  pthread_t waiters[] = {start(wait_for_result, NULL), start(wait_for_result, &deadline),
                         start(wait_for_result, &deadline)};
  UNTIL(waiting() == 3);
  CHECK(tm_latch_hold_waiters(&latch));
  CHECK(tm_latch_hold_waiters(&latch));    /* idempotent */
  UNTIL(tm_os_now() > deadline + 30 * MS); /* they have all the time to leave that they must not take */
  CHECK(peek(returned) == 0 && waiting() == 3);
  result = 42;
  tm_latch_set(&latch);
  for (int i = 0; i < 3; i++) {
    join(waiters[i]);
  }
}

/* The holder races with a waiter whose deadline has passed: either it holds the waiter, which then
 * leaves with the result, or the waiter has left, and is not counted. */
static void *wait_for_no_time(void *arg) {
  (void)arg;
  tm_spin briefly = {.limit = MS / 200}; /* so that it is there for the other to find */
  for (unsigned i = 0; i < ROUNDS; i++) {
    poke(briefly.misses, 0);
    meet(&gate, 2);
    bool done = tm_latch_wait(&latch, 0, &briefly) == TM_WAIT_OK;
    CHECK(done == (peek(held) != 0));
    add(returned, 1);
    meet(&gate, 2);
  }
  return NULL;
}

static void hold_against_leave(void) {
  unsigned times = 0;
  fresh_latch();
  pthread_t waiter = start(wait_for_no_time, NULL);
  for (unsigned i = 0; i < ROUNDS; i++) {
    poke(latch.word, 0);
    poke(held, 0);
    meet(&gate, 2);
    for (int64_t until = tm_os_now() + i % 64 * MS / 2000; tm_os_now() < until;) {
    }
    while (peek(held) == 0 && peek(returned) == i) {
      if (tm_latch_hold_waiters(&latch)) {
        poke(held, 1);
        tm_latch_set(&latch);
        times++;
      }
    }
    meet(&gate, 2);
    CHECK(peek(held) != 0 || peek(latch.word) == 0);
  }
  join(waiter);
  printf("(%u of %u held) ", times, ROUNDS);
}

/* The waiter frees the latch at once, perhaps while the setter is still in its tm_latch_set. */
static _Atomic(tm_latch *) shown;

static void *set_each(void *arg) {
  (void)arg;
  for (unsigned i = 1; i <= ROUNDS; i++) {
    UNTIL(atomic_load_explicit(&shown, memory_order_acquire) != NULL);
    tm_latch *mine = peek(shown);
    poke(shown, NULL);
    result = i;
    tm_latch_set(mine);
  }
  return NULL;
}

static void gone_when_set(void) {
  pthread_t setter = start(set_each, NULL);
  for (unsigned i = 1; i <= ROUNDS; i++) {
    tm_latch *own = calloc(1, sizeof *own);
    atomic_store_explicit(&shown, own, memory_order_release);
    CHECK(tm_latch_wait(own, TM_FOREVER, &spin) == TM_WAIT_OK);
    CHECK(result == i);
    free(own);
  }
  join(setter);
}

static void a_watched_latch_is_set_by_hand(void) {
  fresh_latch();
  CHECK(tm_latch_watch(&latch) && tm_latch_watch(&latch));
  CHECK(tm_latch_claim(&latch));
  CHECK(!tm_latch_finish(&latch) && !tm_latch_done(&latch));
  CHECK(!tm_latch_hold_waiters(&latch));
  tm_latch_set(&latch);
  CHECK(tm_latch_done(&latch) && !tm_latch_watch(&latch));
}

static void too_late_to_watch(void) {
  fresh_latch();
  CHECK(tm_latch_claim(&latch) && tm_latch_finish(&latch) && tm_latch_done(&latch));
  CHECK(!tm_latch_watch(&latch));
  fresh_latch();
  CHECK(tm_latch_claim_to_finish(&latch) && !tm_latch_claim(&latch) && !tm_latch_claim_to_finish(&latch));
  CHECK(!tm_latch_watch(&latch) && !tm_latch_done(&latch));
  CHECK(tm_latch_finish(&latch) && tm_latch_done(&latch));
  fresh_latch();
  CHECK(tm_latch_watch(&latch) && tm_latch_claim_to_finish(&latch));
  CHECK(tm_latch_watch(&latch)); /* it has to be finished by hand, and is not yet */
  CHECK(!tm_latch_finish(&latch));
}

static void put_by_hand(void) {
  fresh_latch();
  CHECK(tm_latch_watch(&latch));
  tm_latch_put(&latch, true, false);
  CHECK(tm_latch_claimed(&latch) && !tm_latch_done(&latch) && !tm_latch_finish(&latch)); /* watched still */
  tm_latch_put(&latch, true, true);
  CHECK(tm_latch_claimed(&latch) && tm_latch_done(&latch));
  tm_latch_put(&latch, false, false);
  CHECK(!tm_latch_claimed(&latch) && !tm_latch_done(&latch));
}

/* One thread begins to watch and another one finishes, at once: either the first is refused, or the
 * second is, never both and never neither. */
static void *watch_or_finish(void *arg) {
  static tm_atomic_u32 turn;
  bool watches = add(turn, 1) % 2 == 0;
  (void)arg;
  for (unsigned i = 0; i < ROUNDS; i++) {
    meet(&gate, 2);
    add(winners, watches ? tm_latch_watch(&latch) : tm_latch_finish(&latch));
    meet(&gate, 2);
    CHECK(peek(winners) == 1);
    meet(&gate, 2);
    poke(winners, 0);
    poke(latch.word, 0);
  }
  return NULL;
}

static void either_watched_or_finished(void) {
  fresh_latch();
  poke(winners, 0);
  crowd(2, watch_or_finish, NULL);
}

int main(void) {
  begin();
  RUN(exactly_one_claims);
  RUN(set_and_wait);
  RUN(timeout_leaves_the_count);
  RUN(set_wakes_all_waiters);
  RUN(hold_waiters);
  RUN(hold_against_leave);
  RUN(gone_when_set);
  RUN(a_watched_latch_is_set_by_hand);
  RUN(too_late_to_watch);
  RUN(put_by_hand);
  RUN(either_watched_or_finished);
  return end();
}
