// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Problems of names and edges, and the normal form.
#include "ModelFixture.h"

namespace ingot::ingest {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class ValidateGraphTest : public ModelFixture {
protected:
  static std::vector<std::string> nodeNames(const Model &model) {
    std::vector<std::string> names;
    for (const onnx::NodeProto &node : model.graph().node())
      names.push_back(node.name());
    return names;
  }
};

TEST_F(ValidateGraphTest, UndefinedValue) {
  onnx::ModelProto proto = model("g (float[2] x) => (float[2] y) { y = Add (x, hidden_stat) }");
  proto.mutable_graph()->mutable_node(0)->set_name("sum");
  EXPECT_THAT(problemsOf(proto), ElementsAre("node 'sum' (Add, ai.onnx opset 17): uses value 'hidden_stat', which nothing produces"));
  proto.mutable_graph()->mutable_input(0)->set_name("hidden_state");
  EXPECT_THAT(problemsOf(proto), Contains(HasSubstr("'hidden_stat', which nothing produces (did you mean 'hidden_state'?)")));
}

TEST_F(ValidateGraphTest, UndefinedValueInSubgraph) {
  EXPECT_THAT(problemsOf(model(R"(g (bool c, float[2] x) => (float[2] y) {
                y = If (c) <then_branch = t () => (float[2] a) { a = Relu (lost) }, else_branch = e () => (float[2] b) { b = Relu (x) }>
              })")),
              ElementsAre("node 'If_0/Relu_0' (Relu, ai.onnx opset 17): uses value 'lost', which nothing produces"));
}

TEST_F(ValidateGraphTest, AValueOfASubgraphIsNotSeenOutside) {
  EXPECT_THAT(problemsOf(model(R"(g (bool c, float[2] x) => (float[2] y) {
                z = If (c) <then_branch = t () => (float[2] a) { a = Relu (x) }, else_branch = e () => (float[2] b) { b = Relu (x) }>
                y = Relu (a)
              })")),
              Contains(HasSubstr("node 'Relu_1' (Relu, ai.onnx opset 17): uses value 'a', which nothing produces")));
}

TEST_F(ValidateGraphTest, Cycle) {
  onnx::ModelProto proto = model("g (float[2] x) => (float[2] y) { a = Add (x, c) b = Relu (a) c = Neg (b) y = Relu (c) }");
  const char *names[] = {"first", "second", "third", "last"};
  for (int i = 0; i < 4; ++i)
    proto.mutable_graph()->mutable_node(i)->set_name(names[i]);
  EXPECT_THAT(problemsOf(proto),
              ElementsAre(testing::AllOf(HasSubstr("the graph has a cycle of 3 nodes: "), HasSubstr("'first' -> 'second' -> 'third'"))));
  EXPECT_THAT(problemsOf(model("g (float[2] x) => (float[2] y) { y = Add (x, y) }")), ElementsAre(HasSubstr("cycle of 1 node: 'Add_0' -> 'Add_0'")));
}

TEST_F(ValidateGraphTest, UnsortedNodesAreSorted) {
  auto loaded = load(model(R"(g (bool c, float[2] x) => (float[2] y) {
    y = If (c) <then_branch = t () => (float[2] p) { p = Relu (b) }, else_branch = e () => (float[2] q) { q = Relu (x) }>
    b = Neg (a)
    a = Abs (x)
    unrelated = Relu (x)
  })"));
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_THAT(nodeNames(**loaded), ElementsAre("Abs_2", "Neg_1", "If_0", "Relu_3"));
}

TEST_F(ValidateGraphTest, NodesWithoutNamesGetOne) {
  onnx::ModelProto proto = model("g (float[2] x) => (float[2] y) { a = Relu (x) b = Relu (a) y = Neg (b) }");
  proto.mutable_graph()->mutable_node(0)->set_name("Relu_1");
  auto loaded = load(proto);
  ASSERT_TRUE(loaded.ok());
  EXPECT_THAT(nodeNames(**loaded), ElementsAre("Relu_1", "Relu_1_", "Neg_2"));
}

TEST_F(ValidateGraphTest, DuplicateNames) {
  EXPECT_THAT(problemsOf(model("g (float[2] x) => (float[2] y) { y = Relu (x) y = Neg (x) }")),
              ElementsAre("value 'y' is defined twice: as an output of node 'Relu_0' and as an output of node 'Neg_1'"));
  EXPECT_THAT(problemsOf(model("g (float[2] x, float[2] x) => (float[2] y) { y = Relu (x) }")),
              ElementsAre("value 'x' is defined twice: as an input of the graph and as an input of the graph"));
  EXPECT_THAT(problemsOf(model("g (float[2] x) => (float[2] x) { x = Relu (x) }")), Contains(HasSubstr("value 'x' is defined twice")));
  EXPECT_THAT(problemsOf(model("g (float[2] x) => (float[2] y, float[2] y) { y = Relu (x) }")), ElementsAre("'y' is twice an output of the graph"));
  onnx::ModelProto proto = model("g (float[2] x) => (float[2] y) { y = Add (x, w) }");
  *proto.mutable_graph()->add_initializer() = floats("w", {1, 2});
  *proto.mutable_graph()->add_initializer() = floats("w", {1, 2});
  EXPECT_THAT(problemsOf(proto), ElementsAre("initialiser 'w' of the graph is defined twice"));
}

TEST_F(ValidateGraphTest, OutputThatNothingProduces) {
  EXPECT_THAT(problemsOf(model("g (float[2] x) => (float[2] logits) { logit = Relu (x) }")),
              ElementsAre("output 'logits' of the graph is produced by no node (did you mean 'logit'?)"));
}

TEST_F(ValidateGraphTest, DeclaredDims) {
  EXPECT_THAT(problemsOf(model("g (float[1048576, 1048576] x) => (float[N] y) { y = Relu (x) }")),
              Contains(HasSubstr("value 'x' is declared with dims [1048576, 1048576], which is more than the limit of 1099511627776 bytes")));
  onnx::ModelProto proto = model("g (float[2, 3] x) => (float[2, 3] y) { y = Relu (x) }");
  auto &dim = *proto.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0);
  dim.set_dim_value(-5);
  EXPECT_THAT(problemsOf(proto), ElementsAre("value 'x' is declared with a dim of -5"));
  dim.set_dim_value(-1);
  auto loaded = load(proto);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_FALSE((*loaded)->graph().input(0).type().tensor_type().shape().dim(0).has_dim_value());
}

