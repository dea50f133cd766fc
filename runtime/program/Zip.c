// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Zip.h"
#include "Inflate.h"

#include <stdlib.h>
#include <string.h>

// Sizes and signatures of ZIP's records, after PKWARE's application note.
enum { LOCAL_SIZE = 30, CENTRAL_SIZE = 46, END_SIZE = 22, END64_SIZE = 56, LOCATOR64_SIZE = 20, ZIP64_FIELD = 1, STORED = 0, DEFLATED = 8 };
static const uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50, end64_signature = 0x06064b50,
                      locator64_signature = 0x07064b50;

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static uint32_t get32(const uint8_t *p) { return get16(p) | (uint32_t)get16(p + 2) << 16; }
static uint64_t get64(const uint8_t *p) { return get32(p) | (uint64_t)get32(p + 4) << 32; }
static void put16(uint8_t *p, uint32_t value) {
  p[0] = (uint8_t)value;
  p[1] = (uint8_t)(value >> 8);
}
static void put32(uint8_t *p, uint32_t value) {
  put16(p, value & 0xffff);
  put16(p + 2, value >> 16);
}

/// CRC-32 of ZIP, continued from `crc` (0 at the start).
static uint32_t crc32_of(uint32_t crc, const uint8_t *data, uint64_t size) {
  uint32_t table[256];
  for (uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit)
      table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
  }
  crc = ~crc;
  for (uint64_t i = 0; i < size; ++i)
    crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
  return ~crc;
}

bool ingot_is_zip(const uint8_t *bytes, size_t size) { return size >= 4 && (get32(bytes) == local_signature || get32(bytes) == end_signature); }

static ProgramStatus damaged(ErrorText *error, const char *what) {
  return ingot_fail(error, PROGRAM_BAD_INPUT, "the npz file is damaged or cut off: %s", what);
}

/// True when `[at, at + count)` is inside the archive.
static bool inside(const ZipReader *zip, uint64_t at, uint64_t count) { return at <= zip->size && count <= zip->size - at; }

ProgramStatus ingot_zip_open(ZipReader *zip, const uint8_t *bytes, size_t size, ErrorText *error) {
  *zip = (ZipReader){bytes, size, 0, 0};
  if (!ingot_is_zip(bytes, size))
    return ingot_fail(error, PROGRAM_BAD_INPUT, "not an npz file; write it with numpy.savez");
  if (size < END_SIZE)
    return damaged(error, "it has no directory");
  // The last record, behind which only a comment of at most 65535 bytes may stand.
  size_t end = size - END_SIZE;
  const size_t lowest = end > 65535 ? end - 65535 : 0;
  while (get32(bytes + end) != end_signature || get16(bytes + end + 20) != size - END_SIZE - end) {
    if (end == lowest)
      return damaged(error, "it has no directory");
    --end;
  }
  zip->entries = get16(bytes + end + 10);
  uint64_t at = get32(bytes + end + 16);
  if ((zip->entries == 0xffff || at == 0xffffffffu) && end >= LOCATOR64_SIZE && get32(bytes + end - LOCATOR64_SIZE) == locator64_signature) {
    const uint64_t end64 = get64(bytes + end - LOCATOR64_SIZE + 8);
    if (!inside(zip, end64, END64_SIZE) || get32(bytes + end64) != end64_signature)
      return damaged(error, "its 64-bit directory is missing");
    zip->entries = get64(bytes + end64 + 32);
    at = get64(bytes + end64 + 48);
  }
  if (zip->entries > size / CENTRAL_SIZE || !inside(zip, at, zip->entries * CENTRAL_SIZE))
    return damaged(error, "its directory is outside the file");
  zip->at = (size_t)at;
  return PROGRAM_OK;
}

/// The values that a directory entry moves to an extra field when they do not fit 32 bits.
static bool read_zip64(const uint8_t *extra, size_t size, uint64_t *unpacked, uint64_t *packed, uint64_t *offset) {
  uint64_t *const values[3] = {unpacked, packed, offset};
  while (size >= 4) {
    const size_t field = get16(extra + 2);
    if (field > size - 4)
      return false;
    if (get16(extra) == ZIP64_FIELD) {
      size_t at = 0;
      for (int i = 0; i < 3; ++i) {
        if (*values[i] != 0xffffffffu)
          continue;
        if (field - at < 8)
          return false;
        *values[i] = get64(extra + 4 + at);
        at += 8;
      }
      return true;
    }
    extra += 4 + field;
    size -= 4 + field;
  }
  return *unpacked != 0xffffffffu && *packed != 0xffffffffu && *offset != 0xffffffffu;
}

static ProgramStatus unpack(ZipEntry *entry, unsigned method, const uint8_t *packed, uint64_t packed_size, uint64_t unpacked_size, ErrorText *error) {
  // DEFLATE makes data at most 1032 times smaller: a larger promise is a lie, found before memory is spent on it.
  if (method == STORED ? packed_size != unpacked_size : unpacked_size / 1032 > packed_size)
    return damaged(error, "the sizes of an entry contradict each other");
  entry->size = (size_t)unpacked_size;
  entry->data = malloc(entry->size + 1);
  if (!entry->data)
    return ingot_fail(error, PROGRAM_INTERNAL, "out of memory for the npz entry '%s' (%zu bytes)", entry->name, entry->size);
  if (method == STORED)
    memcpy(entry->data, packed, entry->size);
  else if (!ingot_inflate(packed, (size_t)packed_size, entry->data, entry->size))
    return damaged(error, "compressed data of an entry cannot be unpacked");
  return PROGRAM_OK;
}

