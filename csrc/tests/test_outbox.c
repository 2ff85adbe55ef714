/* test_outbox.c: one thread's view: order, limit, end, growth, and what is owed to whom. */
#include "check.h"

#include "outbox.h"

static tm_outbox box;
static tm_spin spin;
static tm_atomic_u32 woken;

static void *value(size_t number) { /* values are opaque, and never NULL */
  return (void *)(number + 1);
}

static size_t reserve(void) {
  size_t index = SIZE_MAX;
  CHECK(tm_outbox_reserve(&box, &index) == TM_RESERVED);
  return index;
}

static bool full(void) {
  size_t index;
  return tm_outbox_reserve(&box, &index) == TM_FULL;
}

/* True if the next value is there, and is this one. */
static bool takes(size_t number) {
  void *taken = NULL;
  bool unblocked;
  return tm_outbox_take(&box, &taken, &unblocked) == TM_OUT_VALUE && taken == value(number);
}

static bool takes_and_unblocks(size_t number) {
  void *taken = NULL;
  bool unblocked = false;
  CHECK(tm_outbox_take(&box, &taken, &unblocked) == TM_OUT_VALUE && taken == value(number));
  return unblocked;
}

static bool gives(tm_out_result result) {
  void *taken;
  bool unblocked;
  CHECK(tm_outbox_take(&box, &taken, &unblocked) == result);
  CHECK(!unblocked);
  return true;
}

static void ordered(void) {
  tm_outbox_init(&box, 100);
  CHECK(gives(TM_OUT_EMPTY));
  CHECK(reserve() == 0 && reserve() == 1 && reserve() == 2);
  CHECK(gives(TM_OUT_EMPTY));
  CHECK(!tm_outbox_put(&box, 2, value(2)));
  CHECK(!tm_outbox_put(&box, 1, value(1)));
  CHECK(gives(TM_OUT_EMPTY)); /* value 0 is not there */
  CHECK(!tm_outbox_put(&box, 0, value(0)));
  CHECK(takes(0) && takes(1) && takes(2) && gives(TM_OUT_EMPTY));
  tm_outbox_end(&box, false);
  CHECK(gives(TM_OUT_END) && gives(TM_OUT_END));
  tm_outbox_free(&box);
}

static void unordered(void) {
  tm_outbox_init(&box, 100);
  CHECK(reserve() == 0 && reserve() == 1 && reserve() == 2);
  CHECK(!tm_outbox_put_next(&box, value(2)));
  CHECK(takes(2) && gives(TM_OUT_EMPTY));
  CHECK(!tm_outbox_put_next(&box, value(0)));
  tm_outbox_end(&box, false);
  CHECK(takes(0) && gives(TM_OUT_EMPTY)); /* ended, but one is still promised */
  CHECK(!tm_outbox_put_next(&box, value(1)));
  CHECK(takes(1) && gives(TM_OUT_END));
  tm_outbox_free(&box);
}

static void limit(void) {
  tm_outbox_init(&box, 2);
  CHECK(reserve() == 0 && reserve() == 1);
  tm_outbox_put(&box, 0, value(0));
  CHECK(!takes_and_unblocks(0)); /* nobody was refused */
  CHECK(reserve() == 2);
  CHECK(full() && full());
  tm_outbox_put(&box, 1, value(1));
  CHECK(full()); /* what is there but not taken counts */
  tm_outbox_put(&box, 2, value(2));
  CHECK(takes_and_unblocks(1));
  CHECK(!takes_and_unblocks(2)); /* said once */
  CHECK(reserve() == 3 && reserve() == 4 && full());
  CHECK(tm_outbox_unlimit(&box));
  CHECK(!tm_outbox_unlimit(&box));
  for (size_t i = 5; i < 50; i++) {
    CHECK(reserve() == i);
  }
  for (size_t i = 3; i < 50; i++) {
    tm_outbox_put(&box, i, value(i));
    CHECK(!takes_and_unblocks(i));
  }
  tm_outbox_free(&box);
}

