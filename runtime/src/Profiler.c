// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#define _GNU_SOURCE
#include "Profiler.h"

#include <sys/resource.h>
#include <time.h>

int64_t ingot_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/// Page faults of this thread since it was started, those that read a file too.
static uint64_t page_faults(void) {
  struct rusage usage;
  return getrusage(RUSAGE_THREAD, &usage) == 0 ? (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt : 0;
}

/// The number of events that are kept, a power of two.
static uint64_t capacity_of(uint32_t events) {
  uint64_t capacity = 16;
  while (capacity < (events == 0 ? INGOT_DEFAULT_EVENTS : events))
    capacity *= 2;
  return capacity;
}

static size_t round_up(size_t bytes) { return (bytes + INGOT_ALIGNMENT - 1) / INGOT_ALIGNMENT * INGOT_ALIGNMENT; }

/// The parts of the profiler's memory, each aligned: the next one of `bytes`.
static void *take(uint8_t **at, size_t bytes) {
  void *part = *at;
  *at += round_up(bytes);
  return part;
}

size_t ingot_profiler_bytes(const IngotModel *model, uint32_t threads, uint32_t events) {
  const size_t capacity = capacity_of(events), regions = model->region_count;
  const size_t thread = round_up(capacity * sizeof(Event)) + 3 * round_up(regions * sizeof(Counter));
  return round_up(sizeof(IngotProfiler) + threads * sizeof(Recorder)) + threads * thread + round_up(capacity * sizeof(int64_t)) +
         round_up(2 * capacity * sizeof(double)) + round_up(regions * sizeof(IngotRegionProfile));
}

IngotProfiler *ingot_profiler_open(void *memory, const IngotModel *model, IngotRunFunction run, uint32_t threads, uint32_t events) {
  uint8_t *at = memory;
  const size_t capacity = capacity_of(events), regions = model->region_count;
  IngotProfiler *profiler = take(&at, sizeof(IngotProfiler) + threads * sizeof(Recorder));
  profiler->model = model;
  profiler->run = profiler->model_run = run;
  profiler->threads = threads;
  profiler->mask = (uint32_t)capacity - 1;
  profiler->walls = take(&at, capacity * sizeof(int64_t));
  profiler->samples = take(&at, 2 * capacity * sizeof(double));
  profiler->regions = take(&at, regions * sizeof(IngotRegionProfile));
  for (uint32_t i = 0; i < threads; ++i) {
    Recorder *recorder = &profiler->recorders[i];
    recorder->events = take(&at, capacity * sizeof(Event));
    for (int which = 0; which < 3; ++which)
      recorder->sums[which] = take(&at, regions * sizeof(Counter));
  }
  return profiler;
}

static void note(const IngotProfiler *profiler, Recorder *recorder, int64_t end, int32_t what, uint32_t previous) {
  recorder->events[recorder->written++ & profiler->mask] = (Event){end, what, previous};
  recorder->last = end;
}

void ingot_profiler_note(IngotProfiler *profiler, Recorder *recorder, int32_t what, int64_t end) {
  const uint32_t region = (uint32_t)(what < 0 ? -1 - what : what);
  if (region >= profiler->model->region_count)
    return;
  Counter *sum = &recorder->now[region];
  uint32_t previous = 0;
  if (what < 0) {
    sum->wait += end - recorder->last;
  } else {
    sum->busy += end - recorder->last;
    ++sum->calls;
    previous = sum->last;
    sum->last = recorder->written + 1;
  }
  note(profiler, recorder, end, what, previous);
}

void ingot_profiler_mark(IngotProfiler *profiler, int64_t thread, int32_t what) {
  Recorder *recorder = &profiler->recorders[thread];
  ingot_profiler_note(profiler, recorder, what, ingot_clock());
  if (recorder->now != recorder->sums[0])
    return;
  // To ask costs as much as a small region: in the first run only, which is slow anyway.
  const uint64_t faults = page_faults(), more = faults - recorder->faults_before;
  recorder->now[what < 0 ? -1 - what : what].faults += (uint32_t)more;
  recorder->faults[0] += more;
  recorder->faults_before = faults;
}

void ingot_profiler_enter(IngotProfiler *profiler, Recorder *recorder, int64_t begin) {
  recorder->now = recorder->sums[profiler->is_later];
  note(profiler, recorder, begin, INGOT_RUN_BEGIN, 0);
}

void ingot_profiled_run(IngotCall *call, int64_t thread, int64_t threads) {
  IngotProfiler *profiler = call->profiler;
  if (profiler->run != profiler->model_run) {
    profiler->run(call, thread, threads);
    return;
  }
  Recorder *recorder = &profiler->recorders[thread];
  recorder->faults_before = page_faults();
  ingot_profiler_enter(profiler, recorder, ingot_clock());
  profiler->run(call, thread, threads);
  recorder->faults[profiler->is_later] += page_faults() - recorder->faults_before;
}

void ingot_profiler_begin(IngotProfiler *profiler, int64_t begin) {
  profiler->is_later = profiler->runs[0] != 0;
  profiler->begin = begin;
}

void ingot_profiler_end(IngotProfiler *profiler, int64_t end) {
  const uint32_t later = profiler->is_later;
  profiler->wall[later] += end - profiler->begin;
  if (later)
    profiler->walls[profiler->runs[1] & profiler->mask] = end - profiler->begin;
  ++profiler->runs[later];
  // A model ends without a barrier: those that have nothing left wait for the last one here.
  const Recorder *last = &profiler->recorders[0];
  for (uint32_t t = 1; t < profiler->threads; ++t)
    last = profiler->recorders[t].last > last->last ? &profiler->recorders[t] : last;
  const int32_t what = last->written == 0 ? INGOT_RUN_BEGIN : ingot_event(profiler, last, last->written - 1)->what;
  const int64_t last_end = last->last;
  for (uint32_t t = 0; t < profiler->threads && what >= 0; ++t) {
    Recorder *recorder = &profiler->recorders[t];
    if (recorder->last >= profiler->begin && recorder->last < last_end)
      ingot_profiler_note(profiler, recorder, -1 - what, last_end);
  }
}

uint32_t ingot_first_event(const IngotProfiler *profiler, const Recorder *recorder) {
  const uint32_t kept = profiler->mask + 1;
  return recorder->written > kept ? recorder->written - kept + 1 : 0;
}
