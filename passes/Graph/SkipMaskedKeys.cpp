// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Graph/Passes.h"
#include "passes/Weights/ConstantEvaluator.h"
#include "llvm/ADT/MapVector.h"

#define DEBUG_TYPE "ingot-skip-masked-keys"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_SKIPMASKEDKEYSPASS
#include "passes/Graph/Passes.h.inc"

namespace {

/// Scores that have this added, or become this, have a weight of 0 beside others.
constexpr double kRuledOut = -1e9;

constexpr int64_t kMostElements = int64_t{1} << 24; ///< of a mask that is looked at

/// A mask with rows and columns of its own, whose elements are known at compile time.
bool isKnownMatrix(AttentionOp op) {
  Value mask = op.getMask();
  if (!mask || op.getCausal() || !isComputedFromConstants(mask))
    return false;
  RankedTensorType type = typeOf(mask);
  bool isMatrix = type.getRank() >= 2 && type.getShape().end()[-1] > 1 && type.getShape().end()[-2] > 1;
  return isMatrix && type.getNumElements() <= kMostElements && (!type.getElementType().isInteger(1) || op.getFill()->convertToDouble() <= kRuledOut);
}

/// The largest distance of a key behind its row that is not ruled out. Nothing when a row has no key, or when rows do not see less than the last one.
std::optional<int64_t> furthestKey(ArrayRef<float> mask, int64_t rows, int64_t keys, bool isAdded) {
  int64_t furthest = 0;
  for (int64_t first = 0; first < static_cast<int64_t>(mask.size()); first += rows * keys)
    for (int64_t row = 0; row < rows; ++row) {
      int64_t last = keys - 1;
      auto isRuledOut = [&](float element) { return isAdded ? element <= kRuledOut : element == 0; };
      while (last >= 0 && isRuledOut(mask[first + row * keys + last]))
        --last;
      if (last < 0)
        return std::nullopt;
      furthest = std::max(furthest, last - row);
    }
  return furthest < keys - 1 ? std::optional(furthest) : std::nullopt;
}

struct SkipMaskedKeysPass : impl::SkipMaskedKeysPassBase<SkipMaskedKeysPass> {
  using SkipMaskedKeysPassBase::SkipMaskedKeysPassBase;
  explicit SkipMaskedKeysPass(const ConstantEvaluator *constants) : constants(constants) {}

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      llvm::MapVector<Value, SmallVector<AttentionOp>> readers;
      function.walk([&](AttentionOp op) {
        if (isKnownMatrix(op))
          readers[op.getMask()].push_back(op);
      });
      SmallVector<Value> masks = llvm::map_to_vector(readers, [](auto &entry) { return entry.first; });
      for (auto [mask, elements] : llvm::zip(masks, elementsOf(masks))) {
        ArrayRef<int64_t> shape = typeOf(mask).getShape();
        std::optional<int64_t> causal =
            elements.empty() ? std::nullopt : furthestKey(elements, shape.end()[-2], shape.back(), typeOf(mask).getElementType().isF32());
        for (AttentionOp op : causal ? readers[mask] : SmallVector<AttentionOp>())
          op.setCausal(*causal);
      }
    }
  }

private:
  /// Of masks of i1, 1 where a score stays. Empty where they are not known.
  std::vector<std::vector<float>> elementsOf(ArrayRef<Value> masks) {
    std::vector<std::vector<float>> all(masks.size());
    SmallVector<Value> computed;
    SmallVector<size_t> places;
    SmallVector<CastOp> casts;
    for (auto [i, mask] : llvm::enumerate(masks)) {
      Value own = mask;
      bool isAdded = typeOf(mask).getElementType().isF32();
      if (DenseElementsAttr dense = getDenseConstant(mask)) {
        if (isAdded)
          llvm::append_range(all[i], dense.getValues<float>());
        else
          llvm::append_range(all[i], dense.getValues<bool>());
        continue;
      }
      if (!isAdded) {
        OpBuilder b(&getContext());
        b.setInsertionPointAfterValue(mask);
        own = casts.emplace_back(CastOp::create(b, mask.getLoc(), mask, b.getF32Type()));
      }
      computed.push_back(own);
      places.push_back(i);
    }
    if (constants && !computed.empty())
      if (std::optional<std::vector<std::vector<float>>> elements = constants->evaluate(computed))
        for (auto [i, place] : llvm::enumerate(places))
          all[place] = std::move((*elements)[i]);
    for (CastOp cast : casts)
      cast.erase();
    return all;
  }

  const ConstantEvaluator *constants = nullptr;
};

} // namespace

std::unique_ptr<Pass> createSkipMaskedKeysPass(const ConstantEvaluator *constants) { return std::make_unique<SkipMaskedKeysPass>(constants); }

} // namespace ingot
