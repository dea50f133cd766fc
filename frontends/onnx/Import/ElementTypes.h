// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_IMPORT_ELEMENTTYPES_H
#define FRONTENDS_ONNX_IMPORT_ELEMENTTYPES_H

#include "mlir/IR/BuiltinTypes.h"
#include "onnx/onnx_pb.h"

namespace ingot::importer {

/// The element type of a TensorProto::DataType, null for those that the compiler does not know (strings, complex). Those of NarrowTypes.h lie in
/// bytes.
mlir::Type getElementType(mlir::MLIRContext *context, int32_t onnxType);

/// The inverse of getElementType for types that are not narrow.
int32_t getOnnxElementType(mlir::Type element);

/// The ONNX type of a tensor, symbolic dims without a name.
onnx::TypeProto getTypeProto(mlir::RankedTensorType type);

} // namespace ingot::importer

#endif
