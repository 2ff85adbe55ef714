/* workq_crowd.c: the work queue while fewer workers are to be at work than there are (crowd.h). */
#include "workq_law.h"

/* How long a worker that keeps out of the way does so before it looks whether the others get on. */
enum { DOZE_NS = 250000 };

static size_t begun(tm_workq *queue) { /* under the lock */
  return queue->begun + atomic_load_explicit(&queue->inner, memory_order_relaxed);
}

static void look_around(tm_workq *queue, int64_t now) { /* under the lock */
  if (tm_crowd_is_due(&queue->crowd, now)) {
    tm_crowd_look(&queue->crowd, now, tm_os_cpu_now(), begun(queue), queue->at_work);
    note_crowd(queue);
  }
}

void tm_workq_look_around(tm_workq *queue, int64_t now) {
  tm_lock_acquire(&queue->lock);
  look_around(queue, now);
  tm_lock_release(&queue->lock);
}

bool tm_workq_step_aside(tm_worker *worker) {
  tm_workq *queue = worker->queue;
  tm_lock_acquire(&queue->lock);
  bool aside = !admits(queue, worker);
  if (aside) {
    set_at_work(worker, false);
  }
  tm_lock_release(&queue->lock);
  return aside;
}

void tm_guard(tm_workq *queue, tm_worker *worker) {
  tm_atomic_u32 nobody_wakes = 0;
  end_search(worker);
  worker->guards = queue->guarded = true;
  bool moves = queue->crowd.limit != TM_CROWD_ALL;
  while ((queue->items.first != NULL || moves) && !too_many(queue) && !worked_off(queue)) {
    /* While more are at work than may be, items only end. */
    size_t before = begun(queue) + queue->ended;
    bool waited = queue->items.first != NULL;
    tm_lock_release(&queue->lock);
    int64_t until = tm_os_now() + DOZE_NS, now;
    while ((now = tm_os_now()) < until) {
      tm_os_wait(&nobody_wakes, 0, until);
    }
    tm_lock_acquire(&queue->lock);
    bool same = begun(queue) + queue->ended == before;
    if (same && waited) {
      tm_crowd_stalled(&queue->crowd, now);
      note_crowd(queue);
    }
    look_around(queue, now);
    if (queue->items.first != NULL && admits(queue, worker) && !queue->searching) {
      worker->searching = queue->searching = TM_RULE(Q19);
      break;
    }
    moves = !same && queue->crowd.limit != TM_CROWD_ALL;
  }
  worker->guards = queue->guarded = false;
}
