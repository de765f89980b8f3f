"""An LSTM alone, batch open, whose outputs have their batch inside.

    python make_states.py DIR        # writes states.onnx

Needs numpy and onnx.
"""
import sys
import numpy, onnx
from onnx import helper, numpy_helper

numbers = numpy.random.default_rng(8)
draw = lambda *shape: numbers.standard_normal(shape).astype(numpy.float32)
nodes = [helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]), helper.make_node("LSTM", ["t", "W", "R"], ["states", "last"], hidden_size=4)]
graph = helper.make_graph(nodes, "states", [helper.make_tensor_value_info("x", 1, ["N", 3, 2])],
                          [helper.make_tensor_value_info("last", 1, [1, "N", 4]), helper.make_tensor_value_info("states", 1, [3, 1, "N", 4])],
                          [numpy_helper.from_array(draw(1, 16, 2), "W"), numpy_helper.from_array(draw(1, 16, 4), "R")])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8), sys.argv[1] + "/states.onnx")
