// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The main program of a compiled model.
#define _GNU_SOURCE
#include "Dims.h"
#include "Internal.h"
#include "Options.h"
#include "Profile.h"
#include "Report.h"
#include "TensorFiles.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/// Defined by the step that links the executable: the model that it runs.
extern const IngotModel ingot_program_model;

static double milliseconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/// Where several sessions wait for each other before the timed runs.
typedef struct Gate {
  pthread_mutex_t start; /* held until all threads exist, or one of them could not be started */
  bool complete;
  pthread_barrier_t warm;
} Gate;

/// Everything that a run owns. Empty lists have one element, so that null always means that memory ran out.
typedef struct Program {
  const IngotModel *model;
  const Options *options;
  double process_start;
  HostTensor *inputs, *outputs;
  const void **input_pointers;
  void **output_pointers;
  int64_t *values;                             /* of the model's symbols; null without any */
  IngotTensor *input_tensors, *output_tensors; /* of a model with symbols */
  void *arena;
  uint64_t arena_bytes;
  double *samples;
  IngotSession *session;
  IngotWeights *weights;
  ErrorText note;
  Timing timing;
  OutputFile profile;     /* of --profile */
  char *profile_table;    /* its table; null without */
  uint32_t number;        /* of its session */
  struct Program *others; /* the second session and those after it: they have outputs, arena and thread of their own and share the rest */
  Gate *gate;             /* null when there is one session */
  ProgramStatus status;   /* of the thread of another session, with its text */
  ErrorText error;
} Program;

static ProgramStatus check_model(const IngotModel *model, ErrorText *error) {
  if (model->abi_version != INGOT_ABI_VERSION || model->struct_size < sizeof(IngotModel) || model->variant_count == 0)
    return ingot_fail(error, PROGRAM_INTERNAL, "the model has ABI version %u and this runtime %d; compile the model again", model->abi_version,
                      INGOT_ABI_VERSION);
  for (uint32_t i = 0; i < model->input_count + model->output_count; ++i) {
    const IngotTensorInfo *info = i < model->input_count ? &model->inputs[i] : &model->outputs[i - model->input_count];
    if (info->rank < 0 || info->rank > INGOT_MAX_RANK || ingot_element_size(info->element_type) == 0)
      return ingot_fail(error, PROGRAM_INTERNAL, "tensor '%s' has %d dimensions of element type %d, which this program cannot hold", info->name,
                        info->rank, info->element_type);
  }
  return PROGRAM_OK;
}

static ProgramStatus check_cpu(const IngotModel *model, ErrorText *error) {
  if (ingot_model_variant(model))
    return PROGRAM_OK;
  char missing[256];
  ingot_missing_features(model, ingot_cpu_features(), missing, sizeof missing);
  return ingot_fail(error, PROGRAM_UNSUPPORTED_CPU,
                    "this CPU cannot run the model: it lacks %s; compile the model with --target=native on this machine", missing);
}

static ProgramStatus allocate(Program *program, ErrorText *error) {
  const IngotModel *model = program->model;
  program->inputs = calloc(model->input_count + 1, sizeof(HostTensor));
  program->outputs = calloc(model->output_count + 1, sizeof(HostTensor));
  program->input_pointers = calloc(model->input_count + 1, sizeof(void *));
  program->output_pointers = calloc(model->output_count + 1, sizeof(void *));
  const uint64_t samples = (uint64_t)program->options->iterations * program->options->sessions;
  if (samples > UINT32_MAX)
    return ingot_fail(error, PROGRAM_BAD_USAGE, "%" PRIu64 " runs in all are too many", samples);
  program->samples = program->number == 0 ? calloc(samples, sizeof(double)) : NULL;
  program->input_tensors = calloc(model->input_count + 1, sizeof(IngotTensor));
  program->output_tensors = calloc(model->output_count + 1, sizeof(IngotTensor));
  program->values = calloc(ingot_model_variant(model)->value_count + model->symbol_count + 1, sizeof(int64_t));
  if (!program->inputs || !program->outputs || !program->input_pointers || !program->output_pointers || !program->input_tensors ||
      !program->output_tensors || !program->values || (program->number == 0 && !program->samples))
    return ingot_fail(error, PROGRAM_INTERNAL, "out of memory for %u iterations", program->options->iterations);
  if (program->samples)
    memset(program->samples, 0xff, samples * sizeof(double)); // its pages come now, not during a timed run
  return PROGRAM_OK;
}

