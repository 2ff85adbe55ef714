#include "outbox.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 8 };

void tm_outbox_init(tm_outbox *box, size_t limit) {
  *box = (tm_outbox){.limit = limit};
  tm_atfork_add(&box->atfork, &box->lock);
}

void tm_outbox_free(tm_outbox *box) {
  tm_atfork_remove(&box->atfork);
  free(box->slots);
  box->slots = NULL;
}

static void **slot_of(tm_outbox *box, size_t index) {
  return &box->slots[index & (box->capacity - 1)];
}

static bool grow(tm_outbox *box) {
  tm_outbox old = {.slots = box->slots, .capacity = box->capacity};
  size_t capacity = old.capacity != 0 ? 2 * old.capacity : FIRST_CAPACITY;
  void **slots = calloc(capacity, sizeof *slots);
  if (slots == NULL) {
    return false;
  }
  box->slots = slots;
  box->capacity = capacity;
  for (size_t i = box->taken; i < box->reserved; i++) {
    *slot_of(box, i) = *slot_of(&old, i);
  }
  free(old.slots);
  return true;
}

/* Under the lock: what tm_outbox_take would give. */
static tm_out_result state_of(tm_outbox *box) {
  if (box->taken < box->reserved && *slot_of(box, box->taken) != NULL) {
    return TM_OUT_VALUE;
  }
  return box->ended && box->taken == box->reserved ? TM_OUT_END : TM_OUT_EMPTY;
}

static void bump_epoch(tm_outbox *box) { /* under the lock */
  uint32_t epoch = atomic_load_explicit(&box->epoch, memory_order_relaxed);
  /* release: pairs with the acquire look of tm_outbox_wait; a look under the lock needs neither. */
  atomic_store_explicit(&box->epoch, epoch + 1, memory_order_release);
}

/* Under the lock: whether somebody has to be woken for what can be taken now. */
static bool change_epoch(tm_outbox *box) {
  bool awaited = box->waiters != 0;
  if (awaited) {
    box->waiters = 0; /* who looks and waits again counts itself again */
    if (TM_RULE(O2)) {
      bump_epoch(box);
    }
  }
  return awaited;
}

/* Under the lock, after a value has come: whether somebody has to be woken for it. */
static bool enough(tm_outbox *box) {
  bool last = box->ended && box->arrived == box->reserved;
  bool worth = box->arrived - box->taken >= box->wanted || box->blocked || last;
  return worth && state_of(box) == TM_OUT_VALUE && change_epoch(box);
}

tm_reserve_result tm_outbox_reserve(tm_outbox *box, size_t *index) {
  tm_reserve_result result = TM_RESERVED;
  tm_lock_acquire(&box->lock);
  size_t outstanding = box->reserved - box->taken;
  if (outstanding >= box->limit) {
    box->blocked = TM_RULE(O4);
    result = state_of(box) == TM_OUT_VALUE && change_epoch(box) ? TM_FULL_AWAITED : TM_FULL;
  } else if (outstanding == box->capacity && !grow(box)) {
    result = TM_NO_MEMORY;
  } else {
    *index = box->reserved++;
    atomic_store_explicit(&box->reserving, true, memory_order_relaxed);
  }
  tm_lock_release(&box->lock);
  return result;
}

bool tm_outbox_reserve_all(tm_outbox *box, size_t count) {
  size_t capacity = FIRST_CAPACITY;
  while (capacity < count) {
    capacity *= 2;
  }
  box->slots = calloc(capacity, sizeof *box->slots);
  if (box->slots == NULL) {
    return false;
  }
  box->capacity = capacity;
  box->reserved = count;
  box->ended = true;
  return true;
}

bool tm_outbox_put(tm_outbox *box, size_t index, void *value) {
  tm_lock_acquire(&box->lock);
  *slot_of(box, index) = value;
  box->arrived++;
  bool awaited = enough(box);
  tm_lock_release(&box->lock);
  return awaited;
}

bool tm_outbox_put_next(tm_outbox *box, void *value) {
  tm_lock_acquire(&box->lock);
  *slot_of(box, box->arrived++) = value;
  bool awaited = enough(box);
  tm_lock_release(&box->lock);
  return awaited;
}

bool tm_outbox_gap(tm_outbox *box, bool ordered, size_t *index) {
  for (*index = ordered ? box->taken : box->arrived; *index < box->reserved; ++*index) {
    if (*slot_of(box, *index) == NULL) {
      return true;
    }
  }
  return false;
}

void tm_outbox_notify(tm_outbox *box) {
  tm_os_wake_all(&box->epoch);
}

/* Releases the lock after a change that all consumers have to see. */
static void release_and_wake(tm_outbox *box) {
  bool awaited = change_epoch(box);
  tm_lock_release(&box->lock);
  if (awaited) {
    tm_outbox_notify(box);
  }
}

