// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pools: windows, and whole images.
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Registry.h"
#include "frontends/onnx/Import/Window.h"

#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

/// With `ceil_mode` a last window may begin inside of the input (or its begin pads) and reach over the end: the end pads grow by that.
bool applyCeilMode(Node &n, Window &window) {
  if (!n.flag("ceil_mode"))
    return true;
  for (size_t i = 0; i < window.rank(); ++i) {
    int64_t stride = window.strides[i], covered = window.dilations[i] * (window.kernel[i] - 1) + 1;
    if (int64_t &end = window.pads[window.rank() + i]; ShapedType::isDynamic(typeOf(n[0]).getDimSize(i + 2)) && stride - 1 + end < covered) {
      end += stride - 1; // rounds up, and no last window begins behind the input
      continue;
    }
    std::optional<int64_t> extent = n.fixedDim(n[0], i + 2);
    if (!extent)
      return false;
    int64_t padded = *extent + window.pads[i] + window.pads[window.rank() + i];
    int64_t steps = (padded - covered + stride - 1) / stride;
    if (steps * stride >= *extent + window.pads[i])
      --steps;
    window.pads[window.rank() + i] += std::max<int64_t>(steps * stride + covered - padded, 0);
  }
  return true;
}

template <PoolKind kind> void importPool(Node &n) {
  std::optional<Window> window = readWindow(n, n.integers("kernel_shape"));
  if (!window)
    return;
  Ints countPads = window->pads;
  if (!applyCeilMode(n, *window))
    return;
  ArrayRef<int64_t> kernel = window->kernel, strides = window->strides, pads = window->pads, dilations = window->dilations;
  Value result = n.create<PoolOp>(kind, n[0], Layout::ChannelsFirst, kernel, strides, pads, dilations, ArrayRef<int64_t>(countPads),
                                  kind == PoolKind::Average && n.flag("count_include_pad"), kind == PoolKind::Lp ? n.integer("p", 2) : 2);
  n.yield(result);
  if (kind != PoolKind::Max || !result || !n.wants(1))
    return;
  RankedTensorType type = makeTensorType(getDims(typeOf(result)), n.b.getI64Type());
  n.yield(1, n.createTyped<MaxPoolIndicesOp>(type, n[0], kernel, strides, pads, dilations, n.integer("storage_order") == 1));
}

Ints spatialAxes(Value x) {
  Ints axes(std::max<int64_t>(rankOf(x) - 2, 0));
  std::iota(axes.begin(), axes.end(), 2);
  return axes;
}

template <ReduceKind kind> void importGlobalPool(Node &n) { n.yield(n.reduce(kind, n[0], spatialAxes(n[0]), /*keepDims=*/true)); }

/// (sum |x|^p)^(1/p)
void importGlobalLpPool(Node &n) {
  double p = n.integer("p", 2);
  Value powers = n.binary(BinaryKind::Pow, n.unary(UnaryKind::Abs, n[0]), p);
  n.yield(n.binary(BinaryKind::Pow, n.reduce(ReduceKind::Sum, powers, spatialAxes(n[0]), /*keepDims=*/true), 1.0 / p));
}

/// Puts the elements at their flat indices into zeros of the size that the pool had.
void importMaxUnpool(Node &n) {
  std::optional<Ints> shape = n.fixedShape(n[0]);
  if (!shape)
    return;
  // The indices count in the pooled tensor as the attributes give it, also where `output_shape` makes the result larger.
  std::optional<Window> window = readWindow(n, n.integers("kernel_shape"));
  if (!window)
    return;
  Ints pooled = *shape;
  for (size_t i = 0; i < window->rank(); ++i)
    pooled[i + 2] = ((*shape)[i + 2] - 1) * window->strides[i] + window->kernel[i] - window->pads[i] - window->pads[window->rank() + i];
  std::optional<Ints> full = n.has(2) ? n.ints(2) : std::optional(pooled);
  if (!full)
    return;
  if (full->size() != pooled.size()) {
    n.error() << "needs an output shape of " << pooled.size() << " dims, has " << full->size();
    return;
  }
  int64_t size = std::accumulate(pooled.begin(), pooled.end(), int64_t(1), std::multiplies<>()), count = typeOf(n[0]).getNumElements();
  Value zeros = n.broadcast(n.scalar(0.0, elementOf(n[0])), ArrayRef<int64_t>(size));
  Value values = n.reshape(n[0], ArrayRef<int64_t>(count)), indices = n.reshape(n[1], ArrayRef<int64_t>(count));
  Value result = n.reshape(n.create<ScatterElementsOp>(ScatterKind::Assign, zeros, indices, values, 0), ArrayRef<int64_t>(pooled));
  Ints low(pooled.size(), 0), high;
  for (auto [own, wanted] : llvm::zip_equal(pooled, *full))
    high.push_back(wanted - own);
  n.yield(n.pad(PadMode::Constant, result, low, high));
}

constexpr OpRow kPoolOps[] = {
    {"AveragePool", importPool<PoolKind::Average>},
    {"GlobalAveragePool", importGlobalPool<ReduceKind::Mean>},
    {"GlobalLpPool", importGlobalLpPool},
    {"GlobalMaxPool", importGlobalPool<ReduceKind::Max>},
    {"LpPool", importPool<PoolKind::Lp>},
    {"MaxPool", importPool<PoolKind::Max>},
    {"MaxUnpool", importMaxUnpool},
};

} // namespace

ArrayRef<OpRow> poolOps() { return kPoolOps; }

} // namespace ingot::importer
