/* nap.h: a thread that takes the result of one item after the other, while more items wait, would be woken
 * for each, which where all CPUs are busy takes one from a worker. It naps instead: it sleeps for a time that
 * is known beforehand, nobody wakes it, and after that it waits as always. So this has no part in any wake:
 * at worst a result is seen TM_NAP_NS late. The workers are never left without work meanwhile: a nap is over
 * before half of the items that wait can have ended. Its owner's lock protects it. */
#ifndef TM_NAP_H
#define TM_NAP_H

#include <stddef.h>
#include <stdint.h>

enum { TM_NAP_NS = 500000, TM_LEAST_NAP_NS = 50000 };

typedef struct {
  uintptr_t who; /* the thread that began to wait last, */
  int64_t since; /* when, */
  size_t ended;  /* and how many items had ended then, */
  size_t left;   /* and waited to be run */
} tm_nap;

/* For a thread that begins to wait `now`, when so many items have ended in all, and so many wait: how many
 * nanoseconds it may sleep first. 0: none, as for the first wait, after that of another thread, if nothing
 * has ended since its last, and if all that waited then has: the workers may have been idle, so how long an
 * item takes is not known, and a nap that followed from it would leave them idle again. */
int64_t tm_nap_next(tm_nap *nap, uintptr_t who, size_t ended, size_t waiting, int64_t now);

#endif
