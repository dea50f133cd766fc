// RUN: ingot-opt %s -ingot-verify-llvm -split-input-file -verify-diagnostics

llvm.func @ingot_team_barrier(!llvm.ptr)
llvm.func @ingot_profiler_mark(!llvm.ptr, i64, i32)
llvm.func @tanhf(f32) -> f32
llvm.func @pow(f64, f64) -> f64
llvm.func @good(%x: f32) -> f32 {
  %0 = llvm.call @tanhf(%x) : (f32) -> f32
  llvm.return %0 : f32
}

// -----

// expected-error @+1 {{'llvm.func' op is called but known neither to the runtime nor to libm}}
llvm.func @malloc(i64) -> !llvm.ptr

// -----

llvm.func @leftover(%x: f32) -> f32 {
  // expected-error @+1 {{'arith.addf' op is left after the llvm stage}}
  %0 = arith.addf %x, %x : f32
  llvm.return %0 : f32
}

// -----

llvm.func @cast(%x: i64) {
  // expected-error @+1 {{'builtin.unrealized_conversion_cast' op is left after the llvm stage}}
  %0 = builtin.unrealized_conversion_cast %x : i64 to index
  llvm.return
}
