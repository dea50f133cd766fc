# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the families pool, row and recurrent, with pro- and epilogues, tails and strided buffers, against numpy in f64.

Usage: numerics_rows.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

As numerics_families.py: AVX-512 and AVX2, one thread and two with the same bits, nothing read or written beside the buffers.
"""

import math
import sys

import numpy as np
from numerics_families import spread
from planned_regions import Buffer, Region, check_regions

R = np.random.default_rng(5)
REGIONS = []


def f32(*shape):
    return R.uniform(-1, 1, shape).astype(np.float32)


def add(name, text, inputs, results, tolerance=2e-6):
    """The lines of `text` name the anchor's result %c; %0 .. are the inputs, $0 .. their types, $r the type of the first result."""
    buffers = [Buffer(i, *spread()) for i in inputs]
    REGIONS.append(Region(name, text, buffers, [Buffer(r, *spread()) for r in results], tolerance))


#===-- Pools ------------------------------------------------------------------------------------------------------------------------------===#


def windows(x, kernel, strides, pads, dilations, fill):
    """[taps, N, OH, OW, C] of x [N, H, W, C], with `fill` outside."""
    padded = np.pad(x, ((0, 0), (pads[0], pads[2]), (pads[1], pads[3]), (0, 0)), constant_values=fill)
    height = (padded.shape[1] - (kernel[0] - 1) * dilations[0] - 1) // strides[0] + 1
    width = (padded.shape[2] - (kernel[1] - 1) * dilations[1] - 1) // strides[1] + 1
    taps = []
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            row, column = i * dilations[0], j * dilations[1]
            taps.append(
                padded[:, row : row + (height - 1) * strides[0] + 1 : strides[0], column : column + (width - 1) * strides[1] + 1 : strides[1]]
            )
    return np.stack(taps)


def pool(kind, size, channels, kernel, strides, pads, dilations=(1, 1), count_pads=None, one_dim=False, epilogue=True):
    x = f32(2, *size, channels)
    if kind == "max":
        y = windows(x, kernel, strides, pads, dilations, -np.inf).max(0)
    else:
        own = pads if count_pads is None else count_pads
        ones = np.pad(np.ones_like(x), ((0, 0), (own[0], own[2]), (own[1], own[3]), (0, 0)), constant_values=0.0 if count_pads is None else 1.0)
        more = [p - q for p, q in zip(pads, own)]
        y = windows(x.astype(np.float64), kernel, strides, pads, dilations, 0).sum(0) / windows(ones, kernel, strides, more, dilations, 0).sum(0)
    if one_dim:
        x, y, kernel, strides, dilations = x[:, 0], y[:, 0], kernel[1:], strides[1:], dilations[1:]
        pads, count_pads = (pads[1], pads[3]), count_pads and (count_pads[1], count_pads[3])
    listed = lambda values: str(list(values))
    include = " {count_include_pad}" if count_pads else ""
    text = (
        f"%c = ingot.pool {kind} %0 channels_last kernel {listed(kernel)} strides {listed(strides)} pads {listed(pads)} "
        f"dilations {listed(dilations)} "
        f"count_pads {listed(count_pads or pads)}{include} : $0 -> $r\n"
    )
    inputs = [x]
    if epilogue:
        inputs.append(f32(channels))
        text += "%d = ingot.binary mul %c, %1 : $r, $1 -> $r\n%e = ingot.unary relu %d : $r -> $r\n"
        y = np.maximum(y * inputs[1], 0)
    add(
        f"pool {kind} {size} {channels} {kernel} {strides} {pads} {dilations}{include}",
        text + f"ingot.yield {'%e' if epilogue else '%c'} : $r",
        inputs,
        [y],
    )


def pools():
    for kind in ("max", "average"):
        for channels in (2, 5, 8, 16, 20, 33, 64):
            pool(kind, (9, 12), channels, (3, 3), (2, 2), (1, 1, 1, 1))
            pool(kind, (8, 17), channels, (2, 2), (2, 2), (0, 0, 0, 0), epilogue=False)
        pool(kind, (11, 23), 16, (5, 5), (1, 1), (2, 2, 2, 2))
        pool(kind, (11, 23), 24, (3, 2), (1, 3), (1, 0, 0, 1))
        pool(kind, (10, 14), 16, (3, 3), (1, 1), (2, 2, 2, 2), (2, 2))
        pool(kind, (12, 14), 16, (3, 2), (2, 1), (0, 0, 0, 0), (3, 4))
        pool(kind, (7, 7), 40, (7, 7), (1, 1), (0, 0, 0, 0))
        pool(kind, (3, 3), 16, (7, 7), (1, 1), (3, 3, 3, 3))
        pool(kind, (4, 40), 16, (1, 21), (2, 2), (0, 9, 0, 9))
        pool(kind, (1, 31), 20, (1, 4), (1, 2), (0, 1, 0, 2), one_dim=True)
        pool(kind, (1, 30), 16, (1, 3), (1, 1), (0, 0, 0, 0), one_dim=True)
    for count_pads in ((1, 1, 1, 1), (1, 1, 0, 0)):
        pool("average", (9, 12), 16, (3, 3), (2, 2), (1, 1, 1, 1), count_pads=count_pads)
        pool("average", (10, 13), 20, (3, 4), (1, 2), (1, 1, 2, 2), count_pads=count_pads)


