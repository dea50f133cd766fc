// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reductions along axes: what is done to the elements before and to the result after a plain reduction.
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

/// The axes of a reduction: an attribute first, later an operand; none means all, unless `noop_with_empty_axes`.
std::optional<Ints> reducedAxes(Node &n) {
  std::optional<Ints> axes = n.listOf("axes", 1);
  if (!axes)
    return std::nullopt;
  int64_t rank = rankOf(n[0]);
  if (axes->empty() && !n.flag("noop_with_empty_axes")) {
    axes->resize(rank);
    std::iota(axes->begin(), axes->end(), 0);
  }
  axes = n.normalize(*axes, rank);
  if (axes)
    llvm::sort(*axes);
  return axes;
}

template <ReduceKind kind> void importReduce(Node &n) {
  if (std::optional<Ints> axes = reducedAxes(n))
    n.yield(n.reduce(kind, n[0], *axes, n.flag("keepdims")));
}

/// sum(|x|)
void importReduceL1(Node &n) {
  if (std::optional<Ints> axes = reducedAxes(n))
    n.yield(n.reduce(ReduceKind::Sum, n.unary(UnaryKind::Abs, n[0]), *axes, n.flag("keepdims")));
}

Value sumOfSquares(Node &n, ArrayRef<int64_t> axes) { return n.reduce(ReduceKind::Sum, n.mul(n[0], n[0]), axes, n.flag("keepdims")); }

void importReduceSumSquare(Node &n) {
  if (std::optional<Ints> axes = reducedAxes(n))
    n.yield(sumOfSquares(n, *axes));
}

/// `compute` on floats; integers are converted there and back.
template <typename Compute> Value inFloat(Node &n, Value x, Compute compute) {
  if (!x)
    return {};
  Type element = elementOf(x);
  return n.cast(compute(isa<FloatType>(element) ? x : n.cast(x, n.b.getF64Type())), element);
}

void importReduceL2(Node &n) {
  if (std::optional<Ints> axes = reducedAxes(n))
    n.yield(inFloat(n, sumOfSquares(n, *axes), [&](Value sum) { return n.unary(UnaryKind::Sqrt, sum); }));
}

void importReduceLogSum(Node &n) {
  if (std::optional<Ints> axes = reducedAxes(n))
    n.yield(inFloat(n, n.reduce(ReduceKind::Sum, n[0], *axes, n.flag("keepdims")), [&](Value sum) { return n.unary(UnaryKind::Log, sum); }));
}

/// log(sum(exp(x - m))) + m with the maximum m, so that exp does not overflow; an infinite m is left out because inf - inf is no number.
void importReduceLogSumExp(Node &n) {
  std::optional<Ints> axes = reducedAxes(n);
  if (!axes)
    return;
  n.yield(inFloat(n, n[0], [&](Value x) {
    Value max = n.reduce(ReduceKind::Max, x, *axes, /*keepDims=*/true);
    Value finite = n.select(n.unary(UnaryKind::IsInf, max, 1.0, 1.0), n.scalar(0.0, elementOf(x)), max);
    Value sum = n.reduce(ReduceKind::Sum, n.unary(UnaryKind::Exp, n.sub(x, finite)), *axes, /*keepDims=*/true);
    Value result = n.add(n.unary(UnaryKind::Log, sum), finite);
    return n.flag("keepdims") ? result : n.squeeze(result, *axes);
  }));
}

constexpr OpRow kReduceOps[] = {
    {"ReduceL1", importReduceL1},
    {"ReduceL2", importReduceL2},
    {"ReduceLogSum", importReduceLogSum},
    {"ReduceLogSumExp", importReduceLogSumExp},
    {"ReduceMax", importReduce<ReduceKind::Max>},
    {"ReduceMean", importReduce<ReduceKind::Mean>},
    {"ReduceMin", importReduce<ReduceKind::Min>},
    {"ReduceProd", importReduce<ReduceKind::Prod>},
    {"ReduceSum", importReduce<ReduceKind::Sum>},
    {"ReduceSumSquare", importReduceSumSquare},
};

} // namespace

ArrayRef<OpRow> reduceOps() { return kReduceOps; }

} // namespace ingot::importer
