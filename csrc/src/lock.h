/* lock.h: a mutual-exclusion lock of one word, for sections of a few dozen instructions.
 *
 * The holder runs no foreign code and never sleeps, so a thread may wait for it while it holds the
 * interpreter's own lock: the wait ends whatever else that thread holds. */
#ifndef TM_LOCK_H
#define TM_LOCK_H

#include "os_wait.h"

typedef struct {
  tm_atomic_u32 word; /* 0: free, 1: held, 2: held and perhaps waited for */
} tm_lock;

static inline void tm_lock_init(tm_lock *lock) {
  atomic_init(&lock->word, 0);
}

void tm_lock_acquire_slow(tm_lock *lock);

static inline void tm_lock_acquire(tm_lock *lock) {
  uint32_t expected = 0;
  /* acquire: pairs with the release in tm_lock_release, so the section sees the previous one. */
  if (!atomic_compare_exchange_strong_explicit(&lock->word, &expected, 1, memory_order_acquire,
                                               memory_order_relaxed)) {
    tm_lock_acquire_slow(lock);
  }
}

static inline void tm_lock_release(tm_lock *lock) {
  if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2 && TM_RULE(K2)) {
    tm_os_wake_one(&lock->word);
  }
}

#endif
