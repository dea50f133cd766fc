// What lies where in control flow: `ingot-copy-views` leaves no value that a buffer of the plan stage cannot be.
// RUN: ingot-opt %s -ingot-copy-views -split-input-file | FileCheck %s

#nine = affine_map<()[s0] -> (9)>

// What a loop begins with is computed into the place of what it carries; the next value is, too, when nobody reads the old one any more.
// CHECK-LABEL: @own_places
// CHECK-COUNT-1: ingot.region
// CHECK: ingot.loop inits
// CHECK-COUNT-2: ingot.region
// CHECK-NOT: ingot.region
// CHECK: ingot.yield
// The caller's place cannot be the loop's.
// CHECK: %[[OUT:.*]] = ingot.region
// CHECK: return %[[OUT]]
func.func @own_places(%x: tensor<64xf32>) -> (tensor<64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %i = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %l0 = ingot.loop inits(%i) trips #nine counter 0 : (tensor<64xf32>) -> (tensor<64xf32>) {
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
  ingot.yield %n : tensor<64xf32>
  }
  return %l0 : tensor<64xf32>
}

// -----

#nine = affine_map<()[s0] -> (9)>

// A region that still reads the old value writes elsewhere, and a copy follows.
// CHECK-LABEL: @read_while_written
// CHECK: ingot.loop
// CHECK: %[[N:.*]] = ingot.region ins(%[[V:.*]]) :
// CHECK: %[[COPY:.*]] = ingot.region ins(%[[N]])
// CHECK: ingot.yield %[[COPY]]
func.func @read_while_written(%x: tensor<64xf32>) -> (tensor<64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %i = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %l0 = ingot.loop inits(%i) trips #nine counter 0 : (tensor<64xf32>) -> (tensor<64xf32>) {
  ^bb0(%v0: tensor<64xf32>):
  %n = ingot.region ins(%v0) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  ingot.yield %n : tensor<64xf32>
  }
  return %l0 : tensor<64xf32>
}

// -----

#nine = affine_map<()[s0] -> (9)>

// Two tensors that change places need a copy of each, and one of them in between.
// CHECK-LABEL: @swap
// CHECK: ingot.loop
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<64xf32>, %[[B:.*]]: tensor<64xf32>):
// CHECK: %[[T:.*]] = ingot.region ins(%[[B]])
// CHECK: %[[B2:.*]] = ingot.region ins(%[[A]])
// CHECK: %[[A2:.*]] = ingot.region ins(%[[T]])
// CHECK: ingot.yield %[[A2]], %[[B2]]
func.func @swap(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %i = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %j = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %l0, %l1 = ingot.loop inits(%i, %j) trips #nine counter 0 : (tensor<64xf32>, tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  ^bb0(%v0: tensor<64xf32>, %v1: tensor<64xf32>):
  ingot.yield %v1, %v0 : tensor<64xf32>, tensor<64xf32>
  }
  return %l0, %l1 : tensor<64xf32>, tensor<64xf32>
}

// -----

#nine = affine_map<()[s0] -> (9)>

// What is carried unchanged stays where it is.
// CHECK-LABEL: @identity
// CHECK: ingot.loop
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<64xf32>):
// CHECK-NEXT: ingot.yield %[[A]]
func.func @identity(%x: tensor<64xf32>) -> (tensor<64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %i = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %l0 = ingot.loop inits(%i) trips #nine counter 0 : (tensor<64xf32>) -> (tensor<64xf32>) {
  ^bb0(%v0: tensor<64xf32>):
  ingot.yield %v0 : tensor<64xf32>
  }
  return %l0 : tensor<64xf32>
}

// -----

#nine = affine_map<()[s0] -> (9)>

// Nobody else may read what a loop begins with, as the loop overwrites it.
// CHECK-LABEL: @captured_init
// CHECK: %[[I:.*]] = ingot.region ins(%arg0)
// CHECK: %[[COPY:.*]] = ingot.region ins(%[[I]])
// CHECK: ingot.loop inits(%[[COPY]])
// CHECK: ingot.region ins(%[[I]])
func.func @captured_init(%x: tensor<64xf32>) -> (tensor<64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %i = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %l0 = ingot.loop inits(%i) trips #nine counter 0 : (tensor<64xf32>) -> (tensor<64xf32>) {
  ^bb0(%v0: tensor<64xf32>):
  %t = ingot.region ins(%i) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %n = ingot.region ins(%t) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  ingot.yield %n : tensor<64xf32>
  }
  return %l0 : tensor<64xf32>
}

// -----

#nine = affine_map<()[s0] -> (9)>

// What is stacked is computed into its slice; one tensor that is carried and stacked is copied there.
// CHECK-LABEL: @stacked
// CHECK: ingot.loop
// CHECK: %[[T:.*]] = ingot.region
// CHECK: %[[N:.*]] = ingot.region ins(%[[T]])
// CHECK: %[[S:.*]] = ingot.region ins(%arg0)
// CHECK: %[[COPY:.*]] = ingot.region ins(%[[N]])
// CHECK: ingot.yield %[[N]], %[[S]], %[[COPY]]
func.func @stacked(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<9x64xf32>, tensor<9x64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %i = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %l0, %l1, %l2 = ingot.loop inits(%i) trips #nine counter 0 : (tensor<64xf32>) -> (tensor<64xf32>, tensor<9x64xf32>, tensor<9x64xf32>) {
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
  %s = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  ingot.yield %n, %s, %n : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
  }
  return %l0, %l1, %l2 : tensor<64xf32>, tensor<9x64xf32>, tensor<9x64xf32>
}

// -----

#nine = affine_map<()[s0] -> (9)>

// A view of what is carried is read after the place got its next value: a copy.
// CHECK-LABEL: @view_of_carried
// CHECK: ingot.loop
// CHECK: %[[T:.*]] = ingot.region ins(%arg0)
// CHECK: %[[N:.*]] = ingot.region ins(%[[T]])
// CHECK: %[[S:.*]] = ingot.region
// CHECK: %[[COPY:.*]] = ingot.region ins(%[[N]])
// CHECK: ingot.yield %[[COPY]], %[[S]]
func.func @view_of_carried(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<9x64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %i = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %l0, %l1 = ingot.loop inits(%i) trips #nine counter 0 : (tensor<64xf32>) -> (tensor<64xf32>, tensor<9x64xf32>) {
  ^bb0(%v0: tensor<64xf32>):
  %w = ingot.reshape %v0 : tensor<64xf32> -> tensor<8x8xf32>
  %t = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %n = ingot.region ins(%t) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %u = ingot.reshape %w : tensor<8x8xf32> -> tensor<64xf32>
  %s = ingot.region ins(%u) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  ingot.yield %n, %s : tensor<64xf32>, tensor<64xf32>
  }
  return %l0, %l1 : tensor<64xf32>, tensor<9x64xf32>
}
