// RUN: ingot-opt %s --ingot-emit-kernels --canonicalize --cse | FileCheck %s

// 24 columns are a vector of 16 and one of 8. A processor that makes a broadcast of 512 bits in its arithmetic units has no time for one in every row beside them, but
// multiplies by an element of memory at no cost: each vector has an element of its own, from an index that LLVM cannot tell to be the same.
// CHECK-LABEL: func.func private @region_0
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<2x64xf32>
// CHECK: %[[FLAT:.+]] = memref.reinterpret_cast %[[X]]
// CHECK: %[[HIDDEN:.+]] = llvm.inline_asm "", "=r,0" %{{.+}} : (i64) -> i64
// CHECK: %[[ZERO:.+]] = arith.index_cast %[[HIDDEN]]
// CHECK: scf.for %[[K:.+]] = %c0 to %c64 step %c2
// CHECK: vector.load %{{.+}} : memref<{{.+}}>, vector<16xf32>
// CHECK: vector.load %{{.+}} : memref<{{.+}}>, vector<8xf32>
// CHECK: %[[LEFT:.+]] = memref.load %[[FLAT]]
// CHECK: %[[AGAIN:.+]] = arith.addi %[[K]], %[[ZERO]]
// CHECK: %[[OWN:.+]] = memref.load %[[FLAT]]
// CHECK: vector.broadcast %[[LEFT]] : f32 to vector<16xf32>
// CHECK: vector.broadcast %[[OWN]] : f32 to vector<8xf32>
// Whole panels share the broadcast.
// CHECK-LABEL: func.func private @region_1
// CHECK-NOT: llvm.inline_asm
// CHECK: return
func.func @main(%x: memref<2x64xf32>, %w: memref<2x64x16xf32>, %y: memref<2x24xf32>, %z: memref<2x32xf32>, %arena: memref<0xi8> {ingot.arena},
                %weights: memref<0xi8> {ingot.weights}) attributes {ingot.input_count = 2 : i64, ingot.output_count = 2 : i64} {
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [2, 32], unroll = 2, lanes = 16, units = 1, parallel = false>
      : (memref<2x64xf32>, memref<2x64x16xf32>, memref<2x24xf32>) -> () {
  ^bb0(%a: tensor<2x64xf32>, %b: tensor<2x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<2x64xf32>, tensor<2x64x16xf32> -> tensor<2x24xf32>
    ingot.yield %0 : tensor<2x24xf32>
  }
  ingot.region ins(%x, %w) outs(%z) plan <family = contraction, tile = [2, 32], unroll = 2, lanes = 16, units = 1, parallel = false>
      : (memref<2x64xf32>, memref<2x64x16xf32>, memref<2x32xf32>) -> () {
  ^bb0(%a: tensor<2x64xf32>, %b: tensor<2x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<2x64xf32>, tensor<2x64x16xf32> -> tensor<2x32xf32>
    ingot.yield %0 : tensor<2x32xf32>
  }
  return
}
