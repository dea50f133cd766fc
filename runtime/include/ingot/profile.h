/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What ingot_session_profile tells of a session that was opened with INGOT_PROFILE. Programs include ingot.h; docs/Embedding.md is its guide.
 * Structures grow at their end only.
 */
#ifndef INGOT_PROFILE_H
#define INGOT_PROFILE_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a region's data comes from at best, judged by how much of it each thread takes. */
enum { INGOT_LEVEL_L2 = 0, INGOT_LEVEL_L3 = 1, INGOT_LEVEL_MEMORY = 2, INGOT_LEVELS = 3 };

/* A region: the part of the model that is computed between two points where a thread could wait. Times are of all runs but the first, unless there
 * was no other. */
typedef struct IngotRegionProfile {
  const IngotRegion *region;
  uint32_t number;      /* in IngotModel.regions */
  uint32_t threads;     /* that took part */
  uint64_t calls;       /* more than one in a run where the region lies in a loop */
  double seconds;       /* of one call: the median, of the thread that took longest; of the latest calls where there were very many */
  double busy_seconds;  /* in the region: the sum of all calls in the chosen runs, of all threads */
  double wait_seconds;  /* behind the region, for other threads: the same sum */
  double share;         /* of the time of all threads: busy and wait together */
  double imbalance;     /* by how much the slowest thread takes longer than the mean of those that took part; 0.1 is 10 %; the median */
  double roofline;      /* the least time that a call can take, by its flops and bytes and what was measured of the machine, over `seconds` */
  double first_seconds; /* in the first run: of all calls, of the thread that took longest */
  uint64_t page_faults; /* in the first run, of all threads */
  int32_t level;        /* INGOT_LEVEL_*, for `roofline` */
  int32_t by_bytes;     /* 1: that least time follows from the bytes, 0: from the flops */
} IngotRegionProfile;

typedef struct IngotProfile {
  uint32_t struct_size; /* the caller's */
  uint32_t threads;
  uint64_t runs;        /* all but the first, unless there was no other */
  uint64_t chosen_runs; /* the faster half of them (of those of which all events are kept), that shares and sums are of */
  double run_seconds;   /* of one of those, the mean, as the caller sees it */
  double first_seconds; /* of the first run */
  double compute;       /* shares of the time of all threads: in regions, */
  double wait;          /* behind regions, for other threads, */
  double rest;          /* and in starting and ending a run */
  double serial;        /* the share of a run's time in regions of one thread, while the others wait; 0 with one thread */
  double flops_per_second;               /* of f32 multiply-adds, all threads together, measured on this machine with its widest vectors */
  double bytes_per_second[INGOT_LEVELS]; /* read by all threads together, measured; 0: could not be measured */
  uint64_t first_page_faults;            /* in the first run; of all threads */
  uint64_t page_faults;                  /* in all others */
  const IngotRegionProfile *regions;     /* those that ran, the largest share first; valid until the next call of the session */
  uint32_t region_count;
  uint32_t dropped;       /* 1: there were more events than the session keeps; the trace begins late */
  const char *bottleneck; /* one sentence */
  double bf16_flops_per_second; /* as flops_per_second, of pairs of bf16; 0: no region multiplies these, or the CPU has no instruction for it */
  double int8_flops_per_second; /* the same of groups of four bytes */
} IngotProfile;

typedef enum IngotProfileFormat {
  INGOT_PROFILE_TRACE = 0, /* JSON of Chrome's trace events, as Perfetto opens it, with the numbers of IngotProfile under "ingot" */
  INGOT_PROFILE_TABLE = 1  /* text: the regions that take most of the time, and the bottleneck */
} IngotProfileFormat;

#ifdef __cplusplus
}
#endif
#endif