static void end_with_unreserve(void) {
  tm_outbox_init(&box, 1);
  CHECK(reserve() == 0);
  tm_outbox_end(&box, true);
  CHECK(gives(TM_OUT_END));
  tm_outbox_free(&box);
  tm_outbox_init(&box, 100);
  CHECK(reserve() == 0 && reserve() == 1);
  tm_outbox_end(&box, true);
  CHECK(gives(TM_OUT_EMPTY));
  tm_outbox_put(&box, 0, value(0));
  CHECK(takes(0) && gives(TM_OUT_END));
  tm_outbox_free(&box);
}

static void all_reserved_at_once(void) {
  for (size_t count = 1; count < 20; count += 6) {
    tm_outbox_init(&box, count);
    CHECK(tm_outbox_reserve_all(&box, count) && gives(TM_OUT_EMPTY));
    for (size_t i = count; i-- > 0;) {
      CHECK(!tm_outbox_put(&box, i, value(i)));
    }
    for (size_t i = 0; i < count; i++) {
      CHECK(takes(i));
    }
    CHECK(gives(TM_OUT_END));
    tm_outbox_free(&box);
  }
}

static void the_rest_taken_back(void) {
  size_t index;
  tm_outbox_init(&box, 10);
  CHECK(tm_outbox_reserve_all(&box, 10));
  tm_outbox_put(&box, 1, value(1));
  tm_outbox_cut(&box, 3);
  CHECK(tm_outbox_gap(&box, true, &index) && index == 0 && !tm_outbox_put(&box, 0, value(0)));
  CHECK(tm_outbox_gap(&box, true, &index) && index == 2 && !tm_outbox_put(&box, 2, value(2)));
  CHECK(!tm_outbox_gap(&box, true, &index));
  CHECK(takes(0) && takes(1) && takes(2) && gives(TM_OUT_END));
  tm_outbox_free(&box);
}

/* The ring grows while its values lie across its end, from each offset. */
static void growth_with_wraparound(void) {
  for (size_t offset = 0; offset < 20; offset++) {
    tm_outbox_init(&box, SIZE_MAX);
    for (size_t i = 0; i < offset; i++) {
      CHECK(reserve() == i);
      tm_outbox_put(&box, i, value(i));
      CHECK(takes(i));
    }
    for (size_t i = offset; i < offset + 100; i++) {
      CHECK(reserve() == i);
      if (i % 3 != 0) {
        tm_outbox_put(&box, i, value(i)); /* gaps have to move as well */
      }
    }
    for (size_t i = offset; i < offset + 100; i++) {
      if (i % 3 == 0) {
        CHECK(gives(TM_OUT_EMPTY));
        tm_outbox_put(&box, i, value(i));
      }
      CHECK(takes(i));
    }
    CHECK(gives(TM_OUT_EMPTY));
    tm_outbox_free(&box);
  }
}

static void no_memory(void) {
  size_t index;
  tm_outbox_init(&box, SIZE_MAX);
  box.capacity = box.reserved = SIZE_MAX / 16 + 1; /* full, and twice as much is never to be had */
  CHECK(tm_outbox_reserve(&box, &index) == TM_NO_MEMORY);
  CHECK(box.reserved == SIZE_MAX / 16 + 1 && box.capacity == box.reserved && box.slots == NULL);
  tm_outbox_free(&box);
  tm_outbox_init(&box, SIZE_MAX);
  CHECK(!tm_outbox_reserve_all(&box, SIZE_MAX / 8) && gives(TM_OUT_EMPTY));
  tm_outbox_free(&box);
}

