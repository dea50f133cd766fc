// An expansion, a depthwise convolution and a projection become a chain where the image between them is large; the strips are those of the last one.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-chain-rows,ingot-estimate-costs,ingot-schedule-regions,ingot-auto-parallelize))' | FileCheck %s --check-prefix=PLAN
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-chain-rows,ingot-estimate-costs,ingot-schedule-regions,ingot-auto-parallelize,ingot-plan-buffers,ingot-verify-plan))' | FileCheck %s --check-prefix=BUFFERS
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-chain-rows{least=100}))' | FileCheck %s --check-prefix=NONE
// NONE-NOT: ingot.chain

// What is read beside the image is computed before; the chain is where its last region was.
// PLAN-LABEL: func.func @residual
// PLAN: %[[BESIDE:.*]] = ingot.region ins(%{{.*}}) plan <family = map
// PLAN-NOT: ingot.chain
// PLAN: %[[WIDE:.*]] = ingot.region {{.*}} plan <family = convolution, {{.*}} parallel = true> {ingot.chain = array<i64: 0, [[ROWS:[0-9]+]]>,{{.*}} ingot.grid = array<i64: [[STRIPS:[0-9]+]], 1000>
// PLAN: %[[FILTERED:.*]] = ingot.region ins(%[[WIDE]], {{.*}} plan <family = depthwise, {{.*}} parallel = true> {ingot.chain = array<i64: 0, [[ROWS]]>,{{.*}} ingot.grid = array<i64: [[STRIPS]], 1000>
// PLAN: ingot.region ins(%[[FILTERED]], %{{.*}}, %[[BESIDE]]) plan <family = convolution, {{.*}} {ingot.chain = array<i64: 0, [[ROWS]]>

// The wide images are not in the arena: what is, is the one that is read beside them.
// BUFFERS-LABEL: func.func @residual
// BUFFERS-SAME: %[[ARENA:[a-z0-9]+]]: memref<4194304xi8> {ingot.arena}
// BUFFERS: %[[STRIP:.*]] = ingot.strip : memref<1x256x256x96xf32>
// BUFFERS: ingot.region ins({{.*}}) outs(%[[STRIP]]) plan <family = convolution
// BUFFERS: %[[NEXT:.*]] = ingot.strip : memref<1x256x256x96xf32>
// BUFFERS: ingot.region ins(%[[STRIP]], %{{.*}}) outs(%[[NEXT]]) plan <family = depthwise
// BUFFERS: ingot.region ins(%[[NEXT]],
func.func @residual(%x: tensor<1x256x256x16xf32>, %w0: tensor<6x16x16xf32>, %w1: tensor<6x9x16xf32>, %w2: tensor<1x96x16xf32>) -> tensor<1x256x256x16xf32> {
  %a = ingot.region ins(%x, %w0) : (tensor<1x256x256x16xf32>, tensor<6x16x16xf32>) -> tensor<1x256x256x96xf32> {
  ^bb0(%i: tensor<1x256x256x16xf32>, %w: tensor<6x16x16xf32>):
    %c = ingot.conv %i, %w channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 96
      : tensor<1x256x256x16xf32>, tensor<6x16x16xf32> -> tensor<1x256x256x96xf32>
    ingot.yield %c : tensor<1x256x256x96xf32>
  }
  %b = ingot.region ins(%a, %w1) : (tensor<1x256x256x96xf32>, tensor<6x9x16xf32>) -> tensor<1x256x256x96xf32> {
  ^bb0(%i: tensor<1x256x256x96xf32>, %w: tensor<6x9x16xf32>):
    %c = ingot.conv %i, %w channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 96 channels 96
      : tensor<1x256x256x96xf32>, tensor<6x9x16xf32> -> tensor<1x256x256x96xf32>
    ingot.yield %c : tensor<1x256x256x96xf32>
  }
  %beside = ingot.region ins(%x) : (tensor<1x256x256x16xf32>) -> tensor<1x256x256x16xf32> {
  ^bb0(%i: tensor<1x256x256x16xf32>):
    %c = ingot.unary relu %i : tensor<1x256x256x16xf32> -> tensor<1x256x256x16xf32>
    ingot.yield %c : tensor<1x256x256x16xf32>
  }
  %y = ingot.region ins(%b, %w2, %beside) : (tensor<1x256x256x96xf32>, tensor<1x96x16xf32>, tensor<1x256x256x16xf32>) -> tensor<1x256x256x16xf32> {
  ^bb0(%i: tensor<1x256x256x96xf32>, %w: tensor<1x96x16xf32>, %r: tensor<1x256x256x16xf32>):
    %c = ingot.conv %i, %w channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 16
      : tensor<1x256x256x96xf32>, tensor<1x96x16xf32> -> tensor<1x256x256x16xf32>
    %s = ingot.binary add %c, %r : tensor<1x256x256x16xf32>, tensor<1x256x256x16xf32> -> tensor<1x256x256x16xf32>
    ingot.yield %s : tensor<1x256x256x16xf32>
  }
  return %y : tensor<1x256x256x16xf32>
}

