/* os_wait_pthread.c: os_wait.h on mutexes and condition variables, for any POSIX system.
 *
 * Words hash to 64 buckets. A wake broadcasts to its bucket, so waiters of other words in it wake
 * spuriously, which os_wait.h allows: slow, simple and correct. The buckets are the core's only
 * static; they hold no state between calls, so sharing them between interpreters is harmless. */
#include "os_wait.h"

#include <errno.h>
#include <pthread.h>

#include "os_wait_posix.h"

const bool tm_os_interrupts = false; /* pthread_cond_wait goes on after a signal */

enum { BUCKETS = 64 };

static struct bucket {
  pthread_mutex_t mutex;
  pthread_cond_t cond;
} buckets[BUCKETS];

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_buckets(void) {
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
#if !defined(__APPLE__)
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
#endif
  for (int i = 0; i < BUCKETS; i++) {
    pthread_mutex_init(&buckets[i].mutex, NULL);
    pthread_cond_init(&buckets[i].cond, &attr);
  }
  pthread_condattr_destroy(&attr);
}

static struct bucket *bucket_of(tm_atomic_u32 *word) {
  pthread_once(&once, init_buckets);
  return &buckets[((uintptr_t)word >> 4) % BUCKETS];
}

static int timed_wait(struct bucket *bucket, int64_t deadline) {
#if defined(__APPLE__) /* no condattr_setclock there, but a relative wait */
  int64_t left = deadline - tm_os_now();
  struct timespec relative = timespec_of(left > 0 ? left : 0);
  return pthread_cond_timedwait_relative_np(&bucket->cond, &bucket->mutex, &relative);
#else
  struct timespec until = timespec_of(deadline);
  return pthread_cond_timedwait(&bucket->cond, &bucket->mutex, &until);
#endif
}

tm_wait_result tm_os_wait(tm_atomic_u32 *word, uint32_t expected, int64_t deadline) {
  struct bucket *bucket = bucket_of(word);
  tm_wait_result result = TM_WAIT_AGAIN;
  pthread_mutex_lock(&bucket->mutex);
  /* The waker changes the word, then takes this mutex: either the change is seen here, or the
   * broadcast comes after the wait has begun. */
  if (atomic_load_explicit(word, memory_order_relaxed) == expected) {
    int error = deadline == TM_FOREVER ? pthread_cond_wait(&bucket->cond, &bucket->mutex)
                                       : timed_wait(bucket, deadline);
    result = error == ETIMEDOUT && tm_os_now() >= deadline ? TM_WAIT_TIMEOUT : TM_WAIT_OK;
  }
  pthread_mutex_unlock(&bucket->mutex);
  return result;
}

void tm_os_wake_all(tm_atomic_u32 *word) {
  struct bucket *bucket = bucket_of(word);
  pthread_mutex_lock(&bucket->mutex);
  pthread_cond_broadcast(&bucket->cond);
  pthread_mutex_unlock(&bucket->mutex);
}

void tm_os_wake_one(tm_atomic_u32 *word) {
  tm_os_wake_all(word); /* the bucket may hold waiters of other words: one signal could miss ours */
}

void tm_os_after_fork(void) {
  pthread_once(&once, init_buckets);
  init_buckets(); /* anew: a thread that is not here may have held one */
}
