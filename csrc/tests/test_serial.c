/* test_serial.c: one at a time, in order of arrival, nothing lost. */
#include "check.h"

#include "serial.h"

enum { PRODUCERS = 6, EACH = 50000 / SCALE };

typedef struct {
  tm_item item; /* first, so that an item's address is its numbered's */
  unsigned producer, number;
} numbered;

static tm_serial serial;
static tm_atomic_u32 gate, running, producers;
static numbered items[PRODUCERS][EACH];
static unsigned next_of[PRODUCERS], ran; /* plain: the serializer's runs are one after another */

static void order_of_arrival(void) {
  tm_item a, b, c;
  serial = (tm_serial){0};
  tm_item_init(&a, false);
  tm_item_init(&b, false);
  tm_item_init(&c, false);
  for (int round = 0; round < 2; round++) { /* it can be entered again after it ran empty */
    CHECK(tm_serial_enter(&serial, &a));
    CHECK(!tm_serial_enter(&serial, &b));
    CHECK(tm_serial_next(&serial) == &a);
    CHECK(!tm_serial_enter(&serial, &c)); /* while a runs, perhaps by a itself */
    CHECK(tm_serial_next(&serial) == &b);
    CHECK(tm_serial_next(&serial) == &c);
    CHECK(!tm_serial_enter(&serial, &a)); /* c is the last, but its runner has not left yet */
    CHECK(tm_serial_next(&serial) == &a);
    CHECK(tm_serial_next(&serial) == NULL);
  }
}

static void run(numbered *one) {
  CHECK(add(running, 1) == 0);
  CHECK(next_of[one->producer]++ == one->number);
  ran++;
  add(running, -1);
}

static void *produce(void *arg) {
  (void)arg;
  unsigned me = add(producers, 1);
  meet(&gate, PRODUCERS);
  for (unsigned i = 0; i < EACH; i++) {
    numbered *one = &items[me][i];
    *one = (numbered){.producer = me, .number = i};
    tm_item_init(&one->item, false);
    if (tm_serial_enter(&serial, &one->item)) {
      for (tm_item *item; (item = tm_serial_next(&serial)) != NULL;) {
        run((numbered *)item);
      }
    }
  }
  return NULL;
}

static void many_producers(void) {
  serial = (tm_serial){0};
  crowd(PRODUCERS, produce, NULL);
  CHECK(ran == PRODUCERS * EACH);
  CHECK(!serial.busy && serial.first == NULL);
}

/* The producer comes just when the runner is about to leave: one of the two must see the item. */
static void *one_each_round(void *arg) {
  numbered *own = arg;
  for (unsigned i = 0; i < EACH / 5; i++) {
    meet(&gate, 2);
    own->number = i;
    if (tm_serial_enter(&serial, &own->item)) {
      for (tm_item *item; (item = tm_serial_next(&serial)) != NULL;) {
        run((numbered *)item);
      }
    }
    meet(&gate, 2);
    CHECK(ran == 2 * (i + 1));
    meet(&gate, 2);
  }
  return NULL;
}

static void enter_against_leave(void) {
  static numbered own[2] = {{.producer = 0}, {.producer = 1}};
  serial = (tm_serial){0};
  ran = next_of[0] = next_of[1] = 0;
  poke(gate, 0);
  pthread_t other = start(one_each_round, &own[0]);
  one_each_round(&own[1]);
  join(other);
}

int main(void) {
  begin();
  RUN(order_of_arrival);
  RUN(many_producers);
  RUN(enter_against_leave);
  return end();
}
