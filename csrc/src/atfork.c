#include "atfork.h"

/* Process-wide, as fork is: shared by whatever interpreters there are. */
static tm_lock list_lock;
static tm_atfork *list; /* under list_lock */

#if defined(_WIN32)
static void watch_forks(void) {
}
#else
#include <pthread.h>

/* list_lock is held from here to one of the next two: nobody joins or leaves the list meanwhile. */
static void before(void) {
  tm_lock_acquire(&list_lock);
  for (tm_atfork *entry = list; entry != NULL; entry = entry->next) {
    tm_lock_acquire(entry->lock);
  }
}

static void after_in_parent(void) {
  for (tm_atfork *entry = list; entry != NULL; entry = entry->next) {
    tm_lock_release(entry->lock);
  }
  tm_lock_release(&list_lock);
}

static void after_in_child(void) {
  tm_os_after_fork();
  for (tm_atfork *entry = list; entry != NULL; entry = entry->next) {
    tm_lock_init(entry->lock); /* those who slept on it are not here: nobody to wake */
  }
  tm_lock_init(&list_lock);
}

static void register_handlers(void) {
  pthread_atfork(before, after_in_parent, after_in_child);
}

static void watch_forks(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, register_handlers);
}
#endif

void tm_atfork_add(tm_atfork *entry, tm_lock *lock) {
  watch_forks();
  entry->lock = lock;
  tm_lock_acquire(&list_lock);
  entry->next = list;
  entry->link = &list;
  if (list != NULL) {
    list->link = &entry->next;
  }
  list = entry;
  tm_lock_release(&list_lock);
}

void tm_atfork_remove(tm_atfork *entry) {
  tm_lock_acquire(&list_lock);
  if (entry->link != NULL) { /* else it was never added */
    *entry->link = entry->next;
    if (entry->next != NULL) {
      entry->next->link = entry->link;
    }
  }
  tm_lock_release(&list_lock);
}
