// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Tensor.h"
#include "Narrow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct ElementFacts {
  int32_t type;
  uint32_t size;
  const char *name, *python;
} ElementFacts;

static const ElementFacts elements[] = {{INGOT_F32, 4, "f32", "numpy.float32"},
                                        {INGOT_U8, 1, "u8", "numpy.uint8"},
                                        {INGOT_I8, 1, "i8", "numpy.int8"},
                                        {INGOT_U16, 2, "u16", "numpy.uint16"},
                                        {INGOT_I16, 2, "i16", "numpy.int16"},
                                        {INGOT_I32, 4, "i32", "numpy.int32"},
                                        {INGOT_I64, 8, "i64", "numpy.int64"},
                                        {INGOT_BOOL, 1, "bool", "numpy.bool"},
                                        {INGOT_F16, 2, "f16", "numpy.float16"},
                                        {INGOT_F64, 8, "f64", "numpy.float64"},
                                        {INGOT_U32, 4, "u32", "numpy.uint32"},
                                        {INGOT_U64, 8, "u64", "numpy.uint64"},
                                        {INGOT_BF16, 2, "bf16", "ml_dtypes.bfloat16"},
                                        {INGOT_F8E4M3FN, 1, "f8e4m3fn", "ml_dtypes.float8_e4m3fn"},
                                        {INGOT_F8E4M3FNUZ, 1, "f8e4m3fnuz", "ml_dtypes.float8_e4m3fnuz"},
                                        {INGOT_F8E5M2, 1, "f8e5m2", "ml_dtypes.float8_e5m2"},
                                        {INGOT_F8E5M2FNUZ, 1, "f8e5m2fnuz", "ml_dtypes.float8_e5m2fnuz"},
                                        {INGOT_U4, 1, "u4", "ml_dtypes.uint4"},
                                        {INGOT_I4, 1, "i4", "ml_dtypes.int4"},
                                        {INGOT_F4E2M1, 1, "f4e2m1", "ml_dtypes.float4_e2m1fn"},
                                        {INGOT_F8E8M0, 1, "f8e8m0", "ml_dtypes.float8_e8m0fnu"},
                                        {INGOT_U2, 1, "u2", "ml_dtypes.uint2"},
                                        {INGOT_I2, 1, "i2", "ml_dtypes.int2"},
                                        {INGOT_F6E2M3, 1, "f6e2m3", "ml_dtypes.float6_e2m3fn"},
                                        {INGOT_F6E3M2, 1, "f6e3m2", "ml_dtypes.float6_e3m2fn"}};

static const ElementFacts *facts_of(int32_t type) {
  static const ElementFacts unknown = {0, 0, "unknown", "unknown"};
  for (size_t i = 0; i < sizeof elements / sizeof *elements; ++i)
    if (elements[i].type == type)
      return &elements[i];
  return &unknown;
}

uint64_t ingot_element_size(int32_t type) { return facts_of(type)->size; }
const char *ingot_element_name(int32_t type) { return facts_of(type)->name; }
int32_t ingot_element_type(const char *name) {
  for (size_t i = 0; i < sizeof elements / sizeof *elements; ++i)
    if (strcmp(elements[i].name, name) == 0)
      return elements[i].type;
  return 0;
}

const char *const ingot_element_names = "the types are f32, f64, f16, bf16, i8, i16, i32, i64, u8, u16, u32, u64, bool, i4, u4, i2, u2, f8e4m3fn, "
                                        "f8e4m3fnuz, f8e5m2, f8e5m2fnuz, f8e8m0, f6e2m3, f6e3m2 and f4e2m1";

const char *ingot_python_name(int32_t type) { return facts_of(type)->python; }

bool ingot_tensor_measure(HostTensor *tensor) {
  const uint64_t limit = SIZE_MAX / 4, size = ingot_element_size(tensor->element_type);
  uint64_t bytes = size;
  bool empty = false;
  for (int32_t i = 0; i < tensor->rank; ++i) {
    const int64_t dim = tensor->dims[i];
    if (dim < 0)
      return false;
    if (dim == 0)
      empty = true;
    else if (bytes > limit / (uint64_t)dim)
      return false;
    else
      bytes *= (uint64_t)dim;
  }
  tensor->bytes = empty ? 0 : bytes;
  return size != 0;
}

ProgramStatus ingot_tensor_allocate(HostTensor *tensor, ErrorText *error) {
  char text[INGOT_TYPE_TEXT];
  ingot_format_type(text, tensor->element_type, tensor->dims, tensor->rank);
  if (!ingot_tensor_measure(tensor))
    return ingot_fail(error, PROGRAM_BAD_INPUT, "%s is no valid tensor type", text);
  const size_t size = (size_t)(tensor->bytes + 64) / 64 * 64;
  tensor->data = aligned_alloc(64, size);
  if (!tensor->data)
    return ingot_fail(error, PROGRAM_INTERNAL, "out of memory for %" PRIu64 " bytes of %s", tensor->bytes, text);
  memset(tensor->data, 0, size);
  return PROGRAM_OK;
}

void ingot_tensor_free(HostTensor *tensor) {
  free(tensor->data);
  tensor->data = NULL;
}

void ingot_format_type(char text[INGOT_TYPE_TEXT], int32_t type, const int64_t *dims, int32_t rank) {
  size_t at = (size_t)snprintf(text, INGOT_TYPE_TEXT, "%s [", ingot_element_name(type));
  for (int32_t i = 0; i < rank && at < INGOT_TYPE_TEXT - 32; ++i)
    at += (size_t)snprintf(text + at, INGOT_TYPE_TEXT - at, i == 0 ? "%" PRId64 : ", %" PRId64, dims[i]);
  snprintf(text + at, INGOT_TYPE_TEXT - at, "]");
}

static float bfloat_value(uint16_t bits) {
  const uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}

double ingot_element_value(int32_t type, const void *data, uint64_t index) {
  switch ((IngotElementType)type) {
  case INGOT_F32:
    return ((const float *)data)[index];
  case INGOT_F64:
    return ((const double *)data)[index];
  case INGOT_F16:
    return (double)(float)((const _Float16 *)data)[index];
  case INGOT_BF16:
    return bfloat_value(((const uint16_t *)data)[index]);
  case INGOT_U8:
    return ((const uint8_t *)data)[index];
  case INGOT_BOOL:
    return ((const uint8_t *)data)[index] != 0;
  case INGOT_I8:
    return ((const int8_t *)data)[index];
  case INGOT_U16:
    return ((const uint16_t *)data)[index];
  case INGOT_I16:
    return ((const int16_t *)data)[index];
  case INGOT_U32:
    return ((const uint32_t *)data)[index];
  case INGOT_I32:
    return ((const int32_t *)data)[index];
  case INGOT_U64:
    return (double)((const uint64_t *)data)[index];
  case INGOT_I64:
    return (double)((const int64_t *)data)[index];
  default:
    return ingot_narrow_value(type, ((const uint8_t *)data)[index]);
  }
}
