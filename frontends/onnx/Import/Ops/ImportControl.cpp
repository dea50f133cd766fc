// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Control flow that is decided while importing, and operators that only pass values on or change their type.
#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/NarrowTypes.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"
#include "frontends/onnx/Ingest/ElementType.h"

using namespace mlir;

namespace ingot::importer {
namespace {

void importIdentity(Node &n) { n.yield(n[0]); }

/// At inference time a dropout passes its input on; the mask keeps everything.
void importDropout(Node &n) {
  if (n.has(2)) {
    std::optional<Ints> training = n.ints(2);
    if (!training)
      return;
    std::optional<SmallVector<double>> ratio = n.has(1) && training->front() ? n.floats(1) : SmallVector<double>{0.5};
    if (!ratio)
      return;
    if (training->front() && ratio->front() != 0.0) {
      n.error() << "Dropout node '" << n.proto.name() << "' is in training mode; only inference is supported";
      return;
    }
  }
  n.yield(n[0]);
  if (n.wants(1))
    n.yield(1, n.full(getDims(typeOf(n[0])), n.scalar(1.0, n.since() >= 10 ? n.b.getI1Type() : elementOf(n[0]))));
}

/// The first operand in another element type.
Value castTo(Node &n, int32_t onnxType, Type element) {
  int32_t from = n.narrowType(0);
  if (from == 0 && !isNarrow(onnxType))
    return n.cast(n[0], element);
  StringRef rounding = n.string("round_mode");
  return castNarrow(n, n[0], from, onnxType, element,
                    {.saturate = n.integer("saturate", 1) != 0,
                     .rounding = rounding == "down"      ? NarrowRounding::Down
                                 : rounding == "nearest" ? NarrowRounding::Nearest
                                                         : NarrowRounding::Up});
}

void importCast(Node &n) {
  int64_t to = n.integer("to");
  Type element = getElementType(n.b.getContext(), static_cast<int32_t>(to));
  if (!element) {
    n.error() << "Cast node '" << n.proto.name() << "' makes element type " << ingest::elementTypeName(static_cast<int32_t>(to))
              << ", which is not supported";
    return;
  }
  n.yieldAs(static_cast<int32_t>(to), castTo(n, static_cast<int32_t>(to), element));
}

void importBitCast(Node &n) {
  auto to = static_cast<int32_t>(n.integer("to"));
  Type element = getElementType(n.b.getContext(), to);
  // A narrow type of less than 8 bits does not fill its byte.
  int32_t from = n.narrowType(0);
  if (!element || (from != 0 && ingest::elementBits(from) != 8) || (isNarrow(to) && ingest::elementBits(to) != 8)) {
    n.error() << "BitCast node '" << n.proto.name() << "' makes an element type that is not supported";
    return;
  }
  n.yieldAs(to, elementOf(n[0]) == element ? n[0] : n.create<BitcastOp>(n[0], TypeAttr::get(element)));
}

void importCastLike(Node &n) { n.yieldAs(n.narrowType(1), castTo(n, n.narrowType(1), elementOf(n[1]))); }

/// A scalar condition in whatever shape of one element the model gives it.
Value scalarCondition(Node &n, Value condition) { return n.reshape(condition, ArrayRef<int64_t>{}); }

/// Takes over where two branches give tensors of different dims: a symbol for each pair of sizes.
struct BranchDims {
  Node &n;
  SmallVector<int64_t> symbols;
  Dims thenDims, elseDims;

  AffineExpr join(AffineExpr a, AffineExpr c) {
    if (a == c)
      return a;
    for (auto [x, y, symbol] : llvm::zip_equal(thenDims, elseDims, symbols))
      if (x == a && y == c)
        return getAffineSymbolExpr(symbol, n.b.getContext());
    SymbolRange x = n.symbols->rangeOf(a), y = n.symbols->rangeOf(c);
    SymbolRange range = {std::min(x.minimum, y.minimum), std::max(x.maximum, y.maximum)};
    AffineExpr symbol = n.symbols->define(n.proto.name() + ".size", range, n.symbols->boundOf(a, c));
    symbols.push_back(cast<AffineSymbolExpr>(symbol).getPosition());
    thenDims.push_back(a);
    elseDims.push_back(c);
    return symbol;
  }

