/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * The least of a runtime: one function that a model's code calls, one that only users call. */
#include "runtime/include/ingot/ingot.h"

int32_t ingot_team_barrier(IngotTeam *team) {
  (void)team;
  return 0;
}

void ingot_profiler_mark(IngotProfiler *profiler, int64_t thread, int32_t what) {
  (void)profiler;
  (void)thread;
  (void)what;
}

const IngotApi ingot_api = {.struct_size = sizeof(IngotApi), .abi_version = INGOT_ABI_VERSION};

/* The names that shared libraries export; what they do is not tested here. */
#define EXPORT(name)                                                                                                                                 \
  void ingot_export_##name(void);                                                                                                                    \
  void ingot_export_##name(void) {}

EXPORT(status_text)
EXPORT(model_variant)
EXPORT(model_memory_required)
EXPORT(model_find_input)
EXPORT(model_find_output)
EXPORT(weights_open)
EXPORT(weights_close)
EXPORT(session_open)
EXPORT(session_close)
EXPORT(session_run)
EXPORT(session_run_tensors)
EXPORT(session_cancel)
EXPORT(session_error)
EXPORT(session_threads)
EXPORT(session_values)
EXPORT(session_profile)
EXPORT(session_profile_write)

void test_runtime_internal(void);
void test_runtime_internal(void) {}
