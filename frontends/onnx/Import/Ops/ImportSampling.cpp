// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators that read images at computed positions, as gathers and weighted sums.
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Registry.h"
#include "frontends/onnx/Import/Window.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

int64_t product(ArrayRef<int64_t> sizes) { return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>()); }

/// A position along one dim and its weight, both `[images, points]`.
struct Tap {
  Value position, weight;
};

enum class Outside { Zeros, Border, Reflection };

/// Reads images at real positions.
struct Sampler {
  Node &n;
  Value images;    ///< [images, channels, product of the extents]
  Ints extents;    ///< of the spatial dims
  Outside outside; ///< what stands outside of the image
  bool alignCorners = false;

  double low() const { return alignCorners ? 0.0 : -0.5; }
  double high(size_t dim) const { return static_cast<double>(extents[dim]) - (alignCorners ? 1.0 : 0.5); }

  Value clamp(Value x, double from, double to) const { return n.binary(BinaryKind::Min, n.binary(BinaryKind::Max, x, from), to); }

  /// Mirrors a position at the borders until it lies inside: a triangle wave.
  Value reflect(Value x, size_t dim) const {
    double range = high(dim) - low();
    if (range <= 0.0)
      return clamp(x, low(), low());
    Value folded = n.binary(BinaryKind::Fmod, n.unary(UnaryKind::Abs, n.binary(BinaryKind::Sub, x, low())), 2.0 * range);
    if (!folded)
      return {};
    Value mirrored = n.sub(n.scalar(2.0 * range, elementOf(folded)), folded);
    return n.binary(BinaryKind::Add, n.binary(BinaryKind::Min, folded, mirrored), low());
  }

  Value inside(Value x, size_t dim) const {
    switch (outside) {
    case Outside::Zeros:
      return x;
    case Outside::Border:
      return clamp(x, 0.0, static_cast<double>(extents[dim] - 1));
    case Outside::Reflection:
      return reflect(x, dim);
    }
    llvm_unreachable("every padding is handled");
  }

  /// The elements at whole positions, one tensor `[images, points]` of them per dim: `[images, channels, points]`.
  Value at(ArrayRef<Value> positions) const {
    Value index, valid;
    for (auto [dim, given] : llvm::enumerate(positions)) {
      double last = static_cast<double>(extents[dim] - 1);
      if (!given)
        return {};
      if (outside == Outside::Zeros) {
        Value fits = n.binary(BinaryKind::And, n.compare(Predicate::Ge, given, n.scalar(0.0, elementOf(given))),
                              n.compare(Predicate::Le, given, n.scalar(last, elementOf(given))));
        valid = valid ? n.binary(BinaryKind::And, valid, fits) : fits;
      }
      Value position = clamp(n.cast(inside(given, dim), n.b.getI64Type()), 0.0, last); // in this order: a NaN becomes a position that is not taken
      index = index ? n.add(n.binary(BinaryKind::Mul, index, static_cast<double>(extents[dim])), position) : position;
    }
    if (!index)
      return {};
    ArrayRef<int64_t> shape = typeOf(images).getShape();
    Ints wide = {shape[0], shape[1], typeOf(index).getDimSize(1)};
    Value elements = n.create<GatherElementsOp>(images, n.broadcast(n.unsqueeze(index, {1}), wide), 2);
    return valid ? n.select(n.unsqueeze(valid, {1}), elements, n.scalar(0.0, elementOf(images))) : elements;
  }

  /// Calls `use` with the elements and the weight `[images, 1, points]` of every combination of taps, one list of them per dim.
  void combine(ArrayRef<SmallVector<Tap, 4>> taps, function_ref<void(Value, Value)> use) const {
    SmallVector<size_t> choice(taps.size(), 0);
    for (;;) {
      SmallVector<Value> positions;
      Value weight;
      for (auto [dim, chosen] : llvm::enumerate(choice)) {
        const Tap &tap = taps[dim][chosen];
        positions.push_back(tap.position);
        weight = weight && tap.weight ? n.mul(weight, tap.weight) : tap.weight;
      }
      use(at(positions), n.unsqueeze(weight, {1}));
      size_t dim = taps.size();
      while (dim > 0 && ++choice[dim - 1] == taps[dim - 1].size())
        choice[--dim] = 0;
      if (dim == 0)
        return;
    }
  }

  Value weightedSum(ArrayRef<SmallVector<Tap, 4>> taps) const {
    Value sum;
    combine(taps, [&](Value elements, Value weight) {
      Value term = n.mul(elements, n.cast(weight, elementOf(images)));
      sum = sum ? n.add(sum, term) : term;
    });
    return sum;
  }
};

