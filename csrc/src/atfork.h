/* atfork.h: locks that are free in a forked child, and protect what is whole there.
 *
 * Only the thread that forks lives on in the child. Whatever another thread was at, under a lock, would
 * stay half done there, and the lock held for ever. So the locks on this list are taken before the fork,
 * and free again after it, in parent and child. No thread takes one of them while it holds another. */
#ifndef TM_ATFORK_H
#define TM_ATFORK_H

#include "lock.h"

typedef struct tm_atfork {
  tm_lock *lock;
  struct tm_atfork *next, **link; /* under the list's own lock */
} tm_atfork;

/* Puts the lock on the list, as long as `entry` and the lock live. Does nothing where no process forks. */
void tm_atfork_add(tm_atfork *entry, tm_lock *lock);

/* Takes it off again. Does nothing for an entry of zeros that was never added. */
void tm_atfork_remove(tm_atfork *entry);

#endif
