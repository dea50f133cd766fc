// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PLAINEMITTER_H
#define PASSES_KERNEL_PLAINEMITTER_H

#include "dialects/Ingot/Shapes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Kernel/BodyEmitter.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/SymbolicIndex.h"

namespace ingot {

/// Elements of one piece of a row that a contraction accumulates on the stack: it stays in the first cache level.
inline constexpr int64_t kRowTile = 256;
/// Elements that rows are copied by.
inline constexpr int64_t kRowLanes = 16;

/// More than this is never put on the stack by generated code.
inline constexpr int64_t kMaxStackBytes = 64 * 1024;

/// The leading dims of `shape` that are the units of a region: as few as give 64 units even if all symbols are 1, at most `limit` of them, and the
/// last dim only when it is the only one that is not 1 (so that inner loops stay long and their index needs no division).
Dims leadingUnits(llvm::ArrayRef<mlir::AffineExpr> shape, int64_t limit = std::numeric_limits<int64_t>::max());

/// The dims of `shape` that are not in `axes`.
Dims dropDims(llvm::ArrayRef<mlir::AffineExpr> shape, llvm::ArrayRef<int64_t> axes);

/// Whether a tensor has no elements, whatever the symbols are: so operands are that a model leaves out.
bool isEmpty(mlir::Value tensor);

/// Channels that one unit of a channels-first convolution computes together.
int64_t convChannelBlock(ConvOp op);

/// A size: a number of an attribute, or a dim.
class Extent {
public:
  Extent(int64_t number) : number(number) {}
  Extent(mlir::AffineExpr dim) : dim(simplifyDim(dim)), number(getConstant(this->dim)) {}

  bool operator==(int64_t other) const { return number == other; }

  mlir::AffineExpr dim;          ///< null for the number of an attribute
  std::optional<int64_t> number; ///< unless it depends on symbols
};

/// What the emitters of single operations share: loops, index arithmetic, and elements of the anchor's operands and results.
class PlainEmitter {
public:
  using Indices = llvm::SmallVector<mlir::Value, 6>;

  PlainEmitter(mlir::ImplicitLocOpBuilder &b, KernelContext &context, mlir::Operation *anchor, llvm::ArrayRef<mlir::AffineExpr> units)
      : b(b), context(context), anchor(anchor), body(b, context), units(units) {}

  mlir::ImplicitLocOpBuilder &b;
  KernelContext &context;
  mlir::Operation *anchor;

  static Dims shapeOf(mlir::Value tensor) { return getDims(llvm::cast<mlir::RankedTensorType>(tensor.getType())); }
  static mlir::Type elementOf(mlir::Value tensor) { return llvm::cast<mlir::RankedTensorType>(tensor.getType()).getElementType(); }

  //===-- Loops --------------------------------------------------------------------------------------------------------------------------===//

