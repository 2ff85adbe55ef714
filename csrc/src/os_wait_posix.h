/* os_wait_posix.h: the parts of os_wait.h that all POSIX systems share. Included by the back ends. */
#include <sched.h>
#include <time.h>
#include <unistd.h>

#if defined(__APPLE__) /* the clock of the waits there; the other goes on while the machine sleeps */
#define CLOCK CLOCK_UPTIME_RAW
#else
#define CLOCK CLOCK_MONOTONIC
#endif

int64_t tm_os_now(void) {
  struct timespec now;
  clock_gettime(CLOCK, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t tm_os_cpu_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

unsigned tm_os_cpus(void) {
#if defined(__linux__)
  cpu_set_t set; /* fails beyond 1,024 CPUs: then the online count is as good */
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return (unsigned)CPU_COUNT(&set);
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (unsigned)online : 1;
}

static struct timespec timespec_of(int64_t ns) {
  return (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
}
