/* test_os_wait.c: what os_wait.h promises, on the back end that was built. */
#include "check.h"

#include <signal.h>

enum { SLEEPERS = 6 };

static tm_atomic_u32 word, woken;

static bool does_not_sleep(uint32_t expected, int64_t deadline) {
  tm_wait_result result = tm_os_wait(&word, expected, deadline);
  return result == TM_WAIT_AGAIN || result == TM_WAIT_OK; /* not all systems tell them apart */
}

static void another_value(void) {
  poke(word, 1);
  CHECK(does_not_sleep(2, TM_FOREVER));
  CHECK(does_not_sleep(0, tm_os_now() + 10 * SECOND));
}

static void deadlines(void) {
  tm_wait_result result;
  poke(word, 1);
  int64_t start = tm_os_now(), deadline = start + 20 * MS;
  while ((result = tm_os_wait(&word, 1, deadline)) == TM_WAIT_OK) {
  }
  CHECK(result == TM_WAIT_TIMEOUT);
  CHECK(tm_os_now() >= deadline);
  CHECK(tm_os_now() < start + 10 * SECOND);
  for (deadline = 0; deadline < start; deadline += start / 3) { /* the past: at once */
    while ((result = tm_os_wait(&word, 1, deadline)) == TM_WAIT_OK) {
    }
    CHECK(result == TM_WAIT_TIMEOUT);
  }
}

static void clock_and_cpus(void) {
  int64_t now = tm_os_now();
  CHECK(now > 0);
  for (int i = 0; i < 10000; i++) {
    int64_t later = tm_os_now();
    CHECK(later >= now);
    now = later;
  }
  CHECK(tm_os_cpus() >= 1);
#if defined(__linux__)
  cpu_set_t before, one;
  CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(tm_os_cpus() == 1);
  CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
  CHECK(tm_os_cpus() == (unsigned)CPU_COUNT(&before));
#endif
}

static void *sleep_on_word(void *arg) {
  (void)arg;
  while (peek(word) == 0) {
    CHECK(tm_os_wait(&word, 0, tm_os_now() + 20 * SECOND) != TM_WAIT_TIMEOUT);
  }
  add(woken, 1);
  return NULL;
}

static void wake(bool one_by_one) {
  pthread_t all[SLEEPERS];
  for (int round = 0; round < 200 / SCALE; round++) {
    poke(word, 0);
    poke(woken, 0);
    for (int i = 0; i < SLEEPERS; i++) {
      all[i] = start(sleep_on_word, NULL);
    }
    poke(word, 1);
    if (one_by_one) { /* each wakes at least one of those that still sleep */
      for (int i = 0; i < SLEEPERS; i++) {
        tm_os_wake_one(&word);
      }
    } else {
      tm_os_wake_all(&word);
    }
    for (int i = 0; i < SLEEPERS; i++) {
      join(all[i]);
    }
    CHECK(peek(woken) == SLEEPERS);
  }
}

static void wake_one(void) {
  wake(true);
}

static void wake_all(void) {
  wake(false);
}

/* Two threads hand the word to and fro: each sleeps in nearly every round, so that a wake which is
 * lost between the comparison and the falling asleep shows as a time-out. */
static void *hand_over(void *arg) {
  uint32_t parity = *(uint32_t *)arg;
  for (uint32_t i = parity; i < 20000 / SCALE; i += 2) {
    for (uint32_t seen; (seen = peek(word)) != i;) {
      CHECK(tm_os_wait(&word, seen, tm_os_now() + 20 * SECOND) != TM_WAIT_TIMEOUT);
    }
    poke(word, i + 1);
    tm_os_wake_one(&word);
  }
  return NULL;
}

static void no_wake_is_lost(void) {
  uint32_t parity[2] = {0, 1};
  poke(word, 0);
  pthread_t other = start(hand_over, &parity[1]);
  hand_over(&parity[0]);
  join(other);
}

#if defined(__linux__) && !defined(THREADMILL_OS_WAIT_PTHREAD)
static tm_atomic_u32 interrupted;

static void handler(int signal) {
  (void)signal;
}

static void *sleep_until_signal(void *deadline) {
  tm_wait_result result;
  while ((result = tm_os_wait(&word, 0, *(int64_t *)deadline)) == TM_WAIT_OK) {
  }
  CHECK(result == TM_WAIT_INTR);
  poke(interrupted, 1);
  return NULL;
}

static void signals(void) {
  struct sigaction action = {.sa_handler = handler}; /* without SA_RESTART, as Python's are */
  int64_t deadlines[] = {TM_FOREVER, tm_os_now() + 50 * SECOND};
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
  poke(word, 0);
  for (int i = 0; i < 2; i++) {
    poke(interrupted, 0);
    pthread_t sleeper = start(sleep_until_signal, &deadlines[i]);
    /* A signal before the sleep is lost on it, and from here nobody sees when it sleeps: so many. */
    UNTIL((pthread_kill(sleeper, SIGUSR1), peek(interrupted)));
    join(sleeper);
  }
}
#endif

int main(void) {
  begin();
  RUN(another_value);
  RUN(deadlines);
  RUN(clock_and_cpus);
  RUN(wake_one);
  RUN(wake_all);
  RUN(no_wake_is_lost);
#if defined(__linux__) && !defined(THREADMILL_OS_WAIT_PTHREAD)
  RUN(signals);
#endif
  return end();
}
