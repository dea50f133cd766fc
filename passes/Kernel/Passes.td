// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PASSES_TD
#define PASSES_KERNEL_PASSES_TD

include "mlir/Pass/PassBase.td"

def EmitKernelsPass : Pass<"ingot-emit-kernels", "::mlir::ModuleOp"> {
  let summary = "write the loops of every planned region";
  let description = [{
    Turns each planned `ingot.region` into a function `region_<n>(buffers..., begin, end)` whose loops the region's family writes, and calls it from the model's
    function with the thread's share of the units. Regions that are alike (same body, buffer types and plan) share one function. The model's function gets the
    arguments `(team, thread, threads, failure)`, and a barrier wherever a region reads or overwrites what another thread may have written.
    A region that can meet a value it cannot process (an index or a length of a sequence out of range, an integer divisor of zero) checks for it, goes on with a
    harmless value and writes the number of its site to the record `failure`; the module's attribute `ingot.failure_sites` lists the sites.
    Example: test/passes/Kernel/failure-sites.mlir
    Obeys the plan and decides nothing. Example: test/passes/Kernel/emit-kernels.mlir
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect"];
}

def ExpandMathPass : Pass<"ingot-expand-math"> {
  let summary = "functions of vectors as arithmetic";
  let description = [{
    Math operations on vectors of f32 become polynomials and quotients of them, a few cycles per vector; operations on vectors that have no formula (all of f64, and
    `arith.remf`) are taken apart, because LLVM would call the library for each element anyway. Scalars and what is an instruction stay. Needs fused multiply-add.

    Largest error against the exact result, in units in the last place, over the range of f32 (denormal numbers, infinities and NaN included):
    acos 1.3, acosh 2.4, asin 1.9, asinh 2.1, atan 1.4, atanh 2.4, cos 1.6, cosh 1.5, erf 6.1, exp 1.0, expm1 1.5, log 0.9, log1p 1.5, pow 1.0, sin 1.5, sinh 1.6, tan 3.0,
    tanh 4.4 (sampled: every 61st or 151st number).
    Products of pairs of bf16 and conversions to bf16 are instructions with `avx512-bf16`; else they become arithmetic, too: two multiply-adds in f32 (denormal numbers
    stay), and integers. Products of groups of four bytes are instructions with `avx512-vnni`; else two of pairs of words with `word-pairs`, or multiplications of i32:
    all of them exact.
    With `avx512` the exponential of SiLU, whose arguments are bounded, takes 2^(j/32) from a table in two registers: two terms of a polynomial instead of five.
    `sin`, `cos` and `tan` of |x| > 2^17 are the library's. Tested by test/passes/Kernel/ExpandMathTest.cpp. Example: test/passes/Kernel/expand-math.mlir
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
  let options = [Option<"avx512", "avx512", "bool", "false", "the processor looks a vector up in a table of 32 numbers">,
                 Option<"avx512Bf16", "avx512-bf16", "bool", "false", "the processor multiplies pairs of bf16">,
                 Option<"avx512Vnni", "avx512-vnni", "bool", "false", "the processor multiplies groups of four bytes">,
                 Option<"wordPairs", "word-pairs", "bool", "false", "the processor multiplies pairs of 16-bit integers and adds them up (x86)">];
}

def BypassCachesPass : Pass<"ingot-bypass-caches", "::mlir::func::FuncOp"> {
  let summary = "write results past the caches where the plan says so";
  let description = [{
    Stores of vectors to the arguments that `ingot-emit-kernels` has marked with `ingot.bypass` become non-temporal, where they are proven to write whole cache lines:
    a vector is a line, or the innermost loop goes on behind it, and what its address is computed from is divided by its size. Tails, and what lies elsewhere, are
    written as before. Nothing fetches the lines of such a buffer. A kernel that reads a marked buffer, or does anything else with it, stays as it is. Where the
    buffer is the caller's, which begins where it likes, the kernel is there twice, and each call chooses. Behind its last store a kernel has a fence of x86-64: only
    there may regions be marked. Behind `canonicalize` and `cse`, which make addresses plain.
    Example: test/passes/Kernel/bypass-caches.mlir
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def VerifyKernelPass : Pass<"ingot-verify-kernel", "::mlir::func::FuncOp"> {
  let summary = "check what the kernel stage promises";
  let description = [{
    Loops, vectors of at most two registers, scalars and buffers, no `ingot` operation; nothing that allocates or calls the library to copy, and at most 64 KiB of
    stack per buffer.
    Example: test/passes/Kernel/verify-kernel.mlir
  }];
}

#endif
