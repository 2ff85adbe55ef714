/* waits.h: the workers that wait for jobs, with no time limit, inside of other jobs: so that a cycle of them
 * is found by the one that would close it.
 *
 * A worker that waits goes on when the item that it waits for is done. Of that item some worker's stack may
 * hold a part (tm_worker.running, tm_nested), which ends no sooner than that worker goes on. What stands on
 * the stack of a worker that waits does not change, so following who holds what is waited for by whom leads
 * either to something that still moves, or back to where it began. */
#ifndef TM_WAITS_H
#define TM_WAITS_H

#include "idle.h"
#include "item.h"
#include "outbox.h"

typedef struct tm_waiting {
  struct tm_waiting *next, **link; /* all fields: under the list's lock */
  tm_worker *worker;
  tm_item *item;  /* that it waits for */
  tm_outbox *box; /* of the item, if it waits for the next of many values; else NULL */
  bool ordered;   /* as for tm_outbox_gap */
  /* For the search that is under way: */
  struct tm_waiting *next_found;
  bool stuck; /* it may hang on the one that begins, and nothing is found that ends it */
} tm_waiting;

/* Before the calling thread, which is `worker`, waits: puts it on the list. False, and it is not on the list,
 * if the wait would never end. */
bool tm_waits_begin(tm_waiting *waiting, tm_worker *worker, tm_item *item, tm_outbox *box, bool ordered);

/* After the wait. */
void tm_waits_end(tm_waiting *waiting);

/* In a forked child, where no other thread is left, and the caller does not wait. */
void tm_waits_after_fork(void);

#endif