  /// A loop without results.
  void loop(mlir::Value low, mlir::Value high, llvm::function_ref<void(mlir::Value)> body, int64_t step = 1);
  void loop(Extent count, llvm::function_ref<void(mlir::Value)> body) { loop(index(0), index(count), body); }
  /// Nested loops over `shape`, with all indices.
  void loops(llvm::ArrayRef<mlir::AffineExpr> shape, llvm::function_ref<void(mlir::ValueRange)> body);
  /// A loop that carries values; `body` returns the next ones.
  using Carry = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)>;
  llvm::SmallVector<mlir::Value> fold(mlir::Value low, mlir::Value high, mlir::ValueRange start, Carry body, int64_t step = 1);
  /// Nested loops over [lows, highs) that carry values.
  using NestCarry = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange, mlir::ValueRange)>;
  llvm::SmallVector<mlir::Value> foldNest(mlir::ValueRange lows, mlir::ValueRange highs, mlir::ValueRange start, NestCarry body);
  llvm::SmallVector<mlir::Value> foldNest(llvm::ArrayRef<mlir::AffineExpr> shape, mlir::ValueRange start, NestCarry body);
  /// Repeats `body`, which returns the next values, as long as `condition` holds for the values.
  llvm::SmallVector<mlir::Value> repeat(mlir::ValueRange start, llvm::function_ref<mlir::Value(mlir::ValueRange)> condition,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)> body);
  void when(mlir::Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise = nullptr);
  mlir::Value choose(mlir::Value condition, llvm::function_ref<mlir::Value()> then, llvm::function_ref<mlir::Value()> otherwise);

  /// The loop over this call's units, with the indices of the unit's dims (as many as `leadingUnits` gave).
  void forUnits(llvm::function_ref<void(mlir::ValueRange)> body);
  /// The loop over the units, then loops over the other dims of `shape`, whose leading dims are the units.
  void forElements(llvm::ArrayRef<mlir::AffineExpr> shape, llvm::function_ref<void(mlir::ValueRange)> body);

  //===-- Index arithmetic ---------------------------------------------------------------------------------------------------------------===//

  /// What depends on symbols is computed once, where the kernel begins.
  mlir::Value index(Extent value);
  mlir::Value add(mlir::Value x, mlir::Value y) { return mlir::arith::AddIOp::create(b, x, y); }
  mlir::Value add(mlir::Value x, Extent y) { return y == 0 ? x : add(x, index(y)); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return mlir::arith::SubIOp::create(b, x, y); }
  mlir::Value mul(mlir::Value x, Extent y) { return y == 1 ? x : mlir::arith::MulIOp::create(b, x, index(y)).getResult(); }
  mlir::Value min(mlir::Value x, mlir::Value y) { return mlir::arith::MinSIOp::create(b, x, y); }
  mlir::Value max(mlir::Value x, mlir::Value y) { return mlir::arith::MaxSIOp::create(b, x, y); }
  mlir::Value clamp(mlir::Value x, Extent low, Extent high) { return min(max(x, index(low)), index(high)); }
  /// For values that are not negative.
  mlir::Value div(mlir::Value x, Extent y) { return y == 1 ? x : mlir::arith::DivUIOp::create(b, x, index(y)).getResult(); }
  mlir::Value rem(mlir::Value x, Extent y) { return mlir::arith::RemUIOp::create(b, x, index(y)); }
  /// ceil(x / y) for any x and a positive y.
  mlir::Value ceilDiv(mlir::Value x, int64_t y) { return y == 1 ? x : mlir::arith::CeilDivSIOp::create(b, x, index(y)).getResult(); }
  /// x modulo y; a y of 0, which a size that depends on symbols may be, counts as 1.
  mlir::Value floorMod(mlir::Value x, Extent y);
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value x, mlir::Value y) { return mlir::arith::CmpIOp::create(b, predicate, x, y); }
  mlir::Value inRange(mlir::Value x, Extent size) { return compare(mlir::arith::CmpIPredicate::ult, x, index(size)); }
  /// Whether one of these sizes is 0 with the symbols' values; null where none can be.
  mlir::Value anyIsZero(llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value logicalAnd(mlir::Value x, mlir::Value y) { return x ? mlir::arith::AndIOp::create(b, x, y).getResult() : y; }
  /// Row-major position to indices and back. Dims of size 1 cost nothing.
  Indices delinearize(mlir::Value position, llvm::ArrayRef<mlir::AffineExpr> shape);
  mlir::Value linearize(mlir::ValueRange indices, llvm::ArrayRef<mlir::AffineExpr> shape);
  mlir::Value linearize(mlir::ValueRange indices, llvm::ArrayRef<int64_t> shape);
  /// An integer element as an index into a dim of `size`: negative ones count from the end, those outside are reported and become 0.
  mlir::Value toIndex(mlir::Value element, mlir::Type type, Extent size);

  //===-- Elements -----------------------------------------------------------------------------------------------------------------------===//

  /// One element of an operand of the anchor (with the region's prologue), as it lies in the tensor.
  mlir::Value read(mlir::Value tensor, mlir::ValueRange indices, int64_t lanes = 1);
  /// The same in the type in which it is computed.
  mlir::Value readWide(mlir::Value tensor, mlir::ValueRange indices, int64_t lanes = 1) { return widenElements(b, read(tensor, indices, lanes)); }
  /// Whether several neighbours along the last dim can be read at once.
  bool isContiguous(mlir::Value tensor);
  /// Whether all buffers of the region can be read and written by vectors along their last dims.
  bool hasContiguousRows();
  /// Stores one element of the anchor's result (with the region's epilogue), or `lanes` neighbours of its only result. Results that the region does
  /// not yield are dropped.
  void write(mlir::Value element, mlir::ValueRange indices, unsigned result = 0, int64_t lanes = 1);
  void writeWide(mlir::Value element, mlir::ValueRange indices, unsigned result = 0);
  /// Stores what the region yields at `indices` when its body is elementwise only.
  void writeBody(mlir::ValueRange indices);
  /// The buffer of a result that the region yields as it is, or null.
  mlir::Value bufferOf(unsigned result);

  /// Sum of products over [0, count): `sides` gives `lanes` elements of both sides from position k on, in the type in which they are computed. With
  /// `wide` it runs on vectors of 8.
  mlir::Value dot(mlir::AffineExpr count, mlir::Type type, bool wide,
                  llvm::function_ref<std::pair<mlir::Value, mlir::Value>(mlir::Value k, int64_t lanes)> sides);
  mlir::Value multiplyAdd(mlir::Value x, mlir::Value y, mlir::Value sum);
  /// A size as a value of the compute type `type`.
  mlir::Value number(mlir::Type type, Extent value);
  mlir::Value zero(mlir::Type type) { return mlir::arith::ConstantOp::create(b, b.getZeroAttr(type)); }
  mlir::Value stack(llvm::ArrayRef<int64_t> shape, mlir::Type element);

private:
  BodyEmitter body;
  Dims units;
  llvm::DenseMap<mlir::AffineExpr, mlir::Value> sizes; ///< those that depend on symbols
};

