/* stress.c [THREADS] [SECONDS] [SEED]: everything at once: random producers, workers, shared items, waits
 * that end early, failing starts, a close or a drain at any time; nothing is lost, nobody is left.
 *
 * The seed gives the same choices again, though not the same interleaving. Under sanitizers the default
 * is 1 second instead of 2. */
#include "team.h"

enum { MOST_THREADS = 32, MOST_PENDING = 16, MOST_ITEMS = 300, MOST_SHARES = 20 };

typedef struct {
  tm_item item;          /* first, so that an item's address is its job's */
  uint32_t shares, left; /* plain: in how many parts it runs, and how many are not yet taken */
  tm_atomic_u32 ran, failed, finished;
} job;

typedef struct {
  uint64_t state;
} dice;

static team crew;
static tm_atomic_u32 accepted, refused, completed, runs, failures, producing;
static uint64_t seed;

static uint32_t roll(dice *d, uint32_t sides) { /* xorshift64* */
  d->state ^= d->state >> 12;
  d->state ^= d->state << 25;
  d->state ^= d->state >> 27;
  return (uint32_t)((d->state * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % sides;
}

static dice new_dice(void) { /* the main thread's only, so that each producer gets its own again */
  return (dice){.state = seed++ * UINT64_C(0x9E3779B97F4A7C15) | 1};
}

/* Some shares have come to their end. Who finishes the last sets the latch, and then it may be gone. */
static void finish(job *j, uint32_t ran, uint32_t failed) {
  add(j->ran, ran);
  add(j->failed, failed);
  add(runs, ran);
  add(failures, failed);
  uint32_t shares = j->shares;
  if (atomic_fetch_add_explicit(&j->finished, ran + failed, memory_order_acq_rel) + ran + failed == shares) {
    if (shares % 2 == 1) {
      tm_latch_hold_waiters(&j->item.latch);
    }
    tm_latch_set(&j->item.latch);
  }
}

static void run(team *t, tm_item *item) {
  job *j = (job *)item;
  uint32_t failed = 0;
  if (item->shared) {
    if (--j->left == 0) {
      tm_workq_forget(&t->queue);
    } else if (!team_put_back(t, item)) { /* drained meanwhile: the item is ours to fail */
      failed = j->left;
      tm_workq_forget(&t->queue);
    }
  }
  finish(j, 1, failed);
}

static void fail_all(team *t, tm_item *item) {
  for (tm_item *next; item != NULL; item = next) {
    job *j = (job *)item;
    next = item->next;
    if (item->shared) {
      tm_workq_forget(&t->queue);
    }
    finish(j, 0, j->left);
  }
}

/* Waits for a job, perhaps not long enough. Frees it and gives true when it is done. */
static bool collect(job *j, dice *d, bool for_ever) {
  tm_spin never = {0};
  int64_t now = tm_os_now(),
          deadline = for_ever ? now + 30 * SECOND : roll(d, 2) * (now + roll(d, 100) * 1000);
  tm_wait_result result = tm_latch_wait(&j->item.latch, deadline, roll(d, 2) ? &never : &crew.spin);
  CHECK(result == TM_WAIT_OK || (result == TM_WAIT_TIMEOUT && !for_ever));
  if (result != TM_WAIT_OK) {
    return false;
  }
  CHECK(peek(j->ran) + peek(j->failed) == j->shares && peek(j->finished) == j->shares);
  free(j);
  add(completed, 1);
  return true;
}

static void *produce(void *arg) {
  dice d = *(dice *)arg;
  job *pending[MOST_PENDING];
  unsigned count = 0;
  bool open = true;
  for (uint32_t i = roll(&d, MOST_ITEMS); open && i > 0; i--) {
    job *j = calloc(1, sizeof *j);
    bool shared = roll(&d, 4) == 0;
    tm_item_init(&j->item, shared);
    j->shares = j->left = shared ? 1 + roll(&d, MOST_SHARES) : 1;
    open = team_push(&crew, &j->item);
    if (!open) {
      add(refused, 1);
      free(j);
      break;
    }
    add(accepted, 1);
    pending[count++] = j;
    if (count == MOST_PENDING || roll(&d, 4) == 0) {
      unsigned which = roll(&d, count);
      if (collect(pending[which], &d, count == MOST_PENDING)) {
        pending[which] = pending[--count];
      }
    }
  }
  while (count > 0) {
    collect(pending[--count], &d, true);
  }
  add(producing, -1);
  return NULL;
}

static void one_round(unsigned threads, dice *d) {
  pthread_t producers[MOST_THREADS];
  dice theirs[MOST_THREADS];
  unsigned count = 1 + roll(d, threads);
  uint32_t end_after = peek(runs) + roll(d, 3000); /* of runs; both may wrap around */
  team_init(&crew, 1 + roll(d, threads), roll(d, 2) * MS / 100, run);
  crew.desert = fail_all;
  crew.fail_every = roll(d, 3) == 0 ? 2 + roll(d, 8) : 0;
  poke(producing, count);
  for (unsigned i = 0; i < count; i++) {
    theirs[i] = new_dice();
    producers[i] = start(produce, &theirs[i]);
  }
  UNTIL((int32_t)(peek(runs) - end_after) >= 0 || peek(producing) == 0);
  if (roll(d, 2)) {
    tm_workq_close(&crew.queue);
  }
  if (roll(d, 2)) {
    fail_all(&crew, tm_workq_drain(&crew.queue));
  }
  for (unsigned i = 0; i < count; i++) {
    join(producers[i]);
  }
  tm_workq_close(&crew.queue);
  team_join(&crew);
  CHECK(peek(completed) == peek(accepted));
}

int main(int argc, char **argv) {
  unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 4;
  unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : SCALE > 1 ? 1 : 2;
  seed = argc > 3 ? strtoull(argv[3], NULL, 10) : (uint64_t)tm_os_now() % 1000000000;
  CHECK(threads >= 1 && threads <= MOST_THREADS);
  begin();
  alarm(seconds + LIMIT);
  printf("  %u threads, %u s, seed %llu: ", threads, seconds, (unsigned long long)seed);
  unsigned rounds = 0;
  dice d = new_dice();
  for (int64_t until = tm_os_now() + seconds * SECOND; tm_os_now() < until; rounds++) {
    one_round(threads, &d);
  }
  printf("%u rounds, %u items (%u refused), %u runs, %u failed: passed\n", rounds, peek(accepted),
         peek(refused), peek(runs), peek(failures));
  passed++;
  return end();
}
