// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a caller passes to a run is checked here before anything is computed, and brought into the form that generated code takes: a pointer to
// contiguous, aligned elements for each tensor.
#include "Internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

IngotStatus ingot_refuse(const ErrorSink *sink, IngotStatus status, const char *format, ...) {
  if (!sink->text || sink->bytes == 0)
    return status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sink->text, sink->bytes, format, arguments);
  va_end(arguments);
  return status;
}

uint64_t ingot_element_bytes(int32_t type) {
  switch ((IngotElementType)type) {
  case INGOT_U8:
  case INGOT_I8:
  case INGOT_BOOL:
  case INGOT_F8E4M3FN:
  case INGOT_F8E4M3FNUZ:
  case INGOT_F8E5M2:
  case INGOT_F8E5M2FNUZ:
  case INGOT_F8E8M0:
  case INGOT_F6E2M3:
  case INGOT_F6E3M2:
  case INGOT_F4E2M1:
  case INGOT_U4:
  case INGOT_I4:
  case INGOT_U2:
  case INGOT_I2:
    return 1;
  case INGOT_U16:
  case INGOT_I16:
  case INGOT_F16:
  case INGOT_BF16:
    return 2;
  case INGOT_F32:
  case INGOT_I32:
  case INGOT_U32:
    return 4;
  case INGOT_I64:
  case INGOT_U64:
  case INGOT_F64:
    return 8;
  }
  return 0;
}

static bool aligned(const void *pointer, uint64_t alignment) { return (uintptr_t)pointer % alignment == 0; }

/// The value of a dim as IngotTensorInfo has it.
static int64_t dim_value(const Binding *binding, int64_t dim) { return dim >= 0 ? dim : binding->values[-1 - dim]; }

static uint64_t elements_of(const IngotTensorInfo *info, const int64_t *values) {
  uint64_t count = 1;
  for (int32_t i = 0; i < info->rank; ++i)
    count *= (uint64_t)(info->dims[i] >= 0 ? info->dims[i] : values[-1 - info->dims[i]]);
  return count;
}

static uint64_t bytes_of(const Binding *binding, const IngotTensorInfo *info) {
  if (binding->model->symbol_count == 0)
    return info->bytes;
  return elements_of(info, binding->values) * ingot_element_bytes(info->element_type);
}

bool ingot_has_rooms(const IngotModel *model) {
  for (uint32_t i = 0; i < model->symbol_count; ++i)
    if (model->symbols[i].kind == INGOT_SYMBOL_ROOM)
      return true;
  return false;
}

bool ingot_grows(const IngotModel *model, const IngotTensorInfo *output) {
  for (int32_t i = 0; i < output->rank; ++i)
    if (output->dims[i] < 0 && model->symbols[-1 - output->dims[i]].kind == INGOT_SYMBOL_RESULT)
      return ingot_has_rooms(model);
  return false;
}

uint64_t ingot_place_grown(const IngotModel *model, const int64_t *values, Binding *binding, uint8_t *memory) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < model->output_count; ++i) {
    const IngotTensorInfo *info = &model->outputs[i];
    if (!ingot_grows(model, info))
      continue;
    if (binding)
      binding->output_staging[i] = memory + bytes;
    bytes += (elements_of(info, values) * ingot_element_bytes(info->element_type) + INGOT_ALIGNMENT - 1) / INGOT_ALIGNMENT * INGOT_ALIGNMENT;
  }
  return bytes;
}

bool ingot_raise_rooms(Binding *binding) {
  const IngotModel *model = binding->model;
  bool raised = false;
  for (uint32_t i = 0; i < model->symbol_count; ++i) {
    const int64_t wanted = binding->values[i], most = model->symbols[i].maximum;
    if (model->symbols[i].kind != INGOT_SYMBOL_ROOM || wanted <= binding->rooms[i])
      continue;
    const int64_t twice = binding->rooms[i] > most / 2 ? most : 2 * binding->rooms[i]; // few repetitions where it grows step by step
    binding->rooms[i] = wanted > twice ? wanted : twice;
    if (binding->rooms[i] > most)
      binding->rooms[i] = most;
    raised = true;
  }
  return raised;
}

