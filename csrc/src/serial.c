#include "serial.h"

void tm_serial_init(tm_serial *serial) {
  *serial = (tm_serial){0};
  tm_atfork_add(&serial->atfork, &serial->lock);
}

void tm_serial_destroy(tm_serial *serial) {
  tm_atfork_remove(&serial->atfork);
}

tm_item *tm_serial_after_fork(tm_serial *serial, tm_item **current) {
  tm_item *items = serial->first;
  *current = serial->current;
  serial->first = serial->current = NULL;
  serial->busy = false;
  return items;
}

bool tm_serial_enter(tm_serial *serial, tm_item *item) {
  tm_lock_acquire(&serial->lock);
  item->next_due = NULL;
  if (serial->first == NULL) {
    serial->first = item;
  } else {
    serial->last->next_due = item;
  }
  serial->last = item;
  bool mine = !serial->busy;
  serial->busy = true;
  tm_lock_release(&serial->lock);
  return mine;
}

tm_item *tm_serial_next(tm_serial *serial) {
  tm_lock_acquire(&serial->lock);
  tm_item *item = serial->first;
  if (item != NULL) {
    serial->first = item->next_due;
  }
  serial->current = item;
  serial->busy = item != NULL;
  tm_lock_release(&serial->lock);
  return item;
}
