// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values for inputs that no file gives.
#ifndef INGOT_PROGRAM_FILL_H
#define INGOT_PROGRAM_FILL_H

#include "Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum FillKind {
  FILL_RANDOM, /* floats uniform in [-1, 1), integers and bools 0 or 1, which are in range wherever a model takes an index */
  FILL_ZEROS,
  FILL_ONES,
  FILL_IOTA /* 0, 1, 2, ... in the order of memory, from 0 again where the type holds no more whole numbers exactly */
} FillKind;

/// "random", "zeros", "ones" or "iota"; false for any other word.
bool ingot_fill_kind(const char *word, FillKind *kind);

/// Fills a tensor that has its memory. Random values depend on `seed` and `name` only.
void ingot_tensor_fill(HostTensor *tensor, FillKind kind, const char *name, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
