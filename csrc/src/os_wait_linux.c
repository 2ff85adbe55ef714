/* os_wait_linux.c: os_wait.h on the futex system call. */
#include "os_wait.h"

#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>

#include "os_wait_posix.h"

/* As in linux/futex.h, which not every C library comes with. */
enum { FUTEX_WAKE = 1, FUTEX_WAIT_BITSET = 9, FUTEX_PRIVATE_FLAG = 128 };
#define FUTEX_BITSET_MATCH_ANY UINT32_MAX

const bool tm_os_interrupts = true;

#if defined(SYS_futex_time64) /* what takes a time_t of 64 bits on a system of 32 */
enum { FUTEX = sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex };
#else
enum { FUTEX = SYS_futex };
#endif

static long futex(tm_atomic_u32 *word, int op, uint32_t value, const struct timespec *deadline) {
  return syscall(FUTEX, word, op | FUTEX_PRIVATE_FLAG, value, deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}

tm_wait_result tm_os_wait(tm_atomic_u32 *word, uint32_t expected, int64_t deadline) {
  /* WAIT_BITSET takes an absolute CLOCK_MONOTONIC time: no clock is read for a retry. */
  struct timespec until = timespec_of(deadline);
  if (futex(word, FUTEX_WAIT_BITSET, expected, deadline == TM_FOREVER ? NULL : &until) == 0) {
    return TM_WAIT_OK;
  }
  switch (errno) {
    case EAGAIN:
      return TM_WAIT_AGAIN;
    case ETIMEDOUT:
      return TM_WAIT_TIMEOUT;
    case EINTR:
      return TM_WAIT_INTR;
    default:
      return TM_WAIT_OK; /* counts as spurious: the caller looks at the word again */
  }
}

void tm_os_wake_one(tm_atomic_u32 *word) {
  futex(word, FUTEX_WAKE, 1, NULL);
}

void tm_os_wake_all(tm_atomic_u32 *word) {
  futex(word, FUTEX_WAKE, INT_MAX, NULL);
}

void tm_os_after_fork(void) {
} /* the kernel's queues are empty for the child */