#===-- Rows -------------------------------------------------------------------------------------------------------------------------------===#


def norm(kind, x, axes):
    x = x.astype(np.float64)
    top = x.max(axes, keepdims=True)
    power = np.exp(x - top)
    if kind == "softmax":
        return power / power.sum(axes, keepdims=True)
    if kind == "log_softmax":
        return x - top - np.log(power.sum(axes, keepdims=True))
    centred = x - x.mean(axes, keepdims=True) if kind == "standardize" else x
    return centred / np.sqrt((centred * centred).mean(axes, keepdims=True) + 1e-5)


def rows():
    shapes = [
        ((6, 128), (1,)),
        ((5, 33), (1,)),
        ((3, 7), (1,)),
        ((40, 3), (1,)),
        ((2, 5, 100), (2,)),
        ((33, 20), (0,)),
        ((4, 19, 37), (1,)),
        ((2, 3, 4, 50), (1, 3)),
        ((2, 9, 5, 24), (1, 2)),
        ((2, 65, 16), (1,)),
        ((7, 1000), (1,)),
        ((3, 11, 13), (0, 1, 2)),
        ((12, 128, 128), (2,)),
        ((8, 9, 10), (0, 2)),
        ((3, 40, 1), (1,)),
        ((50,), (0,)),
        ((1, 6, 4100), (2,)),
        ((2, 8400), (1,)),
        ((1, 7, 7, 40), (1, 2)),
        ((1, 1, 1, 9), (3,)),
        ((5, 1), (1,)),
    ]
    for shape, axes in shapes:
        x, bias, full = f32(*shape) * 4, f32(shape[-1]), f32(*shape)
        names = f"{shape} {axes}"
        for kind in ("softmax", "log_softmax", "standardize", "rms"):
            line = lambda operand: f"ingot.norm {kind} {operand} axes {list(axes)} {{epsilon = 1.0e-5 : f64}} : $0 -> $r\n"
            y = norm(kind, x, axes)
            add(f"{kind} {names}", f"%c = {line('%0')}ingot.yield %c : $r", [x], [y], 1e-5)
            # A prologue, an epilogue of two operands, and a second result.
            text = f"%p = ingot.unary tanh %0 : $0 -> $0\n%q = ingot.binary add %p, %2 : $0, $2 -> $0\n%c = {line('%q')}"
            text += "%d = ingot.binary mul %c, %1 : $r, $1 -> $r\n%e = ingot.binary add %d, %2 : $r, $r -> $r\ningot.yield %e, %d : $r, $r"
            y = norm(kind, np.tanh(x.astype(np.float64)) + full, axes)
            add(f"{kind} {names} fused", text, [x, bias, full], [y * bias + full, y * bias], 2e-5)
        for kind, function in (("sum", np.sum), ("mean", np.mean), ("max", np.max), ("min", np.min), ("prod", np.prod)):
            small = x / 4 if kind != "prod" else (1 + x / 1000).astype(np.float32)
            for keep in (True, False):
                if not keep and len(axes) == len(shape):
                    continue
                attributes = " {keep_dims}" if keep else ""
                y = function(small.astype(np.float64), axis=axes, keepdims=keep)
                add(
                    f"{kind} {names}{attributes}",
                    f"%c = ingot.reduce {kind} %0 axes {list(axes)}{attributes} : $0 -> $r\ningot.yield %c : $r",
                    [small],
                    [y],
                    2e-4,
                )
            text = f"%p = ingot.binary mul %0, %1 : $0, $1 -> $0\n%c = ingot.reduce {kind} %p axes {list(axes)} {{keep_dims}} : $0 -> $r\n"
            text += "%d = ingot.unary sigmoid %c : $r -> $r\ningot.yield %d, %c : $r, $r"
            y = function((small * bias).astype(np.float64), axis=axes, keepdims=True)
            add(f"{kind} {names} fused", text, [small, bias], [1 / (1 + np.exp(-y)), y], 2e-4)


