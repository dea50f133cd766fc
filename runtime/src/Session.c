// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sessions: everything that a run needs is allocated, touched and started when a session opens.
#define _GNU_SOURCE
#include "Session.h"
#include "FloatState.h"
#include "Internal.h"
#include "Profiler.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

/// What a session will be, before anything is allocated.
typedef struct SessionPlan {
  IngotSessionOptions options; // complete, with the defaults of what the caller did not know
  ErrorSink error;
  const IngotVariant *variant;
  uint32_t threads;
  bool staging;
  uint64_t team, profiler, pointers, values, rooms, scratch, copies, session_bytes; // offsets in the session's memory, and its size
} SessionPlan;

static uint64_t round_up(uint64_t bytes) { return (bytes + INGOT_ALIGNMENT - 1) / INGOT_ALIGNMENT * INGOT_ALIGNMENT; }

static void *allocate_default(void *user, size_t bytes, size_t alignment) {
  (void)user;
  void *memory = NULL;
  const bool huge = bytes >= HUGE_PAGE;
  if (posix_memalign(&memory, huge ? HUGE_PAGE : alignment, bytes) != 0)
    return NULL;
  if (huge)
    madvise(memory, bytes, MADV_HUGEPAGE); // a wish: fewer TLB misses where the kernel grants it
  return memory;
}

static void release_default(void *user, void *memory, size_t bytes) {
  (void)user;
  (void)bytes;
  free(memory);
}

/// Copies the fields that the caller knows. Fields that only a later runtime knows must be 0.
static IngotStatus read_options(const IngotSessionOptions *given, SessionPlan *plan) {
  IngotSessionOptions *options = &plan->options;
  memset(options, 0, sizeof *options);
  if (given) {
    if (given->struct_size < offsetof(IngotSessionOptions, flags))
      return INGOT_INVALID_ARGUMENT;
    memcpy(options, given, given->struct_size < sizeof *options ? given->struct_size : sizeof *options);
    plan->error = (ErrorSink){options->error_text, options->error_text_bytes};
    for (uint32_t at = sizeof *options; at < given->struct_size; ++at)
      if (((const uint8_t *)given)[at] != 0)
        return ingot_refuse(&plan->error, INGOT_INVALID_ARGUMENT, "the options hold what this runtime does not know");
  }
  const IngotPool *pool = options->pool;
  if (pool && (pool->struct_size < sizeof *pool || !pool->run || pool->threads == 0))
    return ingot_refuse(&plan->error, INGOT_INVALID_ARGUMENT, "the pool has no function or no threads");
  if (!options->allocate != !options->release)
    return ingot_refuse(&plan->error, INGOT_INVALID_ARGUMENT, "an allocator needs both functions");
  if ((options->flags & ~(uint32_t)(INGOT_STAGING | INGOT_LAZY_WEIGHTS | INGOT_GROWING_ARENA | INGOT_PROFILE | INGOT_ALL_THREADS)) != 0)
    return ingot_refuse(&plan->error, INGOT_INVALID_ARGUMENT, "the options have unknown flags");
  if (options->profile_events != 0 && !(options->flags & INGOT_PROFILE))
    return ingot_refuse(&plan->error, INGOT_INVALID_ARGUMENT, "profile_events is of no use without INGOT_PROFILE");
  if (options->profile_events > INGOT_MOST_EVENTS)
    return ingot_refuse(&plan->error, INGOT_INVALID_ARGUMENT, "a profile can keep %d events of a thread, not more", INGOT_MOST_EVENTS);
  if (!options->allocate) {
    options->allocate = allocate_default;
    options->release = release_default;
  }
  plan->staging = (options->flags & INGOT_STAGING) != 0;
  plan->threads = pool ? pool->threads : options->threads != 0 ? options->threads : ingot_usable_cores();
  if (pool || options->threads != 0) {
    if (plan->threads > INGOT_MAX_THREADS)
      return ingot_refuse(&plan->error, INGOT_INVALID_ARGUMENT, "%" PRIu32 " threads are more than %d", plan->threads, INGOT_MAX_THREADS);
  } else if (plan->threads > INGOT_MAX_THREADS) {
    plan->threads = INGOT_MAX_THREADS;
  }
  return INGOT_OK;
}

