// What the verifiers of control flow and of results whose size depends on data refuse.
// RUN: ingot-opt %s -split-input-file -verify-diagnostics

func.func @if_condition(%c: tensor<1xi1>) {
  // expected-error @+1 {{'ingot.if' op needs a condition of one boolean, has 'tensor<1xi1>'}}
  ingot.if %c symbols [] : (tensor<1xi1>) -> () {
    ingot.yield
  } else {
    ingot.yield
  }
  return
}

// -----

func.func @if_condition_without_rank(%c: tensor<*xi1>) {
  // expected-error @+1 {{'ingot.if' op needs a condition of one boolean, has 'tensor<*xi1>'}}
  ingot.if %c symbols [] : (tensor<*xi1>) -> () {
    ingot.yield
  } else {
    ingot.yield
  }
  return
}

// -----

func.func @if_then_dims(%c: tensor<i1>) {
  // expected-error @+1 {{'ingot.if' op has 1 symbols and 0 values for them in 'then'}}
  ingot.if %c symbols [0] else affine_map<() -> (3)> : (tensor<i1>) -> () {
    ingot.yield
  } else {
    ingot.yield
  }
  return
}

// -----

func.func @if_else_dims(%c: tensor<i1>) {
  // expected-error @+1 {{'ingot.if' op has 1 symbols and 2 values for them in 'else'}}
  ingot.if %c symbols [0] then affine_map<() -> (3)> else affine_map<() -> (3, 4)> : (tensor<i1>) -> () {
    ingot.yield
  } else {
    ingot.yield
  }
  return
}

// -----

func.func @if_without_yield(%c: tensor<i1>, %x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.if' op body must end with 'ingot.yield'}}
  ingot.if %c symbols [] : (tensor<i1>) -> () {
    %0 = ingot.unary relu %x : tensor<4xf32> -> tensor<4xf32>
  } else {
    ingot.yield
  }
  return
}

// -----

func.func @if_yield_count(%c: tensor<i1>, %x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.if' op has 1 results, a body yields 2}}
  %0 = ingot.if %c symbols [] : (tensor<i1>) -> tensor<4xf32> {
    ingot.yield %x : tensor<4xf32>
  } else {
    ingot.yield %x, %x : tensor<4xf32>, tensor<4xf32>
  }
  return
}

// -----

func.func @if_yield_element(%c: tensor<i1>, %x: tensor<4xi32>, %y: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.if' op yields 'tensor<4xi32>' where the result is 'tensor<4xf32>'}}
  %0 = ingot.if %c symbols [] : (tensor<i1>) -> tensor<4xf32> {
    ingot.yield %y : tensor<4xf32>
  } else {
    ingot.yield %x : tensor<4xi32>
  }
  return
}

// -----

// A dim may differ only where the result has a symbol that the operation defines.
func.func @if_yield_dim(%c: tensor<i1>, %x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.if' op yields 'tensor<4xf32>' where the result is 'tensor<?xf32, #ingot.dims<()[s0, s1] -> (s1)>>'}}
  %0 = ingot.if %c symbols [0] then affine_map<() -> (4)> else affine_map<() -> (4)> : (tensor<i1>) -> tensor<?xf32, #ingot.dims<()[s0, s1] -> (s1)>> {
    ingot.yield %x : tensor<4xf32>
  } else {
    ingot.yield %x : tensor<4xf32>
  }
  return
}

// -----

func.func @loop_trips() {
  // expected-error @+1 {{'ingot.loop' op needs one expression for the number of its trips}}
  ingot.loop trips affine_map<() -> (1, 2)> counter 0 : () -> () {
    ingot.yield
  }
  return
}

// -----

func.func @loop_condition(%c: tensor<i8>) {
  // expected-error @+1 {{'ingot.loop' op needs a condition of one boolean, has 'tensor<i8>'}}
  ingot.loop while %c trips affine_map<() -> (1)> counter 0 : (tensor<i8>) -> () {
    ingot.yield
  }
  return
}

// -----

func.func @loop_without_yield() {
  // expected-error @+1 {{'ingot.loop' op body must end with 'ingot.yield'}}
  ingot.loop trips affine_map<() -> (1)> counter 0 : () -> () {
    %0 = ingot.constant dense<0.0> : tensor<4xf32>
  }
  return
}

// -----

func.func @loop_yield_count(%c: tensor<i1>, %x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.loop' op has 1 carried tensors and 1 results, its body takes 1 tensors and yields 1}}
  %0 = ingot.loop while %c inits(%x) trips affine_map<() -> (1)> counter 0 : (tensor<i1>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    ingot.yield %a : tensor<4xf32>
  }
  return
}

// -----

func.func @loop_argument_count(%x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.loop' op has 1 carried tensors and 1 results, its body takes 0 tensors and yields 1}}
  %0 = ingot.loop inits(%x) trips affine_map<() -> (1)> counter 0 : (tensor<4xf32>) -> tensor<4xf32> {
    ingot.yield %x : tensor<4xf32>
  }
  return
}

// -----

