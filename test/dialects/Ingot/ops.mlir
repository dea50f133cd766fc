// Every operation is written and read back; the result types agree with shape inference.
// RUN: ingot-opt %s | ingot-opt | FileCheck %s

// CHECK-LABEL: @elementwise
func.func @elementwise(%a: tensor<4x1xf32>, %b: tensor<3xf32>, %c: tensor<4x3xi1>) {
  // CHECK: ingot.unary relu %{{.*}} : tensor<3xf32> -> tensor<3xf32>
  %0 = ingot.unary relu %b : tensor<3xf32> -> tensor<3xf32>
  // CHECK: ingot.unary leaky_relu %{{.*}} {alpha = 1.000000e-01 : f64} : tensor<3xf32> -> tensor<3xf32>
  %1 = ingot.unary leaky_relu %b {alpha = 0.1 : f64} : tensor<3xf32> -> tensor<3xf32>
  // CHECK: ingot.unary is_nan %{{.*}} : tensor<3xf32> -> tensor<3xi1>
  %2 = ingot.unary is_nan %b : tensor<3xf32> -> tensor<3xi1>
  // CHECK: ingot.binary add %{{.*}}, %{{.*}} : tensor<4x1xf32>, tensor<3xf32> -> tensor<4x3xf32>
  %3 = ingot.binary add %a, %b : tensor<4x1xf32>, tensor<3xf32> -> tensor<4x3xf32>
  // CHECK: ingot.compare lt %{{.*}}, %{{.*}} : tensor<4x1xf32>, tensor<3xf32> -> tensor<4x3xi1>
  %4 = ingot.compare lt %a, %b : tensor<4x1xf32>, tensor<3xf32> -> tensor<4x3xi1>
  // CHECK: ingot.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<4x3xi1>, tensor<4x1xf32>, tensor<3xf32> -> tensor<4x3xf32>
  %5 = ingot.select %c, %a, %b : tensor<4x3xi1>, tensor<4x1xf32>, tensor<3xf32> -> tensor<4x3xf32>
  // CHECK: ingot.cast %{{.*}} to i64 : tensor<3xf32> -> tensor<3xi64>
  %6 = ingot.cast %b to i64 : tensor<3xf32> -> tensor<3xi64>
  return
}

// CHECK-LABEL: @layout
func.func @layout(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) {
  // CHECK: ingot.constant #ingot.weight<3, "conv1.weight"> : tensor<64x3x7x7xf32>
  %0 = ingot.constant #ingot.weight<3, "conv1.weight"> : tensor<64x3x7x7xf32>
  // CHECK: ingot.constant dense<[1, 2]> : tensor<2xi64>
  %1 = ingot.constant dense<[1, 2]> : tensor<2xi64>
  // CHECK: ingot.reshape %{{.*}} : tensor<2x3xf32> -> tensor<6xf32>
  %2 = ingot.reshape %a : tensor<2x3xf32> -> tensor<6xf32>
  // CHECK: ingot.transpose %{{.*}} [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %3 = ingot.transpose %a [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  // CHECK: ingot.broadcast %{{.*}} : tensor<2x3xf32> -> tensor<5x2x3xf32>
  %4 = ingot.broadcast %a : tensor<2x3xf32> -> tensor<5x2x3xf32>
  // CHECK: ingot.slice %{{.*}} [0, 2] [2, 2] [1, -2] : tensor<2x3xf32> -> tensor<2x2xf32>
  %5 = ingot.slice %a [0, 2] [2, 2] [1, -2] : tensor<2x3xf32> -> tensor<2x2xf32>
  // CHECK: ingot.concat %{{.*}}, %{{.*}} axis 1 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
  %6 = ingot.concat %a, %b axis 1 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
  // CHECK: ingot.pad constant %{{.*}} low [0, 1] high [0, 2] value dense<0.000000e+00> : tensor<f32> : tensor<2x3xf32> -> tensor<2x6xf32>
  %7 = ingot.pad constant %a low [0, 1] high [0, 2] value dense<0.0> : tensor<f32> : tensor<2x3xf32> -> tensor<2x6xf32>
  return
}