static bool tensors_valid(const IngotModel *model, const IngotTensorInfo *tensors, uint32_t count) {
  if (count != 0 && !tensors)
    return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (!tensors[i].name || tensors[i].rank < 0 || (tensors[i].rank > 0 && !tensors[i].dims) || ingot_element_bytes(tensors[i].element_type) == 0)
      return false;
    for (int32_t at = 0; at < tensors[i].rank; ++at)
      if (tensors[i].dims[at] < -(int64_t)model->symbol_count)
        return false;
  }
  return true;
}

static bool model_valid(const IngotModel *model) {
  return model->variants && model->variant_count != 0 && tensors_valid(model, model->inputs, model->input_count) &&
         tensors_valid(model, model->outputs, model->output_count) && (uintptr_t)model->weights % INGOT_ALIGNMENT == 0 &&
         (model->weights || model->weight_bytes == 0 || model->weights_file) && (model->sites || model->site_count == 0) &&
         (model->symbol_count == 0 || model->symbols) && model->scratch_bytes % INGOT_ALIGNMENT == 0 && model->scratch_bytes < UINT64_MAX >> 16;
}

static uint64_t copies_bytes(const IngotTensorInfo *tensors, uint32_t count) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i)
    bytes += round_up(tensors[i].bytes);
  return bytes;
}

static IngotStatus plan_session(const IngotModel *model, const IngotSessionOptions *options, SessionPlan *plan) {
  const IngotStatus status = read_options(options, plan);
  if (status != INGOT_OK)
    return status;
  if (!model_valid(model))
    return ingot_refuse(&plan->error, INGOT_INVALID_ARGUMENT, "the model is damaged");
  plan->variant = ingot_first_variant(model, ingot_cpu_features());
  if (!plan->variant)
    return ingot_refuse(&plan->error, INGOT_UNSUPPORTED_MACHINE, "no code variant of the model runs on this CPU");
  if (!plan->variant->run || (model->symbol_count != 0 && (!plan->variant->prepare || plan->variant->value_count < model->symbol_count)))
    return ingot_refuse(&plan->error, INGOT_INVALID_ARGUMENT, "the model is damaged");
  plan->team = round_up(sizeof(Session));
  plan->profiler = plan->team + ingot_team_bytes(plan->threads);
  plan->pointers = plan->profiler;
  if (plan->options.flags & INGOT_PROFILE)
    plan->pointers += ingot_profiler_bytes(model, plan->threads, plan->options.profile_events);
  plan->values = plan->pointers + 2 * ((uint64_t)model->input_count + model->output_count) * sizeof(void *);
  plan->rooms = plan->values + plan->variant->value_count * sizeof(int64_t);
  plan->scratch = round_up(plan->rooms + model->symbol_count * sizeof(int64_t));
  plan->copies = plan->scratch + model->scratch_bytes * plan->threads;
  plan->session_bytes = plan->copies;
  if (plan->staging)
    plan->session_bytes += copies_bytes(model->inputs, model->input_count) + copies_bytes(model->outputs, model->output_count);
  return INGOT_OK;
}

/// Whether opening leaves the arena to the first run.
static bool starts_empty(const IngotSessionOptions *options, const IngotVariant *variant) {
  return (options->flags & INGOT_GROWING_ARENA) != 0 && !options->arena && variant->prepare;
}

/// What a run needs, with these values of the symbols that inputs have and of the rooms (null: the largest inputs and the first rooms). `slots` holds
/// the variant's values. Negative: -1 - the relation that does not hold.
static int64_t arena_for(const IngotModel *model, const IngotVariant *variant, const int64_t *values, int64_t *slots) {
  for (uint32_t i = 0; i < model->symbol_count; ++i) {
    const IngotSymbol *symbol = &model->symbols[i];
    const bool given = values && (symbol->kind == INGOT_SYMBOL_INPUT || (symbol->kind == INGOT_SYMBOL_ROOM && values[i] > 0));
    slots[i] = given ? values[i] : symbol->kind == INGOT_SYMBOL_ROOM ? symbol->minimum : symbol->maximum;
  }
  const int64_t bytes = variant->prepare(slots);
  return bytes < 0 ? bytes : (int64_t)(round_up((uint64_t)bytes) + ingot_place_grown(model, slots, NULL, NULL));
}

