// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compiled model inside of a program that was compiled without Ingot: the static library and the header are all it knows.
#include "dense.h"
#include "runtime/include/ingot/ingot.hpp"
#include "test/runtime/AllocationCount.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <thread>
#include <vector>

namespace {

constexpr int kRows = 1024, kInner = 4, kColumns = 3;

struct Numbers {
  std::vector<float> x = std::vector<float>(kRows * kInner), y = std::vector<float>(kRows * kColumns), largest = std::vector<float>(kRows);

  Numbers() {
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>((i * 37) % 101) / 16 - 3; // products and sums are exact
  }
};

/// What the model computes, in the plainest way.
Numbers expected() {
  const float w[kInner][kColumns] = {{1, 2, 3}, {-1, -2, -3}, {0.5, 0.25, 0.125}, {4, 0, -4}}, b[kColumns] = {0.5, -0.5, 1};
  Numbers result;
  for (int row = 0; row < kRows; ++row)
    for (int column = 0; column < kColumns; ++column) {
      float sum = b[column];
      for (int k = 0; k < kInner; ++k)
        sum += result.x[row * kInner + k] * w[k][column];
      sum = std::max(sum, 0.0f);
      result.y[row * kColumns + column] = sum;
      result.largest[row] = std::max(result.largest[row], sum);
    }
  return result;
}

struct Session {
  IngotSession *session = nullptr;
  IngotStatus status;

  explicit Session(uint32_t threads, const IngotModel *model = &dense_model) {
    IngotSessionOptions options = {};
    options.struct_size = sizeof options;
    options.threads = threads;
    status = ingot_session_open(model, &options, &session);
  }
  ~Session() { ingot_session_close(&session); }
};

} // namespace

TEST(Embedding, HeaderDescribesTheModel) {
  EXPECT_EQ(DENSE_INPUTS, 1);
  EXPECT_EQ(DENSE_OUTPUTS, 2);
  EXPECT_EQ(DENSE_BYTES_INPUT_X, kRows * kInner * sizeof(float));
  EXPECT_EQ(DENSE_BYTES_OUTPUT_LARGEST, kRows * sizeof(float));
  EXPECT_STREQ(dense_model.inputs[DENSE_INPUT_X].name, "x");
  EXPECT_STREQ(dense_model.outputs[DENSE_OUTPUT_Y].name, "y");
  EXPECT_EQ(dense_model.outputs[DENSE_OUTPUT_LARGEST].rank, 1);
}

TEST(Embedding, ComputesTheSameForAnyNumberOfThreads) {
  const Numbers want = expected();
  for (uint32_t threads : {1, 2, 3}) {
    Session session(threads);
    ASSERT_EQ(session.status, INGOT_OK) << ingot_status_text(session.status);
    Numbers got;
    ASSERT_EQ(dense_run(session.session, got.x.data(), got.y.data(), got.largest.data()), INGOT_OK);
    EXPECT_EQ(got.y, want.y) << threads;
    EXPECT_EQ(got.largest, want.largest) << threads;
  }
}

TEST(Embedding, RunsByNamesAndFromCxx) {
  const Numbers want = expected();
  Numbers named, cxx;
  Session session(1);
  const dense_inputs inputs = {named.x.data()};
  const dense_outputs outputs = {.output_y = named.y.data(), .output_largest = named.largest.data()};
  ASSERT_EQ(dense_run_named(session.session, &inputs, &outputs), INGOT_OK);
  EXPECT_EQ(named.y, want.y);
  ingot::Session owner(dense_model, ingot::Options(2));
  ASSERT_EQ(owner.tryRun({cxx.x}, {cxx.y, cxx.largest}), INGOT_OK);
  EXPECT_EQ(cxx.largest, want.largest);
  constexpr int64_t dims[] = DENSE_DIMS_INPUT_X;
  EXPECT_EQ(dims[0], kRows);
  EXPECT_EQ(ingot_model_find_output(&dense_model, DENSE_NAME_OUTPUT_LARGEST), DENSE_OUTPUT_LARGEST);
}

