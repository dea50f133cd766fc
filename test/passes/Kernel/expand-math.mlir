// RUN: ingot-opt %s --ingot-expand-math --split-input-file | FileCheck %s

// A polynomial between two powers of two; no call is left.
// CHECK-LABEL: func.func @exp
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  // CHECK-NOT: math.exp
  // CHECK-COUNT-8: math.fma {{.*}} : vector<16xf32>
  // CHECK: arith.shrsi {{.*}} : vector<16xi32>
  // CHECK: arith.mulf
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// -----

// What lies beyond the range reduction takes the library's, element by element.
// CHECK-LABEL: func.func @sin
func.func @sin(%x: vector<4xf32>) -> vector<4xf32> {
  // CHECK: %[[ANY:.*]] = vector.reduction <or>
  // CHECK: scf.if %[[ANY]] -> (vector<4xf32>)
  // CHECK-COUNT-4: math.sin {{.*}} : f32
  // CHECK-NOT: math.sin
  %y = math.sin %x : vector<4xf32>
  return %y : vector<4xf32>
}

// -----

// No formula: taken apart. A scalar operand is every element's.
// CHECK-LABEL: func.func @no_formula
func.func @no_formula(%x: vector<2xf64>, %y: vector<2xf32>, %n: i32) -> (vector<2xf64>, vector<2xf32>, vector<2xf32>) {
  // CHECK: %[[X:.*]]:2 = vector.to_elements %{{.*}} : vector<2xf64>
  // CHECK: %[[E0:.*]] = math.exp %[[X]]#0 : f64
  // CHECK: %[[E1:.*]] = math.exp %[[X]]#1 : f64
  // CHECK: vector.from_elements %[[E0]], %[[E1]] : vector<2xf64>
  %a = math.exp %x : vector<2xf64>
  // CHECK-COUNT-2: arith.remf {{.*}} : f32
  %b = arith.remf %y, %y : vector<2xf32>
  // CHECK-COUNT-2: math.cbrt {{.*}} : f32
  %c = math.cbrt %y : vector<2xf32>
  return %a, %b, %c : vector<2xf64>, vector<2xf32>, vector<2xf32>
}

// -----

// Scalars are the library's, and an instruction stays one.
// CHECK-LABEL: func.func @stays
func.func @stays(%x: f32, %y: vector<8xf32>) -> (f32, vector<8xf32>) {
  // CHECK: math.exp %{{.*}} : f32
  %a = math.exp %x : f32
  // CHECK: math.sqrt %{{.*}} : vector<8xf32>
  %b = math.sqrt %y : vector<8xf32>
  return %a, %b : f32, vector<8xf32>
}
