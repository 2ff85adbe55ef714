/* workq.h: the work queue: items go in at the end, workers take them from the front, and exactly as
 * many workers are awake as there is work for.
 *
 * Wake throttling: at most one worker is *searching* (awake without an item, or being started). A
 * push wakes nobody while one is; a searcher that finds an item passes the search on if more items
 * wait. The law behind it, true whenever the lock is free:
 *
 *     items wait  ->  somebody searches or guards, or no worker sleeps and no other can be started, or as
 *                     many come as items wait.
 *
 * A worker *comes* from when its place is reserved to its first pop, unless it searches.
 *
 * A worker *guards* if items wait, or did a moment ago, and no more workers than there are at work should be
 * (crowd.h): at most one, which looks now and then whether those get on.
 *
 * All state is under one lock, held for a few instructions. What is also read without it is a hint: `length`
 * and `closed`, by a searcher that looks before it sleeps and sleeps only after it looked under the lock;
 * `crowded`; and `inner`, which is written without it too. The rules are numbered in ../PROTOCOL.md.
 *
 * The queue starts no thread. Where a worker is missing, a call answers TM_START: the caller starts
 * a thread that runs tm_workq_enter, or calls tm_workq_start_failed. */
#ifndef TM_WORKQ_H
#define TM_WORKQ_H

#include "atfork.h"
#include "crowd.h"
#include "idle.h"
#include "item.h"
#include "lock.h"
#include "nap.h"

typedef enum {
  TM_PUSHED = 0,
  TM_START = 1,   /* pushed; and a worker's place is reserved: start it */
  TM_REFUSED = -1 /* not pushed: closed (push) or drained for good (put_back) */
} tm_push_result;

typedef struct tm_workq {
  tm_lock lock;
  tm_atfork atfork;
  tm_fifo items;         /* all fields down to `drained`: under lock */
  tm_idle idle;          /* the sleeping workers */
  tm_worker *team;       /* all workers that have entered */
  tm_atomic_size length; /* of items. Written under lock, read relaxed without it as a hint. */
  unsigned workers;      /* alive or being started */
  unsigned max_workers;
  unsigned lent;           /* workers that wait while others work in their places */
  unsigned coming;         /* workers that have not been at their first pop, but for the one that searches */
  unsigned held;           /* shared items that are out and may be put back; after a fork, not all */
  unsigned at_work;        /* workers that have taken out an item since they last found none */
  size_t begun;            /* items that were taken out, ever */
  size_t ended;            /* how often a worker came back from one */
  tm_crowd crowd;          /* how many are to be at work */
  bool guarded;            /* a worker that may not work looks now and then whether it should */
  bool searching;          /* one worker is awake without an item, or being started */
  tm_atomic_u32 closed;    /* no more pushes; workers leave when nothing is left. As length. */
  tm_atomic_u32 crowded;   /* more are at work than the limit. As length. */
  bool drained;            /* closed, and nothing is put back either */
  tm_nap nap;              /* of a thread that waits for items, under lock */
  tm_atomic_size inner;    /* parts of shared items that have ended. Not under lock: some may get lost. */
  tm_spin *spin;           /* of the searcher; shared with those who wait for results */
  tm_atomic_size *yielded; /* see tm_workq_init */
} tm_workq;

/* `spin` and `yielded` outlive the queue. `yielded`, if not NULL, counts the threads that have just given up
 * the lock of the host language to wait for something. A searcher that sees an item gives its producer a
 * moment to get there, so that the two do not meet at that lock. */
void tm_workq_init(tm_workq *queue, unsigned max_workers, tm_spin *spin, tm_atomic_size *yielded);

/* Appends an item, and wakes a worker if one is needed. */
tm_push_result tm_workq_push(tm_workq *queue, tm_item *item);

/* Puts a shared item that a pop took out back to the front. Allowed when closed. */
tm_push_result tm_workq_put_back(tm_workq *queue, tm_item *item);

/* Takes the first item out, for a caller that is no worker of the queue. NULL if there is none. To put it
 * back is to push it. */
tm_item *tm_workq_take(tm_workq *queue);

/* For a worker whose place was reserved by TM_START and who has something else to do before it enters, then
 * with searching = false. It will look for what waits; meanwhile others are woken and started for the rest.
 * *start: as in tm_workq_pop. */
void tm_workq_give_up_search(tm_workq *queue, bool *start);

/* Takes this item out as if by a pop, for a worker that is inside of another one. False if it is out. */
bool tm_workq_take_this(tm_workq *queue, tm_item *item);

