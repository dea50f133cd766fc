// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Control flow that is decided while importing, and operators that only pass values on or change their type.
#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"
#include "frontends/onnx/Ingest/ElementType.h"

using namespace mlir;

namespace ingot::importer {
namespace {

/// Loops are unrolled; a model that would become larger than this is refused.
constexpr int64_t kMaxTrips = 4096;

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

void importCast(Node &n) {
  int64_t to = n.integer("to");
  Type element = getElementType(n.b.getContext(), static_cast<int32_t>(to));
  if (!element) {
    n.error() << "Cast node '" << n.proto.name() << "' makes element type " << ingest::elementTypeName(static_cast<int32_t>(to))
              << ", which is not supported";
    return;
  }
  n.yield(n.cast(n[0], element));
}

void importBitCast(Node &n) {
  Type element = getElementType(n.b.getContext(), static_cast<int32_t>(n.integer("to")));
  if (!element) {
    n.error() << "BitCast node '" << n.proto.name() << "' makes an element type that is not supported";
    return;
  }
  n.yield(elementOf(n[0]) == element ? n[0] : n.create<BitcastOp>(n[0], TypeAttr::get(element)));
}

void importCastLike(Node &n) { n.yield(n.cast(n[0], elementOf(n[1]))); }

/// A scalar condition in whatever shape of one element the model gives it.
Value scalarCondition(Node &n, Value condition) { return n.reshape(condition, ArrayRef<int64_t>{}); }

/// A constant condition imports one branch. Otherwise both are computed, because they have no effects, and the results are selected.
void importIf(Node &n) {
  if (std::optional<Ints> condition = n.readInts(n[0]); condition && condition->size() == 1) {
    const onnx::AttributeProto *branch = n.attribute(condition->front() ? "then_branch" : "else_branch");
    for (auto [i, value] : llvm::enumerate(n.graph.importSubgraph(branch->g(), {})))
      n.yield(i, value);
    return;
  }
  SmallVector<Value> thenValues = n.graph.importSubgraph(n.attribute("then_branch")->g(), {});
  SmallVector<Value> elseValues = n.graph.importSubgraph(n.attribute("else_branch")->g(), {});
  Value condition = scalarCondition(n, n[0]);
  for (unsigned i = 0; i < n.numOutputs(); ++i) {
    Value a = thenValues[i], c = elseValues[i];
    if (!a || !c)
      continue;
    if (!isa<RankedTensorType>(a.getType())) {
      n.error() << "the branches of If node '" << n.proto.name() << "' give sequences, so its condition must be a constant";
      continue;
    }
    if (a.getType() != c.getType()) {
      n.error() << "the branches of If node '" << n.proto.name()
                << "' must give tensors of one shape when its condition is computed at run time; output " << i << " is " << a.getType() << " or "
                << c.getType();
      continue;
    }
    n.yield(i, a == c ? a : n.select(condition, a, c));
  }
}

/// Stacks the values of all trips along a new first dim, or gives back an error.
Value stack(Node &n, ArrayRef<Value> values, int64_t axis, bool reverse) {
  SmallVector<Value> rows;
  for (Value value : values)
    rows.push_back(n.unsqueeze(value, axis));
  if (reverse)
    std::reverse(rows.begin(), rows.end());
  return n.concat(rows, axis);
}

/// A loop with a constant trip count whose condition stays true, unrolled.
void importLoop(Node &n) {
  std::optional<int64_t> trips = n.has(0) ? n.integer(0u) : kMaxTrips + 1;
  if (!trips)
    return;
  if (n.has(1)) {
    std::optional<int64_t> start = n.integer(1u);
    if (!start)
      return;
    if (!*start)
      trips = 0;
  }
  const onnx::GraphProto &body = n.attribute("body")->g();
  SmallVector<Value> carried;
  for (unsigned i = 2; i < n.size(); ++i)
    carried.push_back(n[i]);
  size_t numCarried = carried.size();
  SmallVector<SmallVector<Value>> scanned(body.output_size() - 1 - numCarried);
  bool isTrue = true;
  for (int64_t trip = 0; trip < *trips && isTrue; ++trip) {
    if (trip >= kMaxTrips) {
      n.error() << "Loop node '" << n.proto.name() << "' makes more than " << kMaxTrips << " trips";
      return;
    }
    SmallVector<Value> inputs = {n.constant(getScalar(trip, n.b.getI64Type())), n.scalar(1.0, n.b.getI1Type())};
    inputs.append(carried);
    SmallVector<Value> results = n.graph.importSubgraph(body, inputs);
    if (llvm::is_contained(results, Value()))
      return;
    std::optional<Ints> condition = n.readInts(results[0]);
    if (!condition) {
      n.error() << "Loop node '" << n.proto.name() << "' decides at run time how long it runs; its condition and trip count must be constants";
      return;
    }
    isTrue = condition->front() != 0;
    carried.assign(results.begin() + 1, results.begin() + 1 + numCarried);
    for (auto [values, result] : llvm::zip_equal(scanned, ArrayRef(results).drop_front(1 + numCarried)))
      values.push_back(result);
  }
  for (auto [i, value] : llvm::enumerate(carried))
    n.yield(i, value);
  for (auto [i, values] : llvm::enumerate(scanned)) {
    if (values.empty()) {
      n.error() << "Loop node '" << n.proto.name() << "' makes no trip, so the shape of its output is not known";
      return;
    }
    n.yield(numCarried + i, stack(n, values, 0, /*reverse=*/false));
  }
}

/// The value of a list attribute at `index`, 0 when the list is not there.
int64_t listed(const Ints &list, size_t index) { return index < list.size() ? list[index] : 0; }

/// A scan over a fixed number of elements, unrolled.
void importScan(Node &n) {
  const onnx::GraphProto &body = n.attribute("body")->g();
  size_t numScanned = n.integer("num_scan_inputs"), numCarried = n.size() - numScanned;
  Ints inputAxes = n.integers("scan_input_axes"), inputDirections = n.integers("scan_input_directions");
  Ints outputAxes = n.integers("scan_output_axes"), outputDirections = n.integers("scan_output_directions");
  SmallVector<Value> carried;
  for (size_t i = 0; i < numCarried; ++i)
    carried.push_back(n[i]);
  SmallVector<SmallVector<Value>> scanned(body.output_size() - numCarried);
  std::optional<int64_t> trips;
  for (size_t i = 0; i < numScanned; ++i) {
    Value x = n[numCarried + i];
    std::optional<int64_t> axis = n.normalize(listed(inputAxes, i), rankOf(x));
    std::optional<int64_t> extent = axis ? n.fixedDim(x, *axis) : std::nullopt;
    if (!extent)
      return;
    if (trips && *trips != *extent) {
      n.error() << "the inputs that Scan node '" << n.proto.name() << "' walks along have different lengths";
      return;
    }
    trips = extent;
  }
  if (!trips || *trips == 0 || *trips > kMaxTrips) {
    n.error() << "Scan node '" << n.proto.name() << "' must make between 1 and " << kMaxTrips << " trips";
    return;
  }
  for (int64_t trip = 0; trip < *trips; ++trip) {
    SmallVector<Value> inputs = carried;
    for (size_t i = 0; i < numScanned; ++i) {
      Value x = n[numCarried + i];
      int64_t axis = *n.normalize(listed(inputAxes, i), rankOf(x));
      inputs.push_back(n.squeeze(n.sliceAxis(x, axis, listed(inputDirections, i) ? *trips - 1 - trip : trip, 1), axis));
    }
    SmallVector<Value> results = n.graph.importSubgraph(body, inputs);
    if (llvm::is_contained(results, Value()))
      return;
    carried.assign(results.begin(), results.begin() + numCarried);
    for (auto [values, result] : llvm::zip_equal(scanned, ArrayRef(results).drop_front(numCarried)))
      values.push_back(result);
  }
  for (auto [i, value] : llvm::enumerate(carried))
    n.yield(i, value);
  for (auto [i, values] : llvm::enumerate(scanned))
    if (std::optional<int64_t> axis = n.normalize(listed(outputAxes, i), rankOf(values.front()) + 1))
      n.yield(numCarried + i, stack(n, values, *axis, listed(outputDirections, i)));
}

constexpr OpRow kRows[] = {
    {"BitCast", importBitCast},   {"Cast", importCast}, {"CastLike", importCastLike}, {"Dropout", importDropout},
    {"Identity", importIdentity}, {"If", importIf},     {"Loop", importLoop},         {"Scan", importScan, 9},
};

} // namespace

ArrayRef<OpRow> controlOps() { return kRows; }

} // namespace ingot::importer
