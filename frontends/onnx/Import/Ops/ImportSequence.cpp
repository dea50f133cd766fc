// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sequences and optional values: lists of tensors that exist only while a model is imported. Their lengths and all positions in them are known then.
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

constexpr llvm::StringLiteral kSequence = "ingot.sequence";

Value makeSequence(Node &n, ArrayRef<Value> elements) {
  if (llvm::is_contained(elements, Value()))
    return {};
  auto op = UnrealizedConversionCastOp::create(n.b, n.loc, TypeRange(n.b.getNoneType()), elements);
  op->setAttr(kSequence, n.b.getUnitAttr());
  return op.getResult(0);
}

std::optional<SmallVector<Value>> sequenceOf(Node &n, unsigned index) {
  if (auto op = n.has(index) ? n[index].getDefiningOp<UnrealizedConversionCastOp>() : UnrealizedConversionCastOp(); op && op->hasAttr(kSequence))
    return SmallVector<Value>(op.getInputs());
  n.error() << "input '" << n.inputName(index) << "' must be a sequence";
  return std::nullopt;
}

/// The position that operand `index` gives in a sequence of which `size` positions exist; `otherwise` without the operand.
std::optional<int64_t> positionOf(Node &n, unsigned index, int64_t size, int64_t otherwise) {
  std::optional<int64_t> position = n.has(index) ? n.integer(index) : otherwise;
  if (!position)
    return std::nullopt;
  if (*position >= -size && *position < size)
    return *position < 0 ? *position + size : *position;
  n.error() << "position " << *position << " is outside of a sequence with " << size << " positions";
  return std::nullopt;
}

void importSequenceConstruct(Node &n) {
  SmallVector<Value> elements;
  for (unsigned i = 0; i < n.size(); ++i)
    elements.push_back(n[i]);
  n.yield(makeSequence(n, elements));
}

void importSequenceEmpty(Node &n) { n.yield(makeSequence(n, {})); }

void importSequenceAt(Node &n) {
  std::optional<SmallVector<Value>> elements = sequenceOf(n, 0);
  if (std::optional<int64_t> position = elements ? positionOf(n, 1, elements->size(), -1) : std::nullopt)
    n.yield((*elements)[*position]);
}

void importSequenceInsert(Node &n) {
  std::optional<SmallVector<Value>> elements = sequenceOf(n, 0);
  int64_t size = elements ? static_cast<int64_t>(elements->size()) : 0;
  std::optional<int64_t> position = elements && n.has(2) ? n.integer(2u) : size;
  if (!elements || !position)
    return;
  if (*position < -size || *position > size) {
    n.error() << "position " << *position << " is outside of a sequence of " << size << " elements";
    return;
  }
  elements->insert(elements->begin() + (*position < 0 ? *position + size : *position), n[1]);
  n.yield(makeSequence(n, *elements));
}

void importSequenceErase(Node &n) {
  std::optional<SmallVector<Value>> elements = sequenceOf(n, 0);
  std::optional<int64_t> position = elements ? positionOf(n, 1, elements->size(), -1) : std::nullopt;
  if (!position)
    return;
  elements->erase(elements->begin() + *position);
  n.yield(makeSequence(n, *elements));
}

void importSequenceLength(Node &n) {
  if (std::optional<SmallVector<Value>> elements = sequenceOf(n, 0))
    n.yield(n.scalar(static_cast<double>(elements->size()), n.b.getI64Type()));
}

void importConcatFromSequence(Node &n) {
  std::optional<SmallVector<Value>> elements = sequenceOf(n, 0);
  if (!elements)
    return;
  if (elements->empty()) {
    n.error() << "cannot concatenate a sequence without elements";
    return;
  }
  bool stacks = n.flag("new_axis");
  std::optional<int64_t> axis = n.axis(rankOf(elements->front()) + stacks);
  if (!axis)
    return;
  if (stacks)
    for (Value &element : *elements)
      element = n.unsqueeze(element, {*axis});
  n.yield(n.concat(*elements, *axis));
}

void importSplitToSequence(Node &n) {
  std::optional<int64_t> axis = n.axis(rankOf(n[0]));
  std::optional<int64_t> extent = axis ? n.fixedDim(n[0], *axis) : std::nullopt;
  std::optional<Ints> sizes = n.has(1) ? n.ints(1) : Ints{1};
  if (!extent || !sizes)
    return;
  if (!n.has(1) || rankOf(n[1]) == 0) { // equal parts, the last of which may be smaller
    int64_t part = sizes->front();
    if (part <= 0) {
      n.error() << "cannot split dim " << *axis << " into parts of " << part << " elements";
      return;
    }
    sizes->clear();
    for (int64_t begin = 0; begin < *extent; begin += part)
      sizes->push_back(std::min(part, *extent - begin));
  }
  if (std::accumulate(sizes->begin(), sizes->end(), int64_t(0)) != *extent) {
    n.error() << "the parts do not add up to the " << *extent << " elements of dim " << *axis;
    return;
  }
  SmallVector<Value> elements;
  int64_t begin = 0;
  for (int64_t size : *sizes) {
    Value part = n.sliceAxis(n[0], *axis, begin, size);
    elements.push_back(n.has(1) || n.flag("keepdims") ? part : n.squeeze(part, {*axis}));
    begin += size;
  }
  n.yield(makeSequence(n, elements));
}

/// An optional value is the value itself, or a missing operand.
void importOptionalHasElement(Node &n) { n.yield(n.scalar(n.has(0) ? 1.0 : 0.0, n.b.getI1Type())); }

void importOptionalGetElement(Node &n) { n.yield(n[0]); }

constexpr OpRow kSequenceOps[] = {
    {"ConcatFromSequence", importConcatFromSequence}, {"OptionalGetElement", importOptionalGetElement},
    {"OptionalHasElement", importOptionalHasElement}, {"SequenceAt", importSequenceAt},
    {"SequenceConstruct", importSequenceConstruct},   {"SequenceEmpty", importSequenceEmpty},
    {"SequenceErase", importSequenceErase},           {"SequenceInsert", importSequenceInsert},
    {"SequenceLength", importSequenceLength},         {"SplitToSequence", importSplitToSequence},
};

} // namespace

ArrayRef<OpRow> sequenceOps() { return kSequenceOps; }

} // namespace ingot::importer
