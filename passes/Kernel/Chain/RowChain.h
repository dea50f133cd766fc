// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_CHAIN_ROWCHAIN_H
#define PASSES_KERNEL_CHAIN_ROWCHAIN_H

#include "passes/Kernel/Chain/RowStage.h"

namespace ingot {

/// On regions behind each other: [number of their chain, rows of the last one's result in a strip]. Each reads the image that the one before
/// computes, and nobody else does. A thread computes strip after strip with all of them, so that what lies between is still in its second cache, and
/// has in memory only the rows that it is at.
inline constexpr llvm::StringLiteral kChainAttr = "ingot.chain";

/// The number of a region's chain, if it is in one.
std::optional<int64_t> chainOf(RegionOp region);
/// Of tensors (before buffers are planned): the region of the same chain that reads the region's result; null for the last one.
RegionOp nextInChain(RegionOp region);
/// Whether a tensor, or its buffer, lies between two regions of a chain.
bool isInsideOfChain(mlir::Value value);

/// The regions of the chain that ends with this one, in order; none where it is not the last one of a chain.
llvm::SmallVector<RegionOp> chainEndingAt(RegionOp last);

/// The strips of a chain, and where its threads keep the rows between its regions. A tile of pixels that lies in two strips belongs to the second
/// one.
class RowChain {
public:
  /// The rows of one stage's result that exist while a strip is computed, in the scratch memory of a thread.
  struct Ring {
    int64_t begin = 0;    ///< bytes from the start of the scratch memory, in whole cache lines
    int64_t firstRow = 0; ///< bytes from there to the strip's first row: a block may begin before it
    int64_t bytes = 0;    ///< of all of it
    int64_t carried = 0;  ///< bytes that the next strip of a thread takes over, from its own first row on; 0: none
  };

  /// The chain of some planned regions; none, with the reason in `why`, where rows cannot be handed on in strips of `stripRows`.
  static std::optional<RowChain> of(llvm::ArrayRef<RegionOp> regions, int64_t stripRows, std::string &why);

  /// That of regions with `kChainAttr`; fails with a diagnostic at the last one.
  static mlir::FailureOr<RowChain> planned(llvm::ArrayRef<RegionOp> regions);

  llvm::ArrayRef<RegionOp> getRegions() const { return regions; }
  llvm::ArrayRef<RowStage> getStages() const { return stages; }
  llvm::ArrayRef<Ring> getRings() const { return rings; }
  int64_t getStripRows() const { return stripRows; }
  int64_t stripsOfImage() const { return (stages.back().rows + stripRows - 1) / stripRows; }
  int64_t strips() const { return stages.back().images * stripsOfImage(); }
  /// Of each thread.
  int64_t scratchBytes() const { return rings.empty() ? 0 : rings.back().begin + rings.back().bytes; }

  /// The rows [begin, end) of each stage's result that strip `number` of an image needs, the first stage first.
  template <typename Math, typename Number> llvm::SmallVector<std::pair<Number, Number>> rowsOf(const Math &math, Number number) const {
    llvm::SmallVector<std::pair<Number, Number>> rows(stages.size());
    Number begin = math.mul(number, math.number(stripRows));
    rows.back() = {begin, math.min(math.add(begin, math.number(stripRows)), math.number(stages.back().rows))};
    for (size_t i = stages.size() - 1; i > 0; --i)
      rows[i - 1] = stages[i].needs(math, rows[i].first, rows[i].second);
    return rows;
  }

private:
  llvm::SmallVector<RegionOp> regions;
  llvm::SmallVector<RowStage> stages;
  llvm::SmallVector<Ring> rings; ///< behind each stage but the last one
  int64_t stripRows = 1;
};

} // namespace ingot

#endif
