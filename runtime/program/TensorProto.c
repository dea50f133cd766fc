// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The few fields of onnx.TensorProto, read straight from protobuf's wire format.
#include "TensorProto.h"
#include "Narrow.h"

#include <inttypes.h>
#include <string.h>

/// Field numbers of onnx.TensorProto.
enum {
  DIMS = 1,
  DATA_TYPE = 2,
  SEGMENT = 3,
  FLOAT_DATA = 4,
  INT32_DATA = 5,
  INT64_DATA = 7,
  RAW_DATA = 9,
  DOUBLE_DATA = 10,
  UINT64_DATA = 11,
  EXTERNAL_DATA = 13,
  DATA_LOCATION = 14
};
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

typedef struct Span {
  const uint8_t *at, *end;
} Span;

typedef struct Field {
  uint32_t number, wire;
  uint64_t value; /* of VARINT, FIXED32, FIXED64 */
  Span bytes;     /* of BYTES */
} Field;

static bool read_varint(Span *span, uint64_t *value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64 && span->at < span->end; shift += 7) {
    const uint8_t byte = *span->at++;
    *value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128)
      return true;
  }
  return false;
}

static bool read_fixed(Span *span, unsigned size, uint64_t *value) {
  if ((size_t)(span->end - span->at) < size)
    return false;
  *value = 0;
  memcpy(value, span->at, size); // protobuf is little-endian, as are our targets
  span->at += size;
  return true;
}

static bool read_field(Span *span, Field *field) {
  uint64_t key, length;
  memset(field, 0, sizeof *field);
  if (!read_varint(span, &key) || key >> 3 == 0 || key > UINT32_MAX)
    return false;
  field->number = (uint32_t)(key >> 3);
  field->wire = key & 7;
  switch (field->wire) {
  case VARINT:
    return read_varint(span, &field->value);
  case FIXED64:
    return read_fixed(span, 8, &field->value);
  case FIXED32:
    return read_fixed(span, 4, &field->value);
  case BYTES:
    if (!read_varint(span, &length) || length > (uint64_t)(span->end - span->at))
      return false;
    field->bytes = (Span){span->at, span->at + length};
    span->at += length;
    return true;
  }
  return false;
}

/// The field that holds values of a type when raw_data does not.
static uint32_t typed_field(int32_t type) {
  switch ((IngotElementType)type) {
  case INGOT_F32:
    return FLOAT_DATA;
  case INGOT_F64:
    return DOUBLE_DATA;
  case INGOT_I64:
    return INT64_DATA;
  case INGOT_U32:
  case INGOT_U64:
    return UINT64_DATA;
  case INGOT_U8:
  case INGOT_I8:
  case INGOT_U16:
  case INGOT_I16:
  case INGOT_I32:
  case INGOT_BOOL:
  case INGOT_F16:
  case INGOT_BF16:
  default: // and what is narrower
    return INT32_DATA;
  }
}

static uint32_t element_wire(uint32_t field) { return field == FLOAT_DATA ? FIXED32 : field == DOUBLE_DATA ? FIXED64 : VARINT; }

static bool read_element(Span *span, uint32_t wire, uint64_t *value) {
  return wire == VARINT ? read_varint(span, value) : read_fixed(span, wire == FIXED32 ? 4 : 8, value);
}

/// What is known of the message: fields may come in any order, so a first pass finds type and dims and a second one the values.
typedef struct Scan {
  HostTensor *tensor;
  uint64_t values; /* seen so far by the second pass */
  Span raw;
  bool has_raw, external, segmented;
  int32_t type;
} Scan;

/// Values in raw_data or in the field of the type: elements of 2 and 4 bits are packed there, of 6 bits in raw_data alone.
static uint64_t stored_values(const HostTensor *tensor, bool raw) {
  const uint64_t count = tensor->bytes / ingot_element_size(tensor->element_type);
  const uint32_t bits = ingot_narrow_bits(tensor->element_type);
  return bits == 0 || bits == 8 || (bits == 6 && !raw) ? count : count / 8 * bits + (count % 8 * bits + 7) / 8;
}

static bool add_dim(HostTensor *tensor, uint64_t value) {
  if (tensor->rank == INGOT_MAX_RANK)
    return false;
  tensor->dims[tensor->rank++] = (int64_t)value;
  return true;
}

static void store(Scan *scan, uint64_t value) {
  const uint64_t size = ingot_element_size(scan->tensor->element_type);
  if (scan->values < scan->tensor->bytes / size)
    memcpy((uint8_t *)scan->tensor->data + scan->values * size, &value, size); // the low bytes: little-endian
  ++scan->values;
}

