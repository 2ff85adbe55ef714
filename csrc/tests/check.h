/* check.h: the whole test framework. Include it first.
 *
 * main is: begin(); RUN(a_test); ...; return end(); A program that takes longer than LIMIT seconds is
 * killed by its alarm, and the last line that it printed names the test. */
#ifndef CHECK_H
#define CHECK_H

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os_wait.h"

#ifndef LIMIT
#define LIMIT 60
#endif
#ifndef SCALE
#define SCALE 1 /* how many times fewer rounds; 10 under sanitizers */
#endif
#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

/* All relaxed: a test's own bookkeeping must not give the threads an order that the core failed to
 * give them, or the thread sanitizer would not see the failure. */
#define peek(atomic) atomic_load_explicit(&(atomic), memory_order_relaxed)
#define poke(atomic, value) atomic_store_explicit(&(atomic), value, memory_order_relaxed)
#define add(atomic, value) atomic_fetch_add_explicit(&(atomic), value, memory_order_relaxed)

#define CHECK(what) ((what) ? (void)0 : fail(__FILE__, __LINE__, #what))
/* Waits for what other threads will make true. */
#define UNTIL(what)                                               \
  for (int64_t limit_ = tm_os_now() + 20 * SECOND; !(what);) {    \
    sched_yield();                                                \
    if (tm_os_now() > limit_) {                                   \
      fail(__FILE__, __LINE__, "20 seconds passed until " #what); \
    }                                                             \
  }
#define RUN(test) (printf("  %s: ", #test), test(), puts("passed"), passed++)

static unsigned passed;

static inline _Noreturn void fail(const char *file, int line, const char *what) {
  printf("FAILED\n%s:%d: %s\n%u passed, 1 failed\n", file, line, what, passed);
  _exit(1); /* other threads still run: leave them no time to touch anything */
}

#if defined(_WIN32) /* which has no alarm */
static void *ring(void *seconds) {
  sleep(*(unsigned *)seconds);
  _exit(142);
}

static inline void alarm(unsigned seconds) {
  static unsigned limit;
  pthread_t thread;
  limit = seconds;
  CHECK(pthread_create(&thread, NULL, ring, &limit) == 0);
}
#endif

static inline void begin(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  alarm(LIMIT);
}

static inline int end(void) {
  printf("%u passed, 0 failed\n", passed);
  return 0;
}

static inline pthread_t start(void *(*run)(void *), void *arg) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, run, arg) == 0);
  return thread;
}

static inline void join(pthread_t thread) {
  CHECK(pthread_join(thread, NULL) == 0);
}

/* Runs the function on so many threads at once. */
static inline void crowd(unsigned threads, void *(*run)(void *), void *arg) {
  pthread_t all[64];
  for (unsigned i = 0; i < threads; i++) {
    all[i] = start(run, arg);
  }
  for (unsigned i = 0; i < threads; i++) {
    join(all[i]);
  }
}

/* A barrier: nobody goes on before `threads` threads have come, any number of times. */
static inline void meet(tm_atomic_u32 *come, uint32_t threads) {
  uint32_t round = atomic_fetch_add_explicit(come, 1, memory_order_acq_rel) / threads + 1;
  UNTIL(atomic_load_explicit(come, memory_order_acquire) >= round * threads);
}

#endif
