// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_FAMILIES_H
#define PASSES_KERNEL_FAMILIES_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// A module's attribute: the bytes of memory that each thread of a run needs for itself, in whole cache lines. Absent when there are none.
inline constexpr llvm::StringLiteral kScratchBytes = "ingot.scratch_bytes";

/// One planned region while its loops are written. Every family reads the same things.
struct KernelContext {
  RegionOp region;         ///< its body computes on tensors; `plan` is set
  mlir::ValueRange inputs; ///< a memref per body argument: any strides, innermost stride 1 unless the family is `plain`
  mlir::ValueRange
      outputs; ///< a memref per yielded tensor, same rules; never overlaps an input unless the plan said in place (then element by element)
  mlir::ValueRange symbols;   ///< the values of the model's symbols (index), if shapes or strides depend on them
  mlir::Value begin, end;     ///< this call's share of the plan's units (index)
  mlir::Value fromBlock = {}; ///< of the share, the blocks of columns [fromBlock, toBlock) of `Pieces::blocks` (index); null: all. For the families
  mlir::Value toBlock = {};   ///< `contraction` and `convolution` only
  mlir::Value failure = {};   ///< the call's record of a failure (pointer), and the number of the region's first site (i32): see FailureSites.h;
  mlir::Value firstSite = {}; ///< both null when no operation of the region can fail
  mlir::Value scratch = {};   ///< this thread's own memory: `memref<Nxi8>`, 64-byte aligned, at least what the plan says; null when that is 0

  PlanAttr plan() const { return *const_cast<RegionOp &>(region).getPlan(); }
};

/// A family writes the loops of one region at the builder's insertion point, for the units [begin, end). It obeys the plan and decides nothing. It
/// refuses, with a diagnostic at the region and before any loop is written, what it does not cover.
using FamilyEmitter = mlir::LogicalResult (*)(mlir::ImplicitLocOpBuilder &b, KernelContext &context);

mlir::LogicalResult emitPairs(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitPlain(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitMap(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitAttention(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitBlocks(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitContraction(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitConvolution(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitDepthwise(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitPool(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitRow(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitGemv(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitRecurrent(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitSparse(mlir::ImplicitLocOpBuilder &b, KernelContext &context);
mlir::LogicalResult emitWinograd(mlir::ImplicitLocOpBuilder &b, KernelContext &context);

} // namespace ingot

#endif
