/* test_waits.c: a wait that closes a cycle is found, and no other. */
#include "check.h"

#include "waits.h"

enum { MOST = 5 };

static tm_worker workers[MOST];
static tm_item items[MOST + 1];
static tm_waiting waits[MOST];

/* Each worker is at the item of its number. */
static void fresh(void) {
  for (int i = 0; i < MOST; i++) {
    workers[i] = (tm_worker){.running = &items[i]};
  }
  for (int i = 0; i <= MOST; i++) {
    tm_item_init(&items[i], false);
  }
}

static bool begins(unsigned worker, unsigned item) {
  return tm_waits_begin(&waits[worker], &workers[worker], &items[item], NULL, false);
}

static void end_of(unsigned worker) {
  tm_waits_end(&waits[worker]);
}

static void for_itself(void) {
  fresh();
  CHECK(!begins(0, 0));
}

static void a_line_is_no_cycle(void) {
  fresh();
  for (unsigned i = 0; i + 1 < MOST; i++) {
    CHECK(begins(i, i + 1));
  }
  CHECK(!begins(MOST - 1, 0));
  CHECK(!begins(MOST - 1, 2)); /* a cycle of some of them */
  CHECK(begins(MOST - 1, MOST));
  for (unsigned i = 0; i < MOST; i++) {
    end_of(i);
  }
}

static void who_has_ended_the_wait_is_in_no_cycle(void) {
  fresh();
  CHECK(begins(0, 1));
  end_of(0);
  CHECK(begins(1, 0));
  end_of(1);
}

static void an_item_below_on_the_stack(void) {
  fresh();
  tm_nested inner = {.item = &items[MOST]};
  tm_nested innermost = {.item = NULL, .outer = &inner};
  workers[0].nested = &innermost;
  CHECK(!begins(0, MOST));
  CHECK(!begins(0, 0));
  CHECK(begins(1, MOST));
  CHECK(!begins(0, 1));
  end_of(1);
}

static void what_is_done_holds_up_nobody(void) {
  fresh();
  CHECK(begins(0, 1));
  tm_latch_set(&items[1].latch); /* so that worker 0 is about to go on */
  CHECK(begins(1, 0));
  end_of(0);
  end_of(1);
}

static void a_part_of_a_shared_item_is_enough(void) {
  fresh();
  workers[1].running = workers[2].running = &items[MOST];
  CHECK(begins(0, MOST));
  CHECK(begins(2, 3)); /* and worker 3 goes on */
  CHECK(!begins(1, 0));
  end_of(0);
  end_of(2);
}

static tm_outbox box;

static void promise(unsigned values) {
  size_t index;
  tm_outbox_init(&box, SIZE_MAX);
  for (unsigned i = 0; i < values; i++) {
    CHECK(tm_outbox_reserve(&box, &index) == TM_RESERVED && index == i);
  }
}

static bool begins_for_a_value(unsigned worker, bool ordered) {
  return tm_waits_begin(&waits[worker], &workers[worker], &items[MOST], &box, ordered);
}

static void a_value_may_come_from_any_part(void) {
  fresh();
  promise(3);
  workers[0].running = workers[1].running = workers[2].running = &items[MOST];
  CHECK(begins_for_a_value(0, false));
  CHECK(begins_for_a_value(1, false));
  tm_outbox_let_others_reserve(&box);
  CHECK(begins_for_a_value(2, false)); /* more may be promised */
  end_of(2);
  tm_outbox_end(&box, false);
  CHECK(!begins_for_a_value(2, false));
  CHECK(begins(2, 3)); /* worker 3 goes on, then 2 */
  CHECK(!begins(3, MOST));
  end_of(0);
  end_of(1);
  end_of(2);
  tm_outbox_free(&box);
}

static void who_reads_the_input_promises_no_more(void) {
  fresh();
  promise(2);
  workers[0].running = workers[1].running = &items[MOST];
  CHECK(begins_for_a_value(0, false));
  CHECK(!begins_for_a_value(1, false));
  tm_outbox_let_others_reserve(&box);
  CHECK(begins_for_a_value(1, false));
  end_of(0);
  end_of(1);
  tm_outbox_free(&box);
}

static void a_box_that_is_full_brings_no_more(void) {
  fresh();
  promise(1);
  box.limit = 1;
  workers[0].running = &items[MOST];
  size_t index;
  CHECK(tm_outbox_reserve(&box, &index) == TM_FULL);
  CHECK(!begins_for_a_value(0, false));
  tm_outbox_free(&box);
}

static void in_order_the_next_value_counts(void) {
  fresh();
  promise(2);
  workers[0].running = workers[1].running = &items[MOST];
  workers[0].place = 0;
  workers[1].place = 1;
  CHECK(begins_for_a_value(1, true));
  CHECK(!begins_for_a_value(0, true)); /* nobody else brings it */
  CHECK(!begins(0, MOST));
  end_of(1);
  tm_outbox_free(&box);
}

int main(void) {
  begin();
  RUN(for_itself);
  RUN(a_line_is_no_cycle);
  RUN(who_has_ended_the_wait_is_in_no_cycle);
  RUN(an_item_below_on_the_stack);
  RUN(what_is_done_holds_up_nobody);
  RUN(a_part_of_a_shared_item_is_enough);
  RUN(a_value_may_come_from_any_part);
  RUN(who_reads_the_input_promises_no_more);
  RUN(a_box_that_is_full_brings_no_more);
  RUN(in_order_the_next_value_counts);
  return end();
}
