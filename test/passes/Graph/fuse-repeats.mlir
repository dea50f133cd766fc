// RUN: ingot-opt %s -split-input-file -verify-diagnostics --pass-pipeline="builtin.module(func.func(ingot-fuse-repeats{remarks=true}))" | FileCheck %s

// An upsampled image is added to one that is scaled by channel: all of it on the dims of each pixel and its copies.
// CHECK-LABEL: func @upsampled
// CHECK-SAME: %[[SMALL:.+]]: tensor<1x4x1x5x1x8xf32>, %[[LARGE:.+]]: tensor<1x8x10x8xf32>, %[[SCALE:.+]]: tensor<1x1x1x8xf32>, %[[BIAS:.+]]: tensor<8xf32>
func.func @upsampled(%small: tensor<1x4x1x5x1x8xf32>, %large: tensor<1x8x10x8xf32>, %scale: tensor<1x1x1x8xf32>, %bias: tensor<8xf32>) -> tensor<1x8x10x8xf32> {
  // CHECK-DAG: %[[X:.+]] = ingot.reshape %[[LARGE]] : tensor<1x8x10x8xf32> -> tensor<1x4x2x5x2x8xf32>
  // CHECK-DAG: %[[S:.+]] = ingot.reshape %[[SCALE]] : tensor<1x1x1x8xf32> -> tensor<1x1x1x1x1x8xf32>
  // CHECK: %[[SCALED:.+]] = ingot.binary mul %[[X]], %[[S]] : tensor<1x4x2x5x2x8xf32>, tensor<1x1x1x1x1x8xf32> -> tensor<1x4x2x5x2x8xf32>
  // CHECK: %[[ADDED:.+]] = ingot.binary add %[[SCALED]], %[[BIAS]] : tensor<1x4x2x5x2x8xf32>, tensor<8xf32> -> tensor<1x4x2x5x2x8xf32>
  // CHECK: %[[SUM:.+]] = ingot.binary add %[[ADDED]], %[[SMALL]] : tensor<1x4x2x5x2x8xf32>, tensor<1x4x1x5x1x8xf32> -> tensor<1x4x2x5x2x8xf32>
  // CHECK: ingot.reshape %[[SUM]] : tensor<1x4x2x5x2x8xf32> -> tensor<1x8x10x8xf32>
  %repeated = ingot.broadcast %small : tensor<1x4x1x5x1x8xf32> -> tensor<1x4x2x5x2x8xf32>
  %joined = ingot.reshape %repeated : tensor<1x4x2x5x2x8xf32> -> tensor<1x8x10x8xf32>
  %scaled = ingot.binary mul %large, %scale : tensor<1x8x10x8xf32>, tensor<1x1x1x8xf32> -> tensor<1x8x10x8xf32>
  %added = ingot.binary add %scaled, %bias : tensor<1x8x10x8xf32>, tensor<8xf32> -> tensor<1x8x10x8xf32>
  %sum = ingot.binary add %added, %joined : tensor<1x8x10x8xf32>, tensor<1x8x10x8xf32> -> tensor<1x8x10x8xf32>
  return %sum : tensor<1x8x10x8xf32>
}

// -----

// What something else reads, too, stays as it is.
// CHECK-LABEL: func @shared
// CHECK-SAME: %[[SMALL:.+]]: tensor<2x1x3xf32>, %[[X:.+]]: tensor<4x3xf32>
func.func @shared(%small: tensor<2x1x3xf32>, %x: tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  // CHECK: %[[Y:.+]] = ingot.unary relu %[[X]]
  // CHECK: %[[WIDE:.+]] = ingot.reshape %[[Y]] : tensor<4x3xf32> -> tensor<2x2x3xf32>
  // CHECK: ingot.binary add %[[WIDE]], %[[SMALL]]
  %repeated = ingot.broadcast %small : tensor<2x1x3xf32> -> tensor<2x2x3xf32>
  %joined = ingot.reshape %repeated : tensor<2x2x3xf32> -> tensor<4x3xf32>
  %y = ingot.unary relu %x : tensor<4x3xf32> -> tensor<4x3xf32>
  %sum = ingot.binary add %y, %joined : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<4x3xf32>
  return %y, %sum : tensor<4x3xf32>, tensor<4x3xf32>
}

