/* os_wait_darwin.c: os_wait.h on macOS. os_sync_wait_on_address came with 14.4. Below that it is the pthread
 * back end: which of them, is found out when it runs, for one build serves old systems and new ones.
 * Compiled for both CPUs, and not run yet. */
#include "os_wait.h"

#if __has_include(<os/os_sync_wait_on_address.h>)
#define tm_os_wait tm_table_wait
#define tm_os_wake_one tm_table_wake_one
#define tm_os_wake_all tm_table_wake_all
#include "os_wait_pthread.c"
#undef tm_os_wait
#undef tm_os_wake_one
#undef tm_os_wake_all

#include <os/os_sync_wait_on_address.h>

static tm_wait_result result_of(int waiters, int64_t deadline) {
  if (waiters >= 0) {
    return TM_WAIT_OK;
  }
  if (errno == EINTR) {
    return TM_WAIT_INTR;
  }
  return errno == ETIMEDOUT && tm_os_now() >= deadline ? TM_WAIT_TIMEOUT : TM_WAIT_OK;
}

tm_wait_result tm_os_wait(tm_atomic_u32 *word, uint32_t expected, int64_t deadline) {
  if (__builtin_available(macOS 14.4, *)) {
    const uint32_t flags = OS_SYNC_WAIT_ON_ADDRESS_NONE, clock = OS_CLOCK_MACH_ABSOLUTE_TIME;
    if (deadline == TM_FOREVER) {
      return result_of(os_sync_wait_on_address((void *)word, expected, sizeof expected, flags), deadline);
    }
    int64_t left = deadline - tm_os_now();
    if (left <= 0) {
      return TM_WAIT_TIMEOUT;
    }
    return result_of(os_sync_wait_on_address_with_timeout((void *)word, expected, sizeof expected, flags,
                                                          clock, (uint64_t)left),
                     deadline);
  }
  return tm_table_wait(word, expected, deadline);
}

void tm_os_wake_one(tm_atomic_u32 *word) {
  if (__builtin_available(macOS 14.4, *)) {
    os_sync_wake_by_address_any((void *)word, sizeof *word, OS_SYNC_WAKE_BY_ADDRESS_NONE);
  } else {
    tm_table_wake_one(word);
  }
}

void tm_os_wake_all(tm_atomic_u32 *word) {
  if (__builtin_available(macOS 14.4, *)) {
    os_sync_wake_by_address_all((void *)word, sizeof *word, OS_SYNC_WAKE_BY_ADDRESS_NONE);
  } else {
    tm_table_wake_all(word);
  }
}
#else
#include "os_wait_pthread.c"
#endif
