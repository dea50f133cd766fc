// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_INIT_INIT_H
#define COMPILER_INIT_INIT_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace ingot {

/// Every dialect that a model passes through.
void registerDialects(mlir::DialectRegistry &registry);

/// Every pass and stage of Ingot, for tools that name passes.
void registerPasses();

} // namespace ingot

#endif
