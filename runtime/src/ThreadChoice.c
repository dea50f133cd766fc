// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ThreadChoice.h"

enum {
  LONG_NANOSECONDS = 2000000, // nobody is faster alone with that much to do
  PER_CENT_FASTER = 90        // of the other's time: what makes a difference
};

/// A few runs of each kind, the first ones not measured: caches belong to the other cores, and workers may sleep. Then many as they are best; less
/// than one in a hundred is a trial.
static const struct Phase {
  bool alone, measured;
  uint16_t runs;
} phases[] = {{false, false, 3}, {false, true, 4}, {true, false, 1}, {true, true, 3}, {false, false, 2000}};

enum { PHASES = sizeof phases / sizeof *phases, LAST_OF_ALL = 1, RESTING = PHASES - 1 };

static void begin(ThreadChoice *choice, uint32_t phase) {
  choice->phase = phase;
  choice->left = phases[phase].runs;
  choice->alone = phase == RESTING ? choice->preferred : phases[phase].alone;
}

void ingot_choice_open(ThreadChoice *choice) {
  *choice = (ThreadChoice){.is_open = true, .least = {INT64_MAX, INT64_MAX}};
  begin(choice, 0);
}

static void decide(ThreadChoice *choice) {
  const int64_t *least = choice->least;
  const bool now = choice->preferred, other = !now;
  choice->preferred = least[other] < least[now] / 100 * PER_CENT_FASTER ? other : now;
}

bool ingot_choice_next(ThreadChoice *choice) {
  if (!choice->is_open)
    return false;
  if (choice->left == 0) {
    if (choice->phase == LAST_OF_ALL && choice->least[0] > LONG_NANOSECONDS) {
      *choice = (ThreadChoice){.is_open = false};
      return false;
    }
    if (choice->phase + 1 == RESTING)
      decide(choice);
    if (choice->phase == RESTING)
      choice->least[0] = choice->least[1] = INT64_MAX;
    begin(choice, (choice->phase + 1) % PHASES);
  }
  --choice->left;
  return choice->alone;
}

bool ingot_choice_measures(const ThreadChoice *choice) { return choice->is_open && phases[choice->phase].measured; }

void ingot_choice_note(ThreadChoice *choice, int64_t nanoseconds) {
  int64_t *least = &choice->least[choice->alone];
  *least = nanoseconds < *least ? nanoseconds : *least;
}
