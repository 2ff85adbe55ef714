#include "workq_law.h"

void tm_workq_init(tm_workq *queue, unsigned max_workers, tm_spin *spin, tm_atomic_size *yielded) {
  *queue = (tm_workq){.max_workers = max_workers, .spin = spin, .yielded = yielded};
  tm_crowd_init(&queue->crowd);
  tm_atfork_add(&queue->atfork, &queue->lock);
}

void tm_workq_destroy(tm_workq *queue) {
  tm_atfork_remove(&queue->atfork);
}

static bool may_start(tm_workq *queue) {
  return queue->workers < (size_t)queue->max_workers + queue->lent;
}

tm_worker *tm_recruit(tm_workq *queue, bool *start) {
  *start = false;
  if (worked_off(queue)) { /* so that they leave */
    tm_worker *all = TM_RULE(Q9) ? queue->idle.top : NULL;
    queue->idle.top = NULL;
    return all;
  }
  if ((queue->searching && TM_RULE(Q2)) || queue->items.first == NULL ||
      ((queue->guarded || !TM_RULE(Q16)) && queue->at_work >= queue->crowd.limit)) {
    return NULL;
  }
  tm_worker *worker = tm_idle_pop(&queue->idle);
  if (worker != NULL) {
    worker->below = NULL;
    worker->searching = queue->searching = true;
    tm_crowd_note(&queue->crowd, queue->at_work + 1);
  } else if (may_start(queue) && tm_workq_length(queue) > queue->coming) {
    queue->workers++;
    queue->searching = *start = true;
  }
  return worker;
}

void tm_unpark_all(tm_worker *worker) {
  while (worker != NULL) {
    tm_worker *below = worker->below; /* read first: an unparked worker may be gone at once */
    if (TM_RULE(Q6)) {
      tm_parker_unpark(&worker->parker);
    }
    worker = below;
  }
}

static tm_push_result add(tm_workq *queue, tm_item *item, bool back) {
  tm_lock_acquire(&queue->lock);
  if (back ? queue->drained && TM_RULE(Q13) : is_closed(queue)) {
    tm_lock_release(&queue->lock);
    return TM_REFUSED;
  }
  if (back) {
    tm_fifo_prepend(&queue->items, item);
    not_held(queue);
  } else {
    tm_fifo_append(&queue->items, item);
  }
  add_length(queue, 1);
  bool start;
  tm_worker *woken = tm_recruit(queue, &start);
  tm_lock_release(&queue->lock);
  tm_unpark_all(woken);
  return start ? TM_START : TM_PUSHED;
}

tm_push_result tm_workq_push(tm_workq *queue, tm_item *item) {
  return add(queue, item, false);
}

tm_push_result tm_workq_put_back(tm_workq *queue, tm_item *item) {
  return add(queue, item, true);
}

/* Releases the lock after a change that brings no items, and wakes the sleepers if it was the last. */
static void release_and_dismiss(tm_workq *queue) {
  bool start;
  tm_worker *woken = worked_off(queue) ? tm_recruit(queue, &start) : NULL;
  tm_lock_release(&queue->lock);
  tm_unpark_all(woken);
}

tm_item *tm_workq_take(tm_workq *queue) {
  tm_item *item = NULL;
  tm_lock_acquire(&queue->lock);
  if (queue->items.first != NULL) {
    item = tm_fifo_take(&queue->items);
    add_length(queue, -1);
  }
  release_and_dismiss(queue);
  return item;
}

bool tm_workq_take_this(tm_workq *queue, tm_item *item) {
  tm_lock_acquire(&queue->lock);
  bool found = tm_fifo_remove(&queue->items, item);
  if (found) {
    add_length(queue, -1);
    queue->held += item->shared;
  }
  tm_lock_release(&queue->lock);
  return found;
}

void tm_workq_forget(tm_workq *queue) {
  tm_lock_acquire(&queue->lock);
  not_held(queue);
  if (TM_RULE(Q11)) {
    release_and_dismiss(queue);
  } else {
    tm_lock_release(&queue->lock);
  }
}

bool tm_workq_reserve(tm_workq *queue) {
  tm_lock_acquire(&queue->lock);
  bool reserved = may_start(queue);
  queue->workers += reserved;
  queue->coming += reserved;
  tm_lock_release(&queue->lock);
  return reserved;
}

static tm_item *take_all(tm_workq *queue) { /* under the lock */
  tm_item *items = queue->items.first;
  for (tm_item *item = items; item != NULL; item = item->next) {
    queue->held += item->shared; /* as if popped: whoever fails it says tm_workq_forget */
  }
  queue->items = (tm_fifo){0};
  atomic_store_explicit(&queue->length, 0, memory_order_relaxed);
  return items;
}

bool tm_workq_start_failed(tm_workq *queue, bool searching, tm_item **stranded) {
  tm_worker *woken = NULL;
  bool start;
  tm_lock_acquire(&queue->lock);
  queue->workers--;
  if (!searching) {
    has_come(queue);
  } else if (TM_RULE(Q8)) {
    queue->searching = false;
  }
  if (queue->idle.top != NULL) { /* gone to sleep since; but none is started in its stead */
    woken = tm_recruit(queue, &start);
  }
  bool alive = queue->workers > 0;
  *stranded = !alive && TM_RULE(Q21) ? take_all(queue) : NULL;
  tm_lock_release(&queue->lock);
  tm_unpark_all(woken);
  return alive;
}

void tm_workq_give_up_search(tm_workq *queue, bool *start) {
  *start = false;
  tm_lock_acquire(&queue->lock);
  queue->searching = false;
  queue->coming++; /* so that none is started in this one's stead */
  tm_worker *woken = TM_RULE(Q20) ? tm_recruit(queue, start) : NULL;
  tm_lock_release(&queue->lock);
  tm_unpark_all(woken);
}

void tm_workq_close(tm_workq *queue) {
  tm_lock_acquire(&queue->lock);
  atomic_store_explicit(&queue->closed, true, memory_order_relaxed);
  if (TM_RULE(Q12)) {
    release_and_dismiss(queue);
  } else {
    tm_lock_release(&queue->lock);
  }
}

tm_item *tm_workq_drain(tm_workq *queue) {
  tm_lock_acquire(&queue->lock);
  tm_item *items = take_all(queue);
  atomic_store_explicit(&queue->closed, true, memory_order_relaxed);
  queue->drained = true;
  release_and_dismiss(queue);
  return items;
}

void tm_workq_count(tm_workq *queue, unsigned *workers, unsigned *idle) {
  *idle = 0;
  tm_lock_acquire(&queue->lock);
  *workers = queue->workers;
  for (tm_worker *worker = queue->idle.top; worker != NULL; worker = worker->below) {
    ++*idle;
  }
  tm_lock_release(&queue->lock);
}

int64_t tm_workq_nap(tm_workq *queue, uintptr_t who, int64_t now) {
  tm_lock_acquire(&queue->lock);
  int64_t length = tm_nap_next(&queue->nap, who, queue->ended, tm_workq_length(queue), now);
  tm_lock_release(&queue->lock);
  return length;
}

unsigned tm_workq_running(tm_workq *queue) {
  unsigned running = 0;
  tm_lock_acquire(&queue->lock);
  for (tm_worker *worker = queue->team; worker != NULL; worker = worker->next_worker) {
    running += atomic_load_explicit(&worker->running, memory_order_relaxed) != NULL;
  }
  tm_lock_release(&queue->lock);
  return running;
}
