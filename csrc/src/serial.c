#include "serial.h"

void tm_serial_init(tm_serial *serial) {
  *serial = (tm_serial){0};
  tm_atfork_add(&serial->atfork, &serial->lock);
}

void tm_serial_destroy(tm_serial *serial) {
  tm_atfork_remove(&serial->atfork);
}

tm_item *tm_serial_after_fork(tm_serial *serial) {
  tm_item *items = serial->items.first;
  serial->items = (tm_fifo){0};
  serial->busy = false;
  return items;
}

bool tm_serial_enter(tm_serial *serial, tm_item *item) {
  tm_lock_acquire(&serial->lock);
  tm_fifo_append(&serial->items, item);
  bool mine = !serial->busy;
  serial->busy = true;
  tm_lock_release(&serial->lock);
  return mine;
}

tm_item *tm_serial_next(tm_serial *serial) {
  tm_lock_acquire(&serial->lock);
  tm_item *item = tm_fifo_take(&serial->items);
  serial->busy = item != NULL;
  tm_lock_release(&serial->lock);
  return item;
}
