// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/StartCode.h"
#include "compiler/Codegen/ObjectCode.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace ingot {
namespace {

absl::StatusOr<SmallVector<char, 0>> assemble(StringRef name, StringRef text, const Platform &platform) {
  TargetSpec baseline;
  baseline.name = baseline.cpu = platform.baselineCpu.str();
  baseline.triple = platform.triple.str();
  LLVMContext context;
  Module module(name, context);
  module.setModuleInlineAsm(text);
  return emitObject(module, baseline);
}

} // namespace

absl::StatusOr<SmallVector<char, 0>> emitStartCode(const Platform &platform) { return assemble("start", platform.startCode, platform); }

absl::StatusOr<SmallVector<char, 0>> emitStaticSupport(const Platform &platform) {
  std::string text = ".text\n";
  for (StringRef name : platform.absentSymbols)
    text += ("  .weak " + name + "\n  .hidden " + name + "\n" + name + ":\n").str();
  text += ("  " + platform.trap + "\n").str();
  return assemble("static-support", text, platform);
}

} // namespace ingot
