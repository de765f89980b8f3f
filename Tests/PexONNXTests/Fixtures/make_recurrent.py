"""One network of many recurrent layers, and what onnxruntime computes for it.

    python make_recurrent.py DIR        # writes recurrent.onnx and recurrent.npz

Needs numpy, onnx and onnxruntime. Every layer reads `x`, [steps, batch, size]; the outputs carry the layer's name.
"""
import sys
import numpy, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper

T, N, I, H = 5, 2, 3, 4
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FUNCTIONS = {"LSTM": 3, "GRU": 2, "RNN": 1}
numbers = numpy.random.default_rng(17)
nodes, stored, outputs = [], [], []


def store(name, array):
    stored.append(numpy_helper.from_array(array, name))
    return name


def draw(*shape):
    return (numbers.standard_normal(shape) * 0.7).astype(numpy.float32)


def layer(name, op, direction="forward", bias=True, lengths=None, state=False, cell=False, peepholes=False, **settings):
    d, g = (2 if direction == "bidirectional" else 1), GATES[op]
    inputs = ["x", store(name + ".W", draw(d, g * H, I)), store(name + ".R", draw(d, g * H, H)),
              store(name + ".B", draw(d, 2 * g * H)) if bias else "",
              store(name + ".L", numpy.array(lengths, numpy.int32)) if lengths else "",
              store(name + ".h", draw(d, N, H)) if state else ""]
    if op == "LSTM":
        inputs += [store(name + ".c", draw(d, N, H)) if cell else "", store(name + ".P", draw(d, 3 * H)) if peepholes else ""]
    names = [name + ".Y", name + ".Y_h"] + ([name + ".Y_c"] if op == "LSTM" else [])
    nodes.append(helper.make_node(op, inputs, names, name=name, hidden_size=H, direction=direction, **settings))
    outputs.extend(names)


for op in GATES:
    for direction in ("forward", "reverse", "bidirectional"):
        layer(f"{op}.{direction}", op, direction)
    layer(op + ".plain", op, bias=False)
    layer(op + ".state", op, "bidirectional", state=True, cell=True)
    layer(op + ".lengths", op, "bidirectional", lengths=[3, 5], state=True)
    layer(op + ".short", op, "reverse", lengths=[1, 4])
    layer(op + ".clip", op, clip=0.3)
    if op == "GRU":
        layer("GRU.after", op, "bidirectional", linear_before_reset=1, state=True)
        layer("GRU.after.clip", op, clip=0.2, linear_before_reset=1)
layer("LSTM.peepholes", "LSTM", "bidirectional", peepholes=True, state=True, cell=True)
layer("LSTM.peepholes.clip", "LSTM", peepholes=True, clip=0.25)
layer("LSTM.coupled", "LSTM", input_forget=1)
SETTINGS = {"Affine": (0.8, 0.1), "Relu": (), "LeakyRelu": (0.3,), "ThresholdedRelu": (0.4,), "Tanh": (),
            "ScaledTanh": (0.9, 0.6), "Sigmoid": (), "HardSigmoid": (0.3, 0.4), "Elu": (0.7,), "Softsign": (), "Softplus": ()}
for function, settings in SETTINGS.items():
    for op, first in (("RNN", []), ("GRU", ["HardSigmoid"]), ("LSTM", ["Sigmoid", "Tanh"])):
        given = {"activations": first + [function]}
        alphas = ([0.25] if op == "GRU" else []) + list(settings[:1])
        betas = ([0.45] if op == "GRU" else []) + list(settings[1:2])
        if alphas: given["activation_alpha"] = alphas
        if betas: given["activation_beta"] = betas
        layer(f"{op}.{function}", op, **given)
# For the others onnxruntime takes 0 where a file gives no settings, which is not what the specification says.
for function in ("LeakyRelu", "HardSigmoid", "Elu"):
    layer(f"usual.{function}", "RNN", activations=[function])

x = draw(T, N, I) * 1.5
graph = helper.make_graph(nodes, "recurrent", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [T, N, I])],
                          [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs], stored)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
results = dict(zip(outputs, session.run(None, {"x": x})))
onnx.save(model, sys.argv[1] + "/recurrent.onnx")
numpy.savez_compressed(sys.argv[1] + "/recurrent.npz", x=x, **results)
print(len(nodes), "layers", len(outputs), "outputs")
