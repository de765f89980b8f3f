"""One network of many quantised products, and what onnxruntime computes for it.

    python make_quantized.py DIR        # writes quantized.onnx and quantized.npz

Needs numpy, onnx and onnxruntime. Outputs of integer type are cast to f32. Sums of `deep` and `long` pass 2^24.
"""
import sys
import numpy, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper

numbers = numpy.random.default_rng(23)
nodes, stored, outputs = [], [], []
U, I = (numpy.uint8, 0, 256), (numpy.int8, -128, 128)


def store(name, array):
    stored.append(numpy_helper.from_array(numpy.asarray(array), name))
    return name


def node(op, inputs, outs, **settings):
    nodes.append(helper.make_node(op, inputs, outs, name=outs[0], **settings))
    return outs[0]


def draw(kind, *shape, least=None, most=None):
    dtype, low, high = kind
    return numbers.integers(low if least is None else least, high if most is None else most, shape).astype(dtype)


def quantized(name, x, kind, scale=0.02, zero=None):
    zero = numpy.asarray(draw(kind) if zero is None else zero, kind[0])
    return node("QuantizeLinear", [x, store(name + ".s", numpy.float32(scale)), store(name + ".z", zero)], [name])


def out(name, value):
    outputs.append(name)
    node("Cast", [value], [name], to=TensorProto.FLOAT)


def out_of_all(name, value):
    node("Reshape", [value, "one"], [name + ".list"])
    out(name, name + ".list")


def zero_points(kind, count):
    return draw(kind, count) if count else draw(kind)


store("one", numpy.array([1]))
# Inputs: a picture and rows, quantised both ways.
for kind, word in ((U, "u"), (I, "i")):
    quantized("x" + word, "x", kind)
    quantized("r" + word, "r", kind)

for xk, xw in ((U, "u"), (I, "i")):
    for wk, ww in ((U, "u"), (I, "i")):
        for channels, cw in ((0, ""), (6, "c")):
            name = f"conv.{xw}{ww}{cw}"
            if not channels:  # onnxruntime knows one zero point alone
                out(name, node("ConvInteger", ["x" + xw, store(name + ".w", draw(wk, 6, 3, 3, 3)), f"x{xw}.z",
                                               store(name + ".wz", draw(wk))], [name + ".sum"], pads=[1, 1, 1, 1]))
            name = f"product.{xw}{ww}{cw}"
            out(name, node("MatMulInteger", ["r" + xw, store(name + ".w", draw(wk, 20, 6)), f"r{xw}.z",
                                             store(name + ".wz", zero_points(wk, channels))], [name + ".sum"]))
out("conv.bare", node("ConvInteger", ["xu", store("bare.w", draw(I, 4, 1, 3, 2)[:3])], ["conv.bare.sum"], group=3, strides=[2, 1], dilations=[1, 2]))
out("product.bare", node("MatMulInteger", ["ru", store("bareproduct.w", draw(I, 20, 5))], ["product.bare.sum"]))
# Sums that pass 2^24 when they are of one sign.
node("Concat", ["ru"] * 40, ["wide"], axis=2)
out("long", node("MatMulInteger", ["wide", store("long.w", draw(U, 800, 3, least=200)), store("long.z", numpy.uint8(0))], ["long.sum"]))
node("Concat", ["xu"] * 40, ["deepx"], axis=1)
out("deep", node("ConvInteger", ["deepx", store("deep.w", draw(U, 2, 120, 3, 3, least=150))], ["deep.sum"]))

for xk, xw in ((U, "u"), (I, "i")):
    for wk, ww in ((U, "u"), (I, "i")):
        for channels, cw in ((0, ""), (5, "c")):
            if xw == "i" and ww == "u": continue  # not in onnxruntime
            name = f"qconv.{xw}{ww}{cw}"
            scales = numbers.uniform(0.005, 0.02, channels).astype(numpy.float32) if channels else numpy.float32(0.01)
            zeros = zero_points(wk, channels) if not channels else numpy.full(channels, draw(wk), wk[0])
            if ww == "i": zeros = numpy.zeros_like(zeros)
            bias = [store(name + ".b", numbers.integers(-3000, 3000, 5).astype(numpy.int32))] if channels else []
            out(name, node("QLinearConv", ["x" + xw, f"x{xw}.s", f"x{xw}.z", store(name + ".w", draw(wk, 5, 3, 3, 3)),
                                           store(name + ".ws", scales), store(name + ".wz", zeros), store(name + ".ys", numpy.float32(0.06)),
                                           store(name + ".yz", draw(xk))] + bias, [name + ".q"], pads=[1, 0, 1, 2]))
            name = f"qproduct.{xw}{ww}{cw}"
            zeros = zero_points(wk, 0 if not channels else 5)
            out(name, node("QLinearMatMul", ["r" + xw, f"r{xw}.s", f"r{xw}.z", store(name + ".w", draw(wk, 20, 5)),
                                             store(name + ".ws", scales), store(name + ".wz", zeros), store(name + ".ys", numpy.float32(0.05)),
                                             store(name + ".yz", draw(xk))], [name + ".q"]))

# As `quantize_dynamic` writes it.
node("DynamicQuantizeLinear", ["x"], ["dx", "dx.s", "dx.z"])
out("dynamic.x", "dx"); out_of_all("dynamic.scale", "dx.s"); out_of_all("dynamic.zero", "dx.z")
node("ConvInteger", ["dx", store("dc.w", draw(U, 4, 3, 3, 3)), "dx.z", store("dc.z", draw(U))], ["dc.sum"])
node("Cast", ["dc.sum"], ["dc.float"], to=TensorProto.FLOAT)
node("Mul", ["dx.s", store("dc.s", numpy.float32(0.013))], ["dc.scale"])
outputs.append("dynamic.conv"); node("Mul", ["dc.float", "dc.scale"], ["dynamic.conv"])
node("Abs", ["x"], ["positive"])
node("DynamicQuantizeLinear", ["positive"], ["px", "px.s", "px.z"])
out("positive.x", "px"); out_of_all("positive.scale", "px.s"); out_of_all("positive.zero", "px.z")
node("Neg", ["positive"], ["negative"])
node("DynamicQuantizeLinear", ["negative"], ["nx", "nx.s", "nx.z"])
out("negative.x", "nx"); out_of_all("negative.scale", "nx.s"); out_of_all("negative.zero", "nx.z")
node("Sub", ["x", "x"], ["nothing"])
node("DynamicQuantizeLinear", ["nothing"], ["zx", "zx.s", "zx.z"])
out("nothing.x", "zx"); out_of_all("nothing.scale", "zx.s"); out_of_all("nothing.zero", "zx.z")
# Two factors that are computed.
node("Transpose", ["ru"], ["rt"], perm=[0, 2, 1])
out("square", node("MatMulInteger", ["ru", "rt", "ru.z", "ru.z"], ["square.sum"]))

x = numbers.standard_normal((1, 3, 9, 8)).astype(numpy.float32)
r = numbers.standard_normal((1, 4, 20)).astype(numpy.float32)
graph = helper.make_graph(nodes, "quantized", [helper.make_tensor_value_info("x", 1, x.shape), helper.make_tensor_value_info("r", 1, r.shape)],
                          [helper.make_tensor_value_info(o, 1, None) for o in outputs], stored)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
results = dict(zip(outputs, session.run(None, {"x": x, "r": r})))
onnx.save(model, sys.argv[1] + "/quantized.onnx")
numpy.savez_compressed(sys.argv[1] + "/quantized.npz", x=x, r=r, **results)
print(len(outputs), "outputs; largest of long and deep:", results["long"].max(), results["deep"].max())
