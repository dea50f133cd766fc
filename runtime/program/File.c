// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#define _GNU_SOURCE
#include "File.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ProgramStatus read_all(int descriptor, const char *path, FileBytes *bytes, ErrorText *error) {
  struct stat info;
  if (fstat(descriptor, &info) != 0)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "cannot read '%s': %s", path, strerror(errno));
  if (S_ISDIR(info.st_mode))
    return ingot_fail(error, PROGRAM_BAD_INPUT, "cannot read '%s': it is a folder", path);
  size_t capacity = S_ISREG(info.st_mode) ? (size_t)info.st_size + 1 : 1 << 16; // one more byte than the file has: one read finds its end
  for (;;) {
    uint8_t *grown = realloc(bytes->data, capacity);
    if (!grown)
      return ingot_fail(error, PROGRAM_INTERNAL, "out of memory for the file '%s' (%zu bytes)", path, capacity);
    bytes->data = grown;
    while (bytes->size < capacity) {
      const ssize_t count = read(descriptor, bytes->data + bytes->size, capacity - bytes->size);
      if (count == 0)
        return PROGRAM_OK;
      if (count < 0 && errno != EINTR)
        return ingot_fail(error, PROGRAM_BAD_INPUT, "cannot read '%s': %s", path, strerror(errno));
      if (count > 0)
        bytes->size += (size_t)count;
    }
    capacity *= 2;
  }
}

ProgramStatus ingot_file_read(const char *path, FileBytes *bytes, ErrorText *error) {
  *bytes = (FileBytes){NULL, 0};
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "cannot open '%s': %s", path, strerror(errno));
  const ProgramStatus status = read_all(descriptor, path, bytes, error);
  close(descriptor);
  if (status != PROGRAM_OK) {
    free(bytes->data);
    *bytes = (FileBytes){NULL, 0};
  }
  return status;
}

static ProgramStatus fail_to_write(OutputFile *file, const char *path, ErrorText *error) {
  const int reason = errno;
  const ProgramStatus status = ingot_fail(error, PROGRAM_BAD_INPUT, "cannot write '%s': %s", path, strerror(reason));
  ingot_output_discard(file);
  return status;
}

ProgramStatus ingot_output_open(OutputFile *file, const char *path, ErrorText *error) {
  *file = (OutputFile){-1, NULL, NULL, 0};
  struct stat info;
  const bool exists = stat(path, &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    return fail_to_write(file, path, error);
  }
  file->path = exists ? realpath(path, NULL) : strdup(path); // through a symbolic link, not in its place
  if (!file->path)
    return fail_to_write(file, path, error);
  if (exists && !S_ISREG(info.st_mode)) {
    file->descriptor = open(file->path, O_WRONLY | O_CLOEXEC);
  } else {
    const size_t size = strlen(file->path) + 32;
    file->temporary = malloc(size);
    if (!file->temporary)
      return fail_to_write(file, path, error);
    snprintf(file->temporary, size, "%s.%ld.tmp", file->path, (long)getpid());
    file->descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file->descriptor < 0) { // not ours to remove
      const int reason = errno;
      free(file->temporary);
      file->temporary = NULL;
      errno = reason;
    }
  }
  return file->descriptor < 0 ? fail_to_write(file, path, error) : PROGRAM_OK;
}

ProgramStatus ingot_output_write(OutputFile *file, const void *data, uint64_t size, ErrorText *error) {
  const char *at = data;
  file->size += size;
  while (size != 0) {
    const ssize_t count = write(file->descriptor, at, size < 1u << 30 ? (size_t)size : 1u << 30);
    if (count < 0 && errno != EINTR)
      return fail_to_write(file, file->path, error);
    if (count > 0) {
      at += count;
      size -= (uint64_t)count;
    }
  }
  return PROGRAM_OK;
}

ProgramStatus ingot_output_commit(OutputFile *file, ErrorText *error) {
  const int closed = close(file->descriptor);
  file->descriptor = -1;
  if (closed != 0 || (file->temporary && rename(file->temporary, file->path) != 0))
    return fail_to_write(file, file->path, error);
  free(file->temporary);
  file->temporary = NULL;
  ingot_output_discard(file);
  return PROGRAM_OK;
}

void ingot_output_discard(OutputFile *file) {
  if (file->descriptor >= 0)
    close(file->descriptor);
  if (file->temporary)
    unlink(file->temporary);
  free(file->temporary);
  free(file->path);
  *file = (OutputFile){-1, NULL, NULL, 0};
}
