// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a session records where the time of its runs goes. Nothing of this runs, and no memory is taken for it, without INGOT_PROFILE.
//
// Each thread notes when each thing ended: a region, a barrier. What lies between two notes is what the second one names. The clock is
// CLOCK_MONOTONIC: it is the same on all cores and needs no calibration. That it takes some 20 ns longer than the CPU's own counter matters little
// for regions, which take microseconds.
#ifndef INGOT_RUNTIME_PROFILER_H
#define INGOT_RUNTIME_PROFILER_H

#include "Internal.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  INGOT_RUN_BEGIN = INT32_MIN,  ///< In Event.what, beside those of ingot_profiler_mark.
  INGOT_DEFAULT_EVENTS = 32768, ///< That are kept of each thread.
  INGOT_MOST_EVENTS = 1 << 28,
  INGOT_BOTTLENECK_TEXT = 512
};

typedef struct Event {
  int64_t end; ///< In nanoseconds.
  int32_t what;
  uint32_t previous; ///< Event number of the call of the same region before, plus 1; 0: there is none.
} Event;

/// Sums of one region in one thread.
typedef struct Counter {
  uint64_t calls;
  int64_t busy, wait;
  uint32_t faults;
  uint32_t last; ///< Event number of its last call, plus 1.
} Counter;

/// What one thread notes. Event `i` lies at `i & mask`: the oldest are overwritten.
typedef struct Recorder {
  _Alignas(INGOT_ALIGNMENT) Event *events;
  Counter *sums[3]; ///< Of the first run, which touches memory for the first time, of all others, and while a summary is made of some of those.
  Counter *now;
  int64_t last; ///< The end of the event before.
  uint32_t written;
  uint64_t faults[2];
  uint64_t faults_before;
  uint32_t cursor;                                      ///< While a summary is made.
  double flops[INGOT_ARITHMETICS], bytes[INGOT_LEVELS]; ///< Per second, measured.
} Recorder;

struct IngotProfiler {
  const IngotModel *model;
  IngotRunFunction run; ///< What each thread calls: the model's function, or one that measures the machine.
  IngotRunFunction model_run;
  uint32_t threads;
  uint32_t mask;     ///< Events that are kept of a thread, less 1.
  uint32_t is_later; ///< Whether the run in progress is not the first.
  uint64_t runs[2];
  int64_t wall[2], begin;
  int64_t *walls;              ///< Of the runs but the first, one for each event that is kept; run `i` lies at `i & mask`.
  double *samples;             ///< Two for each event that is kept.
  IngotRegionProfile *regions; ///< One for each of the model's.
  uint8_t *buffer;             ///< To measure the machine's memory with; null when there is none.
  bool is_measured;
  char bottleneck[INGOT_BOTTLENECK_TEXT];
  Recorder recorders[];
};

int64_t ingot_clock(void);

/// What a session takes for it. `events` of each thread, 0: as many as is usual.
size_t ingot_profiler_bytes(const IngotModel *model, uint32_t threads, uint32_t events);

/// In memory that is all 0 and aligned as INGOT_ALIGNMENT says.
IngotProfiler *ingot_profiler_open(void *memory, const IngotModel *model, IngotRunFunction run, uint32_t threads, uint32_t events);

/// A thread's part of a run, in place of the model's function.
void ingot_profiled_run(IngotCall *call, int64_t thread, int64_t threads);

/// Around a run, by the caller, with the time.
void ingot_profiler_begin(IngotProfiler *profiler, int64_t begin);
void ingot_profiler_end(IngotProfiler *profiler, int64_t end);

/// What a thread does when it begins, and behind each region and barrier, with the time.
void ingot_profiler_enter(IngotProfiler *profiler, Recorder *recorder, int64_t begin);
void ingot_profiler_note(IngotProfiler *profiler, Recorder *recorder, int32_t what, int64_t end);

/// The sums and medians of the runs so far. The machine has been measured.
void ingot_profiler_summarize(IngotProfiler *profiler, IngotProfile *profile);

/// Whether a region of the model has this arithmetic.
bool ingot_model_computes(const IngotModel *model, uint32_t arithmetic);

/// The oldest event of a thread that can be told when it began, and its begin.
uint32_t ingot_first_event(const IngotProfiler *profiler, const Recorder *recorder);
static inline const Event *ingot_event(const IngotProfiler *profiler, const Recorder *recorder, uint32_t number) {
  return &recorder->events[number & profiler->mask];
}

/// Measures what the threads of the team can do at most, unless that is known: about 50 ms.
IngotStatus ingot_measure_machine(IngotProfiler *profiler, IngotTeam *team);

typedef void (*IngotWrite)(void *user, const char *text, size_t bytes);
void ingot_write_trace(const IngotProfiler *profiler, const IngotVariant *variant, const IngotProfile *profile, IngotWrite write, void *user);
void ingot_write_table(const IngotProfiler *profiler, const IngotProfile *profile, IngotWrite write, void *user);

#ifdef __cplusplus
}
#endif
#endif