static void timeouts(void) {
  tm_outbox_init(&box, 100);
  int64_t deadline = tm_os_now() + 20 * MS;
  CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), 0, &spin) == TM_WAIT_TIMEOUT);
  tm_wait_result result;
  while ((result = tm_outbox_wait(&box, tm_outbox_epoch(&box), deadline, &spin)) ==
         TM_WAIT_OK) { /* spurious */
  }
  CHECK(result == TM_WAIT_TIMEOUT && tm_os_now() >= deadline);
  CHECK(reserve() == 0 && reserve() == 1);
  CHECK(!tm_outbox_put(&box, 1, value(1))); /* not the one they wait for */
  CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), 0, &spin) == TM_WAIT_TIMEOUT);
  CHECK(tm_outbox_put(&box, 0, value(0))); /* who left early is still counted, */
  tm_outbox_notify(&box);                  /* and once only */
  CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), 0, &spin) == TM_WAIT_OK &&
        takes(0)); /* there counts, even if it is late */
  CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), 0, &spin) == TM_WAIT_OK && takes(1));
  tm_outbox_end(&box, false);
  CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), TM_FOREVER, &spin) == TM_WAIT_OK);
  tm_outbox_free(&box);
}

static void *wait_for_change(void *arg) {
  (void)arg;
  CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), tm_os_now() + 20 * SECOND, &spin) != TM_WAIT_TIMEOUT);
  add(woken, 1);
  return NULL;
}

static unsigned waiters(void) {
  tm_lock_acquire(&box.lock);
  unsigned count = box.waiters;
  tm_lock_release(&box.lock);
  return count;
}

/* Two consumers sleep. A value that they cannot take yet wakes nobody; the first that they can take,
 * the end, and a cut wake both. */
static void wakes_who_waits(void) {
  for (int what = 0; what < 4; what++) {
    tm_outbox_init(&box, 100);
    reserve();
    reserve();
    pthread_t all[] = {start(wait_for_change, NULL), start(wait_for_change, NULL)};
    UNTIL(waiters() == 2);
    CHECK(what == 1 || !tm_outbox_put(&box, 1, value(1)));
    CHECK(waiters() == 2);
    if (what == 2) {
      tm_outbox_end(&box, false);
    } else if (what == 3) {
      tm_outbox_cut(&box, 2);
    } else {
      CHECK(what == 0 ? tm_outbox_put(&box, 0, value(0)) : tm_outbox_put_next(&box, value(0)));
      tm_outbox_notify(&box);
    }
    join(all[0]);
    join(all[1]);
    CHECK(waiters() == 0);
    tm_outbox_free(&box);
  }
}

static void *look_for_change(void *arg) {
  tm_spin looking = {.limit = 5 * SECOND};
  (void)arg;
  CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), tm_os_now(), &looking) == TM_WAIT_OK);
  return NULL;
}

/* It is counted, but does not sleep yet: what it would sleep on has changed. */
static void tells_who_is_on_its_way(void) {
  tm_outbox_init(&box, 100);
  reserve();
  pthread_t waiter = start(look_for_change, NULL);
  UNTIL(waiters() == 1);
  CHECK(tm_outbox_put(&box, 0, value(0)));
  join(waiter);
  tm_outbox_free(&box);
}

/* It has looked, and is on its way to the wait, when work comes for it. */
static void helpers_are_told(void) {
  tm_outbox_init(&box, SIZE_MAX);
  uint32_t since = tm_outbox_epoch(&box);
  tm_outbox_tell_helpers(&box);
  CHECK(tm_outbox_wait(&box, since, tm_os_now() + 10 * MS, &spin) == TM_WAIT_OK);
  since = tm_outbox_epoch(&box);
  CHECK(tm_outbox_wait(&box, since, tm_os_now() + 10 * MS, &spin) == TM_WAIT_TIMEOUT);
  tm_outbox_free(&box);
}

int main(void) {
  begin();
  RUN(ordered);
  RUN(unordered);
  RUN(limit);
  RUN(end_with_unreserve);
  RUN(all_reserved_at_once);
  RUN(the_rest_taken_back);
  RUN(growth_with_wraparound);
  RUN(no_memory);
  RUN(timeouts);
  RUN(tells_who_is_on_its_way);
  RUN(wakes_who_waits);
  RUN(helpers_are_told);
  return end();
}