// The image is a result of the model, too.
// PLAN-LABEL: func.func @read_twice
// PLAN-NOT: ingot.chain
func.func @read_twice(%x: tensor<1x256x256x16xf32>, %w0: tensor<6x16x16xf32>, %w1: tensor<6x9x16xf32>) -> (tensor<1x256x256x96xf32>, tensor<1x256x256x96xf32>) {
  %a = ingot.region ins(%x, %w0) : (tensor<1x256x256x16xf32>, tensor<6x16x16xf32>) -> tensor<1x256x256x96xf32> {
  ^bb0(%i: tensor<1x256x256x16xf32>, %w: tensor<6x16x16xf32>):
    %c = ingot.conv %i, %w channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 96
      : tensor<1x256x256x16xf32>, tensor<6x16x16xf32> -> tensor<1x256x256x96xf32>
    ingot.yield %c : tensor<1x256x256x96xf32>
  }
  %b = ingot.region ins(%a, %w1) : (tensor<1x256x256x96xf32>, tensor<6x9x16xf32>) -> tensor<1x256x256x96xf32> {
  ^bb0(%i: tensor<1x256x256x96xf32>, %w: tensor<6x9x16xf32>):
    %c = ingot.conv %i, %w channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 96 channels 96
      : tensor<1x256x256x96xf32>, tensor<6x9x16xf32> -> tensor<1x256x256x96xf32>
    ingot.yield %c : tensor<1x256x256x96xf32>
  }
  return %a, %b : tensor<1x256x256x96xf32>, tensor<1x256x256x96xf32>
}

// Small images stay in the caches anyway.
// PLAN-LABEL: func.func @small
// PLAN-NOT: ingot.chain
func.func @small(%x: tensor<1x28x28x16xf32>, %w0: tensor<6x16x16xf32>, %w1: tensor<6x9x16xf32>) -> tensor<1x28x28x96xf32> {
  %a = ingot.region ins(%x, %w0) : (tensor<1x28x28x16xf32>, tensor<6x16x16xf32>) -> tensor<1x28x28x96xf32> {
  ^bb0(%i: tensor<1x28x28x16xf32>, %w: tensor<6x16x16xf32>):
    %c = ingot.conv %i, %w channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 96
      : tensor<1x28x28x16xf32>, tensor<6x16x16xf32> -> tensor<1x28x28x96xf32>
    ingot.yield %c : tensor<1x28x28x96xf32>
  }
  %b = ingot.region ins(%a, %w1) : (tensor<1x28x28x96xf32>, tensor<6x9x16xf32>) -> tensor<1x28x28x96xf32> {
  ^bb0(%i: tensor<1x28x28x96xf32>, %w: tensor<6x9x16xf32>):
    %c = ingot.conv %i, %w channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 96 channels 96
      : tensor<1x28x28x96xf32>, tensor<6x9x16xf32> -> tensor<1x28x28x96xf32>
    ingot.yield %c : tensor<1x28x28x96xf32>
  }
  return %b : tensor<1x28x28x96xf32>
}

// What computes sizes has buffers already, and no regions.
// PLAN-LABEL: func.func @sizes
// PLAN-NEXT: memref.load
func.func @sizes(%values: memref<2xi64>, %at: index) -> i64 attributes {ingot.prepares = @small} {
  %bytes = memref.load %values[%at] : memref<2xi64>
  return %bytes : i64
}