static ProgramStatus read_entry(ZipReader *zip, ZipEntry *entry, ErrorText *error) {
  if (!inside(zip, zip->at, CENTRAL_SIZE) || get32(zip->bytes + zip->at) != central_signature)
    return damaged(error, "a directory entry is missing");
  const uint8_t *central = zip->bytes + zip->at;
  const unsigned flags = get16(central + 8), method = get16(central + 10);
  const size_t name_size = get16(central + 28), extra_size = get16(central + 30), comment_size = get16(central + 32);
  uint64_t packed = get32(central + 20), unpacked = get32(central + 24), offset = get32(central + 42);
  if (!inside(zip, zip->at + CENTRAL_SIZE, name_size + extra_size + comment_size))
    return damaged(error, "a directory entry is cut off");
  if (name_size >= sizeof entry->name || memchr(central + CENTRAL_SIZE, 0, name_size))
    return damaged(error, "an entry has an impossible name");
  memcpy(entry->name, central + CENTRAL_SIZE, name_size);
  entry->name[name_size] = 0;
  if (!read_zip64(central + CENTRAL_SIZE + name_size, extra_size, &unpacked, &packed, &offset))
    return damaged(error, "a directory entry has no sizes");
  zip->at += CENTRAL_SIZE + name_size + extra_size + comment_size;
  --zip->entries;

  if (flags & 1)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the npz entry '%s' is encrypted; write it with numpy.savez", entry->name);
  if (method != STORED && method != DEFLATED)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the npz entry '%s' is compressed in an unknown way (%u); write it with numpy.savez", entry->name,
                      method);
  if (!inside(zip, offset, LOCAL_SIZE) || get32(zip->bytes + offset) != local_signature)
    return damaged(error, "an entry is not where the directory says");
  const uint64_t data = offset + LOCAL_SIZE + get16(zip->bytes + offset + 26) + get16(zip->bytes + offset + 28);
  if (!inside(zip, data, packed))
    return damaged(error, "the data of an entry is cut off");
  const ProgramStatus status = unpack(entry, method, zip->bytes + data, packed, unpacked, error);
  if (status == PROGRAM_OK && crc32_of(0, entry->data, entry->size) != get32(central + 16))
    return damaged(error, "the checksum of an entry is wrong");
  return status;
}

ProgramStatus ingot_zip_next(ZipReader *zip, ZipEntry *entry, ErrorText *error) {
  memset(entry, 0, sizeof *entry);
  const ProgramStatus status = read_entry(zip, entry, error);
  if (status != PROGRAM_OK) {
    free(entry->data);
    entry->data = NULL;
  }
  return status;
}

ProgramStatus ingot_zip_add(ZipWriter *zip, const char *name, const void *head, size_t head_size, const void *body, uint64_t body_size,
                            ErrorText *error) {
  const size_t name_size = strlen(name);
  const uint64_t size = head_size + body_size, offset = zip->file->size;
  if (size >= 0xffffffffu || offset + size >= 0xffffffffu - (64 << 20) || zip->entries == 0xfffe || name_size > 0xffff)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "the outputs do not fit one npz file of 4 GiB; write them with --output name=file.npy");
  uint8_t *directory = realloc(zip->directory, zip->directory_size + CENTRAL_SIZE + name_size);
  if (!directory)
    return ingot_fail(error, PROGRAM_INTERNAL, "out of memory for the directory of an npz file");
  zip->directory = directory;
  uint8_t *central = directory + zip->directory_size;
  zip->directory_size += CENTRAL_SIZE + name_size;
  ++zip->entries;

  // One description, at the entry and in the directory; only the offset is the directory's own.
  enum { DESCRIPTION = 26, DATE_1980_01_01 = 1 << 5 | 1, UTF8_NAME = 1 << 11 };
  uint8_t description[DESCRIPTION] = {0};
  put16(description, 20); // version of ZIP needed: 2.0
  put16(description + 2, UTF8_NAME);
  put16(description + 8, DATE_1980_01_01); // no clock: the same outputs are the same bytes
  put32(description + 10, crc32_of(crc32_of(0, head, head_size), body, body_size));
  put32(description + 14, (uint32_t)size);
  put32(description + 18, (uint32_t)size);
  put16(description + 22, (uint32_t)name_size);
  memset(central, 0, CENTRAL_SIZE);
  put32(central, central_signature);
  put16(central + 4, 20);
  memcpy(central + 6, description, DESCRIPTION);
  put32(central + 42, (uint32_t)offset);
  memcpy(central + CENTRAL_SIZE, name, name_size);

  uint8_t local[LOCAL_SIZE];
  put32(local, local_signature);
  memcpy(local + 4, description, DESCRIPTION);
  ProgramStatus status = ingot_output_write(zip->file, local, sizeof local, error);
  if (status == PROGRAM_OK)
    status = ingot_output_write(zip->file, name, name_size, error);
  if (status == PROGRAM_OK)
    status = ingot_output_write(zip->file, head, head_size, error);
  if (status == PROGRAM_OK)
    status = ingot_output_write(zip->file, body, body_size, error);
  return status;
}

ProgramStatus ingot_zip_finish(ZipWriter *zip, ErrorText *error) {
  uint8_t end[END_SIZE] = {0};
  put32(end, end_signature);
  put16(end + 8, zip->entries);
  put16(end + 10, zip->entries);
  put32(end + 12, (uint32_t)zip->directory_size);
  put32(end + 16, (uint32_t)zip->file->size);
  const ProgramStatus status = ingot_output_write(zip->file, zip->directory, zip->directory_size, error);
  return status == PROGRAM_OK ? ingot_output_write(zip->file, end, sizeof end, error) : status;
}
