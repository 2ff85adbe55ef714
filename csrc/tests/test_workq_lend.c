/* test_workq_lend.c: a worker that waits lends its place, and takes it back. */
#include "hands.h"

static bool lend(hand *h, bool starts) {
  bool start = !starts;
  bool lent = tm_workq_lend(&h->worker, &start);
  CHECK(start == starts);
  return lent;
}

static void a_worker_more_may_be_started(void) {
  fresh_queue(1);
  enter(&hands[0]);
  CHECK(!tm_workq_reserve(&queue));
  CHECK(lend(&hands[0], false)); /* nothing to do for it */
  CHECK(push(0) == TM_START);
  tm_workq_enter(&queue, &hands[1].worker, true);
  CHECK(pop(&hands[1], false) == &items[0]);
  tm_workq_return(&hands[0].worker);
  CHECK(workers() == 2); /* until it has ended the item */
  leave(&hands[1]);
  leave_all(1);
}

static void it_is_started_for_what_waits_already(void) {
  fresh_queue(1);
  enter(&hands[0]);
  CHECK(push(0) == TM_PUSHED && push(1) == TM_PUSHED);
  CHECK(lend(&hands[0], true));
  tm_workq_enter(&queue, &hands[1].worker, true);
  CHECK(pop(&hands[1], false) == &items[0]);
  tm_workq_return(&hands[0].worker);
  CHECK(pop(&hands[1], false) == NULL); /* though an item waits: this one leaves */
  CHECK(!tm_workq_wait(&queue, &hands[1].worker) && workers() == 1);
  CHECK(pop(&hands[0], false) == &items[1]);
  leave_all(1);
}

static void a_place_is_lent_once(void) {
  fresh_queue(1);
  enter(&hands[0]);
  CHECK(lend(&hands[0], false));
  CHECK(!lend(&hands[0], false));
  tm_workq_return(&hands[0].worker);
  tm_workq_return(&hands[0].worker);
  CHECK(!tm_workq_reserve(&queue));
  leave_all(1);
}

static void a_sleeping_worker_leaves(void) {
  fresh_queue(1);
  enter(&hands[0]);
  CHECK(lend(&hands[0], false));
  CHECK(tm_workq_reserve(&queue));
  tm_workq_enter(&queue, &hands[1].worker, false);
  sleep_hand(&hands[1]);
  tm_workq_return(&hands[0].worker);
  awake(&hands[1]);
  leave(&hands[1]);
  CHECK(workers() == 1 && idle() == 0);
  leave_all(1);
}

/* Who leaves was searching, an item waits, and another worker sleeps: that one is woken. */
static void the_search_is_passed_on_by_who_leaves(void) {
  fresh_queue(2);
  enter(&hands[0]);
  enter(&hands[1]);
  CHECK(lend(&hands[0], false));
  CHECK(tm_workq_reserve(&queue));
  tm_workq_enter(&queue, &hands[2].worker, false);
  sleep_hand(&hands[1]);
  CHECK(pop(&hands[2], false) == NULL); /* searches from here */
  CHECK(push(0) == TM_PUSHED && idle() == 1);
  tm_workq_return(&hands[0].worker); /* it is the sleeper that is told to leave ... */
  awake(&hands[1]);
  CHECK(pop(&hands[1], false) == NULL);
  CHECK(!tm_workq_wait(&queue, &hands[1].worker) && workers() == 2);
  CHECK(tm_workq_wait(&queue, &hands[2].worker)); /* ... and the searcher stays */
  CHECK(pop(&hands[2], false) == &items[0]);
  tm_workq_close(&queue);
  leave(&hands[0]);
  leave(&hands[2]);
}

static void a_searcher_that_leaves_wakes_a_sleeper(void) {
  fresh_queue(3);
  enter(&hands[0]);
  CHECK(lend(&hands[0], false));
  for (unsigned i = 1; i < 4; i++) {
    enter(&hands[i]);
  }
  sleep_hand(&hands[1]);
  sleep_hand(&hands[2]);
  CHECK(pop(&hands[3], false) == NULL);       /* searches */
  tm_workq_return(&hands[0].worker);          /* tells hand 2, which slept last, to leave ... */
  CHECK(pop(&hands[3], false) == NULL);       /* ... but this one comes first */
  CHECK(push(0) == TM_PUSHED && idle() == 1); /* for somebody searches */
  CHECK(!tm_workq_wait(&queue, &hands[3].worker));
  awake(&hands[1]);
  awake(&hands[2]);
  CHECK(pop(&hands[1], false) == &items[0]);
  tm_workq_close(&queue);
  for (unsigned i = 0; i < 3; i++) {
    leave(&hands[i]);
  }
}

/* Without a return: the place is taken back when the worker has nothing to do. */
static void what_is_not_given_back_is_taken(void) {
  fresh_queue(1);
  enter(&hands[0]);
  CHECK(lend(&hands[0], false));
  sleep_hand(&hands[0]);
  CHECK(!tm_workq_reserve(&queue));
  CHECK(push(0) == TM_PUSHED);
  awake(&hands[0]);
  CHECK(pop(&hands[0], false) == &items[0]);
  leave_all(1);
}

static void who_was_told_to_leave_stays_if_a_place_is_lent_again(void) {
  fresh_queue(1);
  enter(&hands[0]);
  CHECK(push(0) == TM_PUSHED);
  CHECK(lend(&hands[0], true));
  tm_workq_enter(&queue, &hands[1].worker, true);
  tm_workq_return(&hands[0].worker);
  CHECK(pop(&hands[1], false) == NULL);
  CHECK(lend(&hands[0], false)); /* for somebody searches */
  CHECK(tm_workq_wait(&queue, &hands[1].worker));
  CHECK(pop(&hands[1], false) == &items[0]);
  tm_workq_return(&hands[0].worker);
  leave(&hands[1]);
  leave_all(1);
}

int main(void) {
  begin();
  RUN(a_worker_more_may_be_started);
  RUN(it_is_started_for_what_waits_already);
  RUN(a_place_is_lent_once);
  RUN(a_sleeping_worker_leaves);
  RUN(the_search_is_passed_on_by_who_leaves);
  RUN(a_searcher_that_leaves_wakes_a_sleeper);
  RUN(what_is_not_given_back_is_taken);
  RUN(who_was_told_to_leave_stays_if_a_place_is_lent_again);
  return end();
}
