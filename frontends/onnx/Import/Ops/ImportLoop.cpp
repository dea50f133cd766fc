// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loop and Scan. Short loops of known length are unrolled, which also folds what their trips compute from the number of the trip, and lets shapes and
// sequences change from trip to trip; all others become `ingot.loop`.
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

using namespace mlir;

namespace ingot::importer {
namespace {

/// Nodes that unrolling may make where a loop would do, and trips where only unrolling does.
constexpr int64_t kMaxUnrolledNodes = 256, kMaxTrips = 4096;
/// Of a loop whose length nothing limits: rows of what it stacks, and trips of one that stacks nothing.
constexpr int64_t kMaxStacked = 1 << 20, kFirstStacked = 64, kMaxLoops = int64_t(1) << 62;

/// Stacks the values of all trips along a new dim.
Value stack(Node &n, ArrayRef<Value> values, int64_t axis, bool reverse) {
  SmallVector<Value> rows;
  for (Value value : values)
    rows.push_back(n.unsqueeze(value, axis));
  if (reverse)
    std::reverse(rows.begin(), rows.end());
  return n.concat(rows, axis);
}

bool isTrue(const onnx::TensorProto &tensor) {
  auto isSet = [](auto element) { return element != 0; };
  return tensor.data_type() == onnx::TensorProto::BOOL && (llvm::any_of(tensor.raw_data(), isSet) || llvm::any_of(tensor.int32_data(), isSet));
}

/// Whether the condition that a body gives is always the one that it takes, or true.
bool isSteady(const onnx::GraphProto &body, const std::string &condition) {
  if (body.input_size() > 1 && body.input(1).name() == condition)
    return true;
  for (const onnx::NodeProto &node : body.node())
    if (llvm::is_contained(node.output(), condition)) {
      if (node.op_type() == "Identity" || node.op_type() == "Cast")
        return isSteady(body, node.input(0));
      return node.op_type() == "Constant" && llvm::any_of(node.attribute(), [](const onnx::AttributeProto &value) { return isTrue(value.t()); });
    }
  return llvm::any_of(body.initializer(), [&](const onnx::TensorProto &tensor) { return tensor.name() == condition && isTrue(tensor); });
}

/// A loop while it is imported.
struct Body {
  Node &n;
  SmallVector<Value> carried = {}; ///< before the first trip
  AffineExpr trips = {};
  Value condition = {}; ///< null: it makes all trips
  std::string name = {};