def functions():
    """Functions with vector formulas of their own. The error of gelu is that of its factor, 1.4e-7, times the argument, and half a unit of the last
    place."""
    x = np.linspace(-6, 6, 20011).astype(np.float32)
    far = np.array([-np.inf, -3e38, -1e30, -100, -5.4, -5.3, -5.2999, -0.0, 0.0, 1e-30, -1e-40], np.float32)
    d, e = x.astype(np.float64), np.maximum(far, -1e3).astype(np.float64)
    error = np.vectorize(math.erf)
    for kind, factor in (
        ("gelu", lambda v: 0.5 + 0.5 * error(v * np.sqrt(0.5))),
        ("gelu_tanh", lambda v: 0.5 + 0.5 * np.tanh(np.sqrt(2 / np.pi) * (v + 0.044715 * v**3))),
    ):
        text = f"%c = ingot.unary {kind} %0 : $0 -> $r\ningot.yield %c : $r"
        add(kind, text, [x], [d * factor(d)], 1.1e-6)
        add(f"{kind} far off", text, [far], [e * factor(e)], 8e-7)
    # Weights of a softmax between 1 and what underflows; what is ruled out has none.
    scores = np.linspace(0, -300, 700).astype(np.float32).reshape(2, 350)
    scores[:, ::7] = -np.inf
    text = "%c = ingot.norm softmax %0 axes [1] : $0 -> $r\ningot.yield %c : $r"
    strange = f32(3, 40)
    strange.view(np.uint32)[1, 7] = 0x7FC00003  # NaN with a bit where exponents are made
    is_nan = "%n = ingot.unary is_nan %c : $r -> tensor<3x40xi1>\n%d = ingot.cast %n to f32 : tensor<3x40xi1> -> $r\ningot.yield %d : $r"
    rows_of_nan = np.array([0, 1, 0], np.float32)[:, None] * np.ones((1, 40), np.float32)
    add("softmax of NaN", "%c = ingot.norm softmax %0 axes [1] : $0 -> $r\n" + is_nan, [strange], [rows_of_nan], 0)
    add("softmax far off", text, [scores], [norm("softmax", scores, (1,))], 1e-7)


#===-- Recurrent --------------------------------------------------------------------------------------------------------------------------===#


def recurrent(kind, steps, batch, size, hidden, more=""):
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[kind]
    x, w, r, bias = f32(steps, batch, size), f32(gates * hidden, size), f32(gates * hidden, hidden), f32(2 * gates * hidden)
    h0, c0 = f32(batch, hidden), f32(batch, hidden)
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    h, c, states = h0.astype(np.float64), c0.astype(np.float64), np.zeros((steps, batch, hidden))
    for t in reversed(range(steps)) if "reverse" in more else range(steps):
        a = np.split(x[t] @ w.T.astype(np.float64) + bias[: gates * hidden], gates, 1)
        z = np.split(h @ r.T + bias[gates * hidden :], gates, 1)
        if kind == "lstm":
            i, o, f, g = (u + v for u, v in zip(a, z))
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        elif kind == "gru":
            update, reset = sigmoid(a[0] + z[0]), sigmoid(a[1] + z[1])
            late = reset * z[2] if "linear" in more else (reset * h) @ r[2 * hidden :].T + bias[5 * hidden :]
            h = (1 - update) * np.tanh(a[2] + late) + update * h
        else:
            h = np.tanh(a[0] + z[0])
        states[t] = h
    names = {"lstm": '"Sigmoid", "Tanh", "Tanh"', "gru": '"Sigmoid", "Tanh"', "rnn": '"Tanh"'}[kind]
    inputs, results = [x, w, r, bias, h0], [states, h]
    if kind == "lstm":
        inputs.append(c0)
        results.append(c)
    cell = f"tensor<{batch}x{hidden}xf32>"
    types = ["$0", "$1", "$2", "$3", "$4", "$5" if kind == "lstm" else "tensor<0xf32>", "tensor<0xf32>", f"tensor<{batch}xi32>"]
    text = f"%none = ingot.constant dense<0.0> : tensor<0xf32>\n%length = ingot.constant dense<{steps}> : tensor<{batch}xi32>\n"
    text += f"%c:3 = ingot.recurrent {kind} (%0, %1, %2, %3, %4, {'%5' if kind == 'lstm' else '%none'}, %none, %length) "
    text += f"[{names}] alphas [] betas [] {more} : "
    text += f"({', '.join(types)}) -> ($r, {cell}, {cell if kind == 'lstm' else 'tensor<0xf32>'})\n"
    text += f"ingot.yield %c#0, %c#1{', %c#2' if kind == 'lstm' else ''} : $r, {cell}{', ' + cell if kind == 'lstm' else ''}"
    add(f"{kind} {steps} {batch} {size} {hidden} {more}", text, inputs, results, 2e-5)


def cells():
    for kind, more in (("lstm", ""), ("lstm", "{reverse}"), ("gru", ""), ("gru", "{linear_before_reset}"), ("rnn", "")):
        for steps, batch, size, hidden in ((1, 1, 128, 128), (5, 3, 7, 9), (4, 2, 33, 40), (3, 5, 16, 16), (6, 1, 50, 23), (2, 40, 64, 96)):
            recurrent(kind, steps, batch, size, hidden, more)


#===-- Running ----------------------------------------------------------------------------------------------------------------------------===#


def main():
    np.seterr(all="ignore")
    pools()
    rows()
    functions()
    cells()
    return check_regions(REGIONS, {"map", "pool", "row", "recurrent"})


if __name__ == "__main__":
    sys.exit(main())
