// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole files in, complete files out.
#ifndef INGOT_PROGRAM_FILE_H
#define INGOT_PROGRAM_FILE_H

#include "Error.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct FileBytes {
  uint8_t *data; /* from malloc; the caller frees it */
  size_t size;
} FileBytes;

/// Reads a file, pipe or device to its end.
ProgramStatus ingot_file_read(const char *path, FileBytes *bytes, ErrorText *error);

/// A file that appears under its name only when it is complete. A device or pipe is written directly.
typedef struct OutputFile {
  int descriptor;
  char *path;      /* where it will be */
  char *temporary; /* where it is now; null for a device or pipe */
  uint64_t size;   /* written so far */
} OutputFile;

/// On failure nothing is left open.
ProgramStatus ingot_output_open(OutputFile *file, const char *path, ErrorText *error);

/// On failure the file is discarded.
ProgramStatus ingot_output_write(OutputFile *file, const void *data, uint64_t size, ErrorText *error);

/// Closes the file and gives it its name; on failure it is discarded.
ProgramStatus ingot_output_commit(OutputFile *file, ErrorText *error);

/// Removes what was written. May follow any of the functions above.
void ingot_output_discard(OutputFile *file);

#ifdef __cplusplus
}
#endif
#endif
