// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Fill.h"
#include "Narrow.h"

#include <string.h>

bool ingot_fill_kind(const char *word, FillKind *kind) {
  static const char *const words[] = {"random", "zeros", "ones", "iota"};
  for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
    if (strcmp(word, words[i]) == 0) {
      *kind = (FillKind)i;
      return true;
    }
  return false;
}

/// Writes a number that the type holds exactly.
static void set_element(int32_t type, void *data, uint64_t index, double value) {
  const float narrow = (float)value;
  uint32_t bits;
  memcpy(&bits, &narrow, sizeof bits);
  switch ((IngotElementType)type) {
  case INGOT_F32:
    ((float *)data)[index] = narrow;
    return;
  case INGOT_F64:
    ((double *)data)[index] = value;
    return;
  case INGOT_F16:
    ((_Float16 *)data)[index] = (_Float16)narrow;
    return;
  case INGOT_BF16:
    ((uint16_t *)data)[index] = (uint16_t)(bits >> 16);
    return;
  case INGOT_U8:
  case INGOT_I8:
  case INGOT_BOOL:
    ((uint8_t *)data)[index] = (uint8_t)value;
    return;
  case INGOT_U16:
  case INGOT_I16:
    ((uint16_t *)data)[index] = (uint16_t)value;
    return;
  case INGOT_U32:
  case INGOT_I32:
    ((uint32_t *)data)[index] = (uint32_t)value;
    return;
  case INGOT_U64:
  case INGOT_I64:
    ((uint64_t *)data)[index] = (uint64_t)value;
    return;
  default: // floats of a byte and less: 0 or 1
    ((uint8_t *)data)[index] = (uint8_t)(!ingot_narrow_is_float(type) ? value : value != 0 ? ingot_narrow_one(type) : 0);
  }
}

/// splitmix64.
static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

/// Steps that the type holds exactly, so that no rounding happens and -1 <= value < 1; for an integer one bit.
static double random_value(int32_t type, uint64_t bits) {
  switch ((IngotElementType)type) {
  case INGOT_F32:
  case INGOT_F64:
    return (double)(bits >> 40) / (1 << 23) - 1;
  case INGOT_F16:
    return (double)(bits >> 53) / (1 << 10) - 1;
  case INGOT_BF16:
    return (double)(bits >> 56) / (1 << 7) - 1;
  default:
    return (double)(bits >> 63);
  }
}

/// How many whole numbers from 0 on the type holds, at most 2^53.
static uint64_t whole_numbers(int32_t type) {
  switch ((IngotElementType)type) {
  case INGOT_BOOL:
    return 2;
  case INGOT_I8:
    return 1 << 7;
  case INGOT_U8:
  case INGOT_BF16:
    return 1 << 8;
  case INGOT_F16:
    return 1 << 11;
  case INGOT_I16:
    return 1 << 15;
  case INGOT_U16:
    return 1 << 16;
  case INGOT_F32:
    return 1 << 24;
  case INGOT_I32:
    return (uint64_t)1 << 31;
  case INGOT_U32:
    return (uint64_t)1 << 32;
  case INGOT_U64:
  case INGOT_I64:
  case INGOT_F64:
    return (uint64_t)1 << 53;
  default:
    return ingot_narrow_is_float(type) ? 2 : (uint64_t)1 << (ingot_narrow_bits(type) - (type == INGOT_I4 || type == INGOT_I2));
  }
}

void ingot_tensor_fill(HostTensor *tensor, FillKind kind, const char *name, uint64_t seed) {
  uint64_t state = 0xcbf29ce484222325u; // FNV-1a of the name
  for (const char *c = name; *c; ++c)
    state = (state ^ (uint8_t)*c) * 0x100000001b3u;
  state ^= seed * 0x9e3779b97f4a7c15u;
  const int32_t type = tensor->element_type;
  const uint64_t count = tensor->bytes / ingot_element_size(type), period = whole_numbers(type);
  for (uint64_t i = 0; i < count; ++i) {
    const double value = kind == FILL_RANDOM ? random_value(type, next_random(&state)) : kind == FILL_IOTA ? (double)(i % period) : kind == FILL_ONES;
    set_element(type, tensor->data, i, value);
  }
}
