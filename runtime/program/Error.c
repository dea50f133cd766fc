// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ProgramStatus ingot_fail(ErrorText *error, ProgramStatus status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  for (char *c = error->text; *c; ++c) // names and paths are the user's: keep it one line
    if ((unsigned char)*c < 32 || *c == 127)
      *c = '?';
  return status;
}

void ingot_error_prefix(ErrorText *error, const char *place) {
  const ErrorText inner = *error;
  ingot_fail(error, PROGRAM_OK, "%s: %s", place, inner.text);
}

enum { LONGEST = 128 };

/// How many letters must be inserted, removed or replaced to turn one word into the other.
static size_t edit_distance(const char *a, const char *b) {
  const size_t a_length = strlen(a), b_length = strlen(b);
  if (a_length > LONGEST || b_length > LONGEST)
    return (size_t)-1;
  size_t row[LONGEST + 1]; // row[j]: from the letters of `a` read so far to the first j letters of `b`
  for (size_t j = 0; j <= b_length; ++j)
    row[j] = j;
  for (size_t i = 1; i <= a_length; ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b_length; ++j) {
      const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      const size_t shifted = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
      row[j] = replaced < shifted ? replaced : shifted;
    }
  }
  return row[b_length];
}

const char *ingot_nearest_name(const char *word, const char *const *first, size_t count, size_t stride) {
  const char *nearest = NULL;
  size_t best = (strlen(word) + 2) / 3 + 1;
  for (size_t i = 0; i < count; ++i) {
    const char *name = *(const char *const *)((const char *)first + i * stride);
    const size_t distance = edit_distance(word, name);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}
