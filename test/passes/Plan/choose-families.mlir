// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-describe-machine{level=x86-64-v3},ingot-choose-kernels,ingot-unroll-and-jam))' | FileCheck %s --check-prefix=AVX2
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels{plain=true},ingot-auto-parallelize))' | FileCheck %s --check-prefix=PLAIN

// A tile fits the registers: rows * panels + panels + 1 of 32 (of 16, two per vector of 16, without AVX-512).
// CHECK-LABEL: func @contraction
// CHECK: ingot.region {{.*}} plan <family = contraction, tile = [{{[0-9]+}}, {{[0-9]+}}], unroll = 2, lanes = 16, units = {{[0-9]+}}, parallel = true>
// AVX2-LABEL: func @contraction
// AVX2: plan <family = contraction, tile = [{{[1-6]}}, 16], unroll = 1, lanes = 16
// PLAIN-LABEL: func @contraction
// PLAIN: plan <family = plain, tile = [], unroll = 1, lanes = 1, units = {{[0-9]+}}, parallel = true>
func.func @contraction(%x: tensor<128x768xf32>, %w: tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<128x768xf32>, tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>, %b: tensor<48x768x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<128x768xf32>, tensor<48x768x16xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  }
  return %y : tensor<128x768xf32>
}

// Few rows leave registers for several partial sums, and are read as several streams; little work stays on one thread.
// CHECK-LABEL: func @few_rows
// CHECK: plan <family = gemv, tile = [1, {{[0-9]+}}], unroll = {{[2-9]}}, lanes = 16, units = {{[0-9]+}}, parallel = false>
func.func @few_rows(%x: tensor<1x64xf32>, %w: tensor<7x64x16xf32>) -> tensor<1x100xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x64xf32>, tensor<7x64x16xf32>) -> tensor<1x100xf32> {
  ^bb0(%a: tensor<1x64xf32>, %b: tensor<7x64x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<1x64xf32>, tensor<7x64x16xf32> -> tensor<1x100xf32>
    ingot.yield %c : tensor<1x100xf32>
  }
  return %y : tensor<1x100xf32>
}

// CHECK-LABEL: func @pointwise
// CHECK: plan <family = convolution, tile = [{{[0-9]+}}, {{[0-9]+}}], unroll
// CHECK-LABEL: func @convolution
// CHECK: plan <family = convolution, tile = [{{[0-9]+}}, {{[0-9]+}}, {{[0-9]+}}], unroll
func.func @pointwise(%x: tensor<1x14x14x64xf32>, %w: tensor<1x2x64x16xf32>) -> tensor<1x14x14x32xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x14x14x64xf32>, tensor<1x2x64x16xf32>) -> tensor<1x14x14x32xf32> {
  ^bb0(%a: tensor<1x14x14x64xf32>, %b: tensor<1x2x64x16xf32>):
    %c = ingot.conv %a, %b channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 32 : tensor<1x14x14x64xf32>, tensor<1x2x64x16xf32> -> tensor<1x14x14x32xf32>
    ingot.yield %c : tensor<1x14x14x32xf32>
  }
  return %y : tensor<1x14x14x32xf32>
}
func.func @convolution(%x: tensor<1x16x16x64xf32>, %w: tensor<1x2x576x16xf32>) -> tensor<1x14x14x32xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x16x16x64xf32>, tensor<1x2x576x16xf32>) -> tensor<1x14x14x32xf32> {
  ^bb0(%a: tensor<1x16x16x64xf32>, %b: tensor<1x2x576x16xf32>):
    %c = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 32 : tensor<1x16x16x64xf32>, tensor<1x2x576x16xf32> -> tensor<1x14x14x32xf32>
    ingot.yield %c : tensor<1x14x14x32xf32>
  }
  return %y : tensor<1x14x14x32xf32>
}

