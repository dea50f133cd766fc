// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_ARENAFORMULA_H
#define PASSES_PLAN_ARENAFORMULA_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Plan/Memory/ArenaLayout.h"
#include "passes/Plan/Memory/SizePolynomial.h"

namespace ingot {

/// On the value that says where a buffer of symbolic size begins: the bytes of the arena, [begin, end), that it takes at the largest sizes.
inline constexpr llvm::StringLiteral kPlaceAttr = "ingot.place";

/// A layout of buffers whose sizes depend on symbols. `placeInArena` has placed them for one size each; what is kept of that is who lies below whom
/// among the buffers that are alive together. Each buffer begins where the highest buffer below it ends, whatever the sizes are, so those alive
/// together never overlap.
class ArenaFormula {
public:
  /// `bytes`: the size of each buffer.
  ArenaFormula(llvm::ArrayRef<ArenaBuffer> placed, llvm::ArrayRef<mlir::AffineExpr> bytes);

  struct Offsets {
    llvm::SmallVector<mlir::Value> buffers; ///< in bytes, multiples of `kBufferAlignment`
    mlir::Value arenaBytes;
  };
  /// Emits the arithmetic, as index values.
  Offsets emit(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange symbols) const;

  struct Place {
    int64_t begin = 0, end = 0; ///< bytes, multiples of `kBufferAlignment`
  };
  /// Where each buffer lies for these values of the symbols.
  llvm::SmallVector<Place> places(llvm::ArrayRef<int64_t> symbols) const;
  /// The bytes of the arena for them: where the last buffer ends.
  int64_t arenaBytes(llvm::ArrayRef<int64_t> symbols) const;

  /// Of these polynomials the largest is never less than the arena's bytes: one for each chain of buffers, lying one on another, that may be the
  /// highest for values in `ranges`. Chains that hardly matter are merged into others; the one that is highest at the maxima comes first. Empty when
  /// a size is no polynomial.
  llvm::SmallVector<SizePolynomial> peak(llvm::ArrayRef<SymbolRange> ranges) const;

private:
  llvm::SmallVector<mlir::AffineExpr> sizes;            ///< rounded up to the alignment
  llvm::SmallVector<llvm::SmallVector<unsigned>> below; ///< the buffers directly below each
  llvm::SmallVector<unsigned> order;                    ///< from the bottom up
};

} // namespace ingot

#endif
