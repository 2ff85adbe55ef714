/* test_parker.c: a token that does not count, and what it makes visible. */
#include "check.h"

#include "parker.h"

enum { ROUNDS = 5000 / SCALE, RACES = 200000 / SCALE };

static tm_parker parker;
static tm_atomic_u32 gate, returned, written;
static unsigned plain; /* only the token orders it */

static void *park(void *arg) {
  (void)arg;
  tm_parker_park(&parker);
  add(returned, 1);
  return NULL;
}

static void unpark_before_park(void) {
  tm_parker_init(&parker);
  tm_parker_unpark(&parker);
  tm_parker_park(&parker);
  CHECK(peek(parker.word) == 0);
}

static void token_does_not_count(void) {
  tm_parker_init(&parker);
  tm_parker_unpark(&parker);
  tm_parker_unpark(&parker);
  tm_parker_park(&parker);
  pthread_t owner = start(park, NULL);
  UNTIL(peek(parker.word) == UINT32_MAX); /* it parks: the second unpark left nothing */
  CHECK(peek(returned) == 0);
  tm_parker_unpark(&parker);
  join(owner);
  CHECK(peek(returned) == 1);
  CHECK(peek(parker.word) == 0);
}

/* A wake without a token is spurious, and must not end the park. */
static void spurious_wakes(void) {
  tm_parker_init(&parker);
  poke(returned, 0);
  pthread_t owner = start(park, NULL);
  UNTIL(peek(parker.word) == UINT32_MAX);
  for (int i = 0; i < 1000; i++) {
    tm_os_wake_all(&parker.word);
    sched_yield();
    CHECK(peek(returned) == 0);
  }
  tm_parker_unpark(&parker);
  join(owner);
}

static void *write_and_unpark(void *arg) {
  (void)arg;
  for (unsigned i = 1; i <= RACES; i++) {
    meet(&gate, 2);
    poke(written, i);
    tm_parker_unpark(&parker);
    meet(&gate, 2);
  }
  return NULL;
}

/* The token is there when the other thread writes and unparks. If no token is left afterwards, then
 * the owner took it after that unpark, and must have seen what was written before it. */
static void second_unpark_publishes_too(void) {
  unsigned merged = 0;
  tm_parker_init(&parker);
  pthread_t other = start(write_and_unpark, NULL);
  for (unsigned i = 1; i <= RACES; i++) {
    tm_parker_unpark(&parker);
    meet(&gate, 2);
    for (unsigned delay = i % 16; delay > 0; delay--) {
      tm_cpu_relax();
    }
    tm_parker_park(&parker);
    unsigned seen = peek(written);
    meet(&gate, 2);
    if (peek(parker.word) == 0) {
      CHECK(seen == i);
      merged++;
    } else {
      tm_parker_park(&parker);
    }
  }
  join(other);
  printf("(%u of %u races) ", merged, RACES);
}

/* Each round has a parker of its own that is freed as soon as its token is taken, perhaps while the
 * other thread is still in its unpark. */
static _Atomic(tm_parker *) shown;

static void *unpark_each(void *arg) {
  (void)arg;
  for (unsigned i = 1; i <= ROUNDS; i++) {
    UNTIL(atomic_load_explicit(&shown, memory_order_acquire) != NULL);
    tm_parker *mine = peek(shown);
    poke(shown, NULL);
    plain = i;
    tm_parker_unpark(mine);
  }
  return NULL;
}

static void gone_when_taken(void) {
  pthread_t other = start(unpark_each, NULL);
  for (unsigned i = 1; i <= ROUNDS; i++) {
    tm_parker *own = malloc(sizeof *own);
    tm_parker_init(own);
    atomic_store_explicit(&shown, own, memory_order_release);
    tm_parker_park(own);
    CHECK(plain == i);
    free(own);
  }
  join(other);
}

int main(void) {
  begin();
  RUN(unpark_before_park);
  RUN(token_does_not_count);
  RUN(spurious_wakes);
  RUN(second_unpark_publishes_too);
  RUN(gone_when_taken);
  return end();
}
