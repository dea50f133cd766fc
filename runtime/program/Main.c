// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The main program of a compiled model.
#define _GNU_SOURCE
#include "Options.h"
#include "Report.h"
#include "TensorFiles.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/// Defined by the step that links the executable: the model that it runs.
extern const IngotModel ingot_program_model;

static double milliseconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/// Everything that a run owns. Empty lists have one element, so that null always means that memory ran out.
typedef struct Program {
  const IngotModel *model;
  const Options *options;
  double process_start;
  HostTensor *inputs, *outputs;
  const void **input_pointers;
  void **output_pointers;
  double *samples;
  IngotSession *session;
  ErrorText note;
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
  program->samples = calloc(program->options->iterations, sizeof(double));
  if (!program->inputs || !program->outputs || !program->input_pointers || !program->output_pointers || !program->samples)
    return ingot_fail(error, PROGRAM_INTERNAL, "out of memory for %u iterations", program->options->iterations);
  memset(program->samples, 0xff, program->options->iterations * sizeof(double)); // its pages come now, not during a timed run
  return PROGRAM_OK;
}

static ProgramStatus allocate_outputs(Program *program, ErrorText *error) {
  for (uint32_t i = 0; i < program->model->output_count; ++i) {
    const IngotTensorInfo *info = &program->model->outputs[i];
    HostTensor *tensor = &program->outputs[i];
    tensor->element_type = info->element_type;
    tensor->rank = info->rank;
    if (info->rank > 0)
      memcpy(tensor->dims, info->dims, (size_t)info->rank * sizeof *info->dims);
    const ProgramStatus status = ingot_tensor_allocate(tensor, error);
    if (status != PROGRAM_OK)
      return status;
    if (tensor->bytes != info->bytes)
      return ingot_fail(error, PROGRAM_INTERNAL, "the model declares a wrong size for output '%s'", info->name);
    program->output_pointers[i] = tensor->data;
  }
  return PROGRAM_OK;
}

static ProgramStatus open_session(Program *program, ErrorText *error) {
  const IngotSessionOptions options = {sizeof options, program->options->threads};
  const IngotStatus status = ingot_session_open(program->model, &options, &program->session);
  if (status != INGOT_OK)
    return ingot_fail(error, PROGRAM_INTERNAL, "the model cannot be started: %s", ingot_status_text(status));
  return PROGRAM_OK;
}

/// All runs. Nothing in here allocates.
static ProgramStatus run_all(Program *program, Timing *timing, ErrorText *error) {
  const uint32_t warmup = program->options->warmup, iterations = program->options->iterations;
  for (uint32_t i = 0; i < warmup + iterations; ++i) {
    const double begin = milliseconds(CLOCK_MONOTONIC);
    const IngotStatus status = ingot_session_run(program->session, program->input_pointers, program->output_pointers);
    const double end = milliseconds(CLOCK_MONOTONIC);
    if (status != INGOT_OK)
      return ingot_fail(error, status == INGOT_RUN_FAILURE ? PROGRAM_BAD_INPUT : PROGRAM_INTERNAL, "the run failed: %s",
                        status == INGOT_RUN_FAILURE ? ingot_session_error(program->session) : ingot_status_text(status));
    if (i == 0) {
      timing->first = end - begin;
      timing->start_to_first = end - program->process_start;
    }
    if (i >= warmup)
      program->samples[i - warmup] = end - begin;
  }
  return PROGRAM_OK;
}

static ProgramStatus run_program(Program *program, ErrorText *error) {
  const IngotModel *model = program->model;
  ProgramStatus status = check_cpu(model, error);
  if (status == PROGRAM_OK)
    status = ingot_outputs_check(model, program->options, error);
  if (status == PROGRAM_OK)
    status = allocate(program, error);
  if (status == PROGRAM_OK)
    status = ingot_inputs_load(model, program->options, program->inputs, &program->note, error);
  if (status == PROGRAM_OK)
    status = allocate_outputs(program, error);
  if (status == PROGRAM_OK)
    status = open_session(program, error);
  if (status != PROGRAM_OK)
    return status;
  for (uint32_t i = 0; i < model->input_count; ++i)
    program->input_pointers[i] = program->inputs[i].data;
  if (program->note.text[0])
    fprintf(stderr, "note: %s\n", program->note.text);

  Timing timing = {.variant = ingot_model_variant(model)->name, .threads = ingot_session_threads(program->session)};
  timing.iterations = program->options->iterations;
  timing.samples = program->samples;
  status = run_all(program, &timing, error);
  if (status == PROGRAM_OK)
    status = ingot_outputs_write(model, program->options, program->outputs, error);
  if (status == PROGRAM_OK)
    ingot_report_run(stdout, model, program->outputs, &timing, program->options->json);
  return status;
}

static void release(Program *program) {
  ingot_session_close(program->session);
  for (uint32_t i = 0; program->inputs && i < program->model->input_count; ++i)
    ingot_tensor_free(&program->inputs[i]);
  for (uint32_t i = 0; program->outputs && i < program->model->output_count; ++i)
    ingot_tensor_free(&program->outputs[i]);
  free(program->inputs);
  free(program->outputs);
  free(program->input_pointers);
  free(program->output_pointers);
  free(program->samples);
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
    Program program = {.model = &ingot_program_model, .options = &options, .process_start = start};
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