// CHECK-LABEL: @contraction
func.func @contraction(%a: tensor<8x4x16xf32>, %b: tensor<16x5xf32>, %c: tensor<8x5x16xf32>) {
  // CHECK: ingot.matmul %{{.*}}, %{{.*}} : tensor<8x4x16xf32>, tensor<16x5xf32> -> tensor<8x4x5xf32>
  %0 = ingot.matmul %a, %b : tensor<8x4x16xf32>, tensor<16x5xf32> -> tensor<8x4x5xf32>
  // CHECK: ingot.matmul %{{.*}}, %{{.*}} {transpose_rhs} : tensor<8x4x16xf32>, tensor<8x5x16xf32> -> tensor<8x4x5xf32>
  %1 = ingot.matmul %a, %c {transpose_rhs} : tensor<8x4x16xf32>, tensor<8x5x16xf32> -> tensor<8x4x5xf32>
  // CHECK: %[[PACKED:.*]] = ingot.pack %{{.*}} : tensor<16x5xf32> -> tensor<1x16x16xf32>
  %2 = ingot.pack %b : tensor<16x5xf32> -> tensor<1x16x16xf32>
  // CHECK: ingot.packed_matmul %{{.*}}, %[[PACKED]] : tensor<8x4x16xf32>, tensor<1x16x16xf32> -> tensor<8x4x5xf32>
  %3 = ingot.packed_matmul %a, %2 : tensor<8x4x16xf32>, tensor<1x16x16xf32> -> tensor<8x4x5xf32>
  return
}

// Narrow elements: pairs of rows side by side, an odd one with a zero; sums are f32.
// CHECK-LABEL: func.func @zero_blocks
func.func @zero_blocks(%w: tensor<4x64x16xf32>, %a: tensor<3x5x64xf32>) {
  // CHECK: %[[PLACES:.*]] = ingot.sparse_places %{{.*}} blocks 100 : tensor<4x64x16xf32> -> tensor<105xi32>
  %0 = ingot.sparse_places %w blocks 100 : tensor<4x64x16xf32> -> tensor<105xi32>
  // CHECK: %[[BLOCKS:.*]] = ingot.sparse_blocks %{{.*}}, %[[PLACES]] : tensor<4x64x16xf32>, tensor<105xi32> -> tensor<100x16xf32>
  %1 = ingot.sparse_blocks %w, %0 : tensor<4x64x16xf32>, tensor<105xi32> -> tensor<100x16xf32>
  // CHECK: ingot.sparse_matmul %{{.*}}, %[[BLOCKS]] places %[[PLACES]] columns 60 : (tensor<3x5x64xf32>, tensor<100x16xf32>, tensor<105xi32>) -> tensor<3x5x60xf32>
  %2 = ingot.sparse_matmul %a, %1 places %0 columns 60 : (tensor<3x5x64xf32>, tensor<100x16xf32>, tensor<105xi32>) -> tensor<3x5x60xf32>
  // CHECK: %[[PLACES:.*]] = ingot.pair_places %{{.*}} : tensor<4x64x16xf32> -> tensor<4x2x16xi32>
  %3 = ingot.pair_places %w : tensor<4x64x16xf32> -> tensor<4x2x16xi32>
  // CHECK: %[[VALUES:.*]] = ingot.pair_values %{{.*}} : tensor<4x64x16xf32> -> tensor<4x32x16xf32>
  %4 = ingot.pair_values %w : tensor<4x64x16xf32> -> tensor<4x32x16xf32>
  // CHECK: ingot.pair_matmul %{{.*}}, %[[VALUES]] places %[[PLACES]] columns 60 : (tensor<3x5x64xf32>, tensor<4x32x16xf32>, tensor<4x2x16xi32>) -> tensor<3x5x60xf32>
  %5 = ingot.pair_matmul %a, %4 places %3 columns 60 : (tensor<3x5x64xf32>, tensor<4x32x16xf32>, tensor<4x2x16xi32>) -> tensor<3x5x60xf32>
  return
}