/// The positions k in [0, kernel) of a window for which from <= start + k * dilation < to.
struct WindowRange {
  mlir::Value low, high;
};
WindowRange clipWindow(PlainEmitter &e, mlir::Value start, int64_t kernel, int64_t dilation, Extent from, Extent to);

// One function per operation, in the file of its family. Each writes all loops of the region.
void emitPlainOp(PlainEmitter &e, ReshapeOp op);
void emitPlainOp(PlainEmitter &e, TransposeOp op);
void emitPlainOp(PlainEmitter &e, SliceOp op);
void emitPlainOp(PlainEmitter &e, DimsOp op);
void emitPlainOp(PlainEmitter &e, ConcatOp op);
void emitPlainOp(PlainEmitter &e, PadOp op);
void emitPlainOp(PlainEmitter &e, PackOp op);
void emitPlainOp(PlainEmitter &e, UnpackBitsOp op);
void emitPlainOp(PlainEmitter &e, MatMulOp op);
void emitPlainOp(PlainEmitter &e, PackedMatMulOp op);
void emitPlainOp(PlainEmitter &e, ConvOp op);
void emitPlainOp(PlainEmitter &e, ConvTransposeOp op);
void emitPlainOp(PlainEmitter &e, PoolOp op);
void emitPlainOp(PlainEmitter &e, MaxPoolIndicesOp op);
void emitPlainOp(PlainEmitter &e, ReduceOp op);
void emitPlainOp(PlainEmitter &e, ArgReduceOp op);
void emitPlainOp(PlainEmitter &e, NormOp op);
void emitPlainOp(PlainEmitter &e, CumulativeOp op);
void emitPlainOp(PlainEmitter &e, TopKOp op);
void emitPlainOp(PlainEmitter &e, GatherOp op);
void emitPlainOp(PlainEmitter &e, GatherElementsOp op);
void emitPlainOp(PlainEmitter &e, GatherNdOp op);
void emitPlainOp(PlainEmitter &e, ScatterElementsOp op);
void emitPlainOp(PlainEmitter &e, ScatterNdOp op);
void emitPlainOp(PlainEmitter &e, NonZeroOp op);
void emitPlainOp(PlainEmitter &e, UniqueOp op);
void emitPlainOp(PlainEmitter &e, NonMaxSuppressionOp op);
void emitPlainOp(PlainEmitter &e, ResizeOp op);
void emitPlainOp(PlainEmitter &e, RecurrentOp op);

/// Whether this recurrent operation has only activations that are known; reports it otherwise.
mlir::LogicalResult checkPlain(RecurrentOp op);
mlir::LogicalResult checkPlain(ResizeOp op);
/// Whether one index of a gather stands for a row of elements.
bool gathersRows(GatherOp op);
/// Bytes of the state and the gates of one sequence; of the candidates of one class.
int64_t recurrentScratchBytes(RecurrentOp op);
int64_t suppressionScratchBytes(RegionOp region, NonMaxSuppressionOp op);

} // namespace ingot

#endif
