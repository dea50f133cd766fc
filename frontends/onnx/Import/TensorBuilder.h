// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds `ingot` operations for the importers. An operation on small constants is folded where it is made, so shape arithmetic never reaches the IR.
// A null value stands for something that has failed and been reported: every function takes it and returns it, so importers compose without checks.
#ifndef FRONTENDS_ONNX_IMPORT_TENSORBUILDER_H
#define FRONTENDS_ONNX_IMPORT_TENSORBUILDER_H

#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/Weights/WeightStore.h"

namespace ingot::importer {

class Symbols;

using Ints = llvm::SmallVector<int64_t>;

inline mlir::Type elementOf(mlir::Value value) { return typeOf(value).getElementType(); }
inline int64_t rankOf(mlir::Value value) { return typeOf(value).getRank(); }

class TensorBuilder {
public:
  TensorBuilder(mlir::OpBuilder &b, mlir::Location loc, WeightStore &weights, Symbols *symbols = nullptr)
      : b(b), loc(loc), weights(weights), symbols(symbols) {}

  mlir::OpBuilder &b;
  const mlir::Location loc;
  WeightStore &weights;
  Symbols *symbols; ///< null: there are none

  mlir::InFlightDiagnostic error() { return mlir::emitError(loc); }

  //===-- Constants ----------------------------------------------------------------------------------------------------------------------===//

  /// A constant of these bytes (as in raw_data): an attribute when small, else a weight that shares them.
  mlir::Value constant(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes, llvm::StringRef name, std::shared_ptr<const void> keepAlive);
  mlir::Value constant(mlir::DenseElementsAttr value);
  /// A tensor of rank 0.
  mlir::Value scalar(double value, mlir::Type element);
  mlir::Value ints(llvm::ArrayRef<int64_t> values);
  /// 0, 1, ... as `i64`, in shape `[1.., size, ..1]` of `rank` dims with the values along `axis`.
  mlir::Value iota(int64_t size, int64_t rank = 1, int64_t axis = 0);
  mlir::Value iota(mlir::AffineExpr size, int64_t rank = 1, int64_t axis = 0);
  /// The same number everywhere.
  mlir::Value full(llvm::ArrayRef<mlir::AffineExpr> dims, mlir::Value scalar);
  /// The sizes as a vector (`i64` unless told); a placeholder that folds through shape arithmetic when some are symbolic.
  mlir::Value dimsTensor(llvm::ArrayRef<mlir::AffineExpr> dims, mlir::Type element = {});
  mlir::Value dimsTensor(llvm::ArrayRef<mlir::AffineExpr> dims, mlir::RankedTensorType type);

  /// The values of a constant, wherever it lies; nothing when `value` is no constant.
  std::optional<Ints> readInts(mlir::Value value);
  std::optional<llvm::SmallVector<double>> readFloats(mlir::Value value);
  /// The same for a vector of sizes that may be symbolic.
  std::optional<Dims> readDims(mlir::Value value);

  //===-- Sizes that follow from data -------------------------------------------------------------------------------------------------------===//

  /// The value that the scalar `value` (one element of an integer type) has at run time, as a symbol; or as what it is where that is known. A run
  /// fails where it is not in `range` or above `limit` (a function of symbols known before; null: none).
  mlir::AffineExpr bindDim(mlir::Value value, const std::string &name, SymbolRange range, mlir::AffineExpr limit = {});

  /// The same for what nothing bounds but `most`: memory for it grows when a run needs it.
  mlir::AffineExpr bindGrowing(mlir::Value value, const std::string &name, int64_t most);
  /// Asks for more room when the boolean `more` says that it was too little, unless there is `most` already, which is all that is wanted. A run fails
  /// when the room cannot grow.
  void requireRoom(mlir::Value more, mlir::AffineExpr room, int64_t most);
  /// Takes note that the sizes have to be equal, or has a run check it where only that can tell. False when they never are.
  bool requireEqual(mlir::AffineExpr x, mlir::AffineExpr y);
  /// A run fails with the text when the scalar `value` is not 0.
  void requireZero(mlir::Value value, const std::string &text);

  //===-- Elementwise --------------------------------------------------------------------------------------------------------------------===//

