/* test_idle_cpu.c: who waits sleeps: the CPU that the process uses shows waits that only seem to. */
#include "team.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <sys/resource.h>
#endif
#include <time.h>

#include "outbox.h"

enum { WORKERS = 8, WINDOW_MS = 300 };

typedef struct {
  int64_t cpu;
  long switches;
} usage;

#if defined(_WIN32)
static int64_t ns(FILETIME time) {
  return ((int64_t)time.dwHighDateTime << 32 | time.dwLowDateTime) * 100;
}

static usage used(void) {
  FILETIME begun, ended, kernel, user;
  CHECK(GetProcessTimes(GetCurrentProcess(), &begun, &ended, &kernel, &user));
  return (usage){.cpu = ns(kernel) + ns(user)}; /* the switches are not counted there */
}
#else
static usage used(void) {
  struct rusage usage_now;
  CHECK(getrusage(RUSAGE_SELF, &usage_now) == 0);
  return (usage){
      .cpu = ((int64_t)usage_now.ru_utime.tv_sec + usage_now.ru_stime.tv_sec) * SECOND +
             ((int64_t)usage_now.ru_utime.tv_usec + usage_now.ru_stime.tv_usec) * 1000,
      .switches = usage_now.ru_nvcsw,
  };
}
#endif

/* Time passes, and next to nothing happens. Sanitizers have threads of their own that wake up. */
static void check_quiet(void) {
  struct timespec window = {.tv_nsec = WINDOW_MS * MS}, settle = {.tv_nsec = 20 * MS};
  nanosleep(&settle, NULL); /* all have been seen on their way to sleep: let them get there */
  usage before = used();
  nanosleep(&window, NULL);
  usage after = used();
  CHECK(after.cpu - before.cpu < 15 * MS); /* 5 % of one CPU, for all threads together */
  CHECK(after.switches - before.switches < 30);
}

static void set_latch(team *t, tm_item *item) {
  (void)t;
  tm_latch_set(&item->latch);
}

static void parked_workers(void) {
  static team crew;
  team_init(&crew, WORKERS, MS / 100, set_latch);
  while (tm_workq_reserve(&crew.queue)) {
    team_start(&crew, false);
  }
  UNTIL(team_idle(&crew) == WORKERS);
  check_quiet();
  tm_item item; /* and again after some work */
  for (int i = 0; i < 1000; i++) {
    tm_item_init(&item, false);
    CHECK(team_push(&crew, &item));
    CHECK(tm_latch_wait(&item.latch, tm_os_now() + 20 * SECOND, &crew.spin) == TM_WAIT_OK);
  }
  UNTIL(team_idle(&crew) == WORKERS);
  check_quiet();
  tm_workq_close(&crew.queue);
  team_join(&crew);
}

/* Closed, but a shared item is still out: the workers may be needed, and wait for it without noise. */
static void workers_of_a_closed_queue(void) {
  static team crew;
  tm_item item;
  bool starts;
  tm_item *stranded;
  tm_worker self;
  team_init(&crew, WORKERS, MS / 100, set_latch);
  tm_item_init(&item, true);
  CHECK(tm_workq_push(&crew.queue, &item) == TM_START);
  tm_workq_enter(&crew.queue, &self, true);
  CHECK(tm_workq_pop(&crew.queue, &self, &starts) == &item);
  CHECK(tm_workq_start_failed(&crew.queue, false, &stranded) ==
        false); /* our own place: it is not a worker's */
  while (tm_workq_reserve(&crew.queue)) {
    team_start(&crew, false);
  }
  tm_workq_close(&crew.queue);
  UNTIL(team_idle(&crew) == WORKERS);
  check_quiet();
  tm_workq_forget(&crew.queue);
  team_join(&crew);
}

static tm_latch latch;
static tm_outbox box;
static tm_spin spin;
static tm_lock lock;
static tm_parker parker;

static void *wait_for_latch(void *arg) {
  CHECK(tm_latch_wait(&latch, arg != NULL ? tm_os_now() + 50 * SECOND : TM_FOREVER, &spin) == TM_WAIT_OK);
  return NULL;
}

static void *wait_for_value(void *arg) {
  void *value;
  bool unblocked;
  while (tm_outbox_take(&box, &value, &unblocked) != TM_OUT_END) {
    CHECK(tm_outbox_wait(&box, tm_outbox_epoch(&box), arg != NULL ? tm_os_now() + 50 * SECOND : TM_FOREVER,
                         &spin) != TM_WAIT_TIMEOUT);
  }
  return NULL;
}

static void *wait_for_lock(void *arg) {
  (void)arg;
  tm_lock_acquire(&lock);
  tm_lock_release(&lock);
  return NULL;
}

static void *wait_for_token(void *arg) {
  (void)arg;
  tm_parker_park(&parker);
  return NULL;
}

static unsigned waiters_of_box(void) {
  tm_lock_acquire(&box.lock);
  unsigned waiters = box.waiters;
  tm_lock_release(&box.lock);
  return waiters;
}

static void other_waits(void) {
  tm_spin_init(&spin, MS / 100);
  tm_outbox_init(&box, 1);
  tm_parker_init(&parker);
  tm_lock_acquire(&lock);
  pthread_t all[] = {
      start(wait_for_latch, NULL), start(wait_for_latch, &latch), start(wait_for_value, NULL),
      start(wait_for_value, &box), start(wait_for_lock, NULL),    start(wait_for_token, NULL),
  };
  UNTIL(peek(latch.word) / TM_LATCH_WAITER == 2 && waiters_of_box() == 2);
  UNTIL(peek(lock.word) == 2 && peek(parker.word) == UINT32_MAX);
  CHECK(tm_latch_hold_waiters(&latch)); /* held, they sleep as well */
  check_quiet();
  tm_latch_set(&latch);
  tm_outbox_end(&box, false);
  tm_lock_release(&lock);
  tm_parker_unpark(&parker);
  for (int i = 0; i < 6; i++) {
    join(all[i]);
  }
  tm_outbox_free(&box);
}

int main(void) {
  begin();
  RUN(parked_workers);
  RUN(workers_of_a_closed_queue);
  RUN(other_waits);
  return end();
}