void tm_outbox_end(tm_outbox *box, bool unreserve) {
  tm_lock_acquire(&box->lock);
  box->reserved -= unreserve;
  box->ended = true;
  release_and_wake(box);
}

void tm_outbox_cut(tm_outbox *box, size_t count) {
  tm_lock_acquire(&box->lock);
  box->reserved = count;
  release_and_wake(box);
}

bool tm_outbox_unlimit(tm_outbox *box) {
  tm_lock_acquire(&box->lock);
  bool unblocked = box->blocked;
  box->limit = SIZE_MAX;
  box->blocked = false;
  tm_lock_release(&box->lock);
  return unblocked;
}

tm_out_result tm_outbox_take(tm_outbox *box, void **value, bool *unblocked) {
  *unblocked = false;
  tm_lock_acquire(&box->lock);
  tm_out_result result = state_of(box);
  if (result == TM_OUT_VALUE) {
    void **slot = slot_of(box, box->taken);
    *value = *slot;
    *slot = NULL;
    box->taken++;
    *unblocked = box->blocked;
    box->blocked = false;
  }
  tm_lock_release(&box->lock);
  return result;
}

bool tm_outbox_next_value(const tm_outbox *box, size_t *index, void **value) {
  if (*index < box->taken) {
    *index = box->taken;
  }
  while (*index < box->reserved) {
    *value = box->slots[(*index)++ & (box->capacity - 1)];
    if (*value != NULL) {
      return true;
    }
  }
  return false;
}

size_t tm_outbox_next_place(tm_outbox *box) {
  tm_lock_acquire(&box->lock);
  size_t place = box->taken;
  tm_lock_release(&box->lock);
  return place;
}

size_t tm_outbox_pending(tm_outbox *box) {
  tm_lock_acquire(&box->lock);
  bool no_more = box->ended || box->blocked || atomic_load_explicit(&box->reserving, memory_order_relaxed);
  size_t pending = no_more ? box->reserved - box->arrived : SIZE_MAX;
  tm_lock_release(&box->lock);
  return pending;
}

void tm_outbox_tell_helpers(tm_outbox *box) {
  tm_lock_acquire(&box->lock);
  bool awaited = box->waiters != 0;
  box->waiters = 0;
  if (awaited || TM_RULE(O3)) {
    bump_epoch(box); /* without waiters too: a helper may be on its way to the wait */
  }
  tm_lock_release(&box->lock);
  if (awaited) {
    tm_outbox_notify(box);
  }
}

/* After a batch's time: whether there is still nothing to take, and so the next value is worth waking for. */
static bool waits_on(tm_outbox *box, uint32_t epoch) {
  tm_lock_acquire(&box->lock);
  bool same = atomic_load_explicit(&box->epoch, memory_order_relaxed) == epoch;
  bool empty = same && state_of(box) == TM_OUT_EMPTY;
  if (empty) {
    box->wanted = TM_RULE(O6) ? 1 : box->wanted;
  } else if (same) {
    box->waiters--;
  }
  tm_lock_release(&box->lock);
  return empty;
}

tm_wait_result tm_outbox_wait(tm_outbox *box, uint32_t since, int64_t deadline, tm_spin *spin) {
  int64_t now = tm_os_now(), patience = 0;
  size_t wanted = 1;
  tm_lock_acquire(&box->lock);
  uint32_t epoch = atomic_load_explicit(&box->epoch, memory_order_relaxed);
  bool wait = (epoch == since || !TM_RULE(O5)) && state_of(box) == TM_OUT_EMPTY;
  if (wait && TM_RULE(O1)) {
    wanted = tm_batch_next(&box->batch, box->taken, now, &patience);
    box->wanted = box->waiters == 0 || wanted < box->wanted ? wanted : box->wanted;
    box->waiters++;
  }
  tm_lock_release(&box->lock);
  if (!wait) {
    return TM_WAIT_OK;
  }
  if (wanted > 1) {
    int64_t until = now + patience < deadline ? now + patience : deadline;
    tm_wait_result result = tm_os_wait(&box->epoch, epoch, until);
    if (result != TM_WAIT_TIMEOUT || !waits_on(box, epoch)) {
      return result != TM_WAIT_TIMEOUT ? result : TM_WAIT_OK;
    }
  }
  bool seen;
  tm_spinner spinner = tm_spin_begin(spin);
  /* acquire: pairs with the release in change_epoch. */
  while (!(seen = atomic_load_explicit(&box->epoch, memory_order_acquire) != epoch) &&
         tm_spin_again(&spinner)) {
  }
  tm_spin_end(spin, seen);
  /* A waiter that leaves early stays counted: at worst one wake that nobody needed. */
  return seen ? TM_WAIT_OK : tm_os_wait(&box->epoch, epoch, deadline);
}