static ProgramStatus allocate_outputs(Program *program, ErrorText *error) {
  for (uint32_t i = 0; i < program->model->output_count; ++i) {
    const IngotTensorInfo *info = &program->model->outputs[i];
    HostTensor *tensor = &program->outputs[i];
    if (ingot_grows(program->model, info))
      continue;
    ingot_dims_apply(info, program->values, tensor);
    const ProgramStatus status = ingot_tensor_allocate(tensor, error);
    if (status != PROGRAM_OK)
      return status;
    if (program->model->symbol_count == 0 ? tensor->bytes != info->bytes : tensor->bytes > info->bytes)
      return ingot_fail(error, PROGRAM_INTERNAL, "the model declares a wrong size for output '%s'", info->name);
    program->output_pointers[i] = tensor->data;
    program->output_tensors[i] = (IngotTensor){.data = tensor->data, .dims = tensor->dims, .strides = NULL};
  }
  return PROGRAM_OK;
}

/// With open dims: what follows from the sizes of the inputs, and an arena for just these. A session's own would be for the largest ones.
static ProgramStatus prepare(Program *program, ErrorText *error) {
  const IngotModel *model = program->model;
  if (model->symbol_count == 0)
    return PROGRAM_OK;
  for (uint32_t i = 0; i < model->symbol_count; ++i)
    if (model->symbols[i].kind == INGOT_SYMBOL_ROOM)
      program->values[i] = model->symbols[i].minimum;
  const int64_t bytes = ingot_model_variant(model)->prepare(program->values);
  if (bytes < 0)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "%s", model->relations[-1 - bytes]);
  if (ingot_has_rooms(model)) // the session's own arena can grow
    return PROGRAM_OK;
  program->arena_bytes = ((uint64_t)bytes + 63) / 64 * 64;
  program->arena = aligned_alloc(64, program->arena_bytes + 64);
  if (!program->arena)
    return ingot_fail(error, PROGRAM_INTERNAL, "out of memory for the %" PRIu64 " bytes that these dims need", program->arena_bytes);
  return PROGRAM_OK;
}

/// The weights that are not in the program: where the command line says, or beside it.
static ProgramStatus open_weights(Program *program, ErrorText *error) {
  const ValueList *given = &program->options->weights;
  const char *name = program->model->weights_file;
  if (!name)
    return given->count == 0 ? PROGRAM_OK : ingot_fail(error, PROGRAM_BAD_USAGE, "--weights: the weights are in the program itself");
  char path[PATH_MAX];
  if (given->count > 0) {
    name = given->values[given->count - 1];
  } else {
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    char *end = strrchr(path, '/');
    const size_t folder = end ? (size_t)(end + 1 - path) : 0;
    if (folder + strlen(name) < sizeof path) {
      memcpy(path + folder, name, strlen(name) + 1);
      name = path;
    }
  }
  const IngotStatus status = ingot_weights_open(program->model, name, &program->weights);
  if (status == INGOT_OK)
    return PROGRAM_OK;
  if (errno != 0)
    return ingot_fail(error, PROGRAM_BAD_INPUT, "cannot read the weights '%s': %s; --weights FILE says where they are", name, strerror(errno));
  return ingot_fail(error, PROGRAM_BAD_INPUT, "'%s' does not hold the weights that this model was compiled with: size or checksum differ", name);
}

static ProgramStatus open_session(Program *program, ErrorText *error) {
  const ProgramStatus opened = program->number == 0 ? open_weights(program, error) : PROGRAM_OK;
  if (opened != PROGRAM_OK)
    return opened;
  const bool profiled = program->number == 0 && program->options->profile.count > 0;
  const uint32_t flags = INGOT_LAZY_WEIGHTS | (profiled ? INGOT_PROFILE : 0); // lazy: one run may need few of the weights
  char text[256] = "";
  const IngotSessionOptions options = {.struct_size = sizeof options,
                                       .threads = program->options->threads,
                                       .flags = flags,
                                       .arena = program->arena,
                                       .arena_bytes = program->arena_bytes,
                                       .weights = program->weights,
                                       .error_text = text,
                                       .error_text_bytes = sizeof text};
  const IngotStatus status = ingot_session_open(program->model, &options, &program->session);
  if (status != INGOT_OK)
    return ingot_fail(error, PROGRAM_INTERNAL, "the model cannot be started: %s", text[0] ? text : ingot_status_text(status));
  return PROGRAM_OK;
}

static ProgramStatus run_times(Program *program, uint32_t count, double *samples, ErrorText *error) {
  for (uint32_t i = 0; i < count; ++i) {
    const double begin = milliseconds(CLOCK_MONOTONIC);
    const IngotStatus status = program->model->symbol_count == 0
                                   ? ingot_session_run(program->session, program->input_pointers, program->output_pointers)
                                   : ingot_session_run_tensors(program->session, program->input_tensors, program->output_tensors);
    const double end = milliseconds(CLOCK_MONOTONIC);
    if (status != INGOT_OK)
      return ingot_fail(error, status == INGOT_RUN_FAILURE ? PROGRAM_BAD_INPUT : PROGRAM_INTERNAL, "the run failed: %s",
                        ingot_session_error(program->session));
    if (program->timing.start_to_first == 0) {
      program->timing.first = end - begin;
      program->timing.start_to_first = end - program->process_start;
    }
    if (samples)
      samples[i] = end - begin;
  }
  return PROGRAM_OK;
}

