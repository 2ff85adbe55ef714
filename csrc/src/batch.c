#include "batch.h"

/* If fewer came than a consumer has waited for, the next 1, 2, 4 ... 2^MOST_FAILURES waits are for one value.
 * So one whose next value comes only after it has taken the last, as from an input that depends on it, loses
 * little. */
enum { MOST_FAILURES = 6 };

/* Notes how the last wait went. The most that the next one may be for: twice as much, for the values may have
 * come in a burst. */
static size_t learn(tm_batch *batch, size_t came) {
  if (batch->wanted <= 1) {
    return 2;
  }
  if (came < batch->wanted) {
    batch->pause = 1U << batch->failures;
    batch->failures += batch->failures < MOST_FAILURES;
    return 2;
  }
  batch->failures = 0;
  return 2 * batch->wanted;
}

size_t tm_batch_next(tm_batch *batch, size_t taken, int64_t now, int64_t *patience) {
  size_t came = taken - batch->taken, most = learn(batch, came), wanted = 1;
  int64_t elapsed = now - batch->since;
  batch->taken = taken;
  batch->since = now;
  if (batch->pause != 0) {
    batch->pause--;
  } else if (came != 0) {
    int64_t gap = elapsed / (int64_t)came + 1;
    size_t fit = (size_t)(TM_BATCH_NS / gap);
    wanted = fit < 2 ? 1 : fit < most ? fit : most;
    *patience = 2 * (int64_t)wanted * gap;
    if (*patience > TM_BATCH_NS) {
      *patience = TM_BATCH_NS;
    }
  }
  batch->wanted = wanted;
  return wanted;
}
