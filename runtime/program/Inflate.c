// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// DEFLATE by full lookup: a table with one entry per value of the next bits gives symbol and code length in one step.
#include "Inflate.h"

#include <string.h>

enum { LONGEST_CODE = 15, LITERALS = 288, DISTANCES = 32, LENGTH_CODES = 19 };

/// Bits come from the low end of each byte. Past the end they are zero, and `missing` counts them.
typedef struct Bits {
  const uint8_t *at, *end;
  uint64_t held;
  unsigned count;
  unsigned missing;
} Bits;

static void fill(Bits *bits) {
  while (bits->count <= 48) {
    if (bits->at < bits->end)
      bits->held |= (uint64_t)*bits->at++ << bits->count;
    else
      bits->missing += 8;
    bits->count += 8;
  }
}

static void drop(Bits *bits, unsigned count) {
  bits->held >>= count;
  bits->count -= count;
}

static unsigned take(Bits *bits, unsigned count) {
  fill(bits);
  const unsigned value = (unsigned)(bits->held & (((uint64_t)1 << count) - 1));
  drop(bits, count);
  return value;
}

/// True when bits were taken that the input does not have.
static bool overrun(const Bits *bits) { return bits->missing > bits->count; }

typedef struct Code {
  unsigned bits;                       /* index width: the longest code */
  uint16_t entries[1 << LONGEST_CODE]; /* symbol * 16 + length; 0 where no code begins so */
} Code;

/// Builds the canonical code with the given lengths. Only a code of at most one symbol may leave bit patterns unused.
static bool build(Code *code, const uint8_t *lengths, unsigned count) {
  unsigned of_length[LONGEST_CODE + 1] = {0}, next[LONGEST_CODE + 2] = {0}, used = 0;
  code->bits = 1;
  for (unsigned i = 0; i < count; ++i)
    if (lengths[i]) {
      ++of_length[lengths[i]];
      ++used;
      if (lengths[i] > code->bits)
        code->bits = lengths[i];
    }
  unsigned first = 0;
  for (unsigned length = 1; length <= code->bits; ++length) {
    next[length] = first;
    first += of_length[length];
    if (first > 1u << length)
      return false; // more codes than there are patterns
    first <<= 1;
  }
  if (first != 2u << code->bits && used > 1)
    return false;
  memset(code->entries, 0, sizeof(uint16_t) << code->bits);
  for (unsigned symbol = 0; symbol < count; ++symbol) {
    const unsigned length = lengths[symbol];
    if (!length)
      continue;
    unsigned reversed = 0;
    for (unsigned i = 0, pattern = next[length]++; i < length; ++i)
      reversed |= (pattern >> i & 1) << (length - 1 - i);
    for (unsigned index = reversed; index < 1u << code->bits; index += 1u << length)
      code->entries[index] = (uint16_t)(symbol << 4 | length);
  }
  return true;
}

/// The next symbol, or -1.
static int decode(Bits *bits, const Code *code) {
  fill(bits);
  const uint16_t entry = code->entries[bits->held & ((1u << code->bits) - 1)];
  if (!entry)
    return -1;
  drop(bits, entry & 15);
  return entry >> 4;
}

static bool read_code_lengths(Bits *bits, Code *scratch, uint8_t *lengths, unsigned count) {
  static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t of_code[LENGTH_CODES] = {0};
  const unsigned given = take(bits, 4) + 4;
  for (unsigned i = 0; i < given; ++i)
    of_code[order[i]] = (uint8_t)take(bits, 3);
  if (!build(scratch, of_code, LENGTH_CODES))
    return false;
  for (unsigned i = 0; i < count;) {
    const int symbol = decode(bits, scratch);
    if (symbol < 0 || overrun(bits) || (symbol == 16 && i == 0))
      return false;
    if (symbol < 16) {
      lengths[i++] = (uint8_t)symbol;
      continue;
    }
    const uint8_t value = symbol == 16 ? lengths[i - 1] : 0;
    const unsigned repeat = symbol == 16 ? 3 + take(bits, 2) : symbol == 17 ? 3 + take(bits, 3) : 11 + take(bits, 7);
    if (repeat > count - i)
      return false;
    memset(lengths + i, value, repeat);
    i += repeat;
  }
  return true;
}

static bool read_codes(Bits *bits, bool fixed, Code *literal, Code *distance) {
  uint8_t lengths[LITERALS + DISTANCES] = {0};
  unsigned literals = LITERALS, distances = DISTANCES;
  if (fixed) {
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    memset(lengths + LITERALS, 5, DISTANCES);
  } else {
    literals = take(bits, 5) + 257;
    distances = take(bits, 5) + 1;
    if (literals > 286 || !read_code_lengths(bits, literal, lengths, literals + distances) || lengths[256] == 0)
      return false;
  }
  return build(literal, lengths, literals) && build(distance, lengths + literals, distances);
}

typedef struct Output {
  uint8_t *data;
  size_t size, at;
} Output;

static bool copy_match(Bits *bits, unsigned symbol, const Code *distance_code, Output *output) {
  static const uint16_t length_base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                           31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const uint16_t distance_base[30] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                             193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  symbol -= 257;
  if (symbol >= 29)
    return false;
  const unsigned length_bits = symbol < 8 || symbol == 28 ? 0 : (symbol - 4) / 4;
  const size_t length = length_base[symbol] + take(bits, length_bits);
  const int distance_symbol = decode(bits, distance_code);
  if (distance_symbol < 0 || distance_symbol >= 30)
    return false;
  const size_t distance = distance_base[distance_symbol] + take(bits, distance_symbol < 4 ? 0 : (unsigned)distance_symbol / 2 - 1);
  if (distance > output->at || length > output->size - output->at)
    return false;
  for (size_t i = 0; i < length; ++i, ++output->at) // byte by byte: source and target may overlap
    output->data[output->at] = output->data[output->at - distance];
  return true;
}

static bool inflate_coded(Bits *bits, bool fixed, Output *output) {
  Code literal, distance;
  if (!read_codes(bits, fixed, &literal, &distance))
    return false;
  while (!overrun(bits)) {
    const int symbol = decode(bits, &literal);
    if (symbol == 256)
      return !overrun(bits);
    if (symbol < 0)
      return false;
    if (symbol > 256) {
      if (!copy_match(bits, (unsigned)symbol, &distance, output))
        return false;
    } else if (output->at < output->size) {
      output->data[output->at++] = (uint8_t)symbol;
    } else {
      return false;
    }
  }
  return false;
}

static bool inflate_stored(Bits *bits, Output *output) {
  drop(bits, bits->count & 7); // to the next byte
  const unsigned length = take(bits, 16), complement = take(bits, 16);
  if (overrun(bits) || (length ^ complement) != 0xffff || length > output->size - output->at)
    return false;
  for (unsigned i = 0; i < length; ++i)
    output->data[output->at++] = (uint8_t)take(bits, 8);
  return !overrun(bits);
}

bool ingot_inflate(const uint8_t *input, size_t input_size, uint8_t *output_data, size_t output_size) {
  Bits bits = {input, input + input_size, 0, 0, 0};
  Output output = {output_data, output_size, 0};
  for (bool last = false; !last;) {
    last = take(&bits, 1);
    const unsigned kind = take(&bits, 2);
    if (kind == 3 || !(kind == 0 ? inflate_stored(&bits, &output) : inflate_coded(&bits, kind == 1, &output)))
      return false;
  }
  return output.at == output.size;
}
