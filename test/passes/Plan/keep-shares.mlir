// Threads write where they wrote before. A smaller buffer gets its middle where that of the one before lay.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize{always=true},ingot-keep-shares,ingot-plan-buffers))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize{always=true},ingot-plan-buffers))' | FileCheck %s --check-prefix=WITHOUT
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-keep-shares))' | FileCheck %s --check-prefix=SERIAL
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-keep-shares))' | FileCheck %s --check-prefix=UNPLANNED

// Without regions that threads share, or without plans, there is nothing to say.
// SERIAL-NOT: ingot.shares
// UNPLANNED-NOT: ingot.shares

// 1 MiB, then 512 KiB: at the large buffer's beginning, half of what the second thread writes is where the first one was, and the first one finds the
// second one's lines in the next run.
// WITHOUT-LABEL: func @sizes
// WITHOUT-NOT: ingot.shares
// WITHOUT: memref.view %{{.*}}[%c0{{[_0-9]*}}]{{.*}} to memref<512x256xf32>

// CHECK-LABEL: func @sizes
// CHECK-SAME: memref<1048576xi8> {ingot.arena}
// CHECK-SAME: ingot.shares = {after = 0 : i64, before = 524288 : i64}
// CHECK: memref.view %{{.*}}[%c262144{{[_0-9]*}}]{{.*}} to memref<512x256xf32>
func.func @sizes(%x: tensor<1024x256xf32>, %y: tensor<512x256xf32>) -> (tensor<256x256xf32>, tensor<512x256xf32>) {
  %large = ingot.region ins(%x) : (tensor<1024x256xf32>) -> tensor<1024x256xf32> {
  ^bb0(%a: tensor<1024x256xf32>):
    %c = ingot.unary exp %a : tensor<1024x256xf32> -> tensor<1024x256xf32>
    ingot.yield %c : tensor<1024x256xf32>
  }
  %part = ingot.slice %large [0, 0] [256, 256] [1, 1] : tensor<1024x256xf32> -> tensor<256x256xf32>
  %result = ingot.region ins(%part) : (tensor<256x256xf32>) -> tensor<256x256xf32> {
  ^bb0(%a: tensor<256x256xf32>):
    %c = ingot.unary relu %a : tensor<256x256xf32> -> tensor<256x256xf32>
    ingot.yield %c : tensor<256x256xf32>
  }
  %small = ingot.region ins(%y) : (tensor<512x256xf32>) -> tensor<512x256xf32> {
  ^bb0(%a: tensor<512x256xf32>):
    %c = ingot.unary exp %a : tensor<512x256xf32> -> tensor<512x256xf32>
    ingot.yield %c : tensor<512x256xf32>
  }
  %other = ingot.region ins(%small) : (tensor<512x256xf32>) -> tensor<512x256xf32> {
  ^bb0(%a: tensor<512x256xf32>):
    %c = ingot.unary relu %a : tensor<512x256xf32> -> tensor<512x256xf32>
    ingot.yield %c : tensor<512x256xf32>
  }
  return %result, %other : tensor<256x256xf32>, tensor<512x256xf32>
}

// A function that computes sizes is not looked at.
// CHECK-LABEL: func @sizes_prepare
func.func @sizes_prepare(%sizes: memref<2xi64>) -> i64 attributes {ingot.prepares = @sizes} {
  %c0 = arith.constant 0 : index
  %0 = memref.load %sizes[%c0] : memref<2xi64>
  return %0 : i64
}
