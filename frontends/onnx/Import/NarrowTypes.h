// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types that no operation of the dialect computes in: integers of 2 and 4 bits, floats of 8, 6 and 4. Inside the IR each element lies in a
// byte, integers as i8 and ui8 of the same value, floats as ui8 with their bits. What ONNX calls the type of a value stands beside its name in the
// importer.
#ifndef FRONTENDS_ONNX_IMPORT_NARROWTYPES_H
#define FRONTENDS_ONNX_IMPORT_NARROWTYPES_H

#include "frontends/onnx/Import/TensorBuilder.h"

namespace ingot::importer {

/// Whether an element of this TensorProto::DataType is one of those above.
bool isNarrow(int32_t onnxType);
bool isNarrowFloat(int32_t onnxType);
bool isNarrowInteger(int32_t onnxType);

enum class NarrowRounding { Up, Down, Nearest };

/// How floats become narrow ones. Only float8e8m0, which has powers of two alone, is not always rounded to nearest.
struct NarrowCast {
  bool saturate = true; ///< what is too large becomes the largest number, otherwise infinity or NaN; the types of 4 and 6 bits have neither
  NarrowRounding rounding = NarrowRounding::Up;
};

/// The value of a narrow float.
float decodeNarrow(int32_t onnxType, uint8_t bits);
/// `value` as a narrow float, exactly as ONNX's Cast defines it.
uint8_t encodeNarrow(int32_t onnxType, float value, const NarrowCast &cast);

/// The elements as raw_data packs them, each in a byte of its own.
std::string unpackNarrow(int32_t onnxType, llvm::ArrayRef<char> packed, int64_t count);

/// A constant of a narrow type whose payload is `packed` as in raw_data. Large ones of less than 8 bits are unpacked by a recipe.
mlir::Value narrowConstant(TensorBuilder &t, int32_t onnxType, llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<char> packed, llvm::StringRef name,
                           std::shared_ptr<const void> keepAlive);

/// ONNX's Cast between types of which at least one is narrow; `to` is an MLIR type when `toType` is not narrow.
mlir::Value castNarrow(TensorBuilder &t, mlir::Value x, int32_t fromType, int32_t toType, mlir::Type to, const NarrowCast &cast);

/// Floats as bytes of the narrow type.
mlir::Value encodeNarrow(TensorBuilder &t, mlir::Value x, int32_t onnxType, const NarrowCast &cast);

/// The integers of x (i8 or ui8), clamped to what the narrow integer type holds.
mlir::Value clampNarrow(TensorBuilder &t, mlir::Value x, int32_t onnxType);

} // namespace ingot::importer

#endif
