// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Norms and reductions along dims. The formulas are written once; RowWalk knows whether vectors lie along a row or across several.
#include "passes/Kernel/EmitRow.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/RowWalk.h"

using namespace mlir;

namespace ingot {
namespace {

class RowFormulas {
public:
  RowFormulas(ImplicitLocOpBuilder &b, const KernelContext &context, const RowSpace &space, RowWalk &walk, VectorType vector)
      : space(space), walk(walk), m(b, vector), index(b, context), vector(vector),
        cheap(space.graph.nodes[space.operand].kind == BodyNode::Load && getComputeType(space.element) == space.element) {}

  void softmax() {
    SmallVector<Value> largest = maximum();
    auto power = [&](Value x, unsigned i) { return m.decay(m.sub(x, largest[i])); };
    SmallVector<Value> sums = walk.reduce(ReduceKind::Sum, true, /*keep=*/true, power);
    for (Value &sum : sums)
      sum = m.div(m.constant(1.0), sum);
    walk.write([&](Value x, unsigned i) { return m.mul(walk.keeps() ? x : power(x, i), sums[i]); });
  }

  void logSoftmax() {
    SmallVector<Value> largest = maximum();
    SmallVector<Value> sums = walk.reduce(ReduceKind::Sum, true, false, [&](Value x, unsigned i) { return m.decay(m.sub(x, largest[i])); });
    for (Value &sum : sums)
      sum = m.log(sum);
    walk.write([&](Value x, unsigned i) { return m.sub(m.sub(x, largest[i]), sums[i]); });
  }

  void standardize(double epsilon) {
    SmallVector<Value> means = meanOf(!cheap, [&](Value x, unsigned) { return x; });
    SmallVector<Value> scales = meanOf(false, [&](Value x, unsigned i) {
      Value distance = m.sub(x, means[i]);
      return m.mul(distance, distance);
    });
    invertRoots(scales, epsilon);
    walk.write([&](Value x, unsigned i) { return m.mul(m.sub(x, means[i]), scales[i]); });
  }

  void rms(double epsilon) {
    if (!cheap)
      keepOperand();
    SmallVector<Value> scales = meanOf(false, [&](Value x, unsigned) { return m.mul(x, x); });
    invertRoots(scales, epsilon);
    walk.write([&](Value x, unsigned i) { return m.mul(x, scales[i]); });
  }

  void reduce(ReduceKind kind) {
    SmallVector<Value> results = walk.reduce(kind, false, false, [&](Value x, unsigned) { return x; });
    if (kind == ReduceKind::Mean)
      for (Value &result : results)
        result = divideByLength(result);
    walk.writeReduced(results);
  }

private:
  SmallVector<Value> maximum() {
    return walk.reduce(ReduceKind::Max, true, !cheap, [](Value x, unsigned) { return x; }); // NaN comes back through the sum
  }

  SmallVector<Value> meanOf(bool keep, RowWalk::Map map) {
    SmallVector<Value> means = walk.reduce(ReduceKind::Sum, true, keep, map);
    for (Value &mean : means)
      mean = divideByLength(mean);
    return means;
  }

  /// A walk only to keep what is expensive to compute twice. The maximum is not used.
  void keepOperand() {
    if (walk.keeps())
      (void)maximum();
  }

  void invertRoots(MutableArrayRef<Value> values, double epsilon) {
    for (Value &value : values)
      value = m.div(m.constant(1.0), m.sqrt(m.add(value, m.constant(epsilon))));
  }

  Value divideByLength(Value sum) {
    if (std::optional<int64_t> length = getConstant(space.rowLength))
      return m.div(sum, m.constant(static_cast<double>(*length)));
    ImplicitLocOpBuilder &b = m.builder();
    Value length = arith::IndexCastOp::create(b, b.getI64Type(), index.of(space.rowLength));
    return m.div(sum, vector::BroadcastOp::create(b, vector, castElements(b, length, b.getI64Type(), vector.getElementType())));
  }

  const RowSpace &space;
  RowWalk &walk;
  ElementMath m;
  SymbolicIndex index;
  VectorType vector;
  bool cheap; ///< the operand is a load: reading it again costs no more than reading a copy
};

} // namespace

bool coversRow(RegionOp region) {
  std::string why;
  return succeeded(matchRow(region, why));
}

LogicalResult emitRow(ImplicitLocOpBuilder &b, KernelContext &context) {
  std::string why;
  FailureOr<RowSpace> space = matchRow(context.region, why);
  if (failed(space))
    return context.region.emitOpError(why);
  int64_t lanes = context.plan().getLanes();
  if (lanes < 2 || !llvm::isPowerOf2_64(lanes))
    return context.region.emitOpError("needs a row plan whose lanes are a power of two");
  auto vector = VectorType::get({lanes}, getComputeType(space->element));
  Operation *anchor = rowAnchor(context.region);
  walkRows(b, context, *space, [&](RowWalk &walk) {
    RowFormulas formulas(b, context, *space, walk, vector);
    if (auto reduce = dyn_cast<ReduceOp>(anchor))
      return formulas.reduce(reduce.getKind());
    auto norm = cast<NormOp>(anchor);
    double epsilon = norm.getEpsilon().convertToDouble();
    switch (norm.getKind()) {
    case NormKind::Softmax:
      return formulas.softmax();
    case NormKind::LogSoftmax:
      return formulas.logSoftmax();
    case NormKind::Standardize:
      return formulas.standardize(epsilon);
    case NormKind::Rms:
      return formulas.rms(epsilon);
    }
  });
  return success();
}

} // namespace ingot
