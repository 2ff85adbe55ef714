/* crowd.h: how many workers are to be at work at once, where a lock of the host language makes more of them
 * slower. Each short release of that lock inside of an item lets another worker in, and to have it back costs
 * more than the release was worth: eight workers at short reads need twice the time of one. Where items
 * block, more workers are the whole point; and nothing tells which of the two an item is about to do. So this
 * goes by what can be seen, the rate at which items begin. While it is high and a CPU is busy with them,
 * fewer workers are tried for a moment, from one upwards, and the first number that is not slower than all of
 * them is kept for a while.
 *
 * Not thread-safe: the queue's lock protects it. */
#ifndef TM_CROWD_H
#define TM_CROWD_H

#include "atomics.h"

/* No limit; one more is still a number. */
enum { TM_CROWD_ALL = INT32_MAX };

typedef enum { TM_CROWD_FREE, TM_CROWD_TRIES, TM_CROWD_HOLDS } tm_crowd_phase;

typedef struct {
  unsigned limit; /* how many workers may be at work */
  tm_crowd_phase phase;
  unsigned most;    /* were at work at once, in the last span without a limit */
  unsigned found;   /* the limit that was kept last; 0: none */
  uint64_t rate;    /* items in a second: without a limit, on average; or more, with one since */
  unsigned percent; /* of one CPU that the process uses without a limit, on average */
  int64_t pause;    /* ns until the next try if this one fails: longer each time */
  int64_t keep;     /* ns for which a limit that is found will be kept: longer each time */
  int64_t until;    /* when the next try may begin, or a limit has been kept for long enough */
  int64_t since;    /* when the present span of measuring began; and, until then: */
  int64_t cpu;      /* the CPU time used */
  size_t begun;     /* the items begun */
  unsigned seen;    /* the most that were at work at once, or woken to be */
  bool says_little; /* of the span: for want of items nobody was at work at some time, or the limit has
                       changed */
} tm_crowd;

void tm_crowd_init(tm_crowd *crowd);

/* Whether a span is over. If not, tm_crowd_look does nothing. */
bool tm_crowd_is_due(const tm_crowd *crowd, int64_t now);

/* Now and then, by whoever is awake, with: the time; the CPU time of the process (tm_os_cpu_now); how many
 * items have begun ever; and how many workers are at work now. */
void tm_crowd_look(tm_crowd *crowd, int64_t now, int64_t cpu, size_t begun, unsigned at_work);

/* So many are at work, or are woken to be. */
static inline void tm_crowd_note(tm_crowd *crowd, unsigned at_work) {
  crowd->seen = crowd->seen < at_work ? at_work : crowd->seen;
}

/* Items wait, and for a while none has begun or ended: all workers may work, and the next try is put off. */
void tm_crowd_stalled(tm_crowd *crowd, int64_t now);

#endif
