// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/ComputeShapes.h"
#include "passes/Kernel/Product/FirstBlockFetch.h"
#include "passes/Kernel/Product/GuestFetch.h"
#include "passes/Plan/Cost/RegionCost.h"
#include "passes/Plan/Memory/BufferLifetimes.h"
#include "passes/Plan/Passes.h"

#include "dialects/Ingot/Control.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FETCHWEIGHTSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

/// A region that computes for so long that weights of a later one can come meanwhile.
struct Host {
  RegionOp region;
  double bytes;    ///< that it can fetch
  double distance; ///< bytes that all regions before it touch
};

struct FetchWeightsPass : impl::FetchWeightsPassBase<FetchWeightsPass> {
  void runOnOperation() override {
    machine = MachineModel::of(getOperation());
    Block &body = getOperation().getBody().front();
    double weights = 0;
    for (auto constant : body.getOps<ConstantOp>())
      weights += bytesOf(constant.getResult());
    if (weights <= machine.l2Bytes) // they stay there between runs
      return;
    for (Block *block : blocksOf(body)) {
      assign(*block);
      assignFirstBlocks(*block);
    }
  }

private:
  static constexpr double kFewestBytes = 64 << 10; ///< below, a product is over before it waits
  // Bytes per cycle of a host's thread. With 2, late layers of MobileNetV3, whose own weights come from memory, lose half of what products gain.
  static constexpr double kRate = 1.5, kRateBesideWeights = 0.5;

  static double bytesOf(Value tensor) { return static_cast<double>(countElements(tensor.getType())) * elementBytes(tensor.getType()); }

  /// The weights of a matrix-vector product, which it reads once and multiplies by little.
  static Value streamedWeights(RegionOp region) {
    if (!region.getPlan() || region.getPlan()->getFamily() != Family::Gemv)
      return {};
    auto product = dyn_cast_or_null<PackedMatMulOp>(region.getAnchorOp());
    auto argument = product ? dyn_cast<BlockArgument>(product.getRhs()) : BlockArgument();
    Value weights = argument ? region.getInputs()[argument.getArgNumber()] : Value();
    return weights && weights.getDefiningOp<ConstantOp>() && bytesOf(weights) >= kFewestBytes ? weights : Value();
  }

  /// What the region can fetch beside its own work; 0 where its kernel does not.
  double roomOf(RegionOp region) const {
    auto cost = region->getAttrOfType<CostAttr>(kCostAttr);
    if (!region.getPlan() || !cost || !canHostFetches(region))
      return 0;
    bool isAlone = RegionWork::of(region).weights <= machine.l2Bytes / 2.0;
    return static_cast<double>(cost.getCycles()) * (isAlone ? kRate : kRateBesideWeights);
  }

  void assign(Block &block) {
    std::vector<Host> hosts;
    double touched = 0;
    for (auto region : block.getOps<RegionOp>()) {
      if (Value weights = streamedWeights(region))
        fetchEarlier(hosts, weights, touched);
      if (double room = roomOf(region); room > 0)
        hosts.push_back({region, room, touched});
      RegionWork work = RegionWork::of(region);
      touched += work.read + work.written;
    }
  }

  /// Divides the weights among the hosts that come last, the end of the weights to the last one.
  void fetchEarlier(std::vector<Host> &hosts, Value weights, double touched) {
    auto element = static_cast<double>(elementBytes(weights.getType()));
    auto left = static_cast<int64_t>(bytesOf(weights) / element);
    while (left > 0 && !hosts.empty()) {
      Host host = hosts.back();
      if (touched - host.distance > static_cast<double>(machine.l3Bytes)) // what was fetched there would be gone
        return;
      hosts.pop_back();
      int64_t count = std::min(left, static_cast<int64_t>(host.bytes / element) / kPanel * kPanel);
      if (count == 0)
        continue;
      left -= count;
      GuestFetch::give(host.region, weights, left, count);
    }
  }

  /// A product of rows with constant panels whose kernel can fetch for the next one, or whose first block can be fetched.
  static std::optional<ContractionShape> plainProduct(RegionOp region) {
    std::string why;
    if (!region.getPlan() || region.getPlan()->getFamily() != Family::Contraction || region.getPlan()->getTile().size() != 2)
      return std::nullopt;
    std::optional<ContractionShape> shape = ContractionShape::match(region, why);
    bool isKnown = shape && getConstant(shape->columns) && getConstant(shape->depth).value_or(0) >= kLeastHostDepth;
    return isKnown && shape->batchDims.empty() && !shape->hasPrologue ? shape : std::nullopt;
  }

  /// Each product with as many rows fetches what the next one begins with.
  static void assignFirstBlocks(Block &block) {
    RegionOp host;
    AffineExpr rows;
    for (auto region : block.getOps<RegionOp>()) {
      std::optional<ContractionShape> shape = plainProduct(region);
      if (!shape)
        continue;
      auto argument = dyn_cast<BlockArgument>(shape->op.getRhs());
      Value weights = argument ? region.getInputs()[argument.getArgNumber()] : Value();
      bool isConstant = weights && weights.getDefiningOp<ConstantOp>();
      if (host && isConstant && rows == shape->rows && !host->hasAttr(kFetchesAttr)) {
        int64_t panels = region.getPlan()->getTile().back() / kPanel, depth = *getConstant(shape->depth), columns = *getConstant(shape->columns);
        int64_t perPanel = countElements(weights.getType()) / cast<RankedTensorType>(weights.getType()).getDimSize(0);
        FirstBlock first{0, panels * perPanel, *getConstant(countTiles(shape->panels(), panels)), 0};
        first.leastBandRows = llvm::divideCeil(columns * depth, TileOrder::kRowPrice * (columns + depth));
        if (bytesOf(weights) >= kFewestBytes)
          first.give(host, weights);
      }
      host = region;
      rows = shape->rows;
    }
  }

  MachineModel machine;
};

} // namespace
} // namespace ingot
