// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compiled model with open dims, through the C interface: one session for many sizes, and what it refuses.
#include "open.h"
#include "test/runtime/AllocationCount.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace {

using Floats = std::vector<float>;
using Dims = std::vector<int64_t>;

struct Session {
  IngotSession *session = nullptr;
  IngotStatus status;

  explicit Session(uint32_t threads, void *arena = nullptr, uint64_t bytes = 0) : Session(optionsOf(threads, arena, bytes)) {}
  explicit Session(const IngotSessionOptions &options) { status = ingot_session_open(&open_model, &options, &session); }
  ~Session() { ingot_session_close(&session); }

  static IngotSessionOptions optionsOf(uint32_t threads, void *arena = nullptr, uint64_t bytes = 0) {
    IngotSessionOptions options = {};
    options.struct_size = sizeof options;
    options.threads = threads;
    options.arena = arena;
    options.arena_bytes = bytes;
    return options;
  }

  IngotStatus run(Floats &a, const Dims &aDims, Floats &b, const Dims &bDims, Floats &joined, Floats &total) {
    const IngotTensor inputs[] = {{a.data(), aDims.data(), nullptr}, {b.data(), bDims.data(), nullptr}};
    IngotTensor outputs[] = {{joined.data(), nullptr, nullptr}, {total.data(), nullptr, nullptr}};
    return ingot_session_run_tensors(session, inputs, outputs);
  }
};

void checkSize(Session &session, int64_t batch, int64_t width) {
  Floats a(batch * width), b(batch * width), joined(2 * batch * width), total(batch);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<float>((i * 37) % 101) - 50;
    b[i] = static_cast<float>((i * 53) % 89) - 44;
  }
  const Dims dims = {batch, width};
  ASSERT_EQ(session.run(a, dims, b, dims, joined, total), INGOT_OK) << ingot_session_error(session.session);
  Floats largest(width, -1000);
  for (size_t i = 0; i < a.size(); ++i)
    largest[i % width] = std::max(largest[i % width], a[i] + b[i]);
  for (int64_t row = 0; row < batch; ++row) {
    float sum = 0;
    for (int64_t i = 0; i < width; ++i) {
      const float positive = std::max(a[row * width + i] + b[row * width + i] + largest[i], 0.0f);
      sum += positive;
      ASSERT_EQ(joined[row * 2 * width + i], positive) << batch << 'x' << width;
      ASSERT_EQ(joined[row * 2 * width + width + i], a[row * width + i]) << batch << 'x' << width;
    }
    ASSERT_EQ(total[row], sum) << batch << 'x' << width; // whole numbers: exact in any order
  }
}

} // namespace

TEST(OpenDims, TheModelTellsItsSymbols) {
  ASSERT_EQ(open_model.symbol_count, 3u);
  EXPECT_STREQ(open_model.symbols[0].name, "batch");
  EXPECT_EQ(open_model.symbols[0].minimum, 1);
  EXPECT_EQ(open_model.symbols[0].maximum, 64);
  EXPECT_EQ(open_model.inputs[0].dims[1], -2);
  EXPECT_EQ(open_model.symbols[2].kind, INGOT_SYMBOL_COMPUTED);
  EXPECT_STREQ(open_model.symbols[2].name, "width * 2");
  EXPECT_EQ(open_model.outputs[0].dims[1], -3);
}

TEST(OpenDims, OneSessionRunsAllSizes) {
  for (uint32_t threads : {1, 2, 3}) {
    Session session(threads);
    ASSERT_EQ(session.status, INGOT_OK) << ingot_status_text(session.status);
    for (auto [batch, width] : {std::pair(1, 1), {64, 300}, {3, 17}, {1, 300}, {64, 1}, {2, 2}, {7, 33}, {63, 299}})
      checkSize(session, batch, width);
    EXPECT_EQ(ingot_session_values(session.session)[2], 2 * 299);
  }
}

