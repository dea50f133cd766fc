# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""More cases of op_cases.py: products whose weights are mostly blocks of zeros, as pruning leaves them. `GRAPHS` says which of them are computed
without these blocks."""

import numpy as np

import op_cases

CASES, GRAPHS = {}, {}
SPARSE, PAIRS, DENSE = "ingot.sparse_matmul", "ingot.pair_matmul", "ingot.(packed_matmul|conv)"


def build(name: str):
    return op_cases.build(name, CASES)


def case(name: str, graph: str, build) -> None:
    CASES[name], GRAPHS[name] = build, graph


def weights(g, inputs, outputs, kept=0.2, block=(1, 16)) -> np.ndarray:
    """[inputs, outputs] of which some blocks are not zero."""
    keeps = g.rng.random((-(-inputs // block[0]), -(-outputs // block[1]))) < kept
    spread = np.repeat(np.repeat(keeps, block[0], 0), block[1], 1)[:inputs, :outputs]
    return (g.rng.uniform(-0.5, 0.5, (inputs, outputs)) * spread).astype(np.float32)


def add_products() -> None:
    def product(rows, inputs, outputs, **options):
        return lambda g: g.Relu(g.Add(g.MatMul(g.input(*rows, inputs), g.constant(weights(g, inputs, outputs, **options))), g.weight(outputs)))

    case("sparse-matmul", SPARSE, product((64,), 256, 256))
    case("sparse-matmul-batch", SPARSE, product((2, 30), 200, 300))
    case("sparse-matmul-one-row", SPARSE, product((1,), 512, 256))
    case("sparse-matmul-odd", SPARSE, product((33,), 251, 133))
    case("sparse-matmul-large-blocks", SPARSE, product((40,), 256, 128, block=(32, 32)))
    case("sparse-matmul-all-zeros", SPARSE, product((40,), 128, 128, kept=0))
    case("sparse-matmul-single-zeros", DENSE, product((64,), 256, 256, block=(1, 1)))
    case("sparse-matmul-half", DENSE, product((64,), 256, 256, kept=0.97))

    def gemm(g):
        return g.Gemm(g.input(48, 256), g.constant(np.ascontiguousarray(weights(g, 256, 96).T)), g.weight(96), transB=1, alpha=-0.5, beta=2.0)

    def residual(g):
        x = g.input(64, 256)
        return g.Add(g.MatMul(g.Relu(g.MatMul(x, g.constant(weights(g, 256, 512)))), g.constant(weights(g, 512, 256))), x)

    case("sparse-gemm-negative-alpha", SPARSE, gemm)  # zeros become negative ones
    case("sparse-matmul-residual", SPARSE, residual)


def add_pairs() -> None:
    def product(rows, inputs=512, outputs=256):
        def case_of(g):
            kept = g.rng.random((inputs // 4, 4, outputs)).argsort(1) < 2
            w = g.rng.uniform(-0.5, 0.5, (inputs, outputs)) * kept.reshape(inputs, outputs)
            return g.Gelu(g.Add(g.MatMul(g.input(rows, inputs), g.constant(w.astype(np.float32))), g.weight(outputs)))

        return case_of

    case("sparse-pairs-one-row", DENSE, product(1))  # its weights lie in a cache
    case("sparse-pairs-one-odd-row", PAIRS, product(1, 4096, 1001))
    case("sparse-pairs-two-rows", DENSE, product(2, 1024, 250))
    case("sparse-pairs-odd-depth", DENSE, product(1, 500))
    case("sparse-pairs-many-rows", DENSE, product(64))


def add_convolutions() -> None:
    def pixels(g, stride=1, kernel=1):
        w = weights(g, 128 * kernel**2, 96).T.reshape(96, 128, kernel, kernel)
        x = g.Conv(g.input(1, 128, 14, 14), g.constant(np.ascontiguousarray(w)), g.weight(96), strides=[stride] * 2, pads=[kernel // 2] * 4)
        scale, shift, mean = g.weight(96), g.weight(96), g.weight(96)
        return g.Relu(g.BatchNormalization(x, scale, shift, mean, g.weight(96, low=0.5, high=2.0)))

    case("sparse-conv-1x1", SPARSE, pixels)
    case("sparse-conv-1x1-stride", DENSE, lambda g: pixels(g, stride=2))
    case("sparse-conv-3x3", "ingot.(conv|winograd_conv)", lambda g: pixels(g, kernel=3))


def add_bytes() -> None:
    def quantized(g):
        w = np.clip(np.rint(weights(g, 256, 128, block=(4, 16)) * 200), -127, 127).astype(np.int8)
        scale, point = g.scalar(2.0**-6), g.constant(np.uint8(128))
        x = g.DequantizeLinear(g.QuantizeLinear(g.input(48, 256), scale, point), scale, point)
        return g.MatMul(x, g.DequantizeLinear(g.constant(w), g.scalar(2.0**-8), g.constant(np.int8(0))))

    case("sparse-bytes", SPARSE, quantized)


add_products()
add_pairs()
add_convolutions()
add_bytes()
