// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether a session's threads are worth it. What threads must tell each other (barriers, results of the region before) takes a few nanoseconds
// between cores that share a cache, and ten times as long between others; a virtual machine's cores change from one to the other within minutes. So a
// small model may be slower with two threads than with one, and only a clock can tell. Results are the same bits either way.
#ifndef INGOT_RUNTIME_THREADCHOICE_H
#define INGOT_RUNTIME_THREADCHOICE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Of sessions that are all 0: all threads, always.
typedef struct ThreadChoice {
  bool is_open;   ///< to be made, again and again
  bool alone;     ///< what the next runs do
  bool preferred; ///< what was the better one last time
  uint32_t phase, left;
  int64_t least[2]; ///< nanoseconds of the fastest run that was measured: with all threads, with one
} ThreadChoice;

void ingot_choice_open(ThreadChoice *choice);

/// Before a run: whether the calling thread does it alone.
bool ingot_choice_next(ThreadChoice *choice);
/// Whether ingot_choice_note wants to know how long the run takes.
bool ingot_choice_measures(const ThreadChoice *choice);
void ingot_choice_note(ThreadChoice *choice, int64_t nanoseconds);

#ifdef __cplusplus
}
#endif
#endif
