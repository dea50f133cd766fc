// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOT_H
#define DIALECTS_INGOT_INGOT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Ingot/IngotDialect.h.inc"
#include "dialects/Ingot/IngotEnums.h.inc"

namespace ingot {
/// Elements of one packed weight panel, whatever the vector length of the machine: one copy of the weights serves AVX2 and AVX-512.
inline constexpr int64_t kPanel = 16;
/// Bytes of a column that lie side by side in a panel: one instruction multiplies and adds up so many.
inline constexpr int64_t kByteGroup = 4;
/// Rows of a column of which one word says where the two of every four are that are not zero.
inline constexpr int64_t kPairRows = 32;

/// Constants above this size (bytes) are handles into the weight store, never attributes.
inline constexpr int64_t kMaxInlineBytes = 4096;

/// Elements of a static shaped type; 0 when a dim is symbolic.
int64_t countElements(mlir::Type type);

/// The type in which an element lies in memory: `i8` for `i1`, signless integers of the same width, floats as they are.
mlir::Type getStorageType(mlir::Type element);

} // namespace ingot

#define GET_ATTRDEF_CLASSES
#include "dialects/Ingot/IngotAttrs.h.inc"

#include "dialects/Ingot/IngotInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/Ingot/IngotOps.h.inc"

#endif