// CHECK-LABEL: func @depthwise
// CHECK: plan <family = depthwise, tile = [{{[12]}}, {{[0-9]+}}, 16], unroll = 1, lanes = 16
// AVX2-LABEL: func @depthwise
// AVX2: plan <family = depthwise, tile = [{{[12]}}, {{[0-9]+}}, 8], unroll
func.func @depthwise(%x: tensor<1x16x16x32xf32>, %w: tensor<2x9x16xf32>) -> tensor<1x14x14x32xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x16x16x32xf32>, tensor<2x9x16xf32>) -> tensor<1x14x14x32xf32> {
  ^bb0(%a: tensor<1x16x16x32xf32>, %b: tensor<2x9x16xf32>):
    %c = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 32 channels 32 : tensor<1x16x16x32xf32>, tensor<2x9x16xf32> -> tensor<1x14x14x32xf32>
    ingot.yield %c : tensor<1x14x14x32xf32>
  }
  return %y : tensor<1x14x14x32xf32>
}

// CHECK-LABEL: func @softmax
// CHECK: plan <family = row, tile = [16]
// CHECK-LABEL: func @elementwise
// CHECK: plan <family = map, tile = [{{[0-9]+}}], unroll = 1, lanes = 16
func.func @softmax(%x: tensor<12x128xf32>) -> tensor<12x128xf32> {
  %y = ingot.region ins(%x) : (tensor<12x128xf32>) -> tensor<12x128xf32> {
  ^bb0(%a: tensor<12x128xf32>):
    %c = ingot.norm softmax %a axes [1] : tensor<12x128xf32> -> tensor<12x128xf32>
    ingot.yield %c : tensor<12x128xf32>
  }
  return %y : tensor<12x128xf32>
}
func.func @elementwise(%x: tensor<12x128xf32>) -> tensor<12x128xf32> {
  %y = ingot.region ins(%x) : (tensor<12x128xf32>) -> tensor<12x128xf32> {
  ^bb0(%a: tensor<12x128xf32>):
    %c = ingot.unary relu %a : tensor<12x128xf32> -> tensor<12x128xf32>
    ingot.yield %c : tensor<12x128xf32>
  }
  return %y : tensor<12x128xf32>
}

// What a fast family refuses (here a convolution with padding of its own, and one with channels first) is left to `plain`.
// CHECK-LABEL: func @padded
// CHECK: plan <family = plain
// CHECK-LABEL: func @channels_first
// CHECK: plan <family = plain
func.func @padded(%x: tensor<1x14x14x64xf32>, %w: tensor<1x2x576x16xf32>) -> tensor<1x14x14x32xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x14x14x64xf32>, tensor<1x2x576x16xf32>) -> tensor<1x14x14x32xf32> {
  ^bb0(%a: tensor<1x14x14x64xf32>, %b: tensor<1x2x576x16xf32>):
    %c = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 1 channels 32 : tensor<1x14x14x64xf32>, tensor<1x2x576x16xf32> -> tensor<1x14x14x32xf32>
    ingot.yield %c : tensor<1x14x14x32xf32>
  }
  return %y : tensor<1x14x14x32xf32>
}
func.func @channels_first(%x: tensor<1x8x6x6xf32>, %w: tensor<4x8x3x3xf32>) -> tensor<1x4x4x4xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x8x6x6xf32>, tensor<4x8x3x3xf32>) -> tensor<1x4x4x4xf32> {
  ^bb0(%a: tensor<1x8x6x6xf32>, %b: tensor<4x8x3x3xf32>):
    %c = ingot.conv %a, %b channels_first kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 4 : tensor<1x8x6x6xf32>, tensor<4x8x3x3xf32> -> tensor<1x4x4x4xf32>
    ingot.yield %c : tensor<1x4x4x4xf32>
  }
  return %y : tensor<1x4x4x4xf32>
}

