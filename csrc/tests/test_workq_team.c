/* test_workq_team.c: the queue with real workers: enough are woken, never too many, all leave. */
#include "team.h"

enum { WORKERS = 6, MOST_ITEMS = 2000 };

typedef struct {
  tm_item item;  /* first, so that an item's address is its job's */
  unsigned left; /* plain: how often a shared one is still to be put back */
} job;

static team crew;
static job jobs[MOST_ITEMS];
static tm_atomic_u32 gate, ran;

static void count_run(team *t, tm_item *item) {
  (void)t;
  (void)item;
  add(ran, 1);
}

static void set_latch(team *t, tm_item *item) {
  (void)t;
  tm_latch_set(&item->latch);
}

/* Does not end before WORKERS items run at the same time. */
static void meet_others(team *t, tm_item *item) {
  (void)t;
  meet(&gate, WORKERS);
  tm_latch_set(&item->latch);
}

static void fresh_crew(unsigned workers, int64_t look, void (*run)(team *, tm_item *)) {
  team_init(&crew, workers, look, run);
  poke(gate, 0);
  poke(ran, 0);
}

static void push_job(unsigned i) {
  tm_item_init(&jobs[i].item, false);
  CHECK(team_push(&crew, &jobs[i].item));
}

static void await(unsigned i) {
  tm_spin never = {0};
  CHECK(tm_latch_wait(&jobs[i].item.latch, tm_os_now() + 20 * SECOND, &never) == TM_WAIT_OK);
}

/* As many items as workers, each of which waits for all others: so all workers must be woken, in the
 * first round started, though a push wakes nobody while somebody searches. */
static void items_that_wait_for_each_other(int64_t look) {
  fresh_crew(WORKERS, look, meet_others);
  for (int round = 0; round < 2000 / SCALE; round++) {
    for (int i = 0; i < WORKERS; i++) {
      push_job(i);
    }
    for (int i = 0; i < WORKERS; i++) {
      await(i);
    }
  }
  CHECK(crew.started == WORKERS);
  tm_workq_close(&crew.queue);
  team_join(&crew);
}

static void enough_are_woken(void) {
  items_that_wait_for_each_other(0);
}

static void enough_are_woken_looking(void) {
  items_that_wait_for_each_other(MS / 100);
}

static tm_atomic_u32 pushers;

static void *push_one_each_round(void *arg) {
  (void)arg;
  unsigned me = add(pushers, 1);
  static tm_atomic_u32 pushing;
  for (int round = 0; round < 500 / SCALE; round++) {
    meet(&pushing, WORKERS);
    push_job(me);
    await(me);
  }
  return NULL;
}

/* The same, pushed by as many threads at once. */
static void enough_are_woken_by_a_crowd(void) {
  fresh_crew(WORKERS, 0, meet_others);
  poke(pushers, 0);
  crowd(WORKERS, push_one_each_round, NULL);
  tm_workq_close(&crew.queue);
  team_join(&crew);
}

/* The worker is about to sleep, or sleeps, when the next item comes. */
static void to_and_fro(int64_t look, unsigned workers) {
  fresh_crew(workers, look, set_latch);
  for (int i = 0; i < 10000 / SCALE; i++) {
    push_job(0);
    await(0);
  }
  tm_workq_close(&crew.queue);
  team_join(&crew);
}

static void one_at_a_time(void) {
  to_and_fro(0, 1);
  to_and_fro(0, 3);
}

static void one_at_a_time_looking(void) {
  to_and_fro(MS / 100, 1);
  to_and_fro(MS / 100, 3);
}

/* Places reserved before there is work; nobody is started beyond the limit (team_start checks). */
static void reserved_workers(void) {
  fresh_crew(WORKERS, 0, count_run);
  for (int i = 0; tm_workq_reserve(&crew.queue); i++) {
    CHECK(i < WORKERS);
    team_start(&crew, false);
  }
  for (int i = 0; i < MOST_ITEMS; i++) {
    push_job(i);
  }
  tm_workq_close(&crew.queue); /* what waits is still run */
  team_join(&crew);
  CHECK(peek(ran) == MOST_ITEMS && crew.started == WORKERS);
}

/* Close comes while workers are being started, run, look, go to sleep: they all run what there is, and
 * leave. */
static void all_leave_after_close(void) {
  for (int round = 0; round < 2000 / SCALE; round++) {
    unsigned items = round % 7, pause = round % 4;
    fresh_crew(1 + round % WORKERS, round % 2 * MS / 100, count_run);
    for (unsigned i = 0; i < items; i++) {
      push_job(i);
    }
    if (pause != 0) { /* if not, most are not even started yet */
      UNTIL(peek(ran) >= items * pause / 3);
    }
    tm_workq_close(&crew.queue);
    team_join(&crew);
    CHECK(peek(ran) == items);
  }
}

/* A shared item goes from worker to worker: out, back to the front, and the work is done outside. */
static void take_a_share(team *t, tm_item *item) {
  job *own = (job *)item;
  if (--own->left > 0) {
    CHECK(team_put_back(t, item));
  } else {
    tm_workq_forget(&t->queue);
  }
  add(ran, 1);
}

static void shared_items(void) {
  enum { ITEMS = 5, SHARES = 10000 / SCALE };
  fresh_crew(WORKERS, 0, take_a_share);
  for (int i = 0; i < ITEMS; i++) {
    tm_item_init(&jobs[i].item, true);
    jobs[i].left = SHARES;
    CHECK(team_push(&crew, &jobs[i].item));
  }
  tm_workq_close(&crew.queue); /* put_back goes on */
  team_join(&crew);
  CHECK(peek(ran) == ITEMS * SHARES);
}

int main(void) {
  begin();
  RUN(enough_are_woken);
  RUN(enough_are_woken_looking);
  RUN(enough_are_woken_by_a_crowd);
  RUN(one_at_a_time);
  RUN(one_at_a_time_looking);
  RUN(reserved_workers);
  RUN(all_leave_after_close);
  RUN(shared_items);
  return end();
}
