/* test_atfork.c: a forked child finds the locks free, and what they protect whole. */
#include <sys/wait.h>
#include <unistd.h>

#include "atfork.h"
#include "check.h"

enum { LOCKS = 3, FORKS = 200 / SCALE };

static tm_lock locks[LOCKS];
static tm_atfork entries[LOCKS];
static unsigned pairs[LOCKS][2]; /* equal, but while the lock is held */
static tm_atomic_u32 over;

static void *change(void *arg) {
  unsigned i = *(unsigned *)arg;
  while (!peek(over)) {
    tm_lock_acquire(&locks[i]);
    pairs[i][0]++;
    pairs[i][1]++;
    tm_lock_release(&locks[i]);
  }
  return NULL;
}

static bool whole_in_child(void) {
  pid_t child = fork();
  if (child == 0) {
    for (unsigned i = 0; i < LOCKS; i++) {
      alarm(LIMIT); /* a lock that is held would be held for ever */
      tm_lock_acquire(&locks[i]);
      if (pairs[i][0] != pairs[i][1]) {
        _exit(1);
      }
      tm_lock_release(&locks[i]);
    }
    _exit(0);
  }
  int status = 1;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  return status == 0;
}

static void forks_among_busy_threads(void) {
  static unsigned numbers[LOCKS];
  pthread_t threads[2 * LOCKS];
  poke(over, false);
  for (unsigned i = 0; i < LOCKS; i++) {
    numbers[i] = i;
    tm_atfork_add(&entries[i], &locks[i]);
  }
  for (unsigned i = 0; i < 2 * LOCKS; i++) {
    threads[i] = start(change, &numbers[i % LOCKS]);
  }
  for (unsigned i = 0; i < FORKS; i++) {
    CHECK(whole_in_child());
  }
  poke(over, true);
  for (unsigned i = 0; i < 2 * LOCKS; i++) {
    join(threads[i]);
  }
  for (unsigned i = 0; i < LOCKS; i++) {
    tm_atfork_remove(&entries[(i + 1) % LOCKS]); /* in another order than they were added */
  }
}

/* A lock that is no longer listed is not touched: its memory may be gone. */
static void not_after_removal(void) {
  tm_atfork_add(&entries[0], &locks[0]);
  tm_atfork_add(&entries[1], &locks[1]);
  tm_atfork_remove(&entries[0]);
  tm_lock_acquire(&locks[0]); /* held: a fork that took it would hang */
  pid_t child = fork();
  if (child == 0) {
    _exit(atomic_load_explicit(&locks[0].word, memory_order_relaxed) == 1 ? 0 : 1);
  }
  int status = 1;
  CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  tm_lock_release(&locks[0]);
  tm_atfork_remove(&entries[1]);
}

int main(void) {
  begin();
  RUN(forks_among_busy_threads);
  RUN(not_after_removal);
  return end();
}
