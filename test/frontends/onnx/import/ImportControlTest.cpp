// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions, which are gone after the import, and control flow.
#include "test/frontends/onnx/import/ImportFixture.h"

namespace ingot::importer {
namespace {

class ImportControl : public ImportFixture {};

TEST_F(ImportControl, InlinesFunctionsOfTheModel) {
  std::string ir = import("g (float[2] x) => (float[2] y) { h = own.twice<scale = 3.0>(x) y = own.twice(h) }\n"
                          "<domain: \"own\", opset_import: [\"\": 20]> twice<scale: float = 2.0> (a) => (c) {\n"
                          "  s = Constant<value_float: float = @scale>() c = Mul(a, s) }",
                          {}, "\"\": 20, \"own\": 1");
  EXPECT_THAT(ir, AllOf(HasSubstr("dense<3.0"), HasSubstr("dense<2.0"), HasSubstr("ingot.values = [\"h\"]"), HasSubstr("ingot.values = [\"y\"]")));
  EXPECT_EQ(count(ir, "ingot.binary mul"), 2u);
}

TEST_F(ImportControl, InlinesTheBodiesThatOnnxDefines) {
  std::string ir = import("g (float[2, 3] x, int64[2] i) => (float y) { y = SoftmaxCrossEntropyLoss(x, i) }");
  EXPECT_THAT(ir, AllOf(HasSubstr("ingot.norm log_softmax"), HasSubstr("ingot.reduce mean")));
}

TEST_F(ImportControl, TakesTheBranchOfAConstantCondition) {
  std::string graph =
      "g (float[2] x) => (float[d] y) { c = Constant<value_int = %>() b = Cast<to = 9>(c) y = If(b)<then_branch = yes () => (float[2] p)"
      " { p = Relu(x) }, else_branch = no () => (float[1] q) { z = Constant<value_ints = [0]>() q = Gather(x, z) }> }";
  std::string yes = graph, no = graph;
  yes.replace(yes.find('%'), 1, "1");
  no.replace(no.find('%'), 1, "0");
  EXPECT_THAT(import(yes), AllOf(HasSubstr("ingot.unary relu"), Not(HasSubstr("ingot.gather"))));
  EXPECT_THAT(import(no), AllOf(HasSubstr("ingot.gather"), Not(HasSubstr("ingot.unary relu"))));
}

TEST_F(ImportControl, KeepsBothBranchesOfAComputedCondition) {
  std::string graph = "g (float[2] x, bool c) => (float[2] y) { y = If(c)<then_branch = yes () => (float[2] p) { p = Relu(x) }, "
                      "else_branch = no () => (float[2] q) { q = Neg(x) }> }";
  EXPECT_THAT(import(graph), AllOf(HasSubstr("ingot.if %arg1"), HasSubstr("ingot.unary relu"), HasSubstr("} else {"), HasSubstr("ingot.unary neg")));
}

TEST_F(ImportControl, GivesASymbolToSizesThatBranchesChoose) {
  std::string graph = "g (float[2] x, bool c) => (float[d] y) { [choose] y = If(c)<then_branch = yes () => (float[2] p) { p = Relu(x) }, "
                      "else_branch = no () => (float[1] q) { z = Constant<value_ints = [0]>() q = Gather(x, z) }> }";
  EXPECT_THAT(import(graph),
              AllOf(HasSubstr("ingot.symbols = [\"choose.size\"]"), HasSubstr("ingot.ranges = [array<i64: 1, 2>]"),
                    HasSubstr("#map = affine_map<()[s0] -> (2)>\n#map1 = affine_map<()[s0] -> (1)>"), HasSubstr("then #map else #map1")));
}

TEST_F(ImportControl, RefusesBranchesOfDifferentRanks) {
  std::string graph = "g (float[2] x, bool c) => (float[d] y) { [choose] y = If(c)<then_branch = yes () => (float[2] p) { p = Relu(x) }, "
                      "else_branch = no () => (float q) { q = ReduceSum<keepdims = 0>(x) }> }";
  EXPECT_THAT(import(graph), HasSubstr("the branches of If node 'choose' must give tensors of one rank and element type"));
}

TEST_F(ImportControl, UnrollsLoops) {
  std::string graph = "g (float[2] x) => (float[2] y) { n = Constant<value_int = 3>() y = Loop(n, , x)<body = b (int64 i, bool c, float[2] a)"
                      " => (bool d, float[2] r) { d = Identity(c) r = Exp(a) }> }";
  std::string ir = import(graph);
  EXPECT_EQ(count(ir, "ingot.unary exp"), 3u) << ir;
}

TEST_F(ImportControl, BindsTheTripsOfALoop) {
  std::string graph = "g (float[2] x, int64 n) => (float[2] y) { [loop] y = Loop(n, , x)<body = b (int64 i, bool c, float[2] a)"
                      " => (bool d, float[2] r) { d = Identity(c) r = Exp(a) }> }";
  EXPECT_THAT(import(graph), AllOf(HasSubstr("ingot.bind_dim"), HasSubstr("#map1 = affine_map<()[s0, s1] -> (s0)>"),
                                   HasSubstr("trips #map1 counter 1"), HasSubstr("ingot.symbols = [\"loop.count\", \"loop.trip\"]")));
}

TEST_F(ImportControl, KeepsLoopsThatEndOnACondition) {
  std::string graph =
      "g (float[2] x, float most) => (float[2] y, float[n, 2] all) { [loop] y, all = Loop(, , x)<body = b (int64 i, bool c, float[2] a)"
      " => (bool d, float[2] r, float[2] s) { r = Exp(a) m = ReduceMax<keepdims = 0>(r) d = Less(m, most) s = Neg(r) }> }";
  EXPECT_THAT(import(graph), AllOf(HasSubstr("ingot.loop while"), HasSubstr("counter 1 count 2"), HasSubstr("ingot.rooms = array<i64: 0>"),
                                   HasSubstr("{ingot.room = 0 : i64}")));
}

TEST_F(ImportControl, RefusesLoopsThatChangeWhatTheyCarry) {
  std::string graph = "g (float[2] x, int64 n) => (float[m] y) { [loop] y = Loop(n, , x)<body = b (int64 i, bool c, float[k] a)"
                      " => (bool d, float[l] r) { d = Identity(c) r = Concat<axis = 0>(a, x) }> }";
  EXPECT_THAT(import(graph), HasSubstr("Loop node 'loop' carries a tensor whose shape changes from trip to trip"));
}

TEST_F(ImportControl, RefusesStackingLoopsWithoutEnd) {
  std::string graph = "g (float[2] x) => (float[n, 2] all) { [loop] y, all = Loop(, , x)<body = b (int64 i, bool c, float[2] a)"
                      " => (bool d, float[2] r, float[2] s) { d = Identity(c) r = Exp(a) s = Neg(r) }> }";
  EXPECT_THAT(import(graph), HasSubstr("Loop node 'loop' stacks a tensor in each trip and nothing limits these"));
}

TEST_F(ImportControl, RefusesStacksThatOnlyAnUnlimitedCounterLimits) {
  std::string graph = "g (float[2] x, int64 n) => (float[2] y) { y = Loop(n, , x)<body = b (int64 i, bool c, float[2] a) => (bool d, float[2] r) {"
                      " d = Identity(c) [loop] r, all = Loop(i, , a)<body = e (int64 j, bool f, float[2] u) => (bool k, float[2] v, float[2] w)"
                      " { k = Identity(f) v = Exp(u) w = Neg(v) }> }> }";
  EXPECT_THAT(import(graph), HasSubstr("Loop node 'loop' stacks a tensor in each trip and nothing limits these"));
}

TEST_F(ImportControl, KeepsTheConditionOfLoopsThatEndAfterOneTrip) {
  std::string graph = "g (float[2] x, int64 n) => (float[2] y) { y = Loop(n, , x)<body = b (int64 i, bool c, float[2] a)"
                      " => (bool d, float[2] r) { d = Constant<value = bool {0}>() r = Exp(a) }> }";
  EXPECT_THAT(import(graph), HasSubstr("ingot.loop while"));
}

TEST_F(ImportControl, UnrollsShortLoopsThatChangeWhatTheyCarry) {
  std::string graph = "g (float[2] x) => (float[8] y) { n = Constant<value_int = 3>() y = Loop(n, , x)<body = b (int64 i, bool c, float[k] a)"
                      " => (bool d, float[l] r) { d = Identity(c) r = Concat<axis = 0>(a, x) }> }";
  EXPECT_THAT(import(graph), AllOf(HasSubstr("tensor<8xf32>"), Not(HasSubstr("ingot.loop"))));
}

TEST_F(ImportControl, FollowsSequences) {
  std::string ir = import("g (float[6] x) => (float[6] y) { two = Constant<value_int = 2>() s = SplitToSequence<axis = 0>(x, two)"
                          " last = Constant<value_int = -1>() e = SequenceAt(s, last) zero = Constant<value_int = 0>() t = SequenceInsert(s, e, zero)"
                          " u = SequenceErase(t) y = ConcatFromSequence<axis = 0>(u) }");
  EXPECT_THAT(ir, AllOf(HasSubstr("ingot.slice %arg0 [4] [2] [1]"), HasSubstr("ingot.concat"), Not(HasSubstr("unrealized")))) << ir;
}

TEST_F(ImportControl, RefusesPositionsOutsideOfSequences) {
  EXPECT_THAT(import("g (float[6] x) => (float[6] y) { p = Constant<value_int = 1>() s = SequenceConstruct(x) [at] y = SequenceAt(s, p) }"),
              HasSubstr("position 1 is outside of a sequence with 1 positions"));
}

TEST_F(ImportControl, RefusesSequencesAsOutputs) {
  EXPECT_THAT(import("g (float[6] x) => (seq(float[6]) y) { y = SequenceConstruct(x) }"), HasSubstr("output 'y' is no tensor"));
}

} // namespace
} // namespace ingot::importer
