// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the program prints on standard output.
#ifndef INGOT_PROGRAM_REPORT_H
#define INGOT_PROGRAM_REPORT_H

#include "Options.h"
#include "Tensor.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The result of a command, in milliseconds where it is time.
typedef struct Timing {
  const char *variant;
  uint32_t threads, sessions;
  uint32_t iterations; /* of all sessions */
  double *samples;     /* of each iteration, session after session; sorted by the report */
  double first;        /* the first run, warm-up or not */
  double start_to_first;
  const char *profile; /* the table of --profile, or null */
  bool list;           /* the samples in JSON, and the process's memory */
} Timing;

/// The value below which the share `p` of the sorted samples lies, interpolated between neighbours.
double ingot_percentile(const double *sorted, uint32_t count, double p);

void ingot_report_run(FILE *out, const IngotModel *model, const HostTensor *outputs, Timing *timing, bool json);
void ingot_report_info(FILE *out, const IngotModel *model, bool json);
void ingot_report_help(FILE *out, const IngotModel *model, const char *program);
void ingot_report_version(FILE *out, const IngotModel *model);

/// The features that the easiest variant needs and this CPU lacks, as in "AVX2, FMA".
void ingot_missing_features(const IngotModel *model, uint64_t have, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
