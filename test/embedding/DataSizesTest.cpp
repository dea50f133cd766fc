// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Results whose sizes follow from data: the run tells them, refuses those that are out of their range, and the session goes on.
#include "sizes.h"
#include "sizes_plain.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace {

constexpr int kRows = 4, kWidth = 9;
constexpr int64_t kRoom = 4096; // of each size, at most

struct Data {
  std::vector<float> x = std::vector<float>(kRows * kWidth);
  int64_t k = 3, start = 5, limit = 21, step = 4, trips = 2;
  std::vector<std::vector<char>> outputs;

  Data() {
    for (int i = 0; i < kRows * kWidth; ++i)
      x[i] = static_cast<float>(i % 5);
  }

  IngotStatus run(const IngotModel *model, IngotSession *session) {
    constexpr size_t kBorder = 64;
    std::vector<IngotTensor> inputs, places;
    for (void *input : std::initializer_list<void *>{x.data(), &k, &start, &limit, &step, &trips})
      inputs.push_back({input, nullptr, nullptr});
    std::vector<std::vector<int64_t>> rooms;
    for (uint32_t i = 0; i < model->output_count; ++i) {
      const IngotTensorInfo &info = model->outputs[i];
      rooms.emplace_back(info.dims, info.dims + info.rank);
      size_t bytes = 8;
      for (int64_t &dim : rooms.back()) {
        dim = dim >= 0 ? dim : std::min(model->symbols[-1 - dim].maximum, kRoom);
        bytes *= dim;
      }
      outputs.emplace_back(bytes + kBorder, '\x55');
      places.push_back({outputs[i].data(), rooms.back().data(), nullptr});
    }
    IngotStatus status = ingot_session_run_tensors(session, inputs.data(), places.data());
    for (const std::vector<char> &output : outputs)
      EXPECT_EQ(std::count(output.end() - kBorder, output.end(), '\x55'), static_cast<long>(kBorder));
    return status;
  }

  template <typename T> const T *output(int i) const { return reinterpret_cast<const T *>(outputs[i].data()); }
};

using Parameter = std::tuple<const IngotModel *, uint32_t>;

class DataSizes : public testing::TestWithParam<Parameter> {
protected:
  DataSizes() : model(std::get<0>(GetParam())) {
    IngotSessionOptions options = {};
    options.struct_size = sizeof options;
    options.threads = std::get<1>(GetParam());
    status = ingot_session_open(model, &options, &session);
  }
  ~DataSizes() override { ingot_session_close(&session); }

  /// The dims of the last run's output, as the session tells them.
  std::vector<int64_t> dimsOf(int output) const {
    const IngotTensorInfo &info = model->outputs[output];
    std::vector<int64_t> dims;
    dims.reserve(info.rank);
    for (int i = 0; i < info.rank; ++i)
      dims.push_back(info.dims[i] >= 0 ? info.dims[i] : ingot_session_values(session)[-1 - info.dims[i]]);
    return dims;
  }

  void expectRight() {
    Data data;
    ASSERT_EQ(data.run(model, session), INGOT_OK) << ingot_session_error(session);
    EXPECT_STREQ(ingot_session_error(session), "");
    using Dims = std::vector<int64_t>;
    EXPECT_EQ(dimsOf(0), (Dims{kRows, 3}));
    EXPECT_EQ(dimsOf(1), (Dims{4}));
    EXPECT_EQ(dimsOf(2), (Dims{2, 4}));
    EXPECT_EQ(dimsOf(3), (Dims{2, 28})); // 8 of the 36 elements are 0
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(data.output<int64_t>(1)[i], 5 + 4 * i);
    for (int i = 0; i < 8; ++i) {
      const int row = i / 4, column = i % 4;
      EXPECT_EQ(data.output<float>(2)[i], static_cast<float>((column + 1) * (row + 1)));
    }
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(data.output<float>(0)[i], i == 2 ? 3.0f : 4.0f - static_cast<float>(i > 0));
    EXPECT_EQ(data.output<int64_t>(3)[0], 0);
    EXPECT_EQ(data.output<int64_t>(3)[28], 1); // the columns are behind all rows
  }

  /// The run must fail with `words` in its text; then a good one must give the right numbers.
  void expectFailure(Data data, const std::vector<std::string> &words) {
    ASSERT_EQ(status, INGOT_OK);
    ASSERT_EQ(data.run(model, session), INGOT_RUN_FAILURE);
    const std::string text = ingot_session_error(session);
    for (const std::string &word : words)
      EXPECT_NE(text.find(word), std::string::npos) << text;
    expectRight();
  }

