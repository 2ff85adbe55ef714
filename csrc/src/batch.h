/* batch.h: how many values are worth waking their consumer for, which costs more than a short task. As many
 * as have come in TM_BATCH_NS lately, which is also how long a value may lie there. Its owner's lock protects
 * it. */
#ifndef TM_BATCH_H
#define TM_BATCH_H

#include <stddef.h>
#include <stdint.h>

enum { TM_BATCH_NS = 500000 };

typedef struct {
  size_t wanted;     /* what a consumer waited for last; 0 before the first */
  size_t taken;      /* how many values had been taken when it began to wait, */
  int64_t since;     /* and when that was */
  unsigned failures; /* how often in a row fewer came than were wanted */
  unsigned pause;    /* how many waits are for one value before the next is for several */
} tm_batch;

/* For a consumer that begins to wait `now`, when so many values have been taken in all: how many it waits
 * for. If that is more than one, *patience says for how many nanoseconds; after that it takes what there is.
 */
size_t tm_batch_next(tm_batch *batch, size_t taken, int64_t now, int64_t *patience);

#endif
