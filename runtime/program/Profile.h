// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The files and texts of --profile.
#ifndef INGOT_PROGRAM_PROFILE_H
#define INGOT_PROGRAM_PROFILE_H

#include "File.h"
#include "Options.h"
#include "ingot/ingot.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Opens the file of --profile, so that a wrong path is told before time is spent on runs. Nothing without that option.
ProgramStatus ingot_profile_open(const Options *options, OutputFile *file, ErrorText *error);

/// Writes the session's trace to the file, which is complete then, and its table to `*table`, from malloc.
ProgramStatus ingot_profile_write(IngotSession *session, OutputFile *file, char **table, ErrorText *error);

#ifdef __cplusplus
}
#endif
#endif