  const IngotModel *model;
  IngotSession *session = nullptr;
  IngotStatus status;
};

INSTANTIATE_TEST_SUITE_P(Models, DataSizes, testing::Combine(testing::Values(&sizes_model, &sizes_plain_model), testing::Values(1u, 2u)));

} // namespace

TEST_P(DataSizes, AreTold) {
  ASSERT_EQ(status, INGOT_OK);
  std::map<std::string, const IngotSymbol *> symbols;
  for (uint32_t i = 0; i < model->symbol_count; ++i)
    symbols[model->symbols[i].name] = &model->symbols[i];
  for (const char *name : {"best.k", "numbers.count", "steps.count", "found.count"}) {
    ASSERT_TRUE(symbols.contains(name)) << name;
    EXPECT_EQ(symbols[name]->kind, INGOT_SYMBOL_RESULT) << name;
  }
  EXPECT_EQ(symbols["best.k"]->maximum, kWidth);
  EXPECT_EQ(symbols["found.count"]->maximum, kRows * kWidth);
  expectRight();
}

TEST_P(DataSizes, OpeningTakesWhatIsSaid) {
  std::vector<size_t> taken;
  IngotSessionOptions options = {};
  options.struct_size = sizeof options;
  options.threads = std::get<1>(GetParam());
  options.user = &taken;
  options.allocate = [](void *user, size_t bytes, size_t alignment) {
    static_cast<std::vector<size_t> *>(user)->push_back(bytes);
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  };
  options.release = [](void *, void *memory, size_t) { std::free(memory); };
  IngotMemory memory;
  ASSERT_EQ(ingot_model_memory_required(model, &options, nullptr, &memory), INGOT_OK);
  IngotSession *own = nullptr;
  ASSERT_EQ(ingot_session_open(model, &options, &own), INGOT_OK);
  EXPECT_EQ(taken, (std::vector<size_t>{memory.session_bytes, memory.arena_bytes}));
  Data data;
  EXPECT_EQ(data.run(model, own), INGOT_OK) << ingot_session_error(own);
  EXPECT_EQ(taken.size(), 2u); // nothing was larger than the first rooms
  data.limit = data.start + 1000 * data.step;
  Data more = data;
  more.outputs.clear();
  EXPECT_EQ(more.run(model, own), INGOT_OK) << ingot_session_error(own);
  EXPECT_EQ(taken.size(), 3u);
  ingot_session_close(&own);
}

TEST_P(DataSizes, MayBeNone) {
  ASSERT_EQ(status, INGOT_OK);
  Data data;
  data.x.assign(data.x.size(), 0.0f);
  data.k = 0;
  data.limit = data.start - 1;
  data.trips = -7;
  ASSERT_EQ(data.run(model, session), INGOT_OK) << ingot_session_error(session);
  EXPECT_EQ(dimsOf(0)[1], 0);
  EXPECT_EQ(dimsOf(1)[0], 0);
  EXPECT_EQ(dimsOf(2)[0], 0);
  EXPECT_EQ(dimsOf(3)[1], 0);
  expectRight();
}

TEST_P(DataSizes, MoreThanThereIs) {
  for (int64_t k : {int64_t(kWidth + 1), int64_t(-1), INT64_MAX, INT64_MIN}) {
    Data data;
    data.k = k;
    expectFailure(data, {"best", "TopK", "not within 0 to 9"});
  }
}

TEST_P(DataSizes, LongRanges) {
  for (auto [limit, step] : {std::pair(int64_t(1) << 30, int64_t(1)), std::pair(INT64_MAX, int64_t(1)), std::pair(INT64_MIN, int64_t(-1))}) {
    Data data;
    data.limit = limit;
    data.step = step;
    expectFailure(data, {"numbers", "Range"});
  }
}

TEST_P(DataSizes, RangesThatStandStill) {
  for (int64_t limit : {21, 5, -3}) {
    Data data;
    data.limit = limit;
    data.step = 0;
    expectFailure(data, {"numbers", "Range"});
  }
}

TEST_P(DataSizes, ManyTrips) {
  for (int64_t trips : {(int64_t(1) << 20) + 1, INT64_MAX}) {
    Data data;
    data.trips = trips;
    expectFailure(data, {"steps", "Loop"});
  }
}
