# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Regions of the plan stage written by hand, with buffers of any strides: built with the tools, called through ctypes.

`Region` holds the arrays of one region and the text of its body, in which %0, %1 .. are the inputs, $0, $1 .. their types and $r the type of the
anchor's result. `build` lets the plan stage plan them and compiles all of them into one entry function.
"""

import ctypes
import os
import re
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np

LLVM = os.environ.get("INGOT_LLVM_BIN", "/usr/lib/llvm-22/bin")
OPTIMIZE = ["-O2", "-fno-vectorize", "-fno-slp-vectorize", "-fno-unroll-loops", "-ffp-contract=off", "-mtune=native"]  # as the compiler does
EXTENSIONS = {"avx512-bf16": ["-mavx512bf16"], "avx512-vnni": ["-mavx512vnni"], "word-pairs": []}  # options of `ingot-expand-math`, and of clang
CPU = {True: ["-march=x86-64-v4", "-mprefer-vector-width=512"], False: ["-march=x86-64-v3"]}
INTEGERS = {"ui8": np.uint8, "i8": np.int8, "i32": np.int32}
BYTE_FLOATS = {"f8E4M3FN": ml_dtypes.float8_e4m3fn, "f8E5M2": ml_dtypes.float8_e5m2}
TAKEOVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs", "takeover.c")
ELEMENTS = {"f32": np.float32, "f16": np.float16, "bf16": np.uint16} | dict.fromkeys(BYTE_FLOATS, np.uint8) | INTEGERS  # as they lie in memory
GAP = 0x5A  # each byte of a gap between integers, which have no NaN


def to_bf16(array):
    """The bits, rounded to nearest even."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(array), np.uint16(0x7FC0), rounded)


def from_bf16(bits):
    return (np.asarray(bits).astype(np.uint32) << 16).view(np.float32)


def rounded(array, element):
    """The values that elements of this type can hold."""
    array = np.asarray(array, np.float32)
    return from_bf16(to_bf16(array)) if element == "bf16" else array.astype((ELEMENTS | BYTE_FLOATS)[element]).astype(np.float32)


class Buffer:
    """An array in memory with gaps of `spread` elements between the rows of each dim, after `offset` elements. Gaps hold NaN, or `GAP`."""

    def __init__(self, array, spread=0, offset=0, element="f32"):
        self.array, self.element = np.asarray(array, np.int64 if element in INTEGERS else np.float32), element
        strides, step = [], 1
        for size in reversed(self.array.shape):
            strides.insert(0, step)
            step = step * size + (spread if len(strides) < self.array.ndim else 0)
        if spread == 0:
            step = self.array.size
        self.strides, self.offset, self.spread = strides, offset, spread
        raw = np.empty(offset + step + 64, ELEMENTS[element])
        start = -raw.ctypes.data % 64 // raw.itemsize
        self.raw = raw[start : start + offset + step]
        self.clear()
        self.view()[...] = self.encode(self.array)

    def encode(self, array):
        if self.element in BYTE_FLOATS:
            return array.astype(BYTE_FLOATS[self.element]).view(np.uint8)
        return to_bf16(array) if self.element == "bf16" else array.astype(ELEMENTS[self.element])

    def view(self):
        return np.lib.stride_tricks.as_strided(self.raw[self.offset :], self.array.shape, [self.raw.itemsize * stride for stride in self.strides])

    def values(self):
        return from_bf16(self.view()) if self.element == "bf16" else self.view().astype(self.array.dtype)

    def shape(self, element):
        return "".join(f"{size}x" for size in self.array.shape) + element

    def tensor(self):
        return f"tensor<{self.shape(self.element)}>"

    def memref(self):
        if self.offset == 0 and self.spread == 0:
            return f"memref<{self.shape(self.storage())}>"
        return self.strided()

    def strided(self):
        return f"memref<{self.shape(self.storage())}, strided<{self.strides}, offset: {self.offset}>>"

    def flat(self):
        return f"memref<{self.raw.size}x{self.storage()}>"

    def storage(self):
        return self.element.removeprefix("u")

    def clear(self):
        if self.element in INTEGERS:
            self.raw.view(np.uint8)[...] = GAP
        else:
            self.raw[...] = self.encode(np.full(1, np.nan))

    def gaps_untouched(self):
        gaps = np.full(self.raw.shape, True)
        np.lib.stride_tricks.as_strided(gaps[self.offset :], self.array.shape, self.strides)[...] = False
        if self.element in INTEGERS:
            return bool((self.raw[gaps].view(np.uint8) == GAP).all())
        return bool(np.isnan(from_bf16(self.raw) if self.element == "bf16" else self.raw)[gaps].all())


