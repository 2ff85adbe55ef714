/* hands.h: a queue and its workers, moved by the main thread alone, except that a worker which goes to
 * sleep does so on a thread that does nothing else. So a test forces one interleaving. */
#ifndef HANDS_H
#define HANDS_H

#include "check.h"

#include "workq.h"

typedef struct {
  tm_worker worker;
  pthread_t thread;
  bool again; /* what tm_workq_wait said; read after the join */
} hand;

static tm_workq queue;
static tm_spin spin; /* all zeros: nobody looks before sleeping, unless a test says so */
static tm_item items[8], shared[2];
static hand hands[4];

static inline void fresh_queue(unsigned max_workers) {
  static bool made;
  if (made) {
    tm_workq_destroy(&queue);
  }
  made = true;
  tm_workq_init(&queue, max_workers, &spin, NULL);
  for (int i = 0; i < 8; i++) {
    tm_item_init(&items[i], false);
  }
  for (int i = 0; i < 2; i++) {
    tm_item_init(&shared[i], true);
  }
}

static inline unsigned workers(void) {
  unsigned workers, idle;
  tm_workq_count(&queue, &workers, &idle);
  return workers;
}

static inline unsigned idle(void) {
  unsigned workers, idle;
  tm_workq_count(&queue, &workers, &idle);
  return idle;
}

static inline tm_push_result push(unsigned i) {
  return tm_workq_push(&queue, &items[i]);
}

/* `starts`: the pop has to ask for a worker to be started; if not, it must not. */
static inline tm_item *pop(hand *h, bool starts) {
  bool start = !starts;
  tm_item *item = tm_workq_pop(&queue, &h->worker, &start);
  CHECK(start == starts);
  return item;
}

static void *wait_on_thread(void *arg) {
  hand *h = arg;
  h->again = tm_workq_wait(&queue, &h->worker);
  return NULL;
}

/* h finds nothing and waits, on a thread. */
static inline void wait_hand(hand *h) {
  CHECK(pop(h, false) == NULL);
  h->thread = start(wait_on_thread, h);
}

/* From here h sleeps, or is about to: it has given up the lock, and whoever pops it wakes it. */
static inline void sleep_hand(hand *h) {
  unsigned before = idle();
  wait_hand(h);
  UNTIL(idle() == before + 1);
}

/* Comes after a wake: hangs if there was none. From here the main thread moves h again. */
static inline void awake(hand *h) {
  join(h->thread);
  CHECK(h->again);
}

static inline void leave(hand *h) {
  CHECK(pop(h, false) == NULL);
  unsigned before = workers();
  CHECK(!tm_workq_wait(&queue, &h->worker));
  CHECK(workers() == before - 1);
}

/* The hand gets a place that was reserved without work. */
/* A worker that is awake and has been at a pop before. */
static inline void enter(hand *h) {
  CHECK(tm_workq_reserve(&queue));
  tm_workq_enter(&queue, &h->worker, false);
  h->worker.coming = false;
  queue.coming--;
}

static inline void sleeping_hands(unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    enter(&hands[i]);
    sleep_hand(&hands[i]);
  }
}

static inline void leave_all(unsigned n) {
  tm_workq_close(&queue);
  for (unsigned i = 0; i < n; i++) {
    leave(&hands[i]);
  }
  CHECK(workers() == 0 && idle() == 0);
}

#endif
