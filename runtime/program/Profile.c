// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Profile.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 16 };

ProgramStatus ingot_profile_open(const Options *options, OutputFile *file, ErrorText *error) {
  const ValueList *paths = &options->profile;
  return paths->count == 0 ? PROGRAM_OK : ingot_output_open(file, paths->values[paths->count - 1], error);
}

/// Gathers small pieces of text: for a file, or all of it.
typedef struct Gathered {
  OutputFile *file; /* null: keep all */
  ErrorText *error;
  ProgramStatus status;
  char *text;
  size_t size, room;
} Gathered;

static void flush(Gathered *gathered) {
  if (gathered->status == PROGRAM_OK)
    gathered->status = ingot_output_write(gathered->file, gathered->text, gathered->size, gathered->error);
  gathered->size = 0;
}

static void gather(void *user, const char *text, size_t bytes) {
  Gathered *gathered = user;
  if (gathered->status != PROGRAM_OK)
    return;
  if (gathered->file && gathered->size >= PIECE_BYTES)
    flush(gathered);
  if (gathered->size + bytes > gathered->room) {
    const size_t room = 2 * (gathered->size + bytes) + PIECE_BYTES;
    char *larger = realloc(gathered->text, room);
    if (!larger) {
      gathered->status = ingot_fail(gathered->error, PROGRAM_INTERNAL, "out of memory for a profile");
      return;
    }
    gathered->text = larger;
    gathered->room = room;
  }
  memcpy(gathered->text + gathered->size, text, bytes);
  gathered->size += bytes;
}

static ProgramStatus write_as(IngotSession *session, IngotProfileFormat format, Gathered *gathered) {
  const IngotStatus status = ingot_session_profile_write(session, format, gather, gathered);
  if (status != INGOT_OK)
    return ingot_fail(gathered->error, PROGRAM_INTERNAL, "there is no profile: %s", ingot_session_error(session));
  return gathered->status;
}

ProgramStatus ingot_profile_write(IngotSession *session, OutputFile *file, char **table, ErrorText *error) {
  Gathered trace = {.file = file, .error = error}, text = {.error = error};
  ProgramStatus status = write_as(session, INGOT_PROFILE_TRACE, &trace);
  if (status == PROGRAM_OK) {
    flush(&trace);
    status = trace.status;
  }
  free(trace.text);
  if (status == PROGRAM_OK)
    status = ingot_output_commit(file, error);
  if (status == PROGRAM_OK)
    status = write_as(session, INGOT_PROFILE_TABLE, &text);
  if (status == PROGRAM_OK)
    gather(&text, "", 1);
  *table = text.text;
  return status == PROGRAM_OK ? text.status : status;
}