// CHECK-LABEL: @blocks_of_bits
func.func @blocks_of_bits(%q: tensor<20x90xui8>, %a: tensor<3x5x90xf32>, %s: tensor<2x3x16xf32>, %z: tensor<2x3x16xui8>) {
  // CHECK: %[[PACKED:.*]] = ingot.pack_blocks %{{.*}} block 32 : tensor<20x90xui8> -> tensor<2x3x256xui8>
  %0 = ingot.pack_blocks %q block 32 : tensor<20x90xui8> -> tensor<2x3x256xui8>
  // CHECK: ingot.block_matmul %{{.*}}, %[[PACKED]] scales %{{[^ ]*}} points %{{[^ ]*}} block 32 columns 20 bytes 4 : (tensor<3x5x90xf32>, tensor<2x3x256xui8>, tensor<2x3x16xf32>, tensor<2x3x16xui8>) -> tensor<3x5x20xf32>
  %1 = ingot.block_matmul %a, %0 scales %s points %z block 32 columns 20 bytes 4
    : (tensor<3x5x90xf32>, tensor<2x3x256xui8>, tensor<2x3x16xf32>, tensor<2x3x16xui8>) -> tensor<3x5x20xf32>
  // CHECK: ingot.block_matmul %{{.*}}, %[[PACKED]] scales %{{[^ ]*}} block 32 columns 20 bytes 1
  %2 = ingot.block_matmul %a, %0 scales %s block 32 columns 20 bytes 1 : (tensor<3x5x90xf32>, tensor<2x3x256xui8>, tensor<2x3x16xf32>) -> tensor<3x5x20xf32>
  return
}

// CHECK-LABEL: @narrow_contractions
func.func @narrow_contractions(%a: tensor<4x7xbf16>, %b: tensor<7x5xbf16>, %c: tensor<4x7xf32>, %d: tensor<1x7x16xf16>) {
  // CHECK: ingot.pack %{{.*}} {group = 2 : i64} : tensor<7x5xbf16> -> tensor<1x4x32xbf16>
  %0 = ingot.pack %b {group = 2} : tensor<7x5xbf16> -> tensor<1x4x32xbf16>
  // CHECK: ingot.packed_matmul %{{.*}} : tensor<4x7xbf16>, tensor<1x4x32xbf16> -> tensor<4x5xf32>
  %1 = ingot.packed_matmul %a, %0 : tensor<4x7xbf16>, tensor<1x4x32xbf16> -> tensor<4x5xf32>
  // CHECK: ingot.packed_matmul %{{.*}} : tensor<4x7xf32>, tensor<1x7x16xf16> -> tensor<4x5xf32>
  %2 = ingot.packed_matmul %c, %d : tensor<4x7xf32>, tensor<1x7x16xf16> -> tensor<4x5xf32>
  return
}

// CHECK-LABEL: @attention
func.func @attention(%q: tensor<2x7x6x8xf32>, %k: tensor<2x9x3x8xf32>, %v: tensor<2x9x3x5xf32>, %m: tensor<7x9xf32>, %f: tensor<2x1x1x9xi1>) {
  // CHECK: ingot.attention %{{.*}}, %{{.*}}, %{{.*}} scale 1.250000e-01 : (tensor<2x7x6x8xf32>, tensor<2x9x3x8xf32>, tensor<2x9x3x5xf32>) -> tensor<2x7x6x5xf32>
  %0 = ingot.attention %q, %k, %v scale 0.125 : (tensor<2x7x6x8xf32>, tensor<2x9x3x8xf32>, tensor<2x9x3x5xf32>) -> tensor<2x7x6x5xf32>
  // CHECK: ingot.attention %{{.*}} mask %{{.*}} scale 1.000000e+00 : (
  %1 = ingot.attention %q, %k, %v mask %m scale 1.0 : (tensor<2x7x6x8xf32>, tensor<2x9x3x8xf32>, tensor<2x9x3x5xf32>, tensor<7x9xf32>) -> tensor<2x7x6x5xf32>
  // CHECK: ingot.attention %{{.*}} mask %{{.*}} scale 1.000000e+00 fill -1.000000e+09 : (
  %2 = ingot.attention %q, %k, %v mask %f scale 1.0 fill -1.0e9 : (tensor<2x7x6x8xf32>, tensor<2x9x3x8xf32>, tensor<2x9x3x5xf32>, tensor<2x1x1x9xi1>) -> tensor<2x7x6x5xf32>
  // CHECK: ingot.attention %{{.*}} mask %{{.*}} scale 1.000000e+00 causal 2 : (
  %3 = ingot.attention %q, %k, %v mask %m scale 1.0 causal 2 : (tensor<2x7x6x8xf32>, tensor<2x9x3x8xf32>, tensor<2x9x3x5xf32>, tensor<7x9xf32>) -> tensor<2x7x6x5xf32>
  return
}

