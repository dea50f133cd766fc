// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_TILECHOICE_H
#define PASSES_PLAN_TILECHOICE_H

#include "passes/Plan/Cost/RegionCost.h"

namespace ingot {

struct RankedTile {
  llvm::SmallVector<int64_t, 4> tile;
  double score; ///< the lower the better
};

/// The tiles of a region that promise most on the machine's threads, best first, `most` of them. Where a shape has symbols, a tile is judged by its
/// cost at several sizes, each relative to that of the first tile.
std::vector<RankedTile> rankTiles(const KernelModel &model, const MachineModel &machine, size_t most);

/// A region that is made after the passes of the plan stage have run: all that they would decide about it.
void planAlone(RegionOp region, const MachineModel &machine);

} // namespace ingot

#endif