/// The arena that opening takes: for the largest inputs and the first rooms.
static uint64_t arena_at_opening(const IngotModel *model, const SessionPlan *plan, int64_t *slots) {
  if (starts_empty(&plan->options, plan->variant))
    return 0;
  const int64_t largest = ingot_has_rooms(model) ? arena_for(model, plan->variant, NULL, slots) : 0;
  return round_up(largest > 0 ? (uint64_t)largest : plan->variant->arena_bytes);
}

/// The arena for these values of the symbols.
static IngotStatus arena_for_values(const IngotModel *model, const SessionPlan *plan, const int64_t *values, int64_t *slots, uint64_t *arena) {
  for (uint32_t i = 0; i < model->symbol_count; ++i) {
    const IngotSymbol *symbol = &model->symbols[i];
    const bool chosen = symbol->kind == INGOT_SYMBOL_INPUT || (symbol->kind == INGOT_SYMBOL_ROOM && values[i] > 0);
    if (chosen && (values[i] < symbol->minimum || values[i] > symbol->maximum))
      return ingot_refuse(&plan->error, INGOT_WRONG_SHAPE, "a dim is out of its range");
  }
  const int64_t bytes = arena_for(model, plan->variant, values, slots);
  if (bytes < 0)
    return ingot_refuse(&plan->error, INGOT_WRONG_SHAPE, "%s", model->relations[-1 - bytes]);
  *arena = (uint64_t)bytes;
  return INGOT_OK;
}

static IngotStatus model_memory_required(const IngotModel *model, const IngotSessionOptions *options, const int64_t *values, IngotMemory *memory) {
  SessionPlan plan = {.threads = 0};
  if (!memory)
    return INGOT_INVALID_ARGUMENT;
  memset(memory, 0, sizeof *memory);
  IngotStatus status = plan_session(model, options, &plan);
  if (status != INGOT_OK)
    return status;
  int64_t *slots = calloc(plan.variant->value_count + 1, sizeof *slots);
  if (!slots)
    return INGOT_OUT_OF_MEMORY;
  uint64_t arena = arena_at_opening(model, &plan, slots);
  if (values && model->symbol_count != 0)
    status = arena_for_values(model, &plan, values, slots, &arena);
  free(slots);
  if (status != INGOT_OK)
    return status;
  memory->arena_bytes = round_up(arena);
  memory->session_bytes = plan.session_bytes;
  memory->stack_bytes = plan.options.pool ? 0 : (uint64_t)(plan.threads - 1) * INGOT_WORKER_STACK;
  memory->weight_bytes = model->weight_bytes;
  return INGOT_OK;
}

/// Gives each tensor a place for its copy, front to back.
static void place_copies(const IngotTensorInfo *tensors, uint32_t count, uint8_t **places, uint8_t **at) {
  for (uint32_t i = 0; i < count; ++i) {
    places[i] = *at;
    *at += round_up(tensors[i].bytes);
  }
}

/// The parts of the session's memory, which is all 0.
static void lay_out(Session *session, const IngotModel *model, const SessionPlan *plan) {
  uint8_t *memory = (uint8_t *)session, *copies = memory + plan->copies;
  void **pointers = (void **)(memory + plan->pointers);
  Binding *binding = &session->binding;
  binding->inputs = (const void **)pointers;
  binding->outputs = pointers + model->input_count;
  binding->input_staging = (uint8_t **)(binding->outputs + model->output_count);
  binding->output_staging = binding->input_staging + model->input_count;
  binding->values = (int64_t *)(memory + plan->values);
  binding->rooms = (int64_t *)(memory + plan->rooms);
  for (uint32_t i = 0; i < model->symbol_count; ++i)
    binding->rooms[i] = model->symbols[i].kind == INGOT_SYMBOL_ROOM ? model->symbols[i].minimum : 0;
  binding->model = model;
  binding->error = (ErrorSink){session->error, sizeof session->error};
  if (plan->staging) {
    place_copies(model->inputs, model->input_count, binding->input_staging, &copies);
    place_copies(model->outputs, model->output_count, binding->output_staging, &copies);
  }
  session->call.inputs = binding->inputs;
  session->call.outputs = binding->outputs;
  session->call.values = binding->values;
  session->call.scratch = model->scratch_bytes != 0 ? memory + plan->scratch : NULL;
}

