// What the verifier of regions refuses.
// RUN: ingot-opt %s -split-input-file -verify-diagnostics

func.func @argument_count(%x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.region' op has 1 inputs but its body takes 0 arguments}}
  %0 = ingot.region ins(%x) : (tensor<4xf32>) -> tensor<4xf32> {
    %1 = ingot.constant dense<0.0> : tensor<4xf32>
    ingot.yield %1 : tensor<4xf32>
  }
  return
}

// -----

func.func @argument_type(%x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.region' op input 'tensor<4xf32>' does not hold the body's argument 'tensor<5xf32>'}}
  %0 = ingot.region ins(%x) : (tensor<4xf32>) -> tensor<5xf32> {
  ^bb0(%a: tensor<5xf32>):
    ingot.yield %a : tensor<5xf32>
  }
  return
}

// -----

func.func @yield_count(%x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.region' op yields 2 tensors for 1 results}}
  %0 = ingot.region ins(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    ingot.yield %a, %a : tensor<4xf32>, tensor<4xf32>
  }
  return
}

// -----

func.func @yield_type(%x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.region' op output 'tensor<5xf32>' does not hold the yielded 'tensor<4xf32>'}}
  %0 = ingot.region ins(%x) : (tensor<4xf32>) -> tensor<5xf32> {
  ^bb0(%a: tensor<4xf32>):
    ingot.yield %a : tensor<4xf32>
  }
  return
}

// -----

// An i1 tensor lies in a buffer of bytes.
func.func @storage_type(%x: memref<4xi1>, %y: memref<4xi8>) {
  // expected-error @+1 {{'ingot.region' op input 'memref<4xi1>' does not hold the body's argument 'tensor<4xi1>'}}
  ingot.region ins(%x) outs(%y) : (memref<4xi1>, memref<4xi8>) -> () {
  ^bb0(%a: tensor<4xi1>):
    ingot.yield %a : tensor<4xi1>
  }
  return
}

// -----

func.func @results_and_buffers(%x: tensor<4xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{'ingot.region' op has both results and output buffers}}
  %0 = ingot.region ins(%x) outs(%y) : (tensor<4xf32>, memref<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    ingot.yield %a : tensor<4xf32>
  }
  return
}
