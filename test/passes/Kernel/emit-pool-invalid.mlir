// RUN: ingot-opt %s --ingot-emit-kernels -verify-diagnostics

func.func @lp(%x: memref<1x12x12x32xf32>, %y: memref<1x6x6x32xf32>) {
  // expected-error @+1 {{is planned for 'pool', which covers maxima, and averages of floats}}
  ingot.region ins(%x) outs(%y) plan <family = pool, tile = [4], unroll = 1, lanes = 16, units = 1, parallel = false>
      : (memref<1x12x12x32xf32>, memref<1x6x6x32xf32>) -> () {
  ^bb0(%x0: tensor<1x12x12x32xf32>):
    %c = ingot.pool lp %x0 channels_last kernel [2, 2] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] count_pads [0, 0, 0, 0]
      : tensor<1x12x12x32xf32> -> tensor<1x6x6x32xf32>
    ingot.yield %c : tensor<1x6x6x32xf32>
  }
  return
}