/// The arena is zeroed, which also makes the kernel supply the pages now instead of during the first run.
static IngotStatus take_arena(Session *session, const SessionPlan *plan) {
  const IngotSessionOptions *options = &plan->options;
  const uint64_t needed = arena_at_opening(session->binding.model, plan, session->binding.values);
  uint8_t *arena = options->arena;
  session->arena_bytes = arena ? options->arena_bytes : needed;
  if (arena && (uintptr_t)arena % INGOT_ALIGNMENT != 0)
    return ingot_refuse(&plan->error, INGOT_MISALIGNED, "the arena must be aligned to %d bytes", INGOT_ALIGNMENT);
  if (arena && !plan->variant->prepare && options->arena_bytes < plan->variant->arena_bytes)
    return ingot_refuse(&plan->error, INGOT_ARENA_TOO_SMALL, "the arena has %" PRIu64 " bytes, the model needs %" PRIu64, options->arena_bytes,
                        needed);
  if (!arena && needed != 0) {
    if (needed <= SIZE_MAX / 2)
      arena = session->arena = options->allocate(options->user, (size_t)needed, INGOT_ALIGNMENT);
    if (!arena)
      return ingot_refuse(&plan->error, INGOT_OUT_OF_MEMORY, "no memory for an arena of %" PRIu64 " bytes", needed);
  }
  if (arena)
    memset(arena, 0, (size_t)(needed < session->arena_bytes ? needed : session->arena_bytes));
  session->call.arena = arena ? arena : (uint8_t *)session; // of no bytes, but aligned
  return INGOT_OK;
}

static IngotStatus take_weights(Session *session, const IngotModel *model, const SessionPlan *plan) {
  const uint8_t *weights = model->weights;
  if (!weights && model->weight_bytes != 0) {
    weights = ingot_weights_of(model, plan->options.weights);
    if (!weights)
      return ingot_refuse(&plan->error, INGOT_WRONG_WEIGHTS,
                          plan->options.weights ? "the weights are those of another model, not of '%s'"
                                                : "the model's weights are in the file '%s': open it with ingot_weights_open",
                          model->weights_file);
  }
  ingot_prefault(model, plan->variant, weights, plan->options.flags);
  session->call.weights = weights;
  return INGOT_OK;
}

static void session_close(IngotSession **handle) {
  Session *session = (Session *)*handle;
  *handle = NULL;
  ingot_team_close(session->team);
  const IngotSessionOptions options = session->options;
  if (session->arena)
    options.release(options.user, session->arena, (size_t)session->arena_bytes);
  options.release(options.user, session, (size_t)session->session_bytes);
}

static IngotStatus fill_session(Session *session, const IngotModel *model, const SessionPlan *plan) {
  IngotStatus status = take_weights(session, model, plan);
  if (status == INGOT_OK)
    status = take_arena(session, plan);
  if (status != INGOT_OK)
    return status;
  if (plan->options.flags & INGOT_PROFILE)
    session->profiler = session->call.profiler =
        ingot_profiler_open((uint8_t *)session + plan->profiler, model, plan->variant->run, plan->threads, plan->options.profile_events);
  const TeamSetup setup = {plan->threads, session->profiler ? ingot_profiled_run : plan->variant->run, &session->call, plan->options.pool};
  status = ingot_team_open(&setup, (uint8_t *)session + plan->team, &session->team);
  session->call.team = session->team;
  if (status != INGOT_OK)
    return ingot_refuse(&plan->error, status, "the operating system refused to start %" PRIu32 " threads", plan->threads - 1);
  // Runs are compared with each other, so they must do the same; a profile is one of so many threads.
  const bool comparable = model->symbol_count == 0 && !session->profiler;
  if (comparable && ingot_team_has_own_cores(session->team) && !(plan->options.flags & INGOT_ALL_THREADS))
    ingot_choice_open(&session->choice);
  return INGOT_OK;
}

