// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checksum that ties a file of weights to its model; the compiler and the runtime both compute it. It finds damage and mix-ups, at the speed of
// memory; it does not stand up to someone who wants to forge a file.
#ifndef INGOT_RUNTIME_WEIGHTSHASH_H
#define INGOT_RUNTIME_WEIGHTSHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// One step is a bijection of the state, so that a single changed word always changes the result.
static inline uint64_t ingot_hash_step(uint64_t state, uint64_t word) {
  state = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
  return state ^ state >> 29;
}

/// Four independent lanes over words of 8 bytes keep the multiplier busy; then the lanes, the rest and the length.
static inline uint64_t ingot_weights_hash(const uint8_t *bytes, uint64_t size) {
  enum { LANES = 4, WORD = 8 };
  uint64_t lanes[LANES] = {1, 2, 3, 4}, at = 0, word = 0;
  for (; at + LANES * WORD <= size; at += LANES * WORD)
    for (int lane = 0; lane < LANES; ++lane) {
      memcpy(&word, bytes + at + (uint64_t)lane * WORD, WORD);
      lanes[lane] = ingot_hash_step(lanes[lane], word);
    }
  uint64_t hash = size;
  for (int lane = 0; lane < LANES; ++lane)
    hash = ingot_hash_step(hash, lanes[lane]);
  for (; at < size; at += WORD) {
    word = 0;
    memcpy(&word, bytes + at, size - at < WORD ? (size_t)(size - at) : WORD);
    hash = ingot_hash_step(hash, word);
  }
  return hash;
}

#endif