// -----

// A convolution adds the image while it writes: parted from the addition, it would write once more.
// CHECK-LABEL: func @behind_product
func.func @behind_product(%small: tensor<2x1x3xf32>, %x: tensor<4x5xf32>, %w: tensor<5x3xf32>) -> tensor<4x3xf32> {
  // CHECK: ingot.broadcast
  %repeated = ingot.broadcast %small : tensor<2x1x3xf32> -> tensor<2x2x3xf32>
  %joined = ingot.reshape %repeated : tensor<2x2x3xf32> -> tensor<4x3xf32>
  %product = ingot.matmul %x, %w : tensor<4x5xf32>, tensor<5x3xf32> -> tensor<4x3xf32>
  // expected-remark @+1 {{reads repeated elements: the operation in front of it could not join it any more}}
  %sum = ingot.binary add %product, %joined : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<4x3xf32>
  return %sum : tensor<4x3xf32>
}

// -----

// A 1x1 convolution is a product of pixels, whatever dims these have: it goes with the additions behind it.
// CHECK-LABEL: func @lateral
// CHECK-SAME: %[[SMALL:.+]]: tensor<1x4x1x5x1x24xf32>, %[[X:.+]]: tensor<1x8x10x6xf32>, %[[W:.+]]: tensor<1x2x6x16xf32>, %[[SCALE:.+]]: tensor<1x1x1x24xf32>
func.func @lateral(%small: tensor<1x4x1x5x1x24xf32>, %x: tensor<1x8x10x6xf32>, %w: tensor<1x2x6x16xf32>, %scale: tensor<1x1x1x24xf32>) -> tensor<1x8x10x24xf32> {
  // CHECK-DAG: %[[PIXELS:.+]] = ingot.reshape %[[X]] : tensor<1x8x10x6xf32> -> tensor<1x4x2x5x2x6xf32>
  // CHECK-DAG: %[[PANELS:.+]] = ingot.reshape %[[W]] : tensor<1x2x6x16xf32> -> tensor<2x6x16xf32>
  // CHECK: %[[PRODUCT:.+]] = ingot.packed_matmul %[[PIXELS]], %[[PANELS]] {ingot.values = ["lateral"]} : tensor<1x4x2x5x2x6xf32>, tensor<2x6x16xf32> -> tensor<1x4x2x5x2x24xf32>
  // CHECK: %[[SCALED:.+]] = ingot.binary mul %[[PRODUCT]]
  // CHECK: %[[MORE:.+]] = ingot.binary add %[[PRODUCT]], %[[SCALED]]
  // CHECK: %[[SUM:.+]] = ingot.binary add %[[MORE]], %[[SMALL]]
  // CHECK: ingot.reshape %[[SUM]] : tensor<1x4x2x5x2x24xf32> -> tensor<1x8x10x24xf32>
  %repeated = ingot.broadcast %small : tensor<1x4x1x5x1x24xf32> -> tensor<1x4x2x5x2x24xf32>
  %joined = ingot.reshape %repeated : tensor<1x4x2x5x2x24xf32> -> tensor<1x8x10x24xf32>
  %conv = ingot.conv %x, %w channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 24 {ingot.values = ["lateral"]} : tensor<1x8x10x6xf32>, tensor<1x2x6x16xf32> -> tensor<1x8x10x24xf32>
  %scaled = ingot.binary mul %conv, %scale : tensor<1x8x10x24xf32>, tensor<1x1x1x24xf32> -> tensor<1x8x10x24xf32>
  %more = ingot.binary add %conv, %scaled : tensor<1x8x10x24xf32>, tensor<1x8x10x24xf32> -> tensor<1x8x10x24xf32>
  %sum = ingot.binary add %more, %joined : tensor<1x8x10x24xf32>, tensor<1x8x10x24xf32> -> tensor<1x8x10x24xf32>
  return %sum : tensor<1x8x10x24xf32>
}

// -----