  mlir::Value unary(UnaryKind kind, mlir::Value x, double alpha = 0.0, double beta = 0.0);
  mlir::Value binary(BinaryKind kind, mlir::Value lhs, mlir::Value rhs);
  mlir::Value compare(Predicate predicate, mlir::Value lhs, mlir::Value rhs);
  mlir::Value select(mlir::Value condition, mlir::Value lhs, mlir::Value rhs);
  mlir::Value cast(mlir::Value x, mlir::Type to);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs) { return binary(BinaryKind::Add, lhs, rhs); }
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs) { return binary(BinaryKind::Sub, lhs, rhs); }
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs) { return binary(BinaryKind::Mul, lhs, rhs); }
  mlir::Value div(mlir::Value lhs, mlir::Value rhs) { return binary(BinaryKind::Div, lhs, rhs); }
  /// `binary` with a number as the right side.
  mlir::Value binary(BinaryKind kind, mlir::Value lhs, double rhs);

  //===-- Layout -------------------------------------------------------------------------------------------------------------------------===//

  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> dims);
  mlir::Value unsqueeze(mlir::Value x, llvm::ArrayRef<int64_t> axes); ///< axes of the result, not negative
  mlir::Value squeeze(mlir::Value x, llvm::ArrayRef<int64_t> axes);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation);
  mlir::Value broadcast(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> dims);
  /// Writes open dims of `x` that meet another size in `dims` as that size (or the other way round), and takes note that they have to be equal.
  mlir::Value equalize(mlir::Value x, llvm::MutableArrayRef<mlir::AffineExpr> dims);
  mlir::Value broadcast(mlir::Value x, llvm::ArrayRef<int64_t> dims);
  mlir::Value slice(mlir::Value x, llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> strides);
  /// The same with offsets and sizes that may be symbolic; the caller knows that they lie inside.
  mlir::Value slice(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> offsets, llvm::ArrayRef<mlir::AffineExpr> sizes, llvm::ArrayRef<int64_t> strides);
  /// Elements [begin, begin + size) of one dim.
  mlir::Value sliceAxis(mlir::Value x, int64_t axis, int64_t begin, int64_t size, int64_t stride = 1);
  mlir::Value sliceAxis(mlir::Value x, int64_t axis, mlir::AffineExpr begin, mlir::AffineExpr size);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> inputs, int64_t axis);
  /// Negative pads crop; a symbolic dim must be known to have what they take.
  mlir::Value pad(PadMode mode, mlir::Value x, llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high, mlir::TypedAttr value = {});
  /// Pads that may be symbolic, none of them negative, of the same scalar (null: 0) everywhere.
  mlir::Value padConstant(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> low, llvm::ArrayRef<mlir::AffineExpr> high, mlir::Value scalar);

  //===-- Everything else ----------------------------------------------------------------------------------------------------------------===//

  mlir::Value matmul(mlir::Value lhs, mlir::Value rhs, bool transposeLhs = false, bool transposeRhs = false);
  mlir::Value reduce(ReduceKind kind, mlir::Value x, llvm::ArrayRef<int64_t> axes, bool keepDims);
  mlir::Value norm(NormKind kind, mlir::Value x, llvm::ArrayRef<int64_t> axes, double epsilon = 0.0);

  /// An operation whose result type is inferred; a type that cannot be inferred is reported.
  template <typename OpTy, typename... Args> mlir::Value create(Args &&...args) {
    mlir::Operation *op = createOp<OpTy>(std::forward<Args>(args)...);
    return op ? finish(op) : mlir::Value();
  }

  /// The same without folding, for operations with several results. Null on failure.
  template <typename OpTy, typename... Args> mlir::Operation *createOp(Args &&...args) {
    mlir::OperationState state(loc, OpTy::getOperationName());
    llvm::SmallVector<mlir::Type, 3> types(OpTy::template hasTrait<mlir::OpTrait::OneResult>() ? 1 : 2, placeholderType());
    OpTy::build(b, state, mlir::TypeRange(types), std::forward<Args>(args)...);
    if (llvm::is_contained(state.operands, mlir::Value()))
      return nullptr;
    llvm::SmallVector<mlir::Type> inferred;
    if (mlir::failed(OpTy::inferReturnTypes(b.getContext(), loc, state.operands, state.attributes.getDictionary(b.getContext()),
                                            state.getRawProperties(), state.regions, inferred)))
      return nullptr;
    state.types.assign(inferred.begin(), inferred.end());
    return b.create(state);
  }

  /// An operation whose result type is given.
  template <typename OpTy, typename... Args> mlir::Value createTyped(mlir::RankedTensorType type, Args &&...args) {
    mlir::OperationState state(loc, OpTy::getOperationName());
    OpTy::build(b, state, mlir::TypeRange(type), std::forward<Args>(args)...);
    if (llvm::is_contained(state.operands, mlir::Value()))
      return {};
    return finish(b.create(state));
  }

private:
  BindDimOp bind(mlir::Value value, mlir::AffineExpr symbol, mlir::AffineExpr limit);
  mlir::Type placeholderType() { return mlir::RankedTensorType::get({}, b.getI1Type()); }

  /// Writes symbolic dims of operands that broadcast to each other, but for dim `skip` of all of them, as the same expressions, and takes note that
  /// they have to be equal. What cannot be equal is left for type inference to report.
  void unifyDims(llvm::MutableArrayRef<mlir::Value> operands, std::optional<int64_t> skip = std::nullopt);

  /// Folds the operation if it can be: by the dialect's folds, by evaluation of small constants, or as arithmetic on symbolic sizes.
  mlir::Value finish(mlir::Operation *op);
};

/// A vector of sizes that stands for a tensor of the model while it is imported; null for any other value.
std::optional<Dims> getPlaceholderDims(mlir::Value value);

/// The constant elements of a scalar tensor of `element`.
mlir::DenseElementsAttr getScalar(double value, mlir::Type element);

} // namespace ingot::importer

#endif
