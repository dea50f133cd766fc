// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types and shapes that contradict each other, and the types that the importer gets.
#include "ModelFixture.h"

namespace ingot::ingest {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ValidateTypesTest : public ModelFixture {};

TEST_F(ValidateTypesTest, DeclaredShapeContradictsTheOperator) {
  EXPECT_THAT(problemsOf(model("g (float[2, 3] x, float[3, 4] w) => (float[2, 5] y) { y = MatMul (x, w) }")),
              ElementsAre("node 'MatMul_0' (MatMul, ai.onnx opset 17): value 'y' is declared as FLOAT[2, 5], but its operator makes FLOAT[2, 4]"));
  EXPECT_THAT(problemsOf(model("g (float[2, 3] x) => (int32[2, 3] y) { y = Relu (x) }")),
              ElementsAre(AllOf(HasSubstr("node 'Relu_0'"), HasSubstr("value 'y' is declared as INT32[2, 3], but its operator makes FLOAT[2, 3]"))));
  EXPECT_THAT(problemsOf(model("g (float[2, 3] x) => (y) <float[2] h> { h = Relu (x) y = Neg (h) }")),
              Contains(HasSubstr("value 'h' is declared as FLOAT[2]")));
}

TEST_F(ValidateTypesTest, InputsContradictEachOther) {
  EXPECT_THAT(problemsOf(model("g (float[2, 3] x, float[4, 5] w) => (y) { y = MatMul (x, w) }")),
              ElementsAre(AllOf(HasSubstr("node 'MatMul_0' (MatMul"), HasSubstr("Incompatible dimensions"))));
  EXPECT_THAT(problemsOf(model("g (float[2] x, int64[2] w) => (y) { y = Add (x, w) }")),
              ElementsAre(HasSubstr("node 'Add_0' (Add, ai.onnx opset 17)")));
  EXPECT_THAT(problemsOf(model("g (string[2] x) => (y) { y = Relu (x) }")), ElementsAre(HasSubstr("tensor(string)")));
}

TEST_F(ValidateTypesTest, InSubgraphs) {
  EXPECT_THAT(problemsOf(model(R"(g (bool c, float[2, 3] x) => (y) {
                y = If (c) <then_branch = t () => (float[2, 3] a) { a = MatMul (x, x) }, else_branch = e () => (float[2, 3] b) { b = Relu (x) }>
              })")),
              ElementsAre(AllOf(HasSubstr("node 'If_0'"), HasSubstr("If_0/MatMul_0"))));
}

TEST_F(ValidateTypesTest, EveryContradictionIsReported) {
  EXPECT_THAT(problemsOf(model("g (float[2, 3] x, float[4, 5] w) => (y, z) { y = MatMul (x, w) z = Add (x, w) }")), SizeIs(2));
}

TEST_F(ValidateTypesTest, AProblemIsNotRepeatedDownstream) {
  EXPECT_THAT(problemsOf(model("g (float[2] x) => (y) { a = Reluu (x) b = Relu (a) y = Add (a, b) }")), ElementsAre(HasSubstr("Reluu")));
}

TEST_F(ValidateTypesTest, ShapesInExternalOrLargeConstantsAreRead) {
  onnx::ModelProto proto = model("g (float[2, 6] x) => (float[3, 5] y) { y = Reshape (x, s) }");
  onnx::TensorProto &shape = *proto.mutable_graph()->add_initializer();
  shape.set_name("s");
  shape.set_data_type(onnx::TensorProto::INT64);
  shape.add_dims(2);
  shape.set_data_location(onnx::TensorProto::EXTERNAL);
  onnx::StringStringEntryProto &entry = *shape.add_external_data();
  entry.set_key("location");
  entry.set_value("s.bin");
  int64_t dims[] = {3, 4};
  write("s.bin", std::string(reinterpret_cast<const char *>(dims), sizeof dims));
  EXPECT_THAT(problemsOf(proto), ElementsAre(HasSubstr("value 'y' is declared as FLOAT[3, 5], but its operator makes FLOAT[3, 4]")));
}

TEST_F(ValidateTypesTest, TypesOfValuesAreKnown) {
  auto loaded = load(model(R"(g (float[N, 3] x) => (y) {
    s = Shape (x)
    w = Constant <value_floats = [1.0, 2.0, 3.0]> ()
    h = com.microsoft.BiasGelu (x, w)
    y = Reshape (h, s)
  })",
                           "\"\": 17, \"com.microsoft\": 1"));
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const onnx::TypeProto *h = (*loaded)->valueType("h"), *y = (*loaded)->valueType("y");
  ASSERT_TRUE(h && y);
  EXPECT_EQ(h->tensor_type().elem_type(), onnx::TensorProto::FLOAT);
  ASSERT_EQ(y->tensor_type().shape().dim_size(), 2);
  EXPECT_EQ(y->tensor_type().shape().dim(0).dim_param(), "N");
  EXPECT_EQ(y->tensor_type().shape().dim(1).dim_value(), 3);
  EXPECT_EQ((*loaded)->valueType("nothing"), nullptr);
}

TEST_F(ValidateTypesTest, CallsThatLeaveOutputsOut) {
  EXPECT_THAT(problemsOf(model(R"(g (float[2] x) => (float[2] y) { y = f.both (x) }
                <domain: "f", opset_import: ["": 17]> both (a) => (b, c) { b = Relu (a) c = Neg (a) })",
                               "\"\": 17, \"f\": 1")),
              IsEmpty());
}

} // namespace
} // namespace ingot::ingest
