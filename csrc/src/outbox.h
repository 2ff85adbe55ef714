/* outbox.h: hands the results of one imap over to its consumers: a ring of slots, in the order of
 * the input or of arrival. Its lock protects all plain fields; values are opaque. */
#ifndef TM_OUTBOX_H
#define TM_OUTBOX_H

#include "atfork.h"
#include "batch.h"
#include "lock.h"
#include "spin.h"

typedef enum {
  TM_OUT_VALUE, /* taken */
  TM_OUT_EMPTY, /* the next value is not there yet */
  TM_OUT_END    /* there will be no more */
} tm_out_result;

typedef enum {
  TM_RESERVED,
  TM_FULL,
  TM_FULL_AWAITED, /* the same, and a consumer waits for more values: the caller owes a tm_outbox_notify */
  TM_NO_MEMORY
} tm_reserve_result;

typedef struct {
  tm_lock lock;
  void **slots; /* capacity is a power of two; value i is at slots[i % capacity] */
  size_t capacity;
  size_t limit;            /* how many values may be reserved and not taken */
  size_t reserved;         /* how many values have been promised so far */
  size_t arrived;          /* how many have been put so far */
  size_t taken;            /* how many have been taken so far */
  bool ended;              /* nothing more will be reserved */
  bool blocked;            /* a reserve was refused as full: the next take makes room and says so */
  unsigned waiters;        /* threads asleep, or about to be, on epoch */
  size_t wanted;           /* how many values are worth waking them: the fewest that one of them waits for */
  tm_batch batch;          /* how many that should be */
  tm_atomic_u32 epoch;     /* changes under lock when waiters have to look again */
  tm_atomic_u32 reserving; /* somebody has reserved and not let others do so. Written by that thread. */
  tm_atomic_size helpers;  /* see tm_outbox_count_helper */
  tm_atfork atfork;
} tm_outbox;

void tm_outbox_init(tm_outbox *box, size_t limit);

/* Frees the slots. Whatever is in them has been taken. */
void tm_outbox_free(tm_outbox *box);

/* For a thread that is alone with the box: a place that was promised and has no value yet, if there is one.
 * `ordered`: which of the two forms of put below the box uses. */
bool tm_outbox_gap(tm_outbox *box, bool ordered, size_t *index);

/* Promises one more value, its place in *index. All memory for it is allocated here. */
tm_reserve_result tm_outbox_reserve(tm_outbox *box, size_t *index);

/* For a new box in order, in the place of all reserves and of the end: promises so many values, and no more.
 * False: no memory, and nothing is promised. */
bool tm_outbox_reserve_all(tm_outbox *box, size_t count);

/* The places from `count` on are taken back: none of them has a value, and none will have. */
void tm_outbox_cut(tm_outbox *box, size_t count);

/* Puts the value of a place, once for each place; it cannot fail. The second form gives values out
 * in the order of arrival; a box uses one of the two. True: a consumer waits for it, and the caller
 * owes a tm_outbox_notify, which may be called when the box is gone. */
bool tm_outbox_put(tm_outbox *box, size_t index, void *value);
bool tm_outbox_put_next(tm_outbox *box, void *value);
void tm_outbox_notify(tm_outbox *box);

/* Says that nothing more will be reserved, and wakes all consumers. `unreserve` takes the last place
 * back: the input had no value for it. */
void tm_outbox_end(tm_outbox *box, bool unreserve);

/* Takes the limit away. True if a reserve was refused before: the reserver can go on. */
bool tm_outbox_unlimit(tm_outbox *box);

/* Takes the next value. *unblocked: a reserve was refused before and would succeed now. */
tm_out_result tm_outbox_take(tm_outbox *box, void **value, bool *unblocked);

/* For a garbage collector, which is alone with the box: each value that has been put and not taken. *index is
 * 0 before the first; false after the last. */
bool tm_outbox_next_value(const tm_outbox *box, size_t *index, void **value);

/* How many values have been promised and not put, if no more will be promised before one is; else SIZE_MAX.
 * Who has reserved a place promises no more before its tm_outbox_let_others_reserve, nor does anybody else.
 */
size_t tm_outbox_pending(tm_outbox *box);

/* Before the next reserve may come from another thread. */
static inline void tm_outbox_let_others_reserve(tm_outbox *box) {
  /* relaxed: who asks whether this thread is stuck comes after that it said that it waits. */
  atomic_store_explicit(&box->reserving, false, memory_order_relaxed);
}

/* The place of the value that a take gives next, of a box in order. */
size_t tm_outbox_next_place(tm_outbox *box);

/* To be read before a look that a tm_outbox_wait may follow. */
static inline uint32_t tm_outbox_epoch(tm_outbox *box) {
  /* acquire: as the look of tm_outbox_wait. */
  return atomic_load_explicit(&box->epoch, memory_order_acquire);
}

/* Waits until a take may give something else than TM_OUT_EMPTY, or helpers were told something `since`.
 *
 * While values come fast, it is woken for several of them, or after half a millisecond (batch.h); at once for
 * the last, and if those who bring them are held up by the limit. */
tm_wait_result tm_outbox_wait(tm_outbox *box, uint32_t since, int64_t deadline, tm_spin *spin);

/* A worker that would do the box's work if it came by counts itself, then looks for that work, then waits
 * `since` before it looked. Whoever brings work looks for such workers after that, and tells them. */
static inline void tm_outbox_count_helper(tm_outbox *box, int change) {
  atomic_fetch_add_explicit(&box->helpers, (size_t)change, memory_order_relaxed);
}

static inline bool tm_outbox_has_helpers(tm_outbox *box) {
  /* relaxed: work is brought and looked for under one lock, so either the worker finds it there or its count,
   * made before, is seen here. */
  return atomic_load_explicit(&box->helpers, memory_order_relaxed) != 0;
}

void tm_outbox_tell_helpers(tm_outbox *box);

#endif
