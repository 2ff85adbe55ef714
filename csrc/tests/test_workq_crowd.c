/* test_workq_crowd.c: the queue while fewer workers may be at work than there are. */
#include "hands.h"
#include "team.h"

/* From now on; nothing is tried after that. If not for good, it is lifted when no item begins for a while. */
static void limit(tm_workq *q, unsigned n, bool for_good) {
  tm_lock_acquire(&q->lock);
  tm_crowd_init(&q->crowd);
  q->crowd.limit = n;
  q->crowd.phase = for_good ? TM_CROWD_FREE : TM_CROWD_HOLDS;
  q->crowd.until = INT64_MAX;
  q->crowd.pause = INT64_MAX / 2;
  tm_lock_release(&q->lock);
}

/* --- one interleaving after the other ----------------------------------------------------------- */

static void start_hand(hand *h) {
  tm_workq_enter(&queue, &h->worker, true);
}

static bool guarded(void) {
  tm_lock_acquire(&queue.lock);
  bool is = queue.guarded;
  tm_lock_release(&queue.lock);
  return is;
}

/* Woken to leave, and not to come to a pop, since too many are at work. */
static void leaves(hand *h) {
  join(h->thread);
  CHECK(!h->again);
}

static void one_works_and_one_guards(void) {
  fresh_queue(3);
  limit(&queue, 1, true);
  CHECK(push(0) == TM_START);
  CHECK(push(1) == TM_PUSHED && push(2) == TM_PUSHED); /* somebody is being started */
  start_hand(&hands[0]);
  CHECK(pop(&hands[0], true) == &items[0]); /* asks for one that guards */
  start_hand(&hands[1]);
  CHECK(pop(&hands[1], false) == NULL && hands[1].worker.guards && !queue.searching);
  CHECK(push(3) == TM_PUSHED && workers() == 2); /* nobody else is started */
  for (int i = 1; i < 4; i++) {
    CHECK(pop(&hands[0], false) == &items[i]);
  }
  hands[1].thread = start(wait_on_thread, &hands[1]);
  UNTIL(idle() == 1); /* there is nothing to guard: it sleeps */
  CHECK(!queue.guarded && push(4) == TM_PUSHED);
  UNTIL(guarded()); /* the first is at work, and may be for long */
  CHECK(pop(&hands[0], false) == &items[4]);
  UNTIL(idle() == 1);
  tm_workq_close(&queue);
  leaves(&hands[1]);
  leave(&hands[0]);
}

/* The one at work does not come back. */
static void the_guard_lifts_the_limit(void) {
  fresh_queue(2);
  limit(&queue, 1, false);
  CHECK(push(0) == TM_START && push(1) == TM_PUSHED);
  start_hand(&hands[0]);
  CHECK(pop(&hands[0], true) == &items[0]);
  start_hand(&hands[1]);
  CHECK(pop(&hands[1], false) == NULL && hands[1].worker.guards);
  CHECK(tm_workq_wait(&queue, &hands[1].worker)); /* in this thread: hangs if it does not */
  CHECK(queue.crowd.limit == TM_CROWD_ALL && hands[1].worker.searching && !queue.guarded);
  CHECK(pop(&hands[1], false) == &items[1]);
  leave_all(2);
}

/* Items 0 and 1 come; the first hand works, for good alone; the second one guards, and the third one need
 * not. */
static void send_two_away(void) {
  fresh_queue(3);
  for (int i = 0; i < 3; i++) {
    enter(&hands[i]);
  }
  limit(&queue, 1, true);
  CHECK(push(0) == TM_PUSHED && push(1) == TM_PUSHED);
  CHECK(pop(&hands[0], false) == &items[0]);
  CHECK(pop(&hands[1], false) == NULL && hands[1].worker.guards);
  CHECK(pop(&hands[2], false) == NULL && !hands[2].worker.guards);
}

/* Two are sent away, and the one that guarded has stopped before the other one sleeps. */
static void somebody_always_guards(void) {
  send_two_away();
  CHECK(pop(&hands[0], false) == &items[1]);
  hands[1].thread = start(wait_on_thread, &hands[1]);
  UNTIL(idle() == 1);
  hands[2].thread = start(wait_on_thread, &hands[2]);
  UNTIL(idle() == 2);
  CHECK(!queue.guarded && push(2) == TM_PUSHED);
  UNTIL(guarded() && idle() == 1);
  CHECK(push(3) == TM_PUSHED && push(4) == TM_PUSHED && idle() == 1);
  limit(&queue, 2, true);
  awake(&hands[2]);                          /* by itself */
  CHECK(pop(&hands[2], false) == &items[2]); /* wakes one to guard */
  UNTIL(guarded() && idle() == 0);
  CHECK(pop(&hands[0], false) == &items[3] && pop(&hands[0], false) == &items[4]);
  UNTIL(idle() == 1);
  tm_workq_close(&queue);
  leaves(&hands[1]);
  leave(&hands[0]);
  leave(&hands[2]);
}

