// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Sparse/TransposeRows.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/Kernel/BodyLoops.h"
#include "passes/Kernel/RegisterTranspose.h"

using namespace mlir;

namespace ingot {

/// Words that are transposed at once.
static constexpr int64_t kWords = 16;

void TransposeRows::emit(ArrayRef<Value> from, Value to) {
  int64_t group = s.step.getGroup(), whole = s.depth / group;
  // (Single bytes are widened, which no view of memory does.)
  bool isView = getElementTypeOrSelf(lhs.getType()).getIntOrFloatBitWidth() * group == 32;
  int64_t blocks = isView ? whole / kWords : 0, rest = blocks * kWords;
  if (blocks > 0)
    makeLoop(b, indexOf(b, 0), indexOf(b, rest), kWords, {}, [&](Value k, ValueRange) {
      emitBlock(from, to, k);
      return SmallVector<Value>();
    });
  if (whole > rest)
    makeLoop(b, indexOf(b, rest), indexOf(b, whole), 1, {}, [&](Value k, ValueRange) {
      emitWord(from, to, k, group);
      return SmallVector<Value>();
    });
  if (s.depth % group != 0)
    emitWord(from, to, indexOf(b, whole), s.depth % group);
}

void TransposeRows::emitBlock(ArrayRef<Value> from, Value to, Value k) {
  int64_t group = s.step.getGroup(), rows = from.size();
  auto memory = VectorType::get({kWords * group}, getElementTypeOrSelf(lhs.getType()));
  auto type = VectorType::get({kWords}, getElementTypeOrSelf(words.getType()));
  for (int64_t first = 0; first < rows; first += kWords) {
    int64_t count = std::min(kWords, rows - first);
    SmallVector<Value> loaded;
    for (Value row : from.slice(first, count)) {
      Value own = vector::LoadOp::create(b, memory, lhs, addIndex(b, row, scaleIndex(b, k, group)));
      loaded.push_back(group == 1 ? own : vector::BitCastOp::create(b, type, own).getResult());
    }
    Value target = offsetBy(b, addIndex(b, to, scaleIndex(b, k, rows)), first);
    if (rows == 1) {
      vector::StoreOp::create(b, loaded.front(), words, target);
      continue;
    }
    for (auto [j, column] : llvm::enumerate(transposeRegisters(b, loaded, kWords))) {
      Value used = count == kWords ? column : vector::ExtractStridedSliceOp::create(b, column, 0, count, 1).getResult();
      vector::StoreOp::create(b, used, words, offsetBy(b, target, j * rows));
    }
  }
}

void TransposeRows::emitWord(ArrayRef<Value> from, Value to, Value k, int64_t present) {
  Value target = addIndex(b, to, scaleIndex(b, k, from.size()));
  for (auto [r, row] : llvm::enumerate(from)) {
    Value word = s.step.loadLeft(b, lhs, addIndex(b, row, scaleIndex(b, k, s.step.getGroup())), present);
    memref::StoreOp::create(b, word, words, offsetBy(b, target, r));
  }
}

} // namespace ingot
