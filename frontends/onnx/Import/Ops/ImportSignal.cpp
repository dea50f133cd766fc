// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fourier transforms as products with constant matrices, and the tables of signal processing.
#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <cmath>
#include <numbers>
#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

/// Transforms whose matrix would be larger than this are refused: they need a fast transform.
constexpr int64_t kMaxMatrixBytes = int64_t(256) << 20;

/// A constant matrix of `element` (f32 or f64).
Value matrix(Node &n, Type element, int64_t rows, int64_t columns, ArrayRef<double> values) {
  auto owner = std::make_shared<std::string>();
  for (double value : values) {
    float narrow = static_cast<float>(value);
    if (element.isF64())
      owner->append(reinterpret_cast<const char *>(&value), sizeof(value));
    else
      owner->append(reinterpret_cast<const char *>(&narrow), sizeof(narrow));
  }
  return n.constant(RankedTensorType::get({rows, columns}, element), {owner->data(), owner->size()}, n.proto.name(), owner);
}

struct Transform {
  int64_t length;
  bool inverse = false, onesided = false;

  bool toReal() const { return inverse && onesided; }
  int64_t half() const { return length / 2 + 1; }
  int64_t inputs() const { return toReal() ? half() : length; }
  int64_t outputs() const { return onesided && !inverse ? half() : length; }
};

/// The rows are real (and imaginary) parts of the inputs, the columns those of the outputs.
Value transformMatrix(Node &n, const Transform &t, Type element, int64_t parts) {
  int64_t resultParts = t.toReal() ? 1 : 2, rows = t.inputs() * parts, columns = t.outputs() * resultParts;
  if (rows * columns * getElementBytes(element) > kMaxMatrixBytes) {
    n.error() << "a Fourier transform of length " << t.length << " is not supported: it is computed as a matrix product";
    return {};
  }
  SmallVector<double> values(rows * columns);
  for (int64_t i = 0; i < t.inputs(); ++i)
    for (int64_t k = 0; k < t.outputs(); ++k) {
      double angle = 2.0 * std::numbers::pi * static_cast<double>(i * k % t.length) / static_cast<double>(t.length);
      double c = std::cos(angle), s = t.inverse ? -std::sin(angle) : std::sin(angle), scale = t.inverse ? 1.0 / static_cast<double>(t.length) : 1.0;
      if (t.toReal() && i != 0 && 2 * i != t.length)
        scale *= 2.0; // stands for its mirror image too
      double *entry = &values[i * parts * columns + k * resultParts];
      entry[0] = c * scale;
      if (resultParts == 2)
        entry[1] = -s * scale;
      if (parts == 2) {
        entry[columns] = s * scale;
        if (resultParts == 2)
          entry[columns + 1] = c * scale;
      }
    }
  return matrix(n, element, rows, columns, values);
}

/// Transforms dim `axis` of x, whose last dim holds the real part, or real and imaginary part.
Value transform(Node &n, Value x, int64_t axis, const Transform &t) {
  std::optional<Ints> shape = x ? n.fixedShape(x) : std::nullopt;
  if (!shape)
    return {};
  int64_t rank = shape->size(), parts = shape->back();
  if (t.length <= 0 || axis >= rank - 1 || (parts != 1 && parts != 2)) {
    n.error() << "cannot transform dim " << axis << " of " << x.getType() << " with length " << t.length
              << ": the last dim must hold one or two parts of each number";
    return {};
  }
  Type element = elementOf(x), compute = element.isF64() ? element : n.b.getF32Type();
  Ints permutation(rank), low(rank, 0), high(rank, 0);
  std::iota(permutation.begin(), permutation.end(), 0);
  permutation.erase(permutation.begin() + axis);
  permutation.insert(permutation.end() - 1, axis);
  high[rank - 2] = t.inputs() - (*shape)[axis];
  x = n.pad(PadMode::Constant, n.transpose(n.cast(x, compute), permutation), low, high);
  if (!x)
    return {};
  Ints rows(typeOf(x).getShape());
  rows.pop_back();
  rows.back() = t.inputs() * parts;
  Value result = n.matmul(n.reshape(x, rows), transformMatrix(n, t, compute, parts));
  rows.back() = t.outputs();
  rows.push_back(t.toReal() ? 1 : 2);
  Ints back(rank);
  for (auto [i, from] : llvm::enumerate(permutation))
    back[from] = i;
  return n.cast(n.transpose(n.reshape(result, rows), back), element);
}

