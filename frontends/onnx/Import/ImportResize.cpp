// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Resize and its predecessor Upsample: sizes, scales and regions of interest become one number per dim.
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

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

Value sample(Node &n, const Sampling &sampling, ArrayRef<int64_t> sizes) {
  auto type = RankedTensorType::get(sizes, elementOf(n[0]));
  auto roi = sampling.roi.empty() ? DenseF64ArrayAttr() : n.b.getDenseF64ArrayAttr(sampling.roi);
  return n.createTyped<ResizeOp>(type, sampling.mode, n[0], ArrayRef<double>(sampling.scales), StringRef(sampling.coordinates),
                                 StringRef(sampling.rounding), APFloat(sampling.cubic), sampling.excludeOutside, APFloat(sampling.extrapolation),
                                 sampling.antialias, roi);
}

Ints scaledSizes(ArrayRef<int64_t> shape, ArrayRef<double> scales) {
  Ints sizes;
  for (auto [size, scale] : llvm::zip_equal(shape, scales)) // scales are f32 numbers: 0.6f * 5 must not fall below 3
    sizes.push_back(static_cast<int64_t>(std::floor(static_cast<float>(size) * static_cast<float>(scale))));
  return sizes;
}

bool checkCount(Node &n, StringRef what, size_t found, size_t expected) {
  if (found != expected)
    n.error() << "needs " << expected << " " << what << ", has " << found;
  return found == expected;
}

void importUpsample(Node &n) {
  std::optional<SmallVector<double>> scales = n.since() < 9 ? n.reals("scales") : n.floats(1);
  std::optional<Ints> shape = n.fixedShape(n[0]);
  if (!scales || !shape || !checkCount(n, "scales", scales->size(), shape->size()))
    return;
  Sampling sampling{.mode = interpolation(n.string("mode")), .scales = *scales};
  n.yield(sample(n, sampling, scaledSizes(*shape, *scales)));
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

void importResize(Node &n) {
  Value x = n[0];
  bool old = n.since() < 11; // version 10: operand 1 is the scales, nothing else can be chosen
  std::optional<Ints> shape = n.fixedShape(x);
  if (!shape)
    return;
  size_t rank = shape->size();
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
  Ints result = *shape;
  if (hasSizes) {
    std::optional<Ints> sizes = n.ints(3);
    if (!sizes || !checkCount(n, "sizes", sizes->size(), axes->size()))
      return;
    StringRef policy = n.string("keep_aspect_ratio_policy");
    std::optional<double> shared;
    if (policy == "not_larger" || policy == "not_smaller")
      shared = keepAspectRatio(*shape, *axes, *sizes, policy == "not_smaller");
    for (auto [axis, size] : llvm::zip_equal(*axes, *sizes)) {
      result[axis] = size;
      sampling.scales[axis] = shared ? *shared : static_cast<double>(size) / static_cast<double>((*shape)[axis]);
    }
  } else {
    std::optional<SmallVector<double>> scales = n.floats(scalesIndex);
    if (!scales || !checkCount(n, "scales", scales->size(), axes->size()))
      return;
    for (auto [axis, scale] : llvm::zip_equal(*axes, *scales))
      sampling.scales[axis] = scale;
    result = scaledSizes(*shape, sampling.scales);
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
    if (!hasSizes) // a scale counts from the size of the region
      for (int64_t axis : *axes)
        result[axis] = static_cast<int64_t>(
            std::floor(static_cast<double>((*shape)[axis]) * (sampling.roi[rank + axis] - sampling.roi[axis]) * sampling.scales[axis]));
  }
  n.yield(sample(n, sampling, result));
}

constexpr OpRow kRows[] = {{"Resize", importResize}, {"Upsample", importUpsample}};

} // namespace

ArrayRef<OpRow> resizeOps() { return kRows; }

} // namespace ingot::importer
