// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a session consists of, for the files that hold its functions.
#ifndef INGOT_RUNTIME_SESSION_H
#define INGOT_RUNTIME_SESSION_H

#include "Internal.h"
#include "ThreadChoice.h"

#include <stdatomic.h>

enum { INGOT_ERROR_BYTES = 256 };

typedef struct Session {
  IngotSession base; // first: it is what callers hold
  IngotCall call;
  Binding binding;
  IngotTeam *team;
  IngotProfiler *profiler;     // null without INGOT_PROFILE
  IngotSessionOptions options; // those that opened it, for `release`
  void *arena;                 // null when it is the caller's
  uint64_t arena_bytes;
  uint64_t session_bytes;
  const IngotVariant *variant;
  uint32_t threads;
  ThreadChoice choice;
  _Atomic uint32_t busy;
  const char *message; // `error`, or one of the model's sites
  char error[INGOT_ERROR_BYTES];
} Session;

/// Takes the session for one call; BUSY when another thread has it.
static inline bool enter(Session *session) {
  if (atomic_exchange_explicit(&session->busy, 1, memory_order_acquire) != 0)
    return false;
  session->error[0] = 0;
  session->message = session->error;
  return true;
}

static inline IngotStatus leave(Session *session, IngotStatus status) {
  atomic_store_explicit(&session->busy, 0, memory_order_release);
  return status;
}

// ---- Profiles: SessionProfile.c

IngotStatus ingot_profile_session(IngotSession *session, IngotProfile *profile);
IngotStatus ingot_profile_session_write(IngotSession *session, IngotProfileFormat format, void (*write)(void *, const char *, size_t), void *user);

#endif
