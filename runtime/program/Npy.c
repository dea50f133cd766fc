// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

typedef struct Descr {
  char text[4]; /* without the byte order */
  int32_t type;
} Descr;

static const Descr descrs[] = {{"f4", INGOT_F32}, {"f8", INGOT_F64},  {"f2", INGOT_F16}, {"i1", INGOT_I8},   {"u1", INGOT_U8},
                               {"i2", INGOT_I16}, {"u2", INGOT_U16},  {"i4", INGOT_I32}, {"u4", INGOT_U32},  {"i8", INGOT_I64},
                               {"u8", INGOT_U64}, {"b1", INGOT_BOOL}, {"?", INGOT_BOOL}, {"V2", INGOT_BF16}, {"V1", INGOT_U8},
                               {"i1", INGOT_I4},  {"i1", INGOT_I2},   {"u1", INGOT_U4},  {"u1", INGOT_U2}};

bool ingot_is_npy(const uint8_t *bytes, size_t size) { return size >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0; }

/// The header: a Python dictionary of three known keys. Reads to `end` and never beyond.
typedef struct Header {
  const char *at, *end;
  char descr[32];
  bool fortran_order, has_descr, has_order, has_shape;
} Header;

static void skip_space(Header *header) {
  while (header->at < header->end && (*header->at == ' ' || *header->at == '\n' || *header->at == '\t' || *header->at == '\r'))
    ++header->at;
}

static bool take(Header *header, char c) {
  skip_space(header);
  if (header->at == header->end || *header->at != c)
    return false;
  ++header->at;
  return true;
}

static bool take_word(Header *header, const char *word) {
  skip_space(header);
  const size_t length = strlen(word);
  if ((size_t)(header->end - header->at) < length || memcmp(header->at, word, length) != 0)
    return false;
  header->at += length;
  return true;
}

static bool take_string(Header *header, char *text, size_t capacity) {
  skip_space(header);
  if (header->at == header->end || (*header->at != '\'' && *header->at != '"'))
    return false;
  const char quote = *header->at++;
  size_t length = 0;
  while (header->at < header->end && *header->at != quote) {
    if (length + 1 >= capacity)
      return false;
    text[length++] = *header->at++;
  }
  text[length] = 0;
  return take(header, quote);
}

static bool take_dim(Header *header, int64_t *dim) {
  skip_space(header);
  *dim = 0;
  const char *begin = header->at;
  for (; header->at < header->end && *header->at >= '0' && *header->at <= '9'; ++header->at) {
    if (*dim > (INT64_MAX - 9) / 10)
      return false;
    *dim = *dim * 10 + (*header->at - '0');
  }
  const bool digits = header->at != begin;
  if (digits && header->at < header->end && *header->at == 'L') // as Python 2 wrote it
    ++header->at;
  return digits;
}

static bool take_shape(Header *header, HostTensor *tensor) {
  if (!take(header, '('))
    return false;
  for (tensor->rank = 0; !take(header, ')'); ++tensor->rank) {
    if (tensor->rank == INGOT_MAX_RANK || !take_dim(header, &tensor->dims[tensor->rank]))
      return false;
    if (!take(header, ',')) {
      ++tensor->rank;
      return take(header, ')');
    }
  }
  return true;
}

static bool take_entry(Header *header, HostTensor *tensor) {
  char key[32];
  if (!take_string(header, key, sizeof key) || !take(header, ':'))
    return false;
  if (strcmp(key, "descr") == 0)
    return header->has_descr = take_string(header, header->descr, sizeof header->descr);
  if (strcmp(key, "fortran_order") == 0) {
    header->fortran_order = take_word(header, "True");
    return header->has_order = header->fortran_order || take_word(header, "False");
  }
  if (strcmp(key, "shape") == 0)
    return header->has_shape = take_shape(header, tensor);
  return false;
}

static bool parse_header(Header *header, HostTensor *tensor) {
  if (!take(header, '{'))
    return false;
  while (!take(header, '}')) {
    if (!take_entry(header, tensor))
      return false;
    if (!take(header, ',')) {
      if (!take(header, '}'))
        return false;
      break;
    }
  }
  skip_space(header);
  return header->at == header->end && header->has_descr && header->has_order && header->has_shape;
}

static ProgramStatus parse_descr(const char *descr, int32_t *type, ErrorText *error) {
  const bool ordered = descr[0] == '<' || descr[0] == '|' || descr[0] == '=';
  for (size_t i = 0; i < sizeof descrs / sizeof *descrs; ++i) {
    if (strcmp(descr + (descr[0] != 0), descrs[i].text) != 0)
      continue;
    *type = descrs[i].type;
    if (ordered || ingot_element_size(*type) == 1)
      return PROGRAM_OK;
    if (descr[0] == '>')
      return ingot_fail(error, PROGRAM_BAD_INPUT, "the array is big-endian ('%s'); save it with x.astype('<%s')", descr, descrs[i].text);
  }
  return ingot_fail(error, PROGRAM_BAD_INPUT, "numpy type '%s' is not supported; save floats, integers or bools of 1 to 8 bytes", descr);
}

