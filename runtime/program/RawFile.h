// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that hold the elements of a tensor and nothing else, little-endian and row-major.
#ifndef INGOT_PROGRAM_RAWFILE_H
#define INGOT_PROGRAM_RAWFILE_H

#include "Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { INGOT_PATH_TEXT = 4096 };

/// FILE:TYPE:SHAPE, as in "x.bin:f32:1x3x224x224", or FILE alone.
typedef struct RawSpec {
  char path[INGOT_PATH_TEXT];
  bool has_type;     /* and shape, which `tensor` holds then */
  HostTensor tensor; /* without data */
} RawSpec;

/// A FILE that has colons is a file as long as what lies behind them is no type.
ProgramStatus ingot_raw_parse(const char *text, RawSpec *spec, ErrorText *error);

/// Reads `path`, whose size must be that of the tensor. On failure `tensor` holds no memory.
ProgramStatus ingot_raw_read(const char *path, HostTensor *tensor, ErrorText *error);

#ifdef __cplusplus
}
#endif
#endif
