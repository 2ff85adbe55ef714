/* test_workq.c: the queue move by move: order, wakes, starts. */
#include "hands.h"

static tm_item *stranded;

static void first_in_first_out(void) {
  fresh_queue(1);
  CHECK(push(0) == TM_START && push(1) == TM_PUSHED && push(2) == TM_PUSHED);
  CHECK(tm_workq_length(&queue) == 3);
  tm_workq_enter(&queue, &hands[0].worker, true);
  CHECK(tm_workq_running(&queue) == 0);
  CHECK(pop(&hands[0], false) == &items[0] && tm_workq_running(&queue) == 1);
  tm_workq_ended(&hands[0].worker);
  CHECK(tm_workq_running(&queue) == 0 && push(3) == TM_PUSHED);
  for (int i = 1; i < 4; i++) {
    CHECK(tm_workq_wait(&queue, &hands[0].worker)); /* there are items: no sleep */
    CHECK(pop(&hands[0], false) == &items[i]);
  }
  CHECK(pop(&hands[0], false) == NULL && tm_workq_length(&queue) == 0);
  leave_all(1);
}

static void reservations_stop_at_max(void) {
  fresh_queue(2);
  CHECK(push(0) == TM_START && workers() == 1);
  CHECK(push(1) == TM_PUSHED && push(2) == TM_PUSHED); /* the one being started searches */
  tm_workq_enter(&queue, &hands[0].worker, true);
  CHECK(pop(&hands[0], true) == &items[0] && workers() == 2);
  CHECK(push(3) == TM_PUSHED);
  CHECK(!tm_workq_reserve(&queue));
  tm_workq_enter(&queue, &hands[1].worker, true);
  CHECK(pop(&hands[1], false) == &items[1]); /* two items wait, but no place is left */
  CHECK(push(4) == TM_PUSHED && workers() == 2);
  for (int i = 2; i < 5; i++) {
    CHECK(pop(&hands[0], false) == &items[i]);
  }
  leave_all(2);
}

static void push_wakes_at_most_one(void) {
  fresh_queue(8); /* places are left, but sleepers go first */
  sleeping_hands(3);
  CHECK(push(0) == TM_PUSHED && idle() == 2);
  awake(&hands[2]); /* who slept last wakes first */
  CHECK(push(1) == TM_PUSHED && push(2) == TM_PUSHED && push(3) == TM_PUSHED && idle() == 2);
  CHECK(pop(&hands[2], false) == &items[0] && idle() == 1); /* passes the search on */
  CHECK(push(4) == TM_PUSHED && idle() == 1);
  CHECK(pop(&hands[2], false) == &items[1] && idle() == 1); /* does not: another one searches */
  awake(&hands[1]);
  CHECK(pop(&hands[1], false) == &items[2] && idle() == 0);
  awake(&hands[0]);
  CHECK(pop(&hands[0], true) == &items[3] && workers() == 4); /* now a new one has to search */
  CHECK(tm_workq_start_failed(&queue, true, &stranded));
  CHECK(pop(&hands[0], false) == &items[4]);
  leave_all(3);
}

/* A searcher whose item was taken by another goes to sleep: the next push has to wake it. */
static void search_ends_in_vain(void) {
  fresh_queue(2);
  sleeping_hands(1);
  enter(&hands[1]);
  CHECK(push(0) == TM_PUSHED && idle() == 0);
  awake(&hands[0]);
  CHECK(pop(&hands[1], false) == &items[0]);
  CHECK(pop(&hands[0], false) == NULL);
  sleep_hand(&hands[0]);
  CHECK(push(1) == TM_PUSHED && idle() == 0);
  awake(&hands[0]);
  CHECK(pop(&hands[0], false) == &items[1]);
  leave_all(2);
}

