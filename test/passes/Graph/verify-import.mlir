// RUN: ingot-opt %s -ingot-verify-import -split-input-file -verify-diagnostics

func.func @imported(%x: tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>>) -> tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>> {
  %0 = ingot.unary relu %x : tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>> -> tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>>
  return %0 : tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>>
}

// -----

// expected-error @+1 {{'func.func' op has 'tensor<*xf32>' after import, which is no ranked tensor}}
func.func @unranked(%x: tensor<*xf32>) {
  return
}

// -----

// expected-error @+1 {{'func.func' op has 'tensor<?x3xf32>' after import, whose encoding does not say what its dims are}}
func.func @unknown_dim(%x: tensor<?x3xf32>) {
  return
}

// -----

func.func @leftover(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{'builtin.unrealized_conversion_cast' op is no operation that import makes}}
  %0 = builtin.unrealized_conversion_cast %x : tensor<3xf32> to tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

func.func @region(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{'ingot.region' op is no operation that import makes}}
  %0 = ingot.region ins(%x) : (tensor<3xf32>) -> tensor<3xf32> {
  ^bb0(%a: tensor<3xf32>):
    ingot.yield %a : tensor<3xf32>
  }
  return %0 : tensor<3xf32>
}