static bool scan_values(Scan *scan, const Field *field) {
  const uint32_t wire = element_wire(field->number);
  if (field->wire == wire) {
    store(scan, field->value);
    return true;
  }
  if (field->wire != BYTES)
    return false;
  uint64_t value;
  for (Span packed = field->bytes; packed.at < packed.end; store(scan, value))
    if (!read_element(&packed, wire, &value))
      return false;
  return true;
}

static bool scan_dims(HostTensor *tensor, const Field *field) {
  if (field->wire == VARINT)
    return add_dim(tensor, field->value);
  if (field->wire != BYTES)
    return false;
  uint64_t value;
  for (Span packed = field->bytes; packed.at < packed.end;)
    if (!read_varint(&packed, &value) || !add_dim(tensor, value))
      return false;
  return true;
}

static bool scan_facts(Scan *scan, Span message) {
  for (Field field; message.at < message.end;) {
    if (!read_field(&message, &field))
      return false;
    switch (field.number) {
    case DIMS:
      if (!scan_dims(scan->tensor, &field))
        return false;
      break;
    case DATA_TYPE:
      if (field.wire != VARINT || field.value > INT32_MAX)
        return false;
      scan->type = (int32_t)field.value;
      break;
    case RAW_DATA:
      if (field.wire != BYTES)
        return false;
      scan->raw = field.bytes;
      scan->has_raw = true;
      break;
    case SEGMENT:
      scan->segmented = true;
      break;
    case EXTERNAL_DATA:
      scan->external = true;
      break;
    case DATA_LOCATION:
      scan->external |= field.value != 0;
      break;
    }
  }
  return true;
}

static ProgramStatus fill(Scan *scan, Span message, ErrorText *error) {
  HostTensor *tensor = scan->tensor;
  char type[INGOT_TYPE_TEXT];
  ingot_format_type(type, tensor->element_type, tensor->dims, tensor->rank);
  const uint64_t raw_size = (uint64_t)(scan->raw.end - scan->raw.at);
  if (scan->has_raw) {
    const uint64_t wanted_size = stored_values(tensor, true) * ingot_element_size(tensor->element_type);
    if (raw_size != wanted_size)
      return ingot_fail(error, PROGRAM_BAD_INPUT, "the ONNX tensor says %s, which is %" PRIu64 " bytes, but holds %" PRIu64, type, wanted_size,
                        raw_size);
    if (raw_size != 0)
      memcpy(tensor->data, scan->raw.at, raw_size);
    ingot_narrow_expand(tensor->element_type, tensor->data, tensor->bytes);
    return PROGRAM_OK;
  }
  const uint32_t wanted = typed_field(tensor->element_type);
  for (Field field; message.at < message.end;)
    if (!read_field(&message, &field) || (field.number == wanted && !scan_values(scan, &field)))
      return ingot_fail(error, PROGRAM_BAD_INPUT, "the values of the ONNX tensor cannot be read; the file is damaged");
  const uint64_t elements = stored_values(tensor, false);
  if (scan->values == elements && ingot_narrow_bits(tensor->element_type) != 6)
    ingot_narrow_expand(tensor->element_type, tensor->data, tensor->bytes);
  if (scan->values != elements)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the ONNX tensor says %s, which is %" PRIu64 " values, but holds %" PRIu64, type, elements,
                      scan->values);
  return PROGRAM_OK;
}

ProgramStatus ingot_tensor_proto_parse(const uint8_t *bytes, size_t size, HostTensor *tensor, ErrorText *error) {
  memset(tensor, 0, sizeof *tensor);
  const Span message = {bytes, bytes + size};
  Scan scan = {.tensor = tensor};
  if (size == 0)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the file is empty");
  if (!scan_facts(&scan, message))
    return ingot_fail(error, PROGRAM_BAD_INPUT, "not an ONNX TensorProto, or cut off");
  if (scan.external)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the ONNX tensor keeps its values in another file; save it with its values inside");
  if (scan.segmented)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the ONNX tensor is split into segments, which is not supported");
  if (ingot_element_size(scan.type) == 0)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the ONNX tensor has data_type %d, which is no number type of 1 to 8 bytes", scan.type);
  tensor->element_type = scan.type;
  // A short file cannot hold a large tensor: no value takes less than one byte of it.
  if (!ingot_tensor_measure(tensor) || stored_values(tensor, true) > size) {
    char type[INGOT_TYPE_TEXT];
    ingot_format_type(type, tensor->element_type, tensor->dims, tensor->rank);
    tensor->bytes = 0;
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the ONNX tensor says %s but the file has only %zu bytes", type, size);
  }
  ProgramStatus status = ingot_tensor_allocate(tensor, error);
  if (status == PROGRAM_OK)
    status = fill(&scan, message, error);
  if (status != PROGRAM_OK)
    ingot_tensor_free(tensor);
  return status;
}
