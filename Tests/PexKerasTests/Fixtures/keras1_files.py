"""Models as Keras 1.2 wrote them, with the outputs of the same network in Keras 3.

No Keras 1 runs today: the configurations are written by hand, after its get_config functions, and kernels are put into
its orders: (filters, inputs, rows, columns) where dim_ordering is 'th', (length, 1, inputs, filters) in one dimension.
Batch norms keep their variance under the name running_std. The group of the weights does not name a version.
"""

import json

import keras
import numpy as np

from handwritten import write_model
from recipe import generator, names, random_inputs, randomise, run, save_arrays, shapes

L = keras.layers
NO_PENALTIES = {key: None for key in (
    "W_regularizer", "b_regularizer", "activity_regularizer", "W_constraint", "b_constraint")}
WEIGHTS = {"kernel": "W", "bias": "b", "depthwise_kernel": "depthwise_kernel", "pointwise_kernel": "pointwise_kernel",
           "gamma": "gamma", "beta": "beta", "moving_mean": "running_mean", "moving_variance": "running_std"}


def entry(kind, name, **options):
    return {"class_name": kind, "config": {"name": name, "trainable": True, **options}}


def conv2d(name, filters, rows, columns, ordering="tf", kind="Convolution2D", **options):
    return entry(kind, name, **{
        "nb_filter": filters, "nb_row": rows, "nb_col": columns, "init": "glorot_uniform", "activation": "linear",
        "border_mode": "valid", "subsample": [1, 1], "dim_ordering": ordering, "bias": True, **NO_PENALTIES, **options})


def dense(name, units, **options):
    return entry("Dense", name, **{"output_dim": units, "init": "glorot_uniform", "activation": "linear", "bias": True,
                                   "input_dim": None, **NO_PENALTIES, **options})


def norm(name, axis):
    return entry("BatchNormalization", name, epsilon=0.001, mode=0, axis=axis, momentum=0.99, gamma_regularizer=None,
                 beta_regularizer=None)


def kernel_of_keras1(values, name, ordering):
    if name == "kernel" and values.ndim == 3:
        return values[:, None]
    if name == "kernel" and values.ndim == 4 and ordering == "th":
        return values.transpose(3, 2, 0, 1)
    return values


def weights_of_keras1(model, listed, ordering):
    """The weights of the Keras 3 model, layer by layer, under the names and in the orders of Keras 1."""
    weights = {}
    for layer in listed:
        name = layer["config"]["name"]
        own = model.get_layer(name).weights if name in {layer.name for layer in model.layers} else []
        weights[name] = [
            (f"{name}_{WEIGHTS[weight.name]}:0", kernel_of_keras1(np.asarray(weight.value), weight.name, ordering))
            for weight in own]
    return weights


def write(folder, name, model, config, listed, ordering="tf"):
    """Writes file and arrays; with 'th' the arrays have their channels first."""
    random = generator(f"keras1 {name}")
    randomise(model, random)
    arrays = random_inputs(shapes(model), random)
    outputs = run(model, arrays)
    write_model(folder / f"{name}.h5", json.dumps(config), weights_of_keras1(model, listed, ordering),
                version="1.2.2", compact=False)
    if ordering == "th":
        arrays = [np.moveaxis(array, -1, 1) for array in arrays]
    save_arrays(folder, name, arrays, outputs)
    return names(model)


def sequential_tf(folder):
    model = keras.Sequential([
        keras.Input((9, 8, 3), name="convolution2d_1_input"),
        L.Conv2D(4, 3, padding="same", activation="relu", name="convolution2d_1"),
        L.MaxPooling2D(2, name="maxpooling2d_1"),
        L.Conv2D(5, (3, 2), strides=2, padding="same", use_bias=False, name="convolution2d_2"),
        L.BatchNormalization(name="batchnormalization_1"), L.LeakyReLU(0.2, name="leakyrelu_1"),
        L.ZeroPadding2D(1, name="zeropadding2d_1"),
        L.SeparableConv2D(4, 2, name="separableconvolution2d_1"),
        L.UpSampling2D(2, name="upsampling2d_1"), L.AveragePooling2D(2, strides=1, name="averagepooling2d_1"),
        L.Conv2D(3, 2, dilation_rate=2, name="atrousconvolution2d_1"), L.Flatten(name="flatten_1"),
        L.Dense(6, activation="tanh", name="dense_1"), L.Dense(4, activation="softmax", name="dense_2")])
    listed = [
        conv2d("convolution2d_1", 4, 3, 3, border_mode="same", activation="relu", batch_input_shape=[None, 9, 8, 3],
               input_dtype="float32"),
        entry("MaxPooling2D", "maxpooling2d_1", pool_size=[2, 2], strides=[2, 2], border_mode="valid",
              dim_ordering="tf"),
        conv2d("convolution2d_2", 5, 3, 2, border_mode="same", subsample=[2, 2], bias=False),
        norm("batchnormalization_1", -1), entry("LeakyReLU", "leakyrelu_1", alpha=0.2),
        entry("ZeroPadding2D", "zeropadding2d_1", padding=[1, 1], dim_ordering="tf"),
        conv2d("separableconvolution2d_1", 4, 2, 2, kind="SeparableConvolution2D", depth_multiplier=1),
        entry("UpSampling2D", "upsampling2d_1", size=[2, 2], dim_ordering="tf"),
        entry("AveragePooling2D", "averagepooling2d_1", pool_size=[2, 2], strides=[1, 1], border_mode="valid",
              dim_ordering="tf"),
        conv2d("atrousconvolution2d_1", 3, 2, 2, kind="AtrousConvolution2D", atrous_rate=[2, 2]),
        entry("Flatten", "flatten_1"), entry("Dropout", "dropout_1", p=0.5), dense("dense_1", 6, activation="tanh"),
        dense("dense_2", 4, activation="softmax")]
    return write(folder, "sequential_tf", model, {"class_name": "Sequential", "config": listed}, listed)


