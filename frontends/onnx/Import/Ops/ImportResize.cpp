// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Resize and its predecessor Upsample: sizes, scales and regions of interest become one number per dim.
#include "dialects/Ingot/SymbolicDims.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

/// Of a dim whose scale a run computes.
constexpr int64_t kLargestResized = 1 << 14;

struct Sampling {
  Interpolation mode = Interpolation::Nearest;
  SmallVector<double> scales; ///< one per dim
  std::string coordinates = "asymmetric", rounding = "floor";
  double cubic = -0.75, extrapolation = 0.0;
  bool excludeOutside = false, antialias = false;
  SmallVector<double> roi = {}; ///< empty, or starts and ends of each dim
};

Interpolation interpolation(StringRef mode) {
  return mode == "linear" || mode == "bilinear" ? Interpolation::Linear : mode == "cubic" ? Interpolation::Cubic : Interpolation::Nearest;
}

Value sample(Node &n, const Sampling &sampling, ArrayRef<AffineExpr> sizes) {
  RankedTensorType type = makeTensorType(sizes, elementOf(n[0]));
  auto roi = sampling.roi.empty() ? DenseF64ArrayAttr() : n.b.getDenseF64ArrayAttr(sampling.roi);
  return n.createTyped<ResizeOp>(type, sampling.mode, n[0], ArrayRef<double>(sampling.scales), StringRef(sampling.coordinates),
                                 StringRef(sampling.rounding), APFloat(sampling.cubic), sampling.excludeOutside, APFloat(sampling.extrapolation),
                                 sampling.antialias, roi);
}

/// floor(size * scale). Of a symbolic size that is known for fractions over powers of two, whose products are exact; null for others.
AffineExpr scaledSize(AffineExpr size, double scale) {
  if (std::optional<int64_t> number = getConstant(size)) // scales are f32 numbers: 0.6f * 5 must not fall below 3
    return getAffineConstantExpr(static_cast<int64_t>(std::floor(static_cast<float>(*number) * static_cast<float>(scale))), size.getContext());
  constexpr int64_t kDenominator = 1024;
  double factor = scale * kDenominator;
  if (!(factor >= 1.0) || factor != std::floor(factor) || factor > kDenominator * kDenominator)
    return nullptr;
  int64_t shared = std::gcd(static_cast<int64_t>(factor), kDenominator);
  return simplifyDim((size * (static_cast<int64_t>(factor) / shared)).floorDiv(kDenominator / shared));
}

/// The sizes of the result; nothing (and reported) when a symbolic dim is scaled by a fraction.
std::optional<Dims> scaledSizes(Node &n, ArrayRef<AffineExpr> dims, ArrayRef<double> scales) {
  Dims sizes;
  for (auto [dim, scale] : llvm::zip_equal(dims, scales)) {
    sizes.push_back(scaledSize(dim, scale));
    if (!sizes.back()) {
      n.graph.reportSymbolic(n.loc, {dim});
      return std::nullopt;
    }
  }
  return sizes;
}

/// The ratio of two sizes; 0, which stands for the ratio at run time, when it depends on symbols.
double ratioOf(AffineExpr size, AffineExpr from) {
  std::optional<int64_t> a = getConstant(size), b = getConstant(from);
  if (a && b)
    return static_cast<double>(*a) / static_cast<double>(*b);
  AffineExpr ratio = divideDim(size, from), inverse = divideDim(from, size);
  if (ratio && getConstant(ratio))
    return static_cast<double>(*getConstant(ratio));
  return inverse && getConstant(inverse) ? 1.0 / static_cast<double>(*getConstant(inverse)) : 0.0;
}

bool checkCount(Node &n, StringRef what, size_t found, size_t expected) {
  if (found != expected)
    n.error() << "needs " << expected << " " << what << ", has " << found;
  return found == expected;
}

void importUpsample(Node &n) {
  std::optional<SmallVector<double>> scales = n.since() < 9 ? n.reals("scales") : n.floats(1);
  Dims dims = getDims(typeOf(n[0]));
  if (!scales || !checkCount(n, "scales", scales->size(), dims.size()))
    return;
  Sampling sampling{.mode = interpolation(n.string("mode")), .scales = *scales};
  if (std::optional<Dims> sizes = scaledSizes(n, dims, *scales))
    n.yield(sample(n, sampling, *sizes));
}

/// Sizes for the axes such that the image keeps its proportions, and the scale they share.
double keepAspectRatio(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes, Ints &sizes, bool larger) {
  double scale = static_cast<double>(sizes[0]) / static_cast<double>(shape[axes[0]]);
  for (auto [axis, size] : llvm::zip_equal(axes, sizes)) {
    double own = static_cast<double>(size) / static_cast<double>(shape[axis]);
    scale = larger ? std::max(scale, own) : std::min(scale, own);
  }
  for (auto [axis, size] : llvm::zip_equal(axes, sizes))
    size = static_cast<int64_t>(std::floor(scale * static_cast<double>(shape[axis]) + 0.5));
  return scale;
}

