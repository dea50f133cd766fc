// RUN: ingot-opt %s --ingot-emit-kernels --split-input-file | FileCheck %s

// Quantisation with known numbers: clamped from above first, to 178 times the scale, no division, rounded by the conversion, clamped from below as an
// integer, -77. NaN needs nothing: it is the smallest integer by then.
// CHECK-LABEL: func.func private @region_0
// CHECK-NOT: arith.divf
// CHECK-NOT: math.roundeven
// CHECK: arith.constant dense<4.450000e+01> : vector<16xf32>
// CHECK: %[[ROUNDED:.*]] = llvm.call_intrinsic "llvm.lrint"({{.*}}) : (vector<16xf32>) -> vector<16xi32>
// CHECK: %[[LEAST:.*]] = arith.constant dense<-77> : vector<16xi32>
// CHECK: %[[WHOLE:.*]] = arith.maxsi %[[ROUNDED]], %[[LEAST]]
// CHECK: %[[POINT:.*]] = arith.constant dense<77> : vector<16xi32>
// CHECK: arith.addi %[[WHOLE]], %[[POINT]]
// CHECK-NOT: arith.cmpf uno
// CHECK: arith.trunci {{.*}} : vector<16xi32> to vector<16xi8>
func.func @quantize(%x: memref<64xf32>, %y: memref<64xi8>) {
  ingot.region ins(%x) outs(%y) plan <family = map, tile = [64], unroll = 1, lanes = 16, units = 1, parallel = false>
      : (memref<64xf32>, memref<64xi8>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %scale = ingot.constant dense<0.25> : tensor<f32>
    %point = ingot.constant dense<77.0> : tensor<f32>
    %low = ingot.constant dense<0.0> : tensor<f32>
    %high = ingot.constant dense<255.0> : tensor<f32>
    %0 = ingot.binary div %in, %scale : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %1 = ingot.unary round_even %0 : tensor<64xf32> -> tensor<64xf32>
    %2 = ingot.binary add %1, %point : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %3 = ingot.binary max %2, %low : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %4 = ingot.binary min %3, %high : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %5 = ingot.cast %4 to ui8 : tensor<64xf32> -> tensor<64xui8>
    ingot.yield %5 : tensor<64xui8>
  }
  return
}

// -----

// A scale with digits: two fused multiply-adds make the product with its inverse the quotient. Without a point nothing is added, and a relu in front
// is what the bounds do anyway.
// CHECK-LABEL: func.func private @region_0
// CHECK-NOT: arith.divf
// CHECK: arith.mulf
// CHECK: math.fma
// CHECK: math.fma
// CHECK-NOT: arith.addi {{.*}} : vector<16xi32>
// CHECK: llvm.call_intrinsic "llvm.lrint"
// CHECK-NOT: arith.cmpf
// CHECK: arith.maxsi {{.*}} : vector<16xi32>
func.func @by_a_third(%x: memref<64xf32>, %y: memref<64xi8>) {
  ingot.region ins(%x) outs(%y) plan <family = map, tile = [64], unroll = 1, lanes = 16, units = 1, parallel = false>
      : (memref<64xf32>, memref<64xi8>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %scale = ingot.constant dense<0.333333343> : tensor<f32>
    %low = ingot.constant dense<0.0> : tensor<f32>
    %high = ingot.constant dense<127.0> : tensor<f32>
    %r = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    %0 = ingot.binary div %r, %scale : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %1 = ingot.unary round_even %0 : tensor<64xf32> -> tensor<64xf32>
    %2 = ingot.binary max %1, %low : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %3 = ingot.binary min %2, %high : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %4 = ingot.cast %3 to i8 : tensor<64xf32> -> tensor<64xi8>
    ingot.yield %4 : tensor<64xi8>
  }
  return
}

// -----

// Residues of a division by so small a number may be denormal, so it stays one. A cast of vectors is never made lane by lane.
// CHECK-LABEL: func.func private @region_0
// CHECK: arith.divf
// CHECK: math.roundeven
// CHECK-NOT: fptoui.sat
// CHECK: arith.fptosi {{.*}} : vector<16xf32> to vector<16xi32>
func.func @by_little(%x: memref<64xf32>, %y: memref<64xi8>) {
  ingot.region ins(%x) outs(%y) plan <family = map, tile = [64], unroll = 1, lanes = 16, units = 1, parallel = false>
      : (memref<64xf32>, memref<64xi8>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %scale = ingot.constant dense<1.0e-35> : tensor<f32>
    %low = ingot.constant dense<0.0> : tensor<f32>
    %high = ingot.constant dense<255.0> : tensor<f32>
    %0 = ingot.binary div %in, %scale : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %1 = ingot.unary round_even %0 : tensor<64xf32> -> tensor<64xf32>
    %2 = ingot.binary max %1, %low : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %3 = ingot.binary min %2, %high : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %4 = ingot.cast %3 to ui8 : tensor<64xf32> -> tensor<64xui8>
    ingot.yield %4 : tensor<64xui8>
  }
  return
}