class Region:
    def __init__(self, name, body, inputs, outputs, tolerance=1e-5, plan=None, flops=0.0, attributes=""):
        self.name, self.body, self.inputs, self.outputs = name, body, inputs, outputs
        self.tolerance, self.plan, self.flops, self.attributes = tolerance, plan, flops, attributes

    def text(self, number, first):
        buffers = self.inputs + self.outputs
        lines, names = [], []
        for i, buffer in enumerate(buffers):
            names.append(f"%v{number}_{i}")
            sizes = list(buffer.array.shape)
            lines.append(
                f"{names[-1]} = memref.reinterpret_cast %a{first + i} to offset: [{buffer.offset}], sizes: {sizes}, strides: {buffer.strides}"
                f" : {buffer.flat()} to {buffer.strided()}"
            )
        types = [b.strided() for b in buffers]
        count = len(self.inputs)
        arguments = ", ".join(f"%i{number}_{i}: {b.tensor()}" for i, b in enumerate(self.inputs))
        body = self.body.replace("$r", self.outputs[0].tensor())
        body = re.sub(r"\$(\d)", lambda match: self.inputs[int(match.group(1))].tensor(), body)
        body = re.sub(r"%(\d)", lambda match: f"%i{number}_{match.group(1)}", body)
        plan = (f" plan {self.plan}" if self.plan else "") + f" {self.attributes}".rstrip()
        lines += [
            f"ingot.region ins({', '.join(names[:count])}) outs({', '.join(names[count:])}){plan} : ({', '.join(types)}) -> () {{",
            f"^bb0({arguments}):",
            body,
            "}",
        ]
        return lines


def run(*command, **more):
    subprocess.run([str(word) for word in command], check=True, **more)


def plan_stage(avx512=True, choose="", parallelize=""):
    """The passes of the plan stage that give regions their plans."""
    level = "x86-64-v4" if avx512 else "x86-64-v3"
    passes = [f"ingot-describe-machine{{level={level}}}", f"ingot-choose-kernels{{{choose}}}", "ingot-unroll-and-jam"]
    passes += ["ingot-estimate-costs", f"ingot-auto-parallelize{{{parallelize}}}"]
    return f"--pass-pipeline=builtin.module(func.func({','.join(passes)}))"


def kernel_stage(avx512=True, extensions=()):
    """The passes of the kernel stage, for a processor; `--ingot-stage-kernel` knows one only. `extensions`: names of `EXTENSIONS`."""
    words = [f"avx512={str(avx512).lower()}", *[f"{name}=true" for name in extensions]]
    passes = ["ingot-emit-kernels", f"ingot-expand-math{{{' '.join(words)}}}", "canonicalize", "cse", "loop-invariant-code-motion"]
    return f"--pass-pipeline=builtin.module({','.join([*passes, 'func.func(ingot-bypass-caches,ingot-verify-kernel)'])})"


