// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "passes/Kernel/RowWalk.h"
#include "passes/Plan/KernelModel.h"
#include "passes/Plan/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FUSESQUEEZEPASS
#include "passes/Plan/Passes.h.inc"

namespace {

/// The pool of an image, and who computes the image.
struct Squeeze {
  RegionOp pool, producer;
  ReduceOp reduce;        ///< in the body of `pool`
  BlockArgument argument; ///< what it reads
  Value image;            ///< in the body of `producer`
  SmallVector<int64_t> tile;
  std::optional<double> scale = {}; ///< of the sum; none: it is the result

  /// Fails with the reason in `why` where nothing is to be gained, or the producer cannot add up what it computes.
  static std::optional<Squeeze> match(RegionOp pool, std::string &why);
};

std::optional<Squeeze> Squeeze::match(RegionOp pool, std::string &why) {
  constexpr int64_t kFewestElements = 4; // of a tile: else the sums are nearly as large as the image
  auto hasFamily = [](RegionOp region, Family family) { return region.getPlan() && region.getPlan()->getFamily() == family; };
  if (!hasFamily(pool, Family::Row))
    return why = "is no reduction with a plan", std::nullopt;
  auto reduce = dyn_cast_or_null<ReduceOp>(rowAnchor(pool));
  auto argument = reduce ? dyn_cast<BlockArgument>(reduce.getX()) : BlockArgument();
  if (!argument || !argument.hasOneUse() || (reduce.getKind() != ReduceKind::Sum && reduce.getKind() != ReduceKind::Mean))
    return why = "is no sum or mean of what another region computes", std::nullopt;
  auto image = dyn_cast<OpResult>(pool.getInputs()[argument.getArgNumber()]);
  auto producer = image ? dyn_cast<RegionOp>(image.getOwner()) : RegionOp();
  if (!producer || producer->getBlock() != pool->getBlock() || !hasFamily(producer, Family::Depthwise))
    return why = "reads what no depthwise convolution beside it computes", std::nullopt;
  RankedTensorType type = typeOf(argument);
  ArrayRef<int64_t> sizes = type.getShape().drop_front().drop_back();
  if (!type.getElementType().isF32() || sizes.empty() || ShapedType::isDynamicShape(sizes))
    return why = "adds up no f32 image of a known size", std::nullopt;
  SmallVector<int64_t> axes(reduce.getAxes());
  llvm::sort(axes);
  if (!llvm::equal(axes, llvm::seq<int64_t>(1, type.getRank() - 1)))
    return why = "adds up other dims than those of the image", std::nullopt;
  ArrayRef<int64_t> tile = producer.getPlan()->getTile().drop_back(); // without channels; an image of one dim is one row
  tile = tile.take_back(sizes.size());
  if (llvm::product_of(tile) < kFewestElements)
    return why = "adds up tiles of few elements", std::nullopt;
  Squeeze found{pool, producer, reduce, argument, producer.getYielded()[image.getResultNumber()], llvm::to_vector(tile)};
  if (reduce.getKind() == ReduceKind::Mean)
    found.scale = 1.0 / static_cast<double>(llvm::product_of(sizes));
  return found;
}

struct FuseSqueezePass : impl::FuseSqueezePassBase<FuseSqueezePass> {
  void runOnOperation() override {
    MachineModel machine = MachineModel::of(getOperation());
    SmallVector<RegionOp> regions;
    getOperation().walk([&](RegionOp region) { regions.push_back(region); });
    for (RegionOp region : regions) {
      std::string why;
      if (std::optional<Squeeze> squeeze = Squeeze::match(region, why); squeeze && failed(fuse(*squeeze, machine)))
        return signalPassFailure();
    }
  }

private:
  static LogicalResult fuse(Squeeze &squeeze, const MachineModel &machine) {
    RegionOp pool = squeeze.pool;
    unsigned number = squeeze.argument.getArgNumber();
    Value sums = sumsOf(squeeze);
    pool.getInputsMutable()[number].assign(sums);
    squeeze.argument.setType(sums.getType());
    ReduceOp reduce = squeeze.reduce;
    ImplicitLocOpBuilder b(reduce.getLoc(), reduce);
    Operation *whole = ReduceOp::create(b, ReduceKind::Sum, squeeze.argument, reduce.getAxes(), reduce.getKeepDims());
    if (squeeze.scale) {
      auto scalar = RankedTensorType::get({}, b.getF32Type());
      Value scale = ConstantOp::create(b, scalar, DenseElementsAttr::get(scalar, static_cast<float>(*squeeze.scale)));
      whole = BinaryOp::create(b, BinaryKind::Mul, whole->getResult(0), scale);
    }
    if (Attribute names = reduce->getAttr("ingot.values"))
      whole->setAttr("ingot.values", names);
    reduce.getResult().replaceAllUsesWith(whole->getResult(0));
    reduce.erase();
    OwnedModel model = modelPlanned(pool, machine);
    if (!model)
      return pool.emitOpError("cannot add up the tiles that a depthwise convolution has added up");
    pool.setPlanAttr(model->plan(pool.getContext(), pool.getPlan()->getTile(), pool.getPlan()->getUnroll()));
    return success();
  }

  /// A result of the image's producer, which is there already when the image has several pools.
  static Value sumsOf(Squeeze &squeeze) {
    RegionOp producer = squeeze.producer;
    for (auto [yielded, result] : llvm::zip_equal(producer.getYielded(), producer.getResults()))
      if (auto sums = yielded.getDefiningOp<TileSumsOp>(); sums && sums.getX() == squeeze.image)
        return result;
    Operation *yield = producer.getYield();
    ImplicitLocOpBuilder inBody(squeeze.reduce.getLoc(), yield);
    Value sums = TileSumsOp::create(inBody, squeeze.image, squeeze.tile);
    yield->insertOperands(yield->getNumOperands(), sums);

    SmallVector<Type> types(producer.getResultTypes());
    types.push_back(sums.getType());
    ImplicitLocOpBuilder b(producer.getLoc(), producer);
    auto wider = RegionOp::create(b, types, producer.getInputs(), producer.getOutputs(), producer.getPlanAttr(), producer.getStridesAttr());
    wider->setDiscardableAttrs(producer->getDiscardableAttrDictionary());
    wider.getBody().takeBody(producer.getBody());
    producer->replaceAllUsesWith(wider->getResults().drop_back());
    producer.erase();
    squeeze.producer = wider;
    return wider->getResults().back();
  }
};

} // namespace
} // namespace ingot