  /// A loop of `ingot`, or its failure (reported), or nothing: a carried tensor changes its type.
  std::optional<LoopOp> build(size_t stacked, llvm::function_ref<SmallVector<Value>(AffineExpr counter, ArrayRef<Value> carried)> importBody);
};

/// `importBody` gives the condition (null: it stays true), the carried tensors and those that are stacked.
std::optional<LoopOp> Body::build(size_t stacked, llvm::function_ref<SmallVector<Value>(AffineExpr, ArrayRef<Value>)> importBody) {
  Symbols &symbols = *n.symbols;
  int64_t most = symbols.rangeOf(trips).maximum;
  AffineExpr counter = symbols.define(name + ".trip", {0, std::max<int64_t>(most - 1, 0)}, trips);
  auto number = [](AffineExpr symbol) { return static_cast<int64_t>(cast<AffineSymbolExpr>(symbol).getPosition()); };
  auto mapOf = [&](AffineExpr dim) { return AffineMap::get(0, symbols.names().size(), dim); };
  auto open = LoopOp::create(n.b, n.loc, TypeRange(), Value(), ValueRange(), mapOf(trips), number(counter), IntegerAttr());
  SmallVector<Value> results;
  {
    OpBuilder::InsertionGuard guard(n.b);
    SmallVector<Type> types(ValueRange(carried).getTypes());
    Block *block = n.b.createBlock(&open.getBody(), {}, types, SmallVector<Location>(types.size(), n.loc));
    results = importBody(counter, SmallVector<Value>(block->getArguments()));
    if (results.size() != 1 + carried.size() + stacked || llvm::is_contained(ArrayRef(results).drop_front(), Value()))
      return LoopOp();
    if (condition && !results[0]) // true at the end of each trip, but maybe not before the first one
      results[0] = n.scalar(1.0, n.b.getI1Type());
    bool changes = llvm::any_of(llvm::zip(carried, ArrayRef(results).drop_front()),
                                [](auto pair) { return std::get<0>(pair).getType() != std::get<1>(pair).getType(); });
    if (changes) {
      n.b.setInsertionPoint(open);
      open.erase();
      return std::nullopt;
    }
    YieldOp::create(n.b, n.loc, condition ? results : SmallVector<Value>(ArrayRef(results).drop_front()));
  }
  AffineExpr count = trips;
  IntegerAttr countSymbol;
  if (condition && stacked != 0) {
    count = symbols.define(name + ".trips", {0, most}, trips);
    countSymbol = n.b.getI64IntegerAttr(number(count));
  }
  SmallVector<Type> types(ValueRange(carried).getTypes());
  for (Value slice : ArrayRef(results).drop_front(1 + carried.size())) {
    Dims dims = {count};
    llvm::append_range(dims, getDims(typeOf(slice)));
    types.push_back(makeTensorType(dims, elementOf(slice)));
  }
  auto loop =
      LoopOp::create(n.b, n.loc, types, condition, carried, AffineMapAttr::get(mapOf(trips)), n.b.getI64IntegerAttr(number(counter)), countSymbol);
  loop.getBody().takeBody(open.getBody());
  open.erase();
  return loop;
}

/// Trips of a loop: a number, a size, or what a scalar says when the model runs. Null when they cannot be had.
AffineExpr tripsOf(Node &n, bool stacks) {
  MLIRContext *context = n.b.getContext();
  AffineExpr unlimited = getAffineConstantExpr(kMaxLoops, context);
  if (!n.has(0))
    return unlimited;
  if (std::optional<Dims> known = n.readDims(n[0])) {
    if (known->size() != 1) {
      n.error() << "the trip count of Loop node '" << n.proto.name() << "' has " << known->size() << " elements";
      return nullptr;
    }
    if (std::optional<int64_t> number = getConstant(known->front()); number && (*number <= 0 || *number > kMaxLoops))
      return *number <= 0 ? getAffineConstantExpr(0, context) : unlimited;
    return known->front();
  }
  // Fewer than none are none.
  Value zero = n.scalar(0.0, elementOf(n[0]));
  Value trips = n.binary(BinaryKind::Max, n[0], zero);
  std::string name = n.proto.name() + ".count";
  return stacks ? n.bindGrowing(trips, name, kMaxStacked) : n.bindDim(trips, name, {0, kMaxLoops});
}

std::optional<SmallVector<Value>> unrollLoop(Node &n, int64_t trips, SmallVector<Value> carried) {
  const onnx::GraphProto &body = n.attribute("body")->g();
  size_t numCarried = carried.size();
  SmallVector<SmallVector<Value>> scanned(body.output_size() - 1 - numCarried);
  bool isTrue = true;
  for (int64_t trip = 0; trip < trips && isTrue; ++trip) {
    if (trip >= kMaxTrips) {
      n.error() << "Loop node '" << n.proto.name() << "' changes what it carries and makes more than " << kMaxTrips << " trips";
      return std::nullopt;
    }
    SmallVector<Value> inputs = {n.constant(getScalar(trip, n.b.getI64Type())), n.scalar(1.0, n.b.getI1Type())};
    inputs.append(carried);
    SmallVector<Value> results = n.graph.importSubgraph(body, inputs);
    if (llvm::is_contained(results, Value()))
      return std::nullopt;
    std::optional<Ints> condition = n.readInts(results[0]);
    if (!condition) {
      n.error() << "Loop node '" << n.proto.name() << "' changes the types of what it carries, so its condition and trip count must be constants";
      return std::nullopt;
    }
    isTrue = condition->front() != 0;
    carried.assign(results.begin() + 1, results.begin() + 1 + numCarried);
    for (auto [values, result] : llvm::zip_equal(scanned, ArrayRef(results).drop_front(1 + numCarried)))
      values.push_back(result);
  }
  for (ArrayRef<Value> values : scanned) {
    if (values.empty()) {
      n.error() << "Loop node '" << n.proto.name() << "' makes no trip, so the shape of its output is not known";
      return std::nullopt;
    }
    carried.push_back(stack(n, values, 0, /*reverse=*/false));
  }
  return carried;
}

void importLoop(Node &n) {
  const onnx::GraphProto &body = n.attribute("body")->g();
  SmallVector<Value> carried;
  for (unsigned i = 2; i < n.size(); ++i)
    carried.push_back(n[i]);
  if (llvm::is_contained(carried, Value())) {
    n.error() << "Loop node '" << n.proto.name() << "' carries an optional value that is not there";
    return;
  }
  size_t stacked = body.output_size() - 1 - carried.size();
  AffineExpr trips = tripsOf(n, stacked != 0);
  if (!trips)
    return;
  Value condition = n.has(1) ? n.reshape(n[1], ArrayRef<int64_t>{}) : Value();
  std::optional<Ints> start = condition ? n.readInts(condition) : Ints{1};
  if (start && !start->front())
    trips = getAffineConstantExpr(0, n.b.getContext());
  bool steady = isSteady(body, body.output(0).name());
  std::optional<int64_t> known = getConstant(trips);
  bool isTensors = llvm::all_of(carried, [](Value value) { return isa<RankedTensorType>(value.getType()); });
  auto yieldAll = [&](ValueRange values) {
    for (auto [i, value] : llvm::enumerate(values))
      n.yield(i, value);
  };
  auto unroll = [&] {
    if (std::optional<SmallVector<Value>> values = unrollLoop(n, *known, carried))
      yieldAll(*values);
  };
  bool isShort = known && *known > 0 && *known <= kMaxTrips && *known * std::max(body.node_size(), 1) <= kMaxUnrolledNodes;
  if (known && start && (!isTensors || (steady && isShort)))
    return unroll();
  if (!isTensors) {
    n.error() << "Loop node '" << n.proto.name() << "' carries a sequence, so its condition and trip count must be constants";
    return;
  }
  if (start && steady)
    condition = nullptr;
  else if (!condition)
    condition = n.scalar(1.0, n.b.getI1Type());
  // The trips of another loop, which nothing limits, may count these.
  if (stacked != 0 && (known ? steady && *known == kMaxLoops : n.symbols->rangeOf(trips).maximum > kMaxStacked)) {
    n.error() << "Loop node '" << n.proto.name() << "' stacks a tensor in each trip and nothing limits these";
    return;
  }
  // Nothing says how much the loop stacks: it makes as many trips as there is room for. Whether it would have gone on is known behind it.
  bool isCut = stacked != 0 && !steady && known && *known > kFirstStacked;
  AffineExpr room;
  if (isCut) {
    carried.push_back(condition);
    trips = room = n.symbols->defineRoom(n.proto.name() + ".room", {kFirstStacked, std::min(kMaxStacked, *known)});
  }
  Body loop{n, carried, trips, condition, n.proto.name()};
  std::optional<LoopOp> built = loop.build(stacked, [&](AffineExpr counter, ArrayRef<Value> values) {
    SmallVector<Value> inputs = {n.dimsTensor({counter}, RankedTensorType::get({}, n.b.getI64Type())), n.scalar(1.0, n.b.getI1Type())};
    llvm::append_range(inputs, values.drop_back(isCut));
    SmallVector<Value> results = n.graph.importSubgraph(body, inputs);
    results[0] = results[0] && !steady ? n.reshape(results[0], ArrayRef<int64_t>{}) : Value();
    if (isCut)
      results.insert(results.begin() + carried.size(), results[0]);
    return results;
  });
  if (!built) {
    if (known && start)
      return unroll();
    n.error() << "Loop node '" << n.proto.name() << "' carries a tensor whose shape changes from trip to trip";
    return;
  }
  if (!*built)
    return;
  SmallVector<Value> results(built->getResults());
  if (isCut) {
    n.requireRoom(results[carried.size() - 1], room, *known);
    results.erase(results.begin() + carried.size() - 1);
  }
  yieldAll(results);
}

/// The value of a list attribute at `index`, 0 when the list is not there.
int64_t listed(const Ints &list, size_t index) { return index < list.size() ? list[index] : 0; }

/// `x` backwards along a dim.
Value reverse(Node &n, Value x, int64_t axis) {
  Dims sizes = getDims(typeOf(x)), offsets(sizes.size(), getAffineConstantExpr(0, n.b.getContext()));
  Ints strides(sizes.size(), 1);
  offsets[axis] = sizes[axis] - 1;
  strides[axis] = -1;
  return n.slice(x, offsets, sizes, strides);
}

void importScan(Node &n) {
  const onnx::GraphProto &body = n.attribute("body")->g();
  size_t numScanned = n.integer("num_scan_inputs"), numCarried = n.size() - numScanned;
  Ints inputAxes = n.integers("scan_input_axes"), inputDirections = n.integers("scan_input_directions");
  Ints outputAxes = n.integers("scan_output_axes"), outputDirections = n.integers("scan_output_directions");
  SmallVector<Value> carried, walked;
  Ints axes;
  for (size_t i = 0; i < numCarried; ++i)
    carried.push_back(n[i]);
  AffineExpr trips;
  for (size_t i = 0; i < numScanned; ++i) {
    Value x = n[numCarried + i];
    std::optional<int64_t> axis = n.normalize(listed(inputAxes, i), rankOf(x));
    if (!axis)
      return;
    AffineExpr extent = getDims(typeOf(x))[*axis];
    if (trips && !n.requireEqual(trips, extent)) {
      n.error() << "the inputs that Scan node '" << n.proto.name() << "' walks along have different lengths";
      return;
    }
    trips = trips ? trips : extent;
    walked.push_back(x);
    axes.push_back(*axis);
  }
  if (!trips) {
    n.error() << "Scan node '" << n.proto.name() << "' has nothing to walk along";
    return;
  }
  size_t stacked = body.output_size() - numCarried;
  auto inputsOf = [&](AffineExpr trip, ArrayRef<Value> states) {
    SmallVector<Value> inputs(states);
    for (auto [i, x] : llvm::enumerate(walked)) {
      AffineExpr at = listed(inputDirections, i) ? trips - 1 - trip : trip;
      inputs.push_back(n.squeeze(n.sliceAxis(x, axes[i], at, getAffineConstantExpr(1, n.b.getContext())), axes[i]));
    }
    return inputs;
  };
  auto finish = [&](size_t i, Value all) {
    std::optional<int64_t> axis = n.normalize(listed(outputAxes, i), rankOf(all));
    if (!axis)
      return;
    if (listed(outputDirections, i))
      all = reverse(n, all, 0);
    Ints order;
    for (int64_t dim = 1; dim < rankOf(all); ++dim)
      order.push_back(dim);
    order.insert(order.begin() + *axis, 0);
    n.yield(numCarried + i, *axis == 0 ? all : n.transpose(all, order));
  };
  std::optional<int64_t> known = getConstant(trips);
  if (known && *known > 0 && *known * std::max(body.node_size(), 1) <= kMaxUnrolledNodes) {
    SmallVector<SmallVector<Value>> scanned(stacked);
    for (int64_t trip = 0; trip < *known; ++trip) {
      SmallVector<Value> results = n.graph.importSubgraph(body, inputsOf(getAffineConstantExpr(trip, n.b.getContext()), carried));
      if (llvm::is_contained(results, Value()))
        return;
      carried.assign(results.begin(), results.begin() + numCarried);
      for (auto [values, result] : llvm::zip_equal(scanned, ArrayRef(results).drop_front(numCarried)))
        values.push_back(result);
    }
    for (auto [i, value] : llvm::enumerate(carried))
      n.yield(i, value);
    for (auto [i, values] : llvm::enumerate(scanned))
      finish(i, stack(n, values, 0, /*reverse=*/false));
    return;
  }
  Body loop{n, carried, trips, Value(), n.proto.name()};
  std::optional<LoopOp> built = loop.build(stacked, [&](AffineExpr counter, ArrayRef<Value> states) {
    SmallVector<Value> results = n.graph.importSubgraph(body, inputsOf(counter, states));
    results.insert(results.begin(), Value()); // no condition
    return results;
  });
  if (!built) {
    n.error() << "Scan node '" << n.proto.name() << "' carries a tensor whose type changes from trip to trip";
    return;
  }
  if (!*built)
    return;
  for (size_t i = 0; i < numCarried; ++i)
    n.yield(i, built->getResult(i));
  for (size_t i = 0; i < stacked; ++i)
    finish(i, built->getResult(numCarried + i));
}

constexpr OpRow kLoopOps[] = {{"Loop", importLoop}, {"Scan", importScan, 9}};

} // namespace

ArrayRef<OpRow> loopOps() { return kLoopOps; }

} // namespace ingot::importer
