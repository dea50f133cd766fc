# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the operations whose results are as large as data says (nonzero, unique, non_max_suppression), against ONNX's reference evaluator.

Usage: numerics_counted.py <folder of ingot-opt> [<part of a case's name>]

The last result of each is how much of the others is used. What lies behind that is not compared.
"""
import os
import sys
import tempfile

import ml_dtypes
import numpy as np

from numerics_plain import R, TYPES, build, call, reference, wide

CASES = []
NAN = np.float32("nan")


def case(name, text, inputs, used, capacity):
    """`used` are the results as the model sees them, `capacity` the shapes of the tensors that hold them."""
    counted = [*used, np.array(used[0].shape[-1] if "nonzero" in text else used[0].shape[0])]
    whole = [np.zeros(shape, np.int64) for shape in capacity] + [counted[-1]]
    CASES.append((name, text, [np.asarray(i) for i in inputs], whole, counted))


def samples(dtype, size):
    """Values of a type: many duplicates, and what is special."""
    dtype = np.dtype(dtype)
    if dtype == bool:
        return R.integers(0, 2, size).astype(bool)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        pool = np.array([info.min, info.max, 0, 1, info.max // 2 + 1, 7], dtype)
    else:
        pool = np.array([0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 1.5, -1.5, 1e-7, 3.0]).astype(dtype)
    return R.choice(pool, size)


#===-- nonzero ----------------------------------------------------------------------------------------------------------------------------===#

def nonzero():
    def one(name, x):
        found = np.array(np.nonzero(x), np.int64).reshape(x.ndim, -1) if x.ndim else np.zeros((0, int(bool(x))), np.int64)
        case(f"nonzero {name}", "ingot.nonzero %0 : $0 -> $r0, $r1", [x], [found], [(x.ndim, x.size)])
    for name in TYPES:
        dtype = np.dtype(getattr(ml_dtypes, name, None) or name)
        one(name, samples(dtype, (3, 4, 5)))
    one("zeros", np.zeros((2, 3), np.float32))
    one("ones", np.ones((2, 3), np.int8))
    one("row", samples(np.float32, 40))
    one("scalar", np.array(3.0, np.float32))
    one("scalar zero", np.array(-0.0, np.float32))
    one("empty", np.zeros((0, 3), np.float32))
    one("empty rows", np.zeros((2, 0), np.int64))


#===-- unique -----------------------------------------------------------------------------------------------------------------------------===#

def unique():
    def one(name, x, expected=None):
        for order in (0, 1):
            if expected:
                used = [np.array(e) for e in expected[order]]
            elif x.size == 0:  # rows without columns are all equal
                used = [np.zeros(min(1, len(x)), np.int64), np.zeros(len(x), np.int64), np.array([len(x)] * min(1, len(x)))]
            else:
                flat = x.shape[1] == 1
                used = reference("Unique", [wide(x[:, 0] if flat else x)], 4, sorted=order, **({} if flat else {"axis": 0}))[1:]
            case(f"unique {name} {order}", f"ingot.unique %0 {'{sorted}' if order else ''} : $0 -> $r0, $r1, $r2, $r3", [x], used, [(len(x),)] * 3)
    for name in TYPES:
        dtype = np.dtype(getattr(ml_dtypes, name, None) or name)
        one(name, samples(dtype, (60, 1)))
        rows = samples(dtype, (60, 2))
        one(f"rows {name}", np.where(np.isnan(wide(rows)), rows.dtype.type(2), rows))
    one("many", R.integers(0, 2000, (5000, 1)))
    one("different", R.permutation(1025).astype(np.float32)[:, None])
    one("sorted", np.arange(100, dtype=np.int16)[:, None] // 2)
    one("reversed", -np.arange(100, dtype=np.int16)[:, None] // 2)
    one("all equal", np.full((33, 1), 4.0, np.float32))
    one("all NaN", np.full((33, 1), NAN))
    one("one", np.array([[5]], np.uint8))
    one("two", np.array([[5], [5]], np.uint8))
    one("last column", R.integers(0, 3, (50, 7)) // 2)
    one("nothing", np.zeros((0, 1), np.float32))
    one("no columns", np.zeros((3, 0), np.float32))
    one("nothing at all", np.zeros((0, 0), np.float32))
    # With an axis numpy takes rows with NaN for different ones; the operation has one meaning.
    x = np.array([[1, NAN], [NAN, 0], [1, 2], [1, NAN], [-0.0, 3], [0.0, 3]], np.float32)
    one("NaN in rows", x, [([0, 1, 2, 4], [0, 1, 2, 0, 3, 3], [2, 1, 1, 2]), ([4, 2, 0, 1], [2, 3, 1, 2, 0, 0], [2, 1, 2, 1])])


#===-- non_max_suppression ----------------------------------------------------------------------------------------------------------------===#

def suppression():
    def one(name, boxes, scores, most=3, overlap=0.5, score=0.1, center=False, rows=None):
        most, overlap, score = np.array([most]), np.array([overlap], np.float32), np.array([score], np.float32)
        used = np.zeros((0, 3), np.int64)
        if most[0] > 0:
            used = reference("NonMaxSuppression", [boxes, scores, most, overlap, score], center_point_box=int(center))[0].reshape(-1, 3)
        batch, classes, spatial = scores.shape
        capacity = batch * classes * spatial if rows is None else rows
        text = f"ingot.non_max_suppression %0, %1, %2, %3, %4 {'{center_point_box}' if center else ''} : ($0, $1, $2, $3, $4) -> ($r0, $r1)"
        case(f"suppression {name}", text, [boxes, scores, most[0], overlap[0], score[0]], [used[:capacity]], [(capacity, 3)])

    def random(batch, classes, spatial, center):
        boxes = R.uniform(0, 10, (batch, spatial, 4)).astype(np.float32)  # corners in any order
        if center:
            boxes[..., 2:] = R.uniform(0.5, 6, (batch, spatial, 2))
        return boxes, R.uniform(0, 1, (batch, classes, spatial)).astype(np.float32)
    for center in (False, True):
        for overlap in (0.0, 0.1, 0.5, 1.0):
            for score in (-1.0, 0.3):
                one(f"random {center} {overlap} {score}", *random(2, 3, 60, center), 5, overlap, score, center)
        one(f"long {center}", *random(1, 2, 300, center), 1000, 0.3, 0.2, center)
    boxes, scores = random(2, 2, 20, False)
    for most in (0, -1, -(2**63), 1, 20, 2**63 - 1):
        one(f"most {most}", boxes, scores, most)
    one("fewer rows", boxes, scores, 5, rows=20)  # as many as five of each class can fill
    one("too few rows", boxes, scores, 5, rows=7)
    one("no rows", boxes, scores, 5, rows=0)
    one("ties", boxes, np.round(scores, 1), 10)
    one("equal scores", boxes, np.full_like(scores, 0.5), 10)
    one("equal boxes", np.broadcast_to(boxes[:, :1], boxes.shape).copy(), scores, 10)
    one("threshold NaN", boxes, scores, 5, score=np.nan)
    one("overlap NaN", boxes, scores, 5, overlap=np.nan)
    one("overlap negative", boxes, scores, 5, overlap=-1.0)
    # Exactly at the thresholds: neither the score nor the overlap exceeds them.
    pair = np.array([[[0, 0, 1, 1], [0, 0, 1, 2], [5, 5, 6, 6]]], np.float32)
    one("at the thresholds", pair, np.array([[[0.75, 0.5, 0.25]]], np.float32), 5, 0.5, 0.25)
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e38, 1.0, 2.0], np.float32)
    for center in (False, True):
        odd = R.choice(special, (2, 25, 4))
        odd[:, ::2] = R.uniform(0, 4, (2, 13, 4))
        one(f"odd boxes {center}", odd, R.choice(np.array([np.nan, np.inf, -np.inf, 0.5, 0.7, 1.0], np.float32), (2, 2, 25)), 20, 0.2, center=center)
        one(f"flat boxes {center}", np.round(R.uniform(0, 2, (1, 30, 4)).astype(np.float32)), scores[:1, :, :1] + np.zeros((1, 2, 30), np.float32),
            30, 0.1, center=center)
        one(f"negative sizes {center}", R.uniform(-3, 3, (1, 40, 4)).astype(np.float32), R.random((1, 1, 40), np.float32), 40, 0.1, center=center)
    one("scores NaN", boxes, np.full_like(scores, NAN), 5, score=-np.inf)
    one("one box", boxes[:, :1], scores[:, :, :1])
    one("no boxes", boxes[:, :0], scores[:, :, :0])
    one("no classes", boxes, scores[:, :0])
    one("no batch", boxes[:0], scores[:0])


def main():
    np.seterr(all="ignore")
    for family in (nonzero, unique, suppression):
        family()
    cases = [c for c in CASES if len(sys.argv) < 3 or sys.argv[2] in c[0]]
    with tempfile.TemporaryDirectory() as folder:
        folder = os.environ.get("INGOT_KEEP", folder)
        function, arena = build(sys.argv[1], folder, cases, "-O0")
        outputs = [[np.full(e.size * e.itemsize + 64, 0xAB, np.uint8) for e in c[3]] for c in cases]
        call(function, arena, [i for c in cases for i in c[2]], [o for group in outputs for o in group])
    failed = 0
    for (name, _, _, whole, used), group in zip(cases, outputs):
        for raw, like, expected in zip(group, whole, used):
            size = like.size * 8
            actual = raw[:size].view(np.int64).reshape(like.shape)[tuple(slice(n) for n in expected.shape)]
            if not np.array_equal(actual, expected) or np.any(raw[size:] != 0xAB):
                failed += 1
                print(f"FAIL {name}: expected\n{expected.ravel()[:24]}\nactual\n{actual.ravel()[:24]}")
                break
    print(f"{len(cases) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
