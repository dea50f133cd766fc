// Threads that are done take over what others have not begun, in pieces that do nothing twice.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-estimate-costs,ingot-auto-parallelize,ingot-balance-shares))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-estimate-costs,ingot-auto-parallelize,ingot-balance-shares{least=100000}))' | FileCheck %s --check-prefix=NONE
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-estimate-costs,ingot-auto-parallelize,ingot-balance-shares{piece=1000}))' | FileCheck %s --check-prefix=LARGE
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-estimate-costs,ingot-auto-parallelize,ingot-balance-shares{piece=0}))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-balance-shares))' | FileCheck %s --check-prefix=NONE

// NONE-NOT: ingot.pieces

// A band of rows is cut across: 8 blocks of 96 columns.
// CHECK-LABEL: func @bands
// CHECK: family = contraction, tile = [4, 96]{{.*}} units = 1024, parallel = true>
// CHECK-SAME: ingot.pieces = array<i64: 8, 1>
// Pieces of a million cycles are three of the eight blocks of a share of 3.2 million.
// LARGE-LABEL: func @bands
// LARGE: ingot.pieces = array<i64: 8, 3>
func.func @bands(%x: tensor<512x256xf32>, %w: tensor<48x256x16xf32>) -> tensor<512x768xf32> {
  %r = ingot.region ins(%x, %w) : (tensor<512x256xf32>, tensor<48x256x16xf32>) -> tensor<512x768xf32> {
  ^bb0(%a: tensor<512x256xf32>, %b: tensor<48x256x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<512x256xf32>, tensor<48x256x16xf32> -> tensor<512x768xf32>
    ingot.yield %0 : tensor<512x768xf32>
  }
  return %r : tensor<512x768xf32>
}

// Few rows beside many weights: shares are blocks of columns, and pieces whole ones, all rows of each.
// CHECK-LABEL: func @columns
// CHECK: family = contraction, tile = [6, 64]{{.*}} units = 768, parallel = true>
// CHECK-SAME: ingot.grid = array<i64: 1, 1000, 48, 1000, 4, 1000, 4, 1000>
// CHECK-SAME: ingot.pieces = array<i64: 0, 16>
func.func @columns(%x: tensor<24x1024xf32>, %w: tensor<192x1024x16xf32>) -> tensor<24x3072xf32> {
  %r = ingot.region ins(%x, %w) : (tensor<24x1024xf32>, tensor<192x1024x16xf32>) -> tensor<24x3072xf32> {
  ^bb0(%a: tensor<24x1024xf32>, %b: tensor<192x1024x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<24x1024xf32>, tensor<192x1024x16xf32> -> tensor<24x3072xf32>
    ingot.yield %0 : tensor<24x3072xf32>
  }
  return %r : tensor<24x3072xf32>
}

// Too little to do.
// CHECK-LABEL: func @small
// CHECK-NOT: ingot.pieces
func.func @small(%x: tensor<64x64xf32>, %w: tensor<4x64x16xf32>) -> tensor<64x64xf32> {
  %r = ingot.region ins(%x, %w) : (tensor<64x64xf32>, tensor<4x64x16xf32>) -> tensor<64x64xf32> {
  ^bb0(%a: tensor<64x64xf32>, %b: tensor<4x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<64x64xf32>, tensor<4x64x16xf32> -> tensor<64x64xf32>
    ingot.yield %0 : tensor<64x64xf32>
  }
  return %r : tensor<64x64xf32>
}

// What moves data would fetch it from another core.
// CHECK-LABEL: func @moves
// CHECK-NOT: ingot.pieces
func.func @moves(%x: tensor<2048x2048xf32>) -> tensor<2048x2048xf32> {
  %r = ingot.region ins(%x) : (tensor<2048x2048xf32>) -> tensor<2048x2048xf32> {
  ^bb0(%a: tensor<2048x2048xf32>):
    %0 = ingot.unary exp %a : tensor<2048x2048xf32> -> tensor<2048x2048xf32>
    ingot.yield %0 : tensor<2048x2048xf32>
  }
  return %r : tensor<2048x2048xf32>
}

// A function that computes sizes is not looked at.
// CHECK-LABEL: func @sizes_prepare
func.func @sizes_prepare(%sizes: memref<2xi64>) -> i64 attributes {ingot.prepares = @bands} {
  %c0 = arith.constant 0 : index
  %0 = memref.load %sizes[%c0] : memref<2xi64>
  return %0 : i64
}
