// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a run takes its tensors: strides and alignment, overlaps, and dims that are known at run time only.
#include "SmallModel.h"

#include <array>
#include <gtest/gtest.h>
#include <numeric>
#include <string>

namespace {

/// y[i][j] = 10 * x[i][j] + scale[], over [3, 4].
struct MatrixModel {
  static constexpr int64_t dims[] = {3, 4};
  static void run(IngotCall *call, int64_t thread, int64_t) {
    for (int i = 0; i < 12 && thread == 0; ++i)
      static_cast<int16_t *>(call->outputs[0])[i] =
          static_cast<int16_t>(10 * static_cast<const int16_t *>(call->inputs[0])[i] + *static_cast<const int64_t *>(call->inputs[1]));
  }
  IngotTensorInfo inputs[2] = {{"x", dims, 24, INGOT_I16, 2}, {"scale", nullptr, 8, INGOT_I64, 0}};
  IngotTensorInfo outputs[1] = {{"y", dims, 24, INGOT_I16, 2}};
  IngotVariant variants[1] = {{"baseline", run, 0, 0, nullptr, 0}};
  IngotModel model = {};
  MatrixModel() {
    model.struct_size = sizeof model;
    model.abi_version = INGOT_ABI_VERSION;
    model.inputs = inputs;
    model.outputs = outputs;
    model.variants = variants;
    model.input_count = 2;
    model.output_count = model.variant_count = 1;
    model.api = &ingot_api;
  }
};

IngotSessionOptions staged() {
  IngotSessionOptions options = Session::withThreads(1);
  options.flags = INGOT_STAGING;
  return options;
}

struct Matrices {
  std::array<int16_t, 64> x{}, y{};
  int64_t scale = 1;
  Matrices() {
    std::iota(x.begin(), x.end(), int16_t(0));
    y.fill(-1);
  }
};

TEST(BindingTest, ContiguousTensorsNeedNoStaging) {
  MatrixModel model;
  Session session(model.model, 1);
  Matrices m;
  const int64_t strides[] = {4, 1};
  const IngotTensor inputs[] = {{m.x.data(), model.dims, strides}, {&m.scale, nullptr, nullptr}};
  IngotTensor outputs[] = {{m.y.data(), nullptr, nullptr}};
  ASSERT_EQ(ingot_session_run_tensors(session.handle, inputs, outputs), INGOT_OK) << ingot_session_error(session.handle);
  EXPECT_EQ(m.y[11], 111);
  EXPECT_EQ(m.y[12], -1);
}

TEST(BindingTest, StridesOfAnyKindThroughStaging) {
  MatrixModel model;
  Session session(model.model, staged()), plain(model.model, 1);
  ASSERT_EQ(session.status, INGOT_OK);
  Matrices m;
  const int64_t transposed[] = {1, 3}, reversed[] = {-8, 2};
  const IngotTensor inputs[] = {{m.x.data(), nullptr, transposed}, {&m.scale, nullptr, nullptr}};
  IngotTensor outputs[] = {{m.y.data() + 16, nullptr, reversed}};
  ASSERT_EQ(ingot_session_run_tensors(session.handle, inputs, outputs), INGOT_OK) << ingot_session_error(session.handle);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 4; ++j)
      EXPECT_EQ(m.y[16 - 8 * i + 2 * j], 10 * (i + 3 * j) + 1) << i << ' ' << j;
  EXPECT_EQ(std::count(m.y.begin(), m.y.end(), -1), 64 - 12) << "bytes between the elements were written";

  EXPECT_EQ(ingot_session_run_tensors(plain.handle, inputs, outputs), INGOT_NOT_CONTIGUOUS);
  EXPECT_STREQ(ingot_session_error(plain.handle), "input 'x' is not contiguous: open the session with INGOT_STAGING, or copy it");
  const int64_t zero[] = {4, 0};
  outputs[0].strides = zero;
  EXPECT_EQ(ingot_session_run_tensors(session.handle, inputs, outputs), INGOT_OVERLAP);
}

TEST(BindingTest, AnyAlignmentThroughStaging) {
  MatrixModel model;
  Session session(model.model, staged()), plain(model.model, 1);
  Matrices m;
  std::array<char, 9 + 25 + 25> bytes{};
  m.scale = 5;
  memcpy(bytes.data() + 1, &m.scale, 8);
  memcpy(bytes.data() + 9, m.x.data(), 24);
  char *base = bytes.data() + (reinterpret_cast<uintptr_t>(bytes.data()) % 2);
  memmove(base + 1, bytes.data() + 1, 32);
  const IngotTensor inputs[] = {{base + 9, nullptr, nullptr}, {base + 1, nullptr, nullptr}};
  IngotTensor outputs[] = {{base + 33, nullptr, nullptr}};
  EXPECT_EQ(ingot_session_run_tensors(plain.handle, inputs, outputs), INGOT_MISALIGNED);
  EXPECT_STREQ(ingot_session_error(plain.handle), "input 'x' is not aligned to its elements of 2 bytes");
  ASSERT_EQ(ingot_session_run_tensors(session.handle, inputs, outputs), INGOT_OK) << ingot_session_error(session.handle);
  int16_t last;
  memcpy(&last, base + 33 + 22, 2);
  EXPECT_EQ(last, 115);
}

