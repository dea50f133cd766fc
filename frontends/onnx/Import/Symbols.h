// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_IMPORT_SYMBOLS_H
#define FRONTENDS_ONNX_IMPORT_SYMBOLS_H

#include "dialects/Ingot/Shapes.h"
#include "frontends/onnx/Import/Import.h"
#include "mlir/IR/Diagnostics.h"

#include <map>
#include <string>
#include <vector>

namespace ingot::importer {

/// The symbolic dims of a model: which are fixed by options, and a symbol for each that is not.
class Symbols {
public:
  Symbols(mlir::MLIRContext *context, const ImportOptions &options) : context(context), options(options) {}

  /// Takes over what the options say; unknown names and contradictions are reported.
  mlir::LogicalResult resolve(const onnx::GraphProto &graph, mlir::Location loc);

  /// The dims of a graph input. Fails (and reports) when its rank is unknown.
  mlir::FailureOr<Dims> inputDims(const onnx::ValueInfoProto &input, mlir::Location loc);

  /// The dims of a declared type, when each is a number or a known symbol.
  std::optional<Dims> dimsOf(const onnx::TypeProto &type) const;

  /// Whether `value` never exceeds `limit`. A dim whose range alone would allow it to is narrowed.
  bool ensureAtMost(mlir::AffineExpr value, mlir::AffineExpr limit);
  /// Whether `value` is at least `limit`, for all sizes in their ranges.
  bool isAtLeast(mlir::AffineExpr value, int64_t limit) const;

  /// A symbol that gets its value during the run: at most `bound`, a function of symbols that are known before it (null: the range says it all). Its
  /// name is made different from all others.
  mlir::AffineExpr define(std::string name, SymbolRange range, mlir::AffineExpr bound = {});
  /// The most that `a` and `b` can be.
  mlir::AffineExpr boundOf(mlir::AffineExpr a, mlir::AffineExpr b) const;
  SymbolRange rangeOf(mlir::AffineExpr dim) const { return ingot::rangeOf(simplifyDim(dim), symbolRanges); }
  /// One per name: itself for a symbol that inputs have.
  llvm::ArrayRef<mlir::AffineExpr> bounds() const { return symbolBounds; }
  /// Whether all symbols of `dim` are known before a run.
  bool isKnownBefore(mlir::AffineExpr dim) const;

  /// Takes note that `a` and `b` have to be equal for the operation at `loc`: a run checks it. False when they never are.
  bool requireEqual(mlir::AffineExpr a, mlir::AffineExpr b, mlir::Location loc);
  struct Relation {
    mlir::AffineExpr left, right;
    mlir::Location loc;
  };
  llvm::ArrayRef<Relation> relations() const { return knownRelations; }

  /// Whether dims may be open at run time; then `ranges` has one per name.
  bool isDynamic() const { return options.dynamic || !options.ranges.empty(); }
  llvm::ArrayRef<SymbolRange> ranges() const { return symbolRanges; }

  const std::vector<std::string> &names() const { return symbolNames; }
  /// "dim 'batch' of input 'x' is not fixed: give ..." for the first symbol in `dims`.
  void reportSymbolic(mlir::Location loc, llvm::ArrayRef<mlir::AffineExpr> dims) const;

private:
  mlir::AffineExpr symbol(const std::string &name, const std::string &input, bool isFirst);

  mlir::MLIRContext *context;
  const ImportOptions &options;
  std::map<std::string, int64_t> fixed;      ///< sizes by name
  std::map<std::string, unsigned> positions; ///< of the symbols by name
  std::vector<std::string> symbolNames, symbolInputs;
  std::vector<SymbolRange> symbolRanges;
  std::vector<mlir::AffineExpr> symbolBounds;
  std::vector<Relation> knownRelations;
};

} // namespace ingot::importer

#endif
