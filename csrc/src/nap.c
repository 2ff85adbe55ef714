#include "nap.h"

int64_t tm_nap_next(tm_nap *nap, uintptr_t who, size_t ended, size_t waiting, int64_t now) {
  tm_nap last = *nap;
  *nap = (tm_nap){who, now, ended, waiting};
  size_t came = ended - last.ended;
  if (who != last.who || came == 0 || came >= last.left) {
    return 0;
  }
  int64_t gap = (now - last.since) / (int64_t)came;
  int64_t most = gap < TM_NAP_NS ? (int64_t)(waiting / 2) * gap : 0;
  most = most < TM_NAP_NS ? most : TM_NAP_NS;
  return most < TM_LEAST_NAP_NS ? 0 : most;
}
