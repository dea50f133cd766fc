// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Narrow.h"

#include "ingot/ingot.h"

#include <math.h>
#include <string.h>

/// What the bits of the largest exponent, or of minus zero, mean in a float type.
typedef enum Specials { FINITE, ONE_NAN, NEGATIVE_ZERO_IS_NAN, IEEE } Specials;

typedef struct NarrowFacts {
  int32_t type;
  uint32_t bits;
  bool is_signed;
  uint32_t fraction_bits; /* of floats */
  int32_t bias;           /* 0 for integers */
  Specials specials;
} NarrowFacts;

static const NarrowFacts narrow[] = {
    {INGOT_F8E4M3FN, 8, true, 3, 7, ONE_NAN}, {INGOT_F8E4M3FNUZ, 8, true, 3, 8, NEGATIVE_ZERO_IS_NAN},
    {INGOT_F8E5M2, 8, true, 2, 15, IEEE},     {INGOT_F8E5M2FNUZ, 8, true, 2, 16, NEGATIVE_ZERO_IS_NAN},
    {INGOT_U4, 4, false, 0, 0, FINITE},       {INGOT_I4, 4, true, 0, 0, FINITE},
    {INGOT_F4E2M1, 4, true, 1, 1, FINITE},    {INGOT_F8E8M0, 8, false, 0, 127, ONE_NAN},
    {INGOT_U2, 2, false, 0, 0, FINITE},       {INGOT_I2, 2, true, 0, 0, FINITE},
    {INGOT_F6E2M3, 6, true, 3, 1, FINITE},    {INGOT_F6E3M2, 6, true, 2, 3, FINITE},
};

static const NarrowFacts *facts_of(int32_t type) {
  static const NarrowFacts none = {0};
  for (size_t i = 0; i < sizeof narrow / sizeof *narrow; ++i)
    if (narrow[i].type == type)
      return &narrow[i];
  return &none;
}

/// 2^exponent for a normal double, without libm.
static double power_of_two(int32_t exponent) {
  const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

uint32_t ingot_narrow_bits(int32_t type) { return facts_of(type)->bits; }
bool ingot_narrow_is_float(int32_t type) { return facts_of(type)->bias != 0; }
uint8_t ingot_narrow_one(int32_t type) { return (uint8_t)(facts_of(type)->bias << facts_of(type)->fraction_bits); }

double ingot_narrow_value(int32_t type, uint8_t byte) {
  const NarrowFacts *facts = facts_of(type);
  if (facts->bias == 0)
    return facts->is_signed ? (double)(int8_t)byte : (double)byte;
  if (type == INGOT_F8E8M0) // powers of two from 2^-127 on
    return byte == 255 ? (double)NAN : power_of_two(byte - facts->bias);
  const uint32_t sign = 1u << (facts->bits - 1), magnitude = byte & (sign - 1), all_ones = sign - 1;
  const uint32_t exponent = magnitude >> facts->fraction_bits, fraction = magnitude & ((1u << facts->fraction_bits) - 1);
  const bool negative = byte & sign;
  const uint32_t largest_exponent = all_ones >> facts->fraction_bits;
  if ((facts->specials == ONE_NAN && magnitude == all_ones) || (facts->specials == NEGATIVE_ZERO_IS_NAN && byte == sign) ||
      (facts->specials == IEEE && exponent == largest_exponent && fraction != 0))
    return (double)NAN;
  double value;
  if (facts->specials == IEEE && exponent == largest_exponent)
    value = (double)INFINITY;
  else if (exponent == 0)
    value = fraction * power_of_two(1 - facts->bias - (int32_t)facts->fraction_bits);
  else
    value = (fraction + (1u << facts->fraction_bits)) * power_of_two((int32_t)exponent - facts->bias - (int32_t)facts->fraction_bits);
  return negative ? -value : value;
}

void ingot_narrow_expand(int32_t type, uint8_t *bytes, uint64_t count) {
  const NarrowFacts *facts = facts_of(type);
  if (facts->bits == 0 || facts->bits == 8)
    return;
  const uint32_t bits = facts->bits, mask = (1u << bits) - 1, sign = 1u << (bits - 1);
  for (uint64_t i = count; i-- > 0;) { // from the end: an element lies behind its packed bits
    const uint64_t at = i * bits;
    uint32_t element = bytes[at / 8];
    if (at % 8 + bits > 8)
      element |= (uint32_t)bytes[at / 8 + 1] << 8;
    element = element >> at % 8 & mask;
    bytes[i] = (uint8_t)(facts->is_signed && facts->bias == 0 ? (element ^ sign) - sign : element);
  }
}

bool ingot_narrow_adopt(int32_t type, uint8_t *bytes, uint64_t count, uint64_t *at) {
  const NarrowFacts *facts = facts_of(type);
  if (facts->bits == 0 || facts->bits == 8)
    return true;
  const bool is_signed = facts->is_signed && facts->bias == 0;
  const uint32_t mask = (1u << facts->bits) - 1, sign = 1u << (facts->bits - 1);
  for (uint64_t i = 0; i < count; ++i) {
    const uint8_t extended = (uint8_t)(((bytes[i] & mask) ^ sign) - sign);
    if ((bytes[i] & ~mask) != 0 && !(is_signed && bytes[i] == extended)) {
      *at = i;
      return false;
    }
    if (is_signed)
      bytes[i] = extended;
  }
  return true;
}
