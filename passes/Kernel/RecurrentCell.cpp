// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RecurrentCell.h"

#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

size_t countActivations(RecurrentOp op) { return op.getKind() == CellKind::Lstm ? 3 : op.getKind() == CellKind::Gru ? 2 : 1; }

/// An activation with the parameters that ONNX gives it when the model does not.
struct Activation {
  StringLiteral name;
  std::optional<UnaryKind> kind;
  double alpha, beta;
};
constexpr Activation kActivations[] = {{"relu", UnaryKind::Relu, 0.0, 0.0},         {"tanh", UnaryKind::Tanh, 0.0, 0.0},
                                       {"sigmoid", UnaryKind::Sigmoid, 0.0, 0.0},   {"leakyrelu", UnaryKind::LeakyRelu, 0.01, 0.0},
                                       {"elu", UnaryKind::Elu, 1.0, 0.0},           {"hardsigmoid", UnaryKind::HardSigmoid, 0.2, 0.5},
                                       {"softplus", UnaryKind::Softplus, 0.0, 0.0}, {"affine", std::nullopt, 1.0, 0.0},
                                       {"thresholdedrelu", std::nullopt, 1.0, 0.0}, {"scaledtanh", std::nullopt, 1.0, 1.0},
                                       {"softsign", std::nullopt, 0.0, 0.0}};

const Activation *findActivation(StringRef name) {
  for (const Activation &activation : kActivations)
    if (name.equals_insensitive(activation.name))
      return &activation;
  return nullptr;
}

} // namespace

int64_t countGates(RecurrentOp op) { return op.getKind() == CellKind::Lstm ? 4 : op.getKind() == CellKind::Gru ? 3 : 1; }

LogicalResult checkCell(RecurrentOp op) {
  if (op.getActivations().size() < countActivations(op))
    return op.emitOpError("needs ") << countActivations(op) << " activations, has " << op.getActivations().size();
  for (Attribute name : op.getActivations())
    if (!findActivation(cast<StringAttr>(name).getValue()))
      return op.emitOpError("has the unknown activation ") << name;
  return success();
}

Value emitActivation(ImplicitLocOpBuilder &b, RecurrentOp op, size_t which, Value x) {
  ElementMath m(b, x.getType());
  const Activation &activation = *findActivation(cast<StringAttr>(op.getActivations()[which]).getValue());
  double alpha = which < op.getAlphas().size() ? op.getAlphas()[which] : activation.alpha;
  double beta = which < op.getBetas().size() ? op.getBetas()[which] : activation.beta;
  if (double clip = op.getClip().convertToDouble(); clip > 0.0 && which != 2) // gates are clipped, the cell on its way to h is not
    x = m.clamp(x, -clip, clip);
  if (activation.kind)
    return emitUnaryKind(b, *activation.kind, x, getElementTypeOrSelf(x.getType()), alpha, beta);
  if (activation.name == "affine")
    return m.add(m.mul(m.constant(alpha), x), m.constant(beta));
  if (activation.name == "thresholdedrelu")
    return m.select(m.less(x, m.constant(alpha)), m.constant(0.0), x);
  if (activation.name == "scaledtanh")
    return m.mul(m.constant(alpha), math::TanhOp::create(b, m.mul(m.constant(beta), x)));
  return m.div(x, m.add(m.constant(1.0), m.abs(x))); // softsign
}

} // namespace ingot
