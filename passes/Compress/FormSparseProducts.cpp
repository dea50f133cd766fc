// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Compress/Passes.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Kernel/SymbolicIndex.h"
#include "passes/Plan/Sparse/SparseCost.h"
#include "passes/Weights/ConstantEvaluator.h"
#include "llvm/Support/FormatVariadic.h"

#define DEBUG_TYPE "ingot-form-sparse-products"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FORMSPARSEPRODUCTSPASS
#include "passes/Compress/Passes.h.inc"

namespace {

/// How much faster the sparse product must promise to be, as predictions are off by a few percent.
constexpr double kLeastGain = 1.1;
/// No product with fewer zeros gains that much.
constexpr double kLeastZeros = 0.2;

bool all(ArrayRef<int64_t> values, int64_t expected) {
  return llvm::all_of(values, [&](int64_t value) { return value == expected; });
}

/// The packed weights of a product of rows, `[panels, steps, 16 * group]` perhaps behind a dim of 1; null when `op` is none, or they are not
/// constant.
Value weightsOf(Operation *op) {
  Value weights;
  if (auto product = dyn_cast<PackedMatMulOp>(op))
    weights = product.getRhs();
  else if (auto conv = dyn_cast<ConvOp>(op); conv && conv.getLayout() == Layout::ChannelsLast && conv.getGroups() == 1 && !conv.isDepthwise() &&
                                             all(conv.getKernel(), 1) && all(conv.getStrides(), 1) && all(conv.getPads(), 0) &&
                                             typeOf(conv.getW()).getDimSize(0) == 1)
    weights = conv.getW();
  RankedTensorType left = weights ? typeOf(op->getOperand(0)) : RankedTensorType();
  bool isKnown = weights && isComputedFromConstants(weights) && typeOf(weights).hasStaticShape() && !ShapedType::isDynamic(left.getShape().back());
  return isKnown && typeOf(weights).getNumElements() != 0 && ArrayRef(typeOf(weights).getShape()).drop_back(3).size() <= 1 &&
                 all(typeOf(weights).getShape().drop_back(3), 1)
             ? weights
             : Value();
}

/// Of the largest constant that `weights` are computed from, the share of elements that are zero, by samples.
double zerosOf(Value weights, const ConstantEvaluator &constants) {
  ArrayRef<char> largest;
  int64_t size = 0;
  SmallVector<Value> pending{weights};
  for (size_t i = 0; i < pending.size(); ++i) {
    Operation *producer = pending[i].getDefiningOp();
    auto constant = dyn_cast<ConstantOp>(producer);
    if (!constant) {
      pending.append(producer->operand_begin(), producer->operand_end());
    } else if (ArrayRef<char> bytes = constants.bytesOf(constant.getValue()); bytes.size() > largest.size()) {
      largest = bytes;
      size = bytes.size() / typeOf(constant.getResult()).getNumElements();
    }
  }
  if (size == 0)
    return 0;
  constexpr int64_t kSamples = 1 << 14;
  int64_t count = largest.size() / size, samples = std::min(count, kSamples), zeros = 0;
  for (int64_t i = 0; i < samples; ++i) {
    ArrayRef<char> element = largest.slice((i * count / samples) * size, size);
    zeros += llvm::all_of(element.drop_back(), [](char byte) { return byte == 0; }) && (element.back() & 0x7f) == 0;
  }
  return static_cast<double>(zeros) / static_cast<double>(samples);
}

struct FormSparseProductsPass : impl::FormSparseProductsPassBase<FormSparseProductsPass> {
  using FormSparseProductsPassBase::FormSparseProductsPassBase;
  FormSparseProductsPass(FormSparseProductsPassOptions options, const ConstantEvaluator *constants)
      : FormSparseProductsPassBase(options), constants(constants) {}

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SmallVector<std::pair<Operation *, Value>> products;
      function.walk([&](Operation *op) {
        if (Value weights = weightsOf(op))
          products.emplace_back(op, weights);
      });
      modelBytes = 0;
      for (auto [op, weights] : products)
        modelBytes += typeOf(weights).getNumElements() * typeOf(weights).getElementTypeBitWidth() / 8;
      for (auto [op, weights] : products)
        consider(op, weights);
    }
  }

