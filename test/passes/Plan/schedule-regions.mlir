// Two large tensors that are each reduced to a small one: one after the other, so that the second takes the place of the first.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-schedule-regions))' -split-input-file | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-schedule-regions{most-states=1}))' -split-input-file | FileCheck %s --check-prefix=BEAM
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-schedule-regions))' -split-input-file | FileCheck %s --check-prefix=UNPLANNED

// CHECK-LABEL: func @branches
// CHECK-SAME: ingot.schedule = {bound = 262272 : i64, chosen = 262272 : i64, exact = true, given = 524352 : i64}
// CHECK: ingot.unary exp
// CHECK: ingot.reduce sum
// CHECK: ingot.unary relu
// CHECK: ingot.reduce max
// CHECK: ingot.binary add
// BEAM-LABEL: func @branches
// BEAM-SAME: chosen = 262272 : i64, exact = {{true|false}}, given = 524352 : i64
// UNPLANNED-LABEL: func @branches
// UNPLANNED-NOT: ingot.schedule
func.func @branches(%x: tensor<16x4096xf32>) -> tensor<16xf32> {
  %a = ingot.region ins(%x) : (tensor<16x4096xf32>) -> tensor<16x4096xf32> {
  ^bb0(%0: tensor<16x4096xf32>):
    %1 = ingot.unary exp %0 : tensor<16x4096xf32> -> tensor<16x4096xf32>
    ingot.yield %1 : tensor<16x4096xf32>
  }
  %b = ingot.region ins(%x) : (tensor<16x4096xf32>) -> tensor<16x4096xf32> {
  ^bb0(%0: tensor<16x4096xf32>):
    %1 = ingot.unary relu %0 : tensor<16x4096xf32> -> tensor<16x4096xf32>
    ingot.yield %1 : tensor<16x4096xf32>
  }
  %c = ingot.region ins(%a) : (tensor<16x4096xf32>) -> tensor<16xf32> {
  ^bb0(%0: tensor<16x4096xf32>):
    %1 = ingot.reduce sum %0 axes [1] : tensor<16x4096xf32> -> tensor<16xf32>
    ingot.yield %1 : tensor<16xf32>
  }
  %d = ingot.region ins(%b) : (tensor<16x4096xf32>) -> tensor<16xf32> {
  ^bb0(%0: tensor<16x4096xf32>):
    %1 = ingot.reduce max %0 axes [1] : tensor<16x4096xf32> -> tensor<16xf32>
    ingot.yield %1 : tensor<16xf32>
  }
  %e = ingot.region ins(%c, %d) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32> {
  ^bb0(%0: tensor<16xf32>, %1: tensor<16xf32>):
    %2 = ingot.binary add %0, %1 : tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
    ingot.yield %2 : tensor<16xf32>
  }
  return %e : tensor<16xf32>
}

// -----

// An order that is as good as any stays as it is.
// CHECK-LABEL: func @chain
// CHECK: ingot.unary exp
// CHECK: ingot.unary relu
// UNPLANNED-LABEL: func @chain
// BEAM-LABEL: func @chain
func.func @chain(%x: tensor<16x4096xf32>) -> (tensor<16x4096xf32>, tensor<16x4096xf32>) {
  %a = ingot.region ins(%x) : (tensor<16x4096xf32>) -> tensor<16x4096xf32> {
  ^bb0(%0: tensor<16x4096xf32>):
    %1 = ingot.unary exp %0 : tensor<16x4096xf32> -> tensor<16x4096xf32>
    ingot.yield %1 : tensor<16x4096xf32>
  }
  %b = ingot.region ins(%x) : (tensor<16x4096xf32>) -> tensor<16x4096xf32> {
  ^bb0(%0: tensor<16x4096xf32>):
    %1 = ingot.unary relu %0 : tensor<16x4096xf32> -> tensor<16x4096xf32>
    ingot.yield %1 : tensor<16x4096xf32>
  }
  return %b, %a : tensor<16x4096xf32>, tensor<16x4096xf32>
}

// -----

// The function that computes the sizes of a run has nothing to order; it is there as soon as buffers are planned.
// CHECK-LABEL: func @sizes
// CHECK-NOT: ingot.schedule
// UNPLANNED-LABEL: func @sizes
// BEAM-LABEL: func @sizes
func.func @sizes(%values: memref<2xi64>) -> i64 attributes {ingot.prepares = @model} {
  %first = arith.constant 0 : index
  %size = memref.load %values[%first] : memref<2xi64>
  return %size : i64
}