/// Copies column-major data to row-major: walks the target in order and keeps the source's element number.
static void transpose(HostTensor *tensor, const uint8_t *source) {
  const uint64_t size = ingot_element_size(tensor->element_type), count = tensor->bytes / size;
  uint64_t stride[INGOT_MAX_RANK], from = 0;
  int64_t index[INGOT_MAX_RANK] = {0};
  for (int32_t i = 0; i < tensor->rank; ++i)
    stride[i] = i == 0 ? 1 : stride[i - 1] * (uint64_t)tensor->dims[i - 1];
  for (uint64_t to = 0; to < count; ++to) {
    memcpy((uint8_t *)tensor->data + to * size, source + from * size, size);
    for (int32_t i = tensor->rank - 1; i >= 0; --i) {
      from += stride[i];
      if (++index[i] < tensor->dims[i])
        break;
      from -= stride[i] * (uint64_t)tensor->dims[i];
      index[i] = 0;
    }
  }
}

ProgramStatus ingot_npy_parse(const uint8_t *bytes, size_t size, HostTensor *tensor, ErrorText *error) {
  memset(tensor, 0, sizeof *tensor);
  if (!ingot_is_npy(bytes, size))
    return ingot_fail(error, PROGRAM_BAD_INPUT, "not an npy file; write it with numpy.save");
  if (size < 10)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the npy file is cut off in its header");
  const unsigned version = bytes[6];
  if (version < 1 || version > 3)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "npy format version %u is not known; versions 1 to 3 are", version);
  const size_t prefix = version == 1 ? 10 : 12;
  if (size < prefix)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the npy file is cut off in its header");
  size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
  if (version > 1)
    length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
  if (length > size - prefix)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the npy file is cut off in its header");

  Header header = {.at = (const char *)bytes + prefix, .end = (const char *)bytes + prefix + length};
  if (!parse_header(&header, tensor))
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the npy header cannot be read; structured arrays and more than %d dimensions are not supported",
                      INGOT_MAX_RANK);
  const ProgramStatus known = parse_descr(header.descr, &tensor->element_type, error);
  if (known != PROGRAM_OK)
    return known;
  const size_t available = size - prefix - length;
  if (!ingot_tensor_measure(tensor) || tensor->bytes != available) {
    char type[INGOT_TYPE_TEXT];
    ingot_format_type(type, tensor->element_type, tensor->dims, tensor->rank);
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the npy header says %s but %zu bytes of data follow; the file is %s", type, available,
                      tensor->bytes > available ? "cut off" : "damaged");
  }
  const ProgramStatus allocated = ingot_tensor_allocate(tensor, error);
  if (allocated != PROGRAM_OK)
    return allocated;
  if (header.fortran_order && tensor->rank > 1)
    transpose(tensor, bytes + prefix + length);
  else if (available != 0)
    memcpy(tensor->data, bytes + prefix + length, available);
  return PROGRAM_OK;
}

size_t ingot_npy_header(uint8_t header[INGOT_NPY_HEADER], int32_t type, const int64_t *dims, int32_t rank) {
  const char *descr = "V1"; // the bits of a float of a byte and less
  for (size_t i = sizeof descrs / sizeof *descrs; i-- > 0;)
    if (descrs[i].type == type)
      descr = descrs[i].text;
  char *text = (char *)header;
  size_t at = 10;
  at += (size_t)snprintf(text + at, INGOT_NPY_HEADER - at, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                         ingot_element_size(type) == 1 ? '|' : '<', descr);
  for (int32_t i = 0; i < rank && at < INGOT_NPY_HEADER - 128; ++i) // 32 dims of 20 digits fit
    at += (size_t)snprintf(text + at, INGOT_NPY_HEADER - at, i == 0 ? "%" PRId64 : ", %" PRId64, dims[i]);
  at += (size_t)snprintf(text + at, INGOT_NPY_HEADER - at, "%s), }", rank == 1 ? "," : "");
  const size_t size = (at + 1 + 63) / 64 * 64;
  memset(text + at, ' ', size - at);
  text[size - 1] = '\n';
  memcpy(header, magic, sizeof magic);
  header[6] = 1;
  header[7] = 0;
  header[8] = (uint8_t)((size - 10) & 255);
  header[9] = (uint8_t)((size - 10) >> 8);
  return size;
}