static void start_failed(void) {
  fresh_queue(2);
  CHECK(push(0) == TM_START);
  CHECK(!tm_workq_start_failed(&queue, true, &stranded)); /* no worker: item 0 will not run */
  CHECK(stranded == &items[0] && stranded->next == NULL && tm_workq_length(&queue) == 0);
  CHECK(push(0) == TM_START && workers() == 1 && push(1) == TM_PUSHED);
  tm_workq_enter(&queue, &hands[0].worker, true);
  CHECK(pop(&hands[0], true) == &items[0]);
  CHECK(tm_workq_start_failed(&queue, true, &stranded) && stranded == NULL); /* hand 0 is there */
  CHECK(push(2) == TM_START && push(3) == TM_PUSHED);
  CHECK(tm_workq_start_failed(&queue, true, &stranded));
  for (int i = 1; i < 4; i++) {
    CHECK(pop(&hands[0], false) == &items[i]);
  }
  CHECK(tm_workq_reserve(&queue) && workers() == 2);
  CHECK(tm_workq_start_failed(&queue, false, &stranded) && workers() == 1);
  leave_all(1);
  fresh_queue(1);
  CHECK(tm_workq_reserve(&queue) && !tm_workq_start_failed(&queue, false, &stranded) && workers() == 0);
}

/* A worker slept while one was being started, so an item came for which nobody was woken. */
static void start_failed_wakes_a_sleeper(void) {
  fresh_queue(2);
  enter(&hands[0]);
  CHECK(push(0) == TM_START);
  CHECK(pop(&hands[0], false) == &items[0]);
  sleep_hand(&hands[0]);
  CHECK(push(1) == TM_PUSHED && idle() == 1);
  CHECK(tm_workq_start_failed(&queue, true, &stranded) && idle() == 0);
  awake(&hands[0]);
  CHECK(pop(&hands[0], false) == &items[1]);
  leave_all(1);
}

/* One that has something else to do first: what was pushed since it was to be started needs others. */
static void search_given_up(void) {
  bool start;
  fresh_queue(4);
  CHECK(push(0) == TM_START && push(1) == TM_PUSHED && push(2) == TM_PUSHED);
  tm_workq_give_up_search(&queue, &start); /* comes for item 0 */
  CHECK(start && workers() == 2);
  tm_workq_give_up_search(&queue, &start); /* for item 1 */
  CHECK(start && workers() == 3);
  tm_workq_give_up_search(&queue, &start); /* for item 2: that is enough */
  CHECK(!start && workers() == 3);
  CHECK(push(3) == TM_START && workers() == 4);
  CHECK(tm_workq_start_failed(&queue, true, &stranded) && workers() == 3);
  for (int i = 0; i < 3; i++) {
    tm_workq_enter(&queue, &hands[i].worker, false);
    CHECK(pop(&hands[i], false) == &items[i]);
  }
  CHECK(push(4) == TM_START); /* for items 3 and 4 nobody comes any more */
  tm_workq_enter(&queue, &hands[3].worker, true);
  CHECK(pop(&hands[3], false) == &items[3]);
  CHECK(pop(&hands[0], false) == &items[4]);
  leave_all(4);
}

static void sleepers_go_before_those_that_come(void) {
  bool start;
  fresh_queue(2);
  sleeping_hands(1);
  CHECK(tm_workq_reserve(&queue));
  CHECK(push(0) == TM_PUSHED && idle() == 0); /* though one comes */
  awake(&hands[0]);
  CHECK(pop(&hands[0], false) == &items[0]);
  CHECK(pop(&hands[0], false) == NULL);
  tm_workq_enter(&queue, &hands[1].worker, false);
  CHECK(pop(&hands[1], false) == NULL);
  leave_all(2);

  fresh_queue(2);
  CHECK(push(0) == TM_START);
  tm_workq_enter(&queue, &hands[0].worker, true);
  CHECK(push(1) == TM_PUSHED);
  CHECK(pop(&hands[0], true) == &items[0]);
  CHECK(pop(&hands[0], false) == &items[1]);
  CHECK(pop(&hands[0], false) == NULL);
  sleep_hand(&hands[0]);
  CHECK(push(2) == TM_PUSHED && idle() == 1); /* the other one searches */
  tm_workq_give_up_search(&queue, &start);
  CHECK(!start && idle() == 0);
  awake(&hands[0]);
  CHECK(pop(&hands[0], false) == &items[2]);
  tm_workq_enter(&queue, &hands[1].worker, false);
  CHECK(pop(&hands[1], false) == NULL);
  leave_all(2);
}

