// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/StartCode.h"
#include "compiler/Codegen/ObjectCode.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace ingot {
namespace {

/// The entry state is that of the System V ABI: argc at the stack pointer, argv behind it, a function for exit in rdx. libc's constructor arguments
/// stay null: since glibc 2.34 it finds a program's constructors by itself.
constexpr StringLiteral kStart = R"(
  .section .text._start,"ax",@progbits
  .globl _start
  .type _start,@function
_start:
  endbr64
  xorl %ebp, %ebp
  movq %rdx, %r9
  popq %rsi
  movq %rsp, %rdx
  andq $-16, %rsp
  pushq %rax
  pushq %rsp
  xorl %r8d, %r8d
  xorl %ecx, %ecx
  leaq main(%rip), %rdi
  callq *__libc_start_main@GOTPCREL(%rip)
  hlt
  .size _start, .-_start
)";

constexpr StringLiteral kUnused[] = {"_Unwind_Resume", "_Unwind_ForcedUnwind", "_Unwind_GetCFA", "__gcc_personality_v0", "__letf2", "__unordtf2"};

absl::StatusOr<SmallVector<char, 0>> assemble(StringRef name, StringRef text) {
  TargetSpec baseline; // runs before anything could ask what the CPU is
  baseline.name = baseline.cpu = "x86-64";
  baseline.triple = "x86_64-unknown-linux-gnu";
  LLVMContext context;
  Module module(name, context);
  module.setModuleInlineAsm(text);
  return emitObject(module, baseline);
}

} // namespace

absl::StatusOr<SmallVector<char, 0>> emitStartCode() { return assemble("start", kStart); }

absl::StatusOr<SmallVector<char, 0>> emitStaticSupport() {
  std::string text = ".text\n";
  for (StringRef name : kUnused)
    text += ("  .weak " + name + "\n  .hidden " + name + "\n" + name + ":\n").str();
  text += "  ud2\n";
  return assemble("static-support", text);
}

} // namespace ingot
