#include "crowd.h"

/* In nanoseconds. A span is long enough for some dozens of short items. What a single one says may be chance:
 * so a limit is kept for longer each time that it is found again, and the next try comes later each time that
 * one fails. */
enum {
  SPAN = 2000000,
  SHORTEST_PAUSE = 8000000,
  LONGEST_PAUSE = 1000000000,
  SHORTEST_KEEP = 32000000,
  LONGEST_KEEP = 256000000
};

/* Of items in a second: below, they take so long that getting the lock back hardly counts. */
enum { HIGH_RATE = 5000 };

void tm_crowd_init(tm_crowd *crowd) {
  *crowd = (tm_crowd){.limit = TM_CROWD_ALL, .pause = SHORTEST_PAUSE, .keep = SHORTEST_KEEP};
}

bool tm_crowd_is_due(const tm_crowd *crowd, int64_t now) {
  return now - crowd->since >= SPAN;
}

/* The span that has begun is not judged: items that are under way end in it, and workers wake or leave. */
static void set_limit(tm_crowd *crowd, unsigned limit) {
  crowd->limit = limit;
  crowd->says_little = true;
}

static void lift(tm_crowd *crowd, int64_t until) {
  crowd->rate = 0;
  crowd->percent = 0;
  set_limit(crowd, TM_CROWD_ALL);
  crowd->phase = TM_CROWD_FREE;
  crowd->most = 0;
  crowd->until = until;
}

static void fail(tm_crowd *crowd, int64_t now) {
  lift(crowd, now + crowd->pause);
  crowd->found = 0;
  crowd->keep = SHORTEST_KEEP;
  crowd->pause = crowd->pause < LONGEST_PAUSE / 2 ? 2 * crowd->pause : LONGEST_PAUSE;
}

static void keep(tm_crowd *crowd, int64_t now) {
  crowd->phase = TM_CROWD_HOLDS;
  crowd->found = crowd->limit;
  crowd->until = now + crowd->keep;
  crowd->keep = crowd->keep < LONGEST_KEEP ? 2 * crowd->keep : LONGEST_KEEP;
  crowd->pause = SHORTEST_PAUSE;
}

void tm_crowd_stalled(tm_crowd *crowd, int64_t now) {
  if (crowd->phase != TM_CROWD_FREE) {
    fail(crowd, now);
  }
}

/* Less than a whole CPU in use: items block. Far more: they compute without the lock. Workers that still
 * become more: items block too, and to start workers takes CPU time. */
static bool is_worth_a_try(const tm_crowd *crowd, int64_t now, bool grows) {
  return now >= crowd->until && crowd->rate >= HIGH_RATE && crowd->most > 1 && !grows &&
         crowd->percent > 70 && crowd->percent < 160;
}

static uint64_t mean(uint64_t before, uint64_t last) {
  return before == 0 ? last : (before + last) / 2;
}

void tm_crowd_look(tm_crowd *crowd, int64_t now, int64_t cpu, size_t begun, unsigned at_work) {
  tm_crowd_note(crowd, at_work);
  if (!tm_crowd_is_due(crowd, now)) {
    return;
  }
  int64_t span = now - crowd->since;
  uint64_t percent = (uint64_t)(cpu - crowd->cpu) * 100 / (uint64_t)span;
  uint64_t rate = (uint64_t)(begun - crowd->begun) * 1000000000 / (uint64_t)span;
  bool says_little = crowd->says_little || span > 4 * SPAN;
  crowd->since = now;
  crowd->cpu = cpu;
  crowd->begun = begun;
  crowd->says_little = false;
  unsigned before = crowd->most, seen = crowd->seen;
  crowd->seen = at_work;
  if (crowd->phase == TM_CROWD_FREE) {
    crowd->most = seen;
  }
  if (says_little) {
    return;
  }
  switch (crowd->phase) {
    case TM_CROWD_FREE:
      crowd->rate = mean(crowd->rate, rate); /* both go up and down by themselves */
      crowd->percent = (unsigned)mean(crowd->percent, percent);
      if (is_worth_a_try(crowd, now, seen > before)) {
        crowd->phase = TM_CROWD_TRIES;
        set_limit(crowd, crowd->found != 0 && crowd->found < seen ? crowd->found : 1);
      }
      break;
    case TM_CROWD_TRIES:
      if (rate >= crowd->rate - crowd->rate / 20) {
        crowd->rate = rate > crowd->rate ? rate : crowd->rate;
        keep(crowd, now);
      } else if (2 * crowd->limit < crowd->most) {
        set_limit(crowd, 2 * crowd->limit);
      } else {
        fail(crowd, now);
      }
      break;
    case TM_CROWD_HOLDS:
      if (rate < crowd->rate - crowd->rate / 5) {
        fail(crowd, now);
      } else if (now > crowd->until) {
        lift(crowd, now);
      }
      break;
  }
}
