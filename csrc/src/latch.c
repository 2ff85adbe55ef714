#include "latch.h"

void tm_latch_set(tm_latch *latch) {
  if (tm_latch_set_quietly(latch)) {
    tm_latch_wake(latch);
  }
}

bool tm_latch_finish(tm_latch *latch) {
  /* release: as in tm_latch_set. */
  uint32_t watched = TM_RULE(L6) ? TM_LATCH_WATCHED : 0;
  uint32_t before = tm_latch_set_unless(latch, TM_LATCH_DONE, watched, memory_order_release);
  if (before & watched) {
    return false;
  }
  if (before >= TM_LATCH_WAITER) {
    tm_latch_wake(latch);
  }
  return true;
}

bool tm_latch_hold_waiters(tm_latch *latch) {
  uint32_t word = atomic_load_explicit(&latch->word, memory_order_relaxed);
  while ((word >= TM_LATCH_WAITER || !TM_RULE(L5)) && !(word & TM_LATCH_WATCHED)) {
    /* relaxed: publishes nothing; it only competes with leave() for the word's next value. */
    if (atomic_compare_exchange_weak_explicit(&latch->word, &word, word | TM_LATCH_FINISHING,
                                              memory_order_relaxed, memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

/* Takes this waiter off the count. False if it has to stay: the latch is set, or will be at once. */
static bool leave(tm_latch *latch) {
  uint32_t word = atomic_load_explicit(&latch->word, memory_order_relaxed);
  while (!(word & (TM_LATCH_DONE | (TM_RULE(L4) ? TM_LATCH_FINISHING : 0)))) {
    if (atomic_compare_exchange_weak_explicit(&latch->word, &word, word - TM_LATCH_WAITER,
                                              memory_order_relaxed, memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

tm_wait_result tm_latch_wait(tm_latch *latch, int64_t deadline, tm_spin *spin) {
  /* Counted before it looks: a setter that comes after the count wakes it, and one that came before
   * is seen by the look. acquire: here and below, pairs with the release in tm_latch_set. */
  uint32_t word =
      atomic_fetch_add_explicit(&latch->word, TM_RULE(L3) ? TM_LATCH_WAITER : 0, memory_order_acquire);
  tm_spinner spinner = tm_spin_begin(spin);
  while (!(word & TM_LATCH_DONE) && tm_spin_again(&spinner)) {
    word = atomic_load_explicit(&latch->word, memory_order_acquire);
  }
  tm_spin_end(spin, word & TM_LATCH_DONE);
  for (;;) {
    word = atomic_load_explicit(&latch->word, memory_order_acquire);
    if (word & TM_LATCH_DONE) {
      return TM_WAIT_OK; /* the count is not taken back: nobody reads it any more */
    }
    tm_wait_result result = tm_os_wait(&latch->word, word, deadline);
    if (result == TM_WAIT_TIMEOUT || result == TM_WAIT_INTR) {
      if (leave(latch)) {
        return result;
      }
      deadline = TM_FOREVER;
    }
  }
}
