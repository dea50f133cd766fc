// Results that have left the caches before anybody reads them are written past the caches. This machine has 256 KiB and 1 MiB of cache.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-describe-machine{facts=l2-bytes:262144,l3-bytes:1048576,largest-l3-bytes:1048576},ingot-choose-kernels,ingot-unroll-and-jam,ingot-estimate-costs,ingot-auto-parallelize,ingot-schedule-stores))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-describe-machine{facts=l2-bytes:262144,l3-bytes:1048576,largest-l3-bytes:1048576},ingot-choose-kernels,ingot-unroll-and-jam,ingot-schedule-stores{always=true}))' | FileCheck %s --check-prefix=ALWAYS
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-schedule-stores))' | FileCheck %s --check-prefix=HERE

// On machines with up to 32 MiB of cache, nothing here is large, and what says so itself stays.
// HERE-COUNT-1: ingot.stores
// HERE-NOT: ingot.stores

// 4 MiB, for the caller. Its predicted time falls: a line is no longer read before it is written.
// CHECK-LABEL: func @result
// CHECK: ingot.cost = #ingot.cost<flops = 1048576, read = 4194304, written = 4194304, cycles = 1198372>
// CHECK-SAME: ingot.stores = array<i64: 0>
func.func @result(%x: tensor<1024x1024xf32>) -> (tensor<1024x1024xf32>) {
  %y = ingot.region ins(%x) : (tensor<1024x1024xf32>) -> tensor<1024x1024xf32> {
  ^bb0(%a: tensor<1024x1024xf32>):
    %c = ingot.unary relu %a : tensor<1024x1024xf32> -> tensor<1024x1024xf32>
    ingot.yield %c : tensor<1024x1024xf32>
  }
  return %y : tensor<1024x1024xf32>
}

// 512 KiB that are read at once stay.
// CHECK-LABEL: func @soon
// CHECK-NOT: ingot.stores
// ALWAYS-LABEL: func @soon
// ALWAYS: ingot.region
// ALWAYS-SAME: ingot.stores
// ALWAYS: ingot.region
// ALWAYS-SAME: ingot.stores
func.func @soon(%x: tensor<1024x128xf32>) -> (tensor<1024x128xf32>) {
  %1 = ingot.region ins(%x) : (tensor<1024x128xf32>) -> tensor<1024x128xf32> {
  ^bb0(%a: tensor<1024x128xf32>):
    %c = ingot.unary exp %a : tensor<1024x128xf32> -> tensor<1024x128xf32>
    ingot.yield %c : tensor<1024x128xf32>
  }
  %y = ingot.region ins(%1) : (tensor<1024x128xf32>) -> tensor<1024x128xf32> {
  ^bb0(%a: tensor<1024x128xf32>):
    %c = ingot.unary relu %a : tensor<1024x128xf32> -> tensor<1024x128xf32>
    ingot.yield %c : tensor<1024x128xf32>
  }
  return %y : tensor<1024x128xf32>
}

// Read behind a region that touches 4 MiB, they do not.
// CHECK-LABEL: func @late
// CHECK: ingot.region
// CHECK-SAME: ingot.stores = array<i64: 0>
// CHECK: ingot.unary exp
// CHECK: ingot.region
// CHECK-SAME: ingot.stores = array<i64: 0>
// CHECK: ingot.unary tanh
// CHECK: ingot.region
// CHECK-NOT: ingot.stores
// CHECK: ingot.binary add
func.func @late(%x: tensor<1024x128xf32>, %z: tensor<512x1024xf32>) -> (tensor<1024x128xf32>, tensor<512x1024xf32>) {
  %1 = ingot.region ins(%x) : (tensor<1024x128xf32>) -> tensor<1024x128xf32> {
  ^bb0(%a: tensor<1024x128xf32>):
    %c = ingot.unary exp %a : tensor<1024x128xf32> -> tensor<1024x128xf32>
    ingot.yield %c : tensor<1024x128xf32>
  }
  %2 = ingot.region ins(%z) : (tensor<512x1024xf32>) -> tensor<512x1024xf32> {
  ^bb0(%a: tensor<512x1024xf32>):
    %c = ingot.unary tanh %a : tensor<512x1024xf32> -> tensor<512x1024xf32>
    ingot.yield %c : tensor<512x1024xf32>
  }
  %y = ingot.region ins(%1, %x) : (tensor<1024x128xf32>, tensor<1024x128xf32>) -> tensor<1024x128xf32> {
  ^bb0(%a: tensor<1024x128xf32>, %b: tensor<1024x128xf32>):
    %c = ingot.binary add %a, %b : tensor<1024x128xf32>, tensor<1024x128xf32> -> tensor<1024x128xf32>
    ingot.yield %c : tensor<1024x128xf32>
  }
  return %y, %2 : tensor<1024x128xf32>, tensor<512x1024xf32>
}

// Of two results of 1 MiB, the one that is not read at once.
// CHECK-LABEL: func @one_of_two
// CHECK: ingot.stores = array<i64: 1>
func.func @one_of_two(%x: tensor<2048x128xf32>) -> (tensor<2048x128xf32>, tensor<2048x128xf32>) {
  %1:2 = ingot.region ins(%x) : (tensor<2048x128xf32>) -> (tensor<2048x128xf32>, tensor<2048x128xf32>) {
  ^bb0(%a: tensor<2048x128xf32>):
    %c = ingot.unary relu %a : tensor<2048x128xf32> -> tensor<2048x128xf32>
    %d = ingot.unary neg %a : tensor<2048x128xf32> -> tensor<2048x128xf32>
    ingot.yield %c, %d : tensor<2048x128xf32>, tensor<2048x128xf32>
  }
  %y = ingot.region ins(%1#0) : (tensor<2048x128xf32>) -> tensor<2048x128xf32> {
  ^bb0(%a: tensor<2048x128xf32>):
    %c = ingot.unary exp %a : tensor<2048x128xf32> -> tensor<2048x128xf32>
    ingot.yield %c : tensor<2048x128xf32>
  }
  return %y, %1#1 : tensor<2048x128xf32>, tensor<2048x128xf32>
}

