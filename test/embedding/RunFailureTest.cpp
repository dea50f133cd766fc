// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values that a model cannot process: the run says in which node, nothing outside of the buffers is touched, and the session goes on.
#include "lookup.h"
#include "lookup_plain.h"
#include "gtest/gtest.h"

#include <climits>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

namespace {

constexpr int kCount = 64, kWidth = 32, kRows = 4;

struct Data {
  std::vector<float> table = std::vector<float>(kRows * kWidth), y = std::vector<float>(kCount * kWidth + 2 * kWidth, -1.0f);
  std::vector<int64_t> rows = std::vector<int64_t>(kCount);
  std::vector<int32_t> numbers = std::vector<int32_t>(kCount), divisors = std::vector<int32_t>(kCount), quotients = std::vector<int32_t>(kCount);

  Data() {
    for (int i = 0; i < kRows * kWidth; ++i)
      table[i] = static_cast<float>(i);
    for (int i = 0; i < kCount; ++i) {
      rows[i] = i % (2 * kRows) - kRows; // from the first to the last that is allowed
      numbers[i] = i * 7 - 100;
      divisors[i] = i % 2 ? i : -i - 1;
    }
  }

  IngotStatus run(IngotSession *session) {
    const void *inputs[] = {table.data(), rows.data(), numbers.data(), divisors.data()};
    void *outputs[] = {y.data() + kWidth, quotients.data()}; // a row before and one behind must stay as they are
    return ingot_session_run(session, inputs, outputs);
  }

  void expectRight() const {
    for (int i = 0; i < kCount; ++i) {
      int64_t row = rows[i] < 0 ? rows[i] + kRows : rows[i];
      for (int j = 0; j < kWidth; ++j)
        ASSERT_EQ(y[(i + 1) * kWidth + j], table[row * kWidth + j]) << i << ", " << j;
      ASSERT_EQ(quotients[i], divisors[i] == -1 && numbers[i] == INT_MIN ? INT_MIN : numbers[i] / divisors[i]) << i;
    }
    expectBorder();
  }

  void expectBorder() const {
    for (int j = 0; j < kWidth; ++j) {
      ASSERT_EQ(y[j], -1.0f);
      ASSERT_EQ(y[(kCount + 1) * kWidth + j], -1.0f);
    }
  }
};

using Parameter = std::tuple<const IngotModel *, uint32_t>;

class RunFailure : public testing::TestWithParam<Parameter> {
protected:
  RunFailure() {
    IngotSessionOptions options = {};
    options.struct_size = sizeof options;
    options.threads = std::get<1>(GetParam());
    status = ingot_session_open(std::get<0>(GetParam()), &options, &session);
  }
  ~RunFailure() override { ingot_session_close(&session); }

  /// The run must fail with `words` in its text; then a good one must give the right numbers.
  void expectFailure(Data data, std::vector<std::string> words) {
    ASSERT_EQ(status, INGOT_OK);
    ASSERT_EQ(data.run(session), INGOT_RUN_FAILURE);
    const std::string text = ingot_session_error(session);
    for (const std::string &word : words)
      EXPECT_NE(text.find(word), std::string::npos) << text;
    data.expectBorder();
    Data good;
    ASSERT_EQ(good.run(session), INGOT_OK);
    EXPECT_STREQ(ingot_session_error(session), "");
    good.expectRight();
  }

  IngotSession *session = nullptr;
  IngotStatus status;
};

INSTANTIATE_TEST_SUITE_P(Models, RunFailure, testing::Combine(testing::Values(&lookup_model, &lookup_plain_model), testing::Values(1u, 2u)));

} // namespace

TEST_P(RunFailure, GoodRunsHaveNoError) {
  ASSERT_EQ(status, INGOT_OK);
  Data data;
  ASSERT_EQ(data.run(session), INGOT_OK);
  EXPECT_STREQ(ingot_session_error(session), "");
  data.expectRight();
}

TEST_P(RunFailure, IndexOutOfRange) {
  for (int64_t index : {int64_t(kRows), int64_t(-kRows - 1), INT64_MAX, INT64_MIN, int64_t(1) << 32})
    for (int place : {0, kCount / 2, kCount - 1}) { // in the share of either thread
      Data data;
      data.rows[place] = index;
      expectFailure(data, {"embedding", "Gather", "index out of range"});
    }
}

TEST_P(RunFailure, DivisionByZero) {
  for (int place : {0, 1, kCount - 1}) {
    Data data;
    data.divisors[place] = 0;
    expectFailure(data, {"ratio", "Div", "division by zero"});
  }
}

TEST_P(RunFailure, OneOfTwoFailuresIsNamed) {
  Data data;
  data.rows[3] = 99;
  data.divisors[60] = 0;
  ASSERT_EQ(data.run(session), INGOT_RUN_FAILURE);
  const std::string text = ingot_session_error(session);
  EXPECT_TRUE(text.find("embedding") != std::string::npos || text.find("ratio") != std::string::npos) << text;
}

TEST_P(RunFailure, TheSmallestNumberDividedByMinusOneWraps) {
  ASSERT_EQ(status, INGOT_OK);
  Data data;
  for (int i = 0; i < kCount; i += 3) {
    data.numbers[i] = INT_MIN;
    data.divisors[i] = -1;
  }
  ASSERT_EQ(data.run(session), INGOT_OK);
  data.expectRight();
}

TEST_P(RunFailure, ARefusedRunForgetsTheError) {
  ASSERT_EQ(status, INGOT_OK);
  Data data;
  data.rows[0] = kRows;
  ASSERT_EQ(data.run(session), INGOT_RUN_FAILURE);
  ASSERT_EQ(ingot_session_run(session, nullptr, nullptr), INGOT_INVALID_ARGUMENT);
  EXPECT_STREQ(ingot_session_error(session), "the list of inputs is null");
}
