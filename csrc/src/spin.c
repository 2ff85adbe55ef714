#include "spin.h"

enum { PATIENCE = 4, PROBE_EVERY = 64, PROBE_LENGTH = 10, LOOKS_PER_CLOCK = 8 };

/* Soon after things went slow, since it may have been a hiccup, and then ever more rarely. */
static bool probes(uint32_t misses) {
  return misses % PROBE_EVERY == 0 || (misses & (misses - 1)) == 0;
}

void tm_spin_init(tm_spin *spin, int64_t limit) {
  atomic_init(&spin->misses, 0);
  tm_spin_set_limit(spin, limit);
}

void tm_spin_set_limit(tm_spin *spin, int64_t limit) {
  atomic_store_explicit(&spin->limit, tm_os_cpus() > 1 ? limit : 0, memory_order_relaxed);
}

tm_spinner tm_spin_begin(tm_spin *spin) {
  /* Counted here, not at the end: so each look has a number of its own, and none that is to be a probe can
   * be passed over because two looks went on at once. */
  uint32_t misses = atomic_fetch_add_explicit(&spin->misses, 1, memory_order_relaxed);
  int64_t limit = atomic_load_explicit(&spin->limit, memory_order_relaxed);
  limit = misses < PATIENCE ? limit : probes(misses) ? PROBE_LENGTH * limit : 0;
  return (tm_spinner){.until = limit > 0 ? tm_os_now() + limit : 0};
}

bool tm_spin_again(tm_spinner *spinner) {
  tm_cpu_relax();
  return spinner->until != 0 && (++spinner->looks % LOOKS_PER_CLOCK != 0 || tm_os_now() < spinner->until);
}

void tm_spin_end(tm_spin *spin, bool seen) {
  if (seen) {
    atomic_store_explicit(&spin->misses, 0, memory_order_relaxed);
  }
}
