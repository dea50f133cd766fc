// A share in pieces: what runs them offers the share, runs the first piece, and takes others until there are none.
// RUN: ingot-opt %s -ingot-emit-kernels -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-DAG: func.func private @ingot_team_offer(!llvm.ptr, index, index, index, index, index) -> index
// CHECK-DAG: func.func private @ingot_team_take(!llvm.ptr, index, index, index) -> index

// The model's function calls it with team, thread, threads and the region's number; a second region alike has the same code and another number.
// CHECK-LABEL: func.func @across
// CHECK-SAME: %[[TEAM:[a-z0-9]+]]: !llvm.ptr, %[[THREAD:[a-z0-9]+]]: index, %[[THREADS:[a-z0-9]+]]: index
// CHECK: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: call @pieces_of_region_0(%{{[^)]*}}, %[[TEAM]], %[[THREAD]], %[[THREADS]], %[[ZERO]]) {ingot.profile_number = 0 : i32}
// CHECK: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: call @pieces_of_region_0(%{{[^)]*}}, %[[TEAM]], %[[THREAD]], %[[THREADS]], %[[ONE]]) {ingot.profile_number = 1 : i32}

// The kernel has its share, and the blocks of columns.
// CHECK-LABEL: func.func private @region_0
// CHECK-SAME: %[[BEGIN:[a-z0-9]+]]: index, %[[END:[a-z0-9]+]]: index, %[[FROM:[a-z0-9]+]]: index, %[[TO:[a-z0-9]+]]: index)
// CHECK: scf.for %{{.*}} = %[[FROM]] to %[[TO]]

// CHECK-LABEL: func.func private @pieces_of_region_0
// CHECK-SAME: %[[TEAM:[a-z0-9]+]]: !llvm.ptr, %[[THREAD:[a-z0-9]+]]: index, %[[THREADS:[a-z0-9]+]]: index, %[[REGION:[a-z0-9]+]]: index)
// CHECK: %[[FIRST:.*]] = {{.*}}call @ingot_team_offer(%[[TEAM]], %[[THREAD]], %[[REGION]], %c0{{[_0-9]*}}, %c4{{[_0-9]*}}, %c1{{[_0-9]*}})
// CHECK: scf.while (%[[OWNER:.*]] = %[[THREAD]], %[[FROM:.*]] = %{{.*}}, %[[TO:.*]] = %[[FIRST]])
// CHECK: %[[LOW:.*]] = arith.muli %[[OWNER]]
// CHECK: %[[BEGIN:.*]] = arith.divui %[[LOW]], %[[THREADS]]
// CHECK: %[[END:.*]] = arith.divui %{{.*}}, %[[THREADS]]
// CHECK: call @region_0(%{{.*}}, %[[BEGIN]], %[[END]], %[[FROM]], %[[TO]])
// CHECK: call @ingot_team_take(%[[TEAM]], %[[THREAD]], %[[REGION]]
// CHECK: scf.condition
func.func @across(%x: memref<48x64xf32>, %w: memref<4x64x16xf32>, %y: memref<48x64xf32>, %z: memref<48x64xf32>) {
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 16], unroll = 2, lanes = 16, units = 48, parallel = true> {ingot.pieces = array<i64: 4, 1>}
      : (memref<48x64xf32>, memref<4x64x16xf32>, memref<48x64xf32>) -> () {
  ^bb0(%a: tensor<48x64xf32>, %b: tensor<4x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<48x64xf32>, tensor<4x64x16xf32> -> tensor<48x64xf32>
    ingot.yield %0 : tensor<48x64xf32>
  }
  ingot.region ins(%x, %w) outs(%z) plan <family = contraction, tile = [4, 16], unroll = 2, lanes = 16, units = 48, parallel = true> {ingot.pieces = array<i64: 4, 1>}
      : (memref<48x64xf32>, memref<4x64x16xf32>, memref<48x64xf32>) -> () {
  ^bb0(%a: tensor<48x64xf32>, %b: tensor<4x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<48x64xf32>, tensor<4x64x16xf32> -> tensor<48x64xf32>
    ingot.yield %0 : tensor<48x64xf32>
  }
  return
}

// -----

// Pieces of units are shares of the kernel as it is.
// CHECK-LABEL: func.func private @pieces_of_region_0
// CHECK: %[[BEGIN:.*]] = arith.divui
// CHECK: %[[END:.*]] = arith.divui
// CHECK: call @ingot_team_offer(%{{.*}}, %{{.*}}, %{{.*}}, %[[BEGIN]], %[[END]], %c2{{[_0-9]*}})
// CHECK: scf.while (%{{.*}} = %{{.*}}, %[[FROM:.*]] = %[[BEGIN]], %[[TO:.*]] = %{{.*}})
// CHECK: call @region_0(%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %[[FROM]], %[[TO]])
func.func @units(%x: memref<1x64xf32>, %w: memref<16x64x16xf32>, %y: memref<1x256xf32>) {
  ingot.region ins(%x, %w) outs(%y) plan <family = gemv, tile = [1, 16], unroll = 2, lanes = 16, units = 16, parallel = true> {ingot.pieces = array<i64: 0, 2>}
      : (memref<1x64xf32>, memref<16x64x16xf32>, memref<1x256xf32>) -> () {
  ^bb0(%a: tensor<1x64xf32>, %b: tensor<16x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<1x64xf32>, tensor<16x64x16xf32> -> tensor<1x256xf32>
    ingot.yield %0 : tensor<1x256xf32>
  }
  return
}

// -----

func.func @no_blocks(%x: memref<1x64xf32>, %w: memref<16x64x16xf32>, %y: memref<1x256xf32>) {
  // expected-error @+1 {{'ingot.region' op is planned in pieces of blocks of columns, which the family 'gemv' does not have}}
  ingot.region ins(%x, %w) outs(%y) plan <family = gemv, tile = [1, 16], unroll = 2, lanes = 16, units = 16, parallel = true> {ingot.pieces = array<i64: 4, 2>}
      : (memref<1x64xf32>, memref<16x64x16xf32>, memref<1x256xf32>) -> () {
  ^bb0(%a: tensor<1x64xf32>, %b: tensor<16x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<1x64xf32>, tensor<16x64x16xf32> -> tensor<1x256xf32>
    ingot.yield %0 : tensor<1x256xf32>
  }
  return
}
