// RUN: ingot-opt %s -split-input-file -verify-diagnostics --pass-pipeline="builtin.module(ingot-choose-algorithms{remarks=true})" | FileCheck %s
// RUN: ingot-opt %s -split-input-file --pass-pipeline="builtin.module(ingot-choose-algorithms{exact=true})" | FileCheck %s --check-prefix=EXACT
// EXACT-NOT: winograd_conv

// CHECK-LABEL: func @large_tiles
func.func @large_tiles(%x: tensor<1x58x58x64xf32>) -> tensor<1x56x56x64xf32> {
  // CHECK: %[[W:.+]] = ingot.constant #ingot.weight<0, "w">
  // CHECK: %[[G:.+]] = ingot.constant dense<{{.*}}> : tensor<36x9xf64>
  // CHECK: %[[TAPS:.+]] = ingot.reshape %[[W]] : tensor<1x4x576x16xf32> -> tensor<4x9x1024xf32>
  // CHECK: %[[WIDE:.+]] = ingot.cast %[[TAPS]] to f64
  // CHECK: %[[PRODUCT:.+]] = ingot.matmul %[[G]], %[[WIDE]]
  // CHECK: %[[NARROW:.+]] = ingot.cast %[[PRODUCT]]
  // CHECK: %[[FILTERS:.+]] = ingot.reshape %[[NARROW]] : tensor<4x36x1024xf32> -> tensor<4x36x64x16xf32>
  // CHECK: ingot.winograd_conv %{{.+}}, %[[FILTERS]] tile 4 channels 64 {ingot.values = ["y"]}
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<1x4x576x16xf32>
  // expected-remark @+1 {{is computed by F(4, 3)}}
  %y = ingot.conv %x, %w channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 64 {ingot.values = ["y"]}
    : tensor<1x58x58x64xf32>, tensor<1x4x576x16xf32> -> tensor<1x56x56x64xf32>
  return %y : tensor<1x56x56x64xf32>
}

// -----

// The filters of F(4, 3) are four times as large as those of the direct convolution: with a small image and many channels, reading them takes longest.
// CHECK-LABEL: func @small_tiles
func.func @small_tiles(%x: tensor<1x9x9x512xf32>) -> tensor<1x7x7x512xf32> {
  // CHECK: ingot.winograd_conv %{{.+}}, %{{.+}} tile 2 channels 512
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<1x32x4608x16xf32>
  // expected-remark @+1 {{is computed by F(2, 3)}}
  %y = ingot.conv %x, %w channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 512
    : tensor<1x9x9x512xf32>, tensor<1x32x4608x16xf32> -> tensor<1x7x7x512xf32>
  return %y : tensor<1x7x7x512xf32>
}

// -----

// CHECK-LABEL: func @halves
func.func @halves(%x: tensor<1x58x58x64xf32>) -> tensor<1x56x56x64xf32> {
  // CHECK-NOT: winograd
  %stored = ingot.constant #ingot.weight<0, "w"> : tensor<1x576x64xf16>
  %wide = ingot.cast %stored to f32 : tensor<1x576x64xf16> -> tensor<1x576x64xf32>
  %w = ingot.pack %wide : tensor<1x576x64xf32> -> tensor<1x4x576x16xf32>
  // expected-remark @+1 {{is computed directly: its weights are stored in narrow floats}}
  %y = ingot.conv %x, %w channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 64
    : tensor<1x58x58x64xf32>, tensor<1x4x576x16xf32> -> tensor<1x56x56x64xf32>
  return %y : tensor<1x56x56x64xf32>
}

// -----

// CHECK-LABEL: func @few_channels
func.func @few_channels(%x: tensor<1x58x58x3xf32>) -> tensor<1x56x56x8xf32> {
  // CHECK-NOT: winograd
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<1x1x27x16xf32>
  // expected-remark @+1 {{is computed directly: }}
  %y = ingot.conv %x, %w channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 8
    : tensor<1x58x58x3xf32>, tensor<1x1x27x16xf32> -> tensor<1x56x56x8xf32>
  return %y : tensor<1x56x56x8xf32>
}

// -----

// CHECK-LABEL: func @refused
func.func @refused(%x: tensor<1x58x58x64xf32>, %v: tensor<1x4x576x16xf32>) {
  // CHECK-NOT: winograd
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<1x4x576x16xf32>
  %w5 = ingot.constant #ingot.weight<1, "w5"> : tensor<1x4x1600x16xf32>
  %g = ingot.constant #ingot.weight<2, "g"> : tensor<2x2x288x16xf32>
  // expected-remark @+1 {{is computed directly: it has strides}}
  %0 = ingot.conv %x, %w channels_last kernel [3, 3] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 64
    : tensor<1x58x58x64xf32>, tensor<1x4x576x16xf32> -> tensor<1x28x28x64xf32>
  // expected-remark @+1 {{is computed directly: its kernel is dilated}}
  %1 = ingot.conv %x, %w channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [2, 2] groups 1 channels 64
    : tensor<1x58x58x64xf32>, tensor<1x4x576x16xf32> -> tensor<1x54x54x64xf32>
  // expected-remark @+1 {{is computed directly: it has groups}}
  %2 = ingot.conv %x, %g channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 2 channels 64
    : tensor<1x58x58x64xf32>, tensor<2x2x288x16xf32> -> tensor<1x56x56x64xf32>
  // expected-remark @+1 {{is computed directly: its kernel is not 3x3}}
  %3 = ingot.conv %x, %w5 channels_last kernel [5, 5] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 64
    : tensor<1x58x58x64xf32>, tensor<1x4x1600x16xf32> -> tensor<1x54x54x64xf32>
  // expected-remark @+1 {{is computed directly: its weights are not known at compile time}}
  %4 = ingot.conv %x, %v channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 64
    : tensor<1x58x58x64xf32>, tensor<1x4x576x16xf32> -> tensor<1x56x56x64xf32>
  return
}

// -----

// CHECK-LABEL: func @channels_first
func.func @channels_first(%x: tensor<1x64x58x58xf32>) -> tensor<1x64x56x56xf32> {
  // CHECK: ingot.conv
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<64x64x3x3xf32>
  %y = ingot.conv %x, %w channels_first kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 64
    : tensor<1x64x58x58xf32>, tensor<64x64x3x3xf32> -> tensor<1x64x56x56xf32>
  return %y : tensor<1x64x56x56xf32>
}
