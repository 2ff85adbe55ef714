#include "waits.h"

/* Process-wide, as a cycle may go through several pools. A lock of the fork list's (atfork.h) may be taken
 * under this one, which is not on that list: nothing that it protects is used again in a child. */
static tm_lock list_lock;
static tm_waiting *list;

static const size_t ANY = SIZE_MAX;

/* How many parts of the item are on the worker's stack: all, or those that bring the value of this place. */
static size_t parts_on(const tm_worker *worker, const tm_item *item, size_t place) {
  size_t parts = atomic_load_explicit(&worker->running, memory_order_relaxed) == item &&
                 (place == ANY || place == worker->place);
  for (const tm_nested *nested = worker->nested; nested != NULL; nested = nested->outer) {
    parts += nested->item == item && (place == ANY || place == nested->place);
  }
  return parts;
}

/* Finds the waits that end only after this one, perhaps: those of the workers that hold parts of its item,
 * and so on. True: it is one of them itself. */
static bool leads_back(tm_waiting *first) {
  bool back = false;
  tm_waiting *todo = first;
  first->next_found = NULL;
  while (todo != NULL) {
    tm_waiting *waiting = todo;
    todo = waiting->next_found;
    for (tm_waiting *other = list; other != NULL; other = other->next) {
      if (parts_on(other->worker, waiting->item, ANY) == 0) {
        continue;
      }
      back = back || other == first;
      if (!other->stuck) {
        other->stuck = true; /* until the contrary is found */
        other->next_found = todo;
        todo = other;
      }
    }
  }
  return back;
}

/* Whether the wait ends though all the others that are stuck do not. */
static bool may_end(const tm_waiting *waiting) {
  size_t needed = 1, place = ANY; /* a job ends when each of its parts has ended */
  if (waiting->box != NULL && waiting->ordered) {
    place = tm_outbox_next_place(waiting->box);
  } else if (waiting->box != NULL) { /* a value comes as long as one part may bring it */
    needed = tm_outbox_pending(waiting->box);
  } else if (tm_latch_done(&waiting->item->latch)) {
    return true;
  }
  size_t stuck = 0;
  for (tm_waiting *other = list; other != NULL; other = other->next) {
    stuck += other->stuck ? parts_on(other->worker, waiting->item, place) : 0;
  }
  return stuck < needed;
}

static bool is_stuck(tm_waiting *first) {
  for (tm_waiting *waiting = list; waiting != NULL; waiting = waiting->next) {
    waiting->stuck = false;
  }
  if (!leads_back(first)) { /* nearly always */
    return false;
  }
  for (bool changed = true; changed && first->stuck;) {
    changed = false;
    for (tm_waiting *waiting = list; waiting != NULL; waiting = waiting->next) {
      if (waiting->stuck && may_end(waiting)) {
        waiting->stuck = false;
        changed = true;
      }
    }
  }
  return first->stuck;
}

static void leave(tm_waiting *waiting) {
  *waiting->link = waiting->next;
  if (waiting->next != NULL) {
    waiting->next->link = waiting->link;
  }
}

bool tm_waits_begin(tm_waiting *waiting, tm_worker *worker, tm_item *item, tm_outbox *box, bool ordered) {
  *waiting = (tm_waiting){.worker = worker, .item = item, .box = box, .ordered = ordered};
  tm_lock_acquire(&list_lock);
  waiting->next = list;
  waiting->link = &list;
  if (list != NULL) {
    list->link = &waiting->next;
  }
  list = waiting;
  bool ends = !is_stuck(waiting);
  if (!ends) {
    leave(waiting);
  }
  tm_lock_release(&list_lock);
  return ends;
}

void tm_waits_end(tm_waiting *waiting) {
  tm_lock_acquire(&list_lock);
  leave(waiting);
  tm_lock_release(&list_lock);
}

void tm_waits_after_fork(void) {
  tm_lock_init(&list_lock);
  list = NULL;
}