static IngotStatus check_pointer(const Binding *binding, const char *kind, const IngotTensorInfo *info, const void *pointer, uint64_t bytes) {
  if (bytes == 0)
    return INGOT_OK;
  if (!pointer)
    return ingot_refuse(&binding->error, INGOT_INVALID_ARGUMENT, "%s '%s' is null", kind, info->name);
  const uint64_t alignment = ingot_element_bytes(info->element_type);
  if (!aligned(pointer, alignment))
    return ingot_refuse(&binding->error, INGOT_MISALIGNED, "%s '%s' is not aligned to its elements of %" PRIu64 " bytes", kind, info->name,
                        alignment);
  return INGOT_OK;
}

static bool overlaps(const void *a, uint64_t a_bytes, const void *b, uint64_t b_bytes) {
  return (uintptr_t)a < (uintptr_t)b + b_bytes && (uintptr_t)b < (uintptr_t)a + a_bytes && a_bytes != 0 && b_bytes != 0;
}

/// No output may share a byte with an input or another output. Staged tensors have buffers of their own.
static IngotStatus check_overlaps(const Binding *binding) {
  const IngotModel *model = binding->model;
  for (uint32_t i = 0; i < model->output_count; ++i) {
    const uint64_t bytes = bytes_of(binding, &model->outputs[i]);
    for (uint32_t j = 0; j < model->input_count; ++j)
      if (overlaps(binding->outputs[i], bytes, binding->inputs[j], bytes_of(binding, &model->inputs[j])))
        return ingot_refuse(&binding->error, INGOT_OVERLAP, "output '%s' overlaps input '%s'", model->outputs[i].name, model->inputs[j].name);
    for (uint32_t j = 0; j < i; ++j)
      if (overlaps(binding->outputs[i], bytes, binding->outputs[j], bytes_of(binding, &model->outputs[j])))
        return ingot_refuse(&binding->error, INGOT_OVERLAP, "output '%s' overlaps output '%s'", model->outputs[i].name, model->outputs[j].name);
  }
  return INGOT_OK;
}

static bool same_pointers(const void *const *a, const void *const *b, uint32_t count) {
  return count == 0 || (a && memcmp(a, b, count * sizeof *a) == 0);
}

IngotStatus ingot_bind_pointers(Binding *binding, const void *const *inputs, void *const *outputs) {
  const IngotModel *model = binding->model;
  const void *const *const results = (const void *const *)outputs;
  if (binding->bound && same_pointers(inputs, binding->inputs, model->input_count) &&
      same_pointers(results, (const void *const *)binding->outputs, model->output_count))
    return INGOT_OK;
  binding->bound = false;
  if (model->symbol_count != 0)
    return ingot_refuse(&binding->error, INGOT_INVALID_ARGUMENT, "the model has dims that are not fixed: run it with ingot_session_run_tensors");
  if ((!inputs && model->input_count != 0) || (!outputs && model->output_count != 0))
    return ingot_refuse(&binding->error, INGOT_INVALID_ARGUMENT, "the list of %s is null", inputs ? "outputs" : "inputs");
  IngotStatus status = INGOT_OK;
  for (uint32_t i = 0; i < model->input_count && status == INGOT_OK; ++i) {
    binding->inputs[i] = inputs[i];
    status = check_pointer(binding, "input", &model->inputs[i], inputs[i], model->inputs[i].bytes);
  }
  for (uint32_t i = 0; i < model->output_count && status == INGOT_OK; ++i) {
    binding->outputs[i] = outputs[i];
    status = check_pointer(binding, "output", &model->outputs[i], outputs[i], model->outputs[i].bytes);
  }
  if (status == INGOT_OK)
    status = check_overlaps(binding);
  binding->bound = status == INGOT_OK;
  return status;
}

static IngotStatus bind_symbol(Binding *binding, const IngotTensorInfo *info, int32_t at, int64_t number, int64_t value) {
  const IngotSymbol *symbol = &binding->model->symbols[number];
  if (value < symbol->minimum || value > symbol->maximum)
    return ingot_refuse(&binding->error, INGOT_WRONG_SHAPE,
                        "dim %" PRId32 " of input '%s', which is '%s', is %" PRId64 ": the model takes %" PRId64 " to %" PRId64, at, info->name,
                        symbol->name, value, symbol->minimum, symbol->maximum);
  if (binding->values[number] >= 0 && binding->values[number] != value)
    return ingot_refuse(&binding->error, INGOT_WRONG_SHAPE,
                        "dim %" PRId32 " of input '%s', which is '%s', is %" PRId64 ": an input before it has %" PRId64, at, info->name, symbol->name,
                        value, binding->values[number]);
  binding->values[number] = value;
  return INGOT_OK;
}