func.func @loop_next_condition(%c: tensor<i1>, %x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.loop' op yields 'tensor<4xf32>' as the condition of the next trip}}
  %0 = ingot.loop while %c inits(%x) trips affine_map<() -> (1)> counter 0 : (tensor<i1>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    ingot.yield %a, %a : tensor<4xf32>, tensor<4xf32>
  }
  return
}

// -----

func.func @loop_carried(%x: tensor<4xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{'ingot.loop' op carries 'tensor<4xf32>' into 'tensor<4xf32>' and yields 'tensor<3xf32>' for 'tensor<4xf32>'}}
  %0 = ingot.loop inits(%x) trips affine_map<() -> (1)> counter 0 : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    ingot.yield %y : tensor<3xf32>
  }
  return
}

// -----

func.func @loop_stacked(%x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.loop' op stacks 'tensor<4xf32>' as 'tensor<3x4xf32>'}}
  %0 = ingot.loop trips affine_map<() -> (2)> counter 0 : () -> tensor<3x4xf32> {
    ingot.yield %x : tensor<4xf32>
  }
  return
}

// -----

func.func @nonzero_indices(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'ingot.nonzero' op has a result 'tensor<3x6xi64>', which must be 'tensor<2x6xi64>'}}
  %0:2 = ingot.nonzero %x : tensor<2x3xf32> -> tensor<3x6xi64>, tensor<i64>
  return
}

// -----

func.func @nonzero_count(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'ingot.nonzero' op has a result 'tensor<i32>', which must be 'tensor<i64>'}}
  %0:2 = ingot.nonzero %x : tensor<2x3xf32> -> tensor<2x6xi64>, tensor<i32>
  return
}

// -----

func.func @unique_rank(%x: tensor<5xf32>) {
  // expected-error @+1 {{'ingot.unique' op needs a matrix, has 'tensor<5xf32>'}}
  %0:4 = ingot.unique %x : tensor<5xf32> -> tensor<5xi64>, tensor<5xi64>, tensor<5xi64>, tensor<i64>
  return
}

// -----

func.func @unique_inverse(%x: tensor<5x2xf32>) {
  // expected-error @+1 {{'ingot.unique' op has a result 'tensor<10xi64>', which must be 'tensor<5xi64>'}}
  %0:4 = ingot.unique %x : tensor<5x2xf32> -> tensor<5xi64>, tensor<10xi64>, tensor<5xi64>, tensor<i64>
  return
}

// -----

func.func @suppression_corners(%boxes: tensor<1x9x3xf32>, %scores: tensor<1x2x9xf32>, %most: tensor<i64>, %t: tensor<f32>) {
  // expected-error @+1 {{'ingot.non_max_suppression' op needs boxes [batch, spatial, 4] and scores [batch, classes, spatial] of f32, has 'tensor<1x9x3xf32>'}}
  %0:2 = ingot.non_max_suppression %boxes, %scores, %most, %t, %t
    : (tensor<1x9x3xf32>, tensor<1x2x9xf32>, tensor<i64>, tensor<f32>, tensor<f32>) -> (tensor<18x3xi64>, tensor<i64>)
  return
}

// -----

func.func @suppression_spatial(%boxes: tensor<1x9x4xf32>, %scores: tensor<1x2x8xf32>, %most: tensor<i64>, %t: tensor<f32>) {
  // expected-error @+1 {{'ingot.non_max_suppression' op has scores 'tensor<1x2x8xf32>' for boxes 'tensor<1x9x4xf32>'}}
  %0:2 = ingot.non_max_suppression %boxes, %scores, %most, %t, %t
    : (tensor<1x9x4xf32>, tensor<1x2x8xf32>, tensor<i64>, tensor<f32>, tensor<f32>) -> (tensor<18x3xi64>, tensor<i64>)
  return
}

// -----

func.func @suppression_scalar(%boxes: tensor<1x9x4xf32>, %scores: tensor<1x2x9xf32>, %most: tensor<1xi64>, %t: tensor<f32>) {
  // expected-error @+1 {{'ingot.non_max_suppression' op needs a scalar of 'i64', has 'tensor<1xi64>'}}
  %0:2 = ingot.non_max_suppression %boxes, %scores, %most, %t, %t
    : (tensor<1x9x4xf32>, tensor<1x2x9xf32>, tensor<1xi64>, tensor<f32>, tensor<f32>) -> (tensor<18x3xi64>, tensor<i64>)
  return
}

// -----

func.func @suppression_selected(%boxes: tensor<1x9x4xf32>, %scores: tensor<1x2x9xf32>, %most: tensor<i64>, %t: tensor<f32>) {
  // expected-error @+1 {{'ingot.non_max_suppression' op has a result 'tensor<54xi64>', which must be [most, 3]}}
  %0:2 = ingot.non_max_suppression %boxes, %scores, %most, %t, %t
    : (tensor<1x9x4xf32>, tensor<1x2x9xf32>, tensor<i64>, tensor<f32>, tensor<f32>) -> (tensor<54xi64>, tensor<i64>)
  return
}