/// All runs of a session. Nothing in here allocates.
static ProgramStatus run_all(Program *program, ErrorText *error) {
  const ProgramStatus status = run_times(program, program->options->warmup, NULL, error);
  if (program->gate)
    pthread_barrier_wait(&program->gate->warm);
  return status == PROGRAM_OK ? run_times(program, program->options->iterations, program->samples, error) : status;
}

static void *run_in_thread(void *other) {
  Program *program = other;
  pthread_mutex_lock(&program->gate->start);
  const bool complete = program->gate->complete;
  pthread_mutex_unlock(&program->gate->start);
  if (complete)
    program->status = run_all(program, &program->error);
  return NULL;
}

/// A session beside `program`, which is complete, on the same inputs.
static ProgramStatus open_other(const Program *program, uint32_t number, Program *other, ErrorText *error) {
  const IngotModel *model = program->model;
  *other = (Program){.model = model, .options = program->options, .process_start = program->process_start, .number = number};
  ProgramStatus status = allocate(other, error);
  if (status != PROGRAM_OK)
    return status;
  other->samples = program->samples + (uint64_t)number * program->options->iterations;
  memcpy(other->values, program->values, model->symbol_count * sizeof(int64_t));
  memcpy(other->input_pointers, program->input_pointers, model->input_count * sizeof(void *));
  memcpy(other->input_tensors, program->input_tensors, model->input_count * sizeof(IngotTensor));
  other->weights = program->weights;
  status = prepare(other, error);
  if (status == PROGRAM_OK)
    status = allocate_outputs(other, error);
  return status == PROGRAM_OK ? open_session(other, error) : status;
}

/// Runs all sessions that are open, the first one in this thread.
static ProgramStatus run_threads(Program *program, Gate *gate, pthread_t *threads, ErrorText *error) {
  const uint32_t others = program->options->sessions - 1;
  uint32_t started = 0;
  pthread_mutex_lock(&gate->start);
  for (program->gate = gate; started < others; ++started) {
    program->others[started].gate = gate;
    if (pthread_create(&threads[started], NULL, run_in_thread, &program->others[started]) != 0)
      break;
  }
  gate->complete = started == others;
  pthread_mutex_unlock(&gate->start);
  ProgramStatus status = gate->complete
                             ? run_all(program, error)
                             : ingot_fail(error, PROGRAM_INTERNAL, "the operating system refused to start a thread for session %u", started + 2);
  for (uint32_t i = 0; i < started; ++i) {
    pthread_join(threads[i], NULL);
    if (status == PROGRAM_OK && program->others[i].status != PROGRAM_OK) {
      status = program->others[i].status;
      *error = program->others[i].error;
    }
  }
  return status;
}

static ProgramStatus run_sessions(Program *program, ErrorText *error) {
  const uint32_t sessions = program->options->sessions;
  if (sessions == 1)
    return run_all(program, error);
  Gate gate = {.complete = false};
  program->others = calloc(sessions, sizeof(Program));
  pthread_t *threads = calloc(sessions, sizeof(pthread_t));
  ProgramStatus status = PROGRAM_OK;
  if (!program->others || !threads || pthread_mutex_init(&gate.start, NULL) != 0 || pthread_barrier_init(&gate.warm, NULL, sessions) != 0)
    status = ingot_fail(error, PROGRAM_INTERNAL, "out of memory for %u sessions", sessions);
  for (uint32_t i = 1; status == PROGRAM_OK && i < sessions; ++i)
    status = open_other(program, i, &program->others[i - 1], error);
  if (status == PROGRAM_OK)
    status = run_threads(program, &gate, threads, error);
  free(threads);
  return status;
}

/// The sizes that the run has found.
static ProgramStatus take_result_sizes(Program *program, ErrorText *error) {
  const IngotModel *model = program->model;
  for (uint32_t i = 0; model->symbol_count != 0 && i < model->output_count; ++i) {
    HostTensor *tensor = &program->outputs[i];
    ingot_dims_apply(&model->outputs[i], ingot_session_values(program->session), tensor);
    ingot_tensor_measure(tensor);
    if (!ingot_grows(model, &model->outputs[i]))
      continue;
    const ProgramStatus status = ingot_tensor_allocate(tensor, error);
    if (status != PROGRAM_OK)
      return status;
    memcpy(tensor->data, ingot_session_output(program->session, i), tensor->bytes);
  }
  return PROGRAM_OK;
}