TEST(Embedding, MemoryIsWhatWasAnnounced) {
  IngotMemory memory;
  ASSERT_EQ(ingot_model_memory_required(&dense_model, nullptr, nullptr, &memory), INGOT_OK);
  EXPECT_EQ(memory.weight_bytes, dense_model.weight_bytes);
  EXPECT_GE(memory.arena_bytes, ingot_model_variant(&dense_model)->arena_bytes);
}

TEST(Embedding, ACancelledRunCanBeRepeated) {
  for (uint32_t threads : {1, 2}) {
    Session session(threads);
    Numbers got;
    ingot_session_cancel(session.session);
    EXPECT_EQ(dense_run(session.session, got.x.data(), got.y.data(), got.largest.data()), INGOT_CANCELLED);
    EXPECT_EQ(dense_run(session.session, got.x.data(), got.y.data(), got.largest.data()), INGOT_OK);
    EXPECT_EQ(got.y, expected().y);
  }
}

/// A pool that cancels when a run has begun.
struct CancellingPool {
  IngotSession *session = nullptr;
  IngotPool pool = {sizeof(IngotPool), 2, this, [](void *user, void (*function)(void *, uint32_t), void *argument) {
                      ingot_session_cancel(static_cast<CancellingPool *>(user)->session);
                      std::thread other(function, argument, 1);
                      function(argument, 0);
                      other.join();
                    }};
};

TEST(Embedding, GeneratedCodeStopsBetweenRegions) {
  CancellingPool pool;
  IngotSessionOptions options = {};
  options.struct_size = sizeof options;
  options.pool = &pool.pool;
  ASSERT_EQ(dense_open(&options, &pool.session), INGOT_OK);
  Numbers got;
  std::fill(got.largest.begin(), got.largest.end(), -1.0f);
  EXPECT_EQ(dense_run(pool.session, got.x.data(), got.y.data(), got.largest.data()), INGOT_CANCELLED);
  EXPECT_EQ(got.largest, std::vector<float>(kRows, -1.0f)) << "the second region has run";
  ingot_session_close(&pool.session);
}

TEST(Embedding, RunsWithoutAllocating) {
  for (uint32_t threads : {1, 2}) {
    Session session(threads);
    ASSERT_EQ(session.status, INGOT_OK);
    Numbers numbers;
    IngotStatus status = INGOT_OK;
    const long before = allocationCount();
    for (int i = 0; i < 3 && status == INGOT_OK; ++i)
      status = dense_run(session.session, numbers.x.data(), numbers.y.data(), numbers.largest.data());
    const long after = allocationCount();
    EXPECT_EQ(status, INGOT_OK);
    EXPECT_EQ(after, before) << threads;
  }
}

TEST(Embedding, SessionsShareTheModel) {
  Session first(1), second(1);
  Numbers a, b;
  std::fill(b.x.begin(), b.x.end(), 0.0f);
  ASSERT_EQ(dense_run(first.session, a.x.data(), a.y.data(), a.largest.data()), INGOT_OK);
  ASSERT_EQ(dense_run(second.session, b.x.data(), b.y.data(), b.largest.data()), INGOT_OK);
  EXPECT_EQ(a.y, expected().y);
  EXPECT_EQ(b.largest, std::vector<float>(kRows, 1.0f));
}

// The whole way to exit code 3 is tested with a program in test/runtime/ProgramTest.cpp; here it is a compiled model that asks for too much.
TEST(Embedding, RefusesACpuThatCannotRunIt) {
  std::vector<IngotVariant> variants(dense_model.variants, dense_model.variants + dense_model.variant_count);
  for (IngotVariant &variant : variants)
    variant.features |= uint64_t(1) << 63;
  IngotModel model = dense_model;
  model.variants = variants.data();
  Session session(1, &model);
  EXPECT_EQ(session.status, INGOT_UNSUPPORTED_MACHINE);
  EXPECT_EQ(session.session, nullptr);
}
