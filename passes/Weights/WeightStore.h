// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_WEIGHTS_WEIGHTSTORE_H
#define PASSES_WEIGHTS_WEIGHTSTORE_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"

#include <deque>
#include <memory>
#include <string>

namespace ingot {

/// A constant tensor outside of the IR. `i1` elements lie in one byte each, all others as in memory: row-major, little-endian, not aligned.
struct Weight {
  std::string name;
  mlir::RankedTensorType type;
  std::shared_ptr<const void> keepAlive; ///< owns what `bytes` points into, for instance a mapped file
  llvm::ArrayRef<char> bytes;
};

/// The constant tensors of one compilation, by the number that `#ingot.weight` carries. Adding copies no bytes.
class WeightStore {
public:
  /// Adds a tensor whose bytes live as long as `keepAlive` and returns its number.
  int64_t add(llvm::StringRef name, mlir::RankedTensorType type, llvm::ArrayRef<char> bytes, std::shared_ptr<const void> keepAlive);

  /// Adds a tensor that the store owns.
  int64_t addOwned(llvm::StringRef name, mlir::RankedTensorType type, std::string bytes);

  /// Adds a tensor of `type` that shares the bytes of `id` from `byteOffset` on: a reshape, or a slice of the outermost dim.
  int64_t addView(int64_t id, mlir::RankedTensorType type, int64_t byteOffset = 0);

  const Weight &get(int64_t id) const { return weights[id]; }
  llvm::ArrayRef<char> bytes(int64_t id) const { return weights[id].bytes; }
  int64_t size() const { return weights.size(); }

private:
  std::deque<Weight> weights; // stable references
};

/// Bytes of one element as it lies in a weight.
int64_t getElementBytes(mlir::Type element);

} // namespace ingot

#endif
