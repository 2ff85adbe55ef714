/* item.h: what the queue holds: the C part of a job, embedded in it, so that queueing allocates
 * nothing. And the plain list of items that the queue builds on. */
#ifndef TM_ITEM_H
#define TM_ITEM_H

#include "latch.h"

typedef struct tm_item {
  struct tm_item *next;     /* owned by the queue that holds the item, under its lock */
  struct tm_item *next_due; /* likewise by the serializer: an item may be in both at once */
  tm_latch latch;
  uint32_t shared; /* work for several workers: taken out and put back. Written at init only. */
} tm_item;

static inline void tm_item_init(tm_item *item, bool shared) {
  item->next = item->next_due = NULL;
  atomic_init(&item->latch.word, 0);
  item->shared = shared;
}

/* First in, first out; not thread-safe: its owner has a lock. All zeros is empty. */
typedef struct {
  tm_item *first, *last;
} tm_fifo;

static inline void tm_fifo_append(tm_fifo *fifo, tm_item *item) {
  item->next = NULL;
  if (fifo->first == NULL) {
    fifo->first = item;
  } else {
    fifo->last->next = item;
  }
  fifo->last = item;
}

static inline void tm_fifo_prepend(tm_fifo *fifo, tm_item *item) {
  item->next = fifo->first;
  if (fifo->first == NULL) {
    fifo->last = item;
  }
  fifo->first = item;
}

static inline tm_item *tm_fifo_take(tm_fifo *fifo) {
  tm_item *item = fifo->first;
  if (item != NULL) {
    fifo->first = item->next;
  }
  return item;
}

/* Takes this item out, wherever it is. False if it is not in the list. */
static inline bool tm_fifo_remove(tm_fifo *fifo, tm_item *item) {
  tm_item *before = NULL;
  for (tm_item *it = fifo->first; it != NULL; before = it, it = it->next) {
    if (it == item) {
      *(before == NULL ? &fifo->first : &before->next) = item->next;
      if (fifo->last == item) {
        fifo->last = before;
      }
      return true;
    }
  }
  return false;
}

#endif
