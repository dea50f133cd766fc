// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Product/ProductStep.h"

#include "dialects/Ingot/NarrowFloats.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr StringLiteral kPairProduct = "llvm.x86.avx512bf16.dpbf16ps.", kByteProduct = "llvm.x86.avx512.vpdpbusd.";

VectorType vectorOf(int64_t lanes, Type element) { return VectorType::get({lanes}, element); }

/// (The step of f32 has no types.)
bool isBytes(Type element) { return element && element.isInteger(8); }

/// Elements that are multiplied without groups, in the type of their sums.
Value widen(ImplicitLocOpBuilder &b, Value loaded, Type element) {
  return isBytes(element) ? castElements(b, loaded, element, b.getI32Type()) : widenElements(b, loaded);
}

/// The bits of a vector as one integer. By one cast, not as the element of a vector: LLVM makes a load of an integer of it, which it can broadcast on
/// the way from memory to several widths; else it goes through a general register, and each broadcast takes the units that multiply.
Value asScalar(ImplicitLocOpBuilder &b, Value vector) {
  auto type = cast<VectorType>(vector.getType());
  return LLVM::BitcastOp::create(b, b.getIntegerType(type.getNumElements() * type.getElementTypeBitWidth()), vector);
}

/// The first `present` of four bytes at `at`, the others being zero, as i32.
Value loadBytes(ImplicitLocOpBuilder &b, Value buffer, Value at, int64_t present) {
  auto load = [&](int64_t first, int64_t count) -> Value {
    Value from = b.createOrFold<arith::AddIOp>(at, arith::ConstantIndexOp::create(b, first));
    Value bytes = vector::LoadOp::create(b, vectorOf(count, b.getI8Type()), buffer, from);
    Value bits = asScalar(b, bytes);
    return count == 4 ? bits : arith::ExtUIOp::create(b, b.getI32Type(), bits).getResult();
  };
  if (present != 3)
    return load(0, present);
  Value third = arith::ShLIOp::create(b, load(2, 1), arith::ConstantOp::create(b, b.getI32IntegerAttr(16)));
  return arith::OrIOp::create(b, load(0, 2), third);
}

} // namespace

bool ProductStep::exists() const {
  switch (group) {
  case 1:
    return (left.isF32() && (right.isF32() || isNarrowFloat(right))) || (left.isUnsignedInteger(8) && right.isSignlessInteger(8));
  case 2:
    return left.isBF16() && right.isBF16();
  case 4:
    return left.isUnsignedInteger(8) && right.isSignlessInteger(8);
  default:
    return false;
  }
}

Type ProductStep::getSumType(MLIRContext *context) const {
  return isBytes(left) ? Type(IntegerType::get(context, 32)) : Type(Float32Type::get(context));
}

Value ProductStep::loadLeft(ImplicitLocOpBuilder &b, Value buffer, Value at, int64_t present) const {
  if (group == 1)
    return widen(b, memref::LoadOp::create(b, buffer, at), left);
  if (multipliesBytes())
    return loadBytes(b, buffer, at, present);
  if (present < group) {
    Value bits = arith::BitcastOp::create(b, b.getI16Type(), memref::LoadOp::create(b, buffer, at).getResult());
    return arith::ExtUIOp::create(b, b.getI32Type(), bits); // the other element is zero
  }
  Value pair = vector::LoadOp::create(b, vectorOf(group, left), buffer, at);
  return asScalar(b, pair);
}

Value ProductStep::loadRight(ImplicitLocOpBuilder &b, Value buffer, Value at, int64_t lanes) const {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Value loaded = vector::LoadOp::create(b, vectorOf(lanes * group, element), buffer, at);
  return group == 1 ? widen(b, loaded, right) : loaded;
}

Value ProductStep::multiplyAdd(ImplicitLocOpBuilder &b, Value left, Value right, Value sum) const {
  auto type = cast<VectorType>(sum.getType());
  int64_t lanes = type.getNumElements();
  Value spread = isa<VectorType>(left.getType()) ? left : vector::BroadcastOp::create(b, vectorOf(lanes, left.getType()), left).getResult();
  if (group == 1 && isBytes(this->left))
    return arith::AddIOp::create(b, sum, arith::MulIOp::create(b, spread, right));
  if (group == 1)
    return vector::FMAOp::create(b, spread, right, sum);
  spread = vector::BitCastOp::create(b, right.getType(), spread);
  auto name = b.getStringAttr((multipliesBytes() ? kByteProduct : kPairProduct) + Twine(lanes * 32));
  return LLVM::CallIntrinsicOp::create(b, type, name, ValueRange{sum, spread, right})->getResult(0);
}

//===-- Without the instructions -------------------------------------------------------------------------------------------------------------===//

