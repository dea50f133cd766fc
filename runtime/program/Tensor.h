// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tensor in the program's memory, row-major, as files give it and as the model takes it.
#ifndef INGOT_PROGRAM_TENSOR_H
#define INGOT_PROGRAM_TENSOR_H

#include "Error.h"
#include "ingot/ingot.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { INGOT_MAX_RANK = 32, INGOT_TYPE_TEXT = 512 };

typedef struct HostTensor {
  int32_t element_type; /* IngotElementType */
  int32_t rank;
  int64_t dims[INGOT_MAX_RANK];
  uint64_t bytes;
  void *data; /* 64-byte aligned */
} HostTensor;

/// 0 for a type that the runtime does not know.
uint64_t ingot_element_size(int32_t type);

/// "f32", or "unknown".
const char *ingot_element_name(int32_t type);

/// The type of that name, or 0.
int32_t ingot_element_type(const char *name);

/// The end of a message about a type that there is not.
extern const char *const ingot_element_names;

/// The Python name of the type, as in "numpy.float32".
const char *ingot_python_name(int32_t type);

/// Sets `bytes` from type and dims; false when a dim is negative or the size is more than memory can address.
bool ingot_tensor_measure(HostTensor *tensor);

/// Measures the tensor and gives it zeroed memory.
ProgramStatus ingot_tensor_allocate(HostTensor *tensor, ErrorText *error);

/// Frees the memory of a tensor that may never have had any.
void ingot_tensor_free(HostTensor *tensor);

/// "f32 [1, 3]".
void ingot_format_type(char text[INGOT_TYPE_TEXT], int32_t type, const int64_t *dims, int32_t rank);

/// One element as a number.
double ingot_element_value(int32_t type, const void *data, uint64_t index);

#ifdef __cplusplus
}
#endif
#endif
