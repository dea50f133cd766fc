// RUN: ingot-opt %s -ingot-verify-region -split-input-file -verify-diagnostics

func.func @good(%x: tensor<4xf32>) -> tensor<2x2xf32> {
  %c = ingot.constant #ingot.weight<0, "c"> : tensor<4xf32>
  %0 = ingot.region ins(%x, %c) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %1 = ingot.binary add %a, %b : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    ingot.yield %1 : tensor<4xf32>
  }
  %2 = ingot.reshape %0 : tensor<4xf32> -> tensor<2x2xf32>
  return %2 : tensor<2x2xf32>
}

// -----

func.func @outside(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'ingot.unary' op stands outside of a region after the region stage}}
  %0 = ingot.unary relu %x : tensor<4xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @symbolic(%x: tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>) {
  // expected-error @+1 {{'ingot.reshape' op has a dim that is not fixed}}
  %0 = ingot.reshape %x : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> -> tensor<?x1xf32, #ingot.dims<()[s0] -> (s0, 1)>>
  return
}
