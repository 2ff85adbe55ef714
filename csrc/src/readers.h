/* readers.h: counts the threads that may read something which is let go of before all of them are gone for
 * good: it is 1 for the owner, who leaves when nobody else is to enter. Who brings it to zero lets go. */
#ifndef TM_READERS_H
#define TM_READERS_H

#include "atomics.h"

static inline void tm_readers_init(tm_atomic_size *readers) {
  atomic_store_explicit(readers, 1, memory_order_relaxed); /* before others know of it */
}

/* False: it has been let go of, and the caller must not leave. */
static inline bool tm_readers_enter(tm_atomic_size *readers) {
  size_t count = atomic_load_explicit(readers, memory_order_relaxed);
  while (count != 0) {
    /* acquire: pairs with the release in leave, so that what is read was not let go before. */
    if (atomic_compare_exchange_weak_explicit(readers, &count, count + 1, memory_order_acquire,
                                              memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

/* True: the caller is to let go. */
static inline bool tm_readers_leave(tm_atomic_size *readers) {
  /* acq_rel: the last one comes after all reads of the others. */
  return atomic_fetch_sub_explicit(readers, 1, memory_order_acq_rel) == 1;
}

#endif
