/* test_batch.c: how many values a consumer is woken for, by a clock of the test's. */
#include "check.h"

#include "batch.h"

static tm_batch batch;
static int64_t now, patience;
static size_t taken;

/* What the next wait is for, when so many values have come since the last one began, one each so many ns. */
static size_t next(size_t came, int64_t gap) {
  patience = 0;
  taken += came;
  now += (int64_t)came * gap;
  return tm_batch_next(&batch, taken, now, &patience);
}

static void anew(void) {
  batch = (tm_batch){0};
  now = 1000 * SECOND; /* clocks do not begin at 0 */
  taken = 0;
  CHECK(next(0, 0) == 1); /* it knows nothing yet */
}

static void twice_as_many_each_time(void) {
  anew();
  for (size_t wanted = 2; wanted <= 64; wanted *= 2) {
    CHECK(next(batch.wanted, 1000) == wanted);
    CHECK(patience == 2 * (int64_t)wanted * 1001);
  }
}

static void no_more_than_come_in_its_time(void) {
  anew();
  for (int i = 0; i < 20; i++) {
    next(batch.wanted, 100000 - 1);
  }
  CHECK(batch.wanted == 5 && patience == TM_BATCH_NS);
  CHECK(next(5, 200000 - 1) == 2 && patience == TM_BATCH_NS);
  CHECK(next(2, 300000) == 1);
  CHECK(next(1, SECOND) == 1 && next(1, SECOND) == 1);
}

/* As if each value came only after the one before has been taken. */
static void ever_longer_pauses_if_they_do_not_come(void) {
  anew();
  for (size_t pause = 1; pause < 200; pause *= 2) {
    CHECK(next(1, 10000) == 2);
    for (size_t i = 0; i < (pause < 64 ? pause : 64); i++) {
      CHECK(next(1, 10000) == 1);
    }
  }
  CHECK(next(1, 10000) == 2 && next(2, 10000) == 4); /* they do come: that is forgotten */
  CHECK(next(1, 10000) == 1 && next(1, 10000) == 2);
}

static void none_came(void) {
  anew();
  CHECK(next(1, 10000) == 2 && next(0, 0) == 1 && next(1, 10000) == 2);
}

int main(void) {
  begin();
  RUN(twice_as_many_each_time);
  RUN(no_more_than_come_in_its_time);
  RUN(ever_longer_pauses_if_they_do_not_come);
  RUN(none_came);
  return end();
}
