// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Import/Symbols.h"

#include "frontends/onnx/Schema/Schema.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace ingot::importer {
namespace {

using Dimension = onnx::TensorShapeProto::Dimension;

/// Whether the dim has a size of its own. Some exporters write -1 for "any".
bool hasSize(const Dimension &dim) { return dim.has_dim_value() && dim.dim_value() >= 0; }

/// The name of a symbolic dim; exporters write "?" or "-1" for dims that have none.
std::string nameOf(const onnx::ValueInfoProto &input, int index) {
  const Dimension &dim = input.type().tensor_type().shape().dim(index);
  if (dim.has_dim_param() && !dim.dim_param().empty() && dim.dim_param() != "?" && dim.dim_param() != "-1")
    return dim.dim_param();
  return input.name() + "_dim" + std::to_string(index);
}

} // namespace

LogicalResult Symbols::resolve(const onnx::GraphProto &graph, Location loc) {
  bool ok = true;
  std::vector<std::string> inputNames, dimNames;
  for (const onnx::ValueInfoProto &input : graph.input()) {
    inputNames.push_back(input.name());
    const onnx::TensorShapeProto &shape = input.type().tensor_type().shape();
    for (int i = 0; i < shape.dim_size(); ++i)
      if (!hasSize(shape.dim(i)))
        dimNames.push_back(nameOf(input, i));
  }
  for (const auto &[name, size] : options.dims) {
    if (!llvm::is_contained(dimNames, name)) {
      emitError(loc) << "no input has a symbolic dim '" << name << "'" << schema::didYouMean(name, dimNames);
      ok = false;
    } else if (size < 0) {
      emitError(loc) << "dim '" << name << "' cannot be " << size;
      ok = false;
    }
    fixed[name] = size;
  }
  for (const auto &[name, range] : options.ranges) {
    if (!llvm::is_contained(dimNames, name)) {
      emitError(loc) << "no input has a symbolic dim '" << name << "'" << schema::didYouMean(name, dimNames);
      ok = false;
    } else if (range.minimum < 1 || range.maximum < range.minimum) {
      emitError(loc) << "dim '" << name << "' cannot be " << range.minimum << ".." << range.maximum
                     << ": give the least (1 or more) and the largest size";
      ok = false;
    } else if (fixed.count(name)) {
      emitError(loc) << "dim '" << name << "' has a size and a range";
      ok = false;
    }
  }
  for (const auto &[name, shape] : options.inputShapes) {
    if (!llvm::is_contained(inputNames, name)) {
      emitError(loc) << "the model has no input '" << name << "'" << schema::didYouMean(name, inputNames);
      ok = false;
    }
  }
  for (const onnx::ValueInfoProto &input : graph.input()) {
    auto given = options.inputShapes.find(input.name());
    if (given == options.inputShapes.end() || !input.type().tensor_type().has_shape())
      continue;
    const onnx::TensorShapeProto &shape = input.type().tensor_type().shape();
    if (static_cast<size_t>(shape.dim_size()) != given->second.size()) {
      emitError(loc) << "input '" << input.name() << "' has " << shape.dim_size() << " dims, the shape given for it has " << given->second.size();
      ok = false;
      continue;
    }
    for (auto [i, size] : llvm::enumerate(given->second)) {
      const Dimension &dim = shape.dim(static_cast<int>(i));
      if (size < 0 || (hasSize(dim) && dim.dim_value() != size)) {
        emitError(loc) << "dim " << i << " of input '" << input.name() << "' cannot be " << size
                       << (hasSize(dim) ? ": it is " + std::to_string(dim.dim_value()) : "");
        ok = false;
      }
      if (hasSize(dim))
        continue;
      auto [it, inserted] = fixed.emplace(nameOf(input, static_cast<int>(i)), size);
      if (!inserted && it->second != size) {
        emitError(loc) << "dim '" << it->first << "' is " << it->second << ", but " << size << " in the shape given for input '" << input.name()
                       << "'";
        ok = false;
      }
    }
  }
  return success(ok);
}

AffineExpr Symbols::symbol(const std::string &name, const std::string &input, bool isFirst) {
  auto [it, inserted] = positions.emplace(name, symbolNames.size());
  if (inserted) {
    symbolNames.push_back(name);
    symbolInputs.push_back(input);
    auto range = options.ranges.find(name);
    symbolRanges.push_back(range != options.ranges.end() ? range->second : isFirst ? kDefaultBatch : kDefaultRange);
    symbolBounds.push_back(getAffineSymbolExpr(it->second, context));
  }
  return getAffineSymbolExpr(it->second, context);
}

AffineExpr Symbols::define(std::string name, SymbolRange range, AffineExpr bound) {
  std::string own = name;
  for (int copy = 2; positions.count(own); ++copy)
    own = name + "_" + std::to_string(copy);
  positions.emplace(own, symbolNames.size());
  symbolNames.push_back(own);
  symbolInputs.push_back("");
  symbolRanges.push_back(range);
  symbolBounds.push_back(bound ? simplifyDim(bound) : getAffineConstantExpr(range.maximum, context));
  return getAffineSymbolExpr(symbolNames.size() - 1, context);
}

