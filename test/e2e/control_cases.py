# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""More cases of op_cases.py: control flow whose way is known at run time only, and results whose size depends on data. Written in ONNX's text syntax,
with the inputs of one run; `feeds` gives further runs of the same program, so that both ways of a branch are taken."""

import numpy as np
import onnx.numpy_helper
import onnx.parser

HEADER = '<ir_version: 9, opset_import: ["" : 20]>\n'
CASES, FEEDS = {}, {}
RNG = np.random.default_rng(5)


def case(name: str, text: str, *feeds: dict) -> None:
    CASES[name] = lambda: onnx.parser.parse_model(HEADER + text)
    FEEDS[name] = [{key: np.asarray(value) for key, value in feed.items()} for feed in feeds]


def f32(*shape):
    return RNG.uniform(-2, 2, shape).astype(np.float32)


def i64(*values):
    return np.array(values, np.int64)


def true(value=True):
    return np.array(value)


X = f32(6, 8)
case(
    "if-branches",
    """main (bool c, float[6, 8] x) => (float[6, 8] y) {
  y = If (c) <then_branch = t () => (float[6, 8] a) { p = Exp(x) a = Mul(p, x) }, else_branch = e () => (float[6, 8] b) { b = Neg(x) }>
}""",
    {"c": true(), "x": X},
    {"c": true(False), "x": X},
)
case(
    "if-captured-only",
    """main (bool c, float[6, 8] x, float[6, 8] z) => (float[6, 8] y, float[6, 8] u) {
  s = Relu(x)
  y, u = If (c) <then_branch = t () => (float[6, 8] a, float[6, 8] a2) { a = Identity(s) a2 = Identity(s) },
                 else_branch = e () => (float[6, 8] b, float[6, 8] b2) { b = Identity(z) b2 = Identity(x) }>
}""",
    {"c": true(), "x": X, "z": f32(6, 8)},
    {"c": true(False), "x": X, "z": f32(6, 8)},
)
case(
    "if-nested",
    """main (float[6, 8] x) => (float[6, 8] y) <float limit = {0}> {
  s = ReduceSum <keepdims = 0> (x)
  c = Greater(s, limit)
  n = Neg(s)
  d = Less(n, limit)
  y = If (c) <then_branch = t () => (float[6, 8] a) {
      a = If (d) <then_branch = t2 () => (float[6, 8] a1) { a1 = Add(x, s) }, else_branch = e2 () => (float[6, 8] a2) { a2 = Sub(x, s) }> },
    else_branch = e () => (float[6, 8] b) { q = Mul(x, x) b = Sqrt(q) }>
}""",
    {"x": np.abs(X)},
    {"x": -np.abs(X)},
)
case(
    "if-sizes",
    """main (bool c, float[6, 8] x) => (float[n, 8] y, float[m] r) <int64[1] one = {1}> {
  z = If (c) <then_branch = t () => (float[2, 8] a) <int64[1] b0 = {1}, int64[1] e0 = {3}> { a = Slice(x, b0, e0) },
              else_branch = e () => (float[12, 8] b) { b = Concat <axis = 0> (x, x) }>
  y = Softmax(z)
  r = ReduceSum <keepdims = 0> (z, one)
}""",
    {"c": true(), "x": X},
    {"c": true(False), "x": X},
)
case(
    "if-weights",
    """main (bool c, float[6, 8] x, float[1, 3, 12, 12] p) => (float[6, 8] y, float[1, 4, 12, 12] q) <float[8, 8] w, float[4, 3, 3, 3] k> {
  y, q = If (c) <then_branch = t () => (float[6, 8] a, float[1, 4, 12, 12] a2) {
                   m = MatMul(x, w) a = Relu(m) f = Conv <pads = [1, 1, 1, 1]> (p, k) a2 = Relu(f) },
                 else_branch = e () => (float[6, 8] b, float[1, 4, 12, 12] b2) {
                   m2 = MatMul(x, w) b = Tanh(m2) b2 = Conv <pads = [1, 1, 1, 1]> (p, k) }>
}""",
    {"c": true(), "x": X, "p": f32(1, 3, 12, 12)},
    {"c": true(False), "x": X, "p": f32(1, 3, 12, 12)},
)
case(
    "loop-while",
    """main (float[6, 8] x, float limit) => (float[6, 8] y, int64 trips) <int64 zero = {0}, int64 one = {1}> {
  most = Constant <value = int64 {9223372036854775807}> ()
  go = Constant <value = bool {1}> ()
  y, trips = Loop (most, go, x, zero) <body = b (int64 i, bool c, float[6, 8] v, int64 k) => (bool c2, float[6, 8] v2, int64 k2) {
    h = Constant <value = float {0.5}> ()
    v2 = Mul(v, h)
    s = ReduceSum <keepdims = 0> (v2)
    a = Abs(s)
    c2 = Greater(a, limit)
    k2 = Add(k, one)
  }>
}""",
    {"x": np.abs(X), "limit": np.float32(0.01)},
    {"x": X, "limit": np.float32(1e9)},
)
case(
    "loop-trips",
    """main (int64 n, float[6, 8] x) => (float[6, 8] y) <float[8, 8] w> {
  y = Loop (n, , x) <body = b (int64 i, bool c, float[6, 8] v) => (bool c2, float[6, 8] v2) {
    c2 = Identity(c)
    f = Cast <to = 1> (i)
    m = MatMul(v, w)
    t = Tanh(m)
    v2 = Add(t, f)
  }>
}""",
    {"n": np.int64(5), "x": X},
    {"n": np.int64(0), "x": X},
    {"n": np.int64(-3), "x": X},
)
case(
    "loop-stacked",
    """main (int64 n, float[6, 8] x) => (float[6, 8] y, float[k, 6, 8] all, float[k] sums) {
  y, all, sums = Loop (n, , x) <body = b (int64 i, bool c, float[6, 8] v) => (bool c2, float[6, 8] v2, float[6, 8] o, float s) {
    c2 = Identity(c)
    v2 = Sin(v)
    o = Identity(v2)
    s = ReduceMean <keepdims = 0> (v2)
  }>
}""",
    {"n": np.int64(7), "x": X},
    {"n": np.int64(1), "x": X},
    {"n": np.int64(0), "x": X},
)
case(
    "loop-stacked-until",
    """main (float[4] x, float limit) => (float[4] y, float[k, 4] all, float[k] r) <int64[1] one = {1}> {
  go = Constant <value = bool {1}> ()
  y, all = Loop (, go, x) <body = b (int64 i, bool c, float[4] v) => (bool c2, float[4] v2, float[4] o) {
    v2 = Add(v, v)
    m = ReduceMax <keepdims = 0> (v2)
    c2 = Less(m, limit)
    o = Neg(v2)
  }>
  r = ReduceSum <keepdims = 0> (all, one)
}""",
    {"x": np.abs(f32(4)) + 1, "limit": np.float32(100)},
    {"x": np.abs(f32(4)) + 1, "limit": np.float32(0)},
)
case(
    "loop-once",
    """main (int64 n, float[6, 8] x) => (float[6, 8] y, float[k, 6, 8] all) {
  y, all = Loop (n, , x) <body = b (int64 i, bool c, float[6, 8] v) => (bool c2, float[6, 8] v2, float[6, 8] o) {
    c2 = Constant <value = bool {0}> ()
    v2 = Sin(v)
    o = Neg(v2)
  }>
}""",
    {"n": np.int64(5), "x": X},
    {"n": np.int64(0), "x": X},
)
case(
    "loop-first-condition",
    """main (bool go, float[6, 8] x) => (float[6, 8] y, float[k, 6, 8] all) <int64 most = {300}> {
  y, all = Loop (most, go, x) <body = b (int64 i, bool c, float[6, 8] v) => (bool c2, float[6, 8] v2, float[6, 8] o) {
    c2 = Identity(c)
    v2 = Sin(v)
    o = Neg(v2)
  }>
}""",
    {"go": true(), "x": X},
    {"go": true(False), "x": X},
)
case(
    "loop-many-stacked",
    """main (float[2] x) => (float[2] y, float[k, 2] all) <int64 most = {10000}> {
  y, all = Loop (most, , x) <body = b (int64 i, bool c, float[2] v) => (bool c2, float[2] v2, float[2] o) {
    c2 = Identity(c)
    v2 = Sin(v)
    o = Neg(v2)
  }>
}""",
    {"x": f32(2)},
)
case(
    "loop-many-stacked-until",
    """main (float[2] x, float limit) => (float[2] y, float[k, 2] all) <int64 most = {8192}> {
  y, all = Loop (most, , x) <body = b (int64 i, bool c, float[2] v) => (bool c2, float[2] v2, float[2] o) {
    f = Cast <to = 1> (i)
    c2 = Less(f, limit)
    v2 = Sin(v)
    o = Neg(v2)
  }>
}""",
    {"x": f32(2), "limit": np.float32(1e9)},
    {"x": f32(2), "limit": np.float32(8000)},
)
case(
    "loop-swap",
    """main (int64 n, float[6, 8] x, float[6, 8] z) => (float[6, 8] y, float[6, 8] u, float[6, 8] w) {
  y, u, w = Loop (n, , x, z, x) <body = b (int64 i, bool c, float[6, 8] a, float[6, 8] b1, float[6, 8] d)
                                     => (bool c2, float[6, 8] a2, float[6, 8] b2, float[6, 8] d2) {
    c2 = Identity(c)
    a2 = Identity(b1)
    b2 = Identity(a)
    e = Mul(a, d)
    d2 = Add(e, b1)
  }>
}""",
    {"n": np.int64(3), "x": X, "z": f32(6, 8)},
    {"n": np.int64(4), "x": X, "z": f32(6, 8)},
)
case(
    "loop-nested",
    """main (int64 n, float[6, 8] x) => (float[6, 8] y, float[k, 6] o) <int64[1] one = {1}> {
  y, o = Loop (n, , x) <body = b (int64 i, bool c, float[6, 8] v) => (bool c2, float[6, 8] v2, float[6] s) {
    c2 = Identity(c)
    v2 = Loop (i, , v) <body = inner (int64 j, bool d, float[6, 8] u) => (bool d2, float[6, 8] u2) {
      d2 = Identity(d)
      g = Cast <to = 1> (j)
      t = Add(u, g)
      u2 = Sin(t)
    }>
    s = ReduceSum <keepdims = 0> (v2, one)
  }>
}""",
    {"n": np.int64(4), "x": X},
)
case(
    "loop-if-inside",
    """main (int64 n, float[6, 8] x) => (float[6, 8] y) <int64 two = {2}, int64 zero = {0}> {
  y = Loop (n, , x) <body = b (int64 i, bool c, float[6, 8] v) => (bool c2, float[6, 8] v2) {
    c2 = Identity(c)
    r = Mod(i, two)
    even = Equal(r, zero)
    v2 = If (even) <then_branch = t () => (float[6, 8] p) { p = Cos(v) }, else_branch = e () => (float[6, 8] q) { h = Mul(v, v) q = Sub(h, x) }>
  }>
}""",
    {"n": np.int64(5), "x": X},
)
case(
    "loop-invariant-gather",
    """main (int64 n, int64[3] at, float[6, 8] x) => (float[3, 8] y) {
  first = Gather(x, at)
  y = Loop (n, , first) <body = b (int64 i, bool c, float[3, 8] v) => (bool c2, float[3, 8] v2) {
    c2 = Identity(c)
    g = Gather(x, at)
    e = Exp(g)
    w = Mul(v, e)
    v2 = Tanh(w)
  }>
}""",
    {"n": np.int64(3), "at": i64(5, 0, -1), "x": X},
)
LONG = f32(300, 4)
case(
    "scan-long",
    """main (float[4] start, float[300, 4] xs) => (float[4] last, float[300, 4] all) {
  last, all = Scan <num_scan_inputs = 1, body = b (float[4] s, float[4] x) => (float[4] s2, float[4] o) {
    h = Add(s, x)
    s2 = Tanh(h)
    o = Neg(s2)
  }> (start, xs)
}""",
    {"start": f32(4), "xs": LONG},
)
case(
    "scan-axes",
    """main (float[4] start, float[4, 300] xs, float[300, 4] zs) => (float[4] last, float[4, 300] all, float[300, 4] more) {
  last, all, more = Scan <num_scan_inputs = 2, scan_input_axes = [1, 0], scan_input_directions = [1, 0],
    scan_output_axes = [1, 0], scan_output_directions = [0, 1],
    body = b (float[4] s, float[4] x, float[4] z) => (float[4] s2, float[4] o, float[4] p) {
    h = Mul(s, x)
    g = Add(h, z)
    s2 = Sin(g)
    o = Identity(s2)
    p = Sub(s2, x)
  }> (start, xs, zs)
}""",
    {"start": f32(4), "xs": LONG.T.copy(), "zs": f32(300, 4)},
)
SPARSE = np.where(RNG.uniform(size=(5, 7)) < 0.3, f32(5, 7), 0).astype(np.float32)
case(
    "nonzero",
    """main (float[5, 7] x) => (int64[2, n] y) { y = NonZero(x) }""",
    {"x": SPARSE},
    {"x": np.zeros((5, 7), np.float32)},
    {"x": np.ones((5, 7), np.float32)},
)
case(
    "nonzero-gather",
    """main (float[9] score, float[9, 8] x) => (float[n, 4] y, float[n, 8] p) <float[8, 4] w, float zero = {0}> {
  keep = Greater(score, zero)
  at = NonZero(keep)
  rows = Transpose <perm = [1, 0]> (at)
  taken = GatherND(x, rows)
  m = MatMul(taken, w)
  y = Relu(m)
  p = Softmax(taken)
}""",
    {"score": f32(9), "x": f32(9, 8)},
    {"score": np.full(9, -1, np.float32), "x": f32(9, 8)},
    {"score": np.full(9, 1, np.float32), "x": f32(9, 8)},
)
case(
    "compress",
    """main (float[5, 7] x, bool[5] c, bool[30] d) => (float[n, 7] y, float[m] z) { y = Compress <axis = 0> (x, c) z = Compress(x, d) }""",
    {"x": f32(5, 7), "c": np.array([1, 0, 1, 1, 0], bool), "d": RNG.uniform(size=30) < 0.5},
    {"x": f32(5, 7), "c": np.zeros(5, bool), "d": np.ones(30, bool)},
)
case(
    "unique",
    """main (float[20] x) => (float[n] y, int64[n] first, int64[20] inverse, int64[n] counts) { y, first, inverse, counts = Unique(x) }""",
    {"x": RNG.integers(0, 6, 20).astype(np.float32)},
    {"x": np.ones(20, np.float32)},
)
case(
    "unique-axis",
    """main (int64[6, 2] x) => (int64[n, 2] y, int64[n] first, int64[6] inverse, int64[n] counts) {
  y, first, inverse, counts = Unique <axis = 0, sorted = 0> (x)
}""",
    {"x": RNG.integers(0, 2, (6, 2))},
)
BOXES = np.sort(RNG.uniform(0, 10, (1, 40, 2, 2)), axis=2).reshape(1, 40, 4).astype(np.float32)
SCORES = RNG.uniform(size=(1, 2, 40)).astype(np.float32)
case(
    "nms",
    """main (float[1, 40, 4] boxes, float[1, 2, 40] scores, int64 most, float iou, float least) => (int64[n, 3] y, float[n, 4] kept)
  <int64[1] two = {2}, int64 first = {0}, int64[1] minus = {-1}> {
  y = NonMaxSuppression(boxes, scores, most, iou, least)
  c = Gather <axis = 1> (y, two)
  flat = Reshape(c, minus)
  all = Gather(boxes, first)
  kept = Gather(all, flat)
}""",
    {"boxes": BOXES, "scores": SCORES, "most": np.int64(5), "iou": np.float32(0.4), "least": np.float32(0.2)},
    {"boxes": BOXES, "scores": SCORES, "most": np.int64(100), "iou": np.float32(0.9), "least": np.float32(0.99)},
)
case(
    "topk-runtime",
    """main (float[4, 9] x, int64[1] k) => (float[4, n] y, int64[4, n] at, float[4] s) <int64[1] one = {1}> {
  y, at = TopK(x, k)
  s = ReduceSum <keepdims = 0> (y, one)
}""",
    {"x": f32(4, 9), "k": i64(3)},
    {"x": f32(4, 9), "k": i64(9)},
    {"x": f32(4, 9), "k": i64(1)},
)
case(
    "range-runtime",
    """main (int64 a, int64 b, int64 d, float[1] x) => (int64[n] y, float[n] z) { y = Range(a, b, d) f = Cast <to = 1> (y) z = Mul(f, x) }""",
    {"a": np.int64(3), "b": np.int64(21), "d": np.int64(4), "x": f32(1)},
    {"a": np.int64(5), "b": np.int64(-8), "d": np.int64(-3), "x": f32(1)},
    {"a": np.int64(5), "b": np.int64(1), "d": np.int64(1), "x": f32(1)},
)


case(
    "loop-stacked-grows",
    """main (float[4] x, float limit) => (float[k, 4] all, float s) {
  go = Constant <value = bool {1}> ()
  y, all = Loop (, go, x) <body = b (int64 i, bool c, float[4] v) => (bool c2, float[4] v2, float[4] o) {
    one = Constant <value = float {1}> ()
    v2 = Add(v, one)
    m = ReduceMax <keepdims = 0> (v2)
    c2 = Less(m, limit)
    o = Neg(v2)
  }>
  s = ReduceSum <keepdims = 0> (all)
}""",
    {"x": np.zeros(4, np.float32), "limit": np.float32(50)},
    {"x": np.zeros(4, np.float32), "limit": np.float32(64)},
    {"x": np.zeros(4, np.float32), "limit": np.float32(65)},
    {"x": np.zeros(4, np.float32), "limit": np.float32(1000)},
)
case(
    "loop-stacked-most",
    """main (float[4] x, float limit) => (float[k, 4] all) {
  go = Constant <value = bool {1}> ()
  most = Constant <value = int64 {100}> ()
  y, all = Loop (most, go, x) <body = b (int64 i, bool c, float[4] v) => (bool c2, float[4] v2, float[4] o) {
    one = Constant <value = float {1}> ()
    v2 = Add(v, one)
    m = ReduceMax <keepdims = 0> (v2)
    c2 = Less(m, limit)
    o = Neg(v2)
  }>
}""",
    {"x": np.zeros(4, np.float32), "limit": np.float32(99)},
    {"x": np.zeros(4, np.float32), "limit": np.float32(1000)},
)
case(
    "slice-runtime",
    """main (float[9, 7] x, int64[2] b, int64[2] e) => (float[n, m] y, float[k] s) <int64[1] one = {1}> {
  y = Slice(x, b, e) s = ReduceSum <keepdims = 0> (y, one) }""",
    {"x": f32(9, 7), "b": i64(2, -5), "e": i64(-1, 100)},
    {"x": f32(9, 7), "b": i64(0, 3), "e": i64(9, 3)},
    {"x": f32(9, 7), "b": i64(8, 0), "e": i64(2, 1)},
)
case(
    "slice-steps-runtime",
    """main (float[9, 7] x, int64[1] b, int64[1] e) => (float[n, 7] y) <int64[1] axis = {0}, int64[1] step = {3}> {
  z = Slice(x, b, e, axis, step) y = Tanh(z) }""",
    {"x": f32(9, 7), "b": i64(1), "e": i64(9)},
    {"x": f32(9, 7), "b": i64(0), "e": i64(8)},
)
case(
    "constant-of-shape-runtime",
    """main (int64[2] s, float[1] x) => (float[n, m] y) { z = ConstantOfShape <value = float[1] {2.5}> (s) y = Add(z, x) }""",
    {"s": i64(3, 5), "x": f32(1)},
    {"s": i64(300, 200), "x": f32(1)},
    {"s": i64(0, 5), "x": f32(1)},
)
case(
    "expand-runtime",
    """main (int64[3] s, float[4, 1] x) => (float[n, 4, m] y, float[4, k] z) {
  y = Expand(x, s) e = Exp(x) t = Gather(s, last) u = Reshape(t, minus) v = Concat <axis = 0> (four, u) z = Expand(e, v) }""".replace(
        "z) {", "z) <int64 last = {2}, int64[1] minus = {-1}, int64[1] four = {4}> {"
    ),
    {"s": i64(3, 4, 5), "x": f32(4, 1)},
    {"s": i64(2, 1, 100), "x": f32(4, 1)},
)
case(
    "tile-runtime",
    """main (int64[2] r, float[2, 3] x) => (float[n, m] y) { y = Tile(x, r) }""",
    {"r": i64(3, 2), "x": f32(2, 3)},
    {"r": i64(1, 100), "x": f32(2, 3)},
)
case(
    "resize-scales-runtime",
    """main (float[4] s, float[1, 3, 6, 8] x) => (float[1, 3, h, w] y, float[1, 3, h, w] z) {
  y = Resize <mode = "linear"> (x, , s)
  z = Resize <mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"> (x, , s)
}""",
    {"s": np.array([1, 1, 2, 1.5], np.float32), "x": f32(1, 3, 6, 8)},
    {"s": np.array([1, 1, 0.5, 3], np.float32), "x": f32(1, 3, 6, 8)},
)
case(
    "resize-sizes-runtime",
    """main (int64[4] s, float[1, 3, 6, 8] x) => (float[1, 3, h, w] y) { y = Resize <mode = "linear"> (x, , , s) }""",
    {"s": i64(1, 3, 9, 20), "x": f32(1, 3, 6, 8)},
    {"s": i64(1, 3, 5, 3), "x": f32(1, 3, 6, 8)},
)


case(
    "reshape-runtime",
    """main (int64[3] s, float[4, 6] x) => (float[a, b, c] y, float[d] r) <int64[1] minus = {-1}> {
  y = Reshape(x, s) t = Exp(y) r = Reshape(t, minus) }""",
    {"s": i64(2, 3, 4), "x": f32(4, 6)},
    {"s": i64(0, -1, 2), "x": f32(4, 6)},
    {"s": i64(24, 1, 1), "x": f32(4, 6)},
)
case(
    "sizes-equal",
    """main (int64[1] e, float[9, 4] x, float[9, 4] z) => (float[n, 4] y) <int64[1] b = {0}> {
  p = Slice(x, b, e) q = Slice(z, b, e) y = Mul(p, q) }""",
    {"e": i64(5), "x": f32(9, 4), "z": f32(9, 4)},
    {"e": i64(-2), "x": f32(9, 4), "z": f32(9, 4)},
)


case(
    "pad-runtime",
    """main (int64[4] p, float[3, 4] x, float v) => (float[n, m] y, float[k] s) <int64[1] one = {1}> {
  y = Pad(x, p, v) s = ReduceSum <keepdims = 0> (y, one) }""",
    {"p": i64(1, 2, 0, 1), "x": f32(3, 4), "v": np.float32(0.5)},
    {"p": i64(0, 0, 0, 0), "x": f32(3, 4), "v": np.float32(0.5)},
    {"p": i64(70, 0, 3, 100), "x": f32(3, 4), "v": np.float32(-1)},
)
case(
    "one-hot-runtime",
    """main (int64[3] i, int64 d) => (float[3, n] y, float[n, 3] z) <float[2] v = {0, 1}> { y = OneHot(i, d, v) z = OneHot <axis = 0> (i, d, v) }""",
    {"i": i64(1, 0, -2), "d": np.int64(5)},
    {"i": i64(1, 90, -2), "d": np.int64(100)},
)


def build(name: str):
    model = CASES[name]()
    rng = np.random.default_rng(len(name))
    for value in model.graph.value_info:  # `float[8, 8] w` of the header: weights
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        model.graph.initializer.append(onnx.numpy_helper.from_array(rng.uniform(-0.5, 0.5, shape).astype(np.float32), value.name))
    del model.graph.value_info[:]
    return model, FEEDS[name]
