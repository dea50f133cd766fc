// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Problems of single nodes against their schema, and of the versions that a model asks for.
#include "ModelFixture.h"

namespace ingot::ingest {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ValidateNodeTest : public ModelFixture {
protected:
  /// The problems of a model with one node, called "n", with inputs x and z.
  std::vector<std::string> problemsOfNode(const std::string &node, const std::string &opsets = "\"\": 17") const {
    onnx::ModelProto proto = model("g (float[4, 4] x, float[4, 4] z) => (y) { " + node + " }", opsets);
    proto.mutable_graph()->mutable_node(0)->set_name("n");
    return problemsOf(proto);
  }
};

TEST_F(ValidateNodeTest, UnknownOperator) {
  EXPECT_THAT(problemsOfNode("y = Reluu (x)"), ElementsAre("node 'n' (Reluu, ai.onnx opset 17): unknown operator 'Reluu' (did you mean 'Relu'?)"));
  EXPECT_THAT(problemsOfNode("y = Frobnicate (x)"), ElementsAre("node 'n' (Frobnicate, ai.onnx opset 17): unknown operator 'Frobnicate'"));
  EXPECT_THAT(problemsOfNode("y = com.microsoft.QuickGelo (x)", "\"com.microsoft\": 1"), ElementsAre(HasSubstr("did you mean 'QuickGelu'?")));
}

TEST_F(ValidateNodeTest, OperatorOfAnotherOpset) {
  EXPECT_THAT(problemsOfNode("y = Gelu (x)"),
              ElementsAre("node 'n' (Gelu, ai.onnx opset 17): operator 'Gelu' exists since opset 20 of ai.onnx, the model imports opset 17"));
  EXPECT_THAT(problemsOfNode("y = Upsample (x, z)"), ElementsAre(HasSubstr("operator 'Upsample' was removed in opset 10 of ai.onnx")));
}

TEST_F(ValidateNodeTest, Domains) {
  EXPECT_THAT(problemsOfNode("y = custom.Thing (x)", "\"\": 17, \"custom\": 1"),
              ElementsAre("node 'n' (Thing, custom opset 1): unknown domain 'custom'"));
  EXPECT_THAT(problemsOfNode("y = com.microsoft.Gelu (x)"),
              ElementsAre("node 'n' (Gelu, com.microsoft): domain 'com.microsoft' is not imported by the model"));
  EXPECT_THAT(problemsOfNode("y = com.microsof.Gelu (x)", "\"com.microsof\": 1"), ElementsAre(HasSubstr("did you mean 'com.microsoft'?")));
  EXPECT_THAT(problemsOfNode("y = Relu (x)", "\"\": 17, \"never.used\": 3"), IsEmpty());
  EXPECT_THAT(problemsOfNode("y = com.microsoft.FusedMatMul <transA = 1> (x, z)", "\"com.microsoft\": 1"), IsEmpty());
}

TEST_F(ValidateNodeTest, Opsets) {
  EXPECT_THAT(problemsOfNode("y = Relu (x)", "\"\": 99"), ElementsAre("the model imports opset 99 of domain 'ai.onnx', supported are 7 to 28"));
  EXPECT_THAT(problemsOfNode("y = Relu (x)", "\"\": 6"), ElementsAre("the model imports opset 6 of domain 'ai.onnx', supported are 7 to 28"));
  EXPECT_THAT(problemsOfNode("y = Relu (x)", "\"\": 17, \"ai.onnx.ml\": 9"),
              ElementsAre(HasSubstr("imports opset 9 of domain 'ai.onnx.ml', supported are 1 to 5")));
  EXPECT_THAT(problemsOfNode("y = Relu (x)", "\"\": 17, \"ai.onnx\": 18"),
              ElementsAre("the model imports two versions of domain 'ai.onnx': 17 and 18"));
}

TEST_F(ValidateNodeTest, IrVersion) {
  onnx::ModelProto proto = model("g (float[4] x) => (y) { y = Relu (x) }");
  proto.set_ir_version(99);
  EXPECT_THAT(problemsOf(proto), ElementsAre(HasSubstr("the model has IR version 99, supported are 3 to ")));
  proto.clear_ir_version();
  proto.clear_opset_import();
  EXPECT_THAT(problemsOf(proto), Contains("the model imports no operator set"));
}

TEST_F(ValidateNodeTest, Arity) {
  EXPECT_THAT(problemsOfNode("y = Add (x)"), ElementsAre("node 'n' (Add, ai.onnx opset 17): has 1 input, operator 'Add' takes 2"));
  EXPECT_THAT(problemsOfNode("y = Clip (x, z, z, z)"), ElementsAre(HasSubstr("has 4 inputs, operator 'Clip' takes 1 to 3")));
  EXPECT_THAT(problemsOfNode("y = Concat <axis = 0> ()"), ElementsAre(HasSubstr("has 0 inputs, operator 'Concat' takes at least 1")));
  EXPECT_THAT(problemsOfNode("y, q = Relu (x)"), ElementsAre(HasSubstr("has 2 outputs, operator 'Relu' takes 1")));
  onnx::ModelProto proto = model("g (float[4] x, float[4] z) => (y) { y = Add (x, z) }");
  proto.mutable_graph()->mutable_node(0)->set_input(1, "");
  EXPECT_THAT(problemsOf(proto), ElementsAre(HasSubstr("node 'Add_0' (Add, ai.onnx opset 17): input 1 ('B') is required but not connected")));
}

TEST_F(ValidateNodeTest, Attributes) {
  EXPECT_THAT(problemsOfNode("y = Softmax <axes = 1> (x)"),
              ElementsAre("node 'n' (Softmax, ai.onnx opset 17): operator 'Softmax' has no attribute 'axes' (did you mean 'axis'?)"));
  EXPECT_THAT(problemsOfNode("y = Softmax <axis = 1.5> (x)"), ElementsAre(HasSubstr("attribute 'axis' is of type FLOAT, must be INT")));
  EXPECT_THAT(problemsOfNode("y = Concat (x, z)"), ElementsAre(HasSubstr("attribute 'axis' is required but missing")));
  EXPECT_THAT(problemsOfNode("y = Softmax <axis = 0, axis = 1> (x)"), ElementsAre(HasSubstr("attribute 'axis' is given twice")));
  EXPECT_THAT(problemsOfNode("y = Softmax <axis: int = @outer> (x)"), ElementsAre(HasSubstr("attribute 'axis' refers to 'outer'")));
  EXPECT_THAT(problemsOfNode("y = Relu <__note = 1> (x)"), IsEmpty());
  onnx::ModelProto proto = model("g () => (y) { y = Constant () }");
  onnx::AttributeProto &value = *proto.mutable_graph()->mutable_node(0)->add_attribute();
  value.set_name("value");
  value.set_type(onnx::AttributeProto::TENSOR);
  EXPECT_THAT(problemsOf(proto), ElementsAre(HasSubstr("node 'Constant_0' (Constant, ai.onnx opset 17): attribute 'value' has no value")));
  *value.mutable_t() = floats("", {1, 2});
  value.mutable_t()->set_dims(0, 3);
  EXPECT_THAT(problemsOf(proto),
              Contains("node 'Constant_0' (Constant, ai.onnx opset 17): tensor 'value' has 8 bytes of data, its type float32[3] needs 12"));
}

TEST_F(ValidateNodeTest, AllProblemsAtOnce) {
  onnx::ModelProto proto = model("g (float[4] x) => (y) { a = Reluu (x) b = Add (x) c = Softmax <axes = 1> (lost) y = Sum (a, b, c) }");
  EXPECT_THAT(problemsOf(proto), ElementsAre(HasSubstr("Reluu"), HasSubstr("has 1 input"), HasSubstr("no attribute 'axes'"), HasSubstr("'lost'")));
}

} // namespace
} // namespace ingot::ingest
