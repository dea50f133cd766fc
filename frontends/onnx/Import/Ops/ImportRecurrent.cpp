// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LSTM, GRU and RNN: one operation per direction, missing operands filled in.
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

using namespace mlir;

namespace ingot::importer {
namespace {

struct Cell {
  CellKind kind;
  int64_t gates;
  SmallVector<StringRef> activations; ///< the defaults
};

/// The parameters of an activation function that the node gives none for.
std::optional<double> defaultAlpha(StringRef activation) {
  if (activation == "LeakyRelu")
    return 0.01;
  if (activation == "HardSigmoid")
    return 0.2;
  if (activation == "Elu" || activation == "ThresholdedRelu" || activation == "Affine" || activation == "ScaledTanh")
    return 1.0;
  return std::nullopt; // takes none
}

std::optional<double> defaultBeta(StringRef activation) {
  if (activation == "HardSigmoid")
    return 0.5;
  if (activation == "ScaledTanh")
    return 1.0;
  if (activation == "Affine")
    return 0.0;
  return std::nullopt;
}

/// Takes one parameter per activation that has one, in order, from the list of the node.
SmallVector<double> parameters(ArrayRef<StringRef> activations, ArrayRef<double> given, std::optional<double> (*byDefault)(StringRef)) {
  SmallVector<double> result;
  for (StringRef activation : activations) {
    std::optional<double> value = byDefault(activation);
    if (value && !given.empty()) {
      value = given.front();
      given = given.drop_front();
    }
    result.push_back(value.value_or(0.0));
  }
  return result;
}

/// Operands: X, W, R, B, sequence_lens, initial_h, and for LSTM initial_c and P.
void importRecurrent(Node &n, const Cell &cell) {
  bool batchFirst = n.flag("layout");
  Value x = batchFirst ? n.transpose(n[0], {1, 0, 2}) : n[0];
  if (!x)
    return;
  Dims dims = getDims(typeOf(x));
  std::optional<Ints> recurrence = n.fixedShape(n[2]);
  if (!recurrence)
    return;
  if (dims.size() != 3 || recurrence->size() != 3) {
    n.error() << "needs X and R of rank 3, has " << n[0].getType() << " and " << n[2].getType();
    return;
  }
  int64_t directions = (*recurrence)[0];
  MLIRContext *context = n.b.getContext();
  AffineExpr steps = dims[0], batch = dims[1], hidden = getAffineConstantExpr((*recurrence)[2], context), rows = hidden * cell.gates;
  AffineExpr none = getAffineConstantExpr(0, context);
  Type element = elementOf(x), i32 = n.b.getI32Type();
  auto zeros = [&](ArrayRef<AffineExpr> sizes) { return n.broadcast(n.scalar(0.0, element), sizes); };
  // Operand `index` of one direction, without the dim of the directions; zeros when it is absent.
  auto part = [&](unsigned index, int64_t direction, int64_t dim, ArrayRef<AffineExpr> sizes) {
    return n.has(index) ? n.reshape(n.sliceAxis(n[index], dim, direction, 1), sizes) : zeros(sizes);
  };
  Value lengths = n.has(4) ? n.cast(n[4], i32) : n.broadcast(n.dimsTensor({steps}, RankedTensorType::get({}, i32)), batch);

  SmallVector<StringRef> names(directions * cell.activations.size());
  // The schema's default is that of two directions, whatever the node has.
  bool isGiven = llvm::any_of(n.proto.attribute(), [](const onnx::AttributeProto &attribute) { return attribute.name() == "activations"; });
  if (const onnx::AttributeProto *given = isGiven ? n.attribute("activations") : nullptr; given && given->strings_size() > 0)
    names.assign(given->strings().begin(), given->strings().end());
  else
    for (size_t i = 0; i < names.size(); ++i)
      names[i] = cell.activations[i % cell.activations.size()];
  if (names.size() != directions * cell.activations.size()) {
    n.error() << "needs " << cell.activations.size() << " activations per direction, has " << names.size();
    return;
  }
  SmallVector<double> alphas = parameters(names, n.reals("activation_alpha"), defaultAlpha),
                      betas = parameters(names, n.reals("activation_beta"), defaultBeta);

  bool isLstm = cell.kind == CellKind::Lstm;
  SmallVector<Value> states, lastStates, lastCells;
  for (int64_t d = 0; d < directions; ++d) {
    int64_t stateDim = batchFirst ? 1 : 0;
    Value w = part(1, d, 0, {rows, dims[2]}), r = part(2, d, 0, {rows, hidden}), bias = part(3, d, 0, rows * 2);
    Value h0 = part(5, d, stateDim, {batch, hidden}), c0 = isLstm ? part(6, d, stateDim, {batch, hidden}) : zeros(none);
    Value peephole = isLstm ? part(7, d, 0, hidden * 3) : zeros(none);
    if (!w || !r || !bias || !h0 || !c0 || !peephole || !lengths)
      return;
    size_t first = d * cell.activations.size(), count = cell.activations.size();
    bool reverse = n.string("direction") == "reverse" || d == 1;
    auto type = [&](ArrayRef<AffineExpr> sizes) { return makeTensorType(sizes, element); };
    SmallVector<Type> types = {type({steps, batch, hidden}), type({batch, hidden}), isLstm ? type({batch, hidden}) : type(none)};
    auto op = RecurrentOp::create(n.b, n.loc, TypeRange(types), cell.kind, x, w, r, bias, h0, c0, peephole, lengths,
                                  n.b.getStrArrayAttr(ArrayRef(names).slice(first, count)), ArrayRef(alphas).slice(first, count),
                                  ArrayRef(betas).slice(first, count), APFloat(n.real("clip")), reverse, n.flag("linear_before_reset"),
                                  n.flag("input_forget"));
    // With batch first the directions are behind the batch: [batch, steps, directions, hidden] and [batch, directions, hidden].
    Value all = batchFirst ? n.transpose(op.getStates(), {1, 0, 2}) : op.getStates();
    states.push_back(n.unsqueeze(all, {batchFirst ? 2 : 1}));
    lastStates.push_back(n.unsqueeze(op.getLastH(), {stateDim}));
    if (isLstm)
      lastCells.push_back(n.unsqueeze(op.getLastC(), {stateDim}));
  }
  n.yield(0, n.concat(states, batchFirst ? 2 : 1));
  n.yield(1, n.concat(lastStates, batchFirst ? 1 : 0));
  if (isLstm)
    n.yield(2, n.concat(lastCells, batchFirst ? 1 : 0));
}

void importLstm(Node &n) { importRecurrent(n, {CellKind::Lstm, 4, {"Sigmoid", "Tanh", "Tanh"}}); }
void importGru(Node &n) { importRecurrent(n, {CellKind::Gru, 3, {"Sigmoid", "Tanh"}}); }
void importRnn(Node &n) { importRecurrent(n, {CellKind::Rnn, 1, {"Tanh"}}); }

constexpr OpRow kRecurrentOps[] = {{"GRU", importGru, 7}, {"LSTM", importLstm, 7}, {"RNN", importRnn, 7}};

} // namespace

ArrayRef<OpRow> recurrentOps() { return kRecurrentOps; }

} // namespace ingot::importer
