// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Matrix products and convolutions.
#include "dialects/Ingot/SymbolicDims.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Registry.h"
#include "frontends/onnx/Import/Window.h"

#include <cmath>

using namespace mlir;

namespace ingot::importer {

std::optional<Window> readWindow(Node &n, Ints kernel) {
  Value x = n[0];
  size_t rank = kernel.size();
  Window window{std::move(kernel), n.integers("strides"), n.integers("dilations"), n.integers("pads")};
  if (window.strides.empty())
    window.strides.assign(rank, 1);
  if (window.dilations.empty())
    window.dilations.assign(rank, 1);
  StringRef autoPad = n.string("auto_pad");
  bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  if (window.pads.empty() || same || autoPad == "VALID")
    window.pads.assign(2 * rank, 0);
  if (rankOf(x) != static_cast<int64_t>(rank) + 2 || window.strides.size() != rank || window.dilations.size() != rank ||
      window.pads.size() != 2 * rank) {
    n.error() << "a window of " << rank << " dims with " << window.strides.size() << " strides, " << window.dilations.size() << " dilations and "
              << window.pads.size() << " pads does not fit " << x.getType();
    return std::nullopt;
  }
  for (size_t i = 0; same && i < rank; ++i) {
    int64_t covered = window.dilations[i] * (window.kernel[i] - 1) + 1, total = covered - 1;
    AffineExpr wholeSteps = divideDim(getDims(typeOf(x))[i + 2], getAffineConstantExpr(window.strides[i], x.getContext()));
    if (wholeSteps) { // then, as with stride 1, the size of the input does not matter
      total = std::max<int64_t>(covered - window.strides[i], 0);
    } else {
      std::optional<int64_t> extent = n.fixedDim(x, i + 2);
      if (!extent)
        return std::nullopt;
      int64_t steps = (*extent + window.strides[i] - 1) / window.strides[i];
      total = std::max<int64_t>((steps - 1) * window.strides[i] + covered - *extent, 0);
    }
    window.pads[i] = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
    window.pads[rank + i] = total - window.pads[i];
  }
  return window;
}

Value perChannel(Node &n, Value vector, int64_t rank) {
  if (!vector)
    return {};
  Dims dims(rank - 1, getAffineConstantExpr(1, n.b.getContext()));
  dims[0] = getDims(typeOf(vector))[0];
  return n.reshape(vector, dims);
}

Value addBias(Node &n, Value x, Value bias) { return x && bias ? n.add(x, perChannel(n, bias, rankOf(x))) : x; }

Value convolve(Node &n, Value x, Value w, const Window &window) {
  if (!x || !w)
    return {};
  int64_t groups = n.integer("group"), outputs = typeOf(w).getDimSize(0);
  std::optional<int64_t> channels = n.fixedDim(x, 1);
  if (!channels)
    return {};
  if (typeOf(w).getDimSize(1) * groups != *channels || outputs % groups != 0) {
    n.error() << "weights " << w.getType() << " in " << groups << " groups do not fit the " << *channels << " channels of " << x.getType();
    return {};
  }
  Window rest = window;
  // A convolution's own pads are never negative.
  if (llvm::any_of(rest.pads, [](int64_t pad) { return pad < 0; })) {
    Ints low(rankOf(x), 0), high(rankOf(x), 0);
    for (size_t i = 0; i < rest.rank(); ++i) {
      low[i + 2] = rest.pads[i];
      high[i + 2] = rest.pads[rest.rank() + i];
    }
    x = n.pad(PadMode::Constant, x, low, high);
    rest.pads.assign(2 * rest.rank(), 0);
  }
  return n.create<ConvOp>(x, w, Layout::ChannelsFirst, ArrayRef<int64_t>(rest.kernel), ArrayRef<int64_t>(rest.strides), ArrayRef<int64_t>(rest.pads),
                          ArrayRef<int64_t>(rest.dilations), groups, outputs);
}

namespace {

/// Vectors become matrices of one row (or column) that is dropped again.
Value multiply(Node &n, Value a, Value c) {
  if (!a || !c)
    return {};
  bool row = rankOf(a) == 1, column = rankOf(c) == 1;
  Value result = n.matmul(row ? n.unsqueeze(a, {0}) : a, column ? n.unsqueeze(c, {1}) : c);
  if (!result)
    return {};
  int64_t rank = rankOf(result);
  Ints dropped;
  if (row)
    dropped.push_back(rank - 2);
  if (column)
    dropped.push_back(rank - 1);
  return dropped.empty() ? result : n.squeeze(result, dropped);
}

void importMatMul(Node &n) { n.yield(multiply(n, n[0], n[1])); }

void importGemm(Node &n) {
  Value result = n.matmul(n[0], n[1], n.flag("transA"), n.flag("transB"));
  double alpha = n.real("alpha"), beta = n.real("beta");
  if (alpha != 1.0)
    result = n.binary(BinaryKind::Mul, result, alpha);
  if (n.has(2) && beta != 0.0)
    result = n.add(result, beta == 1.0 ? n[2] : n.binary(BinaryKind::Mul, n[2], beta));
  n.yield(result);
}

std::optional<Window> convolutionWindow(Node &n, Value w) {
  std::optional<Ints> shape = n.fixedShape(w);
  if (!shape)
    return std::nullopt;
  if (shape->size() < 3) {
    n.error() << "weights " << w.getType() << " have no spatial dim";
    return std::nullopt;
  }
  return readWindow(n, Ints(ArrayRef(*shape).drop_front(2)));
}

void importConv(Node &n) {
  if (std::optional<Window> window = convolutionWindow(n, n[1]))
    n.yield(addBias(n, convolve(n, n[0], n[1], *window), n[2]));
}

/// How much of the full result of a transposed convolution is cropped at both ends.
std::optional<Ints> transposedPads(Node &n, const Window &window) {
  size_t rank = window.rank();
  Ints outputPadding = n.integers("output_padding"), outputShape = n.integers("output_shape"), pads = n.integers("pads");
  outputPadding.resize(rank, 0);
  pads.resize(2 * rank, 0);
  StringRef autoPad = n.string("auto_pad");
  bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  if (autoPad == "VALID")
    pads.assign(2 * rank, 0);
  for (size_t i = 0; i < rank; ++i) {
    int64_t covered = window.dilations[i] * (window.kernel[i] - 1) + 1;
    if (!outputShape.empty() || same) {
      std::optional<int64_t> extent = n.fixedDim(n[0], i + 2);
      if (!extent)
        return std::nullopt;
      int64_t wanted = outputShape.empty() ? *extent * window.strides[i] : outputShape[outputShape.size() - rank + i];
      int64_t total = window.strides[i] * (*extent - 1) + outputPadding[i] + covered - wanted;
      if (total < 0 && outputShape.empty())
        total = 0;
      // A result that is larger than what the input reaches grows at its end.
      int64_t half = std::max<int64_t>(total, 0) / 2;
      pads[i] = autoPad == "SAME_UPPER" || total < 0 ? half : total - half;
      pads[rank + i] = total - pads[i];
    }
    pads[rank + i] -= outputPadding[i];
  }
  return pads;
}

void importConvTranspose(Node &n) {
  std::optional<Window> window = convolutionWindow(n, n[1]);
  if (!window)
    return;
  std::optional<Ints> pads = transposedPads(n, *window);
  if (!pads)
    return;
  Value result = n.create<ConvTransposeOp>(n[0], n[1], ArrayRef<int64_t>(window->strides), ArrayRef<int64_t>(*pads),
                                           ArrayRef<int64_t>(window->dilations), n.integer("group"));
  n.yield(addBias(n, result, n[2]));
}

/// x - zero point as i32, the point along `axis` of x when it is a vector.
Value centered(Node &n, Value x, Value zeroPoint, int64_t axis) {
  Type i32 = n.b.getI32Type();
  Value wide = n.cast(x, i32);
  if (!zeroPoint || !wide)
    return wide;
  Value point = n.cast(zeroPoint, i32);
  if (point && rankOf(point) == 1) {
    Dims dims(rankOf(x), getAffineConstantExpr(1, n.b.getContext()));
    AffineExpr size = getDims(typeOf(point))[0];
    if (getConstant(size) == 1)
      return n.sub(wide, n.reshape(point, ArrayRef<int64_t>{}));
    dims[axis] = size;
    point = n.reshape(point, dims);
  }
  return n.sub(wide, point);
}

void importMatMulInteger(Node &n) {
  Value a = centered(n, n[0], n[2], rankOf(n[0]) - 2), c = centered(n, n[1], n[3], rankOf(n[1]) - 1);
  n.yield(multiply(n, a, c));
}

void importConvInteger(Node &n) {
  if (std::optional<Window> window = convolutionWindow(n, n[1]))
    n.yield(convolve(n, centered(n, n[0], n[2], 0), centered(n, n[1], n[3], 0), *window));
}

/// clamp(round(sum * scale) + zero point) in the type of the zero point.
Value requantize(Node &n, Value sum, Value scale, Value zeroPoint) {
  if (!sum || !scale || !zeroPoint)
    return {};
  auto type = cast<IntegerType>(elementOf(zeroPoint));
  Value scaled = n.unary(UnaryKind::RoundEven, n.mul(n.cast(sum, elementOf(scale)), scale));
  Value shifted = n.add(scaled, n.cast(n.reshape(zeroPoint, ArrayRef<int64_t>{}), elementOf(scale)));
  bool isUnsigned = type.isUnsigned();
  double low = isUnsigned ? 0.0 : -std::ldexp(1.0, type.getWidth() - 1), high = std::ldexp(1.0, type.getWidth() - !isUnsigned) - 1.0;
  return n.cast(n.binary(BinaryKind::Min, n.binary(BinaryKind::Max, shifted, low), high), type);
}

/// A scale as f32 that broadcasts: a scalar, or a vector along the dim that lies `after` dims before the end.
Value broadcastScale(Node &n, Value scale, int64_t after) {
  Value wide = n.cast(scale, n.b.getF32Type());
  if (!wide || rankOf(wide) != 1)
    return wide;
  if (typeOf(wide).getDimSize(0) == 1)
    return n.reshape(wide, ArrayRef<int64_t>{});
  Dims dims(after + 1, getAffineConstantExpr(1, n.b.getContext()));
  dims[0] = getDims(typeOf(wide))[0];
  return n.reshape(wide, dims);
}

void importQLinearMatMul(Node &n) {
  Value a = centered(n, n[0], n[2], rankOf(n[0]) - 2), c = centered(n, n[3], n[5], rankOf(n[3]) - 1);
  Value scale = n.div(n.mul(broadcastScale(n, n[1], 1), broadcastScale(n, n[4], 0)), broadcastScale(n, n[6], 1));
  n.yield(requantize(n, multiply(n, a, c), scale, n[7]));
}

void importQLinearConv(Node &n) {
  std::optional<Window> window = convolutionWindow(n, n[3]);
  if (!window)
    return;
  Value sum = addBias(n, convolve(n, centered(n, n[0], n[2], 0), centered(n, n[3], n[5], 0), *window), n[8]);
  Value scale = n.div(n.mul(broadcastScale(n, n[1], 0), broadcastScale(n, n[4], window->rank())), broadcastScale(n, n[6], 0));
  n.yield(requantize(n, sum, scale, n[7]));
}

constexpr OpRow kContractionOps[] = {
    {"Conv", importConv},     {"ConvInteger", importConvInteger},     {"ConvTranspose", importConvTranspose}, {"Gemm", importGemm, 7},
    {"MatMul", importMatMul}, {"MatMulInteger", importMatMulInteger}, {"QLinearConv", importQLinearConv},     {"QLinearMatMul", importQLinearMatMul},
};

} // namespace

ArrayRef<OpRow> contractionOps() { return kContractionOps; }

} // namespace ingot::importer
