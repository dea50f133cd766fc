// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Product/ProductStep.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr StringLiteral kPairProduct = "llvm.x86.avx512bf16.dpbf16ps.";

VectorType vectorOf(int64_t lanes, Type element) { return VectorType::get({lanes}, element); }

} // namespace

bool ProductStep::exists() const {
  if (group == 1)
    return left.isF32() && (right.isF32() || right.isF16() || right.isBF16());
  return group == 2 && left.isBF16() && right.isBF16();
}

Value ProductStep::loadLeft(ImplicitLocOpBuilder &b, Value buffer, Value at, int64_t present) const {
  if (group == 1)
    return memref::LoadOp::create(b, buffer, at);
  if (present < group) {
    Value bits = arith::BitcastOp::create(b, b.getI16Type(), memref::LoadOp::create(b, buffer, at).getResult());
    return arith::ExtUIOp::create(b, b.getI32Type(), bits); // the other element is zero
  }
  Value pair = vector::LoadOp::create(b, vectorOf(group, left), buffer, at);
  return vector::ExtractOp::create(b, vector::BitCastOp::create(b, vectorOf(1, b.getI32Type()), pair), 0);
}

Value ProductStep::loadRight(ImplicitLocOpBuilder &b, Value buffer, Value at, int64_t lanes) const {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Value loaded = vector::LoadOp::create(b, vectorOf(lanes * group, element), buffer, at);
  return group == 1 ? widenElements(b, loaded) : loaded;
}

Value ProductStep::multiplyAdd(ImplicitLocOpBuilder &b, Value left, Value right, Value sum) const {
  auto type = cast<VectorType>(sum.getType());
  int64_t lanes = type.getNumElements();
  Value spread = vector::BroadcastOp::create(b, vectorOf(lanes, left.getType()), left);
  if (group == 1)
    return vector::FMAOp::create(b, spread, right, sum);
  spread = vector::BitCastOp::create(b, right.getType(), spread);
  auto name = b.getStringAttr(kPairProduct + Twine(lanes * 32));
  return LLVM::CallIntrinsicOp::create(b, type, name, ValueRange{sum, spread, right})->getResult(0);
}

bool isPairProduct(Operation *op) {
  auto call = dyn_cast<LLVM::CallIntrinsicOp>(op);
  return call && call.getIntrin().starts_with(kPairProduct);
}

Value expandPairProduct(ImplicitLocOpBuilder &b, Operation *op) {
  auto call = cast<LLVM::CallIntrinsicOp>(op);
  Value sum = call.getArgs()[0];
  auto type = cast<VectorType>(sum.getType());
  ElementMath pairs(b, type.clone(b.getI32Type()));
  // The first element of a pair is the low half; a bf16 is the upper half of an f32.
  auto halves = [&](Value vector) -> std::pair<Value, Value> {
    Value bits = vector::BitCastOp::create(b, type.clone(b.getI32Type()), vector);
    Value low = arith::ShLIOp::create(b, bits, pairs.integer(16)), high = arith::AndIOp::create(b, bits, pairs.integer(-0x10000));
    return {arith::BitcastOp::create(b, type, low), arith::BitcastOp::create(b, type, high)};
  };
  auto [leftLow, leftHigh] = halves(call.getArgs()[1]);
  auto [rightLow, rightHigh] = halves(call.getArgs()[2]);
  return vector::FMAOp::create(b, leftHigh, rightHigh, vector::FMAOp::create(b, leftLow, rightLow, sum));
}

} // namespace ingot
