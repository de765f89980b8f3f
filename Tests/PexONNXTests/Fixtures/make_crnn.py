"""A reader of pictures: convolutions, then an LSTM over columns, as PyTorch writes it with an open batch.

    python make_crnn.py DIR        # writes crnn.onnx, and crnn.npz, crnn.x.npy and crnn.y.npy: three pictures and what onnxruntime answers

Needs numpy, onnx and onnxruntime. The batch is an inner axis in front of the LSTM, and merged with the steps behind it.
"""
import sys
import numpy, onnx, onnxruntime
from onnx import helper, numpy_helper

numbers = numpy.random.default_rng(5)
H = 6


def draw(*shape, scale=0.4):
    return (numbers.standard_normal(shape) * scale).astype(numpy.float32)


stored = {
    "w1": draw(6, 1, 3, 3), "b1": draw(6), "w2": draw(8, 6, 3, 3, scale=0.2), "b2": draw(8), "w3": draw(8, 8, 3, 3, scale=0.2), "b3": draw(8),
    "W": draw(2, 4 * H, 8), "R": draw(2, 4 * H, H), "B": draw(2, 8 * H), "fc": draw(5, 2 * H), "fb": draw(5),
    "one": numpy.array([1]), "two": numpy.array([2]), "units": numpy.array([H]), "flat": numpy.array([-1, 2 * H]), "steps": numpy.array([8, -1, 5]),
    "zeros": numpy.array([0, 0, -1]),
}
N = helper.make_node
nodes = [
    N("Conv", ["image", "w1", "b1"], ["c1"], name="first", pads=[1, 1, 1, 1]), N("Relu", ["c1"], ["r1"]), N("MaxPool", ["r1"], ["p1"], kernel_shape=[2, 2], strides=[2, 2]),
    N("Conv", ["p1", "w2", "b2"], ["c2"], name="second", pads=[1, 1, 1, 1]), N("Relu", ["c2"], ["r2"]),
    N("Conv", ["r2", "w3", "b3"], ["c3"], name="third", pads=[1, 1, 1, 1]), N("Relu", ["c3"], ["r3"]),
    N("ReduceMean", ["r3"], ["columns"], axes=[2], keepdims=0), N("Transpose", ["columns"], ["sequence"], perm=[2, 0, 1]),
    N("Shape", ["sequence"], ["shape"]), N("Slice", ["shape", "one", "two"], ["batch"]), N("Concat", ["two", "batch", "units"], ["start"], axis=0),
    N("ConstantOfShape", ["start"], ["state"]),
    N("LSTM", ["sequence", "W", "R", "B", "", "state", "state"], ["memory"], name="memory", hidden_size=H, direction="bidirectional"),
    N("Transpose", ["memory"], ["turned"], perm=[0, 2, 1, 3]), N("Reshape", ["turned", "zeros"], ["joined"]),
    N("Reshape", ["joined", "flat"], ["rows"]), N("Gemm", ["rows", "fc", "fb"], ["scores"], transB=1), N("Reshape", ["scores", "steps"], ["each"]),
    N("ReduceMean", ["each"], ["y"], axes=[0], keepdims=0),
]
graph = helper.make_graph(nodes, "crnn", [helper.make_tensor_value_info("image", 1, ["N", 1, 12, 16])], [helper.make_tensor_value_info("y", 1, ["N", 5])],
                          [numpy_helper.from_array(array, name) for name, array in stored.items()])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
x = draw(3, 1, 12, 16, scale=1)
y, = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"image": x})
onnx.save(model, sys.argv[1] + "/crnn.onnx")
numpy.save(sys.argv[1] + "/crnn.x.npy", x)
numpy.save(sys.argv[1] + "/crnn.y.npy", y)
numpy.savez_compressed(sys.argv[1] + "/crnn.npz", image=x, y=y)
