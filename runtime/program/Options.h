// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of a compiled model.
#ifndef INGOT_PROGRAM_OPTIONS_H
#define INGOT_PROGRAM_OPTIONS_H

#include "Error.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Values of an option that may be given several times; they point into the command line.
typedef struct ValueList {
  const char **values;
  uint32_t count;
} ValueList;

typedef struct Options {
  ValueList input, inputs, raw, fill, output, outputs, save_inputs;
  bool random, json, samples, info, help, version;
  uint64_t seed;
  uint32_t iterations, warmup, threads, sessions;
  ValueList weights, dim, profile;
} Options;

/// `options` must be released also on failure.
ProgramStatus ingot_options_parse(int count, char **arguments, Options *options, ErrorText *error);

void ingot_options_free(Options *options);

/// The lines of --help that describe the options.
extern const char *const ingot_options_help;

#ifdef __cplusplus
}
#endif
#endif
