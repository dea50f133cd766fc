// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/Translate.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "test/codegen/TestModel.h"

using namespace ingot;
using namespace ingot::test;

TEST(Translate, GivesLLVMIR) {
  mlir::MLIRContext context;
  context.loadDialect<mlir::LLVM::LLVMDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> source =
      mlir::parseSourceString<mlir::ModuleOp>("llvm.func @f(%a: vector<16xf32>) -> vector<16xf32> {\n  %b = llvm.fadd %a, %a : vector<16xf32>\n"
                                              "  llvm.return %b : vector<16xf32>\n}",
                                              &context);
  ASSERT_TRUE(source);
  llvm::LLVMContext llvmContext;
  absl::StatusOr<std::unique_ptr<llvm::Module>> module = translateToLLVM(*source, llvmContext, "demo");
  ASSERT_OK(module.status());
  EXPECT_EQ((*module)->getModuleIdentifier(), "demo");
  EXPECT_TRUE((*module)->getFunction("f"));
}

TEST(Translate, RefusesOtherDialects) {
  mlir::MLIRContext context;
  context.allowUnregisteredDialects();
  std::string messages;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    messages += diagnostic.str();
    return mlir::success();
  });
  mlir::OwningOpRef<mlir::ModuleOp> source = mlir::parseSourceString<mlir::ModuleOp>("\"other.op\"() : () -> ()", &context);
  ASSERT_TRUE(source);
  llvm::LLVMContext llvmContext;
  EXPECT_FALSE(translateToLLVM(*source, llvmContext).ok());
  EXPECT_TRUE(llvm::StringRef(messages).contains("other.op")) << messages;
}
