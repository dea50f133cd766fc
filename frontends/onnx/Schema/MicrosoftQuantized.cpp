// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The com.microsoft operators on quantised tensors. Most are ONNX operators between DequantizeLinear and QuantizeLinear; what is defined on integers
// is written on integers.
#include "frontends/onnx/Schema/FunctionBodies.h"

#include <algorithm>
#include <numeric>

namespace ingot::schema {
namespace {

using onnx::AttributeProto;
using onnx::FunctionBodyBuildContext;
using onnx::FunctionBuilder;
using onnx::InferenceContext;
using onnx::OpSchema;

using Ops = std::map<std::string, OpSchema>;

/// An operand, "" when the node leaves it out.
std::string operand(const FunctionBodyBuildContext &context, int input, const char *name) { return context.hasInput(input) ? name : ""; }

void add(FunctionBuilder &body, const std::string &text) { body.Add(text.c_str()); }

/// `result` = the float that input `x` stands for; scale and zero point are the two inputs behind it.
void addDequantize(const FunctionBodyBuildContext &context, FunctionBuilder &body, const char *result, int x, const char *name, const char *scale,
                   const char *point) {
  std::string text = std::string(result) + " = DequantizeLinear (" + name + ", " + scale;
  add(body, text + (context.hasInput(x + 2) ? std::string(", ") + point + ")" : ")"));
}

int32_t elementTypeOf(const FunctionBodyBuildContext &context, int input) {
  const onnx::TypeProto *type = context.getInputType(input);
  return type ? type->tensor_type().elem_type() : 0;
}

/// `result` = the float value as integers of the type of input `like`.
bool addQuantize(const FunctionBodyBuildContext &context, FunctionBuilder &body, const char *result, const char *value, const char *scale, int point,
                 const char *pointName, int like) {
  if (context.hasInput(point)) {
    add(body, std::string(result) + " = QuantizeLinear (" + value + ", " + scale + ", " + pointName + ")");
    return true;
  }
  int32_t type = elementTypeOf(context, like);
  if (type == 0)
    return false;
  body.Add((std::string(result) + " = QuantizeLinear (" + value + ", " + scale + ")").c_str(), "output_dtype", static_cast<int64_t>(type));
  return true;
}

/// `result` = `value` with the channels moved: from the end to the second place, or back.
bool addMovedChannels(const FunctionBodyBuildContext &context, FunctionBuilder &body, const char *result, const char *value, bool back) {
  int rank = rankOfInput(context, 0);
  if (!intAttribute(context, "channels_last")) {
    add(body, std::string(result) + " = Identity (" + value + ")");
    return true;
  }
  if (rank < 3)
    return false;
  std::vector<int64_t> permutation(rank);
  std::iota(permutation.begin(), permutation.end(), 0);
  if (back)
    std::rotate(permutation.begin() + 1, permutation.begin() + 2, permutation.end());
  else
    std::rotate(permutation.begin() + 1, permutation.end() - 1, permutation.end());
  body.Add((std::string(result) + " = Transpose (" + value + ")").c_str(), "perm", permutation);
  return true;
}

/// `C` = the float `scaled` plus the zero point, rounded to an integer of the type of the inputs. These operators round the sum, so that a zero point
/// that is odd turns halves the other way than QuantizeLinear.
bool addRounded(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  int32_t type = elementTypeOf(context, 0);
  if (type == 0)
    return false;
  if (context.hasInput(7))
    body.Add("point = Cast <to = 1> (C_zero_point)").Add("shifted = Add (scaled, point)");
  body.Const("one", 1.0f);
  body.Add(context.hasInput(7) ? "C = QuantizeLinear (shifted, one)" : "C = QuantizeLinear (scaled, one)", "output_dtype",
           static_cast<int64_t>(type));
  return true;
}

//===-- Elementwise ----------------------------------------------------------------------------------------------------------------------===//

bool qlinearAdd(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  addDequantize(context, body, "a", 0, "A", "A_scale", "A_zero_point");
  addDequantize(context, body, "b", 3, "B", "B_scale", "B_zero_point");
  body.Add("sum = Add (a, b)").Add("scaled = Div (sum, C_scale)");
  return addRounded(context, body);
}

/// `result` = an input of bytes as i32, without its zero point.
void addCentered(const FunctionBodyBuildContext &context, FunctionBuilder &body, const std::string &result, const std::string &name, int point,
                 const std::string &pointName) {
  constexpr const char *kCast = " = Cast <to = 6> (";
  if (!context.hasInput(point))
    return add(body, result + kCast + name + ")");
  add(body, result + "_wide" + kCast + name + ")");
  add(body, result + "_point" + kCast + pointName + ")");
  add(body, result + " = Sub (" + result + "_wide, " + result + "_point)");
}

/// The product is exact; it is scaled once.
bool qlinearMul(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  addCentered(context, body, "a", "A", 2, "A_zero_point");
  addCentered(context, body, "b", "B", 5, "B_zero_point");
  body.Add("product = Mul (a, b)").Add("wide = Cast <to = 1> (product)");
  body.Add("both = Mul (A_scale, B_scale)").Add("scale = Div (both, C_scale)").Add("scaled = Mul (wide, scale)");
  return addRounded(context, body);
}

bool qlinearSigmoid(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  addDequantize(context, body, "x", 0, "X", "X_scale", "X_zero_point");
  body.Add("y = Sigmoid (x)");
  return addQuantize(context, body, "Y", "y", "Y_scale", 4, "Y_zero_point", 0);
}

bool qlinearLeakyRelu(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  addDequantize(context, body, "x", 0, "X", "X_scale", "X_zero_point");
  body.Add("y = LeakyRelu <alpha: float = @alpha> (x)");
  return addQuantize(context, body, "Y", "y", "Y_scale", 4, "Y_zero_point", 0);
}

/// Before opset 13 all dims from `axis` on are one.
bool qlinearSoftmax(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  addDequantize(context, body, "x", 0, "X", "X_scale", "x_zero_point");
  if (intAttribute(context, "opset") >= 13)
    body.Add("y = Softmax <axis: int = @axis> (x)");
  else
    body.Add("rows = Flatten <axis: int = @axis> (x)")
        .Add("ratios = Softmax <axis = -1> (rows)")
        .Add("shape = Shape (x)")
        .Add("y = Reshape (ratios, shape)");
  return addQuantize(context, body, "Y", "y", "y_scale", 4, "y_zero_point", 0);
}

//===-- Windows ------------------------------------------------------------------------------------------------------------------------===//

bool qlinearAveragePool(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  addDequantize(context, body, "x", 0, "X", "x_scale", "x_zero_point");
  if (!addMovedChannels(context, body, "image", "x", /*back=*/false))
    return false;
  body.Add("pooled = AveragePool <auto_pad: string = @auto_pad, ceil_mode: int = @ceil_mode, count_include_pad: int = @count_include_pad, "
           "kernel_shape: ints = @kernel_shape, pads: ints = @pads, strides: ints = @strides> (image)");
  return addMovedChannels(context, body, "y", "pooled", /*back=*/true) && addQuantize(context, body, "Y", "y", "y_scale", 4, "y_zero_point", 0);
}

bool qlinearGlobalAveragePool(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  addDequantize(context, body, "x", 0, "X", "x_scale", "x_zero_point");
  if (!addMovedChannels(context, body, "image", "x", /*back=*/false))
    return false;
  body.Add("pooled = GlobalAveragePool (image)");
  return addMovedChannels(context, body, "y", "pooled", /*back=*/true) && addQuantize(context, body, "Y", "y", "y_scale", 4, "y_zero_point", 0);
}

//===-- Products -------------------------------------------------------------------------------------------------------------------------===//

std::string matMulInteger(const FunctionBodyBuildContext &context, const std::string &a, int aPoint, const char *aPointName, int bPoint,
                          const char *bPointName) {
  std::string operands = a + ", " + operand(context, aPoint, aPointName) + ", " + operand(context, bPoint, bPointName);
  while (operands.ends_with(", "))
    operands.resize(operands.size() - 2);
  return "sum = MatMulInteger (" + operands + ")";
}

/// A per-tensor scale of the left side, as a scalar or a vector of one element; its columns cannot have scales of their own.
bool hasOneElement(const FunctionBodyBuildContext &context, int input) {
  const onnx::TypeProto *type = context.getInputType(input);
  if (!type || !type->tensor_type().has_shape())
    return false;
  const onnx::TensorShapeProto &shape = type->tensor_type().shape();
  return shape.dim_size() == 0 || (shape.dim_size() == 1 && shape.dim(0).dim_value() == 1);
}

bool matMulIntegerToFloat(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  if (!hasOneElement(context, 2))
    return false;
  add(body, matMulInteger(context, "A, B", 4, "a_zero_point", 5, "b_zero_point"));
  body.Add("wide = Cast <to = 1> (sum)").Add("a_wide = Cast <to = 1> (a_scale)").Add("b_wide = Cast <to = 1> (b_scale)");
  body.Add("scale = Mul (a_wide, b_wide)").Add(context.hasInput(6) ? "product = Mul (wide, scale)" : "y = Mul (wide, scale)");
  if (context.hasInput(6))
    body.Add("bias_wide = Cast <to = 1> (bias)").Add("y = Add (product, bias_wide)");
  body.Add("Y = CastLike (y, a_scale)");
  return true;
}

bool dynamicQuantizeMatMul(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  body.Add("a, a_scale, a_zero_point = DynamicQuantizeLinear (A)");
  add(body, "sum = MatMulInteger (a, B, a_zero_point" + std::string(context.hasInput(3) ? ", b_zero_point)" : ")"));
  body.Add("wide = Cast <to = 1> (sum)").Add("scale = Mul (a_scale, b_scale)");
  body.Add(context.hasInput(4) ? "product = Mul (wide, scale)" : "Y = Mul (wide, scale)");
  if (context.hasInput(4))
    body.Add("Y = Add (product, bias)");
  return true;
}

/// The sum of products and `C` is exact; it is scaled once.
bool qgemm(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  body.Add(intAttribute(context, "transA") ? "a = Transpose <perm = [1, 0]> (A)" : "a = Identity (A)");
  body.Add(intAttribute(context, "transB") ? "b = Transpose <perm = [1, 0]> (B)" : "b = Identity (B)");
  bool isQuantized = context.hasInput(7);
  add(body, matMulInteger(context, "a, b", 2, "a_zero_point", 5, "b_zero_point"));
  body.Add(context.hasInput(6) ? "total = Add (sum, C)" : "total = Identity (sum)").Add("wide = Cast <to = 1> (total)");
  body.Add("alpha = Constant <value_float: float = @alpha> ()").Add("a_scaled = Mul (alpha, a_scale)").Add("scale = Mul (a_scaled, b_scale)");
  if (!isQuantized) {
    body.Add("Y = Mul (wide, scale)");
    return true;
  }
  body.Add("ratio = Div (scale, y_scale)").Add("scaled = Mul (wide, ratio)").Const("one", 1.0f);
  return addQuantize(context, body, "Y", "scaled", "one", 8, "y_zero_point", 0);
}

bool quantizeLinear(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  std::string attributes = context.getAttribute("axis") ? "<axis: int = @axis> " : "";
  add(body, "y = QuantizeLinear " + attributes + (context.hasInput(2) ? "(x, y_scale, y_zero_point)" : "(x, y_scale)"));
  return true;
}

bool dequantizeLinear(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  std::string attributes = context.getAttribute("axis") ? "<axis: int = @axis> " : "";
  add(body, "y = DequantizeLinear " + attributes + (context.hasInput(2) ? "(x, x_scale, x_zero_point)" : "(x, x_scale)"));
  return true;
}

//===-- Schemas --------------------------------------------------------------------------------------------------------------------------===//

constexpr const char *kFloat = "tensor(float)";

OpSchema bytes(const char *type = "T") { return OpSchema().TypeConstraint(type, {"tensor(uint8)", "tensor(int8)"}, "bytes"); }

OpSchema::FormalParameterOption optional(bool is) { return is ? OpSchema::Optional : OpSchema::Single; }

/// Adds a quantised operand: the tensor, its scale and its zero point.
int addOperand(OpSchema &schema, int input, const char *name, const char *scale, const char *point, bool needsPoint = false) {
  schema.Input(input, name, "", "T").Input(input + 1, scale, "", kFloat).Input(input + 2, point, "", "T", optional(!needsPoint));
  return input + 3;
}

OpSchema binarySchema() {
  OpSchema schema = bytes();
  int input = addOperand(schema, 0, "A", "A_scale", "A_zero_point");
  input = addOperand(schema, input, "B", "B_scale", "B_zero_point");
  return schema.Input(input, "C_scale", "", kFloat).Input(input + 1, "C_zero_point", "", "T", OpSchema::Optional).Output(0, "C", "", "T");
}

OpSchema unarySchema() {
  OpSchema schema = bytes();
  int input = addOperand(schema, 0, "X", "X_scale", "X_zero_point");
  return schema.Input(input, "Y_scale", "", kFloat).Input(input + 1, "Y_zero_point", "", "T", OpSchema::Optional).Output(0, "Y", "", "T");
}

OpSchema poolSchema(bool needsPoints) {
  OpSchema schema = bytes();
  int input = addOperand(schema, 0, "X", "x_scale", "x_zero_point", needsPoints);
  schema.Input(input, "y_scale", "", kFloat).Input(input + 1, "y_zero_point", "", "T", optional(!needsPoints)).Output(0, "Y", "", "T");
  return schema.Attr("channels_last", "", AttributeProto::INT, int64_t(0));
}

OpSchema averagePoolSchema() {
  return poolSchema(/*needsPoints=*/false)
      .Attr("auto_pad", "", AttributeProto::STRING, std::string("NOTSET"))
      .Attr("ceil_mode", "", AttributeProto::INT, int64_t(0))
      .Attr("count_include_pad", "", AttributeProto::INT, int64_t(0))
      .Attr("kernel_shape", "", AttributeProto::INTS)
      .Attr("pads", "", AttributeProto::INTS, false)
      .Attr("strides", "", AttributeProto::INTS, false);
}

OpSchema softmaxSchema() {
  OpSchema schema = bytes();
  int input = addOperand(schema, 0, "X", "X_scale", "x_zero_point");
  schema.Input(input, "y_scale", "", kFloat).Input(input + 1, "y_zero_point", "", "T").Output(0, "Y", "", "T");
  return schema.Attr("axis", "", AttributeProto::INT, int64_t(-1)).Attr("opset", "", AttributeProto::INT);
}

OpSchema concatSchema() {
  return bytes("T8")
      .TypeConstraint("TV", {"tensor(uint8)", "tensor(int8)", kFloat}, "bytes and their scales")
      .Input(0, "Y_scale", "", kFloat)
      .Input(1, "Y_zero_point", "", "T8")
      .Input(2, "inputs", "", "TV", OpSchema::Variadic, /*is_homogeneous=*/false)
      .Output(0, "Y", "", "T8")
      .Attr("axis", "", AttributeProto::INT)
      .TypeAndShapeInferenceFunction([](InferenceContext &context) { onnx::propagateElemTypeFromInputToOutput(context, 1, 0); });
}

OpSchema gemmSchema() {
  return bytes("TA")
      .TypeConstraint("TB", {"tensor(uint8)", "tensor(int8)"}, "bytes")
      .TypeConstraint("TYZ", {"tensor(uint8)", "tensor(int8)"}, "bytes")
      .TypeConstraint("TY", {kFloat, "tensor(uint8)", "tensor(int8)"}, "bytes, or floats without a scale")
      .Input(0, "A", "", "TA")
      .Input(1, "a_scale", "", kFloat)
      .Input(2, "a_zero_point", "", "TA")
      .Input(3, "B", "", "TB")
      .Input(4, "b_scale", "", kFloat)
      .Input(5, "b_zero_point", "", "TB")
      .Input(6, "C", "", "tensor(int32)", OpSchema::Optional)
      .Input(7, "y_scale", "", kFloat, OpSchema::Optional)
      .Input(8, "y_zero_point", "", "TYZ", OpSchema::Optional)
      .Output(0, "Y", "", "TY")
      .Attr("alpha", "", AttributeProto::FLOAT, 1.0f)
      .Attr("transA", "", AttributeProto::INT, int64_t(0))
      .Attr("transB", "", AttributeProto::INT, int64_t(0));
}

OpSchema integerToFloatSchema() {
  return bytes("T1")
      .TypeConstraint("T2", {"tensor(uint8)", "tensor(int8)"}, "bytes")
      .TypeConstraint("T3", {kFloat, "tensor(float16)"}, "floating point")
      .Input(0, "A", "", "T1")
      .Input(1, "B", "", "T2")
      .Input(2, "a_scale", "", "T3")
      .Input(3, "b_scale", "", "T3")
      .Input(4, "a_zero_point", "", "T1", OpSchema::Optional)
      .Input(5, "b_zero_point", "", "T2", OpSchema::Optional)
      .Input(6, "bias", "", "T3", OpSchema::Optional)
      .Output(0, "Y", "", "T3");
}

OpSchema dynamicQuantizeSchema() {
  return bytes("T2")
      .TypeConstraint("T1", {kFloat}, "floating point")
      .Input(0, "A", "", "T1")
      .Input(1, "B", "", "T2")
      .Input(2, "b_scale", "", "T1")
      .Input(3, "b_zero_point", "", "T2", OpSchema::Optional)
      .Input(4, "bias", "", "T1", OpSchema::Optional)
      .Output(0, "Y", "", "T1");
}

OpSchema linearSchema(bool quantizes) {
  std::vector<std::string> integers = {"tensor(int8)", "tensor(uint8)", "tensor(int16)", "tensor(uint16)", "tensor(int4)", "tensor(uint4)"};
  if (!quantizes)
    integers.push_back("tensor(int32)");
  OpSchema schema = OpSchema().TypeConstraint("T1", integers, "integers").TypeConstraint("T2", {kFloat, "tensor(float16)"}, "floating point");
  schema.Attr("axis", "", AttributeProto::INT, false);
  if (quantizes)
    return schema.Input(0, "x", "", "T2")
        .Input(1, "y_scale", "", "T2")
        .Input(2, "y_zero_point", "", "T1", OpSchema::Optional)
        .Output(0, "y", "", "T1");
  return schema.Input(0, "x", "", "T1").Input(1, "x_scale", "", "T2").Input(2, "x_zero_point", "", "T1", OpSchema::Optional).Output(0, "y", "", "T2");
}

const std::vector<std::string> kFloats = {kFloat, "tensor(float16)", "tensor(bfloat16)"};

/// The shape of A with N as its last dim.
void inferMatMulNBits(InferenceContext &context) {
  onnx::propagateElemTypeFromInputToOutput(context, 0, 0);
  const onnx::TypeProto *a = context.getInputType(0);
  const AttributeProto *n = context.getAttribute("N");
  if (!n || !a->tensor_type().has_shape() || a->tensor_type().shape().dim_size() == 0)
    return;
  onnx::TensorShapeProto shape = a->tensor_type().shape();
  shape.mutable_dim(shape.dim_size() - 1)->set_dim_value(n->i());
  onnx::updateOutputShape(context, 0, shape);
}

OpSchema matMulNBitsSchema() {
  return OpSchema()
      .TypeConstraint("T1", kFloats, "floating point")
      .TypeConstraint("T2", {"tensor(uint8)"}, "packed weights")
      .TypeConstraint("T3", {"tensor(uint8)", kFloat, "tensor(float16)", "tensor(bfloat16)"}, "packed or floating point")
      .TypeConstraint("T4", {"tensor(int32)"}, "positions")
      .Input(0, "A", "", "T1")
      .Input(1, "B", "", "T2")
      .Input(2, "scales", "", "T1")
      .Input(3, "zero_points", "", "T3", OpSchema::Optional)
      .Input(4, "g_idx", "", "T4", OpSchema::Optional)
      .Input(5, "bias", "", "T1", OpSchema::Optional)
      .Output(0, "Y", "", "T1")
      .Attr("K", "", AttributeProto::INT)
      .Attr("N", "", AttributeProto::INT)
      .Attr("bits", "", AttributeProto::INT, int64_t(4))
      .Attr("block_size", "", AttributeProto::INT)
      .Attr("accuracy_level", "", AttributeProto::INT, int64_t(0))
      .Attr("weight_prepacked", "", AttributeProto::INT, int64_t(0))
      .TypeAndShapeInferenceFunction(inferMatMulNBits);
}

OpSchema gatherSchema() {
  return OpSchema()
      .TypeConstraint("T1",
                      {"tensor(int4)", "tensor(uint4)", "tensor(uint8)", "tensor(float8e4m3fn)", "tensor(float8e4m3fnuz)", "tensor(float8e5m2)",
                       "tensor(float8e5m2fnuz)", "tensor(float4e2m1)"},
                      "quantised data")
      .TypeConstraint("T2", kFloats, "floating point")
      .TypeConstraint("Tind", {"tensor(int32)", "tensor(int64)"}, "positions")
      .Input(0, "data", "", "T1")
      .Input(1, "indices", "", "Tind")
      .Input(2, "scales", "", "T2")
      .Input(3, "zero_points", "", "T1", OpSchema::Optional)
      .Output(0, "output", "", "T2")
      .Attr("bits", "", AttributeProto::INT, int64_t(4))
      .Attr("block_size", "", AttributeProto::INT, int64_t(128))
      .Attr("gather_axis", "", AttributeProto::INT, int64_t(0))
      .Attr("quantize_axis", "", AttributeProto::INT, int64_t(1))
      .TypeAndShapeInferenceFunction([](InferenceContext &context) { onnx::propagateElemTypeFromInputToOutput(context, 2, 0); });
}

} // namespace

void addMicrosoftQuantizedOps(Ops &ops) {
  addMicrosoftOp(ops, "QLinearAdd", binarySchema(), qlinearAdd);
  addMicrosoftOp(ops, "QLinearMul", binarySchema(), qlinearMul);
  addMicrosoftOp(ops, "QLinearSigmoid", unarySchema(), qlinearSigmoid);
  addMicrosoftOp(ops, "QLinearLeakyRelu", unarySchema().Attr("alpha", "", AttributeProto::FLOAT, 0.01f), qlinearLeakyRelu);
  addMicrosoftOp(ops, "QLinearSoftmax", softmaxSchema(), qlinearSoftmax);
  addMicrosoftOp(ops, "QLinearAveragePool", averagePoolSchema(), qlinearAveragePool);
  addMicrosoftOp(ops, "QLinearGlobalAveragePool", poolSchema(/*needsPoints=*/true), qlinearGlobalAveragePool);
  addMicrosoftOp(ops, "QLinearConcat", concatSchema(), nullptr);
  addMicrosoftOp(ops, "QGemm", gemmSchema(), qgemm);
  addMicrosoftOp(ops, "MatMulIntegerToFloat", integerToFloatSchema(), matMulIntegerToFloat);
  addMicrosoftOp(ops, "DynamicQuantizeMatMul", dynamicQuantizeSchema(), dynamicQuantizeMatMul);
  addMicrosoftOp(ops, "QuantizeLinear", linearSchema(/*quantizes=*/true), quantizeLinear);
  addMicrosoftOp(ops, "DequantizeLinear", linearSchema(/*quantizes=*/false), dequantizeLinear);
  addMicrosoftOp(ops, "MatMulNBits", matMulNBitsSchema(), nullptr);
  addMicrosoftOp(ops, "GatherBlockQuantized", gatherSchema(), nullptr);
}

} // namespace ingot::schema
