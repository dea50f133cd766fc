// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/Platform.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/BinaryFormat/ELF.h"

using namespace llvm;

namespace ingot {
namespace {

// Where Debian and the other distributions keep libc.
constexpr StringLiteral kX86Folders[] = {"/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib", "/lib"};
// A cross compiler's libc, then that of a machine with packages for both; libgcc lies in a folder of its version.
constexpr StringLiteral kAarch64Folders[] = {"/usr/aarch64-linux-gnu/lib",
                                             "/usr/aarch64-linux-gnu/sys-root/usr/lib64",
                                             "/usr/lib/aarch64-linux-gnu",
                                             "/lib/aarch64-linux-gnu",
                                             "/usr/lib/gcc-cross/aarch64-linux-gnu/15",
                                             "/usr/lib/gcc-cross/aarch64-linux-gnu/14",
                                             "/usr/lib/gcc-cross/aarch64-linux-gnu/13",
                                             "/usr/lib/gcc-cross/aarch64-linux-gnu/12"};

constexpr StringLiteral kX86Static[] = {"rcrt1.o", "crti.o", "libm.a", "libc.a", "crtn.o"};
// libc calls libgcc for atomic operations, which tell by the CPU which instructions they use.
constexpr StringLiteral kAarch64Static[] = {"rcrt1.o", "crti.o", "libm.a", "libc.a", "libgcc.a", "libc.a", "crtn.o"};

constexpr StringLiteral kX86Absent[] = {"_Unwind_Resume", "_Unwind_ForcedUnwind", "_Unwind_GetCFA", "__gcc_personality_v0", "__letf2", "__unordtf2"};
constexpr StringLiteral kAarch64Absent[] = {"_Unwind_Resume", "_Unwind_ForcedUnwind", "_Unwind_GetCFA", "__gcc_personality_v0"};

/// The entry state is that of the System V ABI: argc at the stack pointer, argv behind it, a function for exit in rdx or x0. libc's constructor
/// arguments stay null: since glibc 2.34 it finds a program's constructors by itself.
constexpr Platform kPlatforms[] = {
    {.triple = "x86_64-unknown-linux-gnu",
     .baselineCpu = "x86-64",
     .elfMachine = ELF::EM_X86_64,
     // "Large" lets the linker put the weights outside the 2 GB that code reaches with 32-bit offsets; only a 64-bit pointer refers to them.
     .weightsSectionFlags = ELF::SHF_X86_64_LARGE,
     .dynamicLinker = "/lib64/ld-linux-x86-64.so.2",
     .startCode = R"(
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
)",
     .trap = "ud2",
     .libraryFolders = kX86Folders,
     .libcPackages = "package libc6-dev",
     .staticFiles = kX86Static,
     .absentSymbols = kX86Absent,
     .runtimeFolder = ""},
    {.triple = "aarch64-unknown-linux-gnu",
     .baselineCpu = "generic",
     .elfMachine = ELF::EM_AARCH64,
     .weightsSectionFlags = 0,
     .dynamicLinker = "/lib/ld-linux-aarch64.so.1",
     .startCode = R"(
  .section .text._start,"ax",@progbits
  .globl _start
  .type _start,@function
_start:
  hint #34
  mov x29, xzr
  mov x30, xzr
  mov x5, x0
  ldr x1, [sp]
  add x2, sp, #8
  mov x6, sp
  adrp x0, main
  add x0, x0, :lo12:main
  mov x3, xzr
  mov x4, xzr
  bl __libc_start_main
  brk #0
  .size _start, .-_start
)",
     .trap = "brk #0",
     .libraryFolders = kAarch64Folders,
     .libcPackages = "packages gcc-aarch64-linux-gnu and libc6-dev-arm64-cross",
     .staticFiles = kAarch64Static,
     .absentSymbols = kAarch64Absent,
     .runtimeFolder = "aarch64-linux"},
};

} // namespace

const Platform &hostPlatform() { return kPlatforms[0]; }

const Platform &platformOf(const TargetSpec &target) {
  const Platform *platform = llvm::find_if(kPlatforms, [&](const Platform &platform) { return platform.triple == target.triple; });
  assert(platform != std::end(kPlatforms) && "a target of a platform that nobody described");
  return *platform;
}

} // namespace ingot