// One of windows cannot, and one that something else reads is written anyway.
// CHECK-LABEL: func @windows
func.func @windows(%small: tensor<1x4x1x5x1x24xf32>, %x: tensor<1x10x12x6xf32>, %w: tensor<1x2x54x16xf32>) -> tensor<1x8x10x24xf32> {
  // CHECK-NOT: ingot.packed_matmul
  %repeated = ingot.broadcast %small : tensor<1x4x1x5x1x24xf32> -> tensor<1x4x2x5x2x24xf32>
  %joined = ingot.reshape %repeated : tensor<1x4x2x5x2x24xf32> -> tensor<1x8x10x24xf32>
  %conv = ingot.conv %x, %w channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 24 : tensor<1x10x12x6xf32>, tensor<1x2x54x16xf32> -> tensor<1x8x10x24xf32>
  // expected-remark @+1 {{reads repeated elements: the operation in front of it could not join it any more}}
  %sum = ingot.binary add %conv, %joined : tensor<1x8x10x24xf32>, tensor<1x8x10x24xf32> -> tensor<1x8x10x24xf32>
  return %sum : tensor<1x8x10x24xf32>
}

// CHECK-LABEL: func @read_twice
func.func @read_twice(%small: tensor<1x4x1x5x1x24xf32>, %x: tensor<1x8x10x6xf32>, %w: tensor<1x2x6x16xf32>) -> (tensor<1x8x10x24xf32>, tensor<1x8x10x24xf32>) {
  // CHECK: %[[CONV:.+]] = ingot.conv
  // CHECK: %[[WIDE:.+]] = ingot.reshape %[[CONV]]
  // CHECK: ingot.binary add %[[WIDE]]
  %repeated = ingot.broadcast %small : tensor<1x4x1x5x1x24xf32> -> tensor<1x4x2x5x2x24xf32>
  %joined = ingot.reshape %repeated : tensor<1x4x2x5x2x24xf32> -> tensor<1x8x10x24xf32>
  %conv = ingot.conv %x, %w channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 24 : tensor<1x8x10x6xf32>, tensor<1x2x6x16xf32> -> tensor<1x8x10x24xf32>
  %sum = ingot.binary add %conv, %joined : tensor<1x8x10x24xf32>, tensor<1x8x10x24xf32> -> tensor<1x8x10x24xf32>
  return %conv, %sum : tensor<1x8x10x24xf32>, tensor<1x8x10x24xf32>
}

// -----

// CHECK-LABEL: func @all_repeated
func.func @all_repeated(%a: tensor<2x1x3xf32>, %b: tensor<2x1x3xf32>) -> tensor<4x3xf32> {
  // CHECK-COUNT-2: ingot.broadcast
  %0 = ingot.broadcast %a : tensor<2x1x3xf32> -> tensor<2x2x3xf32>
  %1 = ingot.reshape %0 : tensor<2x2x3xf32> -> tensor<4x3xf32>
  %2 = ingot.broadcast %b : tensor<2x1x3xf32> -> tensor<2x2x3xf32>
  %3 = ingot.reshape %2 : tensor<2x2x3xf32> -> tensor<4x3xf32>
  // expected-remark @+1 {{reads repeated elements: all operands are repeated}}
  %4 = ingot.binary add %1, %3 : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<4x3xf32>
  return %4 : tensor<4x3xf32>
}

// -----

#small = #ingot.dims<()[s0] -> (s0, 1, 8)>
#wide = #ingot.dims<()[s0] -> (s0, 2, 8)>
#image = #ingot.dims<()[s0] -> (s0 * 2, 8)>

// CHECK-LABEL: func @open
func.func @open(%small: tensor<?x1x8xf32, #small>, %x: tensor<?x8xf32, #image>) -> tensor<?x8xf32, #image> {
  // CHECK: %[[WIDE:.+]] = ingot.reshape %{{.+}} : tensor<?x8xf32, #{{.+}}> -> tensor<?x2x8xf32, #{{.+}}>
  // CHECK: %[[SUM:.+]] = ingot.binary add %[[WIDE]], %{{.+}} : tensor<?x2x8xf32, #{{.+}}>, tensor<?x1x8xf32, #{{.+}}> -> tensor<?x2x8xf32, #{{.+}}>
  // CHECK: ingot.reshape %[[SUM]] : tensor<?x2x8xf32, #{{.+}}> -> tensor<?x8xf32, #{{.+}}>
  %repeated = ingot.broadcast %small : tensor<?x1x8xf32, #small> -> tensor<?x2x8xf32, #wide>
  %joined = ingot.reshape %repeated : tensor<?x2x8xf32, #wide> -> tensor<?x8xf32, #image>
  %sum = ingot.binary add %x, %joined : tensor<?x8xf32, #image>, tensor<?x8xf32, #image> -> tensor<?x8xf32, #image>
  return %sum : tensor<?x8xf32, #image>
}

