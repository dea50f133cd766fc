// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TensorFiles.h"
#include "Dims.h"
#include "File.h"
#include "Fill.h"
#include "Narrow.h"
#include "Npy.h"
#include "RawFile.h"
#include "TensorProto.h"
#include "Zip.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// The list of a model's inputs or outputs, and what to call one in a message.
typedef struct Ports {
  const IngotTensorInfo *tensors;
  uint32_t count;
  const char *kind;
} Ports;

static Ports inputs_of(const IngotModel *model) { return (Ports){model->inputs, model->input_count, "input"}; }
static Ports outputs_of(const IngotModel *model) { return (Ports){model->outputs, model->output_count, "output"}; }

static uint32_t find_port(Ports ports, const char *name, size_t length) {
  uint32_t i = 0;
  while (i < ports.count && !(strlen(ports.tensors[i].name) == length && memcmp(ports.tensors[i].name, name, length) == 0))
    ++i;
  return i;
}

static ProgramStatus unknown_port(Ports ports, const char *name, ProgramStatus status, ErrorText *error) {
  if (ports.count == 0)
    return ingot_fail(error, status, "the model has no %s '%s': it has no %ss", ports.kind, name, ports.kind);
  const char *nearest = ingot_nearest_name(name, &ports.tensors[0].name, ports.count, sizeof *ports.tensors);
  if (nearest)
    return ingot_fail(error, status, "the model has no %s '%s'; did you mean '%s'?", ports.kind, name, nearest);
  return ingot_fail(error, status, "the model has no %s '%s'; its %s %s is '%s' (--info lists all)", ports.kind, name,
                    ports.count == 1 ? "only" : "first", ports.kind, ports.tensors[0].name);
}

/// Splits NAME=FILE, or NAME=KIND. Names and paths may contain '=', so the name is taken that the model has.
static ProgramStatus split_assignment(Ports ports, const char *option, const char *text, uint32_t *port, const char **path, ErrorText *error) {
  const char *what = strcmp(option, "--fill") == 0 ? "kind" : "file";
  const char *first = strchr(text, '=');
  for (const char *equals = first; equals; equals = strchr(equals + 1, '=')) {
    *port = find_port(ports, text, (size_t)(equals - text));
    *path = equals + 1;
    if (*port < ports.count)
      return **path ? PROGRAM_OK : ingot_fail(error, PROGRAM_BAD_USAGE, "%s %s names no %s", option, text, what);
  }
  if (!first) {
    *port = 0;
    *path = text;
    if (ports.count == 1)
      return PROGRAM_OK;
    return ingot_fail(error, PROGRAM_BAD_USAGE, "%s takes NAME=%s, not '%s'; --info lists the names", option, *what == 'k' ? "KIND" : "FILE", text);
  }
  char name[256];
  snprintf(name, sizeof name, "%.*s", (int)(first - text < 255 ? first - text : 255), text);
  return unknown_port(ports, name, PROGRAM_BAD_USAGE, error);
}

static ProgramStatus parse_tensor(const FileBytes *bytes, HostTensor *tensor, ErrorText *error) {
  if (ingot_is_npy(bytes->data, bytes->size))
    return ingot_npy_parse(bytes->data, bytes->size, tensor, error);
  memset(tensor, 0, sizeof *tensor);
  if (ingot_is_zip(bytes->data, bytes->size))
    return ingot_fail(error, PROGRAM_BAD_INPUT, "this is an npz file; give it with --inputs");
  return ingot_tensor_proto_parse(bytes->data, bytes->size, tensor, error);
}

static bool ends_with(const char *text, const char *ending) {
  const size_t length = strlen(text), ending_length = strlen(ending);
  return length >= ending_length && strcmp(text + length - ending_length, ending) == 0;
}

ProgramStatus ingot_tensor_file_read(const char *path, HostTensor *tensor, ErrorText *error) {
  FileBytes bytes;
  memset(tensor, 0, sizeof *tensor);
  ProgramStatus status = ingot_file_read(path, &bytes, error);
  if (status != PROGRAM_OK)
    return status;
  if (ends_with(path, ".npy") && !ingot_is_npy(bytes.data, bytes.size))
    status = ingot_fail(error, PROGRAM_BAD_INPUT, "not an npy file; write it with numpy.save");
  else
    status = parse_tensor(&bytes, tensor, error);
  free(bytes.data);
  if (status != PROGRAM_OK)
    ingot_error_prefix(error, path);
  return status;
}

