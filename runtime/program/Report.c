// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Report.h"
#include "Dims.h"
#include "Manifest.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void print_json_string(FILE *out, const char *text) {
  putc('"', out);
  for (; *text; ++text) {
    if (*text == '"' || *text == '\\')
      fprintf(out, "\\%c", *text);
    else if ((unsigned char)*text < 32)
      fprintf(out, "\\u%04x", (unsigned)(unsigned char)*text);
    else
      putc(*text, out);
  }
  putc('"', out);
}

/// JSON has no NaN and no infinity: they become null.
static void print_json_number(FILE *out, const char *key, double value) {
  if (isfinite(value))
    fprintf(out, "\"%s\":%.9g", key, value);
  else
    fprintf(out, "\"%s\":null", key);
}

static void print_json_shape(FILE *out, const int64_t *dims, int32_t rank) {
  fputs("\"shape\":[", out);
  for (int32_t i = 0; i < rank; ++i)
    fprintf(out, i == 0 ? "%" PRId64 : ",%" PRId64, dims[i]);
  putc(']', out);
}

typedef struct Statistics {
  double min, max, mean;
} Statistics;

/// A NaN anywhere makes all three NaN: it must not hide. So does an empty tensor.
static Statistics statistics_of(const HostTensor *tensor) {
  const uint64_t count = tensor->bytes / ingot_element_size(tensor->element_type);
  Statistics s = {INFINITY, -INFINITY, 0};
  for (uint64_t i = 0; i < count; ++i) {
    const double value = ingot_element_value(tensor->element_type, tensor->data, i);
    if (isnan(value))
      return (Statistics){NAN, NAN, NAN};
    s.min = value < s.min ? value : s.min;
    s.max = value > s.max ? value : s.max;
    s.mean += value;
  }
  if (count == 0)
    return (Statistics){NAN, NAN, NAN};
  s.mean /= (double)count;
  return s;
}

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double ingot_percentile(const double *sorted, uint32_t count, double p) {
  const double position = p * (double)(count - 1);
  const uint32_t below = (uint32_t)position, above = below + 1 < count ? below + 1 : below;
  return sorted[below] + (position - (double)below) * (sorted[above] - sorted[below]);
}

static double mean_of(const Timing *timing) {
  double sum = 0;
  for (uint32_t i = 0; i < timing->iterations; ++i)
    sum += timing->samples[i];
  return sum / timing->iterations;
}

/// The most memory that this process has had, in bytes.
static uint64_t peak_resident(void) {
  FILE *status = fopen("/proc/self/status", "r");
  uint64_t kibibytes = 0;
  for (char line[256]; status && fgets(line, sizeof line, status);)
    if (strncmp(line, "VmHWM:", 6) == 0)
      kibibytes = strtoull(line + 6, NULL, 10);
  if (status)
    fclose(status);
  return kibibytes * 1024;
}

static void print_samples(FILE *out, const Timing *timing) {
  fputs("\"samples_ms\":[", out);
  for (uint32_t i = 0; i < timing->iterations; ++i)
    fprintf(out, i == 0 ? "%.6f" : ",%.6f", timing->samples[i]);
  fprintf(out, "],\"peak_resident_bytes\":%" PRIu64 ",", peak_resident());
}

static void report_run_json(FILE *out, const IngotModel *model, const HostTensor *outputs, Timing *timing) {
  putc('{', out);
  if (timing->list)
    print_samples(out, timing);
  qsort(timing->samples, timing->iterations, sizeof *timing->samples, compare_doubles);
  fprintf(out, "\"threads\":%u,\"sessions\":%u,\"iterations\":%u", timing->threads, timing->sessions, timing->iterations);
  fprintf(out, ",\"min_ms\":%.6f,\"median_ms\":%.6f", timing->samples[0], ingot_percentile(timing->samples, timing->iterations, 0.5));
  fprintf(out, ",\"p90_ms\":%.6f", ingot_percentile(timing->samples, timing->iterations, 0.9));
  fprintf(out, ",\"p99_ms\":%.6f", ingot_percentile(timing->samples, timing->iterations, 0.99));
  fprintf(out, ",\"mean_ms\":%.6f,\"first_ms\":%.6f,\"start_to_first_ms\":%.6f,\"outputs\":{", mean_of(timing), timing->first,
          timing->start_to_first);
  for (uint32_t i = 0; i < model->output_count; ++i) {
    const Statistics s = statistics_of(&outputs[i]);
    if (i != 0)
      putc(',', out);
    print_json_string(out, model->outputs[i].name);
    fputs(":{", out);
    print_json_shape(out, outputs[i].dims, outputs[i].rank);
    putc(',', out);
    print_json_number(out, "min", s.min);
    putc(',', out);
    print_json_number(out, "max", s.max);
    putc(',', out);
    print_json_number(out, "mean", s.mean);
    putc('}', out);
  }
  putc('}', out);
  if (timing->profile) {
    fputs(",\"profile\":", out);
    print_json_string(out, timing->profile);
  }
  fputs("}\n", out);
}