/* The one that guarded works now, when one that was sent away gets to its wait. */
static void who_finds_no_guard_guards(void) {
  send_two_away();
  limit(&queue, 2, true);
  CHECK(tm_workq_wait(&queue, &hands[1].worker) && pop(&hands[1], false) == &items[1]);
  limit(&queue, 1, true);
  CHECK(push(2) == TM_PUSHED);
  hands[2].thread = start(wait_on_thread, &hands[2]);
  UNTIL(guarded());
  limit(&queue, 3, true);
  awake(&hands[2]);
  CHECK(pop(&hands[2], false) == &items[2]);
  leave_all(3);
}

static void the_guard_stays_while_items_come_and_go(void) {
  fresh_queue(2);
  limit(&queue, 1, true);
  enter(&hands[0]);
  enter(&hands[1]);
  CHECK(push(0) == TM_PUSHED && pop(&hands[0], false) == &items[0]);
  CHECK(push(1) == TM_PUSHED && pop(&hands[1], false) == NULL && hands[1].worker.guards);
  hands[1].thread = start(wait_on_thread, &hands[1]);
  CHECK(pop(&hands[0], false) == &items[1]);
  bool stays = false;
  /* It may leave if this thread does not run for the time of a doze. */
  for (int attempt = 0; !stays && attempt < 1000; attempt++) {
    CHECK(push(2) == TM_PUSHED);
    UNTIL(guarded());
    CHECK(pop(&hands[0], false) == &items[2]);
    /* For ten dozes. When one is over, hardly ever an item waits. */
    for (int64_t until = tm_os_now() + 3 * MS; (stays = guarded()) && tm_os_now() < until;) {
      CHECK(push(3) == TM_PUSHED && pop(&hands[0], false) == &items[3]);
    }
  }
  CHECK(stays);
  limit(&queue, 2, true);
  UNTIL(idle() == 1); /* nothing goes on */
  tm_workq_close(&queue);
  awake(&hands[1]);
  leave_all(2);
}

static void an_imap_at_its_limit_says_much(void) {
  fresh_queue(1);
  enter(&hands[0]);
  tm_workq_push(&queue, &shared[0]);
  CHECK(pop(&hands[0], false) == &shared[0] && pop(&hands[0], false) == NULL);
  CHECK(!queue.crowd.says_little);
  CHECK(tm_workq_put_back(&queue, &shared[0]) == TM_PUSHED && pop(&hands[0], false) == &shared[0]);
  tm_workq_forget(&queue);
  CHECK(pop(&hands[0], false) == NULL && queue.crowd.says_little);
  leave_all(1);
}

static void who_is_woken_is_counted(void) {
  fresh_queue(2);
  enter(&hands[0]);
  enter(&hands[1]);
  sleep_hand(&hands[1]);
  CHECK(push(0) == TM_PUSHED);
  awake(&hands[1]);
  CHECK(queue.crowd.seen == 1 && pop(&hands[1], false) == &items[0] && queue.crowd.seen == 1);
  sleep_hand(&hands[0]);
  CHECK(push(1) == TM_PUSHED && queue.crowd.seen == 2);
  awake(&hands[0]);
  CHECK(pop(&hands[1], false) == &items[1] && queue.at_work == 1 && queue.crowd.seen == 2);
  leave_all(2);
}

static void who_steps_aside_is_not_counted(void) {
  fresh_queue(2);
  for (int i = 0; i < 2; i++) {
    enter(&hands[i]);
  }
  for (int i = 0; i < 2; i++) {
    push(i);
    CHECK(pop(&hands[i], false) == &items[i]);
  }
  CHECK(!tm_workq_step_aside(&hands[0].worker));
  limit(&queue, 1, false);
  CHECK(tm_workq_step_aside(&hands[0].worker) && !tm_workq_step_aside(&hands[1].worker));
  CHECK(!tm_workq_crowded(&queue));
  push(2);
  CHECK(pop(&hands[0], false) == NULL && hands[0].worker.guards);
  CHECK(pop(&hands[1], false) == &items[2]);
  limit(&queue, TM_CROWD_ALL, true);
  leave_all(2);
}

