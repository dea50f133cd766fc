// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/RegionText.h"
#include "passes/Kernel/Product/WeightFetch.h"
#include "passes/Plan/Cost/TileChoice.h"
#include "passes/Plan/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_UNROLLANDJAMPASS
#include "passes/Plan/Passes.h.inc"

namespace {

/// What the option `force` says about one region: "REGION:12x64/2@4+0", the unroll factor and how weights are fetched being optional.
struct ForcedTile {
  std::string region; ///< the name of a location in it, its number, or its key
  SmallVector<int64_t, 4> tile;
  std::optional<int64_t> unroll;
  std::optional<LoadSchedule> loads;
  bool isUsed = false;

  static std::optional<ForcedTile> parse(StringRef text);
  bool isFor(RegionOp op, size_t number) const;
  bool isKey() const { return StringRef(region).starts_with("#"); }
};

std::optional<ForcedTile> ForcedTile::parse(StringRef text) {
  auto [region, numbers] = text.rsplit(':');
  auto [shape, loads] = numbers.split('@');
  auto [sizes, factor] = shape.split('/');
  ForcedTile forced;
  forced.region = region.str();
  int64_t number;
  for (StringRef size : llvm::split(sizes, 'x')) {
    if (size.getAsInteger(10, number))
      return std::nullopt;
    forced.tile.push_back(number);
  }
  if (forced.tile.empty())
    return std::nullopt;
  if (shape.contains('/')) {
    if (factor.getAsInteger(10, number))
      return std::nullopt;
    forced.unroll = number;
  }
  if (numbers.contains('@') && !(forced.loads = LoadSchedule::parse(loads)))
    return std::nullopt;
  return forced;
}

bool ForcedTile::isFor(RegionOp op, size_t number) const {
  if (auto key = op->getAttrOfType<StringAttr>(kKeyAttr); region == std::to_string(number) || (key && key == region))
    return true;
  bool found = false;
  op->getLoc()->walk([&](Location part) {
    auto name = dyn_cast<NameLoc>(part);
    found |= name && name.getName() == region;
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found;
}

/// The same for regions that compute the same on tensors of the same types.
StringAttr keyOf(RegionOp region) {
  std::string text = textOfBody(region);
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(region.getOperandTypes(), stream);
  return StringAttr::get(region.getContext(), "#" + llvm::utohexstr(llvm::xxh3_64bits(text), /*LowerCase=*/true, /*Width=*/16));
}

struct UnrollAndJamPass : impl::UnrollAndJamPassBase<UnrollAndJamPass> {
  using UnrollAndJamPassBase::UnrollAndJamPassBase;

  void runOnOperation() override {
    machine = MachineModel::of(getOperation());
    CostModel costs(getOperation().getBody().front(), machine);
    SmallVector<ForcedTile> forced;
    for (const std::string &text : force) {
      std::optional<ForcedTile> one = ForcedTile::parse(text);
      if (!one)
        return fail(
            "'" + text +
            "' is no forced tile; write the region's name, its tile and, if they matter, the unroll factor and how weights are fetched, as in "
            "conv_5:12x64/2 or conv_5:12x64/2@4+0");
      forced.push_back(std::move(*one));
    }
    size_t number = 0;
    bool ok = true, isKeyed = keys || llvm::any_of(forced, [](const ForcedTile &one) { return one.isKey(); });
    getOperation().walk([&](RegionOp region) {
      if (isKeyed)
        region->setAttr(kKeyAttr, keyOf(region));
      ForcedTile *own = llvm::find_if(forced, [&](const ForcedTile &one) { return one.isFor(region, number); });
      ++number;
      if (region.getPlan())
        ok &= succeeded(decide(region, costs, own == forced.end() ? nullptr : own));
    });
    for (const ForcedTile &one : forced)
      if (ok && !one.isUsed && !one.isKey()) // keys come from other compilations
        return fail("no planned region has the name or number '" + one.region + "'");
    if (!ok)
      signalPassFailure();
  }

private:
  LogicalResult decide(RegionOp region, const CostModel &costs, ForcedTile *forced) {
    OwnedModel model = modelPlanned(region, machine);
    if (!model)
      return region.emitOpError("is planned for '") << stringifyFamily(region.getPlan()->getFamily()) << "', which does not cover it";
    std::vector<RankedTile> ranked = rankTiles(*model, machine, keep + 1);
    SmallVector<int64_t, 4> tile = ranked.front().tile;
    int64_t unroll = model->chooseUnroll(tile);
    if (forced) {
      forced->isUsed = true;
      tile = forced->tile;
      if (std::string why = model->refuse(tile); !why.empty())
        return region.emitOpError("cannot have the tile [") << ArrayRef(tile) << "]: it " << why;
      int64_t most = model->mostUnroll(tile);
      unroll = forced->unroll.value_or(model->chooseUnroll(tile));
      if (unroll < 1 || unroll > most)
        return region.emitOpError("cannot be unrolled ") << unroll << " times with this tile: the registers last for 1 to " << most;
      if (forced->loads && failed(setLoads(region, *forced->loads, model->weights(tile))))
        return failure();
    }
    region.setPlanAttr(model->plan(&getContext(), tile, unroll));
    RegionWork work = RegionWork::of(region);
    SmallVector<Attribute> rejected;
    for (const RankedTile &other : ranked)
      if (ArrayRef(other.tile) != ArrayRef(tile) && rejected.size() < static_cast<size_t>(keep))
        rejected.push_back(CandidateAttr::get(&getContext(), model->getFamily(), other.tile, model->chooseUnroll(other.tile),
                                              static_cast<int64_t>(costs.cycles(*model, other.tile, work))));
    if (!rejected.empty())
      region->setAttr(kRejectedAttr, ArrayAttr::get(&getContext(), rejected));
    return success();
  }

  static LogicalResult setLoads(RegionOp region, const LoadSchedule &loads, const WeightStream &stream) {
    if (loads.tiles < 0 || loads.ahead < 0 || loads.ahead > LoadSchedule::kMostAhead)
      return region.emitOpError("cannot fetch its weights as ") << loads.text() << ": write tiles, and 0 to " << LoadSchedule::kMostAhead << " steps";
    if (!loads.isNone() && stream.depth == 0)
      return region.emitOpError("cannot fetch its weights as ") << loads.text() << ": it has none, or reads them as they come";
    loads.setOn(region);
    return success();
  }

  void fail(const Twine &message) {
    getOperation().emitError("ingot-unroll-and-jam: ") << message;
    signalPassFailure();
  }

  MachineModel machine;
};

} // namespace
} // namespace ingot