SmallVector<Tap, 4> linearTaps(Node &n, Value x) {
  Value first = n.unary(UnaryKind::Floor, x), part = n.sub(x, first);
  if (!part)
    return {};
  Value one = n.scalar(1.0, elementOf(part));
  return {{first, n.sub(one, part)}, {n.add(first, one), part}};
}

/// Keys' cubic convolution with a = -0.75.
SmallVector<Tap, 4> cubicTaps(Node &n, Value x) {
  constexpr double a = -0.75;
  Value first = n.unary(UnaryKind::Floor, x), part = n.sub(x, first);
  if (!part)
    return {};
  auto plus = [&](Value value, double number) { return n.binary(BinaryKind::Add, value, number); };
  auto times = [&](Value value, double number) { return n.binary(BinaryKind::Mul, value, number); };
  Value rest = n.sub(n.scalar(1.0, elementOf(part)), part);
  auto near = [&](Value d) { return plus(n.mul(n.mul(plus(times(d, a + 2.0), -(a + 3.0)), d), d), 1.0); };
  auto far = [&](Value d) { return plus(n.mul(plus(n.mul(plus(times(d, a), -5.0 * a), d), 8.0 * a), d), -4.0 * a); };
  return {{plus(first, -1.0), far(plus(part, 1.0))}, {first, near(part)}, {plus(first, 1.0), near(rest)}, {plus(first, 2.0), far(plus(rest, 1.0))}};
}

/// Positions are computed in f32 at least.
Value positions(Node &n, Value x) { return elementOf(x).isF64() ? x : n.cast(x, n.b.getF32Type()); }

void importGridSample(Node &n) {
  std::optional<Ints> shape = n.fixedShape(n[0]), grid = n.fixedShape(n[1]);
  if (!shape || !grid)
    return;
  size_t rank = shape->size() - 2;
  if (shape->size() < 3 || grid->size() != rank + 2 || grid->back() != static_cast<int64_t>(rank)) {
    n.error() << "a grid " << n[1].getType() << " does not fit " << n[0].getType();
    return;
  }
  int64_t images = (*shape)[0], channels = (*shape)[1], points = product(ArrayRef(*grid).slice(1, rank));
  Ints extents(ArrayRef(*shape).drop_front(2));
  StringRef padding = n.string("padding_mode"), mode = n.string("mode");
  Outside outside = padding == "border" ? Outside::Border : padding == "reflection" ? Outside::Reflection : Outside::Zeros;
  Sampler sampler{n, n.reshape(n[0], {images, channels, product(extents)}), extents, outside, n.flag("align_corners")};
  Value given = n.reshape(positions(n, n[1]), {images, points, static_cast<int64_t>(rank)});
  SmallVector<SmallVector<Tap, 4>> taps;
  SmallVector<Value> nearest;
  for (size_t dim = 0; dim < rank; ++dim) {
    // The last dim of the image comes first in the grid; -1 and 1 are its borders.
    Value x = n.binary(BinaryKind::Add, n.squeeze(n.sliceAxis(given, 2, rank - 1 - dim, 1), {2}), 1.0);
    double extent = static_cast<double>(extents[dim]);
    x = sampler.alignCorners ? n.binary(BinaryKind::Mul, x, (extent - 1.0) / 2.0)
                             : n.binary(BinaryKind::Div, n.binary(BinaryKind::Sub, n.binary(BinaryKind::Mul, x, extent), 1.0), 2.0);
    if (mode == "nearest")
      nearest.push_back(sampler.inside(n.unary(UnaryKind::RoundEven, x), dim));
    else
      taps.push_back(mode == "cubic" || mode == "bicubic" ? cubicTaps(n, sampler.inside(x, dim)) : linearTaps(n, sampler.inside(x, dim)));
    if (!x || (!taps.empty() && taps.back().empty()))
      return;
  }
  Ints result = {images, channels};
  result.append(grid->begin() + 1, grid->end() - 1);
  n.yield(n.reshape(mode == "nearest" ? sampler.at(nearest) : sampler.weightedSum(taps), result));
}

/// The sample positions of one dim of all regions, `[regions, cells * samples]`: the middles of equal parts of each cell.
Value regionPositions(Node &n, Value start, Value end, int64_t cells, int64_t samples, bool halfPixel) {
  double scale = n.real("spatial_scale"), offset = halfPixel ? 0.5 : 0.0;
  auto scaled = [&](Value x) { return n.binary(BinaryKind::Sub, n.binary(BinaryKind::Mul, x, scale), offset); };
  start = scaled(start);
  Value size = n.sub(scaled(end), start);
  if (!size)
    return {};
  if (!halfPixel)
    size = n.binary(BinaryKind::Max, size, 1.0);
  Value steps = n.binary(BinaryKind::Add, n.cast(n.iota(cells * samples, 2, 1), elementOf(size)), 0.5);
  return n.add(start, n.mul(n.binary(BinaryKind::Div, size, static_cast<double>(cells * samples)), steps));
}

