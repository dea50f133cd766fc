// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Init/Init.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  ingot::registerDialects(registry);
  ingot::registerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Runs passes and stages of Ingot on a file\n", registry));
}