void ingot_report_run(FILE *out, const IngotModel *model, const HostTensor *outputs, Timing *timing, bool json) {
  if (json) {
    report_run_json(out, model, outputs, timing);
    return;
  }
  qsort(timing->samples, timing->iterations, sizeof *timing->samples, compare_doubles);
  for (uint32_t i = 0; i < model->output_count; ++i) {
    const Statistics s = statistics_of(&outputs[i]);
    char type[INGOT_TYPE_TEXT];
    ingot_format_type(type, outputs[i].element_type, outputs[i].dims, outputs[i].rank);
    fprintf(out, "%s  %s  min %.6g, max %.6g, mean %.6g\n", model->outputs[i].name, type, s.min, s.max, s.mean);
  }
  char sessions[64] = "";
  if (timing->sessions > 1)
    snprintf(sessions, sizeof sessions, " in each of %u sessions", timing->sessions);
  fprintf(out, "%s, %u thread%s%s, %u run%s: median %.3f ms, min %.3f ms, p90 %.3f ms; first run %.3f ms, %.3f ms after the start of the process\n",
          timing->variant, timing->threads, timing->threads == 1 ? "" : "s", sessions, timing->iterations, timing->iterations == 1 ? "" : "s",
          ingot_percentile(timing->samples, timing->iterations, 0.5), timing->samples[0], ingot_percentile(timing->samples, timing->iterations, 0.9),
          timing->first, timing->start_to_first);
  if (timing->profile)
    fputs(timing->profile, out);
}

static void print_ports(FILE *out, const char *title, const IngotModel *model, const IngotTensorInfo *tensors, uint32_t count) {
  fprintf(out, "%s\n", title);
  for (uint32_t i = 0; i < count; ++i) {
    char type[INGOT_TYPE_TEXT];
    ingot_format_info(type, model, &tensors[i]);
    fprintf(out, "  %s  %s\n", tensors[i].name, type);
  }
}

/// Open dims by name.
static void print_json_dims(FILE *out, const IngotModel *model, const IngotTensorInfo *tensor) {
  fputs("\"shape\":[", out);
  for (int32_t i = 0; i < tensor->rank; ++i) {
    if (i != 0)
      putc(',', out);
    if (tensor->dims[i] >= 0)
      fprintf(out, "%" PRId64, tensor->dims[i]);
    else
      print_json_string(out, model->symbols[-1 - tensor->dims[i]].name);
  }
  putc(']', out);
}

static void print_dims(FILE *out, const IngotModel *model) {
  if (model->symbol_count != 0)
    fputs("dims\n", out);
  for (uint32_t i = 0; i < model->symbol_count; ++i)
    if (model->symbols[i].kind == INGOT_SYMBOL_INPUT)
      fprintf(out, "  %s  %" PRId64 " to %" PRId64 "\n", model->symbols[i].name, model->symbols[i].minimum, model->symbols[i].maximum);
}

static void print_json_ranges(FILE *out, const IngotModel *model) {
  bool first = true;
  fputs(",\"dims\":[", out);
  for (uint32_t i = 0; i < model->symbol_count; ++i) {
    if (model->symbols[i].kind != INGOT_SYMBOL_INPUT)
      continue;
    fputs(first ? "{\"name\":" : ",{\"name\":", out);
    print_json_string(out, model->symbols[i].name);
    fprintf(out, ",\"min\":%" PRId64 ",\"max\":%" PRId64 "}", model->symbols[i].minimum, model->symbols[i].maximum);
    first = false;
  }
  putc(']', out);
}

static void print_json_ports(FILE *out, const char *key, const IngotModel *model, const IngotTensorInfo *tensors, uint32_t count) {
  fprintf(out, "\"%s\":[", key);
  for (uint32_t i = 0; i < count; ++i) {
    fputs(i == 0 ? "{\"name\":" : ",{\"name\":", out);
    print_json_string(out, tensors[i].name);
    fprintf(out, ",\"type\":\"%s\",", ingot_element_name(tensors[i].element_type));
    print_json_dims(out, model, &tensors[i]);
    fprintf(out, ",\"bytes\":%" PRIu64 "}", tensors[i].bytes);
  }
  putc(']', out);
}

