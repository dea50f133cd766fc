// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types of 8 bits and fewer that C has no type for. In memory each element lies in a byte; ONNX packs those of fewer bits.
#ifndef INGOT_PROGRAM_NARROW_H
#define INGOT_PROGRAM_NARROW_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bits of an element as ONNX packs them, 0 for all other types.
uint32_t ingot_narrow_bits(int32_t type);

bool ingot_narrow_is_float(int32_t type);

/// The number that the byte of an element stands for.
double ingot_narrow_value(int32_t type, uint8_t byte);

/// The byte of the float 1.0.
uint8_t ingot_narrow_one(int32_t type);

/// Gives each of `count` elements, which lie packed at the beginning of `bytes`, a byte of its own there. Does nothing for types of whole bytes.
void ingot_narrow_expand(int32_t type, uint8_t *bytes, uint64_t count);

/// Takes bytes of another origin as elements, one each. A signed integer may come without the bits above it, as ml_dtypes saves it. False when a
/// byte is no element of the type; `at` is its number then.
bool ingot_narrow_adopt(int32_t type, uint8_t *bytes, uint64_t count, uint64_t *at);

#ifdef __cplusplus
}
#endif
#endif
