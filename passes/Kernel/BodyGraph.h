// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_BODYGRAPH_H
#define PASSES_KERNEL_BODYGRAPH_H

#include "dialects/Ingot/Shapes.h"

namespace ingot {

/// Whether `dim` is at least 0 for all values of the symbols, which are at least 1. False also means that it is not known.
bool isNonNegative(mlir::AffineExpr dim);

/// `offset + sum(coefficients[i] * dim i)` over the dims of an iteration space. All are expressions of the model's symbols in their normal form.
struct Linear {
  mlir::AffineExpr offset;
  Dims coefficients;

  bool operator==(const Linear &other) const { return offset == other.offset && coefficients == other.coefficients; }
};

/// The bit of a node that needs what the kernel computes. A space has at most 32 dims.
inline constexpr uint64_t kDependsOnBound = uint64_t(1) << 63;

/// One value of a region's body at the position that an iteration needs. The same tensor read at two positions is two nodes.
struct BodyNode {
  enum Kind { Load, Constant, Compute, Bound };
  Kind kind;
  mlir::Value value;
  mlir::Type element;                      ///< SSA element type
  llvm::SmallVector<Linear, 6> indices;    ///< one per dim of `value`
  unsigned argument = 0;                   ///< Load: which input
  Linear access;                           ///< Load: element of the input's buffer
  llvm::SmallVector<unsigned, 3> operands; ///< Compute
  mlir::TypedAttr constant;                ///< Constant
  uint64_t dims = 0;                       ///< the dims that the node depends on, as bits; and `kDependsOnBound`
};

/// One yielded value, and where its elements go.
struct BodyStore {
  unsigned node;
  unsigned output;
  Linear access;
  mlir::Type element;
};

/// A region's body pulled to one iteration space: every access to a buffer is linear in the space's dims, views are gone. Where a body is not linear
/// over the whole space (concat, pad, pack, reshapes that cut a dim), `add` says how to divide the space; `makeBoxes` does it for maps.
class BodyGraph {
public:
  /// How to divide the space so that an access becomes linear.
  struct Division {
    enum Kind { Impossible, Cut, Split };
    Kind kind = Impossible;
    unsigned dim = 0;
    mlir::AffineExpr at;              ///< Cut: [0, at) and [at, size). Split: dim of size n becomes [n / at][at].
    mlir::Operation *blame = nullptr; ///< the operation that needs it
  };

  BodyGraph(RegionOp region, llvm::ArrayRef<mlir::AffineExpr> sizes) : region(region), sizes(sizes) {}

  /// The value at `indices`, one per dim of `value`. On failure `division` says what to do.
  mlir::FailureOr<unsigned> add(mlir::Value value, llvm::ArrayRef<Linear> indices);

  /// `value` (the anchor's result) comes from the kernel wherever it is needed.
  void bind(mlir::Value value) { bound = value; }

  /// Adds yielded value `output` at `indices` and where it goes.
  mlir::LogicalResult addStore(unsigned output, llvm::ArrayRef<Linear> indices);

  /// Drops dims of size 1 and merges neighbours of one group when all accesses allow it. `groups` gives a number per dim and is updated.
  void collapse(llvm::SmallVectorImpl<unsigned> &groups);

  /// A last dim of size 1 along which nothing moves.
  void appendUnitDim();

  Linear zero() const;
  Linear dim(unsigned i) const;

  /// The smallest and the largest value over the space; nothing where the sign of a coefficient depends on symbols.
  std::optional<std::pair<mlir::AffineExpr, mlir::AffineExpr>> rangeOf(const Linear &linear) const;

  RegionOp region;
  Dims sizes;
  std::vector<BodyNode> nodes;
  llvm::SmallVector<BodyStore, 2> stores;
  Division division;

private:
  mlir::FailureOr<unsigned> addOperation(mlir::Operation *op, llvm::ArrayRef<Linear> indices, BodyNode node);
  mlir::FailureOr<unsigned> addConstant(BodyNode node, mlir::TypedAttr value);
  mlir::FailureOr<llvm::SmallVector<Linear, 6>> throughReshape(ReshapeOp op, llvm::ArrayRef<Linear> indices);
  mlir::FailureOr<unsigned> addConcat(ConcatOp op, llvm::ArrayRef<Linear> indices);
  mlir::FailureOr<unsigned> addPad(PadOp op, llvm::ArrayRef<Linear> indices, BodyNode node);
  mlir::FailureOr<unsigned> addPack(PackOp op, llvm::ArrayRef<Linear> indices, BodyNode node);
  /// Whether `linear` is below `boundary` everywhere (true) or nowhere (false); fails, if possible with a cut, when that is neither or not known.
  mlir::FailureOr<bool> isBelow(const Linear &linear, mlir::AffineExpr boundary, mlir::Operation *blame);
  mlir::FailureOr<Linear> accessOf(unsigned buffer, mlir::RankedTensorType type, llvm::ArrayRef<Linear> indices);
  void updateDims();

  mlir::Value bound;
};

/// The body of a map: the yielded shape cut into boxes in each of which every access is linear, dims collapsed. Fails when it cannot be.
mlir::FailureOr<std::vector<BodyGraph>> makeBoxes(RegionOp region);

} // namespace ingot

#endif
