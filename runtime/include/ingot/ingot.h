/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The C interface of models compiled by Ingot. C11, no dependency but libc and threads; docs/Embedding.md is its guide.
 *
 * A compiled model is one constant `IngotModel`, named `<prefix>_model` in what `ingot compile` writes. It is immutable and may be shared by any
 * number of threads. An `IngotSession` runs it; a session belongs to one thread at a time. Nothing here prints, exits, aborts, reads the environment,
 * handles signals or keeps globals.
 *
 * The functions below are inline and go through the model's own runtime (IngotModel.api): any number of models and runtimes share a program, and a
 * library exports only names with its own prefix.
 */
#ifndef INGOT_INGOT_H
#define INGOT_INGOT_H

#include "session.h"

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The runtime that is linked with the model; models point to it. */
extern const IngotApi ingot_api;

static inline int ingot_model_valid(const IngotModel *model) {
  return model && model->abi_version == INGOT_ABI_VERSION && model->struct_size >= sizeof(IngotModel) && model->api;
}

/* The variant that runs on this CPU, or null. */
static inline const IngotVariant *ingot_model_variant(const IngotModel *model) {
  return ingot_model_valid(model) ? model->api->model_variant(model) : NULL;
}

/* What a session with these options would take on this CPU. `values` holds one for every symbol (those that are no input's are ignored); null: their
 * maxima. `options` may be null. INGOT_INVALID_ARGUMENT, INGOT_UNSUPPORTED_MACHINE, INGOT_WRONG_SHAPE. */
static inline INGOT_MUST_USE IngotStatus ingot_model_memory_required(const IngotModel *model, const IngotSessionOptions *options,
                                                                     const int64_t *values, IngotMemory *memory) {
  return ingot_model_valid(model) ? model->api->model_memory_required(model, options, values, memory) : INGOT_INVALID_ARGUMENT;
}

/* The index of the input or output with this ONNX name, or -1. */
static inline int32_t ingot_find_tensor(const IngotTensorInfo *tensors, uint32_t count, const char *name) {
  for (uint32_t i = 0; name && i < count; ++i)
    if (strcmp(tensors[i].name, name) == 0)
      return (int32_t)i;
  return -1;
}
static inline int32_t ingot_model_find_input(const IngotModel *model, const char *name) {
  return model ? ingot_find_tensor(model->inputs, model->input_count, name) : -1;
}
static inline int32_t ingot_model_find_output(const IngotModel *model, const char *name) {
  return model ? ingot_find_tensor(model->outputs, model->output_count, name) : -1;
}

/* Maps the weights of a model that was compiled with --weights and checks size and hash. INGOT_WRONG_WEIGHTS when the file cannot be read or is not
 * the model's; then errno tells of a failed system call, or is 0. */
static inline INGOT_MUST_USE IngotStatus ingot_weights_open(const IngotModel *model, const char *path, IngotWeights **weights) {
  return ingot_model_valid(model) ? model->api->weights_open(model, path, weights) : INGOT_INVALID_ARGUMENT;
}

/* After the sessions that use them. Sets the pointer to null; null is allowed. */
static inline void ingot_weights_close(const IngotModel *model, IngotWeights **weights) {
  if (ingot_model_valid(model))
    model->api->weights_close(weights);
}

/* Allocates and touches all that a run needs and starts `threads - 1` workers, which block all signals. `options` may be null. On failure `*session`
 * is null. Any status but BUSY, CANCELLED and RUN_FAILURE. */
static inline INGOT_MUST_USE IngotStatus ingot_session_open(const IngotModel *model, const IngotSessionOptions *options, IngotSession **session) {
  if (session)
    *session = NULL;
  return ingot_model_valid(model) ? model->api->session_open(model, options, session) : INGOT_INVALID_ARGUMENT;
}

/* Stops the workers, frees everything and sets the pointer to null, so that later calls get INGOT_INVALID_ARGUMENT. Null is allowed. Not during a
 * run. */