/// Linear taps with RoiAlign's border: outside of [-1, extent] nothing counts, else the position is moved into the image.
SmallVector<Tap, 4> regionTaps(Node &n, Value x, int64_t extent) {
  Type element = elementOf(x);
  double last = static_cast<double>(extent - 1);
  Value valid = n.binary(BinaryKind::And, n.compare(Predicate::Ge, x, n.scalar(-1.0, element)),
                         n.compare(Predicate::Le, x, n.scalar(static_cast<double>(extent), element)));
  SmallVector<Tap, 4> taps = linearTaps(n, n.binary(BinaryKind::Min, n.binary(BinaryKind::Max, x, 0.0), last));
  for (Tap &tap : taps) {
    tap.position = n.binary(BinaryKind::Min, tap.position, last);
    tap.weight = n.mul(tap.weight, n.cast(valid, element));
  }
  return taps;
}

void importRoiAlign(Node &n) {
  std::optional<Ints> shape = n.fixedShape(n[0]), regions = n.fixedShape(n[1]);
  if (!shape || !regions)
    return;
  int64_t samples = n.integer("sampling_ratio"), count = (*regions)[0], channels = (*shape)[1], h = (*shape)[2], w = (*shape)[3];
  int64_t rows = n.integer("output_height"), columns = n.integer("output_width");
  if (samples <= 0) {
    n.error() << "RoiAlign node '" << n.proto.name() << "' chooses its number of samples at run time; only a positive sampling_ratio is supported";
    return;
  }
  bool halfPixel = n.since() >= 16 && n.string("coordinate_transformation_mode") == "half_pixel";
  auto corner = [&](int64_t index) { return n.sliceAxis(n[1], 1, index, 1); };
  Value y = regionPositions(n, corner(1), corner(3), rows, samples, halfPixel),
        x = regionPositions(n, corner(0), corner(2), columns, samples, halfPixel);
  if (!x || !y)
    return;
  int64_t height = rows * samples, width = columns * samples;
  y = n.reshape(n.broadcast(n.unsqueeze(y, {2}), {count, height, width}), {count, height * width});
  x = n.reshape(n.broadcast(n.unsqueeze(x, {1}), {count, height, width}), {count, height * width});
  Value images = n.create<GatherOp>(n[0], n[2], 0);
  Sampler sampler{n, n.reshape(images, {count, channels, h * w}), {h, w}, Outside::Border};
  SmallVector<SmallVector<Tap, 4>, 2> taps = {regionTaps(n, y, h), regionTaps(n, x, w)};
  bool isMax = n.string("mode") == "max";
  Value cells;
  if (isMax) // of the weighted corners, as the operator is defined
    sampler.combine(taps, [&](Value elements, Value weight) {
      Value term = n.mul(elements, weight);
      cells = cells ? n.binary(BinaryKind::Max, cells, term) : term;
    });
  else
    cells = sampler.weightedSum(taps);
  cells = n.reshape(cells, {count, channels, rows, samples, columns, samples});
  n.yield(n.reduce(isMax ? ReduceKind::Max : ReduceKind::Mean, cells, {3, 5}, /*keepDims=*/false));
}

