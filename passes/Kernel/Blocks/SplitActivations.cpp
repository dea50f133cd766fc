// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Blocks/SplitActivations.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/BodyEmitter.h"
#include "passes/Kernel/BodyLoops.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {

SplitRows::SplitRows(ImplicitLocOpBuilder &b, Value scratch, int64_t size) {
  auto view = [&](Type element, int64_t count) -> Value {
    return memref::ViewOp::create(b, MemRefType::get({count}, element), scratch, indexOf(b, 0), ValueRange());
  };
  bytes = view(b.getI8Type(), size);
  integers = view(b.getI32Type(), size / 4);
  floats = view(b.getF32Type(), size / 4);
}

void SplitActivations::emit(Value from, Value to) {
  Value base = scaleIndex(b, to, s.rowBytes());
  int64_t full = s.depth / s.block, rest = s.depth % s.block;
  if (full > 0)
    makeLoop(b, indexOf(b, 0), indexOf(b, full), 1, {}, [&](Value number, ValueRange) {
      emitBlock(from, base, number, s.block);
      return SmallVector<Value>();
    });
  if (rest > 0)
    emitBlock(from, base, indexOf(b, full), rest);
}

SplitActivations::Step SplitActivations::chooseStep(Value largestBits) {
  ElementMath i(b, b.getI32Type()), f(b, b.getF32Type());
  auto asFloat = [&](Value bits) { return arith::BitcastOp::create(b, b.getF32Type(), bits).getResult(); };
  constexpr int64_t kInfinity = 0x7f800000;
  Value isFinite = i.bits(arith::CmpIPredicate::ult, largestBits, i.integer(kInfinity));
  if (s.bytes == 1) {
    Value least = arith::BitcastOp::create(b, b.getI32Type(), f.constant(kLeastActivation));
    Value largest = asFloat(arith::MaxUIOp::create(b, largestBits, least)); // NaN and infinity stay
    return {f.mul(largest, f.constant(1.0 / 127)), f.div(f.constant(127), largest), isFinite};
  }
  // The largest is less than 2^(e - 126), so that its integer is less than 2^30, and its highest byte does not overflow when lower ones carry.
  Value e = arith::MaxUIOp::create(b, arith::ShRUIOp::create(b, largestBits, i.integer(23)), i.integer(30));
  Value step = asFloat(arith::ShLIOp::create(b, i.sub(e, i.integer(29)), i.integer(23)));
  Value perStep = asFloat(arith::ShLIOp::create(b, i.sub(i.integer(283), e), i.integer(23)));
  return {f.select(isFinite, step, f.constant(std::numeric_limits<double>::quiet_NaN())), perStep, isFinite};
}

void SplitActivations::emitBlock(Value from, Value to, Value number, int64_t present) {
  auto floats = VectorType::get({kPanel}, b.getF32Type()), integers = floats.clone(b.getI32Type());
  ElementMath i(b, integers), f(b, floats);
  auto spread = [&](VectorType type, Value scalar) { return vector::BroadcastOp::create(b, type, scalar).getResult(); };
  Value first = addIndex(b, from, scaleIndex(b, number, s.block)), largest;
  SmallVector<Value> vectors;
  for (int64_t k = 0; k < present; k += kPanel) {
    Value active = present - k < kPanel ? indexOf(b, present - k) : Value();
    vectors.push_back(loadElements(b, activations, offsetBy(b, first, k), kPanel, b.getF32Type(), active));
    Value magnitude = arith::AndIOp::create(b, arith::BitcastOp::create(b, integers, vectors.back()), i.integer(0x7fffffff));
    largest = largest ? arith::MaxUIOp::create(b, largest, magnitude).getResult() : magnitude;
  }
  auto [step, perStep, isFinite] = chooseStep(vector::ReductionOp::create(b, vector::CombiningKind::MAXUI, largest));

  SmallVector<Value> sums(s.bytes, i.integer(0));
  Value target = addIndex(b, to, scaleIndex(b, number, s.block * s.bytes));
  for (int64_t k = 0; k < s.block; k += kPanel) {
    Value left = i.integer(0);
    if (k < present) {
      Value scaled = f.select(isFinite, f.mul(vectors[k / kPanel], spread(floats, perStep)), f.constant(0));
      left = arith::FPToSIOp::create(b, integers, math::RoundEvenOp::create(b, scaled));
    }
    for (int64_t d = 0; d < s.bytes; ++d) {
      Value byte = arith::TruncIOp::create(b, integers.clone(b.getI8Type()), left), own = left;
      if (d + 1 < s.bytes) {
        own = arith::ShRSIOp::create(b, arith::ShLIOp::create(b, left, i.integer(24)), i.integer(24));
        left = arith::ShRSIOp::create(b, i.add(left, i.integer(128)), i.integer(8));
      }
      sums[d] = i.add(sums[d], own);
      for (int64_t half = 0; half < kPanel; half += kChunkRows) {
        Value chunk = vector::ExtractStridedSliceOp::create(b, byte, half, kChunkRows, 1);
        vector::StoreOp::create(b, chunk, rows.bytes, offsetBy(b, target, (k + half) * s.bytes + d * kChunkRows));
      }
    }
  }

  ElementMath integer(b, b.getI32Type()), number32(b, b.getF32Type());
  auto place = [&](int64_t offset, int64_t each, int64_t own) {
    Value word = b.createOrFold<arith::DivUIOp>(to, indexOf(b, 4));
    return offsetBy(b, addIndex(b, word, scaleIndex(b, number, each)), offset / 4 + own);
  };
  Value all;
  for (int64_t d = s.bytes; d-- > 0;) {
    Value sum = vector::ReductionOp::create(b, vector::CombiningKind::ADD, sums[d]);
    memref::StoreOp::create(b, integer.mul(sum, integer.integer(-8)), rows.integers, place(s.startsAt(), s.bytes, d));
    sum = arith::SIToFPOp::create(b, b.getF32Type(), sum);
    all = all ? math::FmaOp::create(b, all, number32.constant(256), sum).getResult() : sum;
  }
  memref::StoreOp::create(b, step, rows.floats, place(s.stepsAt(), 1, 0));
  if (s.hasPoints)
    memref::StoreOp::create(b, number32.mul(all, step), rows.floats, place(s.sumsAt(), 1, 0));
}

} // namespace ingot
