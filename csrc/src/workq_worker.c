/* workq_worker.c: the worker's side of the work queue. */
#include "workq_law.h"

/* How long a searcher that sees an item waits for its producer to yield: longer than the way from a
 * submit to the wait for its result, far shorter than a fight over the host language's lock. */
enum { GRACE_NS = 2000 };

static _Thread_local tm_worker *self;

tm_worker *tm_worker_self(void) {
  return self;
}

static void join_team(tm_workq *queue, tm_worker *worker) { /* under the lock */
  worker->next_worker = queue->team;
  worker->link = &queue->team;
  if (queue->team != NULL) {
    queue->team->link = &worker->next_worker;
  }
  queue->team = worker;
}

static void leave_team(tm_worker *worker) { /* under the lock */
  *worker->link = worker->next_worker;
  if (worker->next_worker != NULL) {
    worker->next_worker->link = worker->link;
  }
}

void tm_workq_enter(tm_workq *queue, tm_worker *worker, bool searching) {
  tm_parker_init(&worker->parker);
  worker->queue = queue;
  atomic_init(&worker->running, NULL);
  worker->nested = NULL;
  worker->leaving = worker->lends = worker->at_work = worker->guards = false;
  worker->coming = !searching;
  worker->searching = searching; /* if so, tm_recruit has set queue->searching on its behalf */
  tm_lock_acquire(&queue->lock);
  join_team(queue, worker);
  tm_lock_release(&queue->lock);
  self = worker;
}

void tm_workq_ended(tm_worker *worker) {
  /* relaxed, as all of these: others use the pointer alone, if the item may be gone by then. */
  atomic_store_explicit(&worker->running, NULL, memory_order_relaxed);
  /* For the compiler only: the item may be freed after this, not before, in the copy of the memory that a
   * fork makes. The fork write-protects page after page, so it cannot see the second without the first. */
  atomic_signal_fence(memory_order_release);
}

tm_item *tm_workq_pop(tm_workq *queue, tm_worker *worker, bool *start) {
  tm_worker *woken = NULL;
  *start = false;
  tm_lock_acquire(&queue->lock);
  if (worker->coming) {
    worker->coming = false;
    has_come(queue);
  }
  worker->leaving = too_many(queue);
  bool refused = !admits(queue, worker);
  tm_item *item = worker->leaving || refused ? NULL : tm_fifo_take(&queue->items);
  atomic_store_explicit(&worker->running, item, memory_order_relaxed);
  queue->ended += worker->at_work;
  set_at_work(worker, item != NULL);
  if (item != NULL) {
    add_length(queue, -1);
    queue->begun++;
    queue->held += item->shared;
    if (worker->searching || is_closed(queue)) { /* no other find can break the law */
      end_search(worker);
      if (TM_RULE(Q4)) {
        woken = tm_recruit(queue, start);
      }
    }
  } else if (refused && queue->items.first != NULL) {
    end_search(worker);
    if (!queue->guarded && TM_RULE(Q17)) {
      queue->guarded = worker->guards = true;
    }
  } else {
    /* Not if an imap is out: it waits for its consumer, who is no slower with one worker than with many. */
    queue->crowd.says_little |= queue->at_work == 0 && queue->held == 0;
    if (!queue->searching) {
      /* Here and not in the wait: what this worker does in between, such as publishing a result, may
       * bring a push, which must not wake another worker while this one is awake. */
      worker->searching = queue->searching = true;
    }
  }
  tm_lock_release(&queue->lock);
  tm_unpark_all(woken);
  return item;
}

static void take_place_back(tm_worker *worker) { /* under the lock */
  worker->queue->lent -= worker->lends;
  worker->lends = false;
}

bool tm_workq_lend(tm_worker *worker, bool *start) {
  tm_workq *queue = worker->queue;
  tm_worker *woken = NULL;
  *start = false;
  tm_lock_acquire(&queue->lock);
  bool lends = !worker->lends;
  if (lends) {
    worker->lends = true;
    queue->lent++;
    set_at_work(worker, false);
    woken = tm_recruit(queue, start);
  }
  tm_lock_release(&queue->lock);
  tm_unpark_all(woken);
  return lends;
}

