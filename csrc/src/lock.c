#include "lock.h"

/* A section is shorter than this many looks; on one CPU its holder cannot run meanwhile, and the
 * looks cost a few microseconds once. */
enum { LOOKS = 100 };

void tm_lock_acquire_slow(tm_lock *lock) {
  for (int i = 0; i < LOOKS; i++) {
    uint32_t expected = 0;
    if (atomic_compare_exchange_weak_explicit(&lock->word, &expected, 1, memory_order_acquire,
                                              memory_order_relaxed)) {
      return;
    }
    if (expected == 2) {
      break; /* others sleep already: do not barge past them for long */
    }
    tm_cpu_relax();
  }
  /* Whoever gets the lock here leaves 2 behind, since it cannot know whether it was the last
   * sleeper: at worst one wake too many, never one too few. */
  while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0) {
    tm_os_wait(&lock->word, 2, TM_FOREVER);
  }
  if (!TM_RULE(K1)) {
    atomic_store_explicit(&lock->word, 1, memory_order_relaxed);
  }
}