// CHECK-LABEL: @image
func.func @image(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %nhwc: tensor<1x8x8x3xf32>, %p: tensor<1x1x27x16xf32>,
                 %t: tensor<3x4x2x2xf32>) {
  // CHECK: ingot.conv %{{.*}}, %{{.*}} channels_first kernel [3, 3] strides [2, 2] pads [1, 1, 1, 1] dilations [1, 1] groups 1 channels 4
  // CHECK-SAME: -> tensor<1x4x4x4xf32>
  %0 = ingot.conv %x, %w channels_first kernel [3, 3] strides [2, 2] pads [1, 1, 1, 1] dilations [1, 1] groups 1 channels 4
    : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32> -> tensor<1x4x4x4xf32>
  // CHECK: ingot.conv %{{.*}}, %{{.*}} channels_last kernel [3, 3]
  // CHECK-SAME: -> tensor<1x6x6x4xf32>
  %1 = ingot.conv %nhwc, %p channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 4
    : tensor<1x8x8x3xf32>, tensor<1x1x27x16xf32> -> tensor<1x6x6x4xf32>
  // CHECK: ingot.conv_transpose %{{.*}}, %{{.*}} strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 1
  // CHECK-SAME: -> tensor<1x4x16x16xf32>
  %2 = ingot.conv_transpose %x, %t strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 1
    : tensor<1x3x8x8xf32>, tensor<3x4x2x2xf32> -> tensor<1x4x16x16xf32>
  // CHECK: ingot.pool average %{{.*}} channels_first kernel [2, 2] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] count_pads [0, 0, 0, 0]
  // CHECK-SAME: {count_include_pad} : tensor<1x3x8x8xf32> -> tensor<1x3x4x4xf32>
  %3 = ingot.pool average %x channels_first kernel [2, 2] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] count_pads [0, 0, 0, 0]
    {count_include_pad} : tensor<1x3x8x8xf32> -> tensor<1x3x4x4xf32>
  // CHECK: ingot.max_pool_indices %{{.*}} kernel [2, 2] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] : tensor<1x3x8x8xf32> -> tensor<1x3x4x4xi64>
  %4 = ingot.max_pool_indices %x kernel [2, 2] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] : tensor<1x3x8x8xf32> -> tensor<1x3x4x4xi64>
  // CHECK: ingot.resize nearest %{{.*}} scales [1.000000e+00, 1.000000e+00, 2.000000e+00, 2.000000e+00] "asymmetric" "floor"
  %5 = ingot.resize nearest %x scales [1.0, 1.0, 2.0, 2.0] "asymmetric" "floor" : tensor<1x3x8x8xf32> -> tensor<1x3x16x16xf32>
  // CHECK: ingot.strip : memref<1x8x8x3xf32>
  %strip = ingot.strip : memref<1x8x8x3xf32>
  // CHECK: ingot.tile_sums %{{.*}} tile [2, 3] : tensor<1x8x8x3xf32> -> tensor<1x4x3x3xf32>
  %6 = ingot.tile_sums %nhwc tile [2, 3] : tensor<1x8x8x3xf32> -> tensor<1x4x3x3xf32>
  return
}

