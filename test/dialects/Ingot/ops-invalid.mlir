// What verifiers and shape inference of elementwise and layout operations refuse.
// RUN: ingot-opt %s -split-input-file -verify-diagnostics
func.func @binary_shapes(%a: tensor<4xf32>, %b: tensor<3xf32>) {
  // expected-error @+2 {{operands do not broadcast: tensor<4xf32> and tensor<3xf32>}}
  // expected-error @+1 {{'ingot.binary' op failed to infer returned types}}
  %0 = ingot.binary add %a, %b : tensor<4xf32>, tensor<3xf32> -> tensor<4xf32>
  return
}

// -----

func.func @binary_elements(%a: tensor<4xf32>, %b: tensor<4xi32>) {
  // expected-error @+2 {{operands differ in element type}}
  // expected-error @+1 {{'ingot.binary' op failed to infer returned types}}
  %0 = ingot.binary add %a, %b : tensor<4xf32>, tensor<4xi32> -> tensor<4xf32>
  return
}

// -----

func.func @unary_result(%a: tensor<4xf32>) {
  // expected-error @+2 {{'ingot.unary' op inferred type(s) 'tensor<4xf32>' are incompatible with return type(s) of operation 'tensor<5xf32>'}}
  // expected-error @+1 {{'ingot.unary' op failed to infer returned types}}
  %0 = ingot.unary relu %a : tensor<4xf32> -> tensor<5xf32>
  return
}

// -----

