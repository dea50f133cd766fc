// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What operators become, and what is refused.
#include "test/frontends/onnx/import/ImportFixture.h"

namespace ingot::importer {
namespace {

class ImportOps : public ImportFixture {};

TEST_F(ImportOps, KeepsNamesOfNodesAndValues) {
  std::string ir = import("g (float[2, 3] x) => (float[2, 3] y) { [first] h = Relu(x) [second] y = Neg(h) }");
  EXPECT_THAT(ir, AllOf(HasSubstr("ingot.unary relu"), HasSubstr("ingot.values = [\"h\"]"), HasSubstr("ingot.values = [\"y\"]"),
                        HasSubstr("ingot.name = \"x\""), HasSubstr("ingot.name = \"y\"")));
}

TEST_F(ImportOps, MakesSmallConstantsAttributesAndLargeOnesWeights) {
  onnx::ModelProto proto = model("g (float[1] x, float[4096] z) => (float[4096] y) { h = Add(x, w) t = Add(h, z) y = Add(t, v) }");
  *proto.mutable_graph()->add_initializer() = floats("w", {2.0f});
  *proto.mutable_graph()->add_initializer() = floats("v", std::vector<float>(4096, 1.0f));
  EXPECT_THAT(import(proto), AllOf(HasSubstr("dense<2.000000e+00>"), HasSubstr("#ingot.weight<0, \"v\">")));
}

TEST_F(ImportOps, ComposesOperatorsWithoutAnOperationOfTheirOwn) {
  std::string ir = import("g (float[2, 8] x, float[8] s, float[8] b) => (float[2, 8] y) { y = LayerNormalization(x, s, b) }");
  EXPECT_THAT(ir, AllOf(HasSubstr("ingot.norm standardize"), HasSubstr("ingot.binary mul"), HasSubstr("ingot.binary add")));
}

TEST_F(ImportOps, ReadsAttributesOfOldVersionsAndOperandsOfNewOnes) {
  std::string old = import("g (float[2, 3] x) => (float[2] y) { y = ReduceSum<axes = [1], keepdims = 0>(x) }", {}, "\"\": 11");
  std::string now = import("g (float[2, 3] x) => (float[2] y) { a = Constant<value_ints = [1]>() y = ReduceSum<keepdims = 0>(x, a) }");
  EXPECT_THAT(old, HasSubstr("ingot.reduce sum %arg0 axes [1]"));
  EXPECT_THAT(now, HasSubstr("ingot.reduce sum %arg0 axes [1]"));
}

TEST_F(ImportOps, TakesOpset7To28) {
  for (int opset : {7, 28})
    EXPECT_THAT(import("g (float[2] x) => (float[2] y) { y = Relu(x) }", {}, "\"\": " + std::to_string(opset)), HasSubstr("ingot.unary relu"));
  for (int opset : {6, 29})
    EXPECT_THAT(import("g (float[2] x) => (float[2] y) { y = Relu(x) }", {}, "\"\": " + std::to_string(opset)), HasSubstr("supported are 7 to 28"));
}

TEST_F(ImportOps, ReportsEveryNodeThatIsNotSupported) {
  std::string text = import("g (float[2] x) => (float[2] y) { [a] h = Bernoulli(x) [b] k = RandomUniformLike(x) y = Add(h, k) }");
  EXPECT_THAT(text,
              AllOf(HasSubstr("'a/RandomUniformLike"), HasSubstr("operator RandomUniformLike (ai.onnx, opset 20) of node 'b' is not supported")));
  EXPECT_EQ(count(text, "error:"), 2u) << text; // the sum is not to blame
}

TEST_F(ImportOps, ReportsAnInputThatMustBeConstant) {
  EXPECT_THAT(import("g (float[4] x, int64[2] s) => (float[n, m] y) { [shape] y = Reshape(x, s) }"),
              HasSubstr("input 'shape' of Reshape node 'shape' must be a constant; it is computed at run time"));
}

TEST_F(ImportOps, BindsSizesThatDataSays) {
  std::string ir = import("g (float[4] x, int64[1] k) => (float[n] v, int64[n] i) { [top] v, i = TopK(x, k) }");
  EXPECT_THAT(ir, AllOf(HasSubstr("ingot.bind_dim"), HasSubstr("ingot.ranges = [array<i64: 0, 4>]"), HasSubstr("ingot.slice")));
}

TEST_F(ImportOps, CountsWhatIsNotZero) {
  std::string ir = import("g (float[2, 3] x) => (int64[2, n] y) { [find] y = NonZero(x) }");
  EXPECT_THAT(ir, AllOf(HasSubstr("tensor<2x6xi64>, tensor<i64>"), HasSubstr("ingot.symbols = [\"find.count\"]")));
}

TEST_F(ImportOps, ReportsElementTypes) {
  EXPECT_THAT(import("g (string[2] x) => (string[2] y) { y = Identity(x) }"), HasSubstr("input 'x' has element type string, which is not supported"));
}

TEST_F(ImportOps, ReportsAxesOutsideOfTheRank) {
  EXPECT_THAT(import("g (float[2, 3] x, int64[1] i) => (float y) { y = Gather<axis = 5>(x, i) }"), HasSubstr("axis"));
}

TEST_F(ImportOps, MakesTensorsWithoutElementsConstants) {
  std::string ir = import("g (float[3, 0] x) => (float[3, 0] y) { h = Exp(x) y = Neg(h) }");
  EXPECT_THAT(ir, AllOf(HasSubstr("dense<> : tensor<3x0xf32>"), Not(HasSubstr("ingot.unary"))));
}

TEST_F(ImportOps, UsesTheActivationsOfOneDirection) {
  std::string graph = "g (float[2, 1, 3] x, float[1, 4, 3] w, float[1, 4, 4] r) => (float[2, 1, 1, 4] y) { y = RNN<hidden_size = 4>(x, w, r) }";
  EXPECT_THAT(import(graph), HasSubstr("ingot.recurrent rnn"));
  std::string wrong = "g (float[2, 1, 3] x, float[1, 4, 3] w, float[1, 4, 4] r) => (float[2, 1, 1, 4] y) { "
                      "y = RNN<hidden_size = 4, activations = [\"Tanh\", \"Tanh\"]>(x, w, r) }";
  EXPECT_THAT(import(wrong), HasSubstr("needs 1 activations per direction, has 2"));
}

class ImportEinsum : public ImportFixture {
protected:
  std::string einsum(const std::string &equation, const std::string &inputs) {
    std::string names;
    for (char name = 'a'; name < 'a' + static_cast<char>(count(inputs, "float")); ++name)
      names += (names.empty() ? "" : ", ") + std::string(1, name);
    return import("g (" + inputs + ") => (float[] y) { [e] y = Einsum<equation = \"" + equation + "\">(" + names + ") }");
  }
};

TEST_F(ImportEinsum, IsAMatrixProduct) {
  EXPECT_THAT(einsum("bij, bjk -> bik", "float[2, 3, 4] a, float[2, 4, 5] b"), AllOf(HasSubstr("ingot.matmul"), HasSubstr("-> tensor<2x3x5xf32>")));
}

TEST_F(ImportEinsum, SortsTheLettersOfAnImplicitOutput) {
  EXPECT_THAT(einsum("ba", "float[2, 3] a"), AllOf(HasSubstr("ingot.transpose %arg0 [1, 0]"), HasSubstr("tensor<3x2xf32>")));
}

TEST_F(ImportEinsum, TakesDiagonals) {
  EXPECT_THAT(einsum("ii->i", "float[3, 3] a"), AllOf(HasSubstr("ingot.slice"), HasSubstr("[0] [3] [4]"), Not(HasSubstr("ingot.reduce"))));
  EXPECT_THAT(einsum("ii", "float[3, 3] a"), AllOf(HasSubstr("ingot.slice"), HasSubstr("ingot.reduce sum")));
}

TEST_F(ImportEinsum, BroadcastsTheEllipsis) {
  EXPECT_THAT(einsum("...ij,...jk->...ik", "float[2, 1, 3, 4] a, float[1, 5, 4, 6] b"), HasSubstr("-> tensor<2x5x3x6xf32>"));
}

TEST_F(ImportEinsum, MultipliesWhereNothingIsSummed) {
  EXPECT_THAT(einsum("i,j->ij", "float[3] a, float[4] b"), AllOf(HasSubstr("ingot.binary mul"), Not(HasSubstr("ingot.matmul"))));
}

TEST_F(ImportEinsum, RefusesEquationsThatDoNotFit) {
  EXPECT_THAT(einsum("ij->ii", "float[3, 4] a"), HasSubstr("has an output that does not follow from its operands"));
  EXPECT_THAT(einsum("ii->i", "float[3, 4] a"), HasSubstr("have one label and different sizes"));
}

} // namespace
} // namespace ingot::importer
