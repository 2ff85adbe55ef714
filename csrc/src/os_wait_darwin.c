/* os_wait_darwin.c: os_wait.h on macOS. os_sync_wait_on_address came with macOS 14.4; a build for
 * older systems takes the pthread back end. Not run yet. */
#include <Availability.h>

#if defined(__MAC_OS_X_VERSION_MIN_REQUIRED) && __MAC_OS_X_VERSION_MIN_REQUIRED >= 140400
#include "os_wait.h"

#include <errno.h>
#include <os/os_sync_wait_on_address.h>

#include "os_wait_posix.h"

tm_wait_result tm_os_wait(tm_atomic_u32 *word, uint32_t expected, int64_t deadline) {
  int waiters;
  if (deadline == TM_FOREVER) {
    waiters = os_sync_wait_on_address((void *)word, expected, sizeof expected, OS_SYNC_WAIT_ON_ADDRESS_NONE);
  } else {
    int64_t left = deadline - tm_os_now();
    if (left <= 0) {
      return TM_WAIT_TIMEOUT;
    }
    waiters = os_sync_wait_on_address_with_timeout((void *)word, expected, sizeof expected,
                                                   OS_SYNC_WAIT_ON_ADDRESS_NONE, OS_CLOCK_MACH_ABSOLUTE_TIME,
                                                   (uint64_t)left);
  }
  if (waiters >= 0) {
    return TM_WAIT_OK;
  }
  return errno == ETIMEDOUT ? TM_WAIT_TIMEOUT : errno == EINTR ? TM_WAIT_INTR : TM_WAIT_OK;
}

void tm_os_wake_one(tm_atomic_u32 *word) {
  os_sync_wake_by_address_any((void *)word, sizeof *word, OS_SYNC_WAKE_BY_ADDRESS_NONE);
}

void tm_os_wake_all(tm_atomic_u32 *word) {
  os_sync_wake_by_address_all((void *)word, sizeof *word, OS_SYNC_WAKE_BY_ADDRESS_NONE);
}
void tm_os_after_fork(void) {
} /* the kernel's queues are empty for the child */
#else
#include "os_wait_pthread.c"
#endif
