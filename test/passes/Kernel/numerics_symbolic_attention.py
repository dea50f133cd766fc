# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the family attention where shapes depend on symbols: every region is compiled once and called with many values of the symbols.

Usage: numerics_symbolic_attention.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]
"""
import os
import re
import sys
import tempfile

import numpy as np

import numerics_symbolic as symbolic
from numerics_attention import attention
from numerics_plain import R, f32

symbolic.SYMBOLS.update(a=33, b=600)
VALUES = [(1, 1), (2, 3), (5, 16), (3, 17), (7, 33), (1, 64), (2, 129), (33, 6), (4, 256), (2, 257), (1, 600)]


def case(name, q, k, columns, scale=0.5, mask=None, flags=False):
    """`q`: dims [B, M, H, D]; `k`: [N, G]; `mask`: dims of one, of i1 with `flags`."""
    batch, rows, heads, depth = q.split()
    keys, key_heads = k.split()
    specs = [q, f"{batch} {keys} {key_heads} {depth}", f"{batch} {keys} {key_heads} {columns}"]
    result = f"f32 {batch} {rows} {heads} {columns}"

    def compute(a, b):
        inputs = [f32(*symbolic.Buffer(f"f32 {spec}", 0).shape({"a": a, "b": b})) * 2 for spec in specs]
        added = None
        if mask is not None:
            shape = symbolic.Buffer(f"f32 {mask}", 0).shape({"a": a, "b": b})
            added = R.integers(0, 2, shape).astype(bool) if flags else f32(*shape) * 3
            inputs.append(added)
        if flags:  # fill is so small that nothing else matters beside a score that stays, and the scores are equal where none does
            full = np.broadcast_to(added, (inputs[0].shape[0], inputs[0].shape[2], inputs[0].shape[1], inputs[1].shape[1]))
            added = np.where(full, 0, np.where(full.any(-1, keepdims=True), -np.inf, -1e30))
            equal = attention(np.zeros_like(inputs[0]), *inputs[1:3], None, scale)
            none = np.moveaxis(~full.any(-1), 1, 2)[..., None]
            return inputs, [np.where(none, equal, attention(*inputs[:3], added, scale)).astype(np.float32)]
        return inputs, [attention(*inputs[:3], added, scale).astype(np.float32)]

    more, types = ("", "") if mask is None else ("mask %3 ", ", $3")
    fill = " fill -1.0e+30" if flags else ""
    text = f"ingot.attention %0, %1, %2 {more}scale {scale}{fill} : ($0, $1, $2{types}) -> $r0"
    inputs = [f"f32 {spec}" for spec in specs] + ([] if mask is None else [f"{'i1' if flags else 'f32'} {mask}"])
    symbolic.case(name, text, inputs, [result], compute, 1e-5)


def main():
    case("both", "a b 3 8", "b 3", 8)
    case("batch", "a 20 3 16", "33 3", 20)
    case("queries", "2 b 2 20", "50 2", 16)
    case("keys", "2 13 4 32", "b 2", 32)
    case("heads", "1 9 a 8", "b a", 24)
    case("one key head", "2 7 a 8", "b 1", 40)
    case("mask", "a b 3 8", "b 3", 8, mask="a 1 b b")
    case("mask of keys", "a b 3 32", "b 3", 32, mask="a 1 1 b")
    case("mask of rows", "2 b 3 8", "20 3", 8, mask="b 1")
    case("flags", "a b 3 8", "b 3", 8, mask="a 1 b b", flags=True)
    case("flags of keys", "2 9 3 64", "b 3", 64, mask="b", flags=True)
    case("flags of 40 keys", "2 9 3 64", "40 3", 64, mask="9 40", flags=True)
    case("flags of 300 keys", "2 9 2 8", "300 2", 8, mask="2 1 9 300", flags=True)
    case("flags of 600 keys", "1 9 2 8", "600 2", 8, mask="9 600", flags=True)
    cases = [one for one in symbolic.CASES if len(sys.argv) < 3 or sys.argv[2] in one.name]
    failed, functions = [], {}
    with tempfile.TemporaryDirectory() as folder:
        folder = os.environ.get("INGOT_KEEP", folder)
        for what, avx512 in (("AVX-512", True), ("AVX2", False)):
            functions[what] = symbolic.build(sys.argv[1], folder, cases, avx512, plain=False)
            with open(f"{folder}/plan.mlir") as file:
                families = re.findall(r"family = (\w+)", file.read())
            failed += [f"FAIL {one.name}: family {family}" for one, family in zip(cases, families) if family != "attention"]
    for values in VALUES:
        env = dict(zip(symbolic.SYMBOLS, values))
        arrays = [one.compute(*values) for one in cases]
        for what, function in functions.items():
            failed += symbolic.check(function, cases, arrays, env, what)
    print("\n".join(failed + [f"{len(cases)} regions, {len(failed)} failed"]))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
