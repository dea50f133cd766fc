// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the program's functions fail: a status, which is also the exit code, and one line that says what to do. Only Main.c prints it.
#ifndef INGOT_PROGRAM_ERROR_H
#define INGOT_PROGRAM_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ProgramStatus {
  PROGRAM_OK = 0,
  PROGRAM_BAD_INPUT = 1,       /* a file or a value in it */
  PROGRAM_BAD_USAGE = 2,       /* the command line */
  PROGRAM_UNSUPPORTED_CPU = 3, /* no code variant runs here */
  PROGRAM_INTERNAL = 4         /* memory, threads, a model that contradicts itself */
} ProgramStatus;

typedef struct ErrorText {
  char text[1024];
} ErrorText;

/// Writes the text, without a line end, and returns `status`.
__attribute__((format(printf, 3, 4))) ProgramStatus ingot_fail(ErrorText *error, ProgramStatus status, const char *format, ...);

/// Puts "<place>: " in front of a text.
void ingot_error_prefix(ErrorText *error, const char *place);

/// Of `count` names the one nearest to `word` by edit distance, or null when none is near. `stride` is the distance of the name pointers in bytes.
const char *ingot_nearest_name(const char *word, const char *const *first, size_t count, size_t stride);

#ifdef __cplusplus
}
#endif
#endif