/* By this a guard sees that things go on while more are at work than may be, when no item begins. */
static void who_comes_back_is_counted(void) {
  fresh_queue(2);
  CHECK(push(0) == TM_START && push(1) == TM_PUSHED);
  start_hand(&hands[0]);
  CHECK(pop(&hands[0], true) == &items[0] && queue.ended == 0);
  start_hand(&hands[1]);
  CHECK(pop(&hands[1], false) == &items[1] && queue.ended == 0);
  limit(&queue, 1, false);
  CHECK(push(2) == TM_PUSHED);
  CHECK(pop(&hands[1], false) == NULL && queue.ended == 1 && queue.begun == 2);
  CHECK(pop(&hands[1], false) == NULL && queue.ended == 1); /* it had none */
  CHECK(pop(&hands[0], false) == &items[2] && queue.ended == 2 && queue.begun == 3);
  limit(&queue, 2, true);
  tm_workq_close(&queue);
  leave(&hands[1]);
  leave(&hands[0]);
}

static void who_lends_its_place_is_not_counted(void) {
  fresh_queue(1);
  CHECK(push(0) == TM_START && push(1) == TM_PUSHED);
  limit(&queue, 1, false);
  start_hand(&hands[0]);
  CHECK(pop(&hands[0], false) == &items[0]);
  bool starts;
  CHECK(tm_workq_lend(&hands[0].worker, &starts) && starts);
  start_hand(&hands[1]);
  CHECK(pop(&hands[1], false) == &items[1]);
  tm_workq_return(&hands[0].worker);
  leave(&hands[1]);
  tm_workq_close(&queue);
  leave(&hands[0]);
}

/* --- real workers --------------------------------------------------------------------------------- */

enum { WORKERS = 6, ITEMS = 3000 / SCALE };

static team crew;
static tm_item jobs[ITEMS];
static tm_atomic_u32 gate, running, ran;

static void no_more_than_two(team *t, tm_item *item) {
  (void)t;
  (void)item;
  CHECK(add(running, 1) < 2);
  add(ran, 1);
  add(running, -1);
}

static void no_more_than_the_limit_work(void) {
  team_init(&crew, WORKERS, 0, no_more_than_two);
  limit(&crew.queue, 2, true);
  poke(ran, 0);
  for (int i = 0; i < ITEMS; i++) {
    tm_item_init(&jobs[i], false);
    CHECK(team_push(&crew, &jobs[i]));
  }
  tm_workq_close(&crew.queue);
  team_join(&crew);
  CHECK(peek(ran) == ITEMS);
}

static void meet_others(team *t, tm_item *item) {
  (void)t;
  meet(&gate, WORKERS);
  tm_latch_set(&item->latch);
}

/* Whatever the limit, items that block do not hold up those that wait. */
static void items_that_wait_for_each_other(void) {
  team_init(&crew, WORKERS, 0, meet_others);
  poke(gate, 0);
  for (int round = 0; round < 500 / SCALE; round++) {
    limit(&crew.queue, 1 + round % WORKERS, false);
    for (int i = 0; i < WORKERS; i++) {
      tm_item_init(&jobs[i], false);
      CHECK(team_push(&crew, &jobs[i]));
    }
    tm_spin never = {0};
    for (int i = 0; i < WORKERS; i++) {
      CHECK(tm_latch_wait(&jobs[i].latch, tm_os_now() + 20 * SECOND, &never) == TM_WAIT_OK);
    }
  }
  tm_workq_close(&crew.queue);
  team_join(&crew);
}

static void set_latch(team *t, tm_item *item) {
  (void)t;
  add(ran, 1);
  tm_latch_set(&item->latch);
}

/* The limit comes and goes while items come one by one and in heaps, and while the queue is closed. */
static void limits_that_change(void) {
  for (int round = 0; round < 300 / SCALE; round++) {
    team_init(&crew, 1 + round % WORKERS, 0, set_latch);
    poke(ran, 0);
    tm_spin never = {0};
    for (int i = 0; i < 100; i++) {
      if (i % 3 == 0) {
        limit(&crew.queue, i % 2 ? TM_CROWD_ALL : 1 + i % 4, false);
      }
      tm_item_init(&jobs[i], false);
      CHECK(team_push(&crew, &jobs[i]));
      if (i % 7 == 0) {
        CHECK(tm_latch_wait(&jobs[i].latch, tm_os_now() + 20 * SECOND, &never) == TM_WAIT_OK);
      }
    }
    tm_workq_close(&crew.queue);
    team_join(&crew);
    CHECK(peek(ran) == 100);
  }
}

int main(void) {
  begin();
  RUN(one_works_and_one_guards);
  RUN(the_guard_lifts_the_limit);
  RUN(somebody_always_guards);
  RUN(who_finds_no_guard_guards);
  RUN(the_guard_stays_while_items_come_and_go);
  RUN(an_imap_at_its_limit_says_much);
  RUN(who_is_woken_is_counted);
  RUN(who_steps_aside_is_not_counted);
  RUN(who_comes_back_is_counted);
  RUN(who_lends_its_place_is_not_counted);
  RUN(no_more_than_the_limit_work);
  RUN(items_that_wait_for_each_other);
  RUN(limits_that_change);
  return end();
}
