/* test_outbox_crowd.c: producers and consumers at once: every value once, in order, and all end. */
#include "check.h"

#include "outbox.h"

enum { CONSUMERS = 3, PRODUCERS = 3, VALUES = 30000 / SCALE, LIMIT_OF_BOX = 7 };

static tm_outbox box;
static tm_spin spin;
static tm_atomic_u32 room; /* changes when a reserver that was refused can go on */
static tm_atomic_u32 consumed, seen[VALUES];
static uint32_t content[VALUES]; /* plain: only the box orders it */
static bool in_order;
static tm_lock input;  /* one thread at a time reserves, as the order of the places is the input's */
static bool exhausted; /* under input */

static void wait_for_room(uint32_t before) {
  UNTIL(atomic_load_explicit(&room, memory_order_acquire) != before);
}

/* Reserves the next place. False: there are no more, or (*refused) there is no room. */
static bool next_place(size_t *index, bool *refused) {
  bool reserved = false;
  *refused = false;
  tm_lock_acquire(&input);
  if (!exhausted) {
    switch (tm_outbox_reserve(&box, index)) {
      case TM_RESERVED:
        reserved = *index < VALUES;
        if (!reserved) {
          exhausted = true;
          tm_outbox_end(&box, true);
        }
        break;
      case TM_FULL_AWAITED:
        tm_outbox_notify(&box);
        *refused = true;
        break;
      case TM_FULL:
        *refused = true;
        break;
      default:
        CHECK(!"no memory");
    }
  }
  tm_lock_release(&input);
  return reserved;
}

static void *produce(void *arg) {
  (void)arg;
  for (;;) {
    size_t index;
    bool refused;
    uint32_t before = atomic_load_explicit(&room, memory_order_acquire);
    if (next_place(&index, &refused)) {
      content[index] = (uint32_t)index + 1;
      void *value = &content[index];
      if (in_order ? tm_outbox_put(&box, index, value) : tm_outbox_put_next(&box, value)) {
        tm_outbox_notify(&box);
      }
    } else if (refused) {
      wait_for_room(before); /* before was read before the refusal: the answer to it is not missed */
    } else {
      return NULL;
    }
  }
}

static void *consume(void *arg) {
  (void)arg;
  uint32_t last = 0;
  for (;;) {
    void *value;
    bool unblocked;
    switch (tm_outbox_take(&box, &value, &unblocked)) {
      case TM_OUT_VALUE: {
        uint32_t number = *(uint32_t *)value;
        CHECK(!in_order || number > last);
        CHECK(add(seen[number - 1], 1) == 0);
        add(consumed, 1);
        last = number;
        break;
      }
      case TM_OUT_EMPTY:
        CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), tm_os_now() + 20 * SECOND, &spin) !=
              TM_WAIT_TIMEOUT);
        break;
      case TM_OUT_END:
        return NULL;
    }
    if (unblocked) {
      atomic_fetch_add_explicit(&room, 1, memory_order_acq_rel);
    }
  }
}

static void run(bool ordered, int64_t look) {
  pthread_t producers[PRODUCERS], consumers[CONSUMERS];
  in_order = ordered;
  exhausted = false;
  poke(consumed, 0);
  for (int i = 0; i < VALUES; i++) {
    poke(seen[i], 0);
  }
  tm_spin_init(&spin, look);
  tm_outbox_init(&box, LIMIT_OF_BOX);
  for (int i = 0; i < CONSUMERS; i++) {
    consumers[i] = start(consume, NULL);
  }
  for (int i = 0; i < PRODUCERS; i++) {
    producers[i] = start(produce, NULL);
  }
  for (int i = 0; i < PRODUCERS; i++) {
    join(producers[i]);
  }
  for (int i = 0; i < CONSUMERS; i++) {
    join(consumers[i]);
  }
  CHECK(peek(consumed) == VALUES); /* and none twice: so each once */
  tm_outbox_free(&box);
}

static void ordered(void) {
  run(true, 0);
}

static void ordered_looking(void) {
  run(true, MS / 100);
}

static void unordered(void) {
  run(false, 0);
}

static void unordered_looking(void) {
  run(false, MS / 100);
}

/* Each consumer's value is handed over while it is about to sleep or sleeps. */
static void *take_one_each(void *arg) {
  (void)arg;
  void *value;
  bool unblocked;
  for (uint32_t i = 0; i < VALUES; i++) {
    while (tm_outbox_take(&box, &value, &unblocked) != TM_OUT_VALUE) {
      CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), tm_os_now() + 20 * SECOND, &spin) != TM_WAIT_TIMEOUT);
    }
    CHECK(value == &content[i]);
    atomic_store_explicit(&consumed, i + 1, memory_order_release);
  }
  return NULL;
}

static void one_at_a_time(void) {
  tm_spin_init(&spin, 0);
  tm_outbox_init(&box, 1);
  poke(consumed, 0);
  pthread_t consumer = start(take_one_each, NULL);
  for (uint32_t i = 0; i < VALUES; i++) {
    size_t index;
    CHECK(tm_outbox_reserve(&box, &index) == TM_RESERVED && index == i);
    if (tm_outbox_put(&box, i, &content[i])) {
      tm_outbox_notify(&box);
    }
    UNTIL(atomic_load_explicit(&consumed, memory_order_acquire) == i + 1);
  }
  join(consumer);
  tm_outbox_free(&box);
}

int main(void) {
  begin();
  RUN(ordered);
  RUN(ordered_looking);
  RUN(unordered);
  RUN(unordered_looking);
  RUN(one_at_a_time);
  return end();
}
