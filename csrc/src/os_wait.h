/* os_wait.h: sleep on a 32-bit word until another thread wakes it. The only door to the OS.
 *
 * What is promised: a thread that calls tm_os_wait while *word == expected, and whose waker first
 * changes the word and then calls tm_os_wake_*, does not sleep through that wake: the comparison
 * and the falling asleep are one step against the wake.
 * What is not: that a return means a wake (it may be spurious, so the caller looks at the word
 * again), that waiters are woken in order, or that all systems can be interrupted (tm_os_interrupts).
 * A wake takes the address as a key and never reads the word, so it may be called when the word's
 * owner has already freed it; the worst outcome is a spurious wake of a new word at that address.
 */
#ifndef TM_OS_WAIT_H
#define TM_OS_WAIT_H

#include "atomics.h"
#include "rules.h"

typedef enum {
  TM_WAIT_OK = 0,       /* woken, perhaps spuriously */
  TM_WAIT_AGAIN = -1,   /* the word did not hold `expected`; some systems say TM_WAIT_OK then */
  TM_WAIT_TIMEOUT = -2, /* the deadline has passed */
  TM_WAIT_INTR = -3     /* a signal handler ran on this thread */
} tm_wait_result;

/* Whether a signal handler that runs on a sleeping thread ends its sleep, as TM_WAIT_INTR. If not, who has to
 * see signals must not sleep for long. */
extern const bool tm_os_interrupts;

/* A deadline that never comes. */
#define TM_FOREVER INT64_MAX

/* The monotonic clock in nanoseconds: the clock of all deadlines. */
int64_t tm_os_now(void);

/* The CPU time of the whole process, in nanoseconds; always 0 where it is not known exactly. */
int64_t tm_os_cpu_now(void);

/* The number of CPUs that this process may run on now, at least 1. */
unsigned tm_os_cpus(void);

/* Sleeps while *word == expected, until a wake, the absolute deadline or a signal. */
tm_wait_result tm_os_wait(tm_atomic_u32 *word, uint32_t expected, int64_t deadline);

/* Wakes one thread, or all threads, that sleep on the word. The caller has changed the word. */
void tm_os_wake_one(tm_atomic_u32 *word);
void tm_os_wake_all(tm_atomic_u32 *word);

/* In a forked child, before anything else is called there: no thread sleeps any more. */
void tm_os_after_fork(void);

#endif
