# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX's Backend interface: `prepare(model).run(inputs)` compiles with `ingot` (INGOT names it, or it is on the PATH) and runs in this process."""

import os
import pathlib
import subprocess
import tempfile

import onnx
import onnx.backend.base as base
from onnx import helper, shape_inference

from .abi import Error, Status
from .model import Model
from .session import Session


def compile_model(model: onnx.ModelProto, options=("-O3",)) -> Model:
    """A temporary library of the model. What the compiler says is the text of the error."""
    compiler = os.environ.get("INGOT", "ingot")
    with tempfile.TemporaryDirectory(prefix="ingot-backend-") as folder:  # a loaded library needs its file no more
        source, library = pathlib.Path(folder, "model.onnx"), pathlib.Path(folder, "libmodel.so")
        command = [compiler, "compile", source, "-o", library, "--emit=shared", *options]
        onnx.save(model, source)
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise Error(Status.INVALID_ARGUMENT, f"no compiler '{compiler}' ({error.strerror}): set INGOT to the path of ingot") from None
        if done.returncode != 0:
            raise Error(Status.INVALID_ARGUMENT, f"ingot compile ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
        return Model(library)


class BackendRep(base.BackendRep):
    """A compiled model with a session."""

    def __init__(self, model: Model, threads: int = 0):
        self.model = model
        self.session = Session(model, threads)

    def run(self, inputs, **kwargs):
        """`inputs` in the model's order, or by name. Returns the outputs in their order, which have their names too."""
        names = [tensor.name for tensor in self.model.inputs]
        if isinstance(inputs, (list, tuple)):
            if len(inputs) != len(names):
                raise Error(Status.INVALID_ARGUMENT, f"{len(inputs)} inputs for a model with {len(names)}: {names}")
            inputs = dict(zip(names, inputs))
        elif not isinstance(inputs, dict):
            inputs = {names[0]: inputs}
        outputs = self.session.run(inputs)
        return base.namedtupledict("Outputs", list(outputs))(*outputs.values())


class IngotBackend(base.Backend):
    """Models are compiled for the CPU of this machine."""

    @classmethod
    def prepare(cls, model, device="CPU", threads: int = 0, options=("-O3",), **kwargs):
        if not cls.supports_device(device):
            raise Error(Status.INVALID_ARGUMENT, f"no device '{device}': there is CPU")
        super().prepare(model, device, **kwargs)  # checks the model
        return BackendRep(compile_model(model, options), threads)

    @classmethod
    def run_node(cls, node, inputs, device="CPU", outputs_info=None, **kwargs):
        """A model of this node alone. Its outputs are inferred where `outputs_info` (pairs of dtype and shape) does not say."""
        opset = helper.make_opsetid("", kwargs.pop("opset_version", onnx.defs.onnx_opset_version()))
        names = [name for name in node.input if name]
        infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in zip(names, inputs)]
        if outputs_info:
            types = [(helper.np_dtype_to_tensor_dtype(dtype), shape) for dtype, shape in outputs_info]
            results = [helper.make_tensor_value_info(name, *kind) for name, kind in zip(node.output, types)]
        else:
            results = [onnx.ValueInfoProto(name=name) for name in node.output if name]
        model = helper.make_model(helper.make_graph([node], "node", infos, results), opset_imports=[opset])
        model = model if outputs_info else shape_inference.infer_shapes(model, strict_mode=True)
        return cls.prepare(model, device, **kwargs).run(list(inputs))

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return device.split(":")[0].upper() == "CPU"


prepare = IngotBackend.prepare
run_model = IngotBackend.run_model
run_node = IngotBackend.run_node
supports_device = IngotBackend.supports_device
is_compatible = IngotBackend.is_compatible
