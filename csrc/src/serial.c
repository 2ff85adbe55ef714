#include "serial.h"

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