/// Compares with what the model declares. The two bytes of a bf16 may come as uint16, because numpy has no bf16.
static ProgramStatus accept_input(const IngotModel *model, const IngotTensorInfo *info, HostTensor *tensor, const char *path, int64_t *values,
                                  ErrorText *note, ErrorText *error) {
  if (info->element_type == INGOT_BF16 && tensor->element_type == INGOT_U16) {
    tensor->element_type = INGOT_BF16;
    ingot_fail(note, PROGRAM_OK, "input '%s': the 16-bit integers of %s are taken as the bits of bf16 values", info->name, path);
  }
  // The bytes that such elements lie in, of which numpy knows no more.
  if (ingot_narrow_bits(info->element_type) != 0 && (tensor->element_type == INGOT_U8 || tensor->element_type == INGOT_I8)) {
    ingot_fail(note, PROGRAM_OK, "input '%s': the bytes of %s are taken as %s, one element each", info->name, path,
               ingot_element_name(info->element_type));
    uint64_t at;
    if (!ingot_narrow_adopt(info->element_type, tensor->data, tensor->bytes, &at))
      return ingot_fail(error, PROGRAM_BAD_INPUT, "input '%s' must be %s, but element %" PRIu64 " of %s is the byte %u, which is none", info->name,
                        ingot_element_name(info->element_type), at, path, ((const uint8_t *)tensor->data)[at]);
    tensor->element_type = info->element_type;
  }
  const bool same_type = info->element_type == tensor->element_type;
  if (same_type && ingot_dims_match(info, tensor))
    return ingot_dims_take(model, info, tensor, values, error);
  char given[INGOT_TYPE_TEXT], wanted[INGOT_TYPE_TEXT];
  ingot_format_type(given, tensor->element_type, tensor->dims, tensor->rank);
  ingot_format_info(wanted, model, info);
  if (same_type)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "input '%s' must be %s, but %s holds %s", info->name, wanted, path, given);
  return ingot_fail(error, PROGRAM_BAD_INPUT, "input '%s' must be %s, but %s holds %s; convert it with x.astype(%s)", info->name, wanted, path, given,
                    ingot_python_name(info->element_type));
}

static ProgramStatus set_input(const IngotModel *model, uint32_t port, HostTensor *tensors, HostTensor *given, const char *path, int64_t *values,
                               ErrorText *note, ErrorText *error) {
  ProgramStatus status;
  if (tensors[port].data)
    status = ingot_fail(error, PROGRAM_BAD_USAGE, "input '%s' is given twice; the second time in %s", model->inputs[port].name, path);
  else
    status = accept_input(model, &model->inputs[port], given, path, values, note, error);
  if (status == PROGRAM_OK)
    tensors[port] = *given;
  else
    ingot_tensor_free(given);
  return status;
}

static ProgramStatus load_entry(const IngotModel *model, ZipReader *zip, const char *path, HostTensor *tensors, int64_t *values, ErrorText *note,
                                ErrorText *error) {
  ZipEntry entry;
  HostTensor given;
  ProgramStatus status = ingot_zip_next(zip, &entry, error);
  if (status != PROGRAM_OK)
    return status;
  if (ends_with(entry.name, ".npy"))
    entry.name[strlen(entry.name) - 4] = 0;
  const uint32_t port = find_port(inputs_of(model), entry.name, strlen(entry.name));
  if (port == model->input_count) {
    status = unknown_port(inputs_of(model), entry.name, PROGRAM_BAD_INPUT, error);
  } else {
    status = ingot_npy_parse(entry.data, entry.size, &given, error);
    if (status != PROGRAM_OK)
      ingot_error_prefix(error, entry.name);
  }
  free(entry.data);
  return status == PROGRAM_OK ? set_input(model, port, tensors, &given, path, values, note, error) : status;
}

static ProgramStatus load_archive(const IngotModel *model, const char *path, HostTensor *tensors, int64_t *values, ErrorText *note,
                                  ErrorText *error) {
  FileBytes bytes;
  ZipReader zip;
  ProgramStatus status = ingot_file_read(path, &bytes, error);
  if (status != PROGRAM_OK)
    return status;
  status = ingot_zip_open(&zip, bytes.data, bytes.size, error);
  while (status == PROGRAM_OK && zip.entries != 0)
    status = load_entry(model, &zip, path, tensors, values, note, error);
  if (status != PROGRAM_OK && !strstr(error->text, path))
    ingot_error_prefix(error, path);
  free(bytes.data);
  return status;
}