TEST(OpenDims, TheArenaMayBeThatOfTheSizes) {
  const int64_t small[] = {2, 40, 0}, large[] = {64, 300, 0};
  IngotMemory forSmall = {}, forLarge = {};
  ASSERT_EQ(ingot_model_memory_required(&open_model, nullptr, small, &forSmall), INGOT_OK);
  ASSERT_EQ(ingot_model_memory_required(&open_model, nullptr, large, &forLarge), INGOT_OK);
  EXPECT_LT(forSmall.arena_bytes, forLarge.arena_bytes);
  IngotMemory most = {};
  ASSERT_EQ(ingot_model_memory_required(&open_model, nullptr, nullptr, &most), INGOT_OK);
  EXPECT_EQ(most.arena_bytes, forLarge.arena_bytes);
  alignas(64) static char arena[1 << 12];
  ASSERT_LE(forSmall.arena_bytes, sizeof arena);
  Session session(1, arena, forSmall.arena_bytes);
  ASSERT_EQ(session.status, INGOT_OK) << ingot_status_text(session.status);
  checkSize(session, 2, 40);
  Floats a(64 * 300), b(64 * 300), joined(2 * 64 * 300), total(64);
  EXPECT_EQ(session.run(a, {64, 300}, b, {64, 300}, joined, total), INGOT_ARENA_TOO_SMALL);
  checkSize(session, 1, 3);
}

TEST(OpenDims, AnArenaGrowsWithTheSizes) {
  struct Memory {
    std::vector<size_t> taken;
    size_t released = 0;
  } memory;
  IngotSessionOptions options = Session::optionsOf(2);
  options.flags = INGOT_GROWING_ARENA;
  options.user = &memory;
  options.allocate = [](void *user, size_t bytes, size_t alignment) {
    static_cast<Memory *>(user)->taken.push_back(bytes);
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  };
  options.release = [](void *user, void *block, size_t) {
    ++static_cast<Memory *>(user)->released;
    std::free(block);
  };
  IngotMemory opened, forSmall, forLarge;
  const int64_t small[] = {1, 2, 0}, large[] = {8, 100, 0};
  ASSERT_EQ(ingot_model_memory_required(&open_model, &options, nullptr, &opened), INGOT_OK);
  ASSERT_EQ(ingot_model_memory_required(&open_model, &options, small, &forSmall), INGOT_OK);
  ASSERT_EQ(ingot_model_memory_required(&open_model, &options, large, &forLarge), INGOT_OK);
  EXPECT_EQ(opened.arena_bytes, 0u);
  {
    Session session(options);
    ASSERT_EQ(session.status, INGOT_OK);
    EXPECT_EQ(memory.taken.size(), 1u); // the session alone
    checkSize(session, 1, 2);
    EXPECT_EQ(memory.taken.back(), forSmall.arena_bytes);
    checkSize(session, 8, 100);
    EXPECT_EQ(memory.taken.back(), forLarge.arena_bytes);
    checkSize(session, 1, 2);
    checkSize(session, 8, 100);
    EXPECT_EQ(memory.taken.size(), 3u);
  }
  EXPECT_EQ(memory.released, memory.taken.size());
}

TEST(OpenDims, WrongSizesAreRefusedByName) {
  Session session(1);
  ASSERT_EQ(session.status, INGOT_OK);
  Floats a(70 * 301), b(70 * 301), joined(2 * 70 * 301), total(70);
  EXPECT_EQ(session.run(a, {65, 2}, b, {65, 2}, joined, total), INGOT_WRONG_SHAPE);
  EXPECT_NE(std::string(ingot_session_error(session.session)).find("batch"), std::string::npos);
  EXPECT_EQ(session.run(a, {4, 2}, b, {4, 3}, joined, total), INGOT_WRONG_SHAPE);
  EXPECT_NE(std::string(ingot_session_error(session.session)).find("width"), std::string::npos);
  EXPECT_EQ(session.run(a, {0, 2}, b, {0, 2}, joined, total), INGOT_WRONG_SHAPE);
  const IngotTensor noDims[] = {{a.data(), nullptr, nullptr}, {b.data(), nullptr, nullptr}};
  IngotTensor outputs[] = {{joined.data(), nullptr, nullptr}, {total.data(), nullptr, nullptr}};
  EXPECT_EQ(ingot_session_run_tensors(session.session, noDims, outputs), INGOT_WRONG_SHAPE);
  checkSize(session, 5, 6);
}

TEST(OpenDims, ARunAllocatesNothing) {
  Session session(2);
  ASSERT_EQ(session.status, INGOT_OK);
  Floats a(64 * 300), b(64 * 300), joined(2 * 64 * 300), total(64);
  const Dims dims[] = {{1, 300}, {64, 3}, {9, 77}};
  const long before = allocationCount();
  for (const Dims &size : dims)
    EXPECT_EQ(session.run(a, size, b, size, joined, total), INGOT_OK);
  EXPECT_EQ(allocationCount(), before);
}
