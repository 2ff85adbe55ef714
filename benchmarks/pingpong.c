/* The floor of a round trip: two threads that hand one word to each other, without Python.
 *
 *     pingpong sleep|spin TRIPS
 *
 * prints the median, the 99th percentile and the CPU time of a trip, in ns. `sleep` sleeps on the word
 * (os_wait.h), `spin` looks at it until it changes, letting others run where there is one CPU only. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "os_wait.h"

enum { PING, PONG };

static tm_atomic_u32 ball;
static bool sleeps, alone;
static long trips;

static void wait_for(uint32_t side) {
  uint32_t seen;
  /* acquire: pairs with the release in send_to */
  while ((seen = atomic_load_explicit(&ball, memory_order_acquire)) != side) {
    if (sleeps) {
      tm_os_wait(&ball, seen, TM_FOREVER);
    } else if (alone) {
      sched_yield();
    } else {
      tm_cpu_relax();
    }
  }
}

static void send_to(uint32_t side) {
  /* release: pairs with the acquire in wait_for */
  atomic_store_explicit(&ball, side, memory_order_release);
  if (sleeps) {
    tm_os_wake_one(&ball);
  }
}

static void *return_balls(void *unused) {
  for (long i = 0; i < trips; i++) {
    wait_for(PONG);
    send_to(PING);
  }
  return unused;
}

static int by_size(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  trips = argc == 3 ? atol(argv[2]) : 0;
  if (trips < 1) {
    fprintf(stderr, "pingpong sleep|spin TRIPS\n");
    return 2;
  }
  sleeps = strcmp(argv[1], "sleep") == 0;
  alone = tm_os_cpus() == 1;
  int64_t *times = malloc((size_t)trips * sizeof *times);
  pthread_t other;
  if (times == NULL || pthread_create(&other, NULL, return_balls, NULL) != 0) {
    return 1;
  }
  clock_t cpu = clock();
  int64_t before = tm_os_now();
  for (long i = 0; i < trips; i++) {
    send_to(PONG);
    wait_for(PING);
    int64_t now = tm_os_now();
    times[i] = now - before;
    before = now;
  }
  cpu = clock() - cpu;
  pthread_join(other, NULL);
  qsort(times, (size_t)trips, sizeof *times, by_size);
  printf("%lld %lld %.1f\n", (long long)times[trips / 2], (long long)times[trips * 99 / 100],
         (double)cpu / CLOCKS_PER_SEC * 1e9 / (double)trips);
  free(times);
  return 0;
}
