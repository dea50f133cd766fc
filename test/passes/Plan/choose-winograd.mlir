// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-describe-machine{level=x86-64-v3},ingot-choose-kernels,ingot-unroll-and-jam))' | FileCheck %s --check-prefix=AVX2

// A block of tiles whose transformed input stays in the second cache, and a few of them in registers at a time.
// CHECK-LABEL: func @static
// CHECK: plan <family = winograd, tile = [{{[0-9]+}}, {{[0-9]+}}, {{16|32|48|64}}, {{[0-9]+}}], unroll = {{[0-9]+}}, lanes = 16, units = {{[0-9]+}}, parallel = true, scratch = {{[0-9]+}}>
// AVX2-LABEL: func @static
// AVX2: plan <family = winograd, tile = [{{[0-9]+}}, {{[0-9]+}}, 16, {{[1-6]}}], unroll = 1, lanes = 8
func.func @static(%x: tensor<1x58x58x64xf32>, %w: tensor<4x36x64x16xf32>) -> tensor<1x56x56x64xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x58x58x64xf32>, tensor<4x36x64x16xf32>) -> tensor<1x56x56x64xf32> {
  ^bb0(%a: tensor<1x58x58x64xf32>, %b: tensor<4x36x64x16xf32>):
    %c = ingot.winograd_conv %a, %b tile 4 channels 64 : tensor<1x58x58x64xf32>, tensor<4x36x64x16xf32> -> tensor<1x56x56x64xf32>
    ingot.yield %c : tensor<1x56x56x64xf32>
  }
  return %y : tensor<1x56x56x64xf32>
}

// One block, whose units are the output channels.
// CHECK-LABEL: func @small
// CHECK: plan <family = winograd, tile = [4, 4, 16, 16], {{.*}} units = 16
func.func @small(%x: tensor<1x16x16x256xf32>, %w: tensor<16x36x256x16xf32>) -> tensor<1x14x14x256xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x16x16x256xf32>, tensor<16x36x256x16xf32>) -> tensor<1x14x14x256xf32> {
  ^bb0(%a: tensor<1x16x16x256xf32>, %b: tensor<16x36x256x16xf32>):
    %c = ingot.winograd_conv %a, %b tile 4 channels 256 : tensor<1x16x16x256xf32>, tensor<16x36x256x16xf32> -> tensor<1x14x14x256xf32>
    ingot.yield %c : tensor<1x14x14x256xf32>
  }
  return %y : tensor<1x14x14x256xf32>
}

// Of an image of unknown size: few tiles in powers of two.
// CHECK-LABEL: func @open
// CHECK: plan <family = winograd, tile = [{{[12]}}, {{[1248]}}, {{[0-9]+}}, {{[0-9]+}}], {{.*}} units = 256, parallel = true, scratch
func.func @open(%x: tensor<1x?x?x64xf32, #ingot.dims<()[s0] -> (1, s0 + 2, s0 + 2, 64)>>, %w: tensor<4x36x64x16xf32>)
    -> tensor<1x?x?x64xf32, #ingot.dims<()[s0] -> (1, s0, s0, 64)>> attributes {ingot.symbols = ["s"], ingot.ranges = [array<i64: 1, 640>]} {
  %y = ingot.region ins(%x, %w) : (tensor<1x?x?x64xf32, #ingot.dims<()[s0] -> (1, s0 + 2, s0 + 2, 64)>>, tensor<4x36x64x16xf32>)
      -> tensor<1x?x?x64xf32, #ingot.dims<()[s0] -> (1, s0, s0, 64)>> {
  ^bb0(%a: tensor<1x?x?x64xf32, #ingot.dims<()[s0] -> (1, s0 + 2, s0 + 2, 64)>>, %b: tensor<4x36x64x16xf32>):
    %c = ingot.winograd_conv %a, %b tile 4 channels 64 : tensor<1x?x?x64xf32, #ingot.dims<()[s0] -> (1, s0 + 2, s0 + 2, 64)>>, tensor<4x36x64x16xf32> -> tensor<1x?x?x64xf32, #ingot.dims<()[s0] -> (1, s0, s0, 64)>>
    ingot.yield %c : tensor<1x?x?x64xf32, #ingot.dims<()[s0] -> (1, s0, s0, 64)>>
  }
  return %y : tensor<1x?x?x64xf32, #ingot.dims<()[s0] -> (1, s0, s0, 64)>>
}
