"""Operators that exporters write beside those of plain networks, many in one network, and what onnxruntime computes.

    python make_exported.py DIR        # writes exported.onnx and exported.npz

Needs numpy, onnx and onnxruntime.
"""
import sys
import numpy, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper

numbers = numpy.random.default_rng(31)
nodes, stored, outputs = [], [], []


def store(name, array):
    stored.append(numpy_helper.from_array(numpy.asarray(array), name))
    return name


def node(op, inputs, name, **settings):
    nodes.append(helper.make_node(op, inputs, [name], name=name, **settings))
    return name


def out(op, inputs, name, **settings):
    outputs.append(node(op, inputs, name, **settings))


def draw(*shape):
    return numbers.standard_normal(shape).astype(numpy.float32)


# torch's x[:, [2, 1, 0]] and x[:, :, i, j]: the axes in front, places of them, and back.
node("Transpose", ["x"], "channels", perm=[1, 0, 2, 3])
node("GatherND", ["channels", store("order", numpy.array([[2], [1], [0]]))], "ordered")
out("Transpose", ["ordered"], "bgr", perm=[1, 0, 2, 3])
node("Transpose", ["x"], "pixels", perm=[2, 3, 0, 1])
node("GatherND", ["pixels", store("places", numpy.array([[0, 1], [3, -2], [-4, 0]]))], "chosen")
out("Transpose", ["chosen"], "places.y", perm=[1, 2, 0])
out("Gather", ["x", store("list", numpy.array([2, 1, 0]))], "gathered", axis=1)
out("GatherND", ["table", store("pairs", numpy.array([[[1], [0]], [[2], [2]], [[0], [1]]]))], "shared", batch_dims=1)
store("table", draw(3, 3, 2))
# Truth values.
node("Cast", ["x"], "truth", to=TensorProto.BOOL)
out("Cast", ["truth"], "truth.y", to=TensorProto.FLOAT)
node("Greater", ["x", store("half", numpy.float32(0.5))], "more")
node("Cast", ["more"], "more.truth", to=TensorProto.BOOL)
out("Where", ["more.truth", "x", "half"], "more.y")
# Triangles, running sums, labelled axes.
for name, settings, k in (("upper", {}, None), ("lower", {"upper": 0}, None), ("above", {}, 1), ("below", {"upper": 0}, -2)):
    out("Trilu", ["x"] + ([store(name + ".k", numpy.int64(k))] if k is not None else []), name, **settings)
for axis in (1, 2, -1):
    for settings in ({}, {"exclusive": 1}, {"reverse": 1}, {"exclusive": 1, "reverse": 1}):
        out("CumSum", ["x", store(f"axis{axis}{len(nodes)}", numpy.int64(axis))], f"sums{axis}." + "".join(settings), **settings)
store("m", draw(6, 3)); store("q", draw(5, 4))
for index, (equation, inputs) in enumerate((("bchw,oc->bohw", "xm"), ("oc,bchw->bohw", "mx"), ("bchw,bdhw->bcd", "xx"), ("bchw,bchv->bhwv", "xx"),
                                            ("bchw->bwc", "x"), ("bchw,wh->bc", "xq"), ("bchw->bc", "x"), ("bchw, wh", "xq"), ("nchw,nchw->nchw", "xx"))):
    out("Einsum", list(inputs), f"einsum{index}", equation=equation)
# Arrays of places that are repeated for each other, as `unfold` makes them.
node("Add", [store("rows", numpy.array([[0], [1]])), store("columns", numpy.array([[0, 2]]))], "both")
out("Gather", ["x", "both"], "unfolded", axis=2)

x = draw(2, 3, 4, 5)
x[0, 0, 0, :2] = 0
graph = helper.make_graph(nodes, "exported", [helper.make_tensor_value_info("x", 1, ["N", 3, 4, 5])],
                          [helper.make_tensor_value_info(o, 1, None) for o in outputs], stored)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
results = dict(zip(outputs, session.run(None, {"x": x})))
onnx.save(model, sys.argv[1] + "/exported.onnx")
numpy.savez_compressed(sys.argv[1] + "/exported.npz", x=x, **results)
print(len(outputs), "outputs")
