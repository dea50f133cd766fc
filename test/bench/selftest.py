#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the benchmark's own arithmetic: what it counts, what it holds figures against, what it draws and writes, and that it runs.

    test/bench/selftest.py [CASE ...]       as in Bars.test_slower_model_is_said
"""

import copy
import json
import pathlib
import subprocess
import sys
import unittest
import xml.dom.minidom

import numpy as np
import onnx
from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import bars  # noqa: E402
import cases  # noqa: E402
import chart  # noqa: E402
import compare  # noqa: E402
import costs  # noqa: E402
import engines  # noqa: E402
import flops  # noqa: E402
import harness  # noqa: E402
import kernels  # noqa: E402
import models  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402

FOLDER = harness.scratch("bench-selftest")
PAGE = harness.ROOT / "docs/benchmarks/cpu.json"


def result(ingot=1.0, onnxruntime=2.0, openvino=1.5, model="resnet50") -> dict:
    """What compare.py writes, with one model: 1 GFLOP, a peak of 1000 GFLOP/s at 2 threads."""
    ms = {"onnxruntime": onnxruntime, "openvino": openvino, "ingot": ingot}
    row = {
        "model": model,
        "failed_peers": {"iree": "it <cannot>"},
        "ms": {engine: {"1": 1.9 * value, "2": value} for engine, value in ms.items()},
        "start_ms": {engine: {"1": 9.0, "2": 8.0} for engine in ms},
        "peak_gflops": {"1": 500.0, "2": 1000.0},
        "gflop": 1.0,
        "winograd_gflop": 0.4,
        "counted_gflop": 0.7,
        "error": 1e-6,
        "model_mb": 1.0,
        "weights_mb": 100.0,
        "arena_mb": 5.0,
        "scratch_mb": 0.0,
        "compile": {"seconds": 2.0, "peak_mb": 100.0, "file_mb": 3.0, "vector_loops": 4, "spilling_loops": 0},
        "largest_function": 20_000,
        "tail": {"ratio": 1.1, "runs": 100, "median_ms": 1.0, "p99_ms": 1.1},
        "memory": {"peak_resident_mb": 113.9, "onnxruntime_plan_mb": 5.0},
    }
    machine = {"cpu": "A & B", "cores": 2, "date": "2026-01-01"}
    versions = {"onnxruntime": "1", "openvino": "2", "iree": "3"}
    return {"machine": machine, "rounds": 1, "engines": [*versions, "ingot"], "versions": versions, "models": [row], "kernels": []}


def bar(made: dict, part: str) -> bars.Bar:
    (found,) = [bar for bar in bars.rows(made) if part in bar.what]
    return found


class Bars(unittest.TestCase):
    def test_the_better_peer_counts(self):
        self.assertAlmostEqual(bars.speed(result()["models"][0], "2"), 1.5)
        self.assertIn("1.500 x over 2", bar(result(), "geometric mean").value)
        self.assertTrue(bar(result(), "geometric mean").good)
        self.assertFalse(bar(result(ingot=1.2), "geometric mean").good)

    def test_slower_model_is_said(self):
        slow = bar(result(ingot=1.6), "slowest model")
        self.assertFalse(slow.good)
        self.assertIn("0.94 x (resnet50 1T); 2 of 2 slower", slow.value)
        self.assertTrue(bar(result(ingot=1.5), "slowest model").good)

    def test_share_counts_a_quarter_of_winograd_layers(self):
        row = result(ingot=1.0)["models"][0]  # 1 ms
        self.assertAlmostEqual(bars.share(row, "2", "gflop"), 1.0)
        self.assertAlmostEqual(bars.share(row, "2"), 0.7)
        self.assertFalse(bar(result(), "limit at 2 threads: ResNet-50").good)
        self.assertTrue(bar(result(ingot=0.7), "limit at 2 threads: ResNet-50").good)

    def test_limits_have_two_sides(self):
        made = result()
        self.assertTrue(bar(made, "largest function").good)
        self.assertTrue(bar(made, "peak memory").good)
        self.assertTrue(bar(made, "ONNX Runtime's plan").good)
        self.assertTrue(bar(made, "p99 / median").good)
        row = made["models"][0]
        row["largest_function"], row["memory"]["peak_resident_mb"], row["memory"]["onnxruntime_plan_mb"] = 20_001, 114.1, 4.9
        row["tail"]["ratio"] = 1.2
        for part in ("largest function", "peak memory", "ONNX Runtime's plan", "p99 / median"):
            self.assertFalse(bar(made, part).good, part)

    def test_scaling_leaves_out_small_models(self):
        self.assertTrue(bar(result(ingot=2.0), "2 threads / 1 thread").good)
        self.assertIsNone(bar(result(ingot=1.0), "2 threads / 1 thread").good)
        made = result(ingot=2.0)
        made["models"][0]["ms"]["ingot"]["1"] = 3.6
        self.assertIn("resnet50 1.80", bar(made, "2 threads / 1 thread").value)

    def test_partition(self):
        found = {"worst": 0.09, "model": "m", "cases": 5, "bad": 0, "worst_model": 0.021}
        self.assertIn("loses at most 2.1%", bar(result() | {"partition": found}, "simulated").value)
        self.assertTrue(bar(result() | {"partition": {"worst": 0.09, "model": "m", "cases": 5, "bad": 0}}, "simulated").good)
        self.assertFalse(bar(result() | {"partition": {"worst": 0.12, "model": "m", "cases": 5, "bad": 1}}, "simulated").good)

    def test_bf16(self):
        made = result() | {"bf16": {"f32_2t_ms": 100.0, "bf16_2t_ms": 50.0, "openvino_2t_ms": 49.0, "error": 1e-3}}
        self.assertTrue(bar(made, "beside its f32").good)
        self.assertFalse(bar(made, "beside OpenVINO").good)
        self.assertIn("failed: no", bar(result() | {"bf16": {"failed": "no"}}, "beside its f32").value)

    def test_what_was_not_measured_is_said(self):
        made = result()
        made["models"] = [{"model": "resnet50", "failed_peers": {}, "failed": "exit code 1: broken"}]
        self.assertTrue(all(bar.good is None for bar in bars.rows(made | {"compile": {"failed": "no"}})))
        self.assertIn("failed: exit code 1", report.page(made))
        xml.dom.minidom.parseString(chart.draw(made))


    def test_a_broken_model_is_no_success(self):
        made = result()
        made["models"].append({"model": "vit-b-16", "failed_peers": {}, "failed": "broken"})
        self.assertFalse(bar(made, "slowest model").good)
        self.assertIn("vit-b-16 does not run", bar(made, "slowest model").value)


class Kept(unittest.TestCase):
    def test_what_is_not_measured_again_stays(self):
        path = FOLDER / "kept.json"
        old = result() | {"overhead": {"relu_us": 0.5}}
        old["models"].append(result(model="vit-b-16")["models"][0])
        path.write_text(json.dumps(old))
        new = result(ingot=0.5) | {"bf16": {"failed": "no"}}
        del new["models"][0]["tail"]
        made = compare.kept(path, new)
        self.assertEqual([row["model"] for row in made["models"]], ["resnet50", "vit-b-16"])
        self.assertEqual(made["models"][0]["ms"]["ingot"]["2"], 0.5)
        self.assertEqual(made["models"][0]["tail"]["ratio"], 1.1)
        self.assertEqual((made["overhead"]["relu_us"], made["bf16"]["failed"]), (0.5, "no"))


class Pages(unittest.TestCase):
    def test_page_and_chart(self):
        made = result()
        text = report.page(made)
        self.assertIn("| resnet50 | 3.800 / 2.000 | 2.850 / 1.500 | - / - | 1.900 / 1.000 | 1.50 / 1.50 | 1.0e-06 |", text)
        self.assertIn("IREE does not run resnet50: it <cannot>", text)
        self.assertIn("| 105.3% / 100.0% | 73.7% / 70.0% |", text)
        drawn = xml.dom.minidom.parseString(chart.draw(made))
        self.assertEqual(len([node for node in drawn.getElementsByTagName("rect") if node.getAttribute("class") in ("t1", "t2")]), 2 + 2)

    def test_one_peer_is_enough(self):
        made = result()
        del made["models"][0]["ms"]["openvino"], made["models"][0]["start_ms"]["openvino"]
        self.assertAlmostEqual(bars.speed(made["models"][0], "2"), 2.0)
        report.page(made)

    def test_no_peer_at_all(self):
        made = result()
        made["models"][0]["ms"] = {"ingot": made["models"][0]["ms"]["ingot"]}
        made["models"][0]["start_ms"] = {"ingot": made["models"][0]["start_ms"]["ingot"]}
        self.assertIsNone(bar(made, "slowest model").good)
        report.page(made)
        chart.draw(made)

    @unittest.skipUnless(PAGE.exists(), "nothing measured yet")
    def test_the_committed_page_is_what_its_figures_say(self):
        made = json.loads(PAGE.read_text())
        self.assertEqual(PAGE.with_suffix(".md").read_text(), report.page(made), "write it again with test/bench/report.py")
        self.assertEqual(PAGE.with_suffix(".svg").read_text(), chart.draw(made))


class Flops(unittest.TestCase):
    def count(self, model: onnx.ModelProto, *shape: int) -> flops.Work:
        path = FOLDER / "flops.onnx"
        onnx.save(model, path)
        return flops.count(path, {"x": np.zeros(shape, np.float32)})

    def test_contraction(self):
        self.assertEqual(self.count(kernels.contraction(8, 16, 32).model, 8, 32), flops.Work(2 * 8 * 16 * 32, 0))

    def test_convolutions(self):
        made = kernels.convolution("c", 0, 8, 4, 3)
        self.assertEqual(self.count(made.model, 1, 4, 8, 8), flops.Work(made.flops, made.flops))
        self.assertEqual(self.count(made.model, 1, 4, 8, 8).counted, made.flops / 4)
        made = kernels.convolution("d", 0, 8, 4, 3, group=4)
        self.assertEqual(self.count(made.model, 1, 4, 8, 8), flops.Work(made.flops, 0))

    def test_transposed_convolution_and_gemm(self):
        weights = kernels.weights(np.random.default_rng(0), "w", 3, 5, 2, 2, fan_in=3)
        node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2])
        self.assertEqual(self.count(kernels.finish([node], [1, 3, 4, 4], [1, 5, 8, 8], [weights]), 1, 3, 4, 4).direct, 2 * 3 * 16 * 5 * 4)
        weights = kernels.weights(np.random.default_rng(0), "w", 6, 3, fan_in=3)
        node = helper.make_node("Gemm", ["x", "w"], ["y"], transA=1, transB=1)
        self.assertEqual(self.count(kernels.finish([node], [3, 4], [4, 6], [weights]), 3, 4).direct, 2 * 4 * 6 * 3)

    def test_what_cannot_be_counted_is_not(self):
        graph = helper.make_graph(
            [helper.make_node("Einsum", ["x", "x"], ["y"], equation="ij,ij->i")],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 2])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
        )
        self.assertIsNone(self.count(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), 2, 2))

    def test_real_models(self):
        known = {case.name: case for case in cases.all_cases()}
        for name, direct, winograd in (("resnet50", 8.18, 3.01), ("ppocr-det", 4.60, 2.47)):
            case = known[name]
            work = flops.count(models.prepare(case.model), case.inputs)
            self.assertEqual((round(work.direct / 1e9, 2), round(work.winograd / 1e9, 2)), (direct, winograd), name)


class Engines(unittest.TestCase):
    def test_stages(self):
        text = "\rplan    \rplan        0.25 s\r\n\rplan        0.50 s\r\n\rlink        1.00 s\r\nx: 3 MiB"
        self.assertEqual(engines.stage_seconds(text), {"plan": 0.75, "link": 1.0})

    def test_onnxruntime_plan_counts_the_last_run_only(self):
        line = "Extending BFCArena for Cpu. bin_num:13 (requested) num_bytes: {} (actual) rounded_bytes:7"
        self.assertEqual(engines.plan_bytes("\n".join([line.format(5), peers.MARK, line.format(300), "x", line.format(20)])), 320)

    def test_unknown_names(self):
        for option, value in (("--models", "nosuch"), ("--parts", "nosuch"), ("--peers", "nosuch")):
            made = subprocess.run([sys.executable, HERE / "compare.py", option, value], capture_output=True, text=True, check=False)
            self.assertEqual(made.returncode, 1)
            self.assertIn("unknown", made.stderr)

    def test_a_small_run(self):
        output = FOLDER / "report"
        command = [sys.executable, HERE / "compare.py", "--models", "silero-vad", "--rounds", "1", "--peers", "onnxruntime", "--output", output]
        made = subprocess.run([*command, "--parts", "times,memory,functions,overhead"], capture_output=True, text=True, check=False)
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        written = json.loads(output.with_suffix(".json").read_text())
        (row,) = written["models"]
        self.assertEqual(set(row["ms"]), {"onnxruntime", "ingot"})
        self.assertGreater(row["memory"]["onnxruntime_plan_mb"], 0)
        self.assertGreater(row["largest_function"], 100)
        self.assertGreater(written["overhead"]["relu_us"], 0)
        self.assertEqual(output.with_suffix(".md").read_text(), report.page(written, "report"))

    def test_a_peer_that_fails_ends_nothing(self):
        case = copy.copy(next(case for case in cases.all_cases() if case.name == "silero-vad"))
        broken = engines.Built(FOLDER / "none.onnx", FOLDER / "none.npz", FOLDER / "none")
        np.savez(broken.data, **case.inputs)
        with self.assertRaisesRegex(RuntimeError, "ONNX Runtime: exit code 1"):
            engines.measure("onnxruntime", broken, 1, 0.1)


class Bert(unittest.TestCase):
    """Layers that are alike are compiled once."""

    def build(self, layers: int) -> pathlib.Path:
        path = FOLDER / f"bert-{layers}.onnx"
        subprocess.run([sys.executable, costs.BERT, str(layers), path, "small"], check=True)
        return path

    def functions(self, layers: int) -> int:
        made = engines.run([harness.INGOT, "compile", self.build(layers), "-o", FOLDER / "none", "--compile-to=kernel"], "ingot")
        return made.out.count("func.func private @region_")

    def test_code_does_not_grow_with_layers(self):
        few = self.functions(2)
        self.assertGreater(few, 4)
        self.assertEqual(few, self.functions(6))

    def test_numbers(self):
        path, program = self.build(2), FOLDER / "bert-2"
        engines.compile_model(path, program)
        mask = np.zeros((1, 1, 1, 16), np.float32)
        mask[..., 12:] = -1e9
        inputs = {"input_ids": np.arange(16, dtype=np.int64)[None], "mask": mask}
        outcome, got = harness.run_model(program, inputs, 2)
        self.assertIsNotNone(got, outcome.text())
        self.assertIsNone(harness.compare(harness.oracle(path, inputs), got)[1])

    def test_stages_of_a_compilation(self):
        stages = engines.compile_stages(self.build(2), FOLDER / "bert-2")
        self.assertLessEqual({"import", "plan", "kernel", "object", "weights", "link"}, set(stages))


def main() -> int:
    if "--help" in sys.argv[1:]:
        print(__doc__)
        return 0
    harness.need_ingot()
    outcome = unittest.main(exit=False, verbosity=2).result
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"passed={outcome.testsRun - bad - len(outcome.skipped)} failed={bad}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
