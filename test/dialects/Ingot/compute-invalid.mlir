// What shape inference of contractions, windows, reductions and indexing refuses.
// RUN: ingot-opt %s -split-input-file -verify-diagnostics
func.func @binary_shapes(%a: tensor<4xf32>, %b: tensor<3xf32>) {
  // expected-error @+2 {{operands do not broadcast: tensor<4xf32> and tensor<3xf32>}}
  // expected-error @+1 {{'ingot.binary' op failed to infer returned types}}
  %0 = ingot.binary add %a, %b : tensor<4xf32>, tensor<3xf32> -> tensor<4xf32>
  return
}

func.func @matmul_inner(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) {
  // expected-error @+2 {{the sides do not share their inner dim}}
  // expected-error @+1 {{'ingot.matmul' op failed to infer returned types}}
  %0 = ingot.matmul %a, %b : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

func.func @matmul_batch(%a: tensor<2x3x3xf32>, %b: tensor<4x3x3xf32>) {
  // expected-error @+2 {{batch dims do not broadcast}}
  // expected-error @+1 {{'ingot.matmul' op failed to infer returned types}}
  %0 = ingot.matmul %a, %b : tensor<2x3x3xf32>, tensor<4x3x3xf32> -> tensor<4x3x3xf32>
  return
}

// -----

func.func @matmul_rank(%a: tensor<3xf32>, %b: tensor<3x3xf32>) {
  // expected-error @+2 {{needs two tensors of rank 2 or more and one element type}}
  // expected-error @+1 {{'ingot.matmul' op failed to infer returned types}}
  %0 = ingot.matmul %a, %b : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
  return
}

// -----

func.func @attention_rank(%q: tensor<7x2x8xf32>) {
  // expected-error @+2 {{needs queries, keys and values of rank 4 and one element type}}
  // expected-error @+1 {{'ingot.attention' op failed to infer returned types}}
  %0 = ingot.attention %q, %q, %q scale 1.0 : (tensor<7x2x8xf32>, tensor<7x2x8xf32>, tensor<7x2x8xf32>) -> tensor<7x2x8xf32>
  return
}

// -----

func.func @attention_values(%q: tensor<1x7x2x8xf32>, %v: tensor<1x6x2x8xf32>) {
  // expected-error @+2 {{the queries, keys and values do not belong together}}
  // expected-error @+1 {{'ingot.attention' op failed to infer returned types}}
  %0 = ingot.attention %q, %q, %v scale 1.0 : (tensor<1x7x2x8xf32>, tensor<1x7x2x8xf32>, tensor<1x6x2x8xf32>) -> tensor<1x7x2x8xf32>
  return
}

// -----

func.func @attention_heads(%q: tensor<1x7x3x8xf32>, %k: tensor<1x7x2x8xf32>) {
  // expected-error @+2 {{the query heads cannot share the key heads}}
  // expected-error @+1 {{'ingot.attention' op failed to infer returned types}}
  %0 = ingot.attention %q, %k, %k scale 1.0 : (tensor<1x7x3x8xf32>, tensor<1x7x2x8xf32>, tensor<1x7x2x8xf32>) -> tensor<1x7x3x8xf32>
  return
}

// -----

func.func @attention_mask(%q: tensor<1x7x2x8xf32>, %m: tensor<7x6xf32>) {
  // expected-error @+2 {{the mask does not broadcast to the scores}}
  // expected-error @+1 {{'ingot.attention' op failed to infer returned types}}
  %0 = ingot.attention %q, %q, %q mask %m scale 1.0 : (tensor<1x7x2x8xf32>, tensor<1x7x2x8xf32>, tensor<1x7x2x8xf32>, tensor<7x6xf32>) -> tensor<1x7x2x8xf32>
  return
}

// -----

func.func @attention_causal(%q: tensor<1x7x2x8xf32>) {
  // expected-error @+2 {{is causal by a mask alone, and every row has a key}}
  // expected-error @+1 {{'ingot.attention' op failed to infer returned types}}
  %0 = ingot.attention %q, %q, %q scale 1.0 causal 0 : (tensor<1x7x2x8xf32>, tensor<1x7x2x8xf32>, tensor<1x7x2x8xf32>) -> tensor<1x7x2x8xf32>
  return
}

// -----

func.func @attention_flags(%q: tensor<1x7x2x8xf32>, %m: tensor<7x7xi1>) {
  // expected-error @+2 {{needs a mask to add, or one of i1 and what the scores become where it is false}}
  // expected-error @+1 {{'ingot.attention' op failed to infer returned types}}
  %0 = ingot.attention %q, %q, %q mask %m scale 1.0 : (tensor<1x7x2x8xf32>, tensor<1x7x2x8xf32>, tensor<1x7x2x8xf32>, tensor<7x7xi1>) -> tensor<1x7x2x8xf32>
  return
}

// -----

func.func @pack_rank(%a: tensor<3xf32>) {
  // expected-error @+2 {{needs a matrix or a batch of matrices}}
  // expected-error @+1 {{'ingot.pack' op failed to infer returned types}}
  %0 = ingot.pack %a : tensor<3xf32> -> tensor<1x3x16xf32>
  return
}

// -----

func.func @packed_panel(%a: tensor<2x3xf32>, %b: tensor<1x3x8xf32>) {
  // expected-error @+1 {{has a rhs that does not pack the weights of its lhs}}
  %0 = ingot.packed_matmul %a, %b : tensor<2x3xf32>, tensor<1x3x8xf32> -> tensor<2x5xf32>
  return
}

// -----

func.func @packed_group(%a: tensor<2x3xbf16>, %b: tensor<1x3x32xbf16>) {
  // expected-error @+1 {{has a rhs that does not pack the weights of its lhs}}
  %0 = ingot.packed_matmul %a, %b : tensor<2x3xbf16>, tensor<1x3x32xbf16> -> tensor<2x5xf32>
  return
}

// -----

func.func @packed_elements(%a: tensor<2x3xbf16>, %b: tensor<1x3x16xf32>) {
  // expected-error @+1 {{makes 'tensor<2x5xf32>' of rows of 'tensor<2x3xbf16>'}}
  %0 = ingot.packed_matmul %a, %b : tensor<2x3xbf16>, tensor<1x3x16xf32> -> tensor<2x5xf32>
  return
}

// -----

func.func @pack_group(%a: tensor<3x4xf32>) {
  // expected-error @+2 {{needs a group of one row or more}}
  // expected-error @+1 {{'ingot.pack' op failed to infer returned types}}
  %0 = ingot.pack %a {group = 0} : tensor<3x4xf32> -> tensor<1x3x16xf32>
  return
}

// -----

func.func @packed_columns(%a: tensor<2x3xf32>, %b: tensor<1x3x16xf32>) {
  // expected-error @+1 {{has a rhs of 'tensor<1x3x16xf32>' for the columns of 'tensor<2x17xf32>'}}
  %0 = ingot.packed_matmul %a, %b : tensor<2x3xf32>, tensor<1x3x16xf32> -> tensor<2x17xf32>
  return
}

// -----

func.func @packed_batch(%a: tensor<4x2x3xf32>, %b: tensor<2x1x3x16xf32>) {
  // expected-error @+1 {{has a rhs with batch dims that its lhs does not have}}
  %0 = ingot.packed_matmul %a, %b : tensor<4x2x3xf32>, tensor<2x1x3x16xf32> -> tensor<4x2x16xf32>
  return
}

// -----

func.func @conv_spatial(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+2 {{needs one kernel size, stride, dilation and two pads per spatial dim}}
  // expected-error @+1 {{'ingot.conv' op failed to infer returned types}}
  %0 = ingot.conv %x, %w channels_first kernel [3] strides [1] pads [0, 0] dilations [1] groups 1 channels 4
    : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32> -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_kernel(%x: tensor<1x3x2x2xf32>, %w: tensor<4x3x5x5xf32>) {
  // expected-error @+2 {{the kernel is larger than the padded input}}
  // expected-error @+1 {{'ingot.conv' op failed to infer returned types}}
  %0 = ingot.conv %x, %w channels_first kernel [5, 5] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 4
    : tensor<1x3x2x2xf32>, tensor<4x3x5x5xf32> -> tensor<1x4x1x1xf32>
  return
}

// -----

func.func @conv_result(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+2 {{'ingot.conv' op inferred type(s) 'tensor<1x4x6x6xf32>' are incompatible with return type(s) of operation 'tensor<1x4x8x8xf32>'}}
  // expected-error @+1 {{'ingot.conv' op failed to infer returned types}}
  %0 = ingot.conv %x, %w channels_first kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 4
    : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32> -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @conv_transpose(%x: tensor<1x3x8x8xf32>, %w: tensor<3x4x2xf32>) {
  // expected-error @+2 {{needs one stride, dilation and two pads per spatial dim}}
  // expected-error @+1 {{'ingot.conv_transpose' op failed to infer returned types}}
  %0 = ingot.conv_transpose %x, %w strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 1
    : tensor<1x3x8x8xf32>, tensor<3x4x2xf32> -> tensor<1x4x16x16xf32>
  return
}

// -----

func.func @pool_pads(%x: tensor<1x3x8x8xf32>) {
  // expected-error @+2 {{needs one kernel size, stride, dilation and two pads per spatial dim}}
  // expected-error @+1 {{'ingot.pool' op failed to infer returned types}}
  %0 = ingot.pool max %x channels_first kernel [2, 2] strides [2, 2] pads [0, 0] dilations [1, 1] count_pads [0, 0, 0, 0]
    : tensor<1x3x8x8xf32> -> tensor<1x3x4x4xf32>
  return
}

// -----

func.func @reduce_axis(%x: tensor<2x8xf32>) {
  // expected-error @+2 {{axis 2 is not a dim of rank 2}}
  // expected-error @+1 {{'ingot.reduce' op failed to infer returned types}}
  %0 = ingot.reduce sum %x axes [2] : tensor<2x8xf32> -> tensor<2xf32>
  return
}

// -----

func.func @arg_reduce_axis(%x: tensor<2x8xf32>) {
  // expected-error @+2 {{axis -1 is not a dim of rank 2}}
  // expected-error @+1 {{'ingot.arg_reduce' op failed to infer returned types}}
  %0 = ingot.arg_reduce max %x axis -1 : tensor<2x8xf32> -> tensor<2xi64>
  return
}

// -----

func.func @norm_axis(%x: tensor<2x8xf32>) {
  // expected-error @+2 {{axis 3 is not a dim of rank 2}}
  // expected-error @+1 {{'ingot.norm' op failed to infer returned types}}
  %0 = ingot.norm softmax %x axes [3] : tensor<2x8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @cumulative_axis(%x: tensor<2x8xf32>) {
  // expected-error @+2 {{axis 2 is not a dim of rank 2}}
  // expected-error @+1 {{'ingot.cumulative' op failed to infer returned types}}
  %0 = ingot.cumulative sum %x axis 2 : tensor<2x8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @top_k(%x: tensor<2x8xf32>) {
  // expected-error @+2 {{k is larger than the dim it selects from}}
  // expected-error @+1 {{'ingot.top_k' op failed to infer returned types}}
  %0, %1 = ingot.top_k %x k 9 axis 1 : tensor<2x8xf32> -> tensor<2x9xf32>, tensor<2x9xi64>
  return
}

// -----

func.func @gather_axis(%x: tensor<2x8xf32>, %i: tensor<3xi64>) {
  // expected-error @+2 {{axis 2 is not a dim of rank 2}}
  // expected-error @+1 {{'ingot.gather' op failed to infer returned types}}
  %0 = ingot.gather %x, %i axis 2 : tensor<2x8xf32>, tensor<3xi64> -> tensor<2x3xf32>
  return
}

// -----

func.func @gather_elements(%x: tensor<2x8xf32>, %i: tensor<3xi64>) {
  // expected-error @+2 {{indices must have the operand's rank}}
  // expected-error @+1 {{'ingot.gather_elements' op failed to infer returned types}}
  %0 = ingot.gather_elements %x, %i axis 0 : tensor<2x8xf32>, tensor<3xi64> -> tensor<3xf32>
  return
}

// -----

func.func @gather_nd(%x: tensor<2x8xf32>, %i: tensor<3x3xi64>) {
  // expected-error @+2 {{the last dim of the indices must be static and not larger than the operand's rank}}
  // expected-error @+1 {{'ingot.gather_nd' op failed to infer returned types}}
  %0 = ingot.gather_nd %x, %i batch_dims 0 : tensor<2x8xf32>, tensor<3x3xi64> -> tensor<3xf32>
  return
}

// -----

func.func @scatter_elements(%x: tensor<2x8xf32>, %i: tensor<2x1xi64>, %u: tensor<2x1xf32>) {
  // expected-error @+2 {{axis 5 is not a dim of rank 2}}
  // expected-error @+1 {{'ingot.scatter_elements' op failed to infer returned types}}
  %0 = ingot.scatter_elements assign %x, %i, %u axis 5 : tensor<2x8xf32>, tensor<2x1xi64>, tensor<2x1xf32> -> tensor<2x8xf32>
  return
}

func.func @winograd_tile(%x: tensor<1x8x8x16xf32>, %w: tensor<1x25x16x16xf32>) {
  // expected-error @+2 {{needs an image with a known number of channels, channels last, and a tile of 2 or 4}}
  // expected-error @+1 {{'ingot.winograd_conv' op failed to infer returned types}}
  %0 = ingot.winograd_conv %x, %w tile 3 channels 16 : tensor<1x8x8x16xf32>, tensor<1x25x16x16xf32> -> tensor<1x6x6x16xf32>
  return
}

func.func @winograd_filters(%x: tensor<1x8x8x16xf32>, %w: tensor<1x9x16x16xf32>) {
  // expected-error @+2 {{needs transformed filters in panels, as the tile and the channels say}}
  // expected-error @+1 {{'ingot.winograd_conv' op failed to infer returned types}}
  %0 = ingot.winograd_conv %x, %w tile 4 channels 16 : tensor<1x8x8x16xf32>, tensor<1x9x16x16xf32> -> tensor<1x6x6x16xf32>
  return
}

func.func @winograd_image(%x: tensor<1x2x8x16xf32>, %w: tensor<1x36x16x16xf32>) {
  // expected-error @+2 {{the kernel is larger than the image}}
  // expected-error @+1 {{'ingot.winograd_conv' op failed to infer returned types}}
  %0 = ingot.winograd_conv %x, %w tile 4 channels 16 : tensor<1x2x8x16xf32>, tensor<1x36x16x16xf32> -> tensor<1x0x6x16xf32>
  return
}
