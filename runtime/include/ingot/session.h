/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What the functions of ingot.h take, and the table of those functions. Programs include ingot.h.
 * Structures grow at their end only; `struct_size` tells which fields a caller knows.
 */
#ifndef INGOT_SESSION_H
#define INGOT_SESSION_H

#include "profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Weights from a file, checked and mapped. Immutable; shared by any number of sessions, which it must outlive. */
typedef struct IngotWeights IngotWeights;

/* Runs a model; created by ingot_session_open. */
typedef struct IngotSession {
  const IngotApi *api; /* the rest is the runtime's */
} IngotSession;

/* A fork-join pool of the caller's. `run` calls function(argument, t) once for every t in 0..threads-1, all at the same time (they wait for each
 * other), and returns when all have returned. t = 0 need not be the calling thread. */
typedef struct IngotPool {
  uint32_t struct_size;
  uint32_t threads;
  void *user;
  void (*run)(void *user, void (*function)(void *argument, uint32_t thread), void *argument);
} IngotPool;

enum {
  INGOT_STAGING = 1u << 0,     /* tensors may have strides and any alignment: the session holds a copy of each one that does */
  INGOT_LAZY_WEIGHTS = 1u << 2, /* opening does not read the weights: a run reads from the file what it is the first to need */
  INGOT_GROWING_ARENA = 1u << 3, /* with open dims: opening takes no arena, a run with larger dims than before takes a larger one */
  INGOT_PROFILE = 1u << 4, /* runs note where their time goes, for ingot_session_profile: about 0.1 us for each region, 2 us for each run and thread */
  INGOT_ALL_THREADS = 1u << 5 /* runs of less than 2 ms use all threads, too; else a few trials tell whether one is faster */
};

/* Everything but `struct_size` may be 0: then all comes from libc and there is a thread per core. */
typedef struct IngotSessionOptions {
  uint32_t struct_size;
  uint32_t threads;  /* 0: one per core that this process may use; ignored with a pool */
  uint32_t flags;    /* INGOT_STAGING ... */
  uint32_t profile_events; /* with INGOT_PROFILE: how many are kept of each thread, the latest; 0: 32768. A region is one, a barrier another */
  /* For the session and the arena; called in open, close and where an arena grows. Both or none. `alignment` is a power of two. */
  void *(*allocate)(void *user, size_t bytes, size_t alignment);
  void (*release)(void *user, void *memory, size_t bytes);
  void *user;
  /* The caller's memory for intermediate values, 64-byte aligned, at least IngotMemory.arena_bytes: the session's own until it is closed. With
   * symbols it may be as small as the dims of the runs need; a run that needs more is refused (INGOT_ARENA_TOO_SMALL). */
  void *arena;
  uint64_t arena_bytes;
  const IngotPool *pool;
  const IngotWeights *weights; /* for a model whose weights are in a file */
  /* Gets the text of a failure to open, cut to its size. */
  char *error_text;
  size_t error_text_bytes;
} IngotSessionOptions;

/* An input or output of one run. */
typedef struct IngotTensor {
  void *data;
  const int64_t *dims;    /* null: the model's own, if they are fixed; for an output whatever follows from the inputs */
  const int64_t *strides; /* in elements; null: row-major and contiguous */
} IngotTensor;

/* A runtime. Programs use the functions below. */
struct IngotApi {
  uint32_t struct_size;
  uint32_t abi_version;
  const IngotVariant *(*model_variant)(const IngotModel *);
  IngotStatus (*model_memory_required)(const IngotModel *, const IngotSessionOptions *, const int64_t *, IngotMemory *);
  IngotStatus (*weights_open)(const IngotModel *, const char *, IngotWeights **);
  void (*weights_close)(IngotWeights **);
  IngotStatus (*session_open)(const IngotModel *, const IngotSessionOptions *, IngotSession **);
  void (*session_close)(IngotSession **);
  IngotStatus (*session_run)(IngotSession *, const void *const *, void *const *);
  IngotStatus (*session_run_tensors)(IngotSession *, const IngotTensor *, IngotTensor *);
  void (*session_cancel)(IngotSession *);
  const char *(*session_error)(const IngotSession *);
  uint32_t (*session_threads)(const IngotSession *);
  const int64_t *(*session_values)(const IngotSession *);
  const void *(*session_output)(const IngotSession *, uint32_t);
  IngotStatus (*session_profile)(IngotSession *, IngotProfile *);
  IngotStatus (*session_profile_write)(IngotSession *, IngotProfileFormat, void (*)(void *, const char *, size_t), void *);
};

#ifdef __cplusplus
}
#endif
#endif
