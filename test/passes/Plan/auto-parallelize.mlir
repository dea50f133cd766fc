// A region is divided where that is worth the threads' meeting; what little work stands between such regions is divided too, since the threads are
// there already, and what little there is elsewhere stays on one thread. The efficiency is that of 1, 2, 4 ... 64 threads.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-auto-parallelize{always=true}))' | FileCheck %s --check-prefix=ALWAYS
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-describe-machine{facts=barrier-cycles:1e9},ingot-choose-kernels,ingot-auto-parallelize))' | FileCheck %s --check-prefix=DEAR
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-auto-parallelize,ingot-plan-buffers))' | FileCheck %s --check-prefix=PLANNED

// CHECK-LABEL: func @large
// CHECK: ingot.region {{.*}} units = {{[0-9]+}}, parallel = true> {ingot.efficiency = array<i32: 1000, {{99[0-9]|1000}}, 99{{[0-9]}},
// CHECK: ingot.region {{.*}} <family = map, {{.*}} parallel = true>
// CHECK: ingot.region {{.*}} parallel = true>
// ALWAYS-LABEL: func @large
// ALWAYS-COUNT-3: parallel = true>
// DEAR-LABEL: func @large
// DEAR-COUNT-3: parallel = false>
func.func @large(%x: tensor<128x768xf32>, %w: tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<128x768xf32>, tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>, %b: tensor<48x768x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<128x768xf32>, tensor<48x768x16xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  }
  %t = ingot.transpose %y [1, 0] : tensor<128x768xf32> -> tensor<768x128xf32>
  %z = ingot.region ins(%t) : (tensor<768x128xf32>) -> tensor<768x128xf32> {
  ^bb0(%a: tensor<768x128xf32>):
    %c = ingot.unary relu %a : tensor<768x128xf32> -> tensor<768x128xf32>
    ingot.yield %c : tensor<768x128xf32>
  }
  %u = ingot.transpose %z [1, 0] : tensor<768x128xf32> -> tensor<128x768xf32>
  %v = ingot.region ins(%u, %w) : (tensor<128x768xf32>, tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>, %b: tensor<48x768x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<128x768xf32>, tensor<48x768x16xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  }
  return %v : tensor<128x768xf32>
}

// CHECK-LABEL: func @small
// CHECK-COUNT-2: parallel = false> {ingot.efficiency = array<i32: 1000, 500, 250,
// ALWAYS-LABEL: func @small
// ALWAYS-COUNT-2: parallel = true>
func.func @small(%x: tensor<16x32xf32>) -> tensor<16x32xf32> {
  %y = ingot.region ins(%x) : (tensor<16x32xf32>) -> tensor<16x32xf32> {
  ^bb0(%a: tensor<16x32xf32>):
    %c = ingot.unary relu %a : tensor<16x32xf32> -> tensor<16x32xf32>
    ingot.yield %c : tensor<16x32xf32>
  }
  %z = ingot.region ins(%y) : (tensor<16x32xf32>) -> tensor<16x32xf32> {
  ^bb0(%a: tensor<16x32xf32>):
    %c = ingot.norm softmax %a axes [1] : tensor<16x32xf32> -> tensor<16x32xf32>
    ingot.yield %c : tensor<16x32xf32>
  }
  return %z : tensor<16x32xf32>
}

// One unit cannot be divided.
// CHECK-LABEL: func @whole
// CHECK: units = 1, parallel = false>
// ALWAYS-LABEL: func @whole
// ALWAYS: units = 1, parallel = false>
func.func @whole(%x: tensor<100000xf32>) -> tensor<100000xf32> {
  %y = ingot.region ins(%x) : (tensor<100000xf32>) -> tensor<100000xf32> {
  ^bb0(%a: tensor<100000xf32>):
    %c = ingot.cumulative sum %a axis 0 : tensor<100000xf32> -> tensor<100000xf32>
    ingot.yield %c : tensor<100000xf32>
  }
  return %y : tensor<100000xf32>
}

// What one thread alone can run, in two branches: two threads run one each, and meet before the sum. One branch alone is no reason to.
// CHECK-LABEL: func @branches
// CHECK: ingot.beside = array<i64: 0, 1>
// CHECK: ingot.beside = array<i64: 0, 0>
// CHECK: ingot.beside = array<i64: 0, 0>
// CHECK-NOT: ingot.beside
// PLANNED-LABEL: func @branches
// The places of a branch are not used again by the other one. Three buffers of 40,000 bytes.
// PLANNED-SAME: memref<120000xi8> {ingot.arena}
func.func @branches(%x: tensor<10000xf32>) -> tensor<10000xf32> {
  %a = ingot.region ins(%x) : (tensor<10000xf32>) -> tensor<10000xf32> {
  ^bb0(%0: tensor<10000xf32>):
    %1 = ingot.cumulative sum %0 axis 0 : tensor<10000xf32> -> tensor<10000xf32>
    ingot.yield %1 : tensor<10000xf32>
  }
  %b = ingot.region ins(%x) : (tensor<10000xf32>) -> tensor<10000xf32> {
  ^bb0(%0: tensor<10000xf32>):
    %1 = ingot.cumulative prod %0 axis 0 : tensor<10000xf32> -> tensor<10000xf32>
    ingot.yield %1 : tensor<10000xf32>
  }
  %c = ingot.region ins(%b) : (tensor<10000xf32>) -> tensor<10000xf32> {
  ^bb0(%0: tensor<10000xf32>):
    %1 = ingot.cumulative sum %0 axis 0 : tensor<10000xf32> -> tensor<10000xf32>
    ingot.yield %1 : tensor<10000xf32>
  }
  %d = ingot.region ins(%a, %c) : (tensor<10000xf32>, tensor<10000xf32>) -> tensor<10000xf32> {
  ^bb0(%0: tensor<10000xf32>, %1: tensor<10000xf32>):
    %2 = ingot.binary add %0, %1 : tensor<10000xf32>, tensor<10000xf32> -> tensor<10000xf32>
    ingot.yield %2 : tensor<10000xf32>
  }
  return %d : tensor<10000xf32>
}

// Tiles that do not divide well among many threads are several units each: a share may end inside of one. The last axis of the grid are its parts.
// CHECK-LABEL: func @few
// CHECK: tile = [{{[0-9]+, (32|48|64|80|96)}}], {{.*}} parallel = true> {{.*}}ingot.grid = array<i64: {{.*}}, {{[2-6]}}, 1000>
func.func @few(%x: tensor<24x4096xf32>, %w: tensor<32x4096x16xf32>) -> tensor<24x512xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<24x4096xf32>, tensor<32x4096x16xf32>) -> tensor<24x512xf32> {
  ^bb0(%a: tensor<24x4096xf32>, %b: tensor<32x4096x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<24x4096xf32>, tensor<32x4096x16xf32> -> tensor<24x512xf32>
    ingot.yield %c : tensor<24x512xf32>
  }
  return %y : tensor<24x512xf32>
}
