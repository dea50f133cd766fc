// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Normalisations: rows are normalised by one operation, scale and bias are elementwise operations after it.
#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Registry.h"
#include "frontends/onnx/Import/Window.h"

#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

Ints range(int64_t begin, int64_t end) {
  Ints axes(std::max<int64_t>(end - begin, 0));
  std::iota(axes.begin(), axes.end(), begin);
  return axes;
}

/// x * (scale / sqrt(var + epsilon)) + (bias - mean * that): two vectors over the channels, which constant folding joins with the weights before
/// them.
Value scaleChannels(Node &n, Value scale, Value bias, Value mean, Value variance) {
  int64_t rank = rankOf(n[0]);
  Type element = elementOf(n[0]);
  auto vector = [&](Value value) { return perChannel(n, n.cast(value, element), rank); };
  Value deviation = n.unary(UnaryKind::Sqrt, n.binary(BinaryKind::Add, vector(variance), n.real("epsilon")));
  Value factor = n.div(vector(scale), deviation);
  return n.add(n.mul(n[0], factor), n.sub(vector(bias), n.mul(vector(mean), factor)));
}

void importBatchNormalization(Node &n) {
  if (!n.flag("training_mode")) {
    if (n.wants(1) || n.wants(2)) {
      n.error() << "BatchNormalization node '" << n.proto.name() << "' is in training mode; only inference is supported";
      return;
    }
    return n.yield(scaleChannels(n, n[1], n[2], n[3], n[4]));
  }
  // Statistics of this batch, and the running ones moved towards them.
  Value x = n[0];
  Ints axes = range(2, rankOf(x));
  axes.insert(axes.begin(), 0);
  Value mean = n.reduce(ReduceKind::Mean, x, axes, /*keepDims=*/true), distance = n.sub(x, mean);
  Value variance = n.squeeze(n.reduce(ReduceKind::Mean, n.mul(distance, distance), axes, /*keepDims=*/true), axes);
  mean = n.squeeze(mean, axes);
  double momentum = n.real("momentum");
  auto moved = [&](Value running, Value batch) {
    if (!batch)
      return Value();
    return n.add(n.binary(BinaryKind::Mul, running, momentum), n.cast(n.binary(BinaryKind::Mul, batch, 1.0 - momentum), elementOf(running)));
  };
  n.yield(scaleChannels(n, n[1], n[2], mean, variance));
  n.yield(1, moved(n[3], mean));
  n.yield(2, moved(n[4], variance));
}

void importInstanceNormalization(Node &n) {
  int64_t rank = rankOf(n[0]);
  Value y = n.norm(NormKind::Standardize, n[0], range(2, rank), n.real("epsilon"));
  n.yield(n.add(n.mul(y, perChannel(n, n[1], rank)), perChannel(n, n[2], rank)));
}

/// The type in which a normalisation computes: that of `stash_type` when x is narrower.
Type stashType(Node &n) {
  Type stash = getElementType(n.b.getContext(), static_cast<int32_t>(n.integer("stash_type", onnx::TensorProto::FLOAT)));
  Type own = elementOf(n[0]);
  return stash && stash.getIntOrFloatBitWidth() > own.getIntOrFloatBitWidth() ? stash : own;
}

void importGroupNormalization(Node &n) {
  Value x = n[0];
  Dims dims = getDims(typeOf(x));
  int64_t groups = n.integer("num_groups");
  std::optional<int64_t> channels = n.fixedDim(x, 1);
  if (!channels)
    return;
  if (groups <= 0 || *channels % groups != 0) {
    n.error() << *channels << " channels do not divide into " << groups << " groups";
    return;
  }
  MLIRContext *context = n.b.getContext();
  Dims grouped = {dims[0], getAffineConstantExpr(groups, context), getAffineConstantExpr(*channels / groups, context)};
  grouped.append(dims.begin() + 2, dims.end());
  int64_t rank = grouped.size();
  Type element = elementOf(x), stash = stashType(n);
  Value y = n.cast(n.norm(NormKind::Standardize, n.reshape(n.cast(x, stash), grouped), range(2, rank), n.real("epsilon")), element);
  if (n.since() < 21) // scale and bias of one group
    return n.yield(n.reshape(n.add(n.mul(y, perChannel(n, n[1], rank)), perChannel(n, n[2], rank)), dims));
  n.yield(n.add(n.mul(n.reshape(y, dims), perChannel(n, n[1], dims.size())), perChannel(n, n[2], dims.size())));
}

void importLayerNormalization(Node &n) {
  int64_t rank = rankOf(n[0]);
  std::optional<int64_t> axis = n.axis(rank);
  if (!axis)
    return;
  Ints axes = range(*axis, rank);
  Type element = elementOf(n[0]), stash = stashType(n);
  double epsilon = n.real("epsilon");
  Value x = n.cast(n[0], stash);
  Value y = n.mul(n.cast(n.norm(NormKind::Standardize, x, axes, epsilon), element), n[1]);
  n.yield(n.has(2) ? n.add(y, n[2]) : y);
  if (!n.wants(1) && !n.wants(2))
    return;
  Value mean = n.reduce(ReduceKind::Mean, x, axes, /*keepDims=*/true), distance = n.sub(x, mean);
  Value variance = n.reduce(ReduceKind::Mean, n.mul(distance, distance), axes, /*keepDims=*/true);
  n.yield(1, mean);
  n.yield(2, n.unary(UnaryKind::Reciprocal, n.unary(UnaryKind::Sqrt, n.binary(BinaryKind::Add, variance, epsilon))));
}

