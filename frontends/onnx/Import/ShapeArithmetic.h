// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the importer computes while it imports: the shapes, axes and scalar parameters that models calculate from the shapes of other tensors. Tensors
// of a few elements only; constants that carry data are folded later, by running them.
#ifndef FRONTENDS_ONNX_IMPORT_SHAPEARITHMETIC_H
#define FRONTENDS_ONNX_IMPORT_SHAPEARITHMETIC_H

#include "dialects/Ingot/Shapes.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace ingot::importer {

class Symbols;

/// The value of an operation all of whose operands are small constants; null when that is not so or the operation is not known here.
mlir::DenseElementsAttr evaluate(mlir::Operation *op);

/// The sizes that an operation computes from vectors of (symbolic) sizes; nothing when it is none of those that can be followed.
std::optional<Dims> evaluateDims(mlir::Operation *op, const Symbols &symbols);

/// The result of a comparison of such sizes that comes out the same for all sizes in their ranges; else null.
mlir::DenseElementsAttr compareDims(mlir::Operation *op, const Symbols &symbols);

} // namespace ingot::importer

#endif