private:
  void consider(Operation *op, Value weights) {
    ArrayRef<int64_t> shape = typeOf(weights).getShape().take_back(3);
    std::optional<Zeros> zeros = zerosIn(weights, shape);
    if (!zeros)
      return;
    MachineModel machine; // one for all variants of the code, as the weights are
    Dims dims = getDims(typeOf(op->getResult(0)));
    dims.pop_back();
    AffineExpr rows = productOf(dims, &getContext());
    SparseSizes sizes{estimateDim(rows), shape[0], shape[1], zeros->blocks, modelBytes};
    double dense = denseCycles(sizes, machine), sparse = sparseCycles(sizes, machine), pairs = std::numeric_limits<double>::infinity();
    // With many rows nothing is gained, so an open number of them speaks against pairs.
    if (std::optional<int64_t> number = getConstant(rows); zeros->arePairs && number)
      pairs = pairCycles(sizes, std::min(*number, mostPairRows(machine)), machine);
    bool pays = std::min(sparse, pairs) * kLeastGain <= dense, byPairs = pairs < sparse;
    if (remarks)
      op->emitRemark() << "is computed "
                       << (!pays     ? "with all its weights"
                           : byPairs ? "with two of four weights"
                                     : "without zero blocks")
                       << ": " << zeros->blocks << " of " << shape[0] * shape[1] << " blocks are not zero, cycles "
                       << llvm::formatv("{0:f0}, by pairs {1:f0}, dense {2:f0}", sparse, pairs, dense).str();
    if (pays)
      replace(op, weights, byPairs ? std::nullopt : std::optional(zeros->blocks));
  }

  struct Zeros {
    int64_t blocks; ///< that are not zero
    bool arePairs;  ///< at most two of every four rows of a column are not zero
  };

  /// Nothing where that is not known, or zeros are few.
  std::optional<Zeros> zerosIn(Value weights, ArrayRef<int64_t> shape) {
    int64_t all = shape[0] * shape[1];
    bool mayPair = shape[1] % kPairRows == 0 && shape[2] == kPanel && typeOf(weights).getElementType().isF32();
    if (!constants)
      return assume < 0 ? std::nullopt : std::optional(Zeros{std::max<int64_t>(1, std::llround(assume * all)), mayPair && assumePairs});
    if (zerosOf(weights, *constants) < kLeastZeros)
      return std::nullopt;
    CastOp wide;
    if (!typeOf(weights).getElementType().isF32()) {
      OpBuilder b(&getContext());
      b.setInsertionPointAfterValue(weights);
      weights = wide = CastOp::create(b, weights.getLoc(), weights, b.getF32Type());
    }
    auto elements = constants->evaluate(weights);
    if (wide)
      wide.erase();
    if (!elements)
      return std::nullopt;
    Zeros zeros{0, mayPair};
    ArrayRef<float> rest = elements->front();
    for (; !rest.empty(); rest = rest.drop_front(shape[2]))
      zeros.blocks += llvm::any_of(rest.take_front(shape[2]), [](float x) { return x != 0; });
    zeros.blocks = std::max<int64_t>(zeros.blocks, 1);
    for (rest = elements->front(); zeros.arePairs && !rest.empty(); rest = rest.drop_front(4 * kPanel))
      for (int64_t lane = 0; lane < kPanel; ++lane)
        zeros.arePairs &= llvm::count_if(llvm::seq(4), [&](int64_t row) { return rest[row * kPanel + lane] != 0; }) <= 2;
    return zeros;
  }

  /// By what is left of the weights: so many blocks, or two of four.
  static void replace(Operation *op, Value weights, std::optional<int64_t> blocks) {
    ImplicitLocOpBuilder b(op->getLoc(), op);
    RankedTensorType type = typeOf(weights);
    if (type.getRank() > 3)
      weights = ReshapeOp::create(b, RankedTensorType::get(type.getShape().take_back(3), type.getElementType()), weights);
    Value lhs = op->getOperand(0), product;
    int64_t columns = typeOf(op->getResult(0)).getShape().back();
    if (blocks) {
      Value places = SparsePlacesOp::create(b, weights, *blocks);
      product = SparseMatMulOp::create(b, lhs, SparseBlocksOp::create(b, weights, places), places, columns);
    } else {
      product = PairMatMulOp::create(b, lhs, PairValuesOp::create(b, weights), PairPlacesOp::create(b, weights), columns);
    }
    product.getDefiningOp()->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    op->getResult(0).replaceAllUsesWith(product);
    op->erase();
  }

  const ConstantEvaluator *constants = nullptr;
  int64_t modelBytes = 0; ///< of the products' weights, with their zeros
};

} // namespace

std::unique_ptr<Pass> createFormSparseProductsPass(FormSparseProductsPassOptions options, const ConstantEvaluator *constants) {
  return std::make_unique<FormSparseProductsPass>(options, constants);
}

} // namespace ingot
