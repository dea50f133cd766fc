/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Stands for the runtime where a test calls a model's threads one after the other: every thread runs the first piece of its share and nothing else,
 * and the last one takes all that the others have left, piece by piece and in another order than they would. */
#include <stdint.h>

enum { REGIONS = 256, THREADS = 512 };

int64_t takeover_last; /* the number of the last thread */
static struct {
  int64_t begin, end;
} left[REGIONS][THREADS];

int64_t ingot_team_offer(void *team, int64_t thread, int64_t region, int64_t begin, int64_t end, int64_t grain) {
  int64_t place = (begin / grain + 1) * grain;
  place = place < end ? place : end;
  left[region][thread].begin = place;
  left[region][thread].end = end;
  return place;
}

int64_t ingot_team_take(void *team, int64_t thread, int64_t region, int64_t grain) {
  for (int64_t owner = thread == takeover_last ? thread : -1; owner >= 0; --owner) {
    const int64_t begin = left[region][owner].begin, end = left[region][owner].end;
    if (begin >= end)
      continue;
    int64_t place = (end - 1) / grain * grain;
    place = place > begin ? place : begin;
    left[region][owner].end = place;
    return owner << 48 | place << 24 | end;
  }
  return 0;
}