/// A raw file with the type and shape that --raw says, else those of the model with the dims that are known.
static ProgramStatus load_raw(const IngotModel *model, const char *option, HostTensor *tensors, int64_t *values, ErrorText *note, ErrorText *error) {
  uint32_t port;
  const char *text;
  RawSpec spec;
  ProgramStatus status = split_assignment(inputs_of(model), "--raw", option, &port, &text, error);
  if (status == PROGRAM_OK)
    status = ingot_raw_parse(text, &spec, error);
  if (status != PROGRAM_OK)
    return status;
  const IngotTensorInfo *info = &model->inputs[port];
  if (!spec.has_type) {
    ingot_dims_apply(info, values, &spec.tensor);
    for (int32_t i = 0; i < info->rank; ++i)
      if (spec.tensor.dims[i] < 0)
        return ingot_fail(error, PROGRAM_BAD_USAGE, "input '%s': dim '%s' is open; give --raw %s=%s:TYPE:SHAPE, or --dim", info->name,
                          model->symbols[-1 - info->dims[i]].name, info->name, text);
  }
  status = ingot_raw_read(spec.path, &spec.tensor, error);
  if (status != PROGRAM_OK) {
    char place[300];
    snprintf(place, sizeof place, "input '%.255s'", info->name);
    ingot_error_prefix(error, place);
    return status;
  }
  return set_input(model, port, tensors, &spec.tensor, spec.path, values, note, error);
}

static ProgramStatus fill_input(const IngotModel *model, uint32_t port, FillKind kind, uint64_t seed, HostTensor *tensors, int64_t *values,
                                ErrorText *note, ErrorText *error) {
  ingot_dims_default(model, values, note);
  ingot_dims_apply(&model->inputs[port], values, &tensors[port]);
  const ProgramStatus status = ingot_tensor_allocate(&tensors[port], error);
  if (status == PROGRAM_OK)
    ingot_tensor_fill(&tensors[port], kind, model->inputs[port].name, seed);
  return status;
}

static ProgramStatus load_fill(const IngotModel *model, const Options *options, const char *option, HostTensor *tensors, int64_t *values,
                               ErrorText *note, ErrorText *error) {
  uint32_t port;
  const char *word;
  FillKind kind;
  const ProgramStatus status = split_assignment(inputs_of(model), "--fill", option, &port, &word, error);
  if (status != PROGRAM_OK)
    return status;
  if (!ingot_fill_kind(word, &kind))
    return ingot_fail(error, PROGRAM_BAD_USAGE, "--fill %s: '%s' is none of random, zeros, ones, iota", option, word);
  if (tensors[port].data)
    return ingot_fail(error, PROGRAM_BAD_USAGE, "input '%s' is given twice; the second time by --fill %s", model->inputs[port].name, option);
  return fill_input(model, port, kind, options->seed, tensors, values, note, error);
}

static ProgramStatus load_missing(const IngotModel *model, const Options *options, HostTensor *tensors, int64_t *values, ErrorText *note,
                                  ErrorText *error) {
  char names[512];
  size_t at = 0;
  for (uint32_t i = 0; i < model->input_count; ++i) {
    const IngotTensorInfo *info = &model->inputs[i];
    if (tensors[i].data)
      continue;
    if (!options->random) {
      if (at < sizeof names)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s'%s'", at == 0 ? "" : ", ", info->name);
      continue;
    }
    const ProgramStatus status = fill_input(model, i, FILL_RANDOM, options->seed, tensors, values, note, error);
    if (status != PROGRAM_OK)
      return status;
  }
  if (at != 0)
    return ingot_fail(error, PROGRAM_BAD_USAGE,
                      "no value for the input%s %s; give --input NAME=FILE, --inputs FILE.npz, --raw or --fill, or --random for random values",
                      strchr(names, ',') ? "s" : "", names);
  return PROGRAM_OK;
}

ProgramStatus ingot_inputs_load(const IngotModel *model, const Options *options, HostTensor *tensors, int64_t *values, ErrorText *note,
                                ErrorText *error) {
  ProgramStatus status = ingot_dims_parse(model, options, values, error);
  note->text[0] = 0;
  for (uint32_t i = 0; status == PROGRAM_OK && i < options->input.count; ++i) {
    uint32_t port;
    const char *path;
    HostTensor given;
    status = split_assignment(inputs_of(model), "--input", options->input.values[i], &port, &path, error);
    if (status == PROGRAM_OK)
      status = ingot_tensor_file_read(path, &given, error);
    if (status == PROGRAM_OK)
      status = set_input(model, port, tensors, &given, path, values, note, error);
  }
  for (uint32_t i = 0; status == PROGRAM_OK && i < options->inputs.count; ++i)
    status = load_archive(model, options->inputs.values[i], tensors, values, note, error);
  for (uint32_t i = 0; status == PROGRAM_OK && i < options->raw.count; ++i)
    status = load_raw(model, options->raw.values[i], tensors, values, note, error);
  for (uint32_t i = 0; status == PROGRAM_OK && i < options->fill.count; ++i)
    status = load_fill(model, options, options->fill.values[i], tensors, values, note, error);
  return status == PROGRAM_OK ? load_missing(model, options, tensors, values, note, error) : status;
}

