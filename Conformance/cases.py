"""The cases of the `onnx` package, in the form in which a network's file has them.

Three suites: `node`, one operator a case; `pytorch-operator` and `pytorch-converted`, what an early PyTorch wrote; and
`light`, nine well-known networks. Weights, shapes, pads, axes and bounds that a case feeds become stored tensors.
What is left to feed must be f32 and not empty, what comes out f32 or i64. Operators of integers stand between a
quantisation of scale 1, which a case's numbers pass unchanged, and a cast back.
"""

import dataclasses
import pathlib
import warnings

import numpy
import onnx
from onnx import TensorProto, numpy_helper

from operators import NETWORK, QUANTIZED, SETTINGS_BEHIND_FIRST

#: Names with these words are about training, or about values that are no tensors.
OTHER_SUBJECTS = ("training", "train_", "identity_opt", "identity_sequence", "expanded")
SHIPPED = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data"
#: What the package's own runner allows for the shipped cases.
SHIPPED_RTOL, SHIPPED_ATOL = 1e-3, 1e-5


@dataclasses.dataclass(frozen=True)
class Case:
    """A model with inputs and the outputs that the package says they give."""

    name: str
    model: onnx.ModelProto
    inputs: dict
    outputs: dict
    rtol: float
    atol: float

    @property
    def operators(self):
        return sorted({node.op_type for node in self.model.graph.node})


class NotACase(Exception):
    """Why something in the package is not taken."""


def every_case():
    """All cases, by suite, always in the same order."""
    yield from node_cases()
    yield from pytorch_cases()
    yield from light_cases()


def is_of_networks(model):
    return {node.op_type for node in model.graph.node} <= NETWORK


def taken(*arguments):
    """The case as a list, or an empty one when it is none of ours."""
    try:
        return [as_stored(*arguments)]
    except NotACase:
        return []


def as_stored(name, model, inputs, outputs, rtol, atol):
    """The case with weights and settings moved from the inputs to the stored tensors.

    Raises NotACase when that leaves nothing to feed, or something that is not a picture's kind of number.
    """
    graph = model.graph
    stored = {tensor.name for tensor in graph.initializer}
    fed = [entry.name for entry in graph.input if entry.name not in stored]
    if len(fed) != len(inputs):
        raise NotACase("an optional input is left out")
    arrays = dict(zip(fed, inputs))
    settings = {
        name for node in graph.node if node.op_type in SETTINGS_BEHIND_FIRST for name in node.input[1:] if name in arrays}
    left = {name: array for name, array in arrays.items() if name not in settings}
    if any(node.op_type in QUANTIZED for node in graph.node):
        left, outputs = between_floats(graph, left, outputs)
    if not left or any(array.dtype != numpy.float32 or array.size == 0 for array in left.values()):
        raise NotACase("it is fed no f32 numbers")
    if any(array.dtype not in (numpy.float32, numpy.int64) for array in outputs):
        raise NotACase("an output is neither f32 nor i64")
    if settings:
        graph.initializer.extend(numpy_helper.from_array(arrays[name], name) for name in fed if name in settings)
        entries = [entry for entry in graph.input if entry.name in left]
        del graph.input[:]
        graph.input.extend(entries)
    names = [output.name for output in graph.output][:len(outputs)]
    return Case(name, model, left, dict(zip(names, outputs)), rtol, atol)


def between_floats(graph, left, outputs):
    """Feeds f32 to a graph of integers, and casts what it gives. Returns what is fed and what comes out."""
    fed = {}
    for name, array in left.items():
        fed[name] = array
        if array.dtype in (numpy.uint8, numpy.int8):
            fed[name] = array.astype(numpy.float32)
            graph.initializer.extend([
                numpy_helper.from_array(numpy.float32(1), f"{name}.one"),
                numpy_helper.from_array(numpy.zeros((), array.dtype), f"{name}.zero")])
            for node in graph.node:
                node.input[:] = [f"{name}.whole" if value == name else value for value in node.input]
            graph.node.insert(0, onnx.helper.make_node(
                "QuantizeLinear", [name, f"{name}.one", f"{name}.zero"], [f"{name}.whole"]))
            entry = next(entry for entry in graph.input if entry.name == name)
            entry.type.tensor_type.elem_type = TensorProto.FLOAT
    given = []
    for entry, array in zip(graph.output, outputs):
        given.append(array)
        if array.dtype in (numpy.uint8, numpy.int8, numpy.int32):
            given[-1] = array.astype(numpy.float32)
            for node in graph.node:
                node.output[:] = [f"{value}.whole" if value == entry.name else value for value in node.output]
            graph.node.append(onnx.helper.make_node("Cast", [f"{entry.name}.whole"], [entry.name], to=TensorProto.FLOAT))
            entry.type.tensor_type.elem_type = TensorProto.FLOAT
    return fed, given


def node_cases():
    """The package computes these when it is asked for them, with seeds that it sets."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        official = collect_testcases(None)
    for case in official:
        if case.model is None or not is_of_networks(case.model) or any(word in case.name for word in OTHER_SUBJECTS):
            continue
        inputs, outputs = case.data_sets[0]
        try:
            arrays = [[as_array(value) for value in values] for values in (inputs, outputs)]
        except (TypeError, ValueError):
            continue  # sequences and optional values
        yield from taken(f"node.{case.name}", case.model, *arrays, case.rtol, case.atol)


def as_array(value):
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else numpy.asarray(value)


def pytorch_cases():
    for suite in ("pytorch-converted", "pytorch-operator"):
        for folder in sorted((SHIPPED / suite).iterdir()):
            model = onnx.load(folder / "model.onnx")
            if is_of_networks(model):
                data = folder / "test_data_set_0"
                yield from taken(
                    f"{suite}.{folder.name}", model, tensors(data, "input"), tensors(data, "output"),
                    SHIPPED_RTOL, SHIPPED_ATOL)


def tensors(folder, kind):
    """The arrays KIND_0.pb, KIND_1.pb and so on."""
    return [tensor(folder / f"{kind}_{index}.pb") for index in range(len(list(folder.glob(f"{kind}_*.pb"))))]


def tensor(path):
    message = TensorProto()
    message.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(message)


def light_cases():
    """The package ships these networks' outputs alone: their input counts up from 0 to 1."""
    for path in sorted((SHIPPED / "light").glob("*.onnx")):
        model = onnx.load(path)
        stored = {entry.name for entry in model.graph.initializer}
        entry = next(entry for entry in model.graph.input if entry.name not in stored)
        extents = [extent.dim_value or 1 for extent in entry.type.tensor_type.shape.dim]
        count = int(numpy.prod(extents))
        ramp = (numpy.arange(count).reshape(extents) / count).astype(numpy.float32)
        expected = tensor(path.with_name(f"{path.stem}_output_0.pb"))
        yield from taken(f"light.{path.stem}", model, [ramp], [expected], SHIPPED_RTOL, SHIPPED_ATOL)
