// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_ELEMENTTYPE_H
#define FRONTENDS_ONNX_INGEST_ELEMENTTYPE_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ingot::ingest {

/// Bits of one element of a TensorProto::DataType as it lies in raw_data, 0 for strings, nullopt for a code that ONNX does not define.
std::optional<int> elementBits(int32_t elementType);

/// "float32", "int4", ...; "type 99" for an unknown code.
std::string elementTypeName(int32_t elementType);

/// The number of elements, nullopt when a dim is negative or the product does not fit into 62 bits.
std::optional<uint64_t> elementCount(llvm::ArrayRef<int64_t> dims);

/// Bytes of `count` elements; elements of less than a byte are packed without gaps, the last byte is filled up.
uint64_t payloadBytes(int32_t elementType, uint64_t count);

/// "[2, 3]"
std::string printedDims(llvm::ArrayRef<int64_t> dims);

} // namespace ingot::ingest

#endif
