#include "parker.h"

/* PARKED is EMPTY - 1, so that park is one decrement: NOTIFIED -> EMPTY, or EMPTY -> PARKED. */
enum { EMPTY = 0, NOTIFIED = 1 };
#define PARKED UINT32_MAX

void tm_parker_init(tm_parker *parker) {
  atomic_init(&parker->word, EMPTY);
}

void tm_parker_park(tm_parker *parker) {
  /* acquire: pairs with the release in tm_parker_unpark. */
  if (atomic_fetch_sub_explicit(&parker->word, 1, memory_order_acquire) == NOTIFIED) {
    return;
  }
  for (;;) {
    uint32_t expected = NOTIFIED;
    tm_os_wait(&parker->word, PARKED, TM_FOREVER);
    /* acquire: as above. A failure is a spurious wake or a signal. */
    if (atomic_compare_exchange_strong_explicit(&parker->word, &expected, EMPTY, memory_order_acquire,
                                                memory_order_relaxed)) {
      return;
    }
  }
}

void tm_parker_unpark(tm_parker *parker) {
  /* A swap even if the token is there already: the owner that takes it must see what was written
   * before this unpark, not only before the earlier one. */
  if (!TM_RULE(P1) && atomic_load_explicit(&parker->word, memory_order_relaxed) != PARKED) {
    return;
  }
  if (atomic_exchange_explicit(&parker->word, NOTIFIED, memory_order_release) == PARKED) {
    tm_os_wake_one(&parker->word);
  }
}
