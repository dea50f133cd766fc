// Buffers of control flow: bodies keep their places for all trips, branches may share theirs.
// RUN: ingot-opt %s -ingot-choose-kernels=plain=true -ingot-plan-buffers -ingot-verify-plan -split-input-file -mlir-print-local-scope | FileCheck %s

// Three places of 256 bytes: what is carried, what is read in each trip, which is in use until the loop ends, and what a trip computes in between.
// CHECK-LABEL: @loop
// CHECK-SAME: memref<768xi8> {ingot.arena}
// CHECK: %[[I:.*]] = memref.view %arg2[%c0{{.*}}][]
// CHECK-NEXT: ingot.region ins(%{{.*}}) outs(%[[I]])
// CHECK: %[[K:.*]] = memref.view %arg2[%c256{{.*}}][]
// CHECK-NEXT: ingot.region ins(%{{.*}}) outs(%[[K]])
// CHECK: %{{.*}} = ingot.loop trips affine_map<()[s0] -> (9)> counter 0 : () -> index {
// CHECK-NEXT: ^bb0(%{{.*}}: index):
// CHECK: %[[OLD:.*]] = memref.view %arg2[%c0{{.*}}][]
// CHECK: %[[CAPTURED:.*]] = memref.view %arg2[%c256{{.*}}][]
// CHECK: %[[BETWEEN:.*]] = memref.view %arg2[%c512{{.*}}][]
// CHECK-NEXT: ingot.region ins(%[[OLD]], %[[CAPTURED]]) outs(%[[BETWEEN]])
// CHECK: %[[NEW:.*]] = memref.view %arg2[%c0{{.*}}][]
// CHECK-NEXT: ingot.region ins(%{{.*}}) outs(%[[NEW]])
// CHECK: ingot.yield
// CHECK-NEXT: }
// CHECK: %[[LAST:.*]] = memref.view %arg2[%c0{{.*}}][]
// CHECK: ingot.region ins(%[[LAST]])
func.func @loop(%x: tensor<64xf32>) -> tensor<64xf32> attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %i = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.norm softmax %a axes [0] : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %k = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.norm softmax %a axes [0] : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  %0 = ingot.loop inits(%i) trips affine_map<()[s0] -> (9)> counter 0 : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%v: tensor<64xf32>):
    %t = ingot.region ins(%v, %k) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32> {
    ^bb0(%a: tensor<64xf32>, %b: tensor<64xf32>):
      %s = ingot.binary add %a, %b : tensor<64xf32>, tensor<64xf32> -> tensor<64xf32>
      ingot.yield %s : tensor<64xf32>
    }
    %n = ingot.region ins(%t) : (tensor<64xf32>) -> tensor<64xf32> {
    ^bb0(%a: tensor<64xf32>):
      %r = ingot.norm softmax %a axes [0] : tensor<64xf32> -> tensor<64xf32>
      ingot.yield %r : tensor<64xf32>
    }
    ingot.yield %n : tensor<64xf32>
  }
  %y = ingot.region ins(%0) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %r : tensor<64xf32>
  }
  return %y : tensor<64xf32>
}

// -----

// Each trip's slice begins where the counter says.
// CHECK-LABEL: @stacked
// CHECK: ingot.loop
// CHECK-NEXT: ^bb0(%[[TRIP:.*]]: index):
// CHECK: %[[BYTES:.*]] = arith.muli %[[TRIP]], %c256
// CHECK: %[[SLICE:.*]] = memref.view %arg{{[0-9]+}}[%[[BYTES]]][]
// CHECK: outs(%[[SLICE]])
func.func @stacked(%x: tensor<64xf32>) -> tensor<9x64xf32> attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  %0 = ingot.loop trips affine_map<()[s0] -> (9)> counter 0 : () -> tensor<9x64xf32> {
    %n = ingot.region ins(%x) : (tensor<64xf32>) -> tensor<64xf32> {
    ^bb0(%a: tensor<64xf32>):
      %r = ingot.unary relu %a : tensor<64xf32> -> tensor<64xf32>
      ingot.yield %r : tensor<64xf32>
    }
    ingot.yield %n : tensor<64xf32>
  }
  %y = ingot.region ins(%0) : (tensor<9x64xf32>) -> tensor<9x64xf32> {
  ^bb0(%a: tensor<9x64xf32>):
    %r = ingot.unary relu %a : tensor<9x64xf32> -> tensor<9x64xf32>
    ingot.yield %r : tensor<9x64xf32>
  }
  return %y : tensor<9x64xf32>
}

// -----