TEST_F(ValidateGraphTest, InputsWithInitialisersAreConstants) {
  onnx::ModelProto proto = model("g (float[2] x, float[2] w) => (float[2] y) { y = Add (x, w) }");
  *proto.mutable_graph()->add_initializer() = floats("w", {1, 2});
  auto loaded = load(proto);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  ASSERT_THAT((*loaded)->graph().input(), SizeIs(1));
  EXPECT_EQ((*loaded)->graph().input(0).name(), "x");
  proto.mutable_graph()->mutable_input(1)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_value(3);
  EXPECT_THAT(problemsOf(proto), Contains("input 'w' is declared with another type than its initialiser, which is float32[2]"));
}

TEST_F(ValidateGraphTest, InputWithoutType) {
  onnx::ModelProto proto = model("g (float[2] x) => (y) { y = Relu (x) }");
  proto.mutable_graph()->mutable_input(0)->clear_type();
  EXPECT_THAT(problemsOf(proto), Contains("input 'x' of the graph has no type"));
}

TEST_F(ValidateGraphTest, PayloadOfInitialiser) {
  onnx::ModelProto proto = model("g (float[2] x) => (float[2] y) { y = Add (x, w) }");
  onnx::TensorProto &w = *proto.mutable_graph()->add_initializer();
  w = floats("w", {1, 2});
  w.set_raw_data("123");
  EXPECT_THAT(problemsOf(proto), Contains("tensor 'w' has 3 bytes of data, its type float32[2] needs 8"));
}

TEST_F(ValidateGraphTest, Functions) {
  const char *const call = "g (float[2] x) => (float[2] y) { y = f.twice (x) }\n";
  const char *const opsets = "\"\": 17, \"f\": 1";
  auto with = [&](const std::string &functions) { return problemsOf(model(call + functions, opsets)); };
  EXPECT_THAT(with("<domain: \"f\", opset_import: [\"\": 17]> twice (a) => (b) { b = Add (a, a) }"), IsEmpty());
  EXPECT_THAT(with("<domain: \"f\", opset_import: [\"\": 17]> twice (a) => (b) { b = Ad (a, a) }"), Contains(HasSubstr("unknown operator 'Ad'")));
  EXPECT_THAT(with("<domain: \"f\", opset_import: [\"\": 17]> twice (a) => (b) { b = Add (a, c) }"),
              Contains(HasSubstr("node 'twice/Add_0' (Add, ai.onnx opset 17): uses value 'c'")));
  EXPECT_THAT(with("<domain: \"f\", opset_import: [\"\": 17]> twice (a) => (b) { c = Add (a, a) }"),
              Contains(HasSubstr("output 'b' of function 'twice' is produced by no node")));
  EXPECT_THAT(with("<domain: \"f\", opset_import: [\"\": 17]> twice (a) => (b) { b = LeakyRelu <alpha: float = @slope> (a) }"),
              Contains(HasSubstr("attribute 'alpha' refers to 'slope', which is no attribute of an enclosing function")));
  EXPECT_THAT(with("<domain: \"f\", opset_import: [\"\": 17]> twice <slope> (a) => (b) { b = LeakyRelu <alpha: float = @slope> (a) }"),
              Contains("node 'twice_0' (twice, f opset 1): attribute 'slope' is required by function 'twice' but missing"));
}

TEST_F(ValidateGraphTest, FunctionsThatCannotBeInlined) {
  auto function = [](const std::string &name, const std::string &body) {
    return "<domain: \"f\", opset_import: [\"\": 17, \"f\": 1]> " + name + " (a) => (b) { " + body + " }\n";
  };
  std::string text = "g (float[2] x) => (float[2] y) { y = f.f0 (x) }\n";
  const char *const opsets = "\"\": 17, \"f\": 1";
  EXPECT_THAT(problemsOf(model(text + function("f0", "b = f.f1 (a)") + function("f1", "b = f.f0 (a)"), opsets)),
              ElementsAre(testing::AllOf(HasSubstr("calls itself: "), HasSubstr("f0 -> f1"))));
  std::string deep = text, wide = text;
  for (int i = 0; i < 150; ++i)
    deep += function("f" + std::to_string(i), i == 149 ? "b = Relu (a)" : "b = f.f" + std::to_string(i + 1) + " (a)");
  EXPECT_THAT(problemsOf(model(deep, opsets)), ElementsAre(HasSubstr("calls of functions are nested deeper than the limit of 100")));
  for (int i = 0; i < 50; ++i) { // 2^50 nodes
    std::string callee = i == 49 ? "Relu" : "f.f" + std::to_string(i + 1);
    wide += function("f" + std::to_string(i), "c = " + callee + " (a) b = " + callee + " (c)");
  }
  EXPECT_THAT(problemsOf(model(wide, opsets)), ElementsAre(HasSubstr("more nodes than the limit of 4000000")));
}

} // namespace
} // namespace ingot::ingest
