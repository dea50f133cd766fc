// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Region/VectorCost.h"

#include "dialects/Ingot/Ingot.h"

using namespace mlir;

namespace ingot {

double vectorCycles(Operation *op) {
  auto unary = dyn_cast<UnaryOp>(op);
  if (!unary) {
    auto binary = dyn_cast<BinaryOp>(op);
    return binary && binary.getKind() == BinaryKind::Pow ? 60 : 1;
  }
  switch (unary.getKind()) {
  case UnaryKind::Abs:
  case UnaryKind::Neg:
  case UnaryKind::Sign:
  case UnaryKind::Ceil:
  case UnaryKind::Floor:
  case UnaryKind::RoundEven:
  case UnaryKind::Relu:
  case UnaryKind::LeakyRelu:
  case UnaryKind::Not:
  case UnaryKind::IsNan:
  case UnaryKind::IsInf:
    return 1;
  case UnaryKind::Sqrt:
  case UnaryKind::Reciprocal:
  case UnaryKind::HardSigmoid:
  case UnaryKind::HardSwish:
    return 6;
  default:
    return 25;
  }
}

} // namespace ingot
