/* spin.h: how long to look before sleeping. Bounded by time; learns when looking does not pay.
 *
 * A sleeping thread takes tens of microseconds to wake, so a short look saves much where the other
 * side is quick, and wastes CPU where it is slow. After a few misses in a row nobody looks any more,
 * but for a probe now and then: that one is longer than a sleeping thread takes to wake, because the
 * other side sleeps too by then. Both sides of a hand-over share one tm_spin, so a probe that sees
 * something brings both back to looking. On one CPU nothing ever looks: the other side could not run
 * meanwhile. */
#ifndef TM_SPIN_H
#define TM_SPIN_H

#include "os_wait.h"

typedef struct {
  tm_atomic_i64 limit;  /* ns; 0 on one CPU. A hint too: relaxed. */
  tm_atomic_u32 misses; /* looks since one saw something. A hint: relaxed, lost updates are harmless. */
} tm_spin;

typedef struct {
  int64_t until;
  unsigned looks;
} tm_spinner;

void tm_spin_init(tm_spin *spin, int64_t limit);

/* Sets the limit again, at any time: the process may have other CPUs than at init. */
void tm_spin_set_limit(tm_spin *spin, int64_t limit);

/* One look-out: for (s = begin; !(seen = condition()) && again(&s);); end(spin, seen). */
tm_spinner tm_spin_begin(tm_spin *spin);
bool tm_spin_again(tm_spinner *spinner);
void tm_spin_end(tm_spin *spin, bool seen);

#endif