void tm_workq_return(tm_worker *worker) {
  tm_workq *queue = worker->queue;
  tm_lock_acquire(&queue->lock);
  take_place_back(worker);
  tm_worker *woken = too_many(queue) && TM_RULE(Q15) ? tm_idle_pop(&queue->idle) : NULL;
  if (woken != NULL) {
    woken->below = NULL;
  }
  tm_lock_release(&queue->lock);
  tm_unpark_all(woken);
}

/* Looks for an item without the lock. The caller is the searcher. */
static bool look(tm_workq *queue) {
  bool seen;
  tm_spinner spinner = tm_spin_begin(queue->spin);
  while (!(seen = tm_workq_length(queue) != 0) && !is_closed(queue) && tm_spin_again(&spinner)) {
  }
  tm_spin_end(queue->spin, seen);
  if (seen && queue->yielded != NULL) {
    int64_t until = tm_os_now() + GRACE_NS;
    while (atomic_load_explicit(queue->yielded, memory_order_relaxed) == 0 && tm_os_now() < until) {
      tm_cpu_relax();
    }
  }
  return seen;
}

/* What a wait does after the look, under the lock, which it releases; unless *again: then it has slept, may
 * work no more than before, and holds the lock. */
static bool wait_once(tm_workq *queue, tm_worker *worker, bool *again) {
  if (worker->guards || (TM_RULE(Q18) && !queue->guarded && !admits(queue, worker))) {
    tm_guard(queue, worker);
  }
  take_place_back(worker); /* the job has not done so: a generator that nobody has closed */
  bool leaves = too_many(queue);
  if (TM_RULE(Q5) && queue->items.first != NULL && !leaves &&
      admits(queue, worker)) { /* perhaps pushed by a thread that saw this searcher */
    tm_lock_release(&queue->lock);
    return true;
  }
  end_search(worker);
  leaves = leaves || worked_off(queue);
  tm_worker *woken = NULL;
  if (leaves) {
    bool start; /* false: the place that is given up was one too many, or there is nothing to do */
    queue->workers--;
    leave_team(worker);
    self = NULL;
    woken = TM_RULE(Q14) ? tm_recruit(queue, &start) : NULL;
  } else {
    tm_idle_push(&queue->idle, worker);
  }
  tm_lock_release(&queue->lock);
  tm_unpark_all(woken);
  if (leaves) {
    return false;
  }
  tm_parker_park(&worker->parker);
  tm_lock_acquire(&queue->lock);
  *again = !admits(queue, worker);
  if (!*again) {
    tm_lock_release(&queue->lock);
  }
  return true;
}

bool tm_workq_wait(tm_workq *queue, tm_worker *worker) {
  if (worker->searching && !worker->leaving && look(queue)) {
    return true;
  }
  tm_lock_acquire(&queue->lock);
  bool again, stays;
  do { /* and no pop in between: its caller would first take the lock of the host language */
    again = false;
    stays = wait_once(queue, worker, &again);
  } while (again);
  return stays;
}

void tm_workq_pay(tm_workq *queue, tm_latch **owed) {
  tm_latch *latch = *owed;
  tm_lock_acquire(&queue->lock); /* which a fork takes too (atfork.h) */
  bool wake = tm_latch_set_quietly(latch);
  *owed = NULL;
  tm_lock_release(&queue->lock);
  if (wake) {
    tm_latch_wake(latch);
  }
}

tm_item *tm_workq_after_fork(tm_workq *queue, tm_worker **lost) {
  tm_item *items = queue->items.first;
  *lost = queue->team;
  queue->items = (tm_fifo){0};
  atomic_store_explicit(&queue->length, 0, memory_order_relaxed);
  queue->idle.top = NULL;
  queue->team = NULL;
  queue->workers = queue->coming = queue->held = queue->lent = queue->at_work = 0;
  queue->searching = queue->guarded = false;
  tm_crowd_init(&queue->crowd);
  note_crowd(queue);
  if (self != NULL && self->queue == queue) {
    if (*lost == self) {
      *lost = self->next_worker;
    } else {
      leave_team(self);
    }
    self->searching = false;
    join_team(queue, self);
    self->guards = false;
    queue->workers = 1;
    queue->at_work = self->at_work;
    queue->lent = self->lends;
    tm_item *running = atomic_load_explicit(&self->running, memory_order_relaxed);
    queue->held = running != NULL && running->shared;
  }
  return items;
}
