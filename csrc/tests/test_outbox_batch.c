/* test_outbox_batch.c: consumers that are woken for several values at once. What they wait for depends on
 * time, so most tests put into the box what such a wait leaves there. */
#include "check.h"

#include "outbox.h"

static tm_outbox box;
static tm_spin spin;

static void *value(size_t number) { /* values are opaque, and never NULL */
  return (void *)(number + 1);
}

static void reserve(size_t count) {
  size_t index;
  while (count-- != 0) {
    CHECK(tm_outbox_reserve(&box, &index) == TM_RESERVED);
  }
}

static void takes(size_t number) {
  void *taken = NULL;
  bool unblocked;
  CHECK(tm_outbox_take(&box, &taken, &unblocked) == TM_OUT_VALUE && taken == value(number));
}

/* As if somebody slept until so many values are there. */
static void somebody_wants(size_t wanted) {
  box.waiters = 1;
  box.wanted = wanted;
}

static void nobody_is_woken_before(void) {
  tm_outbox_init(&box, 100);
  reserve(10);
  somebody_wants(3);
  CHECK(!tm_outbox_put(&box, 2, value(2)));
  CHECK(!tm_outbox_put(&box, 0, value(0)));
  CHECK(tm_outbox_put(&box, 1, value(1)));
  CHECK(!tm_outbox_put(&box, 3, value(3))); /* it has been told */
  for (size_t i = 0; i < 4; i++) {
    takes(i);
  }
  somebody_wants(2);
  CHECK(!tm_outbox_put(&box, 5, value(5)));
  CHECK(!tm_outbox_put(&box, 6, value(6)));
  CHECK(!tm_outbox_put(&box, 7, value(7))); /* enough, but none of them is the next */
  CHECK(tm_outbox_put(&box, 4, value(4)));
  tm_outbox_free(&box);
}

static void nor_in_the_order_of_arrival(void) {
  tm_outbox_init(&box, 100);
  reserve(3);
  somebody_wants(2);
  CHECK(!tm_outbox_put_next(&box, value(0)));
  CHECK(tm_outbox_put_next(&box, value(1)));
  tm_outbox_free(&box);
}

static void the_last_ones_are_enough(void) {
  tm_outbox_init(&box, 100);
  reserve(2);
  somebody_wants(5);
  CHECK(!tm_outbox_put(&box, 0, value(0)));
  tm_outbox_end(&box, false); /* tells it */
  CHECK(box.waiters == 0);
  takes(0);
  somebody_wants(5);
  CHECK(tm_outbox_put(&box, 1, value(1)));
  tm_outbox_free(&box);
}

/* Who brings values is held up by the limit, and would stand still for the rest of the time. */
static void so_are_those_there_is_room_for(void) {
  size_t index;
  tm_outbox_init(&box, 2);
  reserve(2);
  somebody_wants(5);
  CHECK(!tm_outbox_put(&box, 0, value(0)));
  CHECK(tm_outbox_reserve(&box, &index) == TM_FULL_AWAITED);
  CHECK(tm_outbox_reserve(&box, &index) == TM_FULL); /* it has been told */
  takes(0);
  reserve(1);
  somebody_wants(5);
  CHECK(tm_outbox_reserve(&box, &index) == TM_FULL); /* there is nothing to be told of yet */
  CHECK(!tm_outbox_put(&box, 2, value(2)));
  CHECK(tm_outbox_put(&box, 1, value(1)));
  tm_outbox_free(&box);
}

enum { MANY = 1000000000 };

static void *wait_for_many(void *arg) {
  (void)arg;
  box.batch = (tm_batch){.wanted = MANY, .taken = box.taken - MANY, .since = tm_os_now()};
  CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), tm_os_now() + 20 * SECOND, &spin) != TM_WAIT_TIMEOUT);
  return NULL;
}

static bool wants_one(void) {
  tm_lock_acquire(&box.lock);
  bool one = box.waiters == 1 && box.wanted == 1;
  tm_lock_release(&box.lock);
  return one;
}

/* Its time is over, and nothing has come: then the next value wakes it. */
static void takes_one_if_it_is_late(void) {
  tm_outbox_init(&box, 100);
  reserve(2);
  pthread_t waiter = start(wait_for_many, NULL);
  UNTIL(wants_one());
  CHECK(tm_outbox_put(&box, 0, value(0)));
  tm_outbox_notify(&box);
  join(waiter);
  tm_outbox_free(&box);
}

/* Its time is over, and something has come: it takes that, and is counted no more. */
static void takes_what_is_there_in_time(void) {
  for (int round = 0; round < 100 / SCALE; round++) {
    tm_outbox_init(&box, 100);
    reserve(2);
    pthread_t waiter = start(wait_for_many, NULL);
    if (tm_outbox_put(&box, 0, value(0))) { /* it was late already */
      tm_outbox_notify(&box);
    }
    join(waiter);
    CHECK(box.waiters == 0);
    tm_outbox_free(&box);
  }
}

/* One that gives a deadline of its own takes what is there by then. */
static void its_own_deadline_comes_first(void) {
  tm_outbox_init(&box, 100);
  reserve(1);
  box.batch = (tm_batch){.wanted = MANY, .taken = box.taken - MANY, .since = tm_os_now()};
  CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), tm_os_now(), &spin) == TM_WAIT_TIMEOUT);
  CHECK(box.waiters == 1 && box.wanted == 1); /* counted, as one that leaves early */
  CHECK(tm_outbox_put(&box, 0, value(0)));
  tm_outbox_free(&box);
}

int main(void) {
  begin();
  RUN(nobody_is_woken_before);
  RUN(nor_in_the_order_of_arrival);
  RUN(the_last_ones_are_enough);
  RUN(so_are_those_there_is_room_for);
  RUN(takes_one_if_it_is_late);
  RUN(takes_what_is_there_in_time);
  RUN(its_own_deadline_comes_first);
  return end();
}