namespace {

Value expandPairProduct(ImplicitLocOpBuilder &b, LLVM::CallIntrinsicOp call) {
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

/// An instruction of AVX2 and of AVX-512 that adds up products of neighbours, and the bits of its sums.
struct PairInstruction {
  StringLiteral narrow, wide;
  int64_t bits;
};
constexpr PairInstruction kWordPairs{"llvm.x86.avx2.pmadd.wd", "llvm.x86.avx512.pmaddw.d.512", 32};
constexpr PairInstruction kBytePairs{"llvm.x86.avx2.pmadd.ub.sw", "llvm.x86.avx512.pmaddubs.w.512", 16};

/// left[2 i] * right[2 i] + left[2 i + 1] * right[2 i + 1].
Value multiplyPairs(ImplicitLocOpBuilder &b, Value left, Value right, const PairInstruction &instruction, bool wide) {
  int64_t lanes = cast<VectorType>(left.getType()).getNumElements() / 2;
  bool isWide = lanes * instruction.bits == 512;
  if (isWide && !wide) {
    SmallVector<Value> sums;
    for (int64_t first : {int64_t(0), lanes}) {
      auto half = [&](Value x) { return vector::ExtractStridedSliceOp::create(b, x, first, lanes, 1).getResult(); };
      sums.push_back(multiplyPairs(b, half(left), half(right), instruction, wide));
    }
    return vector::ShuffleOp::create(b, sums[0], sums[1], llvm::to_vector(llvm::seq<int64_t>(lanes)));
  }
  auto name = b.getStringAttr(isWide ? instruction.wide : instruction.narrow);
  return LLVM::CallIntrinsicOp::create(b, vectorOf(lanes, b.getIntegerType(instruction.bits)), name, ValueRange{left, right})->getResult(0);
}

/// Bytes as words: those at even and at odd places of each group, two and two side by side. No product or sum of two of them overflows, as it does
/// where an instruction adds up products in 16 bits.
Value expandByWordPairs(ImplicitLocOpBuilder &b, LLVM::CallIntrinsicOp call, bool wide) {
  Value sum = call.getArgs()[0];
  auto words = vectorOf(2 * cast<VectorType>(sum.getType()).getNumElements(), b.getI16Type());
  ElementMath m(b, words);
  if (call->hasAttr(kSmallLeft)) {
    Value pairs = multiplyPairs(b, call.getArgs()[1], call.getArgs()[2], kBytePairs, wide);
    return arith::AddIOp::create(b, sum, multiplyPairs(b, pairs, m.integer(1), kWordPairs, wide));
  }
  Value byte = m.integer(8), left = vector::BitCastOp::create(b, words, call.getArgs()[1]),
        right = vector::BitCastOp::create(b, words, call.getArgs()[2]);
  Value leftEven = arith::AndIOp::create(b, left, m.integer(0xff)), leftOdd = arith::ShRUIOp::create(b, left, byte);
  Value rightEven = arith::ShRSIOp::create(b, arith::ShLIOp::create(b, right, byte), byte), rightOdd = arith::ShRSIOp::create(b, right, byte);
  sum = arith::AddIOp::create(b, sum, multiplyPairs(b, leftEven, rightEven, kWordPairs, wide));
  return arith::AddIOp::create(b, sum, multiplyPairs(b, leftOdd, rightOdd, kWordPairs, wide));
}

/// The four bytes of each lane, one after the other, with products of i32.
Value expandByBytes(ImplicitLocOpBuilder &b, LLVM::CallIntrinsicOp call) {
  Value sum = call.getArgs()[0];
  auto type = cast<VectorType>(sum.getType());
  ElementMath m(b, type);
  Value left = vector::BitCastOp::create(b, type, call.getArgs()[1]), right = vector::BitCastOp::create(b, type, call.getArgs()[2]);
  for (int64_t shift = 0; shift < 32; shift += 8) {
    Value x = arith::AndIOp::create(b, arith::ShRUIOp::create(b, left, m.integer(shift)), m.integer(0xff));
    Value w = arith::ShRSIOp::create(b, arith::ShLIOp::create(b, right, m.integer(24 - shift)), m.integer(24));
    sum = m.add(sum, m.mul(x, w));
  }
  return sum;
}

} // namespace

bool needsExpansion(Operation *op, const GroupInstructions &those) {
  auto call = dyn_cast<LLVM::CallIntrinsicOp>(op);
  return call &&
         ((!those.bf16Pairs && call.getIntrin().starts_with(kPairProduct)) || (!those.byteGroups && call.getIntrin().starts_with(kByteProduct)));
}

Value expandGroupProduct(ImplicitLocOpBuilder &b, Operation *op, const GroupInstructions &those) {
  auto call = cast<LLVM::CallIntrinsicOp>(op);
  if (call.getIntrin().starts_with(kPairProduct))
    return expandPairProduct(b, call);
  return those.wordPairs ? expandByWordPairs(b, call, those.wide) : expandByBytes(b, call);
}

} // namespace ingot