static inline void ingot_session_close(IngotSession **session) {
  if (session && *session)
    (*session)->api->session_close(session);
}

/* One inference of a model without symbols. `inputs` and `outputs` hold a pointer per tensor: contiguous, aligned to its element (64 bytes are best),
 * of IngotTensorInfo.bytes; null is allowed for a tensor of no bytes. Allocates nothing, takes no lock, leaves the floating-point state as it was and
 * computes with the default one. A status but OK leaves the outputs with any values. */
static inline INGOT_MUST_USE IngotStatus ingot_session_run(IngotSession *session, const void *const *inputs, void *const *outputs) {
  return session ? session->api->session_run(session, inputs, outputs) : INGOT_INVALID_ARGUMENT;
}

/* The same for any model and for tensors with dims and strides. */
static inline INGOT_MUST_USE IngotStatus ingot_session_run_tensors(IngotSession *session, const IngotTensor *inputs, IngotTensor *outputs) {
  return session ? session->api->session_run_tensors(session, inputs, outputs) : INGOT_INVALID_ARGUMENT;
}

/* From any thread or signal handler: the run in progress ends between two regions with INGOT_CANCELLED; if there is none, the next one does. */
static inline void ingot_session_cancel(IngotSession *session) {
  if (session)
    session->api->session_cancel(session);
}

/* What went wrong in the last run of the session (after INGOT_RUN_FAILURE: in which node), "" when nothing did; valid until the next one. For the
 * session's own thread. */
static inline const char *ingot_session_error(const IngotSession *session) { return session ? session->api->session_error(session) : "no session"; }

/* Threads that a run may use. */
static inline uint32_t ingot_session_threads(const IngotSession *session) { return session ? session->api->session_threads(session) : 0; }

/* The values of IngotModel.symbols in the last run, from which the dims of outputs follow. */
static inline const int64_t *ingot_session_values(const IngotSession *session) { return session ? session->api->session_values(session) : NULL; }

/* Where the last run wrote an output. With rooms (INGOT_SYMBOL_ROOM), outputs that only a run can size lie in the session's memory until the next run.
 * A caller's tensor with data and dims gets a copy, or INGOT_WRONG_SHAPE when its dims have fewer elements; one without data gets none. */
static inline const void *ingot_session_output(const IngotSession *session, uint32_t output) {
  return session && session->api->struct_size > offsetof(IngotApi, session_output) ? session->api->session_output(session, output) : NULL;
}

/* Where the time of the runs so far went, of a session with INGOT_PROFILE. `profile->struct_size` is the caller's. The first such call measures the
 * machine with the session's threads, for some 50 ms. */
static inline INGOT_MUST_USE IngotStatus ingot_session_profile(IngotSession *session, IngotProfile *profile) {
  const int known = session && session->api->struct_size > offsetof(IngotApi, session_profile);
  return known ? session->api->session_profile(session, profile) : INGOT_INVALID_ARGUMENT;
}

/* The same as text, piece by piece. */
static inline INGOT_MUST_USE IngotStatus ingot_session_profile_write(IngotSession *session, IngotProfileFormat format,
                                                                     void (*write)(void *user, const char *text, size_t bytes), void *user) {
  const int known = session && session->api->struct_size > offsetof(IngotApi, session_profile_write);
  return known ? session->api->session_profile_write(session, format, write, user) : INGOT_INVALID_ARGUMENT;
}

static inline const char *ingot_status_text(IngotStatus status) {
  static const char *const texts[] = {
      "ok", "invalid argument", "out of memory", "no code variant of the model runs on this CPU", "the operating system refused to start a thread",
      "the model met a value that it cannot process", "another thread is in a call of the session", "the run was cancelled",
      "the arena is too small", "a tensor or arena is misaligned", "an output overlaps another tensor", "a dim is not what the model takes",
      "the weights are missing or not those of the model", "a tensor with strides needs a session with staging"};
  return (unsigned)status < sizeof texts / sizeof *texts ? texts[status] : "unknown status";
}

#ifdef __cplusplus
}
#endif
#endif
