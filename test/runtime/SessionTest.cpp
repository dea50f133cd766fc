// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sessions over a model written by hand: right numbers for any number of threads, clear refusals of wrong arguments, no allocation in a run.
#include "AllocationCount.h"
#include "SmallModel.h"

#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace {

class SessionThreadsTest : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Threads, SessionThreadsTest, testing::Range(1u, 6u));

TEST_P(SessionThreadsTest, ComputesTheModel) {
  Model model;
  Session session(model.model, GetParam());
  ASSERT_EQ(session.status, INGOT_OK);
  EXPECT_EQ(ingot_session_threads(session.handle), GetParam());
  for (int repeat = 0; repeat < 100; ++repeat) {
    Buffers buffers;
    buffers.x[0] = static_cast<float>(repeat);
    ASSERT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_OK);
    for (int64_t i = 0; i < size; ++i) {
      ASSERT_EQ(buffers.y[i], buffers.x[i] * 2 + weights[i]) << i;
      ASSERT_EQ(buffers.z[i], buffers.y[size - 1 - i]) << i;
    }
  }
}

TEST_P(SessionThreadsTest, RunAllocatesNothing) {
  Model model;
  Session session(model.model, GetParam());
  ASSERT_EQ(session.status, INGOT_OK);
  Buffers buffers;
  const long before = allocationCount();
  bool ok = true;
  for (int repeat = 0; repeat < 100; ++repeat)
    ok &= ingot_session_run(session.handle, buffers.inputs, buffers.outputs) == INGOT_OK;
  EXPECT_EQ(allocationCount() - before, 0);
  EXPECT_TRUE(ok);
}

TEST(SessionTest, AllocationsAreCounted) { // or the test above could not fail
  const long before = allocationCount();
  std::vector<int> *vector = new std::vector<int>(10);
  EXPECT_GE(allocationCount() - before, 2);
  delete vector;
}

TEST(SessionTest, TwoSessionsShareAModel) {
  Model model;
  Session first(model.model, 2), second(model.model, 1);
  Buffers a, b;
  b.x[5] = 100;
  ASSERT_EQ(ingot_session_run(first.handle, a.inputs, a.outputs), INGOT_OK);
  ASSERT_EQ(ingot_session_run(second.handle, b.inputs, b.outputs), INGOT_OK);
  EXPECT_EQ(b.y[5], 200);
  EXPECT_NE(a.y[5], 200);
}

TEST(SessionTest, ZeroThreadsMeansUsableCores) {
  Model model;
  IngotSession *session = nullptr;
  ASSERT_EQ(ingot_session_open(&model.model, nullptr, &session), INGOT_OK);
  EXPECT_EQ(ingot_session_threads(session), ingot_usable_cores());
  ingot_session_close(&session);
  EXPECT_EQ(session, nullptr);
}

TEST(SessionTest, RunFailureIsReturnedAndForgotten) {
  Model model;
  Session session(model.model);
  Buffers buffers;
  buffers.x[0] = -1;
  EXPECT_STREQ(ingot_session_error(session.handle), "");
  EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_RUN_FAILURE);
  EXPECT_STREQ(ingot_session_error(session.handle), "node 'a': index out of range");
  buffers.x[0] = -2;
  EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_RUN_FAILURE);
  EXPECT_STREQ(ingot_session_error(session.handle), "node 'b': division by zero");
  buffers.x[0] = -3; // a site that the model does not list
  EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_RUN_FAILURE);
  EXPECT_STREQ(ingot_session_error(session.handle), ingot_status_text(INGOT_RUN_FAILURE));
  buffers.x[0] = 1;
  EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_OK);
  EXPECT_STREQ(ingot_session_error(session.handle), "");
}

void arenaRun(IngotCall *call, int64_t, int64_t) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(call->arena);
  static_cast<float *>(call->outputs[0])[0] = address != 0 && address % 64 == 0;
}

TEST(SessionTest, ArenaIsAlignedForAnySize) {
  for (uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{65}, uint64_t{1} << 20, (uint64_t{5} << 20) + 3}) {
    Model model;
    model.variants[0].run = arenaRun;
    model.variants[0].arena_bytes = bytes;
    Session session(model.model, 1);
    Buffers buffers;
    ASSERT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_OK);
    EXPECT_EQ(buffers.y[0], 1) << bytes << " bytes";
  }
}

