// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inline functions of ingot.h as symbols, for languages that cannot read a C header. A shared library exports them under its own prefix
// (`net_session_open`), which the compiler's link step gives them.
#include "Internal.h"

#define EXPORT(result, name, parameters, arguments)                                                                                                  \
  result ingot_export_##name parameters;                                                                                                             \
  result ingot_export_##name parameters { return ingot_##name arguments; }

EXPORT(const char *, status_text, (IngotStatus status), (status))
EXPORT(const IngotVariant *, model_variant, (const IngotModel *model), (model))
EXPORT(IngotStatus, model_memory_required, (const IngotModel *model, const IngotSessionOptions *options, const int64_t *values, IngotMemory *memory),
       (model, options, values, memory))
EXPORT(int32_t, model_find_input, (const IngotModel *model, const char *name), (model, name))
EXPORT(int32_t, model_find_output, (const IngotModel *model, const char *name), (model, name))
EXPORT(IngotStatus, weights_open, (const IngotModel *model, const char *path, IngotWeights **weights), (model, path, weights))
EXPORT(void, weights_close, (const IngotModel *model, IngotWeights **weights), (model, weights))
EXPORT(IngotStatus, session_open, (const IngotModel *model, const IngotSessionOptions *options, IngotSession **session), (model, options, session))
EXPORT(void, session_close, (IngotSession * *session), (session))
EXPORT(IngotStatus, session_run, (IngotSession * session, const void *const *inputs, void *const *outputs), (session, inputs, outputs))
EXPORT(IngotStatus, session_run_tensors, (IngotSession * session, const IngotTensor *inputs, IngotTensor *outputs), (session, inputs, outputs))
EXPORT(void, session_cancel, (IngotSession * session), (session))
EXPORT(const char *, session_error, (const IngotSession *session), (session))
EXPORT(uint32_t, session_threads, (const IngotSession *session), (session))
EXPORT(const int64_t *, session_values, (const IngotSession *session), (session))
EXPORT(IngotStatus, session_profile, (IngotSession * session, IngotProfile *profile), (session, profile))
EXPORT(IngotStatus, session_profile_write,
       (IngotSession * session, IngotProfileFormat format, void (*write)(void *user, const char *text, size_t bytes), void *user),
       (session, format, write, user))