void importRmsNormalization(Node &n) {
  int64_t rank = rankOf(n[0]);
  std::optional<int64_t> axis = n.axis(rank);
  if (!axis)
    return;
  Value y = n.norm(NormKind::Rms, n.cast(n[0], stashType(n)), range(*axis, rank), n.real("epsilon"));
  n.yield(n.mul(n.cast(y, elementOf(n[1])), n[1]));
}

/// x / |x|; rows of zeros stay zeros.
void importLpNormalization(Node &n) {
  Value x = n[0];
  std::optional<int64_t> axis = n.axis(rankOf(x));
  if (!axis)
    return;
  bool l1 = n.integer("p") == 1;
  Value sum = n.reduce(ReduceKind::Sum, l1 ? n.unary(UnaryKind::Abs, x) : n.mul(x, x), *axis, /*keepDims=*/true);
  Value length = l1 ? sum : n.unary(UnaryKind::Sqrt, sum);
  if (!length)
    return;
  Value zero = n.scalar(0.0, elementOf(x)), one = n.scalar(1.0, elementOf(x));
  n.yield(n.div(x, n.select(n.compare(Predicate::Eq, length, zero), one, length)));
}

/// Before opset 13 all dims from `axis` on are one row.
template <NormKind kind> void importSoftmax(Node &n) {
  int64_t rank = rankOf(n[0]);
  int64_t given = n.integer("axis");
  if (n.since() < 13 && given == rank) // a row of one element each
    return n.yield(n.norm(kind, n[0], {}));
  std::optional<int64_t> axis = n.normalize(given, rank);
  if (axis)
    n.yield(n.norm(kind, n[0], n.since() < 13 ? range(*axis, rank) : Ints{*axis}));
}

/// 1 at the first maximum of each row.
void importHardmax(Node &n) {
  Value x = n[0];
  Dims dims = getDims(typeOf(x));
  int64_t rank = dims.size();
  std::optional<int64_t> axis = n.axis(rank);
  if (!axis)
    return;
  if (n.since() < 13) {
    MLIRContext *context = n.b.getContext();
    AffineExpr rows = getAffineConstantExpr(1, context), columns = rows;
    for (auto [i, dim] : llvm::enumerate(dims))
      (static_cast<int64_t>(i) < *axis ? rows : columns) = (static_cast<int64_t>(i) < *axis ? rows : columns) * dim;
    x = n.reshape(x, {rows, columns});
    axis = 1;
    rank = 2;
  }
  if (!x)
    return;
  AffineExpr extent = getDims(typeOf(x))[*axis];
  Value best = n.create<ArgReduceOp>(ReduceKind::Max, x, *axis, /*keep_dims=*/true, /*select_last=*/false);
  n.yield(n.reshape(n.cast(n.compare(Predicate::Eq, best, n.iota(extent, rank, *axis)), elementOf(x)), dims));
}

/// x / (bias + alpha / size * sum of the squares of `size` neighbouring channels) ^ beta
void importLrn(Node &n) {
  Value x = n[0];
  int64_t rank = rankOf(x), size = n.integer("size");
  std::optional<int64_t> channels = n.fixedDim(x, 1);
  if (!channels)
    return;
  Ints low(rank, 0), high(rank, 0);
  low[1] = (size - 1) / 2;
  high[1] = size - 1 - low[1];
  Value squares = n.pad(PadMode::Constant, n.mul(x, x), low, high), sum;
  for (int64_t i = 0; i < size; ++i) {
    Value shifted = n.sliceAxis(squares, 1, i, *channels);
    sum = i == 0 ? shifted : n.add(sum, shifted);
  }
  Value base = n.binary(BinaryKind::Add, n.binary(BinaryKind::Mul, sum, n.real("alpha") / static_cast<double>(size)), n.real("bias"));
  n.yield(n.div(x, n.binary(BinaryKind::Pow, base, n.real("beta"))));
}

constexpr OpRow kNormalizationOps[] = {
    {"BatchNormalization", importBatchNormalization, 7},
    {"GroupNormalization", importGroupNormalization},
    {"Hardmax", importHardmax},
    {"InstanceNormalization", importInstanceNormalization},
    {"LRN", importLrn},
    {"LayerNormalization", importLayerNormalization},
    {"LogSoftmax", importSoftmax<NormKind::LogSoftmax>},
    {"LpNormalization", importLpNormalization},
    {"RMSNormalization", importRmsNormalization},
    {"Softmax", importSoftmax<NormKind::Softmax>},
};

} // namespace

ArrayRef<OpRow> normalizationOps() { return kNormalizationOps; }

} // namespace ingot::importer