ProgramStatus ingot_outputs_check(const IngotModel *model, const Options *options, ErrorText *error) {
  ProgramStatus status = PROGRAM_OK;
  for (uint32_t i = 0; status == PROGRAM_OK && i < options->output.count; ++i) {
    uint32_t port;
    const char *path;
    status = split_assignment(outputs_of(model), "--output", options->output.values[i], &port, &path, error);
    if (status == PROGRAM_OK && ends_with(path, ".npz"))
      status = ingot_fail(error, PROGRAM_BAD_USAGE, "--output writes npy files; write '%s' with --outputs", path);
  }
  return status;
}

static ProgramStatus write_npy(const char *path, const HostTensor *tensor, ErrorText *error) {
  OutputFile file;
  uint8_t header[INGOT_NPY_HEADER];
  const size_t size = ingot_npy_header(header, tensor->element_type, tensor->dims, tensor->rank);
  ProgramStatus status = ingot_output_open(&file, path, error);
  if (status == PROGRAM_OK)
    status = ingot_output_write(&file, header, size, error);
  if (status == PROGRAM_OK)
    status = ingot_output_write(&file, tensor->data, tensor->bytes, error);
  return status == PROGRAM_OK ? ingot_output_commit(&file, error) : status;
}

static ProgramStatus add_entry(ZipWriter *zip, const char *name, const HostTensor *tensor, ErrorText *error) {
  uint8_t header[INGOT_NPY_HEADER];
  const size_t size = ingot_npy_header(header, tensor->element_type, tensor->dims, tensor->rank), length = strlen(name);
  char *entry = malloc(length + 5);
  if (!entry)
    return ingot_fail(error, PROGRAM_INTERNAL, "out of memory for the name of an npz entry");
  memcpy(entry, name, length);
  memcpy(entry + length, ".npy", 5);
  const ProgramStatus status = ingot_zip_add(zip, entry, header, size, tensor->data, tensor->bytes, error);
  free(entry);
  return status;
}

static ProgramStatus write_npz(Ports ports, const char *path, const HostTensor *tensors, ErrorText *error) {
  OutputFile file;
  ProgramStatus status = ingot_output_open(&file, path, error);
  if (status != PROGRAM_OK)
    return status;
  ZipWriter zip = {&file, NULL, 0, 0};
  for (uint32_t i = 0; status == PROGRAM_OK && i < ports.count; ++i)
    status = add_entry(&zip, ports.tensors[i].name, &tensors[i], error);
  if (status == PROGRAM_OK)
    status = ingot_zip_finish(&zip, error);
  if (status == PROGRAM_OK)
    status = ingot_output_commit(&file, error);
  else
    ingot_output_discard(&file);
  free(zip.directory);
  return status;
}

ProgramStatus ingot_outputs_write(const IngotModel *model, const Options *options, const HostTensor *tensors, ErrorText *error) {
  ProgramStatus status = PROGRAM_OK;
  for (uint32_t i = 0; status == PROGRAM_OK && i < options->output.count; ++i) {
    uint32_t port;
    const char *path;
    status = split_assignment(outputs_of(model), "--output", options->output.values[i], &port, &path, error);
    if (status == PROGRAM_OK)
      status = write_npy(path, &tensors[port], error);
  }
  for (uint32_t i = 0; status == PROGRAM_OK && i < options->outputs.count; ++i)
    status = write_npz(outputs_of(model), options->outputs.values[i], tensors, error);
  return status;
}

ProgramStatus ingot_inputs_save(const IngotModel *model, const Options *options, const HostTensor *tensors, ErrorText *error) {
  ProgramStatus status = PROGRAM_OK;
  for (uint32_t i = 0; status == PROGRAM_OK && i < options->save_inputs.count; ++i)
    status = write_npz(inputs_of(model), options->save_inputs.values[i], tensors, error);
  return status;
}
