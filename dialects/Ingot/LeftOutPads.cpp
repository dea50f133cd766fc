// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/LeftOutPads.h"

using namespace mlir;

namespace ingot {

bool mayLeaveOutPads(ConvOp op, size_t spatialDim) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  size_t spatial = op.getKernel().size(), first = op.getLayout() == Layout::ChannelsLast ? 1 : 2;
  bool isKnown = spatialDim + 1 < spatial || !type.isDynamicDim(first + spatialDim);
  return op.isDepthwise() && spatial <= 2 && isKnown && op.getPads()[spatialDim] >= 0 && op.getPads()[spatial + spatialDim] >= 0;
}

bool leavesOutPads(ConvOp op) {
  size_t spatial = op.getKernel().size();
  auto has = [&](size_t i) { return op.getPads()[i] != 0 || op.getPads()[spatial + i] != 0; };
  return llvm::all_of(llvm::seq(spatial), [&](size_t i) { return !has(i) || mayLeaveOutPads(op, i); });
}

} // namespace ingot
