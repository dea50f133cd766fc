// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_BODYEMITTER_H
#define PASSES_KERNEL_BODYEMITTER_H

#include "mlir/IR/IRMapping.h"
#include "passes/Kernel/Families.h"

namespace ingot {

/// Emits one elementwise operation on scalars, or on vectors of one length: `operands` are values of the SSA element types (`i1` for booleans,
/// signless integers, floats) and so is the result. The tensor operation `op` gives kind, signedness and attributes. f16 and bf16 are computed in
/// f32. Never emits a library call for vectors of f32: math ops are expanded to polynomials later in the kernel stage.
mlir::FailureOr<mlir::Value> emitElementwise(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op, mlir::ValueRange operands);

/// Loads `lanes` elements at `indices` along the last dim (a scalar when `lanes` is 1) as SSA elements: bytes of booleans become `i1`.
/// `active` (index, may be null) is the number of valid lanes of a tail; the others are not touched in memory.
mlir::Value loadElements(mlir::ImplicitLocOpBuilder &b, mlir::Value memref, mlir::ValueRange indices, int64_t lanes, mlir::Type element,
                         mlir::Value active = {});
void storeElements(mlir::ImplicitLocOpBuilder &b, mlir::Value value, mlir::Value memref, mlir::ValueRange indices, mlir::Type element,
                   mlir::Value active = {});

/// Computes values of a region's body at a position, pulled from the value that is needed: an argument is loaded (a dim of size 1 at index 0, which
/// makes broadcasts), a constant is materialised, an elementwise operation is emitted after its operands, and the anchor's result is what `bind`
/// gave.
class BodyEmitter {
public:
  BodyEmitter(mlir::ImplicitLocOpBuilder &b, KernelContext &context) : b(b), context(context) {}

  /// What the kernel has computed for `value` (the anchor's result) at the position of the next `emit` calls. `bind` also starts a new position:
  /// nothing emitted before is reused.
  void bind(mlir::Value value, mlir::Value computed);

  /// The elements of `value` at `indices` (one per dim of `value`), `lanes` of them along its last dim.
  mlir::Value emit(mlir::Value value, mlir::ValueRange indices, int64_t lanes, mlir::Value active = {});

  /// Forgets what was emitted: call it when the insertion point leaves the block of the last `emit` calls.
  void restart() { done.clear(); }

  /// Emits every yielded value at `indices` and stores it into its output buffer. Yielded values have the rank of `indices`. Sums of tiles are left
  /// to the kernel.
  void emitAndStore(mlir::ValueRange indices, int64_t lanes, mlir::Value active = {});

private:
  struct Entry {
    mlir::Value value;
    llvm::SmallVector<mlir::Value, 6> indices;
    int64_t lanes;
    mlir::Value result;
  };

  mlir::Value emitUncached(mlir::Value value, mlir::ValueRange indices, int64_t lanes, mlir::Value active);
  /// `operand` of an elementwise operation whose result is wanted at `indices`, by ONNX's broadcast rule; `lanes` elements always.
  mlir::Value emitBroadcast(mlir::Value operand, mlir::ValueRange indices, int64_t lanes, mlir::Value active);

  mlir::ImplicitLocOpBuilder &b;
  KernelContext &context;
  mlir::DenseMap<mlir::Value, mlir::Value> bound;
  llvm::SmallVector<Entry> done; ///< what has been emitted since the last `bind`: a value used twice is computed once
};

} // namespace ingot

#endif
