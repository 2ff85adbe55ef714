/* idle.h: the workers of one queue that sleep: a stack, so that the one that slept last, whose
 * caches are warm, wakes first. Not thread-safe: the queue's lock protects it. */
#ifndef TM_IDLE_H
#define TM_IDLE_H

#include "parker.h"

/* What a worker is at besides the item that it took out last; on its stack, and in a list, innermost first:
 * an item that it runs while it waits for it inside of another one, or whose callbacks it runs. */
typedef struct tm_nested {
  struct tm_item *item;     /* NULL: none at this moment */
  size_t place;             /* of the value that it brings, if the item gives many in order (outbox.h) */
  struct tm_serial *serial; /* in whose name it runs callbacks; NULL: it does not, or has handed that on */
  struct tm_nested *outer;
} tm_nested;

/* One worker thread; lives on its own stack. */
typedef struct tm_worker {
  tm_parker parker;
  struct tm_workq *queue;                /* whose worker it is. Written at entry only. */
  struct tm_worker *next_worker, **link; /* in the queue's list of workers, under its lock */
  _Atomic(struct tm_item *) running;     /* what it has taken out and not ended. Written under the queue's
                                            lock by a pop, and by its owner; read by all who hold that. */
  size_t place;                          /* as in tm_nested, for `running` */
  struct tm_worker *below;               /* in the idle stack */
  tm_nested *nested; /* the innermost. Written by the owner; read by it, and after a fork. */
  bool coming;       /* has not been at its first pop, and did not enter as the searcher */
  bool searching;    /* awake without a job. Written by the owner, or by who popped it. */
  bool leaving;      /* a pop told it that it is one too many. The owner's. */
  bool at_work;      /* it has taken out an item since it last found none. As lends. */
  bool guards;       /* it keeps out of the way, and looks whether it should. As lends. */
  bool lends; /* it waits, and another one works in its place: tm_workq_lend. Under the queue's lock. */
} tm_worker;

typedef struct {
  tm_worker *top;
} tm_idle;

static inline void tm_idle_push(tm_idle *idle, tm_worker *worker) {
  worker->below = idle->top;
  idle->top = worker;
}

/* Whoever pops a worker owes it exactly one unpark; a popped worker takes that token. */
static inline tm_worker *tm_idle_pop(tm_idle *idle) {
  tm_worker *worker = idle->top;
  if (worker != NULL) {
    idle->top = worker->below;
  }
  return worker;
}

#endif
