// Weights of a matrix-vector product come from memory while 1x1 convolutions before it compute: the nearest one has the end of them.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-estimate-costs,ingot-fetch-weights))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-describe-machine{facts=l2-bytes:16777216},ingot-choose-kernels,ingot-unroll-and-jam,ingot-estimate-costs,ingot-fetch-weights))' | FileCheck %s --check-prefix=CACHED

!image = tensor<1x14x14x256xf32>
!filters = tensor<1x16x256x16xf32>

// They stay in the second cache between runs.
// CACHED-NOT: ingot.fetches

// CHECK-LABEL: func.func @main
func.func @main(%x: !image) -> (!image, tensor<1x5120xf32>) {
  %f = ingot.constant #ingot.weight<0, "filters"> : !filters
  // CHECK: %[[W:.*]] = ingot.constant #ingot.weight<1, "w">
  %w = ingot.constant #ingot.weight<1, "w"> : tensor<320x256x16xf32>
  // CHECK: ingot.region ins(%{{.*}}, %{{.*}}, %[[W]]) plan <family = convolution
  // CHECK-SAME: ingot.fetches = array<i64: 2, [[#FIRST:]], [[#COUNT:]]>
  // CHECK-NEXT: ^bb0(%{{.*}}, %{{.*}}, %{{.*}}: tensor<320x256x16xf32>):
  %a = ingot.region ins(%x, %f) : (!image, !filters) -> !image {
  ^bb0(%p: !image, %q: !filters):
    %c = ingot.conv %p, %q channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 256
      : !image, !filters -> !image
    ingot.yield %c : !image
  }
  // CHECK: ingot.region ins(%{{.*}}, %{{.*}}, %[[W]]) plan <family = convolution
  // CHECK-SAME: ingot.fetches = array<i64: 2, [[#FIRST+COUNT]], [[#1310720-FIRST-COUNT]]>
  %b = ingot.region ins(%a, %f) : (!image, !filters) -> !image {
  ^bb0(%p: !image, %q: !filters):
    %c = ingot.conv %p, %q channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 256
      : !image, !filters -> !image
    ingot.yield %c : !image
  }
  %m = ingot.region ins(%b) : (!image) -> tensor<1x256xf32> {
  ^bb0(%p: !image):
    %c = ingot.reduce mean %p axes [1, 2] : !image -> tensor<1x256xf32>
    ingot.yield %c : tensor<1x256xf32>
  }
  // CHECK: plan <family = gemv
  %y = ingot.region ins(%m, %w) : (tensor<1x256xf32>, tensor<320x256x16xf32>) -> tensor<1x5120xf32> {
  ^bb0(%p: tensor<1x256xf32>, %q: tensor<320x256x16xf32>):
    %c = ingot.packed_matmul %p, %q : tensor<1x256xf32>, tensor<320x256x16xf32> -> tensor<1x5120xf32>
    ingot.yield %c : tensor<1x5120xf32>
  }
  // Behind it nothing is to be fetched.
  // CHECK-NOT: ingot.fetches
  %d = ingot.region ins(%b, %f) : (!image, !filters) -> !image {
  ^bb0(%p: !image, %q: !filters):
    %c = ingot.conv %p, %q channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 256
      : !image, !filters -> !image
    ingot.yield %c : !image
  }
  return %d, %y : !image, tensor<1x5120xf32>
}

// Products of rows fetch the block that the next one begins with, which has as many panels as its tile: from 55 rows on all threads begin with the
// first one, with fewer each with its own. Products of other numbers of rows are left alone.
// CHECK-LABEL: func.func @rows
// CACHED-LABEL: func.func @rows
// CACHED-NOT: ingot.first_block
func.func @rows(%x: tensor<20x256xf32>, %o: tensor<24x256xf32>) -> (tensor<20x1536xf32>, tensor<24x1536xf32>, tensor<20x32xf32>) {
  %v = ingot.constant #ingot.weight<0, "v"> : tensor<16x256x16xf32>
  // CHECK: %[[W:.*]] = ingot.constant #ingot.weight<1, "w">
  %w = ingot.constant #ingot.weight<1, "w"> : tensor<96x256x16xf32>
  %u = ingot.constant #ingot.weight<2, "u"> : tensor<2x1536x16xf32>
  // CHECK: ingot.region ins(%{{[a-z0-9]*}}, %{{[a-z0-9]*}}, %[[W]]) plan <family = contraction
  // CHECK-SAME: ingot.first_block = array<i64: 2, [[#]], [[#]], 55>
  // CHECK-NEXT: ^bb0(%{{.*}}, %{{.*}}, %{{.*}}: tensor<96x256x16xf32>):
  %a = ingot.region ins(%x, %v) : (tensor<20x256xf32>, tensor<16x256x16xf32>) -> tensor<20x256xf32> {
  ^bb0(%p: tensor<20x256xf32>, %q: tensor<16x256x16xf32>):
    %c = ingot.packed_matmul %p, %q : tensor<20x256xf32>, tensor<16x256x16xf32> -> tensor<20x256xf32>
    ingot.yield %c : tensor<20x256xf32>
  }
  // CHECK-NOT: ingot.first_block
  %b = ingot.region ins(%a, %w) : (tensor<20x256xf32>, tensor<96x256x16xf32>) -> tensor<20x1536xf32> {
  ^bb0(%p: tensor<20x256xf32>, %q: tensor<96x256x16xf32>):
    %c = ingot.packed_matmul %p, %q : tensor<20x256xf32>, tensor<96x256x16xf32> -> tensor<20x1536xf32>
    ingot.yield %c : tensor<20x1536xf32>
  }
  %d = ingot.region ins(%o, %w) : (tensor<24x256xf32>, tensor<96x256x16xf32>) -> tensor<24x1536xf32> {
  ^bb0(%p: tensor<24x256xf32>, %q: tensor<96x256x16xf32>):
    %c = ingot.packed_matmul %p, %q : tensor<24x256xf32>, tensor<96x256x16xf32> -> tensor<24x1536xf32>
    ingot.yield %c : tensor<24x1536xf32>
  }
  %e = ingot.region ins(%b, %u) : (tensor<20x1536xf32>, tensor<2x1536x16xf32>) -> tensor<20x32xf32> {
  ^bb0(%p: tensor<20x1536xf32>, %q: tensor<2x1536x16xf32>):
    %c = ingot.packed_matmul %p, %q : tensor<20x1536xf32>, tensor<2x1536x16xf32> -> tensor<20x32xf32>
    ingot.yield %c : tensor<20x32xf32>
  }
  return %b, %d, %e : tensor<20x1536xf32>, tensor<24x1536xf32>, tensor<20x32xf32>
}
