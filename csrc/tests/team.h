/* team.h: real workers on a queue, started as its calls ask for them. The tests that need them give
 * what an item does. */
#ifndef TEAM_H
#define TEAM_H

#include "check.h"

#include "workq.h"

enum { MAX_TEAM = 64 };

typedef struct team {
  tm_workq queue;
  tm_spin spin;
  void (*run)(struct team *team, tm_item *item);
  void (*desert)(struct team *team, tm_item *items); /* what is to be done with items that are stranded */
  unsigned fail_every;                               /* one start in so many fails; 0: none */
  tm_atomic_u32 starts, alive;                       /* the threads that live, not counted by the queue */
  pthread_mutex_t mutex;
  unsigned started;            /* under mutex */
  pthread_t threads[MAX_TEAM]; /* under mutex; a place is used once */
} team;

static inline void team_init(team *t, unsigned max_workers, int64_t look, void (*run)(team *, tm_item *)) {
  CHECK(max_workers <= MAX_TEAM);
  t->run = run;
  t->desert = NULL;
  t->fail_every = t->started = 0;
  poke(t->starts, 0);
  poke(t->alive, 0);
  CHECK(pthread_mutex_init(&t->mutex, NULL) == 0);
  tm_spin_init(&t->spin, look);
  tm_workq_init(&t->queue, max_workers, &t->spin, NULL);
}

static inline void team_start(team *t, bool searching);

static inline void team_work(team *t, bool searching) {
  tm_worker worker;
  bool starts;
  tm_workq_enter(&t->queue, &worker, searching);
  do {
    for (tm_item *item; (item = tm_workq_pop(&t->queue, &worker, &starts)) != NULL;) {
      if (starts) {
        team_start(t, true);
      }
      t->run(t, item);
    }
    CHECK(!starts);
  } while (tm_workq_wait(&t->queue, &worker));
  add(t->alive, -1);
}

static void *team_searcher(void *arg) {
  team_work(arg, true);
  return NULL;
}

static void *team_worker(void *arg) {
  team_work(arg, false);
  return NULL;
}

/* Starts the thread for a place that the queue has reserved, or fails to. */
static inline void team_start(team *t, bool searching) {
  if (t->fail_every != 0 && add(t->starts, 1) % t->fail_every == t->fail_every - 1) {
    tm_item *stranded;
    if (!tm_workq_start_failed(&t->queue, searching, &stranded)) {
      t->desert(t, stranded);
    }
    return;
  }
  CHECK(add(t->alive, 1) < t->queue.max_workers);
  pthread_mutex_lock(&t->mutex);
  CHECK(t->started < MAX_TEAM);
  t->threads[t->started++] = start(searching ? team_searcher : team_worker, t);
  pthread_mutex_unlock(&t->mutex);
}

static inline bool team_push(team *t, tm_item *item) {
  tm_push_result result = tm_workq_push(&t->queue, item);
  if (result == TM_START) {
    team_start(t, true);
  }
  return result != TM_REFUSED;
}

static inline bool team_put_back(team *t, tm_item *item) {
  tm_push_result result = tm_workq_put_back(&t->queue, item);
  if (result == TM_START) {
    team_start(t, true);
  }
  return result != TM_REFUSED;
}

static inline unsigned team_idle(team *t) {
  unsigned workers, idle;
  tm_workq_count(&t->queue, &workers, &idle);
  return idle;
}

/* Waits for all workers of a queue that has been closed, and checks that nothing is left. */
static inline void team_join(team *t) {
  for (unsigned i = 0;; i++) { /* a worker that starts another one does so before it ends itself */
    pthread_mutex_lock(&t->mutex);
    bool all = i == t->started;
    pthread_t thread = all ? pthread_self() : t->threads[i];
    pthread_mutex_unlock(&t->mutex);
    if (all) {
      break;
    }
    join(thread);
  }
  unsigned workers, idle;
  tm_workq_count(&t->queue, &workers, &idle);
  CHECK(workers == 0 && idle == 0 && peek(t->alive) == 0);
  CHECK(tm_workq_length(&t->queue) == 0 && t->queue.items.first == NULL && t->queue.held == 0);
  CHECK(!t->queue.searching);
  pthread_mutex_destroy(&t->mutex);
  tm_workq_destroy(&t->queue);
}

#endif
