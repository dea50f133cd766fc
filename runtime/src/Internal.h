// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the files of the runtime share with each other and with their tests; hidden from users.
#ifndef INGOT_RUNTIME_INTERNAL_H
#define INGOT_RUNTIME_INTERNAL_H

#include "ingot/ingot.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  INGOT_MAX_THREADS = 1024,     ///< The most threads that a session may ask for; more is taken for a mistake.
  INGOT_WORKER_STACK = 1 << 20, ///< Of each worker, in bytes.
  INGOT_ALIGNMENT = 64          ///< Of arenas, weights and staging buffers.
};

/// The number of cores that this process may use, at least 1.
uint32_t ingot_usable_cores(void);

/// The CPU features of this machine (INGOT_CPU_*), read with cpuid and xgetbv.
uint64_t ingot_cpu_features(void);

/// The first variant of `model` whose features are all among `features`, or null.
const IngotVariant *ingot_first_variant(const IngotModel *model, uint64_t features);

// ---- Teams: Team.c

/// All constant for the team's life. The team starts `threads - 1` workers, or uses the `threads` of `pool` if that is not null.
typedef struct TeamSetup {
  uint32_t threads;
  IngotRunFunction run;
  IngotCall *call;
  const IngotPool *pool;
} TeamSetup;

/// Of the memory of a team, which must be aligned as INGOT_ALIGNMENT says.
size_t ingot_team_bytes(uint32_t threads);

IngotStatus ingot_team_open(const TeamSetup *setup, void *memory, IngotTeam **team);

/// One epoch: every thread of the team, the calling one as number 0, runs the function; returns when all have left it. Fails only where workers that
/// a fork took away cannot be started again.
IngotStatus ingot_team_run(IngotTeam *team);

/// The same by the calling thread alone, as if it were the only one.
void ingot_team_run_alone(IngotTeam *team);

/// Whether there are workers, our own, and a core for each thread.
bool ingot_team_has_own_cores(const IngotTeam *team);

/// Makes barriers tell all threads to stop, until the request is taken back, which says whether there was one.
void ingot_team_cancel(IngotTeam *team);
bool ingot_team_take_cancel(IngotTeam *team);

/// How many workers sleep in the kernel now; for tests.
uint32_t ingot_team_sleepers(IngotTeam *team);

/// Stops and joins the workers. The memory stays the caller's. Null is allowed.
void ingot_team_close(IngotTeam *team);

/// The team of a session; for tests.
IngotTeam *ingot_session_team(IngotSession *session);

// ---- Errors: Error.c

/// Where the text of a refusal goes; cut to its size. `text` may be null.
typedef struct ErrorSink {
  char *text;
  size_t bytes;
} ErrorSink;

/// Writes the text and returns the status.
__attribute__((format(printf, 3, 4))) IngotStatus ingot_refuse(const ErrorSink *sink, IngotStatus status, const char *format, ...);

// ---- Tensors of a run: Binding.c

/// Where the tensors of a run lie.
typedef struct Binding {
  const IngotModel *model;
  const void **inputs; ///< What generated code reads, `input_count` of them.
  void **outputs;
  uint8_t **input_staging; ///< A place for a copy of each input; all null without INGOT_STAGING.
  uint8_t **output_staging;
  int64_t *values;
  int64_t *rooms; ///< For each symbol that is a room: what runs have needed so far.
  ErrorSink error;
  bool bound; ///< `inputs` and `outputs` are checked pointers of ingot_bind_pointers.
} Binding;

/// The size of an element, which is also its alignment. 0: an unknown type.
uint64_t ingot_element_bytes(int32_t type);

/// Checks one pointer for each tensor and keeps them. Nothing is done when they are those of the run before.
IngotStatus ingot_bind_pointers(Binding *binding, const void *const *inputs, void *const *outputs);

/// Reads the symbols that inputs have from their dims.
IngotStatus ingot_bind_symbols(Binding *binding, const IngotTensor *inputs);

/// Whether only a run tells how large the output is, and nothing but a room bounds it: then it lies in the session's own memory.
bool ingot_grows(const IngotModel *model, const IngotTensorInfo *output);
bool ingot_has_rooms(const IngotModel *model);

/// The bytes that such outputs take behind the arena, for these values of the symbols; gives them their places there if `binding` is not null.
uint64_t ingot_place_grown(const IngotModel *model, const int64_t *values, Binding *binding, uint8_t *memory);

/// After a run: raises the rooms that it found too small, and tells whether there were any.
bool ingot_raise_rooms(Binding *binding);

/// Checks all tensors against the symbols and keeps their pointers; copies inputs that generated code cannot read where they are.
IngotStatus ingot_bind_tensors(Binding *binding, const IngotTensor *inputs, const IngotTensor *outputs);

/// After the run: copies outputs that generated code could not write where they are. Refuses where the caller has too little room.
IngotStatus ingot_unbind_outputs(const Binding *binding, const IngotTensor *outputs);

// ---- Weights: Weights.c

/// The bytes of the file if it is the one of `model`, else null.
/// Makes the pages present that a run reads: code, constants, weights (unless INGOT_LAZY_WEIGHTS) and some of the caller's stack.
void ingot_prefault(const IngotModel *model, const IngotVariant *variant, const uint8_t *weights, uint32_t flags);

const uint8_t *ingot_weights_of(const IngotModel *model, const IngotWeights *weights);
IngotStatus ingot_weights_map(const IngotModel *model, const char *path, IngotWeights **weights);
void ingot_weights_unmap(IngotWeights **weights);

#ifdef __cplusplus
}
#endif
#endif