static IngotStatus session_open(const IngotModel *model, const IngotSessionOptions *options, IngotSession **result) {
  SessionPlan plan = {.threads = 0};
  if (!result)
    return INGOT_INVALID_ARGUMENT;
  IngotStatus status = plan_session(model, options, &plan);
  if (status != INGOT_OK)
    return status;
  Session *session =
      plan.session_bytes <= SIZE_MAX / 2 ? plan.options.allocate(plan.options.user, (size_t)plan.session_bytes, INGOT_ALIGNMENT) : NULL;
  if (!session)
    return ingot_refuse(&plan.error, INGOT_OUT_OF_MEMORY, "no memory for a session of %" PRIu64 " bytes", plan.session_bytes);
  memset(session, 0, (size_t)plan.session_bytes);
  session->base.api = &ingot_api;
  session->options = plan.options;
  session->session_bytes = plan.session_bytes;
  session->variant = plan.variant;
  session->message = session->error;
  session->threads = plan.threads;
  lay_out(session, model, &plan);
  status = fill_session(session, model, &plan);
  IngotSession *handle = &session->base;
  if (status != INGOT_OK)
    session_close(&handle);
  *result = handle;
  return status;
}

/// Generated code has said which of the model's sites failed.
static IngotStatus explain_failure(Session *session) {
  const IngotStatus status = (IngotStatus)session->call.status;
  const uint32_t site = (uint32_t)session->call.failed_site;
  const IngotModel *model = session->binding.model;
  session->message = status == INGOT_RUN_FAILURE && site < model->site_count ? model->sites[site] : ingot_status_text(status);
  return status;
}

/// The run itself, over tensors that are bound. A request to cancel ends with the run that it met.
static IngotStatus compute(Session *session) {
  if (ingot_team_take_cancel(session->team))
    return ingot_refuse(&session->binding.error, INGOT_CANCELLED, "the run was cancelled before it began");
  session->call.status = INGOT_OK;
  session->call.failed_site = 0;
  if (session->profiler)
    ingot_profiler_begin(session->profiler, ingot_clock());
  const bool alone = ingot_choice_next(&session->choice), measured = ingot_choice_measures(&session->choice);
  const int64_t begin = measured ? ingot_clock() : 0;
  const FloatState before = ingot_float_enter();
  IngotStatus status = INGOT_OK;
  if (alone)
    ingot_team_run_alone(session->team);
  else
    status = ingot_team_run(session->team);
  ingot_float_leave(before);
  const int64_t taken = measured ? ingot_clock() - begin : 0;
  if (session->profiler)
    ingot_profiler_end(session->profiler, ingot_clock());
  const bool cancelled = ingot_team_take_cancel(session->team);
  if (status != INGOT_OK)
    return ingot_refuse(&session->binding.error, status, "the operating system refused to start threads in the child of a fork");
  if (session->call.status != INGOT_OK)
    return explain_failure(session);
  if (cancelled)
    return ingot_refuse(&session->binding.error, INGOT_CANCELLED, "the run was cancelled");
  if (measured)
    ingot_choice_note(&session->choice, taken);
  return INGOT_OK;
}

static IngotStatus session_run(IngotSession *handle, const void *const *inputs, void *const *outputs) {
  Session *session = (Session *)handle;
  if (!enter(session))
    return INGOT_BUSY;
  const IngotStatus status = ingot_bind_pointers(&session->binding, inputs, outputs);
  return leave(session, status == INGOT_OK ? compute(session) : status);
}

/// A larger arena in place of the session's own. What the old one held is lost.
static IngotStatus grow_arena(Session *session, uint64_t needed) {
  const IngotSessionOptions *options = &session->options;
  void *arena = needed <= SIZE_MAX / 2 ? options->allocate(options->user, (size_t)needed, INGOT_ALIGNMENT) : NULL;
  if (!arena)
    return ingot_refuse(&session->binding.error, INGOT_OUT_OF_MEMORY, "no memory for an arena of %" PRIu64 " bytes", needed);
  if (session->arena)
    options->release(options->user, session->arena, (size_t)session->arena_bytes);
  session->arena = session->call.arena = arena;
  session->arena_bytes = needed;
  return INGOT_OK;
}