TEST(BindingTest, OverlapsAreRefused) {
  MatrixModel model;
  Session session(model.model, 1);
  Matrices m;
  const void *inputs[] = {m.x.data(), &m.scale};
  for (int at : {-11, 0, 11}) {
    void *outputs[] = {m.x.data() + 20 + at};
    inputs[0] = m.x.data() + 20;
    EXPECT_EQ(ingot_session_run(session.handle, inputs, outputs), INGOT_OVERLAP) << at;
    EXPECT_STREQ(ingot_session_error(session.handle), "output 'y' overlaps input 'x'");
  }
  for (int at : {-12, 12}) {
    void *outputs[] = {m.x.data() + 20 + at};
    EXPECT_EQ(ingot_session_run(session.handle, inputs, outputs), INGOT_OK) << at;
  }
  Model two;
  Session second(two.model, 1);
  Buffers buffers;
  void *same[] = {buffers.y.data(), buffers.y.data()};
  EXPECT_EQ(ingot_session_run(second.handle, buffers.inputs, same), INGOT_OVERLAP);
  EXPECT_STREQ(ingot_session_error(second.handle), "output 'z' overlaps output 'y'");
  EXPECT_EQ(ingot_session_run(second.handle, buffers.inputs, buffers.outputs), INGOT_OK);
}

TEST(BindingTest, WrongDimsOfAStaticModel) {
  MatrixModel model;
  Session session(model.model, 1);
  Matrices m;
  const int64_t wrong[] = {3, 5};
  const IngotTensor inputs[] = {{m.x.data(), wrong, nullptr}, {&m.scale, nullptr, nullptr}};
  IngotTensor outputs[] = {{m.y.data(), nullptr, nullptr}};
  EXPECT_EQ(ingot_session_run_tensors(session.handle, inputs, outputs), INGOT_WRONG_SHAPE);
  EXPECT_STREQ(ingot_session_error(session.handle), "dim 1 of input 'x' is 5: the model has 4");
  const IngotTensor missing[] = {{m.x.data(), nullptr, nullptr}, {nullptr, nullptr, nullptr}};
  EXPECT_EQ(ingot_session_run_tensors(session.handle, missing, outputs), INGOT_INVALID_ARGUMENT);
  EXPECT_STREQ(ingot_session_error(session.handle), "input 'scale' is null");
  EXPECT_EQ(ingot_session_run_tensors(session.handle, nullptr, outputs), INGOT_INVALID_ARGUMENT);
}

/// twice[2 * batch, 2] = x[batch, 2] and z[batch, 2], one behind the other; positive[found] = the elements of x above 0.
/// Slots of values: batch, twice, found; then the offset of the copy in the arena.
struct DynamicModel {
  static constexpr int64_t pair[] = {-1, 2}, doubled[] = {-2, 2}, found[] = {-3};
  static int64_t prepare(int64_t *values) {
    values[1] = 2 * values[0];
    values[3] = 64;
    return static_cast<uint64_t>(64 + values[0] * 8);
  }
  static void run(IngotCall *call, int64_t thread, int64_t) {
    if (thread != 0)
      return;
    const auto *x = static_cast<const float *>(call->inputs[0]), *z = static_cast<const float *>(call->inputs[1]);
    auto *copy = reinterpret_cast<float *>(call->arena + call->values[3]);
    auto *twice = static_cast<float *>(call->outputs[0]), *positive = static_cast<float *>(call->outputs[1]);
    const int64_t count = 2 * call->values[0];
    int64_t hits = 0;
    for (int64_t i = 0; i < count; ++i)
      copy[i] = x[i];
    for (int64_t i = 0; i < count; ++i) {
      twice[i] = copy[i];
      twice[count + i] = z[i];
      if (x[i] > 0)
        positive[hits++] = x[i];
    }
    call->values[2] = hits;
  }
  IngotSymbol symbols[3] = {
      {"batch", 1, 8, INGOT_SYMBOL_INPUT, 0}, {"2 * batch", 2, 16, INGOT_SYMBOL_COMPUTED, 0}, {"found", 0, 16, INGOT_SYMBOL_RESULT, 0}};
  IngotTensorInfo inputs[2] = {{"x", pair, 64, INGOT_F32, 2}, {"z", pair, 64, INGOT_F32, 2}};
  IngotTensorInfo outputs[2] = {{"twice", doubled, 128, INGOT_F32, 2}, {"positive", found, 64, INGOT_F32, 1}};
  IngotVariant variants[1] = {{"baseline", run, 128, 0, prepare, 4}};
  IngotModel model = {};
  DynamicModel() {
    model.struct_size = sizeof model;
    model.abi_version = INGOT_ABI_VERSION;
    model.inputs = inputs;
    model.outputs = outputs;
    model.variants = variants;
    model.input_count = model.output_count = 2;
    model.variant_count = 1;
    model.symbols = symbols;
    model.symbol_count = 3;
    model.api = &ingot_api;
  }
};