  AffineMapAttr map(ArrayRef<AffineExpr> dims) const {
    return dims.empty() ? AffineMapAttr() : AffineMapAttr::get(AffineMap::get(0, n.symbols->names().size(), dims, n.b.getContext()));
  }
};

/// The type of result `index`, null (and reported) when the branches do not agree.
Type joinTypes(Node &n, BranchDims &dims, unsigned index, Value a, Value c) {
  auto x = dyn_cast<RankedTensorType>(a.getType()), y = dyn_cast<RankedTensorType>(c.getType());
  if (!x || !y) {
    n.error() << "the branches of If node '" << n.proto.name() << "' give sequences, so its condition must be a constant";
    return {};
  }
  if (x.getRank() != y.getRank() || x.getElementType() != y.getElementType()) {
    n.error() << "the branches of If node '" << n.proto.name()
              << "' must give tensors of one rank and element type when its condition is computed at run time; output " << index << " is " << x
              << " or " << y;
    return {};
  }
  Dims joined;
  for (auto [left, right] : llvm::zip_equal(getDims(x), getDims(y)))
    joined.push_back(dims.join(left, right));
  return makeTensorType(joined, x.getElementType());
}

/// A constant condition imports one branch.
void importIf(Node &n) {
  if (std::optional<Ints> condition = n.readInts(n[0]); condition && condition->size() == 1) {
    const onnx::AttributeProto *branch = n.attribute(condition->front() ? "then_branch" : "else_branch");
    for (auto [i, value] : llvm::enumerate(n.graph.importSubgraph(branch->g(), {})))
      n.yield(i, value);
    return;
  }
  Value condition = scalarCondition(n, n[0]);
  if (!condition)
    return;
  // Its results are known when the bodies are.
  auto open = IfOp::create(n.b, n.loc, TypeRange(), condition, ArrayRef<int64_t>(), AffineMapAttr(), AffineMapAttr());
  SmallVector<Value> values[2];
  for (auto [i, name] : {std::pair(0, "then_branch"), std::pair(1, "else_branch")}) {
    OpBuilder::InsertionGuard guard(n.b);
    n.b.createBlock(&open->getRegion(i));
    values[i] = n.graph.importSubgraph(n.attribute(name)->g(), {});
    if (!llvm::is_contained(values[i], Value()))
      YieldOp::create(n.b, n.loc, values[i]);
  }
  if (llvm::is_contained(values[0], Value()) || llvm::is_contained(values[1], Value()))
    return;
  BranchDims dims{n, {}, {}, {}};
  SmallVector<Type> types;
  for (auto [i, a, c] : llvm::enumerate(values[0], values[1]))
    types.push_back(joinTypes(n, dims, i, a, c));
  if (llvm::is_contained(types, Type()))
    return;
  auto branch = IfOp::create(n.b, n.loc, types, condition, dims.symbols, dims.map(dims.thenDims), dims.map(dims.elseDims));
  for (unsigned i : {0, 1})
    branch->getRegion(i).takeBody(open->getRegion(i));
  open.erase();
  for (auto [i, result] : llvm::enumerate(branch.getResults()))
    n.yield(i, result);
}

constexpr OpRow kControlOps[] = {
    {"BitCast", importBitCast}, {"Cast", importCast},         {"CastLike", importCastLike},
    {"Dropout", importDropout}, {"Identity", importIdentity}, {"If", importIf},
};

} // namespace

ArrayRef<OpRow> controlOps() { return kControlOps; }

} // namespace ingot::importer
