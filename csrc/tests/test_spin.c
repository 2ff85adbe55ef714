/* test_spin.c: a look is bounded by time, is given up where it does not pay, and comes back. */
#include "check.h"

#include "spin.h"

static tm_spin spin;

static bool looks(void) {
  tm_spinner spinner = tm_spin_begin(&spin);
  return tm_spin_again(&spinner);
}

static void miss(unsigned times) {
  for (unsigned i = 0; i < times; i++) {
    tm_spin_begin(&spin);
    tm_spin_end(&spin, false);
  }
}

static int64_t length_of_look(void) {
  int64_t begin = tm_os_now();
  for (tm_spinner spinner = tm_spin_begin(&spin); tm_spin_again(&spinner);) {
  }
  return tm_os_now() - begin;
}

static void bounded_by_time(void) {
  int64_t shortest = INT64_MAX;
  tm_spin_init(&spin, MS);
  spin.limit = MS; /* also on one CPU */
  for (int i = 0; i < 20; i++) {
    int64_t length = length_of_look();
    CHECK(length >= MS);
    shortest = length < shortest ? length : shortest;
    tm_spin_end(&spin, true);
  }
  CHECK(shortest < 5 * MS); /* a long one may have been off the CPU, but not each time */
}

static void gives_up_after_misses(void) {
  tm_spin_init(&spin, MS);
  spin.limit = MS;
  miss(3); /* a few are a hiccup */
  CHECK(looks());
  miss(100);
  CHECK(!looks());
  tm_spin_end(&spin, true);
  CHECK(looks());
}

/* Probes go on for ever, are rare, and longer than a look, so that they can see the other side wake. */
static void probes_now_and_then(void) {
  unsigned probes = 0, since = 0, longest = 0;
  tm_spin_init(&spin, MS / 10);
  spin.limit = MS / 10;
  miss(10);
  for (unsigned i = 0; i < 2000; i++) {
    int64_t length = length_of_look();
    since++;
    if (length >= 2 * spin.limit) {
      probes++;
      since = 0;
    }
    longest = since > longest ? since : longest;
  }
  CHECK(probes > 0 && probes <= 2000 / 20);
  CHECK(longest <= 100);
}

static void none_on_one_cpu(void) {
#if defined(__linux__)
  cpu_set_t before, one;
  CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
  tm_spin_init(&spin, MS);
  for (int i = 0; i < 1000; i++) {
    CHECK(!looks());
  }
  CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
  tm_spin_end(&spin, true);
  tm_spin_set_limit(&spin, MS);
  CHECK(looks() == (CPU_COUNT(&before) > 1));
  CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
  tm_spin_set_limit(&spin, MS);
  CHECK(!looks());
  CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
#endif
  tm_spin_init(&spin, 0);
  CHECK(!looks());
}

int main(void) {
  begin();
  RUN(bounded_by_time);
  RUN(gives_up_after_misses);
  RUN(probes_now_and_then);
  RUN(none_on_one_cpu);
  return end();
}
