// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model written by hand for the tests of sessions, with what calls it.
#ifndef INGOT_TEST_RUNTIME_SMALLMODEL_H
#define INGOT_TEST_RUNTIME_SMALLMODEL_H

#include "runtime/src/Internal.h"

#include <vector>

inline constexpr int64_t size = 1024;
inline constexpr int64_t dims[] = {size};

alignas(64) inline constexpr float weights[size] = {3, 1, 4, 1, 5};

/// y[i] = x[i] * 2 + weights[i], then z = y reversed, through the arena. A negative x[0] is a run failure at site -x[0] - 1.
inline void runModel(IngotCall *call, int64_t thread, int64_t threads) {
  const auto *x = static_cast<const float *>(call->inputs[0]);
  const auto *w = reinterpret_cast<const float *>(call->weights);
  auto *scratch = reinterpret_cast<float *>(call->arena);
  const int64_t begin = size * thread / threads, end = size * (thread + 1) / threads;
  for (int64_t i = begin; i < end; ++i)
    scratch[i] = static_cast<float *>(call->outputs[0])[i] = x[i] * 2 + w[i];
  if (ingot_team_barrier(call->team))
    return;
  for (int64_t i = begin; i < end; ++i)
    static_cast<float *>(call->outputs[1])[i] = scratch[size - 1 - i];
  if (thread == 0 && x[0] < 0) {
    call->status = INGOT_RUN_FAILURE;
    call->failed_site = static_cast<int32_t>(-x[0]) - 1;
  }
}

struct Model {
  IngotTensorInfo inputs[1] = {{"x", dims, sizeof weights, INGOT_F32, 1}};
  IngotTensorInfo outputs[2] = {{"y", dims, sizeof weights, INGOT_F32, 1}, {"z", dims, sizeof weights, INGOT_F32, 1}};
  IngotVariant variants[1] = {{"baseline", runModel, sizeof weights, 0, nullptr, 0}};
  const char *sites[2] = {"node 'a': index out of range", "node 'b': division by zero"};
  IngotModel model = {};
  Model() {
    model.struct_size = sizeof model;
    model.abi_version = INGOT_ABI_VERSION;
    model.manifest = "{}";
    model.inputs = inputs;
    model.outputs = outputs;
    model.variants = variants;
    model.weights = reinterpret_cast<const uint8_t *>(weights);
    model.weight_bytes = sizeof weights;
    model.input_count = model.variant_count = 1;
    model.output_count = model.site_count = 2;
    model.sites = sites;
    model.api = &ingot_api;
  }
};

struct Session {
  IngotSession *handle = nullptr;
  IngotStatus status;
  char text[256] = "";
  explicit Session(const IngotModel &model, uint32_t threads = 2) : Session(model, withThreads(threads)) {}
  Session(const IngotModel &model, IngotSessionOptions options) {
    options.struct_size = sizeof options;
    options.error_text = text;
    options.error_text_bytes = sizeof text;
    status = ingot_session_open(&model, &options, &handle);
  }
  static IngotSessionOptions withThreads(uint32_t threads) {
    IngotSessionOptions options = {};
    options.struct_size = sizeof options;
    options.threads = threads;
    return options;
  }
  Session(const Session &) = delete;
  ~Session() { ingot_session_close(&handle); }
};

struct Buffers {
  std::vector<float> x = std::vector<float>(size), y = x, z = x;
  const void *inputs[1] = {x.data()};
  void *outputs[2] = {y.data(), z.data()};
  Buffers() {
    for (int64_t i = 0; i < size; ++i)
      x[i] = static_cast<float>(i) / 8;
  }
};

#endif
