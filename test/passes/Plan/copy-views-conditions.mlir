// What lies where in loops with conditions, and in branches: `ingot-copy-views` leaves no value that a buffer of the plan stage cannot be.
// RUN: ingot-opt %s -ingot-copy-views -split-input-file | FileCheck %s

#nine = affine_map<()[s0] -> (9)>

// The next condition is computed into the place of the first one, which is the loop's own.
// CHECK-LABEL: @until
// CHECK: %[[C:.*]] = ingot.region
// CHECK: ingot.unary is_nan
// CHECK: ingot.loop while %[[C]]
// CHECK: %[[D:.*]] = ingot.region ins(%arg1)
// CHECK-NOT: ingot.region
// CHECK: ingot.yield %[[D]],
func.func @until(%x: tensor<64xf32>, %f: tensor<f32>) -> (tensor<64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %c = ingot.region ins(%f) : (tensor<f32>) -> tensor<i1> {
  ^bb0(%a: tensor<f32>):
    %r = ingot.unary is_nan %a : tensor<f32> -> tensor<i1>
    ingot.yield %r : tensor<i1>
  }
  %i = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %l0 = ingot.loop while %c inits(%i) trips #nine counter 0 : (tensor<i1>, tensor<64xf32>) -> (tensor<64xf32>) {
  ^bb0(%v0: tensor<64xf32>):
  %t = ingot.region ins(%v0) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %n = ingot.region ins(%t) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %d = ingot.region ins(%f) : (tensor<f32>) -> tensor<i1> {
  ^bb0(%a: tensor<f32>):
    %r = ingot.unary is_nan %a : tensor<f32> -> tensor<i1>
    ingot.yield %r : tensor<i1>
  }
  ingot.yield %d, %n : tensor<i1>, tensor<64xf32>
  }
  return %l0 : tensor<64xf32>
}

// -----

#nine = affine_map<()[s0] -> (9)>

// The caller's condition is copied, and so is one that somebody else reads.
// CHECK-LABEL: @condition_of_caller
// CHECK: %[[C:.*]] = ingot.region ins(%arg1)
// CHECK: ingot.loop while %[[C]]
// CHECK: %[[D:.*]] = ingot.region ins(%arg1)
// CHECK: ingot.yield %[[D]],
func.func @condition_of_caller(%x: tensor<64xf32>, %c: tensor<i1>) -> (tensor<64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %i = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %l0 = ingot.loop while %c inits(%i) trips #nine counter 0 : (tensor<i1>, tensor<64xf32>) -> (tensor<64xf32>) {
  ^bb0(%v0: tensor<64xf32>):
  %t = ingot.region ins(%v0) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %n = ingot.region ins(%t) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  ingot.yield %c, %n : tensor<i1>, tensor<64xf32>
  }
  return %l0 : tensor<64xf32>
}

// -----

#nine = affine_map<()[s0] -> (9)>

// A branch computes into the place of the result; what is from outside is copied there.
// CHECK-LABEL: @branch
// CHECK: %[[Y:.*]] = ingot.if
// CHECK-NEXT: %[[T:.*]] = ingot.region
// CHECK-NOT: ingot.region
// CHECK: ingot.yield %[[T]]
// CHECK: else
// CHECK-NEXT: %[[COPY:.*]] = ingot.region ins(%arg0)
// CHECK: ingot.yield %[[COPY]]
// CHECK: ingot.region ins(%[[Y]])
func.func @branch(%x: tensor<64xf32>, %c: tensor<i1>) -> (tensor<64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %y = ingot.if %c symbols [] : (tensor<i1>) -> tensor<64xf32> {
  %t = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  ingot.yield %t : tensor<64xf32>
  } else {
  ingot.yield %x : tensor<64xf32>
  }
  return %y : tensor<64xf32>
}
