// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The part of ZIP that .npz files use: stored and deflated entries in, stored entries out.
#ifndef INGOT_PROGRAM_ZIP_H
#define INGOT_PROGRAM_ZIP_H

#include "File.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A walk over the central directory of an archive in memory.
typedef struct ZipReader {
  const uint8_t *bytes;
  size_t size;
  size_t at;        /* of the next directory entry */
  uint64_t entries; /* left */
} ZipReader;

typedef struct ZipEntry {
  char name[256];
  uint8_t *data; /* from malloc; the caller frees it */
  size_t size;
} ZipEntry;

bool ingot_is_zip(const uint8_t *bytes, size_t size);

ProgramStatus ingot_zip_open(ZipReader *zip, const uint8_t *bytes, size_t size, ErrorText *error);

/// Unpacks and checks the next entry; call it `zip->entries` times. On failure `entry` holds no memory.
ProgramStatus ingot_zip_next(ZipReader *zip, ZipEntry *entry, ErrorText *error);

/// An archive being written. Its entries must be added in order and stay under 4 GiB together.
typedef struct ZipWriter {
  OutputFile *file;
  uint8_t *directory; /* the central directory so far */
  size_t directory_size;
  uint32_t entries;
} ZipWriter;

/// Adds one stored entry that is made of two pieces.
ProgramStatus ingot_zip_add(ZipWriter *zip, const char *name, const void *head, size_t head_size, const void *body, uint64_t body_size,
                            ErrorText *error);

/// Writes the directory. The caller commits the file.
ProgramStatus ingot_zip_finish(ZipWriter *zip, ErrorText *error);

#ifdef __cplusplus
}
#endif
#endif