IngotStatus ingot_bind_symbols(Binding *binding, const IngotTensor *inputs) {
  const IngotModel *model = binding->model;
  for (uint32_t i = 0; i < model->symbol_count; ++i) // the others follow from these
    binding->values[i] = model->symbols[i].kind == INGOT_SYMBOL_ROOM     ? binding->rooms[i]
                         : model->symbols[i].kind == INGOT_SYMBOL_RESULT ? model->symbols[i].maximum
                                                                         : -1;
  for (uint32_t i = 0; i < model->input_count; ++i) {
    const IngotTensorInfo *info = &model->inputs[i];
    for (int32_t at = 0; at < info->rank; ++at) {
      const int64_t number = -1 - info->dims[at];
      if (number < 0 || model->symbols[number].kind != INGOT_SYMBOL_INPUT)
        continue;
      if (!inputs[i].dims)
        return ingot_refuse(&binding->error, INGOT_WRONG_SHAPE, "input '%s' comes without dims, but dim %" PRId32 " is not fixed", info->name, at);
      const IngotStatus status = bind_symbol(binding, info, at, number, inputs[i].dims[at]);
      if (status != INGOT_OK)
        return status;
    }
  }
  return INGOT_OK;
}

static IngotStatus check_dims(const Binding *binding, const char *kind, const IngotTensorInfo *info, const IngotTensor *tensor) {
  for (int32_t at = 0; tensor->dims && at < info->rank; ++at) {
    const int64_t number = -1 - info->dims[at];
    if (number >= 0 && binding->model->symbols[number].kind == INGOT_SYMBOL_RESULT)
      continue;
    const int64_t expected = dim_value(binding, info->dims[at]);
    if (tensor->dims[at] != expected)
      return ingot_refuse(&binding->error, INGOT_WRONG_SHAPE, "dim %" PRId32 " of %s '%s' is %" PRId64 ": the model has %" PRId64, at, kind,
                          info->name, tensor->dims[at], expected);
  }
  return INGOT_OK;
}

static bool contiguous(const Binding *binding, const IngotTensorInfo *info, const int64_t *strides) {
  int64_t step = 1;
  for (int32_t i = info->rank - 1; strides && i >= 0; --i) {
    const int64_t dim = dim_value(binding, info->dims[i]);
    if (dim != 1 && strides[i] != step)
      return false;
    step *= dim;
  }
  return true;
}

static void copy_row(uint8_t *to, int64_t to_step, const uint8_t *from, int64_t from_step, int64_t count, uint64_t element) {
  if (to_step == 1 && from_step == 1) {
    memcpy(to, from, (size_t)count * element);
    return;
  }
  to_step *= (int64_t)element;
  from_step *= (int64_t)element;
  for (; count > 0; --count, to += to_step, from += from_step)
    memcpy(to, from, element);
}

/// Copies between a tensor of the caller and its contiguous copy, row by row.
static void copy_strided(const Binding *binding, const IngotTensorInfo *info, const IngotTensor *tensor, uint8_t *packed, bool pack) {
  const uint64_t element = ingot_element_bytes(info->element_type), bytes = bytes_of(binding, info);
  uint8_t *data = tensor->data;
  if (bytes == 0)
    return;
  if (contiguous(binding, info, tensor->strides)) {
    memcpy(pack ? packed : data, pack ? data : packed, bytes);
    return;
  }
  const int32_t last = info->rank - 1;
  const int64_t row = dim_value(binding, info->dims[last]), rows = (int64_t)(bytes / element) / row;
  for (int64_t i = 0; i < rows; ++i, packed += row * (int64_t)element) {
    int64_t offset = 0, rest = i;
    for (int32_t at = last - 1; at >= 0; --at) {
      const int64_t dim = dim_value(binding, info->dims[at]);
      offset += rest % dim * tensor->strides[at];
      rest /= dim;
    }
    uint8_t *place = data + offset * (int64_t)element;
    if (pack)
      copy_row(packed, 1, place, tensor->strides[last], row, element);
    else
      copy_row(place, tensor->strides[last], packed, 1, row, element);
  }
}

