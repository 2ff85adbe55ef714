/* serial.h: runs items one at a time, in order of arrival, without a thread of its own: a thread
 * that brings an item while nobody is at it works off all that arrive until there are none. */
#ifndef TM_SERIAL_H
#define TM_SERIAL_H

#include "atfork.h"
#include "item.h"
#include "lock.h"

typedef struct tm_serial {
  tm_lock lock;
  tm_item *first, *last; /* linked by `next_due`; under lock */
  tm_item *current;      /* the last one that tm_serial_next gave; under lock */
  bool busy;             /* under lock: some thread will look at the list again before it leaves */
  tm_atfork atfork;
} tm_serial;

void tm_serial_init(tm_serial *serial);
void tm_serial_destroy(tm_serial *serial);

/* In a forked child: nobody is at it any more. Hands out the items that were not run, linked by `next_due`,
 * and in *current the one that somebody was at, or NULL. */
tm_item *tm_serial_after_fork(tm_serial *serial, tm_item **current);

/* Brings an item. True: the caller now calls tm_serial_next until that gives NULL. */
bool tm_serial_enter(tm_serial *serial, tm_item *item);

/* The next item to run; NULL, and the caller is out, if there is none. */
tm_item *tm_serial_next(tm_serial *serial);

#endif