/// Operands: x, w, offset, bias, mask. Every tap of the kernel reads its own image, then one matrix product per group sums them.
void importDeformConv(Node &n) {
  std::optional<Ints> shape = n.fixedShape(n[0]), kernel = n.fixedShape(n[1]), offsets = n.fixedShape(n[2]);
  if (!shape || !kernel || !offsets)
    return;
  if (shape->size() != 4) {
    n.error() << "DeformConv node '" << n.proto.name() << "' must have two spatial dims, its input is " << n[0].getType();
    return;
  }
  std::optional<Window> window = readWindow(n, Ints(ArrayRef(*kernel).drop_front(2)));
  if (!window)
    return;
  int64_t batch = (*shape)[0], channels = (*shape)[1], groups = n.integer("group"), parts = n.integer("offset_group");
  int64_t outputs = (*kernel)[0], taps = product(window->kernel), h = (*offsets)[2], w = (*offsets)[3], points = h * w;
  if (parts <= 0 || channels % parts != 0 || (*offsets)[1] != parts * taps * 2 || groups <= 0 || channels != (*kernel)[1] * groups ||
      outputs % groups != 0) {
    n.error() << "offsets " << n[2].getType() << " and weights " << n[1].getType() << " do not fit " << n[0].getType();
    return;
  }
  Value given = n.reshape(positions(n, n[2]), {batch * parts, taps, 2, points});
  SmallVector<SmallVector<Tap, 4>> perDim;
  for (int64_t dim = 0; dim < 2; ++dim) {
    Ints start; // where each tap of each point would be without its offset
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t point = 0; point < points; ++point) {
        int64_t k = dim == 0 ? tap / window->kernel[1] : tap % window->kernel[1], p = dim == 0 ? point / w : point % w;
        start.push_back(p * window->strides[dim] - window->pads[dim] + k * window->dilations[dim]);
      }
    Value moved = n.reshape(n.sliceAxis(given, 2, dim, 1), {batch * parts, taps * points});
    if (!moved)
      return;
    perDim.push_back(linearTaps(n, n.add(moved, n.cast(n.reshape(n.ints(start), {1, taps * points}), elementOf(moved)))));
  }
  Sampler sampler{n, n.reshape(n[0], {batch * parts, channels / parts, (*shape)[2] * (*shape)[3]}), {(*shape)[2], (*shape)[3]}, Outside::Zeros};
  Value columns = sampler.weightedSum(perDim);
  if (n.has(4))
    columns = n.mul(columns, n.reshape(n[4], {batch * parts, 1, taps * points}));
  int64_t depth = channels / groups * taps;
  Value result = n.matmul(n.reshape(n[1], {1, groups, outputs / groups, depth}), n.reshape(columns, {batch, groups, depth, points}));
  n.yield(addBias(n, n.reshape(result, {batch, outputs, h, w}), n[3]));
}

/// Adds the blocks of each column to where they came from: a scatter into the padded image, whose border is cut off.
void importCol2Im(Node &n) {
  std::optional<Ints> shape = n.fixedShape(n[0]), image = n.ints(1), block = n.ints(2);
  if (!shape || !image || !block)
    return;
  size_t rank = image->size();
  Ints strides = n.integers("strides"), dilations = n.integers("dilations"), pads = n.integers("pads");
  strides.resize(rank, 1);
  dilations.resize(rank, 1);
  pads.resize(2 * rank, 0);
  Ints padded, counts;
  for (size_t i = 0; i < rank; ++i) {
    padded.push_back((*image)[i] + pads[i] + pads[rank + i]);
    counts.push_back((padded[i] - dilations[i] * ((*block)[i] - 1) - 1) / strides[i] + 1);
  }
  int64_t taps = product(*block), columns = product(counts), batch = (*shape)[0], channels = taps ? (*shape)[1] / taps : 0;
  if (shape->size() != 3 || channels * taps != (*shape)[1] || columns != (*shape)[2]) {
    n.error() << n[0].getType() << " does not hold " << columns << " blocks of " << taps << " elements";
    return;
  }
  Ints indices;
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t column = 0; column < columns; ++column) {
      int64_t index = 0, t = tap, c = column, stride = 1;
      for (size_t i = rank; i-- > 0;) {
        index += (t % (*block)[i] * dilations[i] + c % counts[i] * strides[i]) * stride;
        t /= (*block)[i];
        c /= counts[i];
        stride *= padded[i];
      }
      indices.push_back(index);
    }
  int64_t elements = taps * columns;
  Value index = n.broadcast(n.reshape(n.ints(indices), {1, 1, elements}), {batch, channels, elements});
  Value zeros = n.broadcast(n.scalar(0.0, elementOf(n[0])), {batch, channels, product(padded)});
  Value sums = n.create<ScatterElementsOp>(ScatterKind::Add, zeros, index, n.reshape(n[0], {batch, channels, elements}), 2);
  Ints wide = {batch, channels}, offsets(rank + 2, 0), sizes = wide, steps(rank + 2, 1);
  wide.append(padded);
  sizes.append(*image);
  for (size_t i = 0; i < rank; ++i)
    offsets[i + 2] = pads[i];
  n.yield(n.slice(n.reshape(sums, wide), offsets, sizes, steps));
}

constexpr OpRow kSamplingOps[] = {
    {"Col2Im", importCol2Im},
    {"DeformConv", importDeformConv},
    {"GridSample", importGridSample},
    {"RoiAlign", importRoiAlign},
};

} // namespace

ArrayRef<OpRow> samplingOps() { return kSamplingOps; }

} // namespace ingot::importer