/* Says that a shared item that a pop took out will not be put back. */
void tm_workq_forget(tm_workq *queue);

/* The number of items that wait. A hint unless the caller knows that nothing moves. */
static inline size_t tm_workq_length(tm_workq *queue) {
  return atomic_load_explicit(&queue->length, memory_order_relaxed);
}

/* Reserves a worker's place before there is work for it; false if none is left. The thread enters
 * with searching = false. */
bool tm_workq_reserve(tm_workq *queue);

/* The worker's side. Each runs: enter; then pop until NULL, wait, and again, until wait says false.
 * From the pop that found nothing to the wait, a worker counts as searching: it is never kept long.
 * `searching`: its place was reserved by TM_START. */
void tm_workq_enter(tm_workq *queue, tm_worker *worker, bool searching);

/* The worker that the calling thread is, or NULL. */
tm_worker *tm_worker_self(void);

/* Says that the worker has ended what it took out last. */
void tm_workq_ended(tm_worker *worker);

/* tm_latch_set of what a worker of this queue owes, which then is NULL. For a fork it is one step: the child
 * finds neither a latch that was set, and whose memory may be gone, nor one that nobody will set. */
void tm_workq_pay(tm_workq *queue, tm_latch **owed);

/* The first item, or NULL. *start is set to true if a worker's place was reserved: start one. */
tm_item *tm_workq_pop(tm_workq *queue, tm_worker *worker, bool *start);

/* For a worker that is awake: now and then, so that the queue finds out how many of them do good. */
void tm_workq_look_around(tm_workq *queue, int64_t now);

/* Whether there are too many at work, and this one is to leave its item to them: then it counts no more, and
 * pops again at once. */
bool tm_workq_step_aside(tm_worker *worker);

/* A hint that it may be. */
static inline bool tm_workq_crowded(tm_workq *queue) {
  return atomic_load_explicit(&queue->crowded, memory_order_relaxed) != 0;
}

/* `count` parts more of a shared item have ended: a sign that the workers get on. */
static inline void tm_workq_gets_on(tm_workq *queue, size_t count) {
  /* No addition in one step, which would cost more than an update now and then that gets lost. */
  atomic_store_explicit(&queue->inner, atomic_load_explicit(&queue->inner, memory_order_relaxed) + count,
                        memory_order_relaxed);
}

/* Waits until there may be an item. False: the queue is closed and worked off, or there is one worker too
 * many, and this one is off its books: the thread ends. */
bool tm_workq_wait(tm_workq *queue, tm_worker *worker);

/* For a worker that will wait for something that the queue does not see: from now on there may be one worker
 * more. *start: as in tm_workq_pop. False, and nothing is done, if it lends its place already. */
bool tm_workq_lend(tm_worker *worker, bool *start);

/* Takes the place back, if it is lent: if there are too many workers now, one that sleeps leaves, or the
 * first that ends what it is at. */
void tm_workq_return(tm_worker *worker);

/* Takes a reserved place back. False: no worker is left, nor being started, so what waits will not run: hands
 * it all out, linked by `next`, as if popped. In one step, for a push in between would start a worker for it.
 */
bool tm_workq_start_failed(tm_workq *queue, bool searching, tm_item **stranded);

/* Refuses pushes from now on and lets the workers leave once nothing is left. Idempotent. */
void tm_workq_close(tm_workq *queue);

/* Closes for good and hands out all items that wait, linked by `next`. */
tm_item *tm_workq_drain(tm_workq *queue);

/* After the last call of all others. */
void tm_workq_destroy(tm_workq *queue);

/* In a forked child, where no worker is left but the calling thread if it is one: gives the places of all
 * others free, and hands out all items that wait, linked by `next`, and in *lost the workers, linked by
 * `next_worker`, with what they were at. Their memory is as the fork found it. */
tm_item *tm_workq_after_fork(tm_workq *queue, tm_worker **lost);

/* How many workers are alive or being started, and how many of them sleep. */
void tm_workq_count(tm_workq *queue, unsigned *workers, unsigned *idle);

/* For thread `who`, no worker of the queue, that begins to wait for the end of an item: how many nanoseconds
 * it may sleep first without being woken (nap.h). */
int64_t tm_workq_nap(tm_workq *queue, uintptr_t who, int64_t now);

/* How many workers are at an item: not those that search, sleep or leave. */
unsigned tm_workq_running(tm_workq *queue);

#endif
