// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RawFile.h"
#include "File.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Reads "1x3x224x224".
static bool parse_shape(const char *text, HostTensor *tensor) {
  tensor->rank = 0;
  for (;; ++text) {
    const uint64_t limit = INT64_MAX / 10 - 1;
    uint64_t dim = 0;
    const char *begin = text;
    for (; *text >= '0' && *text <= '9'; ++text) {
      if (dim > limit)
        return false;
      dim = dim * 10 + (uint64_t)(*text - '0');
    }
    if (text == begin || tensor->rank == INGOT_MAX_RANK || (*text && *text != 'x'))
      return false;
    tensor->dims[tensor->rank++] = (int64_t)dim;
    if (!*text)
      return true;
  }
}

ProgramStatus ingot_raw_parse(const char *text, RawSpec *spec, ErrorText *error) {
  memset(spec, 0, sizeof *spec);
  const char *last = strrchr(text, ':'), *middle = last;
  while (middle && middle > text && *--middle != ':')
    ;
  size_t length = strlen(text);
  if (last && *middle == ':' && middle != last) {
    char type[64];
    snprintf(type, sizeof type, "%.*s", (int)(last - middle - 1 < 63 ? last - middle - 1 : 63), middle + 1);
    const int32_t element_type = ingot_element_type(type);
    const bool is_shape = parse_shape(last + 1, &spec->tensor);
    if (is_shape && !element_type)
      return ingot_fail(error, PROGRAM_BAD_USAGE, "'%s' in --raw %s is no element type; %s", type, text, ingot_element_names);
    if (element_type && !is_shape)
      return ingot_fail(error, PROGRAM_BAD_USAGE, "'%s' in --raw %s is no shape as 1x3x224x224", last + 1, text);
    if (is_shape) {
      spec->has_type = true;
      spec->tensor.element_type = element_type;
      length = (size_t)(middle - text);
    }
  }
  if (length == 0 || length >= sizeof spec->path)
    return ingot_fail(error, PROGRAM_BAD_USAGE, length == 0 ? "--raw %s names no file" : "the file's name in --raw %.80s... is too long", text);
  memcpy(spec->path, text, length);
  return PROGRAM_OK;
}

ProgramStatus ingot_raw_read(const char *path, HostTensor *tensor, ErrorText *error) {
  FileBytes bytes;
  ProgramStatus status = ingot_file_read(path, &bytes, error);
  tensor->data = NULL;
  if (status != PROGRAM_OK)
    return status;
  char type[INGOT_TYPE_TEXT];
  ingot_format_type(type, tensor->element_type, tensor->dims, tensor->rank);
  if (!ingot_tensor_measure(tensor))
    status = ingot_fail(error, PROGRAM_BAD_INPUT, "%s: %s is no valid tensor type", path, type);
  else if (bytes.size != tensor->bytes)
    status = ingot_fail(error, PROGRAM_BAD_INPUT, "%s has %zu bytes, but %s takes %" PRIu64, path, bytes.size, type, tensor->bytes);
  else
    status = ingot_tensor_allocate(tensor, error);
  if (status == PROGRAM_OK && tensor->bytes != 0)
    memcpy(tensor->data, bytes.data, tensor->bytes);
  free(bytes.data);
  return status;
}
