// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sessions: everything that a run needs is allocated, touched and started when a session opens.
#define _GNU_SOURCE
#include "Internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

struct IngotSession {
  IngotCall call;
  const IngotModel *model;
  IngotTeam *team;
  uint32_t threads;
};

const char *ingot_status_text(IngotStatus status) {
  switch (status) {
  case INGOT_OK:
    return "ok";
  case INGOT_INVALID_ARGUMENT:
    return "invalid argument";
  case INGOT_OUT_OF_MEMORY:
    return "out of memory";
  case INGOT_UNSUPPORTED_MACHINE:
    return "no code variant of the model runs on this CPU";
  case INGOT_THREAD_FAILURE:
    return "the operating system refused to start a thread";
  case INGOT_RUN_FAILURE:
    return "the model met a value that it cannot process";
  }
  return "unknown status";
}

static bool aligned(const void *pointer, uintptr_t alignment) { return (uintptr_t)pointer % alignment == 0; }

static uintptr_t element_alignment(int32_t type) {
  switch ((IngotElementType)type) {
  case INGOT_U8:
  case INGOT_I8:
  case INGOT_BOOL:
    return 1;
  case INGOT_U16:
  case INGOT_I16:
  case INGOT_F16:
  case INGOT_BF16:
    return 2;
  case INGOT_F32:
  case INGOT_I32:
  case INGOT_U32:
    return 4;
  case INGOT_I64:
  case INGOT_U64:
  case INGOT_F64:
    return 8;
  }
  return 0;
}

static bool tensors_valid(const IngotTensorInfo *tensors, uint32_t count) {
  if (count != 0 && !tensors)
    return false;
  for (uint32_t i = 0; i < count; ++i)
    if (!tensors[i].name || tensors[i].rank < 0 || (tensors[i].rank > 0 && !tensors[i].dims) || element_alignment(tensors[i].element_type) == 0)
      return false;
  return true;
}

static bool model_valid(const IngotModel *model) {
  return model && model->struct_size >= sizeof(IngotModel) && model->abi_version == INGOT_ABI_VERSION && model->variants &&
         model->variant_count != 0 && tensors_valid(model->inputs, model->input_count) && tensors_valid(model->outputs, model->output_count) &&
         aligned(model->weights, LINE) && (model->weights || model->weight_bytes == 0) && (model->sites || model->site_count == 0);
}

/// Zeroed, which also makes the kernel supply the pages now instead of during the first run.
static uint8_t *allocate_arena(uint64_t bytes) {
  const uint64_t alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : LINE;
  if (bytes > SIZE_MAX / 2)
    return NULL;
  const size_t size = (size_t)(bytes == 0 ? alignment : (bytes + alignment - 1) / alignment * alignment);
  uint8_t *arena = aligned_alloc((size_t)alignment, size);
  if (!arena)
    return NULL;
  if (alignment == HUGE_PAGE)
    madvise(arena, size, MADV_HUGEPAGE); // a wish: fewer TLB misses where the kernel grants it
  memset(arena, 0, size);
  return arena;
}

static IngotStatus fill_session(IngotSession *session, const IngotVariant *variant) {
  session->call.weights = session->model->weights;
  session->call.arena = allocate_arena(variant->arena_bytes);
  if (!session->call.arena)
    return INGOT_OUT_OF_MEMORY;
  const IngotStatus status = ingot_team_open(session->threads, variant->run, &session->call, &session->team);
  session->call.team = session->team;
  return status;
}

IngotStatus ingot_session_open(const IngotModel *model, const IngotSessionOptions *options, IngotSession **result) {
  if (!result)
    return INGOT_INVALID_ARGUMENT;
  *result = NULL;
  if (!model_valid(model) || (options && (options->struct_size < sizeof(IngotSessionOptions) || options->threads > INGOT_MAX_THREADS)))
    return INGOT_INVALID_ARGUMENT;
  const IngotVariant *variant = ingot_model_variant(model);
  if (!variant)
    return INGOT_UNSUPPORTED_MACHINE;
  if (!variant->run)
    return INGOT_INVALID_ARGUMENT;

  IngotSession *session = calloc(1, sizeof *session);
  if (!session)
    return INGOT_OUT_OF_MEMORY;
  session->model = model;
  session->threads = options && options->threads != 0 ? options->threads : ingot_usable_cores();
  if (session->threads > INGOT_MAX_THREADS)
    session->threads = INGOT_MAX_THREADS;
  const IngotStatus status = fill_session(session, variant);
  if (status != INGOT_OK) {
    ingot_session_close(session);
    return status;
  }
  *result = session;
  return INGOT_OK;
}

static bool pointers_valid(const void *const *pointers, const IngotTensorInfo *tensors, uint32_t count) {
  if (count != 0 && !pointers)
    return false;
  for (uint32_t i = 0; i < count; ++i)
    if (tensors[i].bytes != 0 && (!pointers[i] || !aligned(pointers[i], element_alignment(tensors[i].element_type))))
      return false;
  return true;
}

IngotStatus ingot_session_run(IngotSession *session, const void *const *inputs, void *const *outputs) {
  if (!session)
    return INGOT_INVALID_ARGUMENT;
  session->call.status = INGOT_OK;
  session->call.failed_site = 0;
  if (!pointers_valid(inputs, session->model->inputs, session->model->input_count) ||
      !pointers_valid((const void *const *)outputs, session->model->outputs, session->model->output_count))
    return INGOT_INVALID_ARGUMENT;
  session->call.inputs = inputs;
  session->call.outputs = outputs;
  ingot_team_run(session->team);
  return (IngotStatus)session->call.status;
}

const char *ingot_session_error(const IngotSession *session) {
  if (!session || session->call.status == INGOT_OK)
    return "";
  const uint32_t site = (uint32_t)session->call.failed_site;
  return session->call.status == INGOT_RUN_FAILURE && site < session->model->site_count ? session->model->sites[site]
                                                                                        : ingot_status_text((IngotStatus)session->call.status);
}

uint32_t ingot_session_threads(const IngotSession *session) { return session ? session->threads : 0; }

IngotTeam *ingot_session_team(IngotSession *session) { return session->team; }

void ingot_session_close(IngotSession *session) {
  if (!session)
    return;
  ingot_team_close(session->team);
  free(session->call.arena);
  free(session);
}
