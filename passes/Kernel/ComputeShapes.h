// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_COMPUTESHAPES_H
#define PASSES_KERNEL_COMPUTESHAPES_H

#include "passes/Kernel/Product/ProductStep.h"
#include "passes/Kernel/SymbolicIndex.h"
#include "passes/Region/AlternatingPanels.h"

namespace ingot {

/// The shapes below are what the plan and the kernel stage both derive from a compute region, so that they count the same units. `match` fails with a
/// reason in `why` where the fast families do not cover the region (the plan then takes `plain`). They look at shapes, never at strides: a plan stays
/// valid whatever buffers the region is given. Sizes are expressions of the model's symbols: constants where the shape is static.

/// How many tiles cover `extent`.
inline int64_t countTiles(int64_t extent, int64_t tile) { return (extent + tile - 1) / tile; }

/// The vector that computes the last panel of a tile: half a panel is enough for 8 columns or fewer.
inline int64_t lanesOfLastVector(int64_t columns) {
  int64_t rest = columns % kPanel;
  return rest != 0 && rest <= kPanel / 2 ? kPanel / 2 : kPanel;
}

/// A kernel with a prologue keeps the left rows of a tile on the stack: elements from one row to the next. Rows at multiples of 2 KiB would fall into
/// few sets of the L1 cache.
inline int64_t prologueRowStride(int64_t depth) {
  int64_t stride = countTiles(depth, kPanel) * kPanel;
  return stride % 512 == 0 ? stride + kPanel : stride;
}

/// Whether that many rows are few enough to stay near the core while every step reads them.
inline bool fitsPrologue(int64_t rows, int64_t depth) { return rows * prologueRowStride(depth) * static_cast<int64_t>(sizeof(float)) <= 40 * 1024; }

/// How many units a tile is, of which there are `tiles`: 1, or `most` where shares may end inside of a tile. 0: the plan's units are neither.
inline int64_t partsOfTile(PlanAttr plan, mlir::AffineExpr tiles, int64_t most) {
  std::optional<int64_t> number = getConstant(tiles);
  if (!number || plan.getUnits() == *number)
    return 1;
  return plan.getUnits() == *number * most ? most : 0;
}

/// What all compute families ask of a region: operands of the anchor that there are steps for, and results that have the shape of what the kernel
/// computes: of the anchor's result, or of its parts. Depthwise convolutions may have sums of their tiles beside it.
bool checkComputeRegion(RegionOp region, mlir::Operation *anchor, const ProductStep &step, std::string &why, AlternatingPanels *parts = nullptr);

/// `rows` x `depth` times packed `depth` x `columns`, `batches` times. Without batch dims on the rhs all leading dims are rows.
struct ContractionShape {
  PackedMatMulOp op;
  /// What the kernel hands to the body for a tile: the product, or two whose panels alternate in its columns. Sizes below are those of the product.
  llvm::SmallVector<mlir::Value, 2> results;
  Dims batchDims, rowDims; ///< together: the leading dims of the result
  mlir::AffineExpr batches, rows, columns, depth;
  ProductStep step;
  bool hasPrologue; ///< the body computes the left side; columns and depth are then constants

  mlir::AffineExpr steps() const { return simplifyDim(depth.ceilDiv(step.getGroup())); }

  /// Of a tile's columns there are multiples of this.
  int64_t columnStep() const { return kPanel * static_cast<int64_t>(results.size()); }
  mlir::AffineExpr panels() const { return countTiles(columns, kPanel); }
  /// Units of the families `contraction` and `gemv` with a tile [rows, columns].
  mlir::AffineExpr units(llvm::ArrayRef<int64_t> tile) const {
    return simplifyDim(batches * countTiles(rows, tile[0]) * countTiles(panels(), tile[1] / kPanel));
  }

  /// Into how many parts, each a panel of columns (of every result), a tile can be cut where a thread's share ends: 1 where it cannot.
  int64_t mostParts(llvm::ArrayRef<int64_t> tile) const {
    bool isStatic = getConstant(rows) && getConstant(columns) && getConstant(depth);
    return isStatic && batchDims.empty() && !hasPrologue ? tile.back() / columnStep() : 1;
  }

  static std::optional<ContractionShape> match(RegionOp region, std::string &why);
};

/// A channels-last convolution over one (then `outHeight` and `kernelHeight` are 1) or two spatial dims.
struct ConvolutionShape {
  ConvOp op;
  bool twoSpatialDims;
  mlir::AffineExpr images, outHeight, outWidth;
  mlir::AffineExpr inHeight, inWidth;           ///< without pads
  int64_t padTop, padBottom, padLeft, padRight; ///< of depthwise ones: their kernels leave out what of a window lies there
  int64_t kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth;
  int64_t groups, groupInputs, groupOutputs;
  ProductStep step;
  bool hasPrologue; ///< the body computes the input; pointwise only, stride 1
  TileSumsOp sums;  ///< of a depthwise convolution's tiles; null: nobody wants them

  int64_t panels() const { return countTiles(groupOutputs, kPanel); }
  int64_t depth() const { return kernelHeight * kernelWidth * groupInputs; }
  int64_t steps() const { return depth() / step.getGroup(); }
  /// Whether every output pixel reads one input pixel, all channels: rows times panels, tile [pixels, columns].
  bool isPointwise() const { return kernelHeight == 1 && kernelWidth == 1 && groups == 1; }
  /// Units of the family `convolution`: tile [pixels, columns] (pointwise only) or [rows, pixels of a row, columns].
  mlir::AffineExpr units(llvm::ArrayRef<int64_t> tile) const;
  /// As in `ContractionShape`.
  int64_t mostParts(llvm::ArrayRef<int64_t> tile) const { return getConstant(units(tile)) && !hasPrologue ? tile.back() / kPanel : 1; }
  /// Whether a share of the family `convolution` is a band of rows, all columns of it (see `TileOrder`).
  bool isInBands() const;
  /// Whether some windows lie partly above or below the input.
  bool leavesOutRows() const { return padTop != 0 || padBottom != 0; }
  /// Of the windows of `pixels` neighbouring outputs of a row: the columns that lie left and right of the input.
  std::pair<int64_t, int64_t> columnsOutside(int64_t firstPixel, int64_t pixels) const;
  /// Whether it may be that the windows of `rows` neighbouring output rows lie inside of the input.
  bool mayLieInside(int64_t rows) const {
    std::optional<int64_t> height = getConstant(inHeight);
    return !leavesOutRows() || !height || (rows - 1) * strideHeight + (kernelHeight - 1) * dilationHeight < *height;
  }
  /// Units of the family `depthwise` with a tile [rows, pixels of a row, channels (8 or 16)].
  mlir::AffineExpr depthwiseUnits(llvm::ArrayRef<int64_t> tile) const {
    return simplifyDim(images * countTiles(outHeight, tile[0]) * countTiles(outWidth, tile[1]) * countTiles(groups, tile[2]));
  }

  static std::optional<ConvolutionShape> match(RegionOp region, std::string &why);
};

} // namespace ingot

#endif
