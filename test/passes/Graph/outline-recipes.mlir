// RUN: ingot-opt %s -split-input-file -ingot-outline-recipes | FileCheck %s

// Two layers that are alike share a recipe; each has its own weights, and small vectors are arguments too.
// CHECK-LABEL: func.func @layers(
// CHECK-SAME: %[[X:.*]]: tensor<1x4xf32>
// CHECK-DAG: %[[A:.*]] = ingot.constant #ingot.recipe<@recipes::@recipe_0, [#ingot.weight<0, "a"> : tensor<4x4xf32>, dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<4xf32>]> : tensor<1x4x16xf32>
// CHECK-DAG: %[[B:.*]] = ingot.constant #ingot.recipe<@recipes::@recipe_0, [#ingot.weight<1, "b"> : tensor<4x4xf32>, dense<[5.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00]> : tensor<4xf32>]> : tensor<1x4x16xf32>
// CHECK: %[[Y:.*]] = ingot.packed_matmul %[[X]], %[[A]]
// CHECK-NEXT: ingot.packed_matmul %[[Y]], %[[B]]
// CHECK: module @recipes {
// CHECK-NEXT: func.func @recipe_0(%[[W:.*]]: tensor<4x4xf32>, %[[S:.*]]: tensor<4xf32>) -> tensor<1x4x16xf32> {
// CHECK-NEXT: %[[T:.*]] = ingot.transpose %[[W]] [1, 0]
// CHECK-NEXT: %[[M:.*]] = ingot.binary mul %[[T]], %[[S]]
// CHECK-NEXT: %[[P:.*]] = ingot.pack %[[M]]
// CHECK-NEXT: return %[[P]]
// CHECK-NOT: recipe_1
func.func @layers(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %a = ingot.constant #ingot.weight<0, "a"> : tensor<4x4xf32>
  %sa = ingot.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %ta = ingot.transpose %a [1, 0] {ingot.values = ["ta"]} : tensor<4x4xf32> -> tensor<4x4xf32>
  %ma = ingot.binary mul %ta, %sa : tensor<4x4xf32>, tensor<4xf32> -> tensor<4x4xf32>
  %pa = ingot.pack %ma : tensor<4x4xf32> -> tensor<1x4x16xf32>
  %y = ingot.packed_matmul %x, %pa : tensor<1x4xf32>, tensor<1x4x16xf32> -> tensor<1x4xf32>
  %b = ingot.constant #ingot.weight<1, "b"> : tensor<4x4xf32>
  %sb = ingot.constant dense<[5.0, 6.0, 7.0, 8.0]> : tensor<4xf32>
  %tb = ingot.transpose %b [1, 0] {ingot.values = ["tb"]} : tensor<4x4xf32> -> tensor<4x4xf32>
  %mb = ingot.binary mul %tb, %sb : tensor<4x4xf32>, tensor<4xf32> -> tensor<4x4xf32>
  %pb = ingot.pack %mb : tensor<4x4xf32> -> tensor<1x4x16xf32>
  %z = ingot.packed_matmul %y, %pb : tensor<1x4xf32>, tensor<1x4x16xf32> -> tensor<1x4xf32>
  return %z : tensor<1x4xf32>
}

// -----

// A value read outside is a recipe of its own, also where a larger recipe contains it; a single value is part of the recipe.
// CHECK-LABEL: func.func @inner(
// CHECK-DAG: ingot.constant #ingot.recipe<@recipes::@[[OUTER:.*]], [#ingot.weight<0, "w"> : tensor<2x3xf32>]> : tensor<3x2xf32>
// CHECK-DAG: ingot.constant #ingot.recipe<@recipes::@[[INNER:.*]], [#ingot.weight<0, "w"> : tensor<2x3xf32>]> : tensor<2x3xf32>
// CHECK-NOT: ingot.unary
// CHECK: return
// CHECK: func.func @[[OUTER]](
// CHECK: ingot.unary exp
// CHECK: ingot.transpose
// CHECK: func.func @[[INNER]](
// CHECK: ingot.binary mul %{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<f32>
// CHECK-NEXT: ingot.unary exp
// CHECK-NEXT: return
func.func @inner(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<3x2xf32>) {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<2x3xf32>
  %c = ingot.constant dense<2.0> : tensor<f32>
  %m = ingot.binary mul %w, %c : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %e = ingot.unary exp %m : tensor<2x3xf32> -> tensor<2x3xf32>
  %t = ingot.transpose %e [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %y = ingot.binary add %x, %e : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  return %y, %t : tensor<2x3xf32>, tensor<3x2xf32>
}

// -----

// Broadcasts stay with their readers, what they repeat does not.
// CHECK-LABEL: func.func @broadcast(
// CHECK: %[[E:.*]] = ingot.constant #ingot.recipe<@recipes::@recipe_0, [#ingot.weight<0, "w"> : tensor<1x2048xf32>]> : tensor<1x2048xf32>
// CHECK-NEXT: %[[B:.*]] = ingot.broadcast %[[E]]
// CHECK-NEXT: return %[[B]]
func.func @broadcast() -> tensor<3x2048xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<1x2048xf32>
  %e = ingot.unary exp %w : tensor<1x2048xf32> -> tensor<1x2048xf32>
  %b = ingot.broadcast %e : tensor<1x2048xf32> -> tensor<3x2048xf32>
  return %b : tensor<3x2048xf32>
}

// -----

// A large tensor of small ones is made when the model runs.
// CHECK-LABEL: func.func @outer_product(
// CHECK: ingot.binary mul
// CHECK-NOT: @recipes
func.func @outer_product(%x: tensor<1024x1024xf32>) -> tensor<1024x1024xf32> {
  %a = ingot.constant #ingot.weight<0, "a"> : tensor<1024x1xf32>
  %b = ingot.constant #ingot.weight<1, "b"> : tensor<1024xf32>
  %m = ingot.binary mul %a, %b : tensor<1024x1xf32>, tensor<1024xf32> -> tensor<1024x1024xf32>
  %y = ingot.binary add %x, %m : tensor<1024x1024xf32>, tensor<1024x1024xf32> -> tensor<1024x1024xf32>
  return %y : tensor<1024x1024xf32>
}

// -----

// Nothing to do: no module appears.
// CHECK-LABEL: func.func @plain(
// CHECK: ingot.constant #ingot.weight<0, "w">
// CHECK-NOT: @recipes
func.func @plain(%x: tensor<4xf32>) -> tensor<4xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<4xf32>
  %y = ingot.binary add %x, %w : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// What follows from the sizes of a run is no recipe, though it reads constants alone.
// CHECK-LABEL: func.func @open(
// CHECK-DAG: ingot.dims
// CHECK-DAG: ingot.slice
// CHECK-NOT: @recipes
func.func @open(%x: tensor<?x2xi64, #ingot.dims<()[s0] -> (s0, 2)>>) -> tensor<2xi64> {
  %d = ingot.dims affine_map<()[s0] -> (s0, s0)> : tensor<2xi64>
  %c = ingot.constant #ingot.weight<0, "c"> : tensor<64xi64>
  %e = ingot.slice %c [-9223372036854775808] [2] [1] {bounds = affine_map<()[s0] -> (s0, 2)>} : tensor<64xi64> -> tensor<2xi64>
  %y = ingot.binary add %d, %e : tensor<2xi64>, tensor<2xi64> -> tensor<2xi64>
  return %y : tensor<2xi64>
}