// Both branches write the result's place, and what they compute in between shares another one: 2 x 4096 bytes. A size that data decides is a value from
// there on, and the place is as large as the largest size needs.
// CHECK-LABEL: @branch
// CHECK-SAME: memref<8192xi8> {ingot.arena}
// CHECK-SAME: memref<1xi64> {ingot.values}
// CHECK: %[[SIZE:.*]] = ingot.if %{{.*}} symbols [0] then affine_map<()[s0] -> (1024)> else affine_map<()[s0] -> (512)> : (memref<i8>) -> index {
// CHECK: %[[T:.*]] = memref.view %arg4[%c4096{{.*}}][]
// CHECK-NEXT: ingot.region ins(%{{.*}}) outs(%[[T]])
// CHECK: %[[Y:.*]] = memref.view %arg4[%c0{{.*}}][]
// CHECK-NEXT: ingot.region ins(%{{.*}}) outs(%[[Y]])
// CHECK: ingot.yield
// CHECK: } else {
// CHECK: %[[U:.*]] = memref.view %arg4[%c4096{{.*}}][]
// CHECK-NEXT: ingot.region ins(%{{.*}}) outs(%[[U]])
// CHECK: %[[Z:.*]] = memref.view %arg4[%c0{{.*}}][]
// CHECK-NEXT: ingot.region ins(%{{.*}}) outs(%[[Z]])
// CHECK: ingot.yield
// CHECK: strides [affine_map<()[s0] -> (1)>, affine_map<()[s0] -> (1)>]
// CHECK: return
func.func @branch(%x: tensor<1024xf32>, %z: tensor<512xf32>, %c: tensor<i1>) -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
    attributes {ingot.symbols = ["n"], ingot.ranges = [array<i64: 512, 1024>], ingot.bounds = [affine_map<()[s0] -> (1024)>], ingot.relations = []} {
  %0 = ingot.if %c symbols [0] then affine_map<()[s0] -> (1024)> else affine_map<()[s0] -> (512)>
      : (tensor<i1>) -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> {
    %t = ingot.region ins(%x) : (tensor<1024xf32>) -> tensor<1024xf32> {
    ^bb0(%a: tensor<1024xf32>):
      %r = ingot.norm softmax %a axes [0] : tensor<1024xf32> -> tensor<1024xf32>
      ingot.yield %r : tensor<1024xf32>
    }
    %n = ingot.region ins(%t) : (tensor<1024xf32>) -> tensor<1024xf32> {
    ^bb0(%a: tensor<1024xf32>):
      %r = ingot.norm softmax %a axes [0] : tensor<1024xf32> -> tensor<1024xf32>
      ingot.yield %r : tensor<1024xf32>
    }
    ingot.yield %n : tensor<1024xf32>
  } else {
    %t = ingot.region ins(%z) : (tensor<512xf32>) -> tensor<512xf32> {
    ^bb0(%a: tensor<512xf32>):
      %r = ingot.norm softmax %a axes [0] : tensor<512xf32> -> tensor<512xf32>
      ingot.yield %r : tensor<512xf32>
    }
    %n = ingot.region ins(%t) : (tensor<512xf32>) -> tensor<512xf32> {
    ^bb0(%a: tensor<512xf32>):
      %r = ingot.norm softmax %a axes [0] : tensor<512xf32> -> tensor<512xf32>
      ingot.yield %r : tensor<512xf32>
    }
    ingot.yield %n : tensor<512xf32>
  }
  %y = ingot.region ins(%0) : (tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>) -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> {
  ^bb0(%a: tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>):
    %r = ingot.unary relu %a : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
    ingot.yield %r : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
  }
  return %y : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
}

// -----

// A symbol that data defines: nothing of it is an argument's, and its value is the operation's.
// CHECK-LABEL: @bind
// CHECK: %{{.*}} = ingot.bind_dim %{{.*}} symbol 0 limit affine_map<()[s0] -> (9)> {ingot.failure = "why"} : (memref<i64>) -> index
// CHECK: ingot.region
// CHECK-SAME: strides
func.func @bind(%k: tensor<i64>) -> tensor<?xi64, #ingot.dims<()[s0] -> (s0)>>
    attributes {ingot.symbols = ["n"], ingot.ranges = [array<i64: 0, 9>], ingot.bounds = [affine_map<()[s0] -> (9)>], ingot.relations = []} {
  %n = ingot.region ins(%k) : (tensor<i64>) -> tensor<i64> {
  ^bb0(%a: tensor<i64>):
    %r = ingot.unary abs %a : tensor<i64> -> tensor<i64>
    ingot.yield %r : tensor<i64>
  }
  ingot.bind_dim %n symbol 0 limit affine_map<()[s0] -> (9)> {ingot.failure = "why"} : (tensor<i64>) -> ()
  %y = ingot.region ins(%n) : (tensor<i64>) -> tensor<?xi64, #ingot.dims<()[s0] -> (s0)>> {
  ^bb0(%a: tensor<i64>):
    %r = ingot.broadcast %a : tensor<i64> -> tensor<?xi64, #ingot.dims<()[s0] -> (s0)>>
    ingot.yield %r : tensor<?xi64, #ingot.dims<()[s0] -> (s0)>>
  }
  return %y : tensor<?xi64, #ingot.dims<()[s0] -> (s0)>>
}