void importDft(Node &n) {
  int64_t rank = rankOf(n[0]);
  std::optional<int64_t> given = n.since() < 20 ? n.integer("axis", 1) : n.has(2) ? n.integer(2u) : -2;
  std::optional<int64_t> axis = given ? n.normalize(*given, rank) : std::nullopt;
  std::optional<int64_t> extent = axis ? n.fixedDim(n[0], *axis) : std::nullopt;
  if (!extent)
    return;
  Transform t{*extent, n.flag("inverse"), n.flag("onesided")};
  if (t.toReal())
    t.length = 2 * (*extent - 1);
  if (n.has(1)) {
    std::optional<int64_t> length = n.integer(1u);
    if (!length)
      return;
    t.length = *length;
  }
  n.yield(transform(n, n[0], *axis, t));
}

/// Operands: signal [batch, length, parts], frame_step, window, frame_length.
void importStft(Node &n) {
  std::optional<Ints> shape = n.fixedShape(n[0]);
  std::optional<int64_t> step = n.integer(1u);
  if (!shape || !step)
    return;
  std::optional<int64_t> length = n.has(3) ? n.integer(3u) : n.has(2) ? n.fixedDim(n[2], 0) : (*shape)[1];
  if (!length)
    return;
  if (shape->size() != 3 || *step <= 0 || *length <= 0 || *length > (*shape)[1]) {
    n.error() << "cannot cut " << n[0].getType() << " into frames of " << *length << " elements, " << *step << " apart";
    return;
  }
  int64_t frames = ((*shape)[1] - *length) / *step + 1;
  Ints indices;
  for (int64_t frame = 0; frame < frames; ++frame)
    for (int64_t i = 0; i < *length; ++i)
      indices.push_back(frame * *step + i);
  Value x = n.reshape(n.create<GatherOp>(n[0], n.ints(indices), 1), {(*shape)[0], frames, *length, (*shape)[2]});
  if (n.has(2))
    x = n.mul(x, n.unsqueeze(n.cast(n[2], elementOf(x)), {1}));
  n.yield(transform(n, x, 2, {*length, /*inverse=*/false, n.flag("onesided")}));
}

/// Triangular filters at equal distances on the mel scale, `[dft_length / 2 + 1, bins]`.
void importMelWeightMatrix(Node &n) {
  std::optional<int64_t> bins = n.integer(0u), length = n.integer(1u), rate = n.integer(2u);
  std::optional<SmallVector<double>> lower = n.floats(3), upper = n.floats(4);
  Type element = getElementType(n.b.getContext(), static_cast<int32_t>(n.integer("output_datatype")));
  if (!bins || !length || !rate || !lower || !upper)
    return;
  int64_t rows = *length / 2 + 1;
  if (!element || *bins <= 0 || *length <= 0 || *rate <= 0 || lower->size() != 1 || upper->size() != 1) {
    n.error() << "MelWeightMatrix node '" << n.proto.name() << "' has sizes or an element type that are not supported";
    return;
  }
  auto mel = [](double hertz) { return 2595.0 * std::log10(1.0 + hertz / 700.0); };
  double first = mel(lower->front()), distance = (mel(upper->front()) - first) / static_cast<double>(*bins + 2);
  auto edge = [&](int64_t i) {
    double hertz = 700.0 * (std::pow(10.0, (first + distance * static_cast<double>(i)) / 2595.0) - 1.0);
    return std::clamp<int64_t>(static_cast<int64_t>(std::floor(static_cast<double>(*length + 1) * hertz / static_cast<double>(*rate))), 0, rows - 1);
  };
  SmallVector<double> values(rows * *bins, 0.0);
  for (int64_t i = 0; i < *bins; ++i) {
    int64_t left = edge(i), middle = edge(i + 1), right = edge(i + 2);
    for (int64_t j = left; j <= middle; ++j)
      values[j * *bins + i] = middle == left ? 1.0 : static_cast<double>(j - left) / static_cast<double>(middle - left);
    for (int64_t j = middle; j < right; ++j)
      values[j * *bins + i] = static_cast<double>(right - j) / static_cast<double>(right - middle);
  }
  Type compute = element.isF64() ? element : n.b.getF32Type();
  n.yield(n.cast(matrix(n, compute, rows, *bins, values), element));
}

constexpr OpRow kSignalOps[] = {{"DFT", importDft}, {"MelWeightMatrix", importMelWeightMatrix}, {"STFT", importStft}};

} // namespace

ArrayRef<OpRow> signalOps() { return kSignalOps; }

} // namespace ingot::importer
