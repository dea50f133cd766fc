// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Symbolic dims, sizes that models compute, and inputs that are bound at compile time.
#include "test/frontends/onnx/import/ImportFixture.h"

namespace ingot::importer {
namespace {

class ImportShapes : public ImportFixture {};

TEST_F(ImportShapes, KeepsSymbolsInTypes) {
  std::string ir = import("g (float[batch, 3] x) => (float[batch, 3] y) { y = Relu(x) }");
  EXPECT_THAT(ir, AllOf(HasSubstr("tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>>"), HasSubstr("ingot.symbols = [\"batch\"]")));
}

TEST_F(ImportShapes, FixesDimsByName) {
  std::string ir = import("g (float[batch, 3] x, float[batch, 3] z) => (float[batch, 3] y) { y = Add(x, z) }", {.dims = {{"batch", 4}}});
  EXPECT_THAT(ir, AllOf(HasSubstr("tensor<4x3xf32>"), HasSubstr("ingot.symbols = []"), Not(HasSubstr("?"))));
}

TEST_F(ImportShapes, FixesDimsByTheShapeOfAnInput) {
  std::string graph = "g (float[batch, 3] x, float[batch, 3] z) => (float[batch, 3] y) { y = Add(x, z) }";
  EXPECT_THAT(import(graph, {.inputShapes = {{"x", {5, 3}}}}), AllOf(HasSubstr("tensor<5x3xf32>"), Not(HasSubstr("?"))));
  EXPECT_THAT(import(graph, {.inputShapes = {{"x", {5, 4}}}}), HasSubstr("dim 1 of input 'x' cannot be 4: it is 3"));
  EXPECT_THAT(import(graph, {.inputShapes = {{"x", {5}}}}), HasSubstr("input 'x' has 2 dims, the shape given for it has 1"));
  EXPECT_THAT(import(graph, {.inputShapes = {{"x", {5, 3}}, {"z", {6, 3}}}}), HasSubstr("dim 'batch' is 5, but 6"));
}

TEST_F(ImportShapes, NamesTheNearestDimForAnUnknownOne) {
  EXPECT_THAT(import("g (float[batch] x) => (float[batch] y) { y = Relu(x) }", {.dims = {{"bach", 4}}}),
              AllOf(HasSubstr("no input has a symbolic dim 'bach'"), HasSubstr("'batch'")));
}

TEST_F(ImportShapes, FollowsShapeArithmetic) {
  // [b, 2, 8] -> [b, 16], with the shape put together as exporters do.
  std::string ir = import("g (float[batch, 2, 8] x) => (float[d, e] y) { s = Shape(x) zero = Constant<value_int = 0>() b = Gather(s, zero)"
                          " axis = Constant<value_ints = [0]>() b1 = Unsqueeze(b, axis) rest = Constant<value_ints = [-1]>()"
                          " to = Concat<axis = 0>(b1, rest) y = Reshape(x, to) }");
  EXPECT_THAT(ir, AllOf(HasSubstr("ingot.reshape"), HasSubstr("(s0, 16)"), Not(HasSubstr("ingot.gather")), Not(HasSubstr("unrealized"))));
}

TEST_F(ImportShapes, SaysWhichDimMustBeFixed) {
  EXPECT_THAT(import("g (float[batch, 4] x) => (float[] y) { [split] y, z, u = Split<axis = 0, num_outputs = 3>(x) }"),
              HasSubstr("dim 'batch' of input 'x' is not fixed: give --dim batch=N or --input-shape x=..."));
}

TEST_F(ImportShapes, DecidesComparisonsOfSizes) {
  // The shape of an expand as exporters write it: -1 where the operand's own dim stays.
  std::string ir = import("g (float[batch, 1] x) => (float[d, e] y) { s = Shape(x) minus = Constant<value_ints = [-1, -1]>()"
                          " ones = Constant<value_ints = [1, 4]>() keep = Equal(s, minus) to = Where(keep, ones, s) wide = Mul(to, ones)"
                          " y = Expand(x, wide) }",
                          {.ranges = {{"batch", {1, 8}}}});
  EXPECT_THAT(ir, AllOf(HasSubstr("ingot.broadcast"), HasSubstr("(s0, 4)"), Not(HasSubstr("ingot.select"))));
}

TEST_F(ImportShapes, ChecksThatAReshapeKeepsItsElements) {
  // A batch of 1 that the exporter wrote into the shape: right for 1, and a run with more is refused.
  std::string graph = "g (float[batch, 2, 3] x) => (float[d, e] y) { to = Constant<value_ints = [1, 6]>() y = Reshape(x, to) }";
  EXPECT_THAT(import(graph, {.ranges = {{"batch", {1, 8}}}}), HasSubstr("affine_map<()[s0] -> (s0 * 6, 6)>"));
  EXPECT_THAT(import(graph, {.ranges = {{"batch", {2, 8}}}}), HasSubstr("they never have the same number of elements"));
}

TEST_F(ImportShapes, SlicesOpenDimsWithSteps) {
  std::string graph = "g (float[batch, 4] x) => (float[d, e] y) { from = Constant<value_ints = [-1]>() to = Constant<value_ints = [-9999999999]>()"
                      " axis = Constant<value_ints = [0]>() step = Constant<value_ints = [-2]>() y = Slice(x, from, to, axis, step) }";
  EXPECT_THAT(import(graph, {.ranges = {{"batch", {1, 8}}}}), HasSubstr("(s0 - 1, 0, (s0 + 1) floordiv 2, 4)"));
  // How many rows are before the third depends on whether there are three: a run says it.
  EXPECT_THAT(import("g (float[batch, 4] x) => (float[d, e] y) { from = Constant<value_ints = [1]>() to = Constant<value_ints = [3]>()"
                     " axis = Constant<value_ints = [0]>() y = Slice(x, from, to, axis) }",
                     {.ranges = {{"batch", {1, 8}}}}),
              AllOf(HasSubstr("ingot.bind_dim"), HasSubstr("ingot.ranges = [array<i64: 1, 8>, array<i64: 0, 8>]")));
}

TEST_F(ImportShapes, SplitsOpenDims) {
  EXPECT_THAT(import("g (float[batch, 4] x) => (float[d, 4] y, float[e, 4] z) { y, z = Split<axis = 0, num_outputs = 2>(x) }",
                     {.ranges = {{"batch", {1, 8}}}}),
              AllOf(HasSubstr("((s0 + 1) floordiv 2, 4)"), HasSubstr("(s0 floordiv 2, 4)")));
}

TEST_F(ImportShapes, CropsOpenDims) {
  std::string graph = "g (float[batch, 4] x) => (float[d, 4] y) { pads = Constant<value_ints = [-2, 0, -1, 0]>() y = Pad(x, pads) }";
  EXPECT_THAT(import(graph, {.ranges = {{"batch", {3, 8}}}}), HasSubstr("(2, 0, s0 - 3, 4)"));
  EXPECT_THAT(import(graph, {.ranges = {{"batch", {2, 8}}}}), HasSubstr("the pads take 3 elements of dim 0"));
}

TEST_F(ImportShapes, BindsInputs) {
  std::string graph = "g (float[2, 3] x, int64[2] shape) => (float[a, b] y) { y = Reshape(x, shape) }";
  std::string ir = import(graph, {.boundInputs = {{"shape", ints({3, 2})}}});
  EXPECT_THAT(ir, AllOf(HasSubstr("-> tensor<3x2xf32>"), Not(HasSubstr("\"shape\"}"))));
  EXPECT_THAT(import(graph, {.boundInputs = {{"x", ints({3, 2})}}}), HasSubstr("has element type int64, it must be float"));
  EXPECT_THAT(import(graph, {.boundInputs = {{"shapes", ints({3, 2})}}}), HasSubstr("the model has no input 'shapes'"));
}

} // namespace
} // namespace ingot::importer