struct DynamicRun {
  std::vector<float> x, z, twice = std::vector<float>(32), positive = std::vector<float>(16);
  IngotStatus run(IngotSession *session, int64_t rows, int64_t otherRows) {
    x.assign(16, 1);
    z.assign(16, -2);
    x[0] = -1;
    const int64_t dims[] = {rows, 2}, otherDims[] = {otherRows, 2};
    const IngotTensor inputs[] = {{x.data(), dims, nullptr}, {z.data(), otherDims, nullptr}};
    IngotTensor outputs[] = {{twice.data(), nullptr, nullptr}, {positive.data(), nullptr, nullptr}};
    return ingot_session_run_tensors(session, inputs, outputs);
  }
};

TEST(SymbolTest, DimsOfARunAreReadFromItsInputs) {
  DynamicModel model;
  Session session(model.model, 1);
  ASSERT_EQ(session.status, INGOT_OK);
  DynamicRun run;
  for (int64_t rows : {1, 3, 8, 2}) {
    ASSERT_EQ(run.run(session.handle, rows, rows), INGOT_OK) << ingot_session_error(session.handle);
    EXPECT_EQ(run.twice[0], -1);
    EXPECT_EQ(run.twice[static_cast<size_t>(2 * rows)], -2);
    const int64_t *values = ingot_session_values(session.handle);
    EXPECT_EQ(values[1], 2 * rows);
    EXPECT_EQ(values[2], 2 * rows - 1);
  }
}

TEST(SymbolTest, WhatIsWrongHasNameValueAndRange) {
  DynamicModel model;
  Session session(model.model, 1);
  DynamicRun run;
  EXPECT_EQ(run.run(session.handle, 9, 9), INGOT_WRONG_SHAPE);
  EXPECT_STREQ(ingot_session_error(session.handle), "dim 0 of input 'x', which is 'batch', is 9: the model takes 1 to 8");
  EXPECT_EQ(run.run(session.handle, 0, 0), INGOT_WRONG_SHAPE);
  EXPECT_EQ(run.run(session.handle, -1, -1), INGOT_WRONG_SHAPE);
  EXPECT_EQ(run.run(session.handle, 3, 4), INGOT_WRONG_SHAPE);
  EXPECT_STREQ(ingot_session_error(session.handle), "dim 0 of input 'z', which is 'batch', is 4: an input before it has 3");
  const int64_t dims[] = {2, 2}, wrong[] = {5, 2};
  const IngotTensor bare[] = {{run.x.data(), nullptr, nullptr}, {run.z.data(), dims, nullptr}};
  IngotTensor outputs[] = {{run.twice.data(), nullptr, nullptr}, {run.positive.data(), nullptr, nullptr}};
  EXPECT_EQ(ingot_session_run_tensors(session.handle, bare, outputs), INGOT_WRONG_SHAPE);
  EXPECT_STREQ(ingot_session_error(session.handle), "input 'x' comes without dims, but dim 0 is not fixed");
  const IngotTensor inputs[] = {{run.x.data(), dims, nullptr}, {run.z.data(), dims, nullptr}};
  outputs[0].dims = wrong;
  EXPECT_EQ(ingot_session_run_tensors(session.handle, inputs, outputs), INGOT_WRONG_SHAPE);
  EXPECT_STREQ(ingot_session_error(session.handle), "dim 0 of output 'twice' is 5: the model has 4");
  const void *pointers[] = {run.x.data(), run.z.data()};
  void *results[] = {run.twice.data(), run.positive.data()};
  EXPECT_EQ(ingot_session_run(session.handle, pointers, results), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(run.run(session.handle, 4, 4), INGOT_OK);
}

TEST(SymbolTest, MemoryFollowsTheDims) {
  DynamicModel model;
  IngotMemory memory;
  ASSERT_EQ(ingot_model_memory_required(&model.model, nullptr, nullptr, &memory), INGOT_OK);
  EXPECT_EQ(memory.arena_bytes, 128u);
  int64_t values[3] = {1, 0, 0};
  ASSERT_EQ(ingot_model_memory_required(&model.model, nullptr, values, &memory), INGOT_OK);
  EXPECT_EQ(memory.arena_bytes, 128u) << "72, in whole lines";
  values[0] = 9;
  EXPECT_EQ(ingot_model_memory_required(&model.model, nullptr, values, &memory), INGOT_WRONG_SHAPE);
}

} // namespace
