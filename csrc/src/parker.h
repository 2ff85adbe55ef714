/* parker.h: one thread's wake-up token. It does not count: two unparks before a park are one. */
#ifndef TM_PARKER_H
#define TM_PARKER_H

#include "os_wait.h"

typedef struct {
  tm_atomic_u32 word; /* EMPTY, NOTIFIED or PARKED, see parker.c */
} tm_parker;

void tm_parker_init(tm_parker *parker);

/* Takes the token, sleeping until there is one. Only the owner calls this. What the unparker wrote
 * before its unpark is visible afterwards. Signals do not end it. */
void tm_parker_park(tm_parker *parker);

/* Leaves the token and wakes the owner if it sleeps. The parker may be gone as soon as the token is
 * taken: nothing but its address is used after that. */
void tm_parker_unpark(tm_parker *parker);

#endif
