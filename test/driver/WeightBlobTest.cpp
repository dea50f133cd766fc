// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Driver/WeightBlob.h"

#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/RecipeRunner.h"
#include "compiler/Init/Init.h"
#include "mlir/Parser/Parser.h"
#include "passes/Weights/WeightStore.h"
#include "gtest/gtest.h"

#include <cstring>
#include <numeric>

using namespace mlir;
using namespace ingot;

namespace {

class WeightBlob : public testing::Test {
protected:
  WeightBlob() {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// A weight of ascending numbers that lies off its alignment, as in a mapped file. Returns its number.
  int64_t addWeight(ArrayRef<int64_t> shape, float first) {
    auto type = RankedTensorType::get(shape, Float32Type::get(&context));
    std::vector<float> values(type.getNumElements());
    std::iota(values.begin(), values.end(), first);
    auto memory = std::make_shared<std::string>(1 + values.size() * sizeof(float), 0);
    std::memcpy(memory->data() + 1, values.data(), values.size() * sizeof(float));
    return weights.add("w", type, ArrayRef<char>(memory->data() + 1, values.size() * sizeof(float)), memory);
  }

  absl::Status write(StringRef text) {
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return absl::InternalError("the test's module does not parse");
    absl::StatusOr<std::unique_ptr<RecipeRunner>> recipes = RecipeRunner::create(*module, DiagnosticCollector(context));
    if (!recipes.ok())
      return recipes.status();
    blob.clear();
    llvm::raw_string_ostream stream(blob);
    return writeWeightBlob(*module, weights, recipes->get(), stream);
  }

  std::vector<float> floatsAt(size_t offset, size_t count) const {
    std::vector<float> values(count);
    EXPECT_LE(offset + count * sizeof(float), blob.size());
    std::memcpy(values.data(), blob.data() + offset, count * sizeof(float));
    return values;
  }

  MLIRContext context;
  WeightStore weights;
  OwningOpRef<ModuleOp> module;
  std::string blob;
};

using Floats = std::vector<float>;

} // namespace

TEST_F(WeightBlob, WritesWeightsAndInlineConstantsAtTheirOffsets) {
  addWeight({2, 2}, 1);
  absl::Status status = write(R"(module attributes {ingot.weight_layout = [
    {offset = 0 : i64, value = dense<[true, false, true]> : tensor<3xi1>},
    {offset = 64 : i64, value = #ingot.weight<0, "w"> : tensor<4xf32>},
    {offset = 128 : i64, value = dense<7.0> : tensor<2xf32>}]} {})");
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(weightBlobBytes(*module), 136u);
  ASSERT_EQ(blob.size(), 136u);
  EXPECT_EQ(blob.substr(0, 4), std::string("\1\0\1\0", 4));
  EXPECT_EQ(floatsAt(64, 4), (Floats{1, 2, 3, 4}));
  EXPECT_EQ(floatsAt(128, 2), (Floats{7, 7}));
}

TEST_F(WeightBlob, RunsRecipesOnTheirOwnInputs) {
  addWeight({2, 2}, 1);
  addWeight({2, 2}, 10);
  absl::Status status = write(R"(module attributes {ingot.weight_layout = [
    {offset = 0 : i64, value = #ingot.recipe<@recipes::@join, [#ingot.weight<0, "a"> : tensor<2x2xf32>, #ingot.weight<1, "b"> : tensor<2x2xf32>, dense<[[5.0, 6.0]]> : tensor<1x2xf32>]> : tensor<5x2xf32>},
    {offset = 64 : i64, value = #ingot.recipe<@recipes::@turn, [#ingot.weight<1, "b"> : tensor<2x2xf32>]> : tensor<2x2xf32>},
    {offset = 128 : i64, value = #ingot.recipe<@recipes::@turn, [#ingot.recipe<@recipes::@turn, [#ingot.weight<0, "a"> : tensor<2x2xf32>]> : tensor<2x2xf32>]> : tensor<2x2xf32>}]} {
    module @recipes {
      func.func @join(%a: tensor<2x2xf32>, %b: tensor<2x2xf32>, %c: tensor<1x2xf32>) -> tensor<5x2xf32> {
        %y = ingot.concat %b, %a, %c axis 0 : (tensor<2x2xf32>, tensor<2x2xf32>, tensor<1x2xf32>) -> tensor<5x2xf32>
        return %y : tensor<5x2xf32>
      }
      func.func @turn(%a: tensor<2x2xf32>) -> tensor<2x2xf32> {
        %two = ingot.constant dense<2.0> : tensor<f32>
        %t = ingot.transpose %a [1, 0] : tensor<2x2xf32> -> tensor<2x2xf32>
        %y = ingot.binary mul %t, %two : tensor<2x2xf32>, tensor<f32> -> tensor<2x2xf32>
        return %y : tensor<2x2xf32>
      }
    }
  })");
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(floatsAt(0, 10), (Floats{10, 11, 12, 13, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(floatsAt(64, 4), (Floats{20, 24, 22, 26}));
  EXPECT_EQ(floatsAt(128, 4), (Floats{4, 8, 12, 16})); // a recipe of a recipe
}

TEST_F(WeightBlob, NamesAWeightThatDoesNotFitItsType) {
  addWeight({2, 2}, 1);
  absl::Status status =
      write(R"(module attributes {ingot.weight_layout = [{offset = 0 : i64, value = #ingot.weight<0, "conv.w"> : tensor<5xf32>}]} {})");
  EXPECT_NE(status.message().find("'conv.w' has 16 bytes, its type needs 20"), std::string::npos) << status.ToString();
}
