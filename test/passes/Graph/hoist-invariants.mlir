// RUN: ingot-opt %s -ingot-hoist-invariants | FileCheck %s

// What a body computes from values of outside is the same in every trip; what it carries, or counts, is not.
// CHECK-LABEL: @loop
// CHECK: %[[ONE:.*]] = ingot.constant
// CHECK: %[[EXP:.*]] = ingot.unary exp %arg1
// CHECK: %[[SUM:.*]] = ingot.binary add %[[EXP]], %[[ONE]]
// CHECK: ingot.loop
// CHECK-NEXT: ^bb0(%[[V:.*]]: tensor<4xf32>):
// CHECK-NEXT: ingot.dims
// CHECK: ingot.binary mul %[[V]], %[[SUM]]
// CHECK: ingot.yield
func.func @loop(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = ingot.loop inits(%x) trips affine_map<()[s0] -> (9)> counter 0 : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%v: tensor<4xf32>):
    %trip = ingot.dims affine_map<()[s0] -> (s0)> : tensor<i64>
    %one = ingot.constant dense<1.0> : tensor<f32>
    %e = ingot.unary exp %y : tensor<4xf32> -> tensor<4xf32>
    %s = ingot.binary add %e, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
    %m = ingot.binary mul %v, %s : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    %f = ingot.cast %trip to f32 : tensor<i64> -> tensor<f32>
    %n = ingot.binary add %m, %f : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
    ingot.yield %n : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// The slice of a trip stays in it, with all that is computed from it.
// CHECK-LABEL: @counted_slice
// CHECK: ingot.loop
// CHECK: ingot.slice
// CHECK: ingot.unary relu
// CHECK: ingot.yield
func.func @counted_slice(%x: tensor<9x4xf32>) -> tensor<9x1x4xf32> {
  %0 = ingot.loop trips affine_map<()[s0] -> (9)> counter 0 : () -> tensor<9x1x4xf32> {
    %r = ingot.slice %x [-9223372036854775808, 0] [1, 4] [1, 1] bounds affine_map<()[s0] -> (s0, 0, 1, 4)> : tensor<9x4xf32> -> tensor<1x4xf32>
    %y = ingot.unary relu %r : tensor<1x4xf32> -> tensor<1x4xf32>
    ingot.yield %y : tensor<1x4xf32>
  }
  return %0 : tensor<9x1x4xf32>
}

// A gather may fail, and the loop may make no trip.
// CHECK-LABEL: @can_fail
// CHECK: ingot.loop
// CHECK: ingot.gather
func.func @can_fail(%x: tensor<4xf32>, %at: tensor<4xi64>) -> tensor<4xf32> {
  %0 = ingot.loop inits(%x) trips affine_map<()[s0, s1] -> (s1)> counter 0 : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%v: tensor<4xf32>):
    %g = ingot.gather %x, %at axis 0 : tensor<4xf32>, tensor<4xi64> -> tensor<4xf32>
    %m = ingot.binary mul %v, %g : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    ingot.yield %m : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// A branch may not be taken: only what the compiler computes from constants leaves it.
// CHECK-LABEL: @branch
// CHECK: %[[W:.*]] = ingot.constant
// CHECK: %[[T:.*]] = ingot.transpose %[[W]]
// CHECK: ingot.if
// CHECK-NEXT: ingot.unary exp
// CHECK-NEXT: ingot.matmul %{{.*}}, %[[T]]
func.func @branch(%c: tensor<i1>, %x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = ingot.if %c symbols [] : (tensor<i1>) -> tensor<4x4xf32> {
    %w = ingot.constant #ingot.weight<0, "w"> : tensor<4x4xf32>
    %t = ingot.transpose %w [1, 0] : tensor<4x4xf32> -> tensor<4x4xf32>
    %e = ingot.unary exp %x : tensor<4x4xf32> -> tensor<4x4xf32>
    %m = ingot.matmul %e, %t : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    ingot.yield %m : tensor<4x4xf32>
  } else {
    ingot.yield %x : tensor<4x4xf32>
  }
  return %0 : tensor<4x4xf32>
}

// From the inner body to the outer one, and out of it.
// CHECK-LABEL: @nested
// CHECK: %[[EXP:.*]] = ingot.unary exp %arg1
// CHECK: ingot.loop
// CHECK: ingot.loop
// CHECK-NEXT: ^bb0
// CHECK-NEXT: ingot.binary mul %{{.*}}, %[[EXP]]
func.func @nested(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = ingot.loop inits(%x) trips affine_map<()[s0, s1] -> (9)> counter 0 : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%v: tensor<4xf32>):
    %1 = ingot.loop inits(%v) trips affine_map<()[s0, s1] -> (s0)> counter 1 : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%u: tensor<4xf32>):
      %e = ingot.unary exp %y : tensor<4xf32> -> tensor<4xf32>
      %m = ingot.binary mul %u, %e : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
      ingot.yield %m : tensor<4xf32>
    }
    ingot.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
