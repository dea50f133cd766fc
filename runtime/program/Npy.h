// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// numpy's .npy format, versions 1 to 3.
#ifndef INGOT_PROGRAM_NPY_H
#define INGOT_PROGRAM_NPY_H

#include "Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { INGOT_NPY_HEADER = 1024 };

bool ingot_is_npy(const uint8_t *bytes, size_t size);

/// Reads a tensor; column-major arrays are transposed. numpy has no bf16: '<V2' is read as bf16. On failure `tensor` holds no memory.
ProgramStatus ingot_npy_parse(const uint8_t *bytes, size_t size, HostTensor *tensor, ErrorText *error);

/// Writes the header that precedes the data of a tensor and returns its size, a multiple of 64.
size_t ingot_npy_header(uint8_t header[INGOT_NPY_HEADER], int32_t type, const int64_t *dims, int32_t rank);

#ifdef __cplusplus
}
#endif
#endif
