// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A profile as text: a trace for Perfetto, and a table for people. Numbers are written without printf's %f, which follows the program's locale.
#include "Profiler.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TABLE_ROWS = 5, NAME_COLUMNS = 70 };

static const char *const level_names[INGOT_LEVELS] = {"L2", "L3", "memory"};

typedef struct Output {
  const IngotProfiler *profiler;
  IngotWrite write;
  void *user;
} Output;

__attribute__((format(printf, 2, 3))) static void put(const Output *out, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length > 0)
    out->write(out->user, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

/// A number with `decimals` digits behind the point, right-aligned in `width` columns. What is no number becomes 0: JSON has none.
static void put_number(const Output *out, double value, int width, int decimals) {
  static const uint64_t scales[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
  const bool negative = value < 0;
  const double scaled = isfinite(value) && fabs(value) < 1e12 ? fabs(value) * (double)scales[decimals] + 0.5 : 0;
  const uint64_t digits = (uint64_t)scaled, whole = digits / scales[decimals], part = digits % scales[decimals];
  char text[64];
  if (decimals == 0)
    snprintf(text, sizeof text, "%s%" PRIu64, negative && digits ? "-" : "", whole);
  else
    snprintf(text, sizeof text, "%s%" PRIu64 ".%0*" PRIu64, negative && digits ? "-" : "", whole, decimals, part);
  put(out, "%*s", width, text);
}

static void put_json_text(const Output *out, const char *text) {
  put(out, "\"");
  for (const char *at = text; *at;) {
    const size_t plain =
        strcspn(at, "\"\\\x01\x02\x03\x04\x05\x06\x07\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f");
    out->write(out->user, at, plain);
    at += plain;
    if (*at)
      put(out, "\\u%04x", (unsigned)(unsigned char)*at++);
  }
  put(out, "\"");
}

static void put_key_text(const Output *out, const char *key, const char *text) {
  put(out, "\"%s\":", key);
  put_json_text(out, text);
}

/// `"key":1.234`, behind a comma.
static void put_key(const Output *out, const char *key, double value, int decimals) {
  put(out, ",\"%s\":", key);
  put_number(out, value, 0, decimals);
}

static const char *text_at(const Output *out, uint32_t offset) { return out->profiler->model->region_text + offset; }

// ---- The trace

/// A bar on a thread's row. The caller closes the object.
static void put_bar(const Output *out, uint32_t thread, const char *name, int64_t begin, int64_t end) {
  put(out, ",\n{");
  put_key_text(out, "name", name);
  put(out, ",\"ph\":\"X\",\"pid\":1,\"tid\":%u", thread);
  put_key(out, "ts", (double)begin * 1e-3, 3);
  put_key(out, "dur", (double)(end - begin) * 1e-3, 3);
}

static void put_region_bar(const Output *out, uint32_t thread, uint32_t number, int64_t begin, int64_t end) {
  const IngotRegion *region = &out->profiler->model->regions[number];
  put_bar(out, thread, text_at(out, region->name), begin, end);
  put(out, ",\"args\":{\"region\":%u,\"flops\":%" PRIu64 ",\"bytes\":%" PRIu64 ",", number, region->flops, region->bytes);
  put_key_text(out, "family", text_at(out, region->family));
  put(out, "}}");
}

static void put_thread(const Output *out, uint32_t thread, int64_t origin) {
  const IngotProfiler *profiler = out->profiler;
  const Recorder *recorder = &profiler->recorders[thread];
  put(out, ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"args\":{\"name\":\"%s %u\"}}", thread,
      thread == 0 ? "caller, thread" : "thread", thread);
  const uint32_t first = ingot_first_event(profiler, recorder);
  for (uint32_t number = first; number != recorder->written; ++number) {
    const Event *event = ingot_event(profiler, recorder, number);
    if (event->what == INGOT_RUN_BEGIN) {
      uint32_t last = number;
      while (last + 1 != recorder->written && ingot_event(profiler, recorder, last + 1)->what != INGOT_RUN_BEGIN)
        ++last;
      put_bar(out, thread, "run", event->end - origin, ingot_event(profiler, recorder, last)->end - origin);
      put(out, "}");
      continue;
    }
    const int64_t begin = ingot_event(profiler, recorder, number - 1)->end - origin, end = event->end - origin;
    if (event->what >= 0) {
      put_region_bar(out, thread, (uint32_t)event->what, begin, end);
    } else if (profiler->threads > 1) {
      put_bar(out, thread, "wait", begin, end);
      put(out, ",\"args\":{\"after\":%d}}", -1 - event->what);
    }
  }
}

/// When the first bar begins, so that the trace begins at 0.
static int64_t origin_of(const IngotProfiler *profiler) {
  int64_t origin = INT64_MAX;
  for (uint32_t t = 0; t < profiler->threads; ++t) {
    const Recorder *recorder = &profiler->recorders[t];
    if (recorder->written == 0)
      continue;
    const uint32_t first = ingot_first_event(profiler, recorder);
    const int64_t begin = ingot_event(profiler, recorder, first == 0 ? 0 : first - 1)->end;
    origin = begin < origin ? begin : origin;
  }
  return origin;
}

static void put_region(const Output *out, const IngotProfile *profile, const IngotRegionProfile *region) {
  put(out, "{\"region\":%u,", region->number);
  put_key_text(out, "name", text_at(out, region->region->name));
  put(out, ",");
  put_key_text(out, "family", text_at(out, region->region->family));
  put(out, ",\"flops\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"calls\":%" PRIu64 ",\"threads\":%u", region->region->flops, region->region->bytes,
      region->calls, region->threads);
  put_key(out, "median_us", region->seconds * 1e6, 3);
  put_key(out, "share", region->share, 6);
  put_key(out, "wait_us", region->wait_seconds * 1e6 / (double)profile->chosen_runs, 3);
  put_key(out, "imbalance", region->imbalance, 4);
  put_key(out, "share_of_roofline", region->roofline, 4);
  put(out, ",\"bound_by\":\"%s\"", region->by_bytes ? level_names[region->level] : "flops");
  put_key(out, "first_us", region->first_seconds * 1e6, 3);
  put(out, ",\"page_faults\":%" PRIu64 "}", region->page_faults);
}

void ingot_write_trace(const IngotProfiler *profiler, const IngotVariant *variant, const IngotProfile *profile, IngotWrite write, void *user) {
  const Output output = {profiler, write, user}, *out = &output;
  put(out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":\"model\"}}");
  const int64_t origin = origin_of(profiler);
  for (uint32_t t = 0; t < profiler->threads; ++t)
    put_thread(out, t, origin);
  put(out, "\n],\"ingot\":{");
  put_key_text(out, "variant", variant->name);
  put(out, ",\"threads\":%u,\"runs\":%" PRIu64 ",\"chosen_runs\":%" PRIu64, profile->threads, profile->runs, profile->chosen_runs);
  put_key(out, "run_us", profile->run_seconds * 1e6, 3);
  put_key(out, "first_run_us", profile->first_seconds * 1e6, 3);
  put_key(out, "compute", profile->compute, 6);
  put_key(out, "wait", profile->wait, 6);
  put_key(out, "start_and_end", profile->rest, 6);
  put_key(out, "serial", profile->serial, 6);
  put(out, ",\"peak\":{\"source\":\"measured by this program\"");
  put_key(out, "gflops", profile->flops_per_second * 1e-9, 3);
  if (profile->bf16_flops_per_second > 0)
    put_key(out, "bf16_gflops", profile->bf16_flops_per_second * 1e-9, 3);
  if (profile->int8_flops_per_second > 0)
    put_key(out, "int8_gops", profile->int8_flops_per_second * 1e-9, 3);
  for (int level = 0; level < INGOT_LEVELS; ++level) {
    put(out, ",\"%s_gb_per_s\":", level_names[level]);
    put_number(out, profile->bytes_per_second[level] * 1e-9, 0, 3);
  }
  put(out, "},\"page_faults\":{\"first_run\":%" PRIu64 ",\"later_runs\":%" PRIu64 "},\"begins_late\":%s,", profile->first_page_faults,
      profile->page_faults, profile->dropped ? "true" : "false");
  put_key_text(out, "bottleneck", profile->bottleneck);
  put(out, ",\"regions\":[");
  for (uint32_t i = 0; i < profile->region_count; ++i) {
    put(out, i == 0 ? "\n" : ",\n");
    put_region(out, profile, &profile->regions[i]);
  }
  put(out, "]}}\n");
}

// ---- The table

static void put_percent(const Output *out, double share, int width) {
  put_number(out, share * 100, width, 0);
  put(out, " %%");
}

static void put_row(const Output *out, const IngotRegionProfile *region) {
  const char *name = text_at(out, region->region->name);
  put_percent(out, region->share, 5);
  put_number(out, region->seconds * 1e6, 12, 1);
  put_number(out, (double)region->calls, 8, 0);
  put_percent(out, region->imbalance, 8);
  put_percent(out, region->roofline, 8);
  put(out, "  %-6s %6" PRIu64 "  %s: %.*s%s\n",
      region->roofline == 0 ? "-"
      : region->by_bytes    ? level_names[region->level]
                            : "flops",
      region->page_faults, text_at(out, region->region->family), NAME_COLUMNS, name, strlen(name) > NAME_COLUMNS ? "..." : "");
}

void ingot_write_table(const IngotProfiler *profiler, const IngotProfile *profile, IngotWrite write, void *user) {
  const Output output = {profiler, write, user}, *out = &output;
  put(out, "profile of %" PRIu64 " run%s with %u thread%s, ", profile->runs, profile->runs == 1 ? "" : "s", profile->threads,
      profile->threads == 1 ? "" : "s");
  put_number(out, profile->run_seconds * 1e3, 0, 3);
  put(out, " ms (mean of the faster half): regions ");
  put_percent(out, profile->compute, 0);
  put(out, ", waiting ");
  put_percent(out, profile->wait, 0);
  put(out, ", starting and ending ");
  put_percent(out, profile->rest, 0);
  put(out, "; first run ");
  put_number(out, profile->first_seconds * 1e3, 0, 3);
  put(out, " ms with %" PRIu64 " page faults, later ones %" PRIu64 "\nmeasured on this machine: ", profile->first_page_faults, profile->page_faults);
  put_number(out, profile->flops_per_second * 1e-9, 0, 0);
  put(out, " GFLOP/s (f32)");
  if (profile->bf16_flops_per_second > 0) {
    put(out, ", ");
    put_number(out, profile->bf16_flops_per_second * 1e-9, 0, 0);
    put(out, " GFLOP/s (bf16)");
  }
  if (profile->int8_flops_per_second > 0) {
    put(out, ", ");
    put_number(out, profile->int8_flops_per_second * 1e-9, 0, 0);
    put(out, " GOP/s (int8)");
  }
  for (int level = 0; level < INGOT_LEVELS; ++level) {
    put(out, ", %s ", level_names[level]);
    put_number(out, profile->bytes_per_second[level] * 1e-9, 0, 0);
    put(out, " GB/s");
  }
  put(out, "\n  share   median us   calls  uneven roofline  bound  faults  region\n");
  for (uint32_t i = 0; i < profile->region_count && i < TABLE_ROWS; ++i)
    put_row(out, &profile->regions[i]);
  put(out, "%s\n", profile->bottleneck);
}
