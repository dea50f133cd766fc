// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/TextInputs.h"

#include "compiler/Driver/UsageError.h"
#include "onnx/onnx_pb.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <gmock/gmock.h>

namespace ingot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int32_t kInt64 = onnx::TensorProto::INT64;

std::vector<int64_t> values(const InputTensor &tensor) {
  std::vector<int64_t> result(tensor.bytes.size() / sizeof(int64_t));
  std::memcpy(result.data(), tensor.bytes.data(), tensor.bytes.size());
  return result;
}

/// Pads with 9, on the side that is asked for.
std::unique_ptr<Tokenizer> tokenizer(bool padsLeft) {
  llvm::SmallString<128> path;
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("ingot-tokenizer", "json", path));
  std::error_code error;
  llvm::raw_fd_ostream(path, error) << R"({"model": {"type": "WordPiece", "vocab": {"[UNK]": 0}}, "padding": {"pad_id": 9, "direction": ")"
                                    << (padsLeft ? "Left" : "Right") << "\"}}";
  auto opened = Tokenizer::open(path.str().str());
  llvm::sys::fs::remove(path);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return std::move(*opened);
}

std::vector<ModelInput> inputs(std::vector<int64_t> dims) {
  return {{"input_ids", kInt64, dims, ""}, {"attention_mask", kInt64, dims, ""}, {"position_ids", kInt64, dims, ""}};
}

TEST(TextInputs, PadsABatchToItsLongestText) {
  auto filled = TextInputs::of(inputs({2, -1}), std::nullopt);
  ASSERT_TRUE(filled.ok()) << filled.status();
  EXPECT_EQ(filled->batch(), 2);
  auto tensors = filled->tensors({{{5, 6, 7}, {0, 0, 0}}, {{8}, {0}}}, *tokenizer(/*padsLeft=*/false));
  EXPECT_THAT(tensors["input_ids"].dims, ElementsAre(2, 3));
  EXPECT_THAT(values(tensors["input_ids"]), ElementsAre(5, 6, 7, 8, 9, 9));
  EXPECT_THAT(values(tensors["attention_mask"]), ElementsAre(1, 1, 1, 1, 0, 0));
  EXPECT_THAT(values(tensors["position_ids"]), ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST(TextInputs, PadsOnTheLeftWhereTheTokenizerDoes) {
  auto filled = TextInputs::of(inputs({-1, 4}), std::nullopt);
  ASSERT_TRUE(filled.ok());
  EXPECT_EQ(filled->longest(*tokenizer(true)), 4U);
  auto tensors = filled->tensors({{{5, 6}, {0, 0}}}, *tokenizer(/*padsLeft=*/true));
  EXPECT_THAT(values(tensors["input_ids"]), ElementsAre(9, 9, 5, 6));
  EXPECT_THAT(values(tensors["attention_mask"]), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(values(tensors["position_ids"]), ElementsAre(0, 0, 0, 1));
}

TEST(TextInputs, RefusesOtherInputs) {
  auto message = [](std::vector<ModelInput> all, std::optional<int64_t> tokens = {}) {
    return std::string(TextInputs::of(all, tokens).status().message());
  };
  EXPECT_THAT(message({{"past", kInt64, {-1}, ""}}), HasSubstr("also needs 'past'"));
  EXPECT_THAT(message({{"attention_mask", kInt64, {-1}, ""}}), HasSubstr("no input 'input_ids'"));
  EXPECT_THAT(message({{"input_ids", onnx::TensorProto::FLOAT, {-1}, ""}}), HasSubstr("is float32"));
  EXPECT_THAT(message({{"input_ids", kInt64, {1, 1, 4}, ""}}), HasSubstr("has 3 dims"));
  EXPECT_THAT(message({{"input_ids", kInt64, {1, 4}, ""}, {"attention_mask", kInt64, {1, 5}, ""}}), HasSubstr("4 and 5 tokens"));
  EXPECT_THAT(message({{"input_ids", kInt64, {1, 4}, ""}, {"attention_mask", kInt64, {2, 4}, ""}}), HasSubstr("1 and 2 texts"));
  EXPECT_TRUE(isUsageError(TextInputs::of(inputs({1, 4}), 8).status()));
}

} // namespace
} // namespace ingot
