// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize),ingot-emit-kernels)' | FileCheck %s

// Sixteen hidden units at a time: an accumulator for each of their rows, shuffled into one vector, then the activations.
// CHECK-LABEL: func.func private @region_0
// CHECK-NOT: llvm.store
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<64xf32>
// CHECK: scf.for
// CHECK-COUNT-16: math.fma {{.*}} : vector<16xf32>
// CHECK: vector.shuffle
// CHECK: math.tanh {{.*}} : vector<16xf32>
// CHECK-NOT: math.tanh {{.*}} : f32
func.func @rnn(%x: memref<5x1x16xf32>, %w: memref<32x16xf32>, %r: memref<32x32xf32>, %b: memref<64xf32>, %h: memref<1x32xf32>, %states: memref<5x1x32xf32>,
               %last: memref<1x32xf32>) {
  ingot.region ins(%x, %w, %r, %b, %h) outs(%states, %last) : (memref<5x1x16xf32>, memref<32x16xf32>, memref<32x32xf32>, memref<64xf32>, memref<1x32xf32>,
      memref<5x1x32xf32>, memref<1x32xf32>) -> () {
  ^bb0(%x0: tensor<5x1x16xf32>, %w0: tensor<32x16xf32>, %r0: tensor<32x32xf32>, %b0: tensor<64xf32>, %h0: tensor<1x32xf32>):
    %none = ingot.constant dense<0.0> : tensor<0xf32>
    %length = ingot.constant dense<5> : tensor<1xi32>
    %c:3 = ingot.recurrent rnn (%x0, %w0, %r0, %b0, %h0, %none, %none, %length) ["Tanh"] alphas [] betas []
      : (tensor<5x1x16xf32>, tensor<32x16xf32>, tensor<32x32xf32>, tensor<64xf32>, tensor<1x32xf32>, tensor<0xf32>, tensor<0xf32>, tensor<1xi32>)
      -> (tensor<5x1x32xf32>, tensor<1x32xf32>, tensor<0xf32>)
    ingot.yield %c#0, %c#1 : tensor<5x1x32xf32>, tensor<1x32xf32>
  }
  return
}

// Lengths that are known at run time only: one that the tensor does not have is reported, and limited to the steps that there are.
// CHECK-LABEL: func.func private @region_1
// CHECK-SAME: %[[RECORD:[a-z0-9]+]]: !llvm.ptr, %{{[a-z0-9]+}}: i32)
// CHECK: %[[OWN:.*]] = arith.index_cast %{{.*}} : i32 to index
// CHECK: %[[LONG:.*]] = arith.cmpi ugt, %[[OWN]]
// CHECK: llvm.intr.expect %[[LONG]]
// CHECK: llvm.store {{.*}} atomic monotonic
// CHECK: arith.minsi %[[OWN]]
func.func @lengths(%x: memref<5x1x16xf32>, %w: memref<32x16xf32>, %r: memref<32x32xf32>, %b: memref<64xf32>, %h: memref<1x32xf32>, %n: memref<1xi32>,
                   %states: memref<5x1x32xf32>, %last: memref<1x32xf32>) {
  ingot.region ins(%x, %w, %r, %b, %h, %n) outs(%states, %last) : (memref<5x1x16xf32>, memref<32x16xf32>, memref<32x32xf32>, memref<64xf32>,
      memref<1x32xf32>, memref<1xi32>, memref<5x1x32xf32>, memref<1x32xf32>) -> () {
  ^bb0(%x0: tensor<5x1x16xf32>, %w0: tensor<32x16xf32>, %r0: tensor<32x32xf32>, %b0: tensor<64xf32>, %h0: tensor<1x32xf32>, %n0: tensor<1xi32>):
    %none = ingot.constant dense<0.0> : tensor<0xf32>
    %c:3 = ingot.recurrent rnn (%x0, %w0, %r0, %b0, %h0, %none, %none, %n0) ["Tanh"] alphas [] betas []
      : (tensor<5x1x16xf32>, tensor<32x16xf32>, tensor<32x32xf32>, tensor<64xf32>, tensor<1x32xf32>, tensor<0xf32>, tensor<0xf32>, tensor<1xi32>)
      -> (tensor<5x1x32xf32>, tensor<1x32xf32>, tensor<0xf32>)
    ingot.yield %c#0, %c#1 : tensor<5x1x32xf32>, tensor<1x32xf32>
  }
  return
}
