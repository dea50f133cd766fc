// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights in a file beside the model: mapped read-only, so that all sessions and processes share one copy.
#define _GNU_SOURCE
#include "Internal.h"
#include "WeightsHash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct IngotWeights {
  const uint8_t *bytes;
  uint64_t size;
  uint64_t hash;
};

/// The whole file, or null with errno; a size that is not `size` is no failed call: errno 0.
static const uint8_t *map_file(const char *path, uint64_t size) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return NULL;
  struct stat info;
  void *bytes = MAP_FAILED;
  if (fstat(file, &info) == 0) {
    errno = 0;
    if (S_ISREG(info.st_mode) && (uint64_t)info.st_size == size)
      bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, file, 0);
  }
  const int error = errno;
  close(file);
  errno = error;
  return bytes == MAP_FAILED ? NULL : bytes;
}

IngotStatus ingot_weights_map(const IngotModel *model, const char *path, IngotWeights **result) {
  if (!result)
    return INGOT_INVALID_ARGUMENT;
  *result = NULL;
  if (!path || !model->weights_file)
    return INGOT_INVALID_ARGUMENT;
  IngotWeights *weights = malloc(sizeof *weights);
  if (!weights)
    return INGOT_OUT_OF_MEMORY;
  weights->bytes = map_file(path, model->weight_bytes);
  weights->size = model->weight_bytes;
  weights->hash = model->weights_hash;
  if (!weights->bytes) {
    const int error = errno;
    free(weights);
    errno = error;
    return INGOT_WRONG_WEIGHTS;
  }
  if (ingot_weights_hash(weights->bytes, weights->size) != model->weights_hash) {
    ingot_weights_unmap(&weights);
    errno = 0;
    return INGOT_WRONG_WEIGHTS;
  }
  *result = weights;
  return INGOT_OK;
}

void ingot_weights_unmap(IngotWeights **weights) {
  if (!weights || !*weights)
    return;
  munmap((void *)(uintptr_t)(*weights)->bytes, (size_t)(*weights)->size);
  free(*weights);
  *weights = NULL;
}

const uint8_t *ingot_weights_of(const IngotModel *model, const IngotWeights *weights) {
  return weights && weights->size == model->weight_bytes && weights->hash == model->weights_hash ? weights->bytes : NULL;
}
