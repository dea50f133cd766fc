// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/FloatProductLines.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Compress/FloatProducts.h"
#include "passes/Compress/Passes.h"

using namespace mlir;

namespace ingot {

absl::StatusOr<std::vector<std::string>> describeFloatProducts(ModuleOp imported, const DiagnosticCollector &diagnostics) {
  OwningOpRef<ModuleOp> copy = imported.clone();
  // As the graph stage begins.
  PassManager passes(copy->getContext());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addNestedPass<func::FuncOp>(createSinkDequantizationPass());
  passes.addNestedPass<func::FuncOp>(createPackBlocksPass());
  passes.addNestedPass<func::FuncOp>(createFormIntegerProductsPass());
  if (failed(passes.run(*copy)))
    return diagnostics.status("the passes for quantised models failed without a message");
  std::vector<std::string> lines;
  for (const FloatProduct &product : findFloatProducts(*copy))
    lines.push_back(diagnostics.describe(nodeNameOf(product.op->getLoc())) + "is computed in floats: " + product.reason);
  return lines;
}

} // namespace ingot
