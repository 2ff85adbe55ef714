/* test_workq_close.c: the queue move by move: who is let go when, and what becomes of what waits. */
#include "hands.h"

static tm_item *stranded;

static void refuses_after_close(void) {
  fresh_queue(2);
  tm_workq_close(&queue);
  tm_workq_close(&queue);
  CHECK(push(0) == TM_REFUSED && tm_workq_push(&queue, &shared[0]) == TM_REFUSED);
  CHECK(tm_workq_length(&queue) == 0 && workers() == 0);
}

static void close_lets_sleepers_go(void) {
  fresh_queue(3);
  sleeping_hands(3);
  tm_workq_close(&queue);
  CHECK(idle() == 0 && workers() == 3);
  for (int i = 0; i < 3; i++) {
    awake(&hands[i]);
    leave(&hands[i]);
  }
  CHECK(workers() == 0);
}

/* The last item is taken by a worker that did not search, while another one sleeps. */
static void last_pop_lets_sleepers_go(void) {
  fresh_queue(3);
  sleeping_hands(2);
  enter(&hands[2]);
  CHECK(push(0) == TM_PUSHED && push(1) == TM_PUSHED && idle() == 1); /* hand 1 searches, slowly */
  tm_workq_close(&queue);
  CHECK(idle() == 1); /* there is work: nobody is let go */
  CHECK(pop(&hands[2], false) == &items[0] && idle() == 1);
  CHECK(pop(&hands[2], false) == &items[1] && idle() == 0);
  awake(&hands[0]);
  awake(&hands[1]);
  leave_all(3);
}

/* The same by the searcher itself. */
static void last_search_lets_sleepers_go(void) {
  fresh_queue(2);
  sleeping_hands(2);
  CHECK(push(0) == TM_PUSHED);
  tm_workq_close(&queue);
  awake(&hands[1]);
  CHECK(idle() == 1);
  CHECK(pop(&hands[1], false) == &items[0] && idle() == 0);
  awake(&hands[0]);
  leave_all(2);
}

/* Hand 1 has taken shared item 0 out, hand 0 sleeps, and the queue is closed. */
static void closed_with_a_held_item(void) {
  fresh_queue(2);
  enter(&hands[1]);
  CHECK(tm_workq_push(&queue, &shared[0]) == TM_START);
  CHECK(tm_workq_start_failed(&queue, true, &stranded));
  CHECK(pop(&hands[1], false) == &shared[0]);
  sleeping_hands(1);
  tm_workq_close(&queue);
  CHECK(idle() == 1); /* the item may come back: nobody is let go */
}

static void forget_lets_sleepers_go(void) {
  closed_with_a_held_item();
  tm_workq_forget(&queue);
  CHECK(idle() == 0);
  awake(&hands[0]);
  leave_all(2);
}

static void held_item_comes_back_after_close(void) {
  closed_with_a_held_item();
  CHECK(tm_workq_put_back(&queue, &shared[0]) == TM_PUSHED && idle() == 0);
  awake(&hands[0]);
  CHECK(pop(&hands[0], false) == &shared[0]);
  sleep_hand(&hands[1]);
  tm_workq_forget(&queue);
  CHECK(idle() == 0);
  awake(&hands[1]);
  leave_all(2);
}

/* The pop of a shared item as the last is not the end. */
static void shared_item_taken_after_close(void) {
  fresh_queue(2);
  enter(&hands[1]);
  CHECK(tm_workq_push(&queue, &shared[0]) == TM_START);
  tm_workq_close(&queue);
  CHECK(pop(&hands[1], false) == &shared[0]);
  tm_workq_enter(&queue, &hands[0].worker, true);
  CHECK(pop(&hands[0], false) == NULL);
  sleep_hand(&hands[0]);
  tm_workq_forget(&queue);
  awake(&hands[0]);
  leave_all(2);
}

static void drain_hands_out_all(void) {
  fresh_queue(3);
  enter(&hands[0]);
  enter(&hands[1]);
  CHECK(tm_workq_push(&queue, &shared[0]) == TM_START); /* its start takes long, so nobody is woken */
  CHECK(pop(&hands[1], false) == &shared[0]);
  sleep_hand(&hands[0]);
  CHECK(push(0) == TM_PUSHED && tm_workq_push(&queue, &shared[1]) == TM_PUSHED && push(1) == TM_PUSHED);
  tm_item *first = tm_workq_drain(&queue);
  CHECK(first == &items[0] && first->next == &shared[1]);
  CHECK(shared[1].next == &items[1] && items[1].next == NULL);
  CHECK(tm_workq_length(&queue) == 0 && tm_workq_drain(&queue) == NULL);
  CHECK(push(2) == TM_REFUSED);
  CHECK(tm_workq_put_back(&queue, &shared[0]) == TM_REFUSED && tm_workq_length(&queue) == 0);
  CHECK(idle() == 1); /* both shared items are held, the drained one as well */
  tm_workq_forget(&queue);
  CHECK(idle() == 1);
  tm_workq_forget(&queue);
  CHECK(idle() == 0);
  awake(&hands[0]);
  CHECK(tm_workq_start_failed(&queue, true, &stranded));
  leave_all(2);
}

static void drain_lets_sleepers_go(void) {
  fresh_queue(3);
  sleeping_hands(2);
  CHECK(push(0) == TM_PUSHED && idle() == 1);
  CHECK(tm_workq_drain(&queue) == &items[0] && idle() == 0);
  awake(&hands[0]);
  awake(&hands[1]);
  leave_all(2);
}

/* A close between a TM_START and what becomes of it. */
static void close_before_a_start(void) {
  fresh_queue(1);
  CHECK(push(0) == TM_START && tm_workq_drain(&queue) == &items[0]);
  tm_workq_enter(&queue, &hands[0].worker, true);
  leave(&hands[0]);
  CHECK(workers() == 0);
  fresh_queue(1);
  CHECK(push(0) == TM_START);
  tm_workq_close(&queue);
  CHECK(!tm_workq_start_failed(&queue, true, &stranded) && stranded == &items[0]);
  CHECK(tm_workq_drain(&queue) == NULL);
}

int main(void) {
  begin();
  RUN(refuses_after_close);
  RUN(close_lets_sleepers_go);
  RUN(last_pop_lets_sleepers_go);
  RUN(last_search_lets_sleepers_go);
  RUN(forget_lets_sleepers_go);
  RUN(held_item_comes_back_after_close);
  RUN(shared_item_taken_after_close);
  RUN(drain_hands_out_all);
  RUN(drain_lets_sleepers_go);
  RUN(close_before_a_start);
  return end();
}