// Rows that begin anywhere, but of a map, which takes them as one.
// CHECK-LABEL: func @rows
// CHECK: ingot.region
// CHECK-NOT: ingot.stores
// CHECK: ingot.region
// CHECK-SAME: ingot.stores = array<i64: 0>
// ALWAYS-LABEL: func @rows
// ALWAYS: ingot.region
// ALWAYS-NOT: ingot.stores
// ALWAYS: ingot.region
// ALWAYS-SAME: ingot.stores
func.func @rows(%x: tensor<1024x1001xf32>) -> (tensor<1024x1001xf32>, tensor<1024x1001xf32>) {
  %y = ingot.region ins(%x) : (tensor<1024x1001xf32>) -> tensor<1024x1001xf32> {
  ^bb0(%a: tensor<1024x1001xf32>):
    %c = ingot.norm softmax %a axes [1] : tensor<1024x1001xf32> -> tensor<1024x1001xf32>
    ingot.yield %c : tensor<1024x1001xf32>
  }
  %z = ingot.region ins(%x) : (tensor<1024x1001xf32>) -> tensor<1024x1001xf32> {
  ^bb0(%a: tensor<1024x1001xf32>):
    %c = ingot.unary relu %a : tensor<1024x1001xf32> -> tensor<1024x1001xf32>
    ingot.yield %c : tensor<1024x1001xf32>
  }
  return %y, %z : tensor<1024x1001xf32>, tensor<1024x1001xf32>
}

// What is written over the input that has just been read is in the cache.
// ALWAYS-LABEL: func @in_place
// CHECK-LABEL: func @in_place
// CHECK: ingot.region
// CHECK-SAME: ingot.stores
// CHECK: ingot.unary exp
// CHECK: ingot.region
// CHECK-NOT: ingot.stores
// CHECK: ingot.unary relu
func.func @in_place(%x: tensor<1024x1024xf32>) -> (tensor<1024x1024xf32>) {
  %1 = ingot.region ins(%x) : (tensor<1024x1024xf32>) -> tensor<1024x1024xf32> {
  ^bb0(%a: tensor<1024x1024xf32>):
    %c = ingot.unary exp %a : tensor<1024x1024xf32> -> tensor<1024x1024xf32>
    ingot.yield %c : tensor<1024x1024xf32>
  }
  %2 = ingot.region ins(%1) : (tensor<1024x1024xf32>) -> tensor<1024x1024xf32> {
  ^bb0(%a: tensor<1024x1024xf32>):
    %c = ingot.unary relu %a : tensor<1024x1024xf32> -> tensor<1024x1024xf32>
    ingot.yield %c : tensor<1024x1024xf32>
  }
  %y = ingot.region ins(%2) : (tensor<1024x1024xf32>) -> tensor<1024x1024xf32> {
  ^bb0(%a: tensor<1024x1024xf32>):
    %c = ingot.norm softmax %a axes [1] : tensor<1024x1024xf32> -> tensor<1024x1024xf32>
    ingot.yield %c : tensor<1024x1024xf32>
  }
  return %y : tensor<1024x1024xf32>
}

// Where arithmetic takes longer than memory, there is nothing to win.
// CHECK-LABEL: func @few_products
// CHECK: ingot.stores
func.func @few_products(%x: tensor<1024x16xf32>, %w: tensor<64x16x16xf32>) -> (tensor<1024x1024xf32>) {
  %y = ingot.region ins(%x, %w) : (tensor<1024x16xf32>, tensor<64x16x16xf32>) -> tensor<1024x1024xf32> {
  ^bb0(%a: tensor<1024x16xf32>, %b: tensor<64x16x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<1024x16xf32>, tensor<64x16x16xf32> -> tensor<1024x1024xf32>
    ingot.yield %c : tensor<1024x1024xf32>
  }
  return %y : tensor<1024x1024xf32>
}
// CHECK-LABEL: func @many_products
// CHECK-NOT: ingot.stores
// ALWAYS-LABEL: func @many_products
// ALWAYS: ingot.stores
func.func @many_products(%x: tensor<1024x512xf32>, %w: tensor<64x512x16xf32>) -> (tensor<1024x1024xf32>) {
  %y = ingot.region ins(%x, %w) : (tensor<1024x512xf32>, tensor<64x512x16xf32>) -> tensor<1024x1024xf32> {
  ^bb0(%a: tensor<1024x512xf32>, %b: tensor<64x512x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<1024x512xf32>, tensor<64x512x16xf32> -> tensor<1024x1024xf32>
    ingot.yield %c : tensor<1024x1024xf32>
  }
  return %y : tensor<1024x1024xf32>
}

// It says so itself.
// CHECK-LABEL: func @given
// CHECK: ingot.stores = array<i64: 0>
func.func @given(%x: tensor<32x32xf32>) -> (tensor<32x32xf32>) {
  %y = ingot.region ins(%x) {ingot.stores = array<i64: 0>} : (tensor<32x32xf32>) -> tensor<32x32xf32> {
  ^bb0(%a: tensor<32x32xf32>):
    %c = ingot.unary relu %a : tensor<32x32xf32> -> tensor<32x32xf32>
    ingot.yield %c : tensor<32x32xf32>
  }
  return %y : tensor<32x32xf32>
}
