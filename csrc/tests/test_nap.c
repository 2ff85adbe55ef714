/* test_nap.c: how long a thread naps before it waits, by a clock of the test's. */
#include "check.h"

#include "nap.h"

static tm_nap nap;
static int64_t now;
static size_t ended;

/* How long thread `who` may nap when so many more have ended, one each so many ns, and so many wait. */
static int64_t next(uintptr_t who, size_t came, int64_t gap, size_t waiting) {
  ended += came;
  now += (int64_t)came * gap;
  return tm_nap_next(&nap, who, ended, waiting, now);
}

static void anew(void) {
  nap = (tm_nap){0};
  now = 1000 * SECOND; /* clocks do not begin at 0 */
  ended = 0;
  CHECK(next(7, 10, 1000, 1000000) == 0); /* it knows nothing yet */
}

static void no_longer_than_half_of_what_waits_takes(void) {
  anew();
  CHECK(next(7, 10, 1000, 201) == 100 * 1000);
  CHECK(next(7, 10, 2000, 200) == 200 * 1000);
  CHECK(next(7, 10, 1000, 1000000) == TM_NAP_NS);
  CHECK(next(7, 10, 1000, 0) == 0);
}

static void not_if_it_is_not_worth_it(void) {
  anew();
  CHECK(next(7, 10, 1000, 2 * TM_LEAST_NAP_NS / 1000) == TM_LEAST_NAP_NS);
  CHECK(next(7, 10, 1000, 2 * TM_LEAST_NAP_NS / 1000 - 1) == 0);
}

static void not_while_items_take_long(void) {
  anew();
  CHECK(next(7, 1, TM_NAP_NS - 1, 1000000) == TM_NAP_NS);
  CHECK(next(7, 1, TM_NAP_NS, 1000000) == 0);
  CHECK(next(7, 0, 0, 1000000) == 0);
}

/* A consumer that is at most 100 ahead of the workers, and would nap for as long as its last nap was. */
static void not_where_the_workers_ran_dry(void) {
  anew();
  CHECK(next(7, 50, 2000, 100) == 50 * 2000);
  CHECK(next(7, 100, 2000, 100) == 0);
  CHECK(next(7, 150, 2000, 101) == 0);
  CHECK(next(7, 100, 2000, 100) == 50 * 2000);
}

/* Each of several threads may have only one result to take. */
static void not_where_threads_take_turns(void) {
  anew();
  for (uintptr_t i = 0; i < 10; i++) {
    CHECK(next(i % 2, 10, 1000, 1000000) == 0);
  }
  CHECK(next(1, 10, 1000, 1000000) == TM_NAP_NS);
}

int main(void) {
  begin();
  RUN(no_longer_than_half_of_what_waits_takes);
  RUN(not_if_it_is_not_worth_it);
  RUN(not_while_items_take_long);
  RUN(not_where_the_workers_ran_dry);
  RUN(not_where_threads_take_turns);
  return end();
}