/// A dim times a scale that a run computes, which must give a whole number: then the scale is the ratio of the sizes.
AffineExpr scaledAtRunTime(Node &n, Value scale, AffineExpr dim) {
  Value product = n.mul(n.cast(scale, n.b.getF64Type()), n.cast(n.dimsTensor({dim}), n.b.getF64Type())), whole = n.unary(UnaryKind::Floor, product);
  n.requireZero(n.cast(n.compare(Predicate::Ne, product, whole), n.b.getI64Type()), "scales a dim to a size that is no whole number");
  return n.bindGrowing(n.cast(whole, n.b.getI64Type()), n.proto.name() + ".size", kLargestResized);
}

void importResize(Node &n) {
  Value x = n[0];
  bool old = n.since() < 11; // version 10: operand 1 is the scales, nothing else can be chosen
  Dims dims = getDims(typeOf(x)), result = dims;
  size_t rank = dims.size();
  Ints all(rank);
  std::iota(all.begin(), all.end(), 0);
  std::optional<Ints> axes = n.normalize(n.hasAttribute("axes") ? n.integers("axes") : all, rank);
  if (!axes)
    return;
  unsigned scalesIndex = old ? 1 : 2;
  bool hasSizes = n.has(3) && typeOf(n[3]).getNumElements() != 0, hasScales = n.has(scalesIndex) && typeOf(n[scalesIndex]).getNumElements() != 0;
  if (!hasSizes && !hasScales) {
    n.error() << "Resize node '" << n.proto.name() << "' has neither sizes nor scales";
    return;
  }
  Sampling sampling{.mode = interpolation(n.string("mode")), .scales = SmallVector<double>(rank, 1.0)};
  StringRef policy = n.string("keep_aspect_ratio_policy");
  if (hasSizes && (policy == "not_larger" || policy == "not_smaller")) {
    std::optional<Ints> sizes = n.ints(3), shape = n.fixedShape(x);
    if (!sizes || !shape || !checkCount(n, "sizes", sizes->size(), axes->size()))
      return;
    double shared = keepAspectRatio(*shape, *axes, *sizes, policy == "not_smaller");
    for (auto [axis, size] : llvm::zip_equal(*axes, *sizes)) {
      result[axis] = n.b.getAffineConstantExpr(size);
      sampling.scales[axis] = shared;
    }
  } else if (hasSizes) {
    std::optional<Dims> sizes = n.dims(3);
    if (!sizes || !checkCount(n, "sizes", sizes->size(), axes->size()))
      return;
    for (auto [axis, size] : llvm::zip_equal(*axes, *sizes)) {
      result[axis] = size;
      sampling.scales[axis] = ratioOf(size, dims[axis]);
    }
  } else if (RankedTensorType given = typeOf(n[scalesIndex]); !n.readFloats(n[scalesIndex]) && n.symbols->isDynamic() && given.hasStaticShape()) {
    if (!checkCount(n, "scales", given.getNumElements(), axes->size()))
      return;
    for (auto [i, axis] : llvm::enumerate(*axes)) {
      result[axis] = scaledAtRunTime(n, n.sliceAxis(n[scalesIndex], 0, i, 1), dims[axis]);
      sampling.scales[axis] = ratioOf(result[axis], dims[axis]);
    }
  } else {
    std::optional<SmallVector<double>> scales = n.floats(scalesIndex);
    if (!scales || !checkCount(n, "scales", scales->size(), axes->size()))
      return;
    for (auto [axis, scale] : llvm::zip_equal(*axes, *scales))
      sampling.scales[axis] = scale;
    std::optional<Dims> scaled = scaledSizes(n, dims, sampling.scales);
    if (!scaled)
      return;
    result = *scaled;
  }
  if (!old) {
    sampling.coordinates = n.string("coordinate_transformation_mode").str();
    sampling.rounding = n.string("nearest_mode").str();
    sampling.cubic = n.real("cubic_coeff_a");
    sampling.excludeOutside = n.flag("exclude_outside");
    sampling.extrapolation = n.real("extrapolation_value");
    sampling.antialias = n.flag("antialias");
  }
  if (sampling.coordinates == "tf_crop_and_resize") {
    std::optional<SmallVector<double>> roi = n.floats(1);
    if (!roi || !checkCount(n, "numbers in the region of interest", roi->size(), 2 * axes->size()))
      return;
    sampling.roi.assign(rank, 0.0);
    sampling.roi.append(rank, 1.0);
    for (auto [i, axis] : llvm::enumerate(*axes)) {
      sampling.roi[axis] = (*roi)[i];
      sampling.roi[rank + axis] = (*roi)[axes->size() + i];
    }
    std::optional<Ints> shape = hasSizes ? Ints() : n.fixedShape(x);
    if (!shape)
      return;
    if (!hasSizes) // a scale counts from the size of the region
      for (int64_t axis : *axes) {
        double region = static_cast<double>((*shape)[axis]) * (sampling.roi[rank + axis] - sampling.roi[axis]);
        result[axis] = n.b.getAffineConstantExpr(static_cast<int64_t>(std::floor(region * sampling.scales[axis])));
      }
  }
  n.yield(sample(n, sampling, result));
}

constexpr OpRow kResizeOps[] = {{"Resize", importResize}, {"Upsample", importUpsample}};

} // namespace

ArrayRef<OpRow> resizeOps() { return kResizeOps; }

} // namespace ingot::importer