static IngotStatus check_strides(const Binding *binding, const IngotTensorInfo *info, const int64_t *strides) {
  for (int32_t i = 0; strides && i < info->rank; ++i)
    if (strides[i] == 0 && dim_value(binding, info->dims[i]) > 1)
      return ingot_refuse(&binding->error, INGOT_OVERLAP, "output '%s' has stride 0 in dim %" PRId32 ": its elements overlap", info->name, i);
  return INGOT_OK;
}

/// Whether a tensor has to go through a copy; a refusal where there is none.
static IngotStatus choose_place(const Binding *binding, const char *kind, const IngotTensorInfo *info, const IngotTensor *tensor, uint8_t *staging,
                                void **place) {
  const IngotStatus status = check_dims(binding, kind, info, tensor);
  if (status != INGOT_OK)
    return status;
  *place = tensor->data;
  const uint64_t bytes = bytes_of(binding, info);
  const bool packed = contiguous(binding, info, tensor->strides);
  if (bytes == 0 || (packed && aligned(tensor->data, ingot_element_bytes(info->element_type))) || !tensor->data || (packed && !staging))
    return check_pointer(binding, kind, info, tensor->data, bytes);
  if (!staging)
    return ingot_refuse(&binding->error, INGOT_NOT_CONTIGUOUS, "%s '%s' is not contiguous: open the session with INGOT_STAGING, or copy it", kind,
                        info->name);
  *place = staging;
  return INGOT_OK;
}

IngotStatus ingot_bind_tensors(Binding *binding, const IngotTensor *inputs, const IngotTensor *outputs) {
  const IngotModel *model = binding->model;
  binding->bound = false;
  IngotStatus status = INGOT_OK;
  for (uint32_t i = 0; i < model->input_count && status == INGOT_OK; ++i) {
    void *place = NULL;
    status = choose_place(binding, "input", &model->inputs[i], &inputs[i], binding->input_staging[i], &place);
    binding->inputs[i] = place;
  }
  for (uint32_t i = 0; i < model->output_count && status == INGOT_OK; ++i) {
    status = check_strides(binding, &model->outputs[i], outputs[i].strides);
    if (status == INGOT_OK && ingot_grows(model, &model->outputs[i])) {
      binding->outputs[i] = binding->output_staging[i];
      if (outputs[i].data && !outputs[i].dims)
        status = ingot_refuse(&binding->error, INGOT_WRONG_SHAPE,
                              "output '%s' comes without dims, but only a run can tell how large it is: say how much room there is",
                              model->outputs[i].name);
    } else if (status == INGOT_OK) {
      status = choose_place(binding, "output", &model->outputs[i], &outputs[i], binding->output_staging[i], &binding->outputs[i]);
    }
  }
  if (status == INGOT_OK)
    status = check_overlaps(binding);
  for (uint32_t i = 0; i < model->input_count && status == INGOT_OK; ++i)
    if (binding->inputs[i] != inputs[i].data)
      copy_strided(binding, &model->inputs[i], &inputs[i], binding->input_staging[i], true);
  return status;
}

/// A grown output goes to the caller's memory if it is wanted there; its dims said how much that holds.
static IngotStatus hand_over(const Binding *binding, const IngotTensorInfo *info, const IngotTensor *tensor, const uint8_t *from) {
  uint64_t room = 1;
  for (int32_t i = 0; i < info->rank; ++i)
    room *= (uint64_t)tensor->dims[i];
  const uint64_t needed = elements_of(info, binding->values);
  if (needed > room)
    return ingot_refuse(&binding->error, INGOT_WRONG_SHAPE, "output '%s' has %" PRIu64 " elements, but there is room for %" PRIu64, info->name,
                        needed, room);
  memcpy(tensor->data, from, needed * ingot_element_bytes(info->element_type));
  return INGOT_OK;
}

IngotStatus ingot_unbind_outputs(const Binding *binding, const IngotTensor *outputs) {
  IngotStatus status = INGOT_OK;
  for (uint32_t i = 0; i < binding->model->output_count && status == INGOT_OK; ++i) {
    const IngotTensorInfo *info = &binding->model->outputs[i];
    if (binding->outputs[i] == outputs[i].data)
      continue;
    if (!ingot_grows(binding->model, info))
      copy_strided(binding, info, &outputs[i], binding->output_staging[i], false);
    else if (outputs[i].data)
      status = hand_over(binding, info, &outputs[i], binding->outputs[i]);
  }
  return status;
}
