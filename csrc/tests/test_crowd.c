/* test_crowd.c: when fewer workers are tried, what is kept, and when it ends. Time is made up. */
#include "check.h"

#include "crowd.h"

static tm_crowd trial;
static int64_t now, cpu;
static size_t begun;
static unsigned workers; /* that are at work if there is no limit */

static void fresh(unsigned n) {
  tm_crowd_init(&trial);
  now = SECOND;
  cpu = 0;
  begun = 0;
  workers = n;
}

static unsigned at_work(void) {
  return trial.limit < workers ? trial.limit : workers;
}

/* A span, after one that says little if something was changed, in which items begin at this rate in a second,
 * and so many percent of a CPU are used. */
static void span(unsigned rate, unsigned percent) {
  enum { LENGTH = 2 };
  bool little;
  do {
    little = trial.says_little;
    now += LENGTH * MS;
    cpu += LENGTH * MS * percent / 100;
    begun += little ? 0 : rate * LENGTH / 1000;
    CHECK(tm_crowd_is_due(&trial, now));
    tm_crowd_look(&trial, now, cpu, begun, at_work());
  } while (little);
}

/* Of short items, with all workers: until something is tried, in so many spans at most. */
static bool tries(unsigned rate, unsigned percent, unsigned spans) {
  while (spans-- > 0 && trial.phase == TM_CROWD_FREE) {
    span(rate, percent);
  }
  return trial.phase == TM_CROWD_TRIES;
}

static void the_first_that_is_not_slower_is_kept(void) {
  fresh(8);
  CHECK(tries(50000, 110, 5) && trial.limit == 1);
  span(30000, 110); /* worse */
  CHECK(trial.limit == 2);
  span(48000, 110); /* hardly */
  CHECK(trial.limit == 2 && trial.phase == TM_CROWD_HOLDS);
  for (int i = 0; i < 5; i++) {
    span(45000, 110);
    CHECK(trial.limit == 2);
  }
}

/* More and more rarely. */
static void what_was_found_is_tried_first_after_a_while(void) {
  the_first_that_is_not_slower_is_kept();
  for (int i = 0; i < 10; i++) {
    int64_t before = now;
    while (trial.phase == TM_CROWD_HOLDS) {
      span(50000, 110);
    }
    CHECK(trial.limit == TM_CROWD_ALL && now - before < SECOND / 2 && (i < 5 || now - before > SECOND / 5));
    CHECK(tries(50000, 110, 4) && trial.limit == 2);
    span(50000, 110);
    CHECK(trial.limit == 2 && trial.phase == TM_CROWD_HOLDS);
  }
}

static void all_are_back_if_fewer_are_slower(void) {
  fresh(8);
  CHECK(tries(50000, 110, 5));
  for (unsigned limit = 1; limit < 8; limit *= 2) {
    CHECK(trial.limit == limit);
    span(10000 + 5000 * limit, 110);
  }
  CHECK(trial.limit == TM_CROWD_ALL && trial.phase == TM_CROWD_FREE);
}

/* One is at work whenever somebody looks, and others are woken in between. */
static void the_most_count(void) {
  fresh(1);
  for (int i = 0; i < 10 && trial.phase == TM_CROWD_FREE; i++) {
    tm_crowd_note(&trial, 2);
    span(50000, 110);
  }
  CHECK(trial.phase == TM_CROWD_TRIES && trial.limit == 1 && trial.most == 2);
}

/* So that they cost less and less. */
static void tries_that_fail_become_rare(void) {
  fresh(2);
  int64_t last = 0, pause = 0;
  for (int i = 0; i < 8; i++) {
    CHECK(tries(50000, 100, 1000));
    CHECK(last == 0 || now - last >= pause);
    pause = last == 0 ? 0 : now - last;
    last = now;
    span(20000, 100);
    CHECK(trial.limit == TM_CROWD_ALL);
  }
  CHECK(pause > SECOND / 4 && pause < 3 * SECOND);
}

static void a_limit_ends_when_it_becomes_slow(void) {
  fresh(4);
  CHECK(tries(50000, 110, 5));
  span(60000, 100);
  CHECK(trial.limit == 1 && trial.phase == TM_CROWD_HOLDS);
  span(30000, 100);
  CHECK(trial.limit == TM_CROWD_ALL);
}

static void a_limit_ends_when_nothing_begins(void) {
  fresh(4);
  CHECK(tries(50000, 110, 5));
  tm_crowd_stalled(&trial, now);
  CHECK(trial.limit == TM_CROWD_ALL && !tries(50000, 110, 2));
  CHECK(tries(50000, 110, 10));
  span(60000, 100);
  tm_crowd_stalled(&trial, now);
  CHECK(trial.limit == TM_CROWD_ALL);
  tm_crowd_stalled(&trial, now); /* nothing to end */
  CHECK(tries(50000, 110, 20));
}

static void not_where_it_can_do_no_good(void) {
  fresh(8);
  CHECK(!tries(4000, 110, 100)); /* long items */
  fresh(8);
  CHECK(!tries(50000, 60, 100)); /* that block */
  fresh(8);
  CHECK(!tries(50000, 190, 100)); /* that compute side by side */
  fresh(1);
  CHECK(!tries(50000, 110, 100));
  for (workers = 2; workers < 100; workers++) { /* that still become more */
    CHECK(!tries(50000, 110, 1));
  }
}

static void spans_that_say_little_are_passed_over(void) {
  fresh(4);
  CHECK(tries(50000, 110, 5));
  span(30000, 110);
  CHECK(trial.phase == TM_CROWD_TRIES && trial.limit == 2 && trial.says_little);
  now += SECOND; /* nobody has looked: nothing was to be done */
  trial.says_little = false;
  tm_crowd_look(&trial, now, cpu, begun, 2);
  CHECK(trial.phase == TM_CROWD_TRIES && trial.limit == 2);
  CHECK(!tm_crowd_is_due(&trial, now));
  tm_crowd_look(&trial, now + 1, cpu, begun, 1); /* too early */
  CHECK(trial.phase == TM_CROWD_TRIES);
  span(60000, 110);
  CHECK(trial.phase == TM_CROWD_HOLDS);
}

int main(void) {
  begin();
  RUN(the_first_that_is_not_slower_is_kept);
  RUN(what_was_found_is_tried_first_after_a_while);
  RUN(all_are_back_if_fewer_are_slower);
  RUN(the_most_count);
  RUN(tries_that_fail_become_rare);
  RUN(a_limit_ends_when_it_becomes_slow);
  RUN(a_limit_ends_when_nothing_begins);
  RUN(not_where_it_can_do_no_good);
  RUN(spans_that_say_little_are_passed_over);
  return end();
}