// A number of tiles that only a run tells: 256 units to be divided among threads, or 1 for little work.
// CHECK-LABEL: func @symbolic_products
// CHECK: plan <family = contraction, tile = [{{[0-9]+}}, {{[0-9]+}}], unroll = 2, lanes = 16, units = 256, parallel = true>
// CHECK: plan <family = contraction, tile = [{{[0-9]+}}, 16], unroll = {{[0-9]}}, lanes = 16, units = 1, parallel = false>
func.func @symbolic_products(%x: tensor<?x384xf32, #ingot.dims<()[s] -> (s, 384)>>, %w: tensor<24x384x16xf32>, %v: tensor<?x8xf32, #ingot.dims<()[s] -> (s, 8)>>, %u: tensor<1x8x16xf32>)
    -> (tensor<?x384xf32, #ingot.dims<()[s] -> (s, 384)>>, tensor<?x1xf32, #ingot.dims<()[s] -> (s, 1)>>) {
  %y = ingot.region ins(%x, %w) : (tensor<?x384xf32, #ingot.dims<()[s] -> (s, 384)>>, tensor<24x384x16xf32>) -> tensor<?x384xf32, #ingot.dims<()[s] -> (s, 384)>> {
  ^bb0(%a: tensor<?x384xf32, #ingot.dims<()[s] -> (s, 384)>>, %b: tensor<24x384x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<?x384xf32, #ingot.dims<()[s] -> (s, 384)>>, tensor<24x384x16xf32> -> tensor<?x384xf32, #ingot.dims<()[s] -> (s, 384)>>
    ingot.yield %c : tensor<?x384xf32, #ingot.dims<()[s] -> (s, 384)>>
  }
  %z = ingot.region ins(%v, %u) : (tensor<?x8xf32, #ingot.dims<()[s] -> (s, 8)>>, tensor<1x8x16xf32>) -> tensor<?x1xf32, #ingot.dims<()[s] -> (s, 1)>> {
  ^bb0(%a: tensor<?x8xf32, #ingot.dims<()[s] -> (s, 8)>>, %b: tensor<1x8x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<?x8xf32, #ingot.dims<()[s] -> (s, 8)>>, tensor<1x8x16xf32> -> tensor<?x1xf32, #ingot.dims<()[s] -> (s, 1)>>
    ingot.yield %c : tensor<?x1xf32, #ingot.dims<()[s] -> (s, 1)>>
  }
  return %y, %z : tensor<?x384xf32, #ingot.dims<()[s] -> (s, 384)>>, tensor<?x1xf32, #ingot.dims<()[s] -> (s, 1)>>
}

// Symbols count as 64 where work is estimated; how many pieces there are to share is known only at run time. A border that is wider than the tensor may
// be would be read outside of it: reflected ones are left to `plain`.
// CHECK-LABEL: func @symbolic
// CHECK: plan <family = row, tile = [16], unroll = 1, lanes = 16, units = 256, parallel = true>
// CHECK: plan <family = map, tile = [{{[0-9]+}}], unroll = 1, lanes = 16, units = 256, parallel = true>
// CHECK: plan <family = plain
func.func @symbolic(%x: tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>) -> tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1 + 3)>> {
  %y = ingot.region ins(%x) : (tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>) -> tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>> {
  ^bb0(%a: tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>):
    %c = ingot.norm softmax %a axes [2] : tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>> -> tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>
    ingot.yield %c : tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>
  }
  %z = ingot.region ins(%y) : (tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>) -> tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>> {
  ^bb0(%a: tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>):
    %c = ingot.unary gelu %a : tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>> -> tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>
    ingot.yield %c : tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>
  }
  %w = ingot.region ins(%z) : (tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>) -> tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1 + 3)>> {
  ^bb0(%a: tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>>):
    %c = ingot.pad reflect %a low [0, 0, 1] high [0, 0, 2] value dense<0.0> : tensor<f32> : tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1)>> -> tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1 + 3)>>
    ingot.yield %c : tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1 + 3)>>
  }
  return %w : tensor<?x12x?xf32, #ingot.dims<()[s0, s1] -> (s0, 12, s1 + 3)>>
}
