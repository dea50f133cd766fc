// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Dims.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ProgramStatus set_value(const IngotModel *model, uint32_t number, int64_t size, const char *where, int64_t *values, ErrorText *error) {
  const IngotSymbol *symbol = &model->symbols[number];
  if (size < symbol->minimum || size > symbol->maximum)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "dim '%s' is %" PRId64 " in %s, but the model takes %" PRId64 " to %" PRId64, symbol->name, size,
                      where, symbol->minimum, symbol->maximum);
  if (values[number] >= 0 && values[number] != size)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "dim '%s' is %" PRId64 " in %s, but %" PRId64 " before", symbol->name, size, where, values[number]);
  values[number] = size;
  return PROGRAM_OK;
}

static ProgramStatus unknown_dim(const IngotModel *model, const char *name, ErrorText *error) {
  if (model->symbol_count == 0)
    return ingot_fail(error, PROGRAM_BAD_USAGE, "--dim %s: all dims of the model are fixed", name);
  const char *nearest = ingot_nearest_name(name, &model->symbols[0].name, model->symbol_count, sizeof *model->symbols);
  return ingot_fail(error, PROGRAM_BAD_USAGE, "the model has no dim '%s'; %s '%s'%s", name, nearest ? "did you mean" : "its first is",
                    nearest ? nearest : model->symbols[0].name, nearest ? "?" : "");
}

ProgramStatus ingot_dims_parse(const IngotModel *model, const Options *options, int64_t *values, ErrorText *error) {
  for (uint32_t i = 0; i < options->dim.count; ++i) {
    const char *text = options->dim.values[i], *equals = strrchr(text, '=');
    char name[256], *end = NULL;
    const long long size = equals ? strtoll(equals + 1, &end, 10) : 0;
    if (!equals || equals == text || !equals[1] || *end)
      return ingot_fail(error, PROGRAM_BAD_USAGE, "--dim takes NAME=VALUE with a whole number, not '%s'", text);
    snprintf(name, sizeof name, "%.*s", (int)(equals - text < 255 ? equals - text : 255), text);
    uint32_t number = 0;
    while (number < model->symbol_count && (strcmp(model->symbols[number].name, name) != 0 || model->symbols[number].kind != INGOT_SYMBOL_INPUT))
      ++number;
    if (number == model->symbol_count)
      return unknown_dim(model, name, error);
    const ProgramStatus status = set_value(model, number, size, "--dim", values, error);
    if (status != PROGRAM_OK)
      return status;
  }
  return PROGRAM_OK;
}

bool ingot_dims_match(const IngotTensorInfo *info, const HostTensor *tensor) {
  if (info->rank != tensor->rank)
    return false;
  for (int32_t i = 0; i < info->rank; ++i)
    if (info->dims[i] >= 0 && info->dims[i] != tensor->dims[i])
      return false;
  return true;
}

ProgramStatus ingot_dims_take(const IngotModel *model, const IngotTensorInfo *info, const HostTensor *tensor, int64_t *values, ErrorText *error) {
  ProgramStatus status = PROGRAM_OK;
  char where[300];
  snprintf(where, sizeof where, "input '%.255s'", info->name);
  for (int32_t i = 0; status == PROGRAM_OK && i < info->rank; ++i)
    if (info->dims[i] < 0)
      status = set_value(model, (uint32_t)(-1 - info->dims[i]), tensor->dims[i], where, values, error);
  return status;
}

void ingot_dims_default(const IngotModel *model, int64_t *values, ErrorText *note) {
  for (uint32_t i = 0; i < model->symbol_count; ++i) {
    const IngotSymbol *symbol = &model->symbols[i];
    if (symbol->kind != INGOT_SYMBOL_INPUT || values[i] >= 0)
      continue;
    values[i] = symbol->minimum;
    if (!note->text[0])
      ingot_fail(note, PROGRAM_OK, "dim '%s' is %" PRId64 "; --dim %s=N makes it another, up to %" PRId64, symbol->name, symbol->minimum,
                 symbol->name, symbol->maximum);
  }
}

void ingot_dims_apply(const IngotTensorInfo *info, const int64_t *values, HostTensor *tensor) {
  tensor->element_type = info->element_type;
  tensor->rank = info->rank;
  for (int32_t i = 0; i < info->rank; ++i)
    tensor->dims[i] = info->dims[i] >= 0 ? info->dims[i] : values[-1 - info->dims[i]];
}

void ingot_format_info(char text[INGOT_TYPE_TEXT], const IngotModel *model, const IngotTensorInfo *info) {
  size_t at = (size_t)snprintf(text, INGOT_TYPE_TEXT, "%s [", ingot_element_name(info->element_type));
  for (int32_t i = 0; i < info->rank && at < INGOT_TYPE_TEXT - 96; ++i) {
    const char *separator = i == 0 ? "" : ", ";
    if (info->dims[i] >= 0)
      at += (size_t)snprintf(text + at, INGOT_TYPE_TEXT - at, "%s%" PRId64, separator, info->dims[i]);
    else
      at += (size_t)snprintf(text + at, INGOT_TYPE_TEXT - at, "%s%.60s", separator, model->symbols[-1 - info->dims[i]].name);
  }
  snprintf(text + at, INGOT_TYPE_TEXT - at, "]");
}