// -----

// Bytes are repeated, and what they stand for is added: the floats are made before they are repeated, those of the other side behind a reshape of its
// bytes, and what follows joins the addition.
// CHECK-LABEL: func @bytes
// CHECK-SAME: %[[SMALL:.+]]: tensor<2x1x3xui8>, %[[LARGE:.+]]: tensor<4x3xui8>
func.func @bytes(%small: tensor<2x1x3xui8>, %large: tensor<4x3xui8>) -> tensor<4x3xf32> {
  %zero = ingot.constant dense<5.0> : tensor<f32>
  %scale = ingot.constant dense<0.5> : tensor<f32>
  // CHECK-DAG: %[[S0:.+]] = ingot.cast %[[SMALL]] to f32 : tensor<2x1x3xui8> -> tensor<2x1x3xf32>
  // CHECK-DAG: %[[S:.+]] = ingot.binary sub %[[S0]], %{{.*}} : tensor<2x1x3xf32>, tensor<f32> -> tensor<2x1x3xf32>
  // CHECK-DAG: %[[L0:.+]] = ingot.reshape %[[LARGE]] : tensor<4x3xui8> -> tensor<2x2x3xui8>
  // CHECK-DAG: %[[L1:.+]] = ingot.cast %[[L0]] to f32 : tensor<2x2x3xui8> -> tensor<2x2x3xf32>
  // CHECK-DAG: %[[L:.+]] = ingot.binary mul %[[L1]], %{{.*}} : tensor<2x2x3xf32>, tensor<f32> -> tensor<2x2x3xf32>
  // CHECK: %[[SUM:.+]] = ingot.binary add %[[L]], %[[S]] : tensor<2x2x3xf32>, tensor<2x1x3xf32> -> tensor<2x2x3xf32>
  // CHECK: %[[ROUNDED:.+]] = ingot.unary round_even %[[SUM]] : tensor<2x2x3xf32>
  // CHECK: ingot.reshape %[[ROUNDED]] : tensor<2x2x3xf32> -> tensor<4x3xf32>
  %repeated = ingot.broadcast %small : tensor<2x1x3xui8> -> tensor<2x2x3xui8>
  %0 = ingot.cast %repeated to f32 : tensor<2x2x3xui8> -> tensor<2x2x3xf32>
  %1 = ingot.binary sub %0, %zero : tensor<2x2x3xf32>, tensor<f32> -> tensor<2x2x3xf32>
  %joined = ingot.reshape %1 : tensor<2x2x3xf32> -> tensor<4x3xf32>
  %2 = ingot.cast %large to f32 : tensor<4x3xui8> -> tensor<4x3xf32>
  %3 = ingot.binary mul %2, %scale : tensor<4x3xf32>, tensor<f32> -> tensor<4x3xf32>
  %sum = ingot.binary add %3, %joined : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<4x3xf32>
  %rounded = ingot.unary round_even %sum : tensor<4x3xf32> -> tensor<4x3xf32>
  return %rounded : tensor<4x3xf32>
}

// -----

// Nothing of the repeated size follows: floats are larger than bytes, so these are repeated.
// CHECK-LABEL: func @only_repeated
func.func @only_repeated(%small: tensor<2x1x3xui8>) -> tensor<4x3xf32> {
  // CHECK: ingot.broadcast %{{.*}} : tensor<2x1x3xui8> -> tensor<2x2x3xui8>
  %repeated = ingot.broadcast %small : tensor<2x1x3xui8> -> tensor<2x2x3xui8>
  %0 = ingot.cast %repeated to f32 : tensor<2x2x3xui8> -> tensor<2x2x3xf32>
  %joined = ingot.reshape %0 : tensor<2x2x3xf32> -> tensor<4x3xf32>
  return %joined : tensor<4x3xf32>
}