void scratchRun(IngotCall *call, int64_t thread, int64_t) {
  uint8_t *mine = call->scratch + 192 * thread;
  memset(mine, static_cast<int>(thread) + 1, 192);
  if (ingot_team_barrier(call->team))
    return;
  bool isMine = reinterpret_cast<uintptr_t>(mine) % 64 == 0;
  for (int64_t i = 0; i < 192; ++i)
    isMine &= mine[i] == thread + 1;
  static_cast<float *>(call->outputs[0])[thread] = isMine;
}

uint64_t sessionBytes(const IngotModel &model, uint32_t threads) {
  const IngotSessionOptions options = Session::withThreads(threads);
  IngotMemory memory = {};
  EXPECT_EQ(ingot_model_memory_required(&model, &options, nullptr, &memory), INGOT_OK);
  return memory.session_bytes;
}

TEST(SessionTest, EveryThreadHasScratchMemoryOfItsOwn) {
  for (uint32_t threads : {1u, 2u, 5u}) {
    Model model;
    model.variants[0].run = scratchRun;
    const uint64_t before = sessionBytes(model.model, threads);
    model.model.scratch_bytes = 192;
    EXPECT_EQ(sessionBytes(model.model, threads), before + 192 * threads);
    Session session(model.model, threads);
    Buffers buffers;
    ASSERT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_OK);
    for (uint32_t thread = 0; thread < threads; ++thread)
      EXPECT_EQ(buffers.y[thread], 1) << thread << " of " << threads;
  }
}

TEST(SessionTest, RefusesWrongTensorPointers) {
  Model model;
  Session session(model.model);
  Buffers buffers;
  EXPECT_EQ(ingot_session_run(nullptr, buffers.inputs, buffers.outputs), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_session_run(session.handle, nullptr, buffers.outputs), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, nullptr), INGOT_INVALID_ARGUMENT);
  const void *missing[1] = {nullptr};
  EXPECT_EQ(ingot_session_run(session.handle, missing, buffers.outputs), INGOT_INVALID_ARGUMENT);
  const void *odd[1] = {reinterpret_cast<const char *>(buffers.x.data()) + 1};
  EXPECT_EQ(ingot_session_run(session.handle, odd, buffers.outputs), INGOT_MISALIGNED);
  EXPECT_STREQ(ingot_session_error(session.handle), "input 'x' is not aligned to its elements of 4 bytes");
  void *oddOutput[2] = {buffers.y.data(), reinterpret_cast<char *>(buffers.z.data()) + 2};
  EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, oddOutput), INGOT_MISALIGNED);
  EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_OK);
  EXPECT_STREQ(ingot_session_error(session.handle), "");
}

TEST(SessionTest, RefusesWrongModelsAndOptions) {
  const auto statusOf = [](auto change, uint32_t threads = 1) {
    Model model;
    change(model);
    Session session(model.model, threads);
    EXPECT_EQ(session.handle, nullptr);
    return session.status;
  };
  EXPECT_EQ(statusOf([](Model &m) { m.model.struct_size -= 4; }), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) { m.model.abi_version = 2; }), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) { m.model.scratch_bytes = 100; }), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) { m.model.scratch_bytes = uint64_t{1} << 60; }), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) { m.model.weights += 4; }), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) { m.model.weights = nullptr; }), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) { m.model.inputs = nullptr; }), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) { m.model.variant_count = 0; }), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) { m.variants[0].run = nullptr; }), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) { m.inputs[0].element_type = 8; }), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) {}, 100000), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(statusOf([](Model &m) { m.variants[0].features = uint64_t{1} << 63; }), INGOT_UNSUPPORTED_MACHINE);
  EXPECT_EQ(statusOf([](Model &m) { m.variants[0].arena_bytes = uint64_t{1} << 62; }), INGOT_OUT_OF_MEMORY);

  Model model;
  IngotSession *session = nullptr;
  EXPECT_EQ(ingot_session_open(nullptr, nullptr, &session), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_session_open(&model.model, nullptr, nullptr), INGOT_INVALID_ARGUMENT);
  IngotSessionOptions old = {};
  old.struct_size = 4;
  EXPECT_EQ(ingot_session_open(&model.model, &old, &session), INGOT_INVALID_ARGUMENT);
  ingot_session_close(nullptr);
}

TEST(SessionTest, EveryStatusHasAText) {
  for (int status = INGOT_OK; status <= INGOT_NOT_CONTIGUOUS; ++status)
    EXPECT_STRNE(ingot_status_text(static_cast<IngotStatus>(status)), "unknown status");
  EXPECT_STREQ(ingot_status_text(static_cast<IngotStatus>(15)), "unknown status");
}

} // namespace