static ProgramStatus run_program(Program *program, ErrorText *error) {
  const IngotModel *model = program->model;
  ProgramStatus status = check_cpu(model, error);
  if (status == PROGRAM_OK)
    status = ingot_outputs_check(model, program->options, error);
  if (status == PROGRAM_OK)
    status = ingot_profile_open(program->options, &program->profile, error);
  if (status == PROGRAM_OK)
    status = allocate(program, error);
  for (uint32_t i = 0; status == PROGRAM_OK && i < model->symbol_count; ++i)
    program->values[i] = -1;
  if (status == PROGRAM_OK)
    status = ingot_inputs_load(model, program->options, program->inputs, program->values, &program->note, error);
  if (status == PROGRAM_OK)
    status = ingot_inputs_save(model, program->options, program->inputs, error);
  if (status == PROGRAM_OK)
    status = prepare(program, error);
  if (status == PROGRAM_OK)
    status = allocate_outputs(program, error);
  if (status == PROGRAM_OK)
    status = open_session(program, error);
  if (status != PROGRAM_OK)
    return status;
  for (uint32_t i = 0; i < model->input_count; ++i) {
    program->input_pointers[i] = program->inputs[i].data;
    program->input_tensors[i] = (IngotTensor){.data = program->inputs[i].data, .dims = program->inputs[i].dims, .strides = NULL};
  }
  if (program->note.text[0])
    fprintf(stderr, "note: %s\n", program->note.text);

  program->timing = (Timing){.variant = ingot_model_variant(model)->name,
                             .threads = ingot_session_threads(program->session),
                             .sessions = program->options->sessions,
                             .iterations = program->options->iterations * program->options->sessions,
                             .samples = program->samples,
                             .list = program->options->samples};
  status = run_sessions(program, error);
  if (status == PROGRAM_OK)
    status = take_result_sizes(program, error);
  if (status == PROGRAM_OK)
    status = ingot_outputs_write(model, program->options, program->outputs, error);
  if (status == PROGRAM_OK && program->options->profile.count > 0)
    status = ingot_profile_write(program->session, &program->profile, &program->profile_table, error);
  program->timing.profile = program->profile_table;
  if (status == PROGRAM_OK)
    ingot_report_run(stdout, model, program->outputs, &program->timing, program->options->json);
  return status;
}

static void release(Program *program) {
  for (uint32_t i = 0; program->others && i + 1 < program->options->sessions; ++i)
    if (program->others[i].model)
      release(&program->others[i]);
  free(program->others);
  ingot_session_close(&program->session);
  if (program->number == 0) {
    ingot_weights_close(program->model, &program->weights);
    free(program->samples);
    ingot_output_discard(&program->profile);
    free(program->profile_table);
  }
  for (uint32_t i = 0; program->inputs && i < program->model->input_count; ++i)
    ingot_tensor_free(&program->inputs[i]);
  for (uint32_t i = 0; program->outputs && i < program->model->output_count; ++i)
    ingot_tensor_free(&program->outputs[i]);
  free(program->inputs);
  free(program->outputs);
  free(program->input_pointers);
  free(program->output_pointers);
  free(program->input_tensors);
  free(program->output_tensors);
  free(program->values);
  free(program->arena);
}

static ProgramStatus dispatch(Program *program, const char *name, ErrorText *error) {
  const ProgramStatus status = check_model(program->model, error);
  if (status != PROGRAM_OK)
    return status;
  if (program->options->help)
    ingot_report_help(stdout, program->model, name);
  else if (program->options->version)
    ingot_report_version(stdout, program->model);
  else if (program->options->info)
    ingot_report_info(stdout, program->model, program->options->json);
  else
    return run_program(program, error);
  return PROGRAM_OK;
}

int main(int argc, char **argv) {
  // The process's CPU time so far is what exec and the dynamic loader took: it belongs to the time from start to first result. Waiting does not
  // count.
  const double start = milliseconds(CLOCK_MONOTONIC) - milliseconds(CLOCK_PROCESS_CPUTIME_ID);
  Options options;
  ErrorText error;
  ProgramStatus status = ingot_options_parse(argc, argv, &options, &error);
  if (status == PROGRAM_OK) {
    Program program = {.model = &ingot_program_model, .options = &options, .process_start = start, .profile = {.descriptor = -1}};
    status = dispatch(&program, argc > 0 ? argv[0] : "model", &error);
    release(&program);
  }
  if (status == PROGRAM_OK && (fflush(stdout) != 0 || ferror(stdout)))
    status = ingot_fail(&error, PROGRAM_BAD_INPUT, "cannot write to standard output");
  if (status != PROGRAM_OK)
    fprintf(stderr, "error: %s\n", error.text);
  ingot_options_free(&options);
  return (int)status;
}