def build(tools, folder, regions, avx512=True, symbol="cases", extensions=()):
    """The entry function of all regions, and the text of the planned module."""
    lines, arguments = [], []
    for number, region in enumerate(regions):
        lines += region.text(number, len(arguments))
        arguments += [(f"%a{len(arguments) + i}", buffer) for i, buffer in enumerate(region.inputs + region.outputs)]
    text = ", ".join(f'{name}: {buffer.flat()} {{ingot.name = "x"}}' for name, buffer in arguments)
    with open(f"{folder}/cases.mlir", "w") as file:
        file.write(f"func.func @main({text}, %arena: memref<0xi8> {{ingot.arena}}, %weights: memref<0xi8> {{ingot.weights}}) attributes ")
        file.write(f"{{ingot.input_count = {len(arguments)} : i64, ingot.output_count = 0 : i64}} {{\n")
        file.write("\n".join(lines) + "\nreturn\n}\n")
    choose = [] if all(region.plan for region in regions) else [plan_stage(avx512)]
    with open(f"{folder}/plan.mlir", "w") as file:
        run(f"{tools}/ingot-opt", *choose, f"{folder}/cases.mlir", stdout=file)
    run(f"{tools}/ingot-opt", kernel_stage(avx512, extensions), f"{folder}/plan.mlir", "-o", f"{folder}/kernel.mlir")
    run(f"{tools}/ingot-opt", "--ingot-stage-llvm", f"{folder}/kernel.mlir", "-o", f"{folder}/llvm.mlir")
    run(f"{LLVM}/mlir-translate", "--mlir-to-llvmir", f"{folder}/llvm.mlir", "-o", f"{folder}/cases.ll")
    with open(f"{folder}/cases.ll") as file:
        takes_over = "@ingot_team_take" in file.read()
    run(
        f"{LLVM}/clang",
        "-x",
        "ir",
        *OPTIMIZE,
        *CPU[avx512],
        *[option for name in extensions for option in EXTENSIONS[name]],
        "-shared",
        "-fPIC",
        "-Wno-override-module",
        f"{folder}/cases.ll",
        *(["-x", "c", TAKEOVER] if takes_over else []),
        "-o",
        f"{folder}/{symbol}.so",
        "-lm",
    )
    with open(f"{folder}/llvm.mlir") as file:
        entry = re.search(r"llvm\.func @(\w+)\(%arg0: !llvm\.ptr, %arg1: i64, %arg2: i64\)", file.read()).group(1)
    library = ctypes.CDLL(f"{folder}/{symbol}.so")
    function = getattr(library, entry)
    function.last = ctypes.c_int64.in_dll(library, "takeover_last") if takes_over else ctypes.c_int64()
    function.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    with open(f"{folder}/plan.mlir") as file:
        return function, file.read()


class Call:
    """The record that an entry function takes. Keeps its arrays alive."""

    def __init__(self, regions):
        buffers = [buffer for region in regions for buffer in region.inputs + region.outputs]
        self.pointers = (ctypes.c_void_p * len(buffers))(*[buffer.raw.ctypes.data for buffer in buffers])
        self.none = (ctypes.c_void_p * 1)(None)
        self.arena = np.zeros(64, np.uint8)
        raw = np.full((4 << 20) + 64, 0xFF, np.uint8)  # NaN: nobody may read what nobody has written
        self.scratch = raw[-raw.ctypes.data % 64 :]
        places = [self.arena.ctypes.data, ctypes.cast(self.pointers, ctypes.c_void_p), ctypes.cast(self.none, ctypes.c_void_p)]
        self.record = (ctypes.c_void_p * 8)(None, *places, None, None, None, self.scratch.ctypes.data)
        self.address = ctypes.cast(self.record, ctypes.c_void_p)


def check(regions, results, what):
    failed = []
    for region, expected in zip(regions, results):
        for buffer, e in zip(region.outputs, expected):
            actual = buffer.values()
            error = np.abs(actual - e).max() if np.isfinite(actual).all() else np.inf
            if error > region.tolerance:
                failed.append(f"FAIL {region.name}, {what}: error {error:.2e}, allowed {region.tolerance:.1e}")
            elif not buffer.gaps_untouched():
                failed.append(f"FAIL {region.name}, {what}: writes outside of its output")
    return failed


AVX512_BF16 = {"AVX-512 BF16": (True, ("avx512-bf16",))}
AVX512_VNNI = {"AVX-512 VNNI": (True, ("avx512-vnni", "word-pairs"))}


def runs_here(extensions):
    """Whether this CPU has what is not in every one with AVX-512."""
    with open("/proc/cpuinfo") as file:
        flags = file.read()
    return all(name.replace("-", "_") in flags for name in extensions if name.startswith("avx512"))


