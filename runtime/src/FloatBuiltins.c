// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The conversions that LLVM calls by name where the CPU has no instruction for them. Compiled models link without a compiler's support library, so
// they are here; weak, so that a program that has one keeps its own. All round to nearest, ties to even, in one step, and keep NaNs quiet. The
// arguments travel as the psABI says: _Float16 and __bf16 in the low bits of xmm0, or of v0. Only integer arithmetic, or the compiler would call us
// from here.
#include <stdint.h>
#include <string.h>

#define BUILTIN __attribute__((weak, visibility("hidden")))

_Float16 __truncsfhf2(float value);
_Float16 __truncdfhf2(double value);
__bf16 __truncsfbf2(float value);
__bf16 __truncdfbf2(double value);
float __extendhfsf2(_Float16 value);
double __extendhfdf2(_Float16 value);

/// Shifts right, rounding to nearest, ties to even.
static uint64_t shift_rounding(uint64_t value, unsigned shift) {
  if (shift == 0)
    return value;
  if (shift > 63)
    return 0; // all values here have fewer than 63 bits: less than half
  const uint64_t half = (uint64_t)1 << (shift - 1), rest = value & (((uint64_t)1 << shift) - 1), result = value >> shift;
  return result + (rest > half || (rest == half && (result & 1)));
}

/// Narrows the IEEE number `bits`, with `from_exponent` exponent bits and `from_mantissa` mantissa bits, to one of 16 bits with `to_mantissa`.
static uint16_t narrow(uint64_t bits, int from_exponent, int from_mantissa, int to_mantissa) {
  const int to_exponent = 15 - to_mantissa, from_maximum = (1 << from_exponent) - 1, to_maximum = (1 << to_exponent) - 1;
  const uint16_t sign = (uint16_t)(bits >> (from_exponent + from_mantissa) << 15);
  const int exponent = (int)(bits >> from_mantissa) & from_maximum;
  const uint64_t mantissa = bits & (((uint64_t)1 << from_mantissa) - 1);
  const uint16_t infinity = (uint16_t)(to_maximum << to_mantissa);

  if (exponent == from_maximum) {
    if (mantissa == 0)
      return sign | infinity;
    return (uint16_t)(sign | infinity | 1u << (to_mantissa - 1) | mantissa >> (from_mantissa - to_mantissa));
  }
  // Subnormal sources have the exponent of 1 and no hidden bit.
  const uint64_t significand = exponent == 0 ? mantissa : mantissa | (uint64_t)1 << from_mantissa;
  const int target = (exponent == 0 ? 1 : exponent) - (from_maximum >> 1) + (to_maximum >> 1);
  if (target >= to_maximum)
    return sign | infinity;
  // A significand that carries into the exponent, from subnormal to normal or from the largest number to infinity, is right as it is.
  if (target >= 1) {
    const uint64_t rounded = shift_rounding(significand, (unsigned)(from_mantissa - to_mantissa));
    return (uint16_t)(sign | (((uint64_t)(target - 1) << to_mantissa) + rounded));
  }
  return (uint16_t)(sign | shift_rounding(significand, (unsigned)(from_mantissa - to_mantissa + 1 - target)));
}

static uint32_t float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static uint64_t double_bits(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static _Float16 half_of_bits(uint16_t bits) {
  _Float16 value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static __bf16 bfloat_of_bits(uint16_t bits) {
  __bf16 value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

BUILTIN _Float16 __truncsfhf2(float value) { return half_of_bits(narrow(float_bits(value), 8, 23, 10)); }
BUILTIN _Float16 __truncdfhf2(double value) { return half_of_bits(narrow(double_bits(value), 11, 52, 10)); }
BUILTIN __bf16 __truncsfbf2(float value) { return bfloat_of_bits(narrow(float_bits(value), 8, 23, 7)); }
BUILTIN __bf16 __truncdfbf2(double value) { return bfloat_of_bits(narrow(double_bits(value), 11, 52, 7)); }

BUILTIN float __extendhfsf2(_Float16 value) {
  uint16_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t sign = (uint32_t)(bits >> 15) << 31;
  uint32_t exponent = bits >> 10 & 31, mantissa = bits & 1023;
  uint32_t wide;
  if (exponent == 31) {
    wide = sign | 0x7f800000u | mantissa << 13 | (mantissa ? 1u << 22 : 0);
  } else if (exponent != 0) {
    wide = sign | (exponent + 112) << 23 | mantissa << 13;
  } else if (mantissa != 0) { // subnormal: a normal float
    const int shift = __builtin_clz(mantissa) - 21;
    wide = sign | (uint32_t)(113 - shift) << 23 | (mantissa << shift & 1023) << 13;
  } else {
    wide = sign;
  }
  float result;
  memcpy(&result, &wide, sizeof result);
  return result;
}

BUILTIN double __extendhfdf2(_Float16 value) { return (double)__extendhfsf2(value); }
