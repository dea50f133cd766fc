// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef INGOT_PROGRAM_INFLATE_H
#define INGOT_PROGRAM_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Unpacks a raw DEFLATE stream (RFC 1951) that holds exactly `output_size` bytes. False when it is damaged or holds another number of bytes.
bool ingot_inflate(const uint8_t *input, size_t input_size, uint8_t *output, size_t output_size);

#ifdef __cplusplus
}
#endif
#endif