def sequential_th(folder):
    """Channels first; Flatten keeps the order of the memory, so channels are its slowest part."""
    model = keras.Sequential([
        keras.Input((8, 7, 3), name="convolution2d_1_input"),
        L.Conv2D(4, 3, name="convolution2d_1"), L.BatchNormalization(name="batchnormalization_1"),
        L.Activation("relu", name="activation_1"), L.MaxPooling2D(2, name="maxpooling2d_1"),
        L.Conv2D(5, 2, padding="same", activation="relu", name="convolution2d_2"),
        L.Permute((3, 1, 2), name="order_of_memory"), L.Flatten(name="flatten_1"), L.Dense(4, name="dense_1")])
    listed = [
        conv2d("convolution2d_1", 4, 3, 3, "th", batch_input_shape=[None, 3, 8, 7], input_dtype="float32"),
        norm("batchnormalization_1", 1), entry("Activation", "activation_1", activation="relu"),
        entry("MaxPooling2D", "maxpooling2d_1", pool_size=[2, 2], strides=[2, 2], border_mode="valid",
              dim_ordering="th"),
        conv2d("convolution2d_2", 5, 2, 2, "th", border_mode="same", activation="relu"), entry("Flatten", "flatten_1"),
        dense("dense_1", 4)]
    return write(folder, "sequential_th", model, {"class_name": "Sequential", "config": listed}, listed, "th")


def sequential_series(folder):
    model = keras.Sequential([
        keras.Input((10, 3), name="convolution1d_1_input"),
        L.Conv1D(4, 3, padding="same", activation="relu", name="convolution1d_1"),
        L.MaxPooling1D(2, name="maxpooling1d_1"), L.Conv1D(5, 2, strides=2, name="convolution1d_2"),
        L.GlobalAveragePooling1D(name="globalaveragepooling1d_1"), L.Dense(4, name="dense_1")])
    usual = {"init": "uniform", "bias": True, "input_dim": None, "input_length": None, **NO_PENALTIES}
    listed = [
        entry("Convolution1D", "convolution1d_1", nb_filter=4, filter_length=3, activation="relu", border_mode="same",
              subsample_length=1, batch_input_shape=[None, 10, 3], input_dtype="float32", **usual),
        entry("MaxPooling1D", "maxpooling1d_1", pool_length=2, stride=2, border_mode="valid"),
        entry("Convolution1D", "convolution1d_2", nb_filter=5, filter_length=2, activation="linear",
              border_mode="valid", subsample_length=2, **usual),
        entry("GlobalAveragePooling1D", "globalaveragepooling1d_1"), dense("dense_1", 4)]
    return write(folder, "sequential_series", model, {"class_name": "Sequential", "config": listed}, listed)


def merges(folder):
    """A functional model whose branches meet in Merge layers."""
    left, right = keras.Input((6, 6, 3), name="left"), keras.Input((6, 6, 3), name="right")
    a = L.Conv2D(4, 3, name="convolution2d_1")(left)
    c = L.Conv2D(4, 3, name="convolution2d_2")(right)
    modes = {"sum": L.Add, "mul": L.Multiply, "ave": L.Average, "max": L.Maximum}
    tensors = {mode: kind(name=f"merge_{mode}")([a, c]) for mode, kind in modes.items()}
    joined = L.Concatenate(name="merge_concat")(list(tensors.values()))
    pooled = L.GlobalAveragePooling2D(name="globalaveragepooling2d_1")(joined)
    model = keras.Model([left, right], [L.Dense(3, name="dense_1")(pooled), tensors["mul"]])

    def merge(mode, inbound):
        return {**entry("Merge", f"merge_{mode}", mode=mode, mode_type="raw", concat_axis=3 if mode == "concat" else -1,
                        dot_axes=-1, output_shape=None, output_shape_type="raw", output_mask=None,
                        output_mask_type="raw", arguments={}),
                "inbound_nodes": [[[name, 0, 0] for name in inbound]]}

    listed = [
        {**entry("InputLayer", name, batch_input_shape=[None, 6, 6, 3], input_dtype="float32", sparse=False),
         "inbound_nodes": []} for name in ("left", "right")]
    for index, source in enumerate(("left", "right"), 1):
        listed.append({**conv2d(f"convolution2d_{index}", 4, 3, 3), "inbound_nodes": [[[source, 0, 0]]]})
    listed += [merge(mode, ["convolution2d_1", "convolution2d_2"]) for mode in modes]
    listed.append(merge("concat", [f"merge_{mode}" for mode in modes]))
    listed.append({**entry("GlobalAveragePooling2D", "globalaveragepooling2d_1", dim_ordering="tf"),
                   "inbound_nodes": [[["merge_concat", 0, 0]]]})
    listed.append({**dense("dense_1", 3), "inbound_nodes": [[["globalaveragepooling2d_1", 0, 0]]]})
    for layer in listed:
        layer["name"] = layer["config"]["name"]
    config = {"class_name": "Model", "config": {
        "name": "model_1", "layers": listed, "input_layers": [["left", 0, 0], ["right", 0, 0]],
        "output_layers": [["dense_1", 0, 0], ["merge_mul", 0, 0]]}}
    return write(folder, "merges", model, config, listed)


def write_all(folder, told):
    for writer in (sequential_tf, sequential_th, sequential_series, merges):
        keras.backend.clear_session()
        told[writer.__name__] = writer(folder)