AffineExpr Symbols::defineRoom(std::string name, SymbolRange range) {
  AffineExpr room = define(std::move(name), range);
  symbolBounds.back() = room;
  roomPositions.push_back(symbolBounds.size() - 1);
  return room;
}

AffineExpr Symbols::boundOf(AffineExpr a, AffineExpr b) const { return isAtLeast(a - b, 0) ? a : isAtLeast(b - a, 0) ? b : simplifyDim(a + b); }

bool Symbols::isKnownBefore(AffineExpr dim) const {
  bool known = true;
  dim.walk([&](AffineExpr expr) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
      known &= symbolBounds[symbol.getPosition()] == expr;
  });
  return known;
}

bool Symbols::isAtLeast(AffineExpr value, int64_t limit) const { return rangeOf(value).minimum >= limit; }

bool Symbols::ensureAtMost(AffineExpr value, AffineExpr limit) {
  AffineExpr room = simplifyDim(limit - value);
  if (isAtLeast(room, 0))
    return true;
  // constant - factor * symbol: the symbol is at most constant / factor.
  for (auto [i, range] : llvm::enumerate(symbolRanges)) {
    if (!isKnownBefore(getAffineSymbolExpr(i, context)) || llvm::is_contained(roomPositions, i))
      continue;
    SmallVector<int64_t> sizes(symbolRanges.size(), 0);
    int64_t constant = evaluateDim(room, sizes);
    sizes[i] = 1;
    int64_t factor = constant - evaluateDim(room, sizes);
    if (factor <= 0 || getConstant(simplifyDim(room + getAffineSymbolExpr(i, context) * factor)) != constant)
      continue;
    range.maximum = std::min(range.maximum, constant / factor);
    return isDynamic() && range.maximum >= range.minimum;
  }
  return false;
}

bool Symbols::requireEqual(AffineExpr a, AffineExpr b, Location loc) {
  a = simplifyDim(a), b = simplifyDim(b);
  if (a == b)
    return true;
  SymbolRange difference = rangeOf(a - b);
  if (!isDynamic() || difference.minimum > 0 || difference.maximum < 0 || !isKnownBefore(a) || !isKnownBefore(b))
    return false;
  if (llvm::none_of(knownRelations, [&](const Relation &known) { return known.left == a && known.right == b; }))
    knownRelations.push_back({a, b, loc});
  return true;
}

FailureOr<Dims> Symbols::inputDims(const onnx::ValueInfoProto &input, Location loc) {
  Dims dims;
  if (!input.type().tensor_type().has_shape()) {
    auto given = options.inputShapes.find(input.name());
    if (given == options.inputShapes.end()) {
      emitError(loc) << "the rank of input '" << input.name() << "' is not known: give --input-shape " << input.name() << "=...";
      return failure();
    }
    for (int64_t size : given->second)
      dims.push_back(getAffineConstantExpr(size, context));
    return dims;
  }
  const onnx::TensorShapeProto &shape = input.type().tensor_type().shape();
  for (int i = 0; i < shape.dim_size(); ++i) {
    std::string name = nameOf(input, i);
    auto it = fixed.find(name);
    if (hasSize(shape.dim(i)))
      dims.push_back(getAffineConstantExpr(shape.dim(i).dim_value(), context));
    else if (it != fixed.end())
      dims.push_back(getAffineConstantExpr(it->second, context));
    else
      dims.push_back(symbol(name, input.name(), i == 0));
  }
  return dims;
}

std::optional<Dims> Symbols::dimsOf(const onnx::TypeProto &type) const {
  if (!type.has_tensor_type() || !type.tensor_type().has_shape())
    return std::nullopt;
  Dims dims;
  for (const Dimension &dim : type.tensor_type().shape().dim()) {
    if (hasSize(dim)) {
      dims.push_back(getAffineConstantExpr(dim.dim_value(), context));
    } else if (auto it = fixed.find(dim.dim_param()); dim.has_dim_param() && it != fixed.end()) {
      dims.push_back(getAffineConstantExpr(it->second, context));
    } else if (auto position = positions.find(dim.dim_param()); dim.has_dim_param() && position != positions.end()) {
      dims.push_back(getAffineSymbolExpr(position->second, context));
    } else {
      return std::nullopt;
    }
  }
  return dims;
}

void Symbols::reportSymbolic(Location loc, ArrayRef<AffineExpr> dims) const {
  std::optional<unsigned> position;
  for (AffineExpr dim : dims)
    dim.walk([&](AffineExpr expr) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(expr); symbol && !position)
        position = symbol.getPosition();
    });
  assert(position && "only symbolic dims are reported");
  const std::string &name = symbolNames[*position], &input = symbolInputs[*position];
  if (input.empty()) {
    emitError(loc) << "the size '" << name << "' follows from data during the run, but it has to be known before";
    return;
  }
  emitError(loc) << "dim '" << name << "' of input '" << input << "' is not fixed: give --dim " << name << "=N or --input-shape " << input << "=...";
}

} // namespace ingot::importer