static IngotStatus prepare(Session *session) {
  Binding *binding = &session->binding;
  const IngotModel *model = binding->model;
  if (model->symbol_count == 0)
    return INGOT_OK;
  const int64_t bytes = session->variant->prepare(binding->values);
  if (bytes < 0)
    return ingot_refuse(&binding->error, INGOT_WRONG_SHAPE, "%s", model->relations[-1 - bytes]);
  const uint64_t grown = ingot_place_grown(model, binding->values, NULL, NULL), needed = round_up((uint64_t)bytes) + grown;
  if ((grown != 0 ? needed : (uint64_t)bytes) > session->arena_bytes) {
    if (session->options.arena || !(ingot_has_rooms(model) || starts_empty(&session->options, session->variant)))
      return ingot_refuse(&binding->error, INGOT_ARENA_TOO_SMALL, "the arena has %" PRIu64 " bytes, these dims need %" PRIu64, session->arena_bytes,
                          grown != 0 ? needed : (uint64_t)bytes);
    const IngotStatus status = grow_arena(session, needed);
    if (status != INGOT_OK)
      return status;
  }
  ingot_place_grown(model, binding->values, binding, session->call.arena + round_up((uint64_t)bytes));
  return INGOT_OK;
}

/// One run with the rooms that there are.
static IngotStatus try_run(Session *session, const IngotTensor *inputs, const IngotTensor *outputs) {
  Binding *binding = &session->binding;
  IngotStatus status = ingot_bind_symbols(binding, inputs);
  if (status == INGOT_OK)
    status = prepare(session);
  if (status == INGOT_OK)
    status = ingot_bind_tensors(binding, inputs, outputs);
  return status == INGOT_OK ? compute(session) : status;
}

static IngotStatus run_tensors(Session *session, const IngotTensor *inputs, IngotTensor *outputs) {
  Binding *binding = &session->binding;
  if ((!inputs && binding->model->input_count != 0) || (!outputs && binding->model->output_count != 0))
    return ingot_refuse(&binding->error, INGOT_INVALID_ARGUMENT, "the list of %s is null", inputs ? "outputs" : "inputs");
  // A run that found too little room computed nothing of use, and what it reports may follow from that.
  IngotStatus status = try_run(session, inputs, outputs);
  while ((status == INGOT_OK || status == INGOT_RUN_FAILURE) && ingot_raise_rooms(binding)) {
    session->message = session->error;
    status = try_run(session, inputs, outputs);
  }
  return status == INGOT_OK ? ingot_unbind_outputs(binding, outputs) : status;
}

static IngotStatus session_run_tensors(IngotSession *handle, const IngotTensor *inputs, IngotTensor *outputs) {
  Session *session = (Session *)handle;
  return enter(session) ? leave(session, run_tensors(session, inputs, outputs)) : INGOT_BUSY;
}

static void session_cancel(IngotSession *session) { ingot_team_cancel(((Session *)session)->team); }
static const char *session_error(const IngotSession *session) { return ((const Session *)session)->message; }
static uint32_t session_threads(const IngotSession *session) { return ((const Session *)session)->threads; }
static const int64_t *session_values(const IngotSession *session) { return ((const Session *)session)->binding.values; }
static const void *session_output(const IngotSession *session, uint32_t output) {
  const Binding *binding = &((const Session *)session)->binding;
  return output < binding->model->output_count ? binding->outputs[output] : NULL;
}
static const IngotVariant *model_variant(const IngotModel *model) { return ingot_first_variant(model, ingot_cpu_features()); }

IngotTeam *ingot_session_team(IngotSession *session) { return ((Session *)session)->team; }

const IngotApi ingot_api = {
    .struct_size = sizeof(IngotApi),
    .abi_version = INGOT_ABI_VERSION,
    .model_variant = model_variant,
    .model_memory_required = model_memory_required,
    .weights_open = ingot_weights_map,
    .weights_close = ingot_weights_unmap,
    .session_open = session_open,
    .session_close = session_close,
    .session_run = session_run,
    .session_run_tensors = session_run_tensors,
    .session_cancel = session_cancel,
    .session_error = session_error,
    .session_threads = session_threads,
    .session_values = session_values,
    .session_output = session_output,
    .session_profile = ingot_profile_session,
    .session_profile_write = ingot_profile_session_write,
};