// CHECK-LABEL: @rows
func.func @rows(%x: tensor<2x8xf32>) {
  // CHECK: ingot.reduce sum %{{.*}} axes [1] {keep_dims} : tensor<2x8xf32> -> tensor<2x1xf32>
  %0 = ingot.reduce sum %x axes [1] {keep_dims} : tensor<2x8xf32> -> tensor<2x1xf32>
  // CHECK: ingot.arg_reduce max %{{.*}} axis 1 : tensor<2x8xf32> -> tensor<2xi64>
  %1 = ingot.arg_reduce max %x axis 1 : tensor<2x8xf32> -> tensor<2xi64>
  // CHECK: ingot.norm standardize %{{.*}} axes [1] {epsilon = 1.000000e-05 : f64} : tensor<2x8xf32> -> tensor<2x8xf32>
  %2 = ingot.norm standardize %x axes [1] {epsilon = 1.0e-5 : f64} : tensor<2x8xf32> -> tensor<2x8xf32>
  // CHECK: ingot.cumulative sum %{{.*}} axis 1 {exclusive} : tensor<2x8xf32> -> tensor<2x8xf32>
  %3 = ingot.cumulative sum %x axis 1 {exclusive} : tensor<2x8xf32> -> tensor<2x8xf32>
  // CHECK: ingot.top_k %{{.*}} k 2 axis 1 {largest} : tensor<2x8xf32> -> tensor<2x2xf32>, tensor<2x2xi64>
  %4, %5 = ingot.top_k %x k 2 axis 1 {largest} : tensor<2x8xf32> -> tensor<2x2xf32>, tensor<2x2xi64>
  return
}

// CHECK-LABEL: @indexing
func.func @indexing(%x: tensor<5x4xf32>, %i: tensor<2x3xi64>, %nd: tensor<3x1xi64>, %u: tensor<2x3xf32>, %v: tensor<3x4xf32>) {
  // CHECK: ingot.gather %{{.*}}, %{{.*}} axis 0 : tensor<5x4xf32>, tensor<2x3xi64> -> tensor<2x3x4xf32>
  %0 = ingot.gather %x, %i axis 0 : tensor<5x4xf32>, tensor<2x3xi64> -> tensor<2x3x4xf32>
  // CHECK: ingot.gather_elements %{{.*}}, %{{.*}} axis 1 : tensor<5x4xf32>, tensor<2x3xi64> -> tensor<2x3xf32>
  %1 = ingot.gather_elements %x, %i axis 1 : tensor<5x4xf32>, tensor<2x3xi64> -> tensor<2x3xf32>
  // CHECK: ingot.gather_nd %{{.*}}, %{{.*}} batch_dims 0 : tensor<5x4xf32>, tensor<3x1xi64> -> tensor<3x4xf32>
  %2 = ingot.gather_nd %x, %nd batch_dims 0 : tensor<5x4xf32>, tensor<3x1xi64> -> tensor<3x4xf32>
  // CHECK: ingot.scatter_elements add %{{.*}}, %{{.*}}, %{{.*}} axis 1 : tensor<5x4xf32>, tensor<2x3xi64>, tensor<2x3xf32> -> tensor<5x4xf32>
  %3 = ingot.scatter_elements add %x, %i, %u axis 1 : tensor<5x4xf32>, tensor<2x3xi64>, tensor<2x3xf32> -> tensor<5x4xf32>
  // CHECK: ingot.scatter_nd assign %{{.*}}, %{{.*}}, %{{.*}} : tensor<5x4xf32>, tensor<3x1xi64>, tensor<3x4xf32> -> tensor<5x4xf32>
  %4 = ingot.scatter_nd assign %x, %nd, %v : tensor<5x4xf32>, tensor<3x1xi64>, tensor<3x4xf32> -> tensor<5x4xf32>
  return
}

// CHECK-LABEL: @recurrent
func.func @recurrent(%x: tensor<7x1x4xf32>, %w: tensor<8x4xf32>, %r: tensor<8x2xf32>, %bias: tensor<16xf32>, %h: tensor<1x2xf32>,
                     %c: tensor<1x2xf32>, %p: tensor<6xf32>, %n: tensor<1xi32>) {
  // CHECK: ingot.recurrent lstm(%{{.*}}) ["Sigmoid", "Tanh", "Tanh"] alphas [{{.*}}] betas [{{.*}}] {reverse}
  %0, %1, %2 = ingot.recurrent lstm(%x, %w, %r, %bias, %h, %c, %p, %n) ["Sigmoid", "Tanh", "Tanh"] alphas [0.0, 0.0, 0.0] betas [0.0, 0.0, 0.0] {reverse}
    : (tensor<7x1x4xf32>, tensor<8x4xf32>, tensor<8x2xf32>, tensor<16xf32>, tensor<1x2xf32>, tensor<1x2xf32>, tensor<6xf32>, tensor<1xi32>)
    -> (tensor<7x1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>)
  return
}