static void put_back_goes_first(void) {
  fresh_queue(2);
  enter(&hands[0]);
  CHECK(tm_workq_push(&queue, &shared[0]) == TM_START && push(1) == TM_PUSHED);
  CHECK(pop(&hands[0], false) == &shared[0]);
  CHECK(tm_workq_put_back(&queue, &shared[0]) == TM_PUSHED && tm_workq_length(&queue) == 2);
  CHECK(tm_workq_start_failed(&queue, true, &stranded));
  CHECK(pop(&hands[0], false) == &shared[0]);
  CHECK(tm_workq_put_back(&queue, &shared[0]) == TM_START); /* nobody searches: it is like a push */
  tm_workq_enter(&queue, &hands[1].worker, true);
  CHECK(pop(&hands[1], false) == &shared[0]);
  CHECK(pop(&hands[0], false) == &items[1]);
  sleep_hand(&hands[0]);
  CHECK(tm_workq_put_back(&queue, &shared[0]) == TM_PUSHED && idle() == 0); /* into the empty queue */
  awake(&hands[0]);
  CHECK(push(2) == TM_PUSHED);
  CHECK(pop(&hands[1], false) == &shared[0] && pop(&hands[0], false) == &items[2]);
  tm_workq_forget(&queue);
  leave_all(2);
}

/* Somebody who is no worker takes items out. */
static void taken_by_a_stranger(void) {
  fresh_queue(1);
  CHECK(tm_workq_take(&queue) == NULL);
  enter(&hands[0]);
  CHECK(push(0) == TM_PUSHED && push(1) == TM_PUSHED);
  CHECK(tm_workq_take(&queue) == &items[0] && tm_workq_length(&queue) == 1);
  CHECK(push(0) == TM_PUSHED); /* put back, at the end */
  CHECK(pop(&hands[0], false) == &items[1] && pop(&hands[0], false) == &items[0]);
  CHECK(tm_workq_push(&queue, &shared[0]) == TM_PUSHED);
  CHECK(tm_workq_take(&queue) == &shared[0] && tm_workq_length(&queue) == 0);
  leave_all(1); /* who has taken it need not put it back */
}

/* A worker that is inside of an item takes out a certain other one, wherever it is. */
static void taken_out_of_the_middle(void) {
  for (unsigned which = 0; which < 3; which++) {
    fresh_queue(1);
    enter(&hands[0]);
    for (unsigned i = 0; i < 3; i++) {
      CHECK(push(i) == TM_PUSHED);
    }
    CHECK(tm_workq_take_this(&queue, &items[which]) && tm_workq_length(&queue) == 2);
    CHECK(!tm_workq_take_this(&queue, &items[which]));
    CHECK(push(which) == TM_PUSHED); /* the end of the list is right still */
    for (unsigned i = 0; i < 3; i++) {
      CHECK(pop(&hands[0], false) == &items[i == 2 ? which : (which <= i) + i]);
    }
    CHECK(tm_workq_push(&queue, &shared[0]) == TM_PUSHED);
    CHECK(tm_workq_take_this(&queue, &shared[0]) && queue.held == 1);
    CHECK(tm_workq_put_back(&queue, &shared[0]) == TM_PUSHED && queue.held == 0);
    CHECK(pop(&hands[0], false) == &shared[0]);
    tm_workq_forget(&queue);
    leave_all(1);
  }
}

/* With the last item of a closed queue, the sleepers are let go. */
static void taking_the_last_lets_sleepers_go(void) {
  fresh_queue(2);
  enter(&hands[0]);
  sleep_hand(&hands[0]);
  enter(&hands[1]);
  CHECK(pop(&hands[1], false) == NULL); /* it searches, so nobody is woken */
  CHECK(push(0) == TM_PUSHED);
  tm_workq_close(&queue);
  CHECK(tm_workq_take(&queue) == &items[0]);
  join(hands[0].thread);
  CHECK(hands[0].again);
  leave(&hands[0]);
  leave(&hands[1]);
}

int main(void) {
  begin();
  RUN(first_in_first_out);
  RUN(reservations_stop_at_max);
  RUN(push_wakes_at_most_one);
  RUN(search_ends_in_vain);
  RUN(start_failed);
  RUN(start_failed_wakes_a_sleeper);
  RUN(search_given_up);
  RUN(sleepers_go_before_those_that_come);
  RUN(put_back_goes_first);
  RUN(taken_by_a_stranger);
  RUN(taken_out_of_the_middle);
  RUN(taking_the_last_lets_sleepers_go);
  return end();
}
