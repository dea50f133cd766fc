// RUN: ingot-opt %s -ingot-skip-masked-keys | FileCheck %s

!q = tensor<1x4x2x8xf32>
!k = tensor<1x5x2x8xf32>

// Row i sees the keys up to i + 1.
// CHECK-LABEL: @added(
// CHECK: ingot.attention {{.*}} scale 1.000000e+00 causal 1 :
func.func @added(%q: !q, %k: !k) -> !q {
  %m = ingot.constant dense<[[0.0, 0.5, -1.0e9, -1.0e38, -1.0e9], [0.0, -1.0e9, 0.0, 0xFF800000, -1.0e9], [0.0, 0.0, 0.0, 1.0, -1.0e10], [-1.0e9, 0.0, 0.0, 0.0, -1.0e9]]> : tensor<4x5xf32>
  %y = ingot.attention %q, %k, %k mask %m scale 1.0 : (!q, !k, !k, tensor<4x5xf32>) -> !q
  return %y : !q
}

// The head that sees the most counts.
// CHECK-LABEL: @flags(
// CHECK: ingot.attention {{.*}} fill -1.000000e+10 causal 2 :
func.func @flags(%q: !q, %k: !k) -> !q {
  %m = ingot.constant dense<[[[true, false, false, false, false], [true, true, false, false, false], [true, true, true, false, false], [true, true, true, true, false]],
                             [[true, false, true, false, false], [true, true, false, false, false], [true, true, true, false, false], [true, true, true, true, false]]]> : tensor<2x4x5xi1>
  %y = ingot.attention %q, %k, %k mask %m scale 1.0 fill -1.0e10 : (!q, !k, !k, tensor<2x4x5xi1>) -> !q
  return %y : !q
}

// Scores that become -10000 might still be the largest ones.
// CHECK-LABEL: @weak(
// CHECK: fill -1.000000e+04 :
func.func @weak(%q: !q, %k: !k) -> !q {
  %m = ingot.constant dense<[[true, false, false, false, false], [true, true, false, false, false], [true, true, true, false, false], [true, true, true, true, false]]> : tensor<4x5xi1>
  %y = ingot.attention %q, %k, %k mask %m scale 1.0 fill -1.0e4 : (!q, !k, !k, tensor<4x5xi1>) -> !q
  return %y : !q
}

// A row without any key computes NaN, or the mean of all values: that stays.
// CHECK-LABEL: @empty_row(
// CHECK-NOT: causal
func.func @empty_row(%q: !q, %k: !k) -> !q {
  %m = ingot.constant dense<[[-1.0e9, -1.0e9, -1.0e9, -1.0e9, -1.0e9], [0.0, -1.0e9, -1.0e9, -1.0e9, -1.0e9], [0.0, 0.0, 0.0, -1.0e9, -1.0e9], [0.0, 0.0, 0.0, 0.0, -1.0e9]]> : tensor<4x5xf32>
  %y = ingot.attention %q, %k, %k mask %m scale 1.0 : (!q, !k, !k, tensor<4x5xf32>) -> !q
  return %y : !q
}

// The first row sees the last key; a mask of keys alone; one that a run computes.
// CHECK-LABEL: @others(
// CHECK-NOT: causal
func.func @others(%q: !q, %k: !k, %m: tensor<4x5xf32>) -> (!q, !q, !q) {
  %back = ingot.constant dense<[[0.0, 0.0, 0.0, 0.0, 0.0], [-1.0e9, 0.0, 0.0, 0.0, 0.0], [-1.0e9, -1.0e9, 0.0, 0.0, 0.0], [-1.0e9, -1.0e9, -1.0e9, 0.0, 0.0]]> : tensor<4x5xf32>
  %keys = ingot.constant dense<[[0.0, 0.0, 0.0, -1.0e9, -1.0e9]]> : tensor<1x5xf32>
  %0 = ingot.attention %q, %k, %k mask %back scale 1.0 : (!q, !k, !k, tensor<4x5xf32>) -> !q
  %1 = ingot.attention %q, %k, %k mask %keys scale 1.0 : (!q, !k, !k, tensor<1x5xf32>) -> !q
  %2 = ingot.attention %q, %k, %k mask %m scale 1.0 : (!q, !k, !k, tensor<4x5xf32>) -> !q
  return %0, %1, %2 : !q, !q, !q
}
