// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From what threads have noted to numbers of regions, and to the sentence that names the bottleneck.
#include "Profiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Up to how much a thread takes in one call, data is at best in its L2, or in the L3.
enum { MOST_IN_L2 = 512 << 10, MOST_IN_L3 = 8 << 20 };

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, uint32_t count) {
  qsort(values, count, sizeof *values, compare_doubles);
  return count == 0 ? 0 : (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/// Runs whose sums are told: how many, and the time of all of them.
typedef struct ChosenRuns {
  uint64_t count;
  int64_t wall;
} ChosenRuns;

bool ingot_model_computes(const IngotModel *model, uint32_t arithmetic) {
  for (uint64_t i = 0; i < model->region_count; ++i)
    if (model->regions[i].arithmetic == arithmetic)
      return true;
  return false;
}

static uint32_t count_begins(const IngotProfiler *profiler, const Recorder *recorder) {
  uint32_t begins = 0;
  for (uint32_t number = ingot_first_event(profiler, recorder); number != recorder->written; ++number)
    begins += ingot_event(profiler, recorder, number)->what == INGOT_RUN_BEGIN;
  return begins;
}

/// Adds up a thread's events in those of the latest `kept` runs that took `most` or less.
static void sum_runs(const IngotProfiler *profiler, Recorder *recorder, uint64_t kept, int64_t most) {
  Counter *sums = recorder->sums[2];
  memset(sums, 0, profiler->model->region_count * sizeof *sums);
  uint64_t age = (uint64_t)count_begins(profiler, recorder) + 1; // of the run: 1 is the latest
  bool wanted = false;
  for (uint32_t number = ingot_first_event(profiler, recorder); number != recorder->written; ++number) {
    const Event *event = ingot_event(profiler, recorder, number);
    if (event->what == INGOT_RUN_BEGIN) {
      --age;
      wanted = age <= kept && profiler->walls[(profiler->runs[1] - age) & profiler->mask] <= most;
    } else if (wanted) {
      const int64_t taken = event->end - ingot_event(profiler, recorder, number - 1)->end;
      *(event->what < 0 ? &sums[-1 - event->what].wait : &sums[event->what].busy) += taken;
    }
  }
}

/// What else the machine does only makes runs longer: sums are of the faster half of the runs of which all events are kept. Where there is none, they
/// are of all runs.
static ChosenRuns choose_runs(IngotProfiler *profiler, uint32_t later) {
  uint64_t kept = later ? profiler->runs[1] : 0;
  for (uint32_t t = 0; t < profiler->threads; ++t) {
    const uint32_t begins = count_begins(profiler, &profiler->recorders[t]);
    kept = begins < kept ? begins : kept;
  }
  if (kept == 0) {
    for (uint32_t t = 0; t < profiler->threads; ++t)
      memcpy(profiler->recorders[t].sums[2], profiler->recorders[t].sums[later], profiler->model->region_count * sizeof(Counter));
    return (ChosenRuns){profiler->runs[later], profiler->wall[later]};
  }
  for (uint64_t age = 1; age <= kept; ++age)
    profiler->samples[age - 1] = (double)profiler->walls[(profiler->runs[1] - age) & profiler->mask];
  const double middle = median(profiler->samples, (uint32_t)kept);
  ChosenRuns chosen = {0, 0};
  for (; chosen.count < kept && profiler->samples[chosen.count] <= middle; ++chosen.count) // sorted by now
    chosen.wall += (int64_t)profiler->samples[chosen.count];
  for (uint32_t t = 0; t < profiler->threads; ++t)
    sum_runs(profiler, &profiler->recorders[t], kept, (int64_t)middle);
  return chosen;
}

/// Moves the thread's cursor from one call (0: none) to the one before and returns what that took, or -1 when it is no longer kept.
static double take_call(const IngotProfiler *profiler, Recorder *recorder) {
  const uint32_t number = recorder->cursor - 1;
  if (recorder->cursor == 0 || recorder->written - number > recorder->written - ingot_first_event(profiler, recorder))
    return -1;
  const Event *event = ingot_event(profiler, recorder, number);
  recorder->cursor = event->previous;
  return (double)(event->end - ingot_event(profiler, recorder, number - 1)->end) * 1e-9;
}

/// Medians of time and imbalance over the calls that all threads still know, from the latest one back: all threads make the same calls.
static void summarize_calls(IngotProfiler *profiler, uint32_t later, uint32_t number, IngotRegionProfile *region) {
  for (uint32_t t = 0; t < profiler->threads; ++t)
    profiler->recorders[t].cursor = profiler->recorders[t].sums[later][number].last;
  uint32_t samples = 0;
  double *imbalances = profiler->samples + profiler->mask + 1;
  for (bool complete = true; complete && samples <= profiler->mask;) {
    double slowest = 0, sum = 0;
    for (uint32_t t = 0; t < profiler->threads; ++t) {
      Recorder *recorder = &profiler->recorders[t];
      if (recorder->sums[later][number].calls == 0)
        continue;
      const double seconds = take_call(profiler, recorder);
      complete &= seconds >= 0;
      sum += seconds;
      slowest = seconds > slowest ? seconds : slowest;
    }
    if (!complete)
      break;
    imbalances[samples] = sum > 0 ? slowest * region->threads / sum - 1 : 0;
    profiler->samples[samples++] = slowest;
  }
  region->seconds = median(profiler->samples, samples);
  region->imbalance = median(imbalances, samples);
}

/// The peak of a region, and what it is called: that of f32 where the CPU has no instruction for what the region multiplies.
static double peak_of(const IngotProfile *profile, uint32_t arithmetic, const char **name) {
  if (arithmetic == INGOT_ARITHMETIC_BF16 && profile->bf16_flops_per_second > 0)
    return *name = "bf16", profile->bf16_flops_per_second;
  if (arithmetic == INGOT_ARITHMETIC_INT8 && profile->int8_flops_per_second > 0)
    return *name = "int8", profile->int8_flops_per_second;
  return *name = "FMA", profile->flops_per_second;
}

static void summarize_roofline(const IngotProfile *profile, IngotRegionProfile *region) {
  const double flops = (double)region->region->flops, bytes = (double)region->region->bytes, share = bytes / profile->threads;
  region->level = share <= MOST_IN_L2 ? INGOT_LEVEL_L2 : share <= MOST_IN_L3 ? INGOT_LEVEL_L3 : INGOT_LEVEL_MEMORY;
  const double bandwidth = profile->bytes_per_second[region->level];
  const char *name;
  const double rate = peak_of(profile, region->region->arithmetic, &name);
  const double by_flops = rate > 0 ? flops / rate : 0, by_bytes = bandwidth > 0 ? bytes / bandwidth : 0;
  region->by_bytes = by_bytes > by_flops;
  region->roofline = region->seconds > 0 ? (region->by_bytes ? by_bytes : by_flops) / region->seconds : 0;
}

static IngotRegionProfile summarize_region(IngotProfiler *profiler, const IngotProfile *profile, uint32_t later, uint32_t number) {
  const double whole = profile->run_seconds * (double)profile->chosen_runs * profile->threads;
  IngotRegionProfile region = {.region = &profiler->model->regions[number], .number = number};
  for (uint32_t t = 0; t < profiler->threads; ++t) {
    const Counter *sum = &profiler->recorders[t].sums[later][number], *first = &profiler->recorders[t].sums[0][number];
    region.threads += sum->calls != 0;
    region.calls = sum->calls > region.calls ? sum->calls : region.calls;
    region.busy_seconds += (double)profiler->recorders[t].sums[2][number].busy * 1e-9;
    region.wait_seconds += (double)profiler->recorders[t].sums[2][number].wait * 1e-9;
    region.page_faults += first->faults;
    region.first_seconds = (double)first->busy * 1e-9 > region.first_seconds ? (double)first->busy * 1e-9 : region.first_seconds;
  }
  if (region.calls == 0)
    return region;
  region.share = whole > 0 ? (region.busy_seconds + region.wait_seconds) / whole : 0;
  summarize_calls(profiler, later, number, &region);
  summarize_roofline(profile, &region);
  return region;
}

static int compare_regions(const void *a, const void *b) {
  const IngotRegionProfile *x = a, *y = b;
  return x->share != y->share ? (x->share < y->share) - (x->share > y->share) : (x->number > y->number) - (x->number < y->number);
}

/// Regions of one kind, as "3x3 convolutions", together.
typedef struct Kind {
  const char *name;
  double share;
  double seconds;            ///< of all calls, by their medians
  double by_flops, by_bytes; ///< the least time of those that arithmetic bounds, and of those that memory bounds
  const char *peak;          ///< of the regions that arithmetic bounds: that by which most of them are judged
  double bytes_of_level[INGOT_LEVELS];
} Kind;

/// Regions of the same kind as the first region of it are added up.
static Kind kind_of(const IngotModel *model, const IngotProfile *profile, uint32_t first) {
  Kind kind = {.name = model->region_text + profile->regions[first].region->kind, .peak = "FMA"};
  double by_peak[INGOT_ARITHMETICS] = {0}, most = 0;
  for (uint32_t i = 0; i < profile->region_count; ++i) {
    const IngotRegionProfile *region = &profile->regions[i];
    if (strcmp(model->region_text + region->region->kind, kind.name) != 0)
      continue;
    const double seconds = region->seconds * (double)region->calls, least = seconds * region->roofline;
    kind.share += region->share;
    kind.seconds += seconds;
    *(region->by_bytes ? &kind.by_bytes : &kind.by_flops) += least;
    if (!region->by_bytes)
      by_peak[region->region->arithmetic] += least;
    kind.bytes_of_level[region->level] += region->by_bytes ? least : 0;
  }
  for (uint32_t arithmetic = 0; arithmetic < INGOT_ARITHMETICS; ++arithmetic)
    if (by_peak[arithmetic] > most) {
      most = by_peak[arithmetic];
      peak_of(profile, arithmetic, &kind.peak);
    }
  return kind;
}

static Kind largest_kind(const IngotModel *model, const IngotProfile *profile) {
  Kind largest = {.name = "", .share = -1};
  for (uint32_t i = 0; i < profile->region_count; ++i) {
    const Kind kind = kind_of(model, profile, i);
    largest = kind.share > largest.share ? kind : largest;
  }
  return largest;
}

/// How well a kind of regions does, as the end of a sentence.
static void describe_kind(const Kind *kind, char *text, size_t size) {
  static const char *const levels[] = {"the L2 caches", "the L3 cache", "memory"};
  const double least = kind->by_flops + kind->by_bytes, share = kind->seconds > 0 ? least / kind->seconds : 0;
  int level = 0;
  for (int i = 1; i < INGOT_LEVELS; ++i)
    level = kind->bytes_of_level[i] > kind->bytes_of_level[level] ? i : level;
  if (least == 0)
    snprintf(text, size, "of which neither flops nor bytes are known");
  else if (kind->by_bytes > kind->by_flops)
    snprintf(text, size, "at %.0f %% of what %s can deliver: %s", 100 * share, levels[level],
             share >= 0.6 ? "bound by the movement of data" : "bound by latency, or by kernels that could be better");
  else
    snprintf(text, size, "at %.0f %% of the %s peak: %s", 100 * share, kind->peak,
             share >= 0.6 ? "bound by arithmetic" : "bound by latency, or by kernels that could be better");
}

/// Where threads spend too long waiting for each other, why; else what most of the time goes into.
static void find_bottleneck(const IngotProfiler *profiler, const IngotProfile *profile, char *text, size_t size) {
  enum { MUCH_REST = 30, MUCH_WAIT = 20 }; // percent
  const double short_run = 200e-6;         // threads that sleep between runs need some 50 us to begin
  if (profile->runs == 0 || profile->region_count == 0) {
    snprintf(text, size, profile->runs == 0 ? "There was no run." : "No region of the model ran.");
    return;
  }
  double slowest_sum = 0, mean_sum = 0, calls = 0;
  for (uint32_t i = 0; i < profile->region_count; ++i) {
    const IngotRegionProfile *region = &profile->regions[i];
    slowest_sum += region->seconds * (double)region->calls;
    mean_sum += region->seconds * (double)region->calls / (1 + region->imbalance);
    calls += (double)region->calls;
  }
  const double uneven = slowest_sum > 0 ? 1 - mean_sum / slowest_sum : 0;
  if (100 * profile->rest >= MUCH_REST && profile->run_seconds >= short_run)
    snprintf(text, size, "%.0f %% of the time goes into starting and ending runs: others use the cores of the %u threads.", 100 * profile->rest,
             profile->threads);
  else if (100 * profile->rest >= MUCH_REST)
    snprintf(text, size, "%.0f %% of the time goes into starting and ending runs: a run of %.1f us is too short for %u thread%s.",
             100 * profile->rest, profile->run_seconds * 1e6, profile->threads, profile->threads == 1 ? "" : "s");
  else if (100 * profile->wait >= MUCH_WAIT && profile->serial >= profile->wait / 2)
    snprintf(text, size, "Threads wait %.0f %% of the time: %.0f %% of a run is in regions that one thread does alone.", 100 * profile->wait,
             100 * profile->serial);
  else if (100 * profile->wait >= MUCH_WAIT && uneven >= profile->wait / 2)
    snprintf(text, size, "Threads wait %.0f %% of the time: their shares of the regions are uneven by %.0f %%, or others use their cores.",
             100 * profile->wait, 100 * uneven);
  else if (100 * profile->wait >= MUCH_WAIT)
    snprintf(text, size, "Threads wait %.0f %% of the time: too little work between barriers (a region takes %.1f us in the mean).",
             100 * profile->wait, slowest_sum / calls * 1e6);
  else {
    const Kind kind = largest_kind(profiler->model, profile);
    const int begin = snprintf(text, size, "%.0f %% of the time is in %.100s ", 100 * kind.share, kind.name);
    describe_kind(&kind, text + begin, size - (size_t)begin - 1);
    strcat(text, ".");
  }
}

void ingot_profiler_summarize(IngotProfiler *profiler, IngotProfile *profile) {
  const uint32_t later = profiler->runs[1] != 0;
  *profile = (IngotProfile){.struct_size = sizeof *profile,
                            .threads = profiler->threads,
                            .runs = profiler->runs[later],
                            .first_seconds = (double)profiler->wall[0] * 1e-9,
                            .regions = profiler->regions,
                            .bottleneck = profiler->bottleneck};
  const ChosenRuns chosen = choose_runs(profiler, later);
  profile->chosen_runs = chosen.count;
  profile->run_seconds = chosen.count == 0 ? 0 : (double)chosen.wall * 1e-9 / (double)chosen.count;
  for (uint32_t t = 0; t < profiler->threads; ++t) {
    const Recorder *recorder = &profiler->recorders[t];
    profile->flops_per_second += recorder->flops[INGOT_ARITHMETIC_F32];
    profile->bf16_flops_per_second += recorder->flops[INGOT_ARITHMETIC_BF16];
    profile->int8_flops_per_second += recorder->flops[INGOT_ARITHMETIC_INT8];
    for (int level = 0; level < INGOT_LEVELS; ++level)
      profile->bytes_per_second[level] += recorder->bytes[level];
    profile->first_page_faults += recorder->faults[0];
    profile->page_faults += recorder->faults[1];
    profile->dropped |= ingot_first_event(profiler, recorder) != 0;
  }
  const double wall = (double)chosen.wall * 1e-9, whole = wall * profile->threads;
  for (uint32_t number = 0; number < profiler->model->region_count; ++number) {
    const IngotRegionProfile region = summarize_region(profiler, profile, later, number);
    if (region.calls == 0 || whole <= 0)
      continue;
    profile->compute += region.busy_seconds / whole;
    profile->wait += region.wait_seconds / whole;
    profile->serial += region.threads == 1 && profile->threads > 1 ? region.busy_seconds / wall : 0;
    profiler->regions[profile->region_count++] = region;
  }
  profile->rest = whole > 0 ? 1 - profile->compute - profile->wait : 0;
  qsort(profiler->regions, profile->region_count, sizeof *profiler->regions, compare_regions);
  find_bottleneck(profiler, profile, profiler->bottleneck, sizeof profiler->bottleneck);
}
