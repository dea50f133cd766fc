// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Schema/MicrosoftOps.h"

#include "frontends/onnx/Schema/FunctionBodies.h"

#include <numeric>

namespace ingot::schema {
namespace {

using onnx::AttributeProto;
using onnx::FunctionBodyBuildContext;
using onnx::FunctionBuilder;
using onnx::FunctionProto;
using onnx::OpSchema;

/// The opset of ONNX's domain that the bodies below are written in.
constexpr int kBodyOpset = 23;

OpSchema withBody(OpSchema schema, BodyWriter writer) {
  schema.SetContextDependentFunctionBodyBuilder(
      [writer](const FunctionBodyBuildContext &context, const OpSchema &self, FunctionProto &function) {
        FunctionBuilder body(function);
        body.AddOpset("", kBodyOpset);
        if (!writer(context, body))
          return false;
        self.BuildFunction(function);
        return true;
      },
      1);
  return schema;
}

OpSchema floatingPoint() {
  return OpSchema().TypeConstraint("T", {"tensor(float)", "tensor(float16)", "tensor(bfloat16)", "tensor(double)"}, "floating point");
}

/// name = the attribute of that name as a scalar of the type of `like`.
void addScalar(FunctionBuilder &body, const std::string &attribute, const std::string &like) {
  body.Add((attribute + "_f = Constant <value_float: float = @" + attribute + "> ()").c_str());
  body.Add((attribute + " = CastLike (" + attribute + "_f, " + like + ")").c_str());
}

bool gelu(const FunctionBodyBuildContext &, FunctionBuilder &body) {
  body.Add("Y = Gelu (X)");
  return true;
}

bool quickGelu(const FunctionBodyBuildContext &, FunctionBuilder &body) {
  addScalar(body, "alpha", "X");
  body.Add("scaled = Mul (X, alpha)").Add("gate = Sigmoid (scaled)").Add("Y = Mul (X, gate)");
  return true;
}

bool fastGelu(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  body.Add(context.hasInput(1) ? "sum = Add (X, bias)" : "sum = Identity (X)");
  body.Add("Y = Gelu <approximate = \"tanh\"> (sum)");
  return true;
}

bool biasGelu(const FunctionBodyBuildContext &, FunctionBuilder &body) {
  body.Add("sum = Add (A, B)").Add("C = Gelu (sum)");
  return true;
}

bool addSkip(const FunctionBodyBuildContext &context, FunctionBuilder &body, int bias) {
  body.Add(context.hasInput(bias) ? "skipped = Add (input, skip)" : "sum = Add (input, skip)");
  if (context.hasInput(bias))
    body.Add("sum = Add (skipped, bias)");
  if (context.hasOutput(3))
    body.Add("input_skip_bias_sum = Identity (sum)");
  return true;
}

bool skipLayerNormalization(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  addSkip(context, body, /*bias=*/4);
  body.Add(context.hasInput(3) ? "output, mean, inv_std_var = LayerNormalization <axis = -1, epsilon: float = @epsilon> (sum, gamma, beta)"
                               : "output, mean, inv_std_var = LayerNormalization <axis = -1, epsilon: float = @epsilon> (sum, gamma)");
  return true;
}

bool skipSimplifiedLayerNormalization(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  if (context.hasOutput(1) || context.hasOutput(2))
    return false; // training statistics, which RMSNormalization does not give
  addSkip(context, body, /*bias=*/3);
  body.Add("output = RMSNormalization <axis = -1, epsilon: float = @epsilon> (sum, gamma)");
  return true;
}

/// Adds `result = operand` with its last two dims exchanged when the attribute `flag` says so; false when the rank is needed but unknown.
bool addTransposed(const FunctionBodyBuildContext &context, FunctionBuilder &body, int input, const char *flag, const char *operand,
                   const char *result) {
  if (!intAttribute(context, flag)) {
    body.Add((std::string(result) + " = Identity (" + operand + ")").c_str());
    return true;
  }
  int rank = rankOfInput(context, input);
  if (rank < 2)
    return false;
  std::vector<int64_t> permutation(rank);
  std::iota(permutation.begin(), permutation.end(), 0);
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  body.Add((std::string(result) + " = Transpose (" + operand + ")").c_str(), "perm", permutation);
  return true;
}

bool fusedMatMul(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  if (intAttribute(context, "transBatchA") || intAttribute(context, "transBatchB"))
    return false; // never written by exporters
  if (!addTransposed(context, body, 0, "transA", "A", "lhs") || !addTransposed(context, body, 1, "transB", "B", "rhs"))
    return false;
  addScalar(body, "alpha", "A");
  body.Add("product = MatMul (lhs, rhs)").Add("Y = Mul (product, alpha)");
  return true;
}

/// `Y = activation(sum)`; the parameters are positional, in the order of the ONNX operator's attributes.
bool addActivation(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  const AttributeProto *name = context.getAttribute("activation"), *list = context.getAttribute("activation_params");
  auto parameter = [&](int i, float otherwise) { return list && i < list->floats_size() ? list->floats(i) : otherwise; };
  if (!name || name->s().empty())
    body.Add("Y = Identity (sum)");
  else if (name->s() == "Relu" || name->s() == "Tanh" || name->s() == "Sigmoid")
    body.Add(("Y = " + name->s() + " (sum)").c_str());
  else if (name->s() == "LeakyRelu")
    body.Add("Y = LeakyRelu (sum)", "alpha", parameter(0, 0.01f));
  else if (name->s() == "HardSigmoid")
    body.Add("Y = HardSigmoid (sum)", "alpha", parameter(0, 0.2f), "beta", parameter(1, 0.5f));
  else if (name->s() == "Clip" && list && list->floats_size() == 2)
    body.Const("low_f", parameter(0, 0))
        .Const("high_f", parameter(1, 0))
        .Add("low = CastLike (low_f, sum)")
        .Add("high = CastLike (high_f, sum)")
        .Add("Y = Clip (sum, low, high)");
  else
    return false;
  return true;
}

bool fusedConv(const FunctionBodyBuildContext &context, FunctionBuilder &body) {
  body.Add((std::string(context.hasInput(3) ? "convolved" : "sum") +
            " = Conv <auto_pad: string = @auto_pad, dilations: ints = @dilations, group: int = @group, kernel_shape: ints = @kernel_shape, "
            "pads: ints = @pads, strides: ints = @strides> (X, W" +
            (context.hasInput(2) ? ", B)" : ")"))
               .c_str());
  if (context.hasInput(3))
    body.Add("sum = Add (convolved, Z)");
  return addActivation(context, body);
}

OpSchema skipNormalization(bool withBeta) {
  OpSchema schema = floatingPoint();
  int input = 0;
  schema.Input(input++, "input", "", "T").Input(input++, "skip", "", "T").Input(input++, "gamma", "", "T");
  if (withBeta)
    schema.Input(input++, "beta", "", "T", OpSchema::Optional);
  schema.Input(input++, "bias", "", "T", OpSchema::Optional);
  schema.Output(0, "output", "", "T").Output(1, "mean", "", "U", OpSchema::Optional).Output(2, "inv_std_var", "", "U", OpSchema::Optional);
  schema.Output(3, "input_skip_bias_sum", "", "T", OpSchema::Optional).TypeConstraint("U", {"tensor(float)"}, "statistics");
  schema.Attr("epsilon", "", AttributeProto::FLOAT, 1e-12f); // not the 1e-5 of the ONNX operators
  return schema;
}

OpSchema fusedConvSchema() {
  return floatingPoint()
      .Input(0, "X", "", "T")
      .Input(1, "W", "", "T")
      .Input(2, "B", "", "T", OpSchema::Optional)
      .Input(3, "Z", "", "T", OpSchema::Optional)
      .Output(0, "Y", "", "T")
      .Attr("activation", "", AttributeProto::STRING, false)
      .Attr("activation_params", "", AttributeProto::FLOATS, false)
      .Attr("auto_pad", "", AttributeProto::STRING, std::string("NOTSET"))
      .Attr("dilations", "", AttributeProto::INTS, false)
      .Attr("group", "", AttributeProto::INT, int64_t(1))
      .Attr("kernel_shape", "", AttributeProto::INTS, false)
      .Attr("pads", "", AttributeProto::INTS, false)
      .Attr("strides", "", AttributeProto::INTS, false);
}

OpSchema fusedMatMulSchema() {
  OpSchema schema =
      floatingPoint().Input(0, "A", "", "T").Input(1, "B", "", "T").Output(0, "Y", "", "T").Attr("alpha", "", AttributeProto::FLOAT, 1.0f);
  for (const char *flag : {"transA", "transB", "transBatchA", "transBatchB"})
    schema.Attr(flag, "", AttributeProto::INT, int64_t(0));
  return schema;
}

std::map<std::string, OpSchema> makeOps() {
  std::map<std::string, OpSchema> ops;
  auto add = [&](const char *name, OpSchema schema, BodyWriter writer) { addMicrosoftOp(ops, name, std::move(schema), writer); };
  add("Gelu", floatingPoint().Input(0, "X", "", "T").Output(0, "Y", "", "T"), gelu);
  add("QuickGelu", floatingPoint().Input(0, "X", "", "T").Output(0, "Y", "", "T").Attr("alpha", "", AttributeProto::FLOAT, 1.702f), quickGelu);
  add("FastGelu", floatingPoint().Input(0, "X", "", "T").Input(1, "bias", "", "T", OpSchema::Optional).Output(0, "Y", "", "T"), fastGelu);
  add("BiasGelu", floatingPoint().Input(0, "A", "", "T").Input(1, "B", "", "T").Output(0, "C", "", "T"), biasGelu);
  add("SkipLayerNormalization", skipNormalization(/*withBeta=*/true), skipLayerNormalization);
  add("SkipSimplifiedLayerNormalization", skipNormalization(/*withBeta=*/false), skipSimplifiedLayerNormalization);
  add("FusedMatMul", fusedMatMulSchema(), fusedMatMul);
  add("FusedConv", fusedConvSchema(), fusedConv);
  addMicrosoftQuantizedOps(ops);
  return ops;
}

} // namespace

void addMicrosoftOp(std::map<std::string, OpSchema> &ops, const char *name, OpSchema schema, BodyWriter writer) {
  schema.SetName(name).SetDomain(kMicrosoftDomain.str()).SinceVersion(1);
  OpSchema complete = writer ? withBody(std::move(schema), writer) : std::move(schema);
  complete.Finalize();
  ops.emplace(name, std::move(complete));
}

int64_t intAttribute(const FunctionBodyBuildContext &context, const char *name) {
  const AttributeProto *attribute = context.getAttribute(name);
  return attribute ? attribute->i() : 0;
}

int rankOfInput(const FunctionBodyBuildContext &context, int input) {
  const onnx::TypeProto *type = context.getInputType(input);
  return type && type->has_tensor_type() && type->tensor_type().has_shape() ? type->tensor_type().shape().dim_size() : -1;
}

const std::map<std::string, OpSchema> &microsoftOps() {
  static const auto *const ops = new std::map<std::string, OpSchema>(makeOps());
  return *ops;
}

} // namespace ingot::schema
