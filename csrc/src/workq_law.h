/* workq_law.h: what the sides of the work queue share: workq.c, for whoever pushes, starts and ends,
 * workq_worker.c, and workq_crowd.c. All of it is called under the queue's lock, but for tm_unpark_all. */
#ifndef TM_WORKQ_LAW_H
#define TM_WORKQ_LAW_H

#include "workq.h"

/* Restores the law of workq.h after any change that may break it: picks the workers to wake, linked by
 * `below`, and reserves a place (*start) if one is to be started instead. They are unparked after the lock is
 * released, since who wakes up would only run into it. */
tm_worker *tm_recruit(tm_workq *queue, bool *start);

void tm_unpark_all(tm_worker *worker);

static inline void add_length(tm_workq *queue, ptrdiff_t change) {
  /* No atomic addition is needed: all that write it hold the lock. */
  size_t length = atomic_load_explicit(&queue->length, memory_order_relaxed);
  atomic_store_explicit(&queue->length, length + (size_t)change, memory_order_relaxed);
}

static inline bool is_closed(tm_workq *queue) {
  return atomic_load_explicit(&queue->closed, memory_order_relaxed);
}

static inline void not_held(tm_workq *queue) {
  if (queue->held > 0) { /* one that was out at a fork is not counted in the child */
    queue->held--;
  }
}

static inline void has_come(tm_workq *queue) {
  if (queue->coming > 0) { /* those that come at a fork are not counted in the child */
    queue->coming--;
  }
}

static inline bool too_many(tm_workq *queue) {
  return queue->workers > (size_t)queue->max_workers + queue->lent;
}

static inline bool worked_off(tm_workq *queue) {
  return is_closed(queue) && queue->items.first == NULL && (queue->held == 0 || !TM_RULE(Q10));
}

/* To be called after each change of one of the two. */
static inline void note_crowd(tm_workq *queue) {
  tm_crowd_note(&queue->crowd, queue->at_work);
  bool crowded = queue->at_work > queue->crowd.limit;
  if (crowded != atomic_load_explicit(&queue->crowded, memory_order_relaxed)) {
    atomic_store_explicit(&queue->crowded, crowded, memory_order_relaxed);
  }
}

/* Whether the worker may take an item out: if it is at work already, or if one more may be. */
static inline bool admits(tm_workq *queue, tm_worker *worker) {
  return queue->at_work < queue->crowd.limit + worker->at_work;
}

static inline void set_at_work(tm_worker *worker, bool at_work) {
  tm_workq *queue = worker->queue;
  if (worker->at_work != at_work) {
    worker->at_work = at_work;
    queue->at_work += at_work ? 1 : -1u;
    note_crowd(queue);
  }
}

static inline void end_search(tm_worker *worker) { /* where something else keeps the law */
  if (worker->searching) {
    worker->searching = false;
    if (TM_RULE(Q3)) {
      worker->queue->searching = false;
    }
  }
}

/* Gives the lock up meanwhile: keeps out of the way while items wait and enough are at work,
 * but looks now and then whether those get on. Comes back as the searcher if they do not. It stays while
 * items come and go: for each that comes while nobody guards, a worker would be woken. */
void tm_guard(tm_workq *queue, tm_worker *worker);

#endif
