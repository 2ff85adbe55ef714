/* os_wait.c: picks the one file that implements os_wait.h on this system. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* sched_getaffinity, syscall */
#endif

#if defined(_WIN32)
#include "os_wait_win32.c"
#elif defined(__linux__) && !defined(THREADMILL_OS_WAIT_PTHREAD)
#include "os_wait_linux.c"
#elif defined(__APPLE__) && !defined(THREADMILL_OS_WAIT_PTHREAD)
#include "os_wait_darwin.c"
#else
#include "os_wait_pthread.c"
#endif
