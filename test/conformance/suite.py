# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ONNX backend suite of the installed `onnx` package as folders on disk.

Each case is KIND/NAME with `model.onnx`, `data.json` ({"rtol", "atol"}) and `test_data_set_0/` (`input_N.pb`, `output_N.pb`). The kinds: `node` (made
by
the package's own generators), `simple`, `pytorch-converted` and `pytorch-operator` (shipped as files), `real` (nine architectures whose weights are
constant fills, so no download is needed; the package ships their expected outputs).
"""

import contextlib
import json
import pathlib
import shutil
import warnings

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

DATA = pathlib.Path(onnx.__file__).parent / "backend/test/data"
FILE_KINDS = ("pytorch-converted", "pytorch-operator", "simple")


def write_value(path: pathlib.Path, value, info) -> None:
    """Serialises a value as the kind of proto that its declared type asks for."""
    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        proto = numpy_helper.from_list(value, info.name)
    elif kind == "map_type":
        proto = numpy_helper.from_dict(value, info.name)
    elif kind == "optional_type":
        proto = numpy_helper.from_optional(value, info.name)
    else:
        proto = value if isinstance(value, TensorProto) else numpy_helper.from_array(np.asarray(value), info.name)
    path.write_bytes(proto.SerializeToString())


def write_limits(folder: pathlib.Path, case) -> None:
    (folder / "data.json").write_text(json.dumps({"rtol": case.rtol, "atol": case.atol}))


def write_node_case(folder: pathlib.Path, case) -> None:
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for number, (inputs, outputs) in enumerate(case.data_sets):
        data_set = folder / f"test_data_set_{number}"
        data_set.mkdir()
        for index, value in enumerate(inputs):
            write_value(data_set / f"input_{index}.pb", value, case.model.graph.input[index])
        for index, value in enumerate(outputs):
            write_value(data_set / f"output_{index}.pb", value, case.model.graph.output[index])


def write_light_case(folder: pathlib.Path, case) -> None:
    """The package's runner feeds these models its own dummy data; the expected outputs lie beside the model."""
    from onnx.backend.test.runner import Runner

    source = DATA.parents[3] / case.url
    shutil.copyfile(source, folder / "model.onnx")
    graph = onnx.load(source).graph
    weights = {tensor.name for tensor in graph.initializer}
    data_set = folder / "test_data_set_0"
    data_set.mkdir()
    for index, info in enumerate(info for info in graph.input if info.name not in weights):
        write_value(data_set / f"input_{index}.pb", Runner.generate_dummy_data(info, seed=0, name=case.model_name, random=False), info)
    for index in range(len(graph.output)):
        shutil.copyfile(source.with_name(f"{source.stem}_output_{index}.pb"), data_set / f"output_{index}.pb")


def prepare(cache: pathlib.Path) -> tuple[pathlib.Path, list[str]]:
    """Writes the suite into the cache, once per onnx version, and returns its folder and the names of all cases."""
    from onnx.backend.test.loader import load_model_tests, load_node_model_tests

    suite = cache / f"onnx-suite-{onnx.__version__}"
    listing = suite / "cases.txt"
    if listing.exists():
        return suite, listing.read_text().split()
    shutil.rmtree(suite, ignore_errors=True)
    names = []

    def start(kind: str, case) -> pathlib.Path:
        names.append(f"{kind}/{case.name}")
        folder = suite / kind / case.name
        folder.mkdir(parents=True)
        return folder

    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")  # the generators overflow on purpose
        for case in load_node_model_tests():
            folder = start("node", case)
            write_node_case(folder, case)
            write_limits(folder, case)
        for kind in FILE_KINDS:
            for case in load_model_tests(kind=kind):
                folder = start(kind, case)
                shutil.copytree(case.model_dir, folder, dirs_exist_ok=True)
                write_limits(folder, case)
        for case in load_model_tests(kind="real"):
            folder = start("real", case)
            write_light_case(folder, case)
            write_limits(folder, case)
    listing.write_text("\n".join(sorted(names)) + "\n")
    return suite, sorted(names)


def operators(folder: pathlib.Path) -> set[tuple[str, str]]:
    """(domain, op) of the nodes in a case's main graph."""
    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    return {(node.domain or "ai.onnx", node.op_type) for node in graph.node}
