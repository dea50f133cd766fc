// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef INGOT_PROGRAM_MANIFEST_H
#define INGOT_PROGRAM_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A field of the manifest; both point into it. Strings are without their quotes, and with their escapes.
typedef struct ManifestField {
  const char *key, *value;
  size_t key_size, value_size;
} ManifestField;

/// The next field of the JSON object that `*at` points into; `*at` is the manifest's begin at first. False at the end, or where it is no JSON object.
bool ingot_manifest_next(const char **at, ManifestField *field);

#ifdef __cplusplus
}
#endif
#endif
