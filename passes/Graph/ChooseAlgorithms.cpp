// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/Winograd.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Graph/Passes.h"
#include "passes/Graph/StoredWeights.h"
#include "passes/Graph/WinogradError.h"
#include "passes/Plan/Cost/WinogradCost.h"
#include "passes/Weights/ConstantEvaluator.h"
#include "llvm/Support/FormatVariadic.h"

#define DEBUG_TYPE "ingot-choose-algorithms"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_CHOOSEALGORITHMSPASS
#include "passes/Graph/Passes.h.inc"

namespace {

/// What a layer may add to the error of a model, as a part of its largest result: rounding errors of independent layers add up like the steps of a
/// random walk, so that fifty such layers stay below the 1e-4 that the outputs of a model are held to. Most layers have a sixth of it with F(4, 3).
constexpr double kLargestError = 1e-5;

/// How much faster an algorithm must promise to be than the direct one, as predictions are off by a few percent.
constexpr double kLeastSpeedUp = 1.1;

/// Why a convolution cannot be computed by Winograd's algorithm; empty if it can.
StringRef problemOf(ConvOp op) {
  auto all = [](ArrayRef<int64_t> values, int64_t expected) { return llvm::all_of(values, [&](int64_t value) { return value == expected; }); };
  if (op.getKernel().size() != 2 || !all(op.getKernel(), 3))
    return "its kernel is not 3x3";
  if (!all(op.getStrides(), 1))
    return "it has strides";
  if (!all(op.getDilations(), 1))
    return "its kernel is dilated";
  if (op.getGroups() != 1)
    return "it has groups";
  if (!typeOf(op.getX()).getElementType().isF32() || !typeOf(op.getW()).getElementType().isF32())
    return "it does not multiply f32";
  if (!all(op.getPads(), 0))
    return "it has pads";
  if (!isComputedFromConstants(op.getW()))
    return "its weights are not known at compile time";
  if (auto pack = op.getW().getDefiningOp<PackOp>(); pack && isStoredNarrow(pack.getX()))
    return "its weights are stored in narrow floats, and the transform would make them many times as large";
  return "";
}

/// A convolution that may be computed in another way than directly: by F(tile, 3), best first.
struct Candidate {
  ConvOp op;
  SmallVector<int64_t> tiles;
  std::string costs; ///< as people read them
};

struct ChooseAlgorithmsPass : impl::ChooseAlgorithmsPassBase<ChooseAlgorithmsPass> {
  using ChooseAlgorithmsPassBase::ChooseAlgorithmsPassBase;
  ChooseAlgorithmsPass(ChooseAlgorithmsPassOptions options, const ConstantEvaluator *constants)
      : ChooseAlgorithmsPassBase(options), constants(constants) {}

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SmallVector<Candidate> candidates;
      function.walk([&](ConvOp op) {
        if (op.getLayout() == Layout::ChannelsLast)
          if (Candidate candidate = candidateOf(op); !candidate.tiles.empty())
            candidates.push_back(std::move(candidate));
      });
      decide(candidates);
    }
  }

private:
  void explain(Operation *op, const Twine &why) {
    if (remarks)
      op->emitRemark(why);
  }

  /// Without tiles where the direct algorithm is the only one, or the fastest.
  Candidate candidateOf(ConvOp op) {
    Candidate candidate{op, {}, {}};
    if (StringRef why = exact ? "only direct convolutions are allowed" : problemOf(op); !why.empty()) {
      explain(op, "is computed directly: " + why);
      return candidate;
    }
    MachineModel machine; // one for all variants of the code, as the weights are
    Dims out = getDims(typeOf(op.getResult()));
    auto sizes = [&](int64_t tile) {
      return WinogradSizes{out[0], out[1], out[2], tile, typeOf(op.getX()).getShape().back(), static_cast<int64_t>(op.getChannels())};
    };
    double direct = directCycles(sizes(2), machine), best = direct;
    candidate.costs = llvm::formatv("cycles {0:f0}", direct);
    for (int64_t tile : kWinogradTiles) {
      double cycles = op.getChannels() == 1 ? direct : winogradCycles(sizes(tile), machine);
      candidate.costs += llvm::formatv(", by F({0}, 3) {1:f0}", tile, cycles);
      if (cycles * kLeastSpeedUp > direct)
        continue;
      candidate.tiles.insert(cycles < best ? candidate.tiles.begin() : candidate.tiles.end(), tile);
      best = std::min(best, cycles);
    }
    if (candidate.tiles.empty())
      explain(op, "is computed directly: " + candidate.costs);
    return candidate;
  }

  /// Takes the fastest way of each that is exact enough.
  void decide(ArrayRef<Candidate> candidates) {
    std::optional<std::vector<std::vector<float>>> weights;
    if (constants && !candidates.empty())
      weights = constants->evaluate(llvm::map_to_vector(candidates, [](Candidate candidate) -> Value { return candidate.op.getW(); }));
    for (auto [i, candidate] : llvm::enumerate(candidates)) {
      ConvOp op = candidate.op;
      std::optional<int64_t> chosen;
      for (int64_t tile : candidate.tiles) {
        double error = weights ? winogradError(tile, typeOf(op.getX()).getShape().back(), op.getChannels(), (*weights)[i]) : 0;
        std::string text = llvm::formatv("F({0}, 3): error {1:e1} of its largest result, {2}", tile, error, candidate.costs);
        if (error <= kLargestError) {
          explain(op, "is computed by " + text);
          chosen = tile;
          break;
        }
        explain(op, "is not computed by " + text);
      }
      if (chosen)
        replace(op, *chosen);
      else
        explain(op, "is computed directly: it would lose too much precision");
    }
  }

  /// conv(x, w) -> winograd_conv(x, (G x G) * w), the product in f64.
  static void replace(ConvOp op, int64_t tile) {
    OpBuilder builder(op);
    ImplicitLocOpBuilder b(op.getLoc(), builder);
    SmallMatrix matrix = winogradFilters(tile);
    int64_t panels = typeOf(op.getW()).getDimSize(1), inputs = typeOf(op.getX()).getShape().back();
    Type wide = b.getF64Type(), narrow = b.getF32Type();
    auto reshape = [&](Value x, ArrayRef<int64_t> shape) -> Value {
      return ReshapeOp::create(b, RankedTensorType::get(shape, typeOf(x).getElementType()), x);
    };
    auto cast = [&](Value x, Type element) -> Value { return CastOp::create(b, x, element); };
    Value factors = ConstantOp::create(b, DenseElementsAttr::get(RankedTensorType::get({matrix.rows, 9}, wide), ArrayRef(matrix.elements)));
    Value filters = MatMulOp::create(b, factors, cast(reshape(op.getW(), {panels, 9, inputs * kPanel}), wide), false, false);
    filters = reshape(cast(filters, narrow), {panels, matrix.rows, inputs, kPanel});
    auto replacement = WinogradConvOp::create(b, op.getX(), filters, tile, op.getChannels());
    replacement->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    op.replaceAllUsesWith(replacement.getResult());
    op.erase();
  }

  const ConstantEvaluator *constants = nullptr;
};

} // namespace

std::unique_ptr<Pass> createChooseAlgorithmsPass(ChooseAlgorithmsPassOptions options, const ConstantEvaluator *constants) {
  return std::make_unique<ChooseAlgorithmsPass>(options, constants);
}

} // namespace ingot
