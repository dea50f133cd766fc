// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize),ingot-emit-kernels)' -verify-diagnostics

// A region that drops a result leaves the kernel no memory to work in.
func.func @unique(%x: memref<5x1xf32>, %first: memref<5xi64>, %count: memref<i64>) {
  // expected-error @+1 {{'ingot.region' op does not yield all results of 'ingot.unique', which works in them}}
  ingot.region ins(%x) outs(%first, %count) : (memref<5x1xf32>, memref<5xi64>, memref<i64>) -> () {
  ^bb0(%x0: tensor<5x1xf32>):
    %0:4 = ingot.unique %x0 : tensor<5x1xf32> -> tensor<5xi64>, tensor<5xi64>, tensor<5xi64>, tensor<i64>
    ingot.yield %0#0, %0#3 : tensor<5xi64>, tensor<i64>
  }
  return
}