def check_regions(regions, expected_families, more_cpus={}, teams=(1, 2), check_kernels=lambda text: []):
    """Computes the regions whose name has the second argument in it (all, without one) with the tools in the folder that the first
    argument names. Prints what is wrong and returns whether anything is. `more_cpus`: names of CPUs with AVX-512 or without and their extensions,
    of which those are taken whose instructions this CPU has. `check_kernels` lists what is wrong with the text of the kernels."""
    regions = [region for region in regions if len(sys.argv) < 3 or sys.argv[2] in region.name]
    expected = [[buffer.array.copy() for buffer in region.outputs] for region in regions]
    failed, families = [], {}
    cpus = {"AVX-512": (True, ()), "AVX2": (False, ())}
    cpus |= {name: cpu for name, cpu in more_cpus.items() if runs_here(cpu[1])}
    for cpu, (avx512, extensions) in cpus.items():
        with tempfile.TemporaryDirectory() as folder:
            folder = os.environ.get("INGOT_KEEP", folder)
            function, plan = build(sys.argv[1], folder, regions, avx512, cpu.replace(" ", "_"), extensions)
            with open(f"{folder}/kernel.mlir") as file:
                failed += check_kernels(file.read())
        for line in plan.splitlines():
            if "family = " in line:
                family = line.split("family = ")[1].split(",")[0]
                families[family] = families.get(family, 0) + 1
        call, seen = Call(regions), None
        for threads in teams:
            for region in regions:
                for buffer in region.outputs:
                    buffer.clear()
            function.last.value = threads - 1
            for thread in range(threads):
                function(call.address, thread, threads)
            failed += check(regions, expected, f"{cpu}, {threads} threads")
            bits = [buffer.raw.tobytes() for region in regions for buffer in region.outputs]
            if seen is not None and bits != seen:
                failed.append(f"FAIL {threads} threads differ from fewer ({cpu})")
            seen = bits
    if set(families) - expected_families:
        failed.append("FAIL a region was left to another family")
    print("\n".join(failed + [f"regions by family: {families}", f"{len(regions)} regions, {len(failed)} failed"]))
    return bool(failed)


def pack(w, group=1):
    """[.., K, N] in panels: [.., ceil(N / 16), ceil(K / group), 16 * group]."""
    *lead, depth, columns = w.shape
    panels, steps = -(-columns // 16), -(-depth // group)
    padded = np.zeros((*lead, steps * group, panels * 16), w.dtype)
    padded[..., :depth, :columns] = w
    blocks = padded.reshape(*lead, steps, group, panels, 16)  # to [.., panel, step, column, element of the group]
    order = list(range(len(lead))) + [len(lead) + i for i in (2, 0, 3, 1)]
    return np.ascontiguousarray(blocks.transpose(order)).reshape(*lead, panels, steps, 16 * group)


def convolution(x, w, strides, dilations, groups):
    """Channels last, without padding: x [N, H, W, C], w [kh, kw, C / groups, O]."""
    kh, kw, group_inputs, outputs = w.shape
    height = (x.shape[1] - (kh - 1) * dilations[0] - 1) // strides[0] + 1
    width = (x.shape[2] - (kw - 1) * dilations[1] - 1) // strides[1] + 1
    y = np.zeros((x.shape[0], height, width, outputs))
    own = outputs // groups
    for i in range(kh):
        for j in range(kw):
            rows = slice(i * dilations[0], i * dilations[0] + (height - 1) * strides[0] + 1, strides[0])
            cols = slice(j * dilations[1], j * dilations[1] + (width - 1) * strides[1] + 1, strides[1])
            part = x[:, rows, cols].astype(np.float64)
            for g in range(groups):
                y[..., g * own : (g + 1) * own] += part[..., g * group_inputs : (g + 1) * group_inputs] @ w[i, j, :, g * own : (g + 1) * own].astype(
                    np.float64
                )
    return y


def pack_convolution(w, groups, group=1):
    """[kh, kw, C / groups, O] as [groups, panels, kh * kw * C / groups, 16], in groups of rows; depthwise as [panels, kh * kw, 16]."""
    kh, kw, group_inputs, outputs = w.shape
    if group_inputs == 1 and outputs == groups:
        return pack(w.reshape(kh * kw, outputs))
    return pack(np.moveaxis(w.reshape(kh * kw * group_inputs, groups, outputs // groups), 1, 0), group)
