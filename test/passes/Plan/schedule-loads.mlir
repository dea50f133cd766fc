// The next block of weights is fetched during the first half of a block's tiles; of Winograd convolutions each panel is
// fetched a whole reduction before it is used.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-schedule-loads))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-schedule-loads{ahead=7}))' | FileCheck %s --check-prefix=SEVEN
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-schedule-loads{ahead=4097}))' 2>&1 | FileCheck %s --check-prefix=FAR

// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-schedule-loads{others=true}))' | FileCheck %s --check-prefix=OTHERS

// What could be done instead stays beside it, if asked for: nothing, near, and between the two for what is read once.
// OTHERS-LABEL: func @product
// OTHERS: ingot.loads = array<i64: [[TILES:[0-9]+]], 0>, ingot.other_loads = [array<i64: 0, 0>, array<i64: [[TILES]], 32>]
// OTHERS-LABEL: func @winograd
// OTHERS: ingot.loads = array<i64: 0, 256>, ingot.other_loads = [array<i64: 0, 0>, array<i64: 0, 32>, array<i64: 0, 128>]
// OTHERS-LABEL: func @none
// OTHERS-NOT: ingot.loads

// FAR: ingot-schedule-loads: weights cannot be fetched 4097 steps ahead: 0 to 4096

// CHECK-LABEL: func @product
// CHECK: ingot.loads = array<i64: {{[1-9][0-9]*}}, 0>
func.func @product(%x: tensor<128x768xf32>, %w: tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<128x768xf32>, tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>, %b: tensor<48x768x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<128x768xf32>, tensor<48x768x16xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  }
  return %y : tensor<128x768xf32>
}

// CHECK-LABEL: func @convolution
// CHECK: ingot.loads = array<i64: {{[1-9][0-9]*}}, 0>
func.func @convolution(%x: tensor<1x16x16x64xf32>, %w: tensor<1x16x576x16xf32>) -> tensor<1x7x7x256xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x16x16x64xf32>, tensor<1x16x576x16xf32>) -> tensor<1x7x7x256xf32> {
  ^bb0(%a: tensor<1x16x16x64xf32>, %b: tensor<1x16x576x16xf32>):
    %c = ingot.conv %a, %b channels_last kernel [3, 3] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 256 : tensor<1x16x16x64xf32>, tensor<1x16x576x16xf32> -> tensor<1x7x7x256xf32>
    ingot.yield %c : tensor<1x7x7x256xf32>
  }
  return %y : tensor<1x7x7x256xf32>
}

// CHECK-LABEL: func @winograd
// CHECK: ingot.loads = array<i64: 0, 256>
// SEVEN-LABEL: func @winograd
// SEVEN: ingot.loads = array<i64: 0, 7>
func.func @winograd(%x: tensor<1x16x16x256xf32>, %w: tensor<16x36x256x16xf32>) -> tensor<1x14x14x256xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x16x16x256xf32>, tensor<16x36x256x16xf32>) -> tensor<1x14x14x256xf32> {
  ^bb0(%a: tensor<1x16x16x256xf32>, %b: tensor<16x36x256x16xf32>):
    %c = ingot.winograd_conv %a, %b tile 4 channels 256 : tensor<1x16x16x256xf32>, tensor<16x36x256x16xf32> -> tensor<1x14x14x256xf32>
    ingot.yield %c : tensor<1x14x14x256xf32>
  }
  return %y : tensor<1x14x14x256xf32>
}

// Several blocks of pixels: the next one is fetched, too.
// CHECK-LABEL: func @image
// CHECK: ingot.loads = array<i64: 1, 96>
func.func @image(%x: tensor<1x162x162x96xf32>, %w: tensor<2x36x96x16xf32>) -> tensor<1x160x160x24xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x162x162x96xf32>, tensor<2x36x96x16xf32>) -> tensor<1x160x160x24xf32> {
  ^bb0(%a: tensor<1x162x162x96xf32>, %b: tensor<2x36x96x16xf32>):
    %c = ingot.winograd_conv %a, %b tile 4 channels 24 : tensor<1x162x162x96xf32>, tensor<2x36x96x16xf32> -> tensor<1x160x160x24xf32>
    ingot.yield %c : tensor<1x160x160x24xf32>
  }
  return %y : tensor<1x160x160x24xf32>
}

// Nothing to fetch: one block of columns, one tile of rows, a short reduction, no product at all.
// CHECK-LABEL: func @none
// CHECK-NOT: ingot.loads
func.func @none(%x: tensor<128x768xf32>, %w: tensor<1x768x16xf32>, %r: tensor<1x768xf32>, %v: tensor<8x768x16xf32>, %s: tensor<128x16xf32>,
                %u: tensor<8x16x16xf32>) -> (tensor<128x16xf32>, tensor<1x128xf32>, tensor<128x128xf32>, tensor<128x768xf32>) {
  %1 = ingot.region ins(%x, %w) : (tensor<128x768xf32>, tensor<1x768x16xf32>) -> tensor<128x16xf32> {
  ^bb0(%a: tensor<128x768xf32>, %b: tensor<1x768x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<128x768xf32>, tensor<1x768x16xf32> -> tensor<128x16xf32>
    ingot.yield %c : tensor<128x16xf32>
  }
  %2 = ingot.region ins(%r, %v) : (tensor<1x768xf32>, tensor<8x768x16xf32>) -> tensor<1x128xf32> {
  ^bb0(%a: tensor<1x768xf32>, %b: tensor<8x768x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<1x768xf32>, tensor<8x768x16xf32> -> tensor<1x128xf32>
    ingot.yield %c : tensor<1x128xf32>
  }
  %3 = ingot.region ins(%s, %u) : (tensor<128x16xf32>, tensor<8x16x16xf32>) -> tensor<128x128xf32> {
  ^bb0(%a: tensor<128x16xf32>, %b: tensor<8x16x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<128x16xf32>, tensor<8x16x16xf32> -> tensor<128x128xf32>
    ingot.yield %c : tensor<128x128xf32>
  }
  %4 = ingot.region ins(%x) : (tensor<128x768xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>):
    %c = ingot.unary relu %a : tensor<128x768xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  }
  return %1, %2, %3, %4 : tensor<128x16xf32>, tensor<1x128xf32>, tensor<128x128xf32>, tensor<128x768xf32>
}
