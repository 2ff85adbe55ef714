/* latch.h: the life of one job in one word: claimed by one thread, done once, waited for by many.
 *
 * The result is written before tm_latch_set and read after tm_latch_done or tm_latch_wait said so:
 * set releases, they acquire. */
#ifndef TM_LATCH_H
#define TM_LATCH_H

#include "spin.h"

enum {
  TM_LATCH_DONE = 1,
  TM_LATCH_CLAIMED = 2,
  TM_LATCH_FINISHING = 4, /* tm_latch_set will come at once: no waiter may leave before it */
  TM_LATCH_WATCHED = 8,   /* who completes it has somebody to tell: see tm_latch_watch */
  TM_LATCH_WAITER = 16    /* the bits from here up count the waiters */
};

typedef struct {
  tm_atomic_u32 word;
} tm_latch;

/* One step of the word: sets `bits` unless one of `unless` is set. Gives the word before. */
static inline uint32_t tm_latch_set_unless(tm_latch *latch, uint32_t bits, uint32_t unless,
                                           memory_order order) {
  uint32_t word = atomic_load_explicit(&latch->word, memory_order_relaxed);
  while (!(word & unless) && !atomic_compare_exchange_weak_explicit(&latch->word, &word, word | bits, order,
                                                                    memory_order_relaxed)) {
  }
  return word;
}

/* True for exactly one caller: it alone runs, fails or cancels the job. */
static inline bool tm_latch_claim(tm_latch *latch) {
  /* acq_rel: the loser may go on to read what the winner wrote before claiming. */
  uint32_t before = atomic_fetch_or_explicit(&latch->word, TM_LATCH_CLAIMED, memory_order_acq_rel);
  return !(before & TM_LATCH_CLAIMED) || !TM_RULE(L1);
}

static inline bool tm_latch_claimed(tm_latch *latch) {
  return atomic_load_explicit(&latch->word, memory_order_relaxed) & TM_LATCH_CLAIMED;
}

/* Whether the latch will be set at once, if it is not. */
static inline bool tm_latch_finishing(tm_latch *latch) {
  return atomic_load_explicit(&latch->word, memory_order_relaxed) & TM_LATCH_FINISHING;
}

static inline bool tm_latch_done(tm_latch *latch) {
  /* acquire: pairs with the release in tm_latch_set. */
  return atomic_load_explicit(&latch->word, memory_order_acquire) & TM_LATCH_DONE;
}

/* Publishes the result and wakes all waiters. The latch may be freed by a waiter as soon as it is
 * set: nothing but its address is used after that. */
void tm_latch_set(tm_latch *latch);

/* The two halves of it: true if there are waiters, whom the caller then has to wake. */
static inline bool tm_latch_set_quietly(tm_latch *latch) {
  /* release: pairs with the acquire loads in tm_latch_done and tm_latch_wait. */
  uint32_t before = atomic_fetch_or_explicit(&latch->word, TM_LATCH_DONE, memory_order_release);
  return before >= TM_LATCH_WAITER && TM_RULE(L2);
}

static inline void tm_latch_wake(tm_latch *latch) {
  tm_os_wake_all(&latch->word);
}

/* Asks that whoever completes the job does more than set the latch: tm_latch_finish will refuse. False
 * if it is too late: the latch is set, or will be at once, which tm_latch_wait waits for. Once true, the
 * latch is set under a lock of the caller's, so that nobody can begin to watch unnoticed. */
static inline bool tm_latch_watch(tm_latch *latch) {
  /* relaxed: what a watcher leaves to be told is under a lock, which the completer takes too; the word
   * only says who comes first. */
  uint32_t finishing = TM_RULE(L7) ? TM_LATCH_FINISHING : 0;
  uint32_t before = tm_latch_set_unless(latch, TM_LATCH_WATCHED, TM_LATCH_DONE | finishing | TM_LATCH_WATCHED,
                                        memory_order_relaxed);
  /* Watched already, it counts even if it is being finished: by hand, then. */
  return !(before & TM_LATCH_DONE) && (before & TM_LATCH_WATCHED || !(before & finishing));
}

/* tm_latch_set, unless the latch is watched: then nothing is done, and false. */
bool tm_latch_finish(tm_latch *latch);

/* For a thread that is alone with the job: as if it had been claimed, or set, or neither. Waiters sleep on.
 */
static inline void tm_latch_put(tm_latch *latch, bool claimed, bool done) {
  uint32_t word = atomic_load_explicit(&latch->word, memory_order_relaxed), put;
  do { /* a loop, for a waiter may count itself meanwhile */
    put = word & ~(uint32_t)(TM_LATCH_CLAIMED | TM_LATCH_DONE | TM_LATCH_FINISHING);
    put |= (claimed ? TM_LATCH_CLAIMED : 0) | (done ? TM_LATCH_DONE : 0);
    /* release: as in tm_latch_set. */
  } while (!atomic_compare_exchange_weak_explicit(&latch->word, &word, put, memory_order_release,
                                                  memory_order_relaxed));
}

/* Claims a job in order to complete it at once: from here, watchers and leaving waiters wait for that. */
static inline bool tm_latch_claim_to_finish(tm_latch *latch) {
  /* acq_rel: as in tm_latch_claim. */
  return !(tm_latch_set_unless(latch, TM_LATCH_CLAIMED | TM_LATCH_FINISHING, TM_LATCH_CLAIMED,
                               memory_order_acq_rel) &
           TM_LATCH_CLAIMED);
}

/* For a thread that wants to give something up before it sets the latch. True if somebody waits, and
 * nobody watches: that waiter, and so the latch, stays until the tm_latch_set that the caller now owes. */
bool tm_latch_hold_waiters(tm_latch *latch);

/* Waits until the latch is set: TM_WAIT_OK, or TM_WAIT_TIMEOUT or TM_WAIT_INTR if it is not. The
 * caller keeps the latch alive. */
tm_wait_result tm_latch_wait(tm_latch *latch, int64_t deadline, tm_spin *spin);

#endif