static void report_info_json(FILE *out, const IngotModel *model, const IngotVariant *used, uint64_t arena) {
  const bool has_manifest = model->manifest && model->manifest[0] == '{';
  putc('{', out);
  print_json_ports(out, "inputs", model, model->inputs, model->input_count);
  putc(',', out);
  print_json_ports(out, "outputs", model, model->outputs, model->output_count);
  print_json_ranges(out, model);
  fprintf(out, ",\"peak_memory_bytes\":%" PRIu64 ",\"arena_bytes\":%" PRIu64 ",\"weight_bytes\":%" PRIu64 ",\"scratch_bytes\":%" PRIu64,
          arena + model->weight_bytes, arena, model->weight_bytes, model->scratch_bytes);
  fputs(",\"variant\":", out);
  if (used)
    print_json_string(out, used->name);
  else
    fputs("null", out);
  fputs(",\"variants\":[", out);
  for (uint32_t i = 0; i < model->variant_count; ++i) {
    if (i != 0)
      putc(',', out);
    print_json_string(out, model->variants[i].name);
  }
  fprintf(out, "],\"manifest\":%s}\n", has_manifest ? model->manifest : "{}");
}

enum { LONGEST_FIELD = 300 }; /* of the manifest in text: lists of passes are for --json */

void ingot_report_info(FILE *out, const IngotModel *model, bool json) {
  const IngotVariant *used = ingot_model_variant(model);
  const uint64_t arena = used ? used->arena_bytes : model->variants[0].arena_bytes;
  if (json) {
    report_info_json(out, model, used, arena);
    return;
  }
  print_ports(out, "inputs", model, model->inputs, model->input_count);
  print_ports(out, "outputs", model, model->outputs, model->output_count);
  print_dims(out, model);
  fputs("variants\n", out);
  for (uint32_t i = 0; i < model->variant_count; ++i)
    fprintf(out, "  %s%s\n", model->variants[i].name, &model->variants[i] == used ? "  (taken on this CPU)" : "");
  fprintf(out, "peak memory%s\n  %" PRIu64 " bytes: arena %" PRIu64 " + weights %" PRIu64 "\n", model->symbol_count ? " at the largest dims" : "",
          arena + model->weight_bytes, arena, model->weight_bytes);
  if (model->scratch_bytes != 0)
    fprintf(out, "  and %" PRIu64 " bytes for each thread\n", model->scratch_bytes);
  fputs("compiled\n", out);
  const char *at = model->manifest ? model->manifest : "";
  for (ManifestField field; ingot_manifest_next(&at, &field);)
    if (field.value_size <= LONGEST_FIELD && !(field.key_size == 9 && memcmp(field.key, "interface", 9) == 0)) // which stands above
      fprintf(out, "  %.*s  %.*s\n", (int)field.key_size, field.key, (int)field.value_size, field.value);
}

void ingot_report_help(FILE *out, const IngotModel *model, const char *program) {
  fprintf(out, "A neural network compiled by Ingot. It reads its inputs from files, runs, and writes its outputs to files.\n\n");
  fprintf(out,
          "usage: %s --input NAME=FILE ... [--output NAME=FILE ...] [options]\n       %s --random [--iterations N] [--json]\n       %s --info\n\n",
          program, program, program);
  print_ports(out, "inputs", model, model->inputs, model->input_count);
  print_ports(out, "outputs", model, model->outputs, model->output_count);
  fprintf(out, "options\n%s", ingot_options_help);
}

void ingot_report_version(FILE *out, const IngotModel *model) {
  fprintf(out, "ingot runtime %s, ABI %d\n", INGOT_VERSION, INGOT_ABI_VERSION);
  const char *at = model->manifest ? model->manifest : "";
  for (ManifestField field; ingot_manifest_next(&at, &field);)
    if (*field.value != '{' && *field.value != '[')
      fprintf(out, "%.*s  %.*s\n", (int)field.key_size, field.key, (int)field.value_size, field.value);
}

void ingot_missing_features(const IngotModel *model, uint64_t have, char *text, size_t size) {
  static const struct {
    uint64_t bit;
    const char *name;
  } names[] = {{INGOT_CPU_X86_64_V3, "x86-64-v3 (AVX2, FMA, BMI2, F16C)"},
               {INGOT_CPU_X86_64_V4, "x86-64-v4 (AVX-512 F, BW, CD, DQ, VL)"},
               {INGOT_CPU_AVX512_VNNI, "AVX512_VNNI"},
               {INGOT_CPU_AVX512_BF16, "AVX512_BF16"}};
  uint64_t missing = ~have;
  for (uint32_t i = 0; i < model->variant_count; ++i) {
    const uint64_t here = model->variants[i].features & ~have;
    if (__builtin_popcountll(here) <= __builtin_popcountll(missing))
      missing = here;
  }
  size_t at = 0;
  text[0] = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
    if ((missing & names[i].bit) && at < size) {
      at += (size_t)snprintf(text + at, size - at, "%s%s", at == 0 ? "" : ", ", names[i].name);
      missing &= ~names[i].bit;
    }
  if (missing != 0 && at < size)
    snprintf(text + at, size - at, "%sfeature bits 0x%" PRIx64 " that this runtime does not know", at == 0 ? "" : ", ", missing);
}
