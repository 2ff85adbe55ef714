/* os_wait_win32.c: os_wait.h on WaitOnAddress (Windows 8 and later). Run under wine only. */
#include "os_wait.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

const bool tm_os_interrupts = false; /* Ctrl-C comes in a thread of its own */

int64_t tm_os_now(void) {
  LARGE_INTEGER count, frequency;
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  int64_t seconds = count.QuadPart / frequency.QuadPart, rest = count.QuadPart % frequency.QuadPart;
  return seconds * 1000000000 + rest * 1000000000 / frequency.QuadPart;
}

int64_t tm_os_cpu_now(void) {
  return 0; /* counted in steps of 16 ms */
}

unsigned tm_os_cpus(void) {
  DWORD_PTR process, system;
  unsigned count = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &process, &system)) {
    for (; process != 0; process &= process - 1) {
      count++;
    }
  }
  return count > 0 ? count : 1;
}

tm_wait_result tm_os_wait(tm_atomic_u32 *word, uint32_t expected, int64_t deadline) {
  DWORD ms = INFINITE;
  if (deadline != TM_FOREVER) {
    int64_t left = deadline - tm_os_now();
    if (left <= 0) {
      return TM_WAIT_TIMEOUT;
    }
    left = (left + 999999) / 1000000; /* up: a wait must not end before its deadline */
    ms = left < INFINITE - 1 ? (DWORD)left : INFINITE - 1;
  }
  if (WaitOnAddress((volatile void *)word, &expected, sizeof expected, ms)) {
    return TM_WAIT_OK;
  }
  /* Windows ends a wait at a tick of its own clock, which may be up to 16 ms before the deadline. */
  return GetLastError() == ERROR_TIMEOUT && tm_os_now() >= deadline ? TM_WAIT_TIMEOUT : TM_WAIT_OK;
}

void tm_os_wake_one(tm_atomic_u32 *word) {
  WakeByAddressSingle((void *)word);
}

void tm_os_wake_all(tm_atomic_u32 *word) {
  WakeByAddressAll((void *)word);
}

void tm_os_after_fork(void) {
} /* no process forks here */