func.func @compare_result(%a: tensor<4xf32>) {
  // expected-error @+2 {{'ingot.compare' op inferred type(s) 'tensor<4xi1>' are incompatible with return type(s) of operation 'tensor<4xf32>'}}
  // expected-error @+1 {{'ingot.compare' op failed to infer returned types}}
  %0 = ingot.compare lt %a, %a : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @select_condition(%a: tensor<4xf32>) {
  // expected-error @+2 {{the condition must have element type i1}}
  // expected-error @+1 {{'ingot.select' op failed to infer returned types}}
  %0 = ingot.select %a, %a, %a : tensor<4xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @cast_result(%a: tensor<4xf32>) {
  // expected-error @+2 {{'ingot.cast' op inferred type(s) 'tensor<4xi64>' are incompatible with return type(s) of operation 'tensor<4xi32>'}}
  // expected-error @+1 {{'ingot.cast' op failed to infer returned types}}
  %0 = ingot.cast %a to i64 : tensor<4xf32> -> tensor<4xi32>
  return
}

// -----

func.func @reshape_count(%a: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.reshape' op changes the number of elements from 'tensor<4xf32>' to 'tensor<5xf32>'}}
  %0 = ingot.reshape %a : tensor<4xf32> -> tensor<5xf32>
  return
}

// -----

func.func @reshape_element(%a: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.reshape' op changes the element type from 'tensor<4xf32>' to 'tensor<4xi32>'}}
  %0 = ingot.reshape %a : tensor<4xf32> -> tensor<4xi32>
  return
}

// -----

func.func @transpose(%a: tensor<2x3xf32>) {
  // expected-error @+2 {{the permutation does not permute the operand's dims}}
  // expected-error @+1 {{'ingot.transpose' op failed to infer returned types}}
  %0 = ingot.transpose %a [0, 0] : tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

func.func @slice_outside(%a: tensor<4xf32>) {
  // expected-error @+2 {{slice reaches outside of dim 0}}
  // expected-error @+1 {{'ingot.slice' op failed to infer returned types}}
  %0 = ingot.slice %a [2] [3] [1] : tensor<4xf32> -> tensor<3xf32>
  return
}

// -----

func.func @slice_rank(%a: tensor<4xf32>) {
  // expected-error @+2 {{needs one offset, size and stride per dim of the operand}}
  // expected-error @+1 {{'ingot.slice' op failed to infer returned types}}
  %0 = ingot.slice %a [2, 0] [1, 1] [1, 1] : tensor<4xf32> -> tensor<1xf32>
  return
}

// -----

func.func @slice_stride(%a: tensor<4xf32>) {
  // expected-error @+2 {{sizes must not be negative and strides not zero}}
  // expected-error @+1 {{'ingot.slice' op failed to infer returned types}}
  %0 = ingot.slice %a [2] [1] [0] : tensor<4xf32> -> tensor<1xf32>
  return
}

// -----

func.func @concat_axis(%a: tensor<4xf32>) {
  // expected-error @+2 {{axis 1 is not a dim of the inputs}}
  // expected-error @+1 {{'ingot.concat' op failed to infer returned types}}
  %0 = ingot.concat %a, %a axis 1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @concat_dims(%a: tensor<4x2xf32>, %b: tensor<4x3xf32>) {
  // expected-error @+2 {{inputs differ in dim 1}}
  // expected-error @+1 {{'ingot.concat' op failed to infer returned types}}
  %0 = ingot.concat %a, %b axis 0 : (tensor<4x2xf32>, tensor<4x3xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @concat_elements(%a: tensor<4xf32>, %b: tensor<4xi32>) {
  // expected-error @+2 {{inputs differ in rank or element type}}
  // expected-error @+1 {{'ingot.concat' op failed to infer returned types}}
  %0 = ingot.concat %a, %b axis 0 : (tensor<4xf32>, tensor<4xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @pad_negative(%a: tensor<4xf32>) {
  // expected-error @+2 {{pads must not be negative}}
  // expected-error @+1 {{'ingot.pad' op failed to infer returned types}}
  %0 = ingot.pad constant %a low [-1] high [0] value dense<0.0> : tensor<f32> : tensor<4xf32> -> tensor<3xf32>
  return
}

// -----

func.func @equal_dims_numbers(%a: tensor<4xf32>) {
  // expected-error @+1 {{takes different numbers for equal: 'tensor<4xf32>' and 'tensor<5xf32>'}}
  %0 = ingot.equal_dims %a : tensor<4xf32> -> tensor<5xf32>
  return
}

// -----

func.func @equal_dims_rank(%a: tensor<4xf32>) {
  // expected-error @+1 {{makes 'tensor<4x1xf32>' of 'tensor<4xf32>'}}
  %0 = ingot.equal_dims %a : tensor<4xf32> -> tensor<4x1xf32>
  return
}

// -----

func.func @dims_count() {
  // expected-error @+1 {{makes 'tensor<3xi64>' of 2 numbers}}
  %0 = ingot.dims affine_map<()[s0] -> (s0, s0 * 2)> : tensor<3xi64>
  return
}

// -----

func.func @slice_bounds(%a: tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>) {
  // expected-error @+2 {{needs one offset and one size as bounds of each dim}}
  // expected-error @+1 {{'ingot.slice' op failed to infer returned types}}
  %0 = ingot.slice %a [0] [-9223372036854775808] [1] bounds affine_map<()[s0] -> (s0 - 1)>
    : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> -> tensor<?xf32, #ingot.dims<()[s0] -> (s0 - 1)>>
  return
}

// -----

func.func @quantize_type(%x: tensor<4xf32>, %s: tensor<f32>) {
  // expected-error @+2 {{makes integers of 8 or 16 bits}}
  // expected-error @+1 {{'ingot.quantize' op failed to infer returned types}}
  %0 = ingot.quantize %x scale %s to i32 : (tensor<4xf32>, tensor<f32>) -> tensor<4xi32>
  return
}

// -----

func.func @dequantize_scales(%x: tensor<4x6xi8>, %s: tensor<4xf32>) {
  // expected-error @+2 {{has scales of tensor<4xf32> for tensor<4x6xi8> along dim 1}}
  // expected-error @+1 {{'ingot.dequantize' op failed to infer returned types}}
  %0 = ingot.dequantize %x scale %s {axis = 1 : i64} to f32 : (tensor<4x6xi8>, tensor<4xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @dequantize_points(%x: tensor<4x6xi8>, %s: tensor<4xf32>, %z: tensor<i8>) {
  // expected-error @+2 {{needs as many zero points as scales}}
  // expected-error @+1 {{'ingot.dequantize' op failed to infer returned types}}
  %0 = ingot.dequantize %x scale %s zero_point %z to f32 : (tensor<4x6xi8>, tensor<4xf32>, tensor<i8>) -> tensor<4x6xf32>
  return
}

// -----

func.func @unpack_bits(%x: tensor<4xui8>) {
  // expected-error @+2 {{unpacks rows of ui8, by 2 or 4 bits}}
  // expected-error @+1 {{'ingot.unpack_bits' op failed to infer returned types}}
  %0 = ingot.unpack_bits %x bits 3 to ui8 : tensor<4xui8> -> tensor<8xui8>
  return
}

// -----

func.func @tile_sums_rank(%x: tensor<1x8x8x3xf32>) {
  // expected-error @+2 {{needs a tile with one size above zero per spatial dim}}
  // expected-error @+1 {{'ingot.tile_sums' op failed to infer returned types}}
  %0 = ingot.tile_sums %x tile [2] : tensor<1x8x8x3xf32> -> tensor<1x4x8x3xf32>
  return
}
