// RUN: ingot-opt %s -ingot-emit-kernels -mlir-print-local-scope | FileCheck %s

// An indexed dim that may be empty at run time: reported, and nothing is read when it is.
// CHECK: [loc({{.*}}), "index out of range"]
// CHECK-LABEL: func.func @gather_from_none(
// CHECK: func.func private @region_0(
// CHECK: %[[NONE:.*]] = arith.cmpi sle
// CHECK: scf.if %[[NONE]]
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK: } else {
// CHECK: arith.cmpi uge
// CHECK: memref.load
func.func @gather_from_none(%x: memref<24xf32>, %i: memref<2xi64>, %y: memref<2xf32>, %values: memref<1xi64> {ingot.values})
    attributes {ingot.symbols = ["length"], ingot.ranges = [array<i64: 1, 24>]} {
  ingot.region ins(%x, %i) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 1, parallel = false>
      strides [affine_map<()[s0] -> (1)>, affine_map<()[s0] -> (1)>, affine_map<()[s0] -> (1)>]
      : (memref<24xf32>, memref<2xi64>, memref<2xf32>) -> () {
  ^bb0(%in: tensor<?xf32, #ingot.dims<()[s0] -> (s0 - 1)>>, %at: tensor<2xi64>):
    %0 = ingot.gather_elements %in, %at axis 0 : tensor<?xf32, #ingot.dims<()[s0] -> (s0 - 1)>>, tensor<2xi64> -> tensor<2xf32>
    ingot.yield %0 : tensor<2xf32>
  }
  return
}
