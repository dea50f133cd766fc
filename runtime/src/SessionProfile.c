// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a session tells of where the time of its runs went.
#include "Profiler.h"
#include "Session.h"

#include <string.h>

/// Between enter and leave.
static IngotStatus summarize(Session *session, IngotProfile *profile) {
  if (!session->profiler)
    return ingot_refuse(&session->binding.error, INGOT_INVALID_ARGUMENT, "the session was opened without INGOT_PROFILE");
  const IngotStatus status = ingot_measure_machine(session->profiler, session->team);
  if (status != INGOT_OK)
    return ingot_refuse(&session->binding.error, status, "the operating system refused to start threads in the child of a fork");
  ingot_profiler_summarize(session->profiler, profile);
  return INGOT_OK;
}

IngotStatus ingot_profile_session(IngotSession *handle, IngotProfile *result) {
  Session *session = (Session *)handle;
  if (!result || result->struct_size < sizeof(uint32_t))
    return INGOT_INVALID_ARGUMENT;
  if (!enter(session))
    return INGOT_BUSY;
  IngotProfile profile;
  const IngotStatus status = summarize(session, &profile);
  profile.struct_size = result->struct_size; // what lies behind the end of ours is the caller's
  if (status == INGOT_OK)
    memcpy(result, &profile, result->struct_size < sizeof profile ? result->struct_size : sizeof profile);
  return leave(session, status);
}

IngotStatus ingot_profile_session_write(IngotSession *handle, IngotProfileFormat format, IngotWrite write, void *user) {
  Session *session = (Session *)handle;
  if (!write || (format != INGOT_PROFILE_TRACE && format != INGOT_PROFILE_TABLE))
    return INGOT_INVALID_ARGUMENT;
  if (!enter(session))
    return INGOT_BUSY;
  IngotProfile profile;
  const IngotStatus status = summarize(session, &profile);
  if (status == INGOT_OK && format == INGOT_PROFILE_TRACE)
    ingot_write_trace(session->profiler, session->variant, &profile, write, user);
  else if (status == INGOT_OK)
    ingot_write_table(session->profiler, &profile, write, user);
  return leave(session, status);
}