// CHECK-LABEL: @regions
func.func @regions(%x: tensor<4xf32>, %in: memref<4xf32>, %out: memref<4xf32>) {
  // CHECK: ingot.region ins(%{{.*}}) : (tensor<4xf32>) -> tensor<4xf32>
  %0 = ingot.region ins(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %1 = ingot.unary relu %a : tensor<4xf32> -> tensor<4xf32>
    // CHECK: ingot.yield %{{.*}} : tensor<4xf32>
    ingot.yield %1 : tensor<4xf32>
  }
  // CHECK: ingot.region ins(%{{.*}}) outs(%{{.*}}) plan <family = map, tile = [32], unroll = 1, lanes = 16, units = 1, parallel = false>
  ingot.region ins(%in) outs(%out) plan <family = map, tile = [32], unroll = 1, lanes = 16, units = 1, parallel = false>
      : (memref<4xf32>, memref<4xf32>) -> () {
  ^bb0(%a: tensor<4xf32>):
    %1 = ingot.unary relu %a : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %1 : tensor<4xf32>
  }
  return
}

// Symbolic dims are affine expressions of the model's symbols; inference computes with them.
// CHECK-LABEL: @symbolic
func.func @symbolic(%x: tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>>, %w: tensor<3x5xf32>) {
  // CHECK: ingot.concat %{{.*}} axis 0 : {{.*}} -> tensor<?x3xf32, #ingot.dims<()[s0] -> (s0 * 2, 3)>>
  %0 = ingot.concat %x, %x axis 0 : (tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>>, tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>>)
    -> tensor<?x3xf32, #ingot.dims<()[s0] -> (s0 * 2, 3)>>
  // CHECK: ingot.matmul %{{.*}} -> tensor<?x5xf32, #ingot.dims<()[s0] -> (s0 * 2, 5)>>
  %1 = ingot.matmul %0, %w : tensor<?x3xf32, #ingot.dims<()[s0] -> (s0 * 2, 3)>>, tensor<3x5xf32>
    -> tensor<?x5xf32, #ingot.dims<()[s0] -> (s0 * 2, 5)>>
  // CHECK: ingot.equal_dims %{{.*}} : tensor<?x5xf32, #ingot.dims<()[s0] -> (s0 * 2, 5)>> -> tensor<?x5xf32, #ingot.dims<()[s0, s1] -> (s1, 5)>>
  %2 = ingot.equal_dims %1 : tensor<?x5xf32, #ingot.dims<()[s0] -> (s0 * 2, 5)>> -> tensor<?x5xf32, #ingot.dims<()[s0, s1] -> (s1, 5)>>
  // CHECK: ingot.slice %{{.*}} [-9223372036854775808, 0] {{.*}} bounds #{{.*}} -> tensor<?x3xf32, #ingot.dims<()[s0] -> (s0 - 1, 3)>>
  %3 = ingot.slice %x [-9223372036854775808, 0] [-9223372036854775808, 3] [1, 1] bounds affine_map<()[s0] -> (1, 0, s0 - 1, 3)>
    : tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>> -> tensor<?x3xf32, #ingot.dims<()[s0] -> (s0 - 1, 3)>>
  // CHECK: ingot.dims #{{.*}} : tensor<2xi64>
  %4 = ingot.dims affine_map<()[s0] -> (s0, s0 * 2)> : tensor<2xi64>
  // CHECK: ingot.bitcast %{{.*}} : tensor<3x5xf32> -> tensor<3x5xi32>
  %5 = ingot.bitcast %w to i32 : tensor<3x5xf32> -> tensor<3x5xi32>
  return
}

// CHECK-LABEL: @winograd
func.func @winograd(%x: tensor<2x9x8x3xf32>, %w: tensor<2x36x3x16xf32>) {
  // CHECK: ingot.winograd_conv %{{.*}}, %{{.*}} tile 4 channels 20 : tensor<2x9x8x3xf32>, tensor<2x36x3x16xf32> -> tensor<2x7x6x20xf32>
  %0 = ingot.winograd_conv %x, %w tile 4 channels 20 : tensor<2x9x8x3xf32>, tensor<2x36x3x16xf32> -> tensor<2x7x6x20xf32>
  return
}
