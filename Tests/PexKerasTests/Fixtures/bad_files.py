"""Files that are refused: damaged, hostile, or of networks that are not read. One fault each.

They all come from one tiny network, so that what differs is the fault.
"""

import copy
import io
import json
import struct
import zipfile
import zlib

import h5py
import numpy as np

from handwritten import write_model, write_weights
from recipe import CompactFile

#: Writers by file name, and what is wrong with the file.
BAD = {}


def bad(suffix, fault):
    def declare(write):
        BAD[f"{write.__name__}.{suffix}"] = (write, fault)
        return write

    return declare


def entry(kind, name, inbound, **options):
    nodes = [[[source, 0, 0, {}] for source in inbound]] if inbound else []
    return {"class_name": kind, "name": name, "config": {"name": name, "dtype": "float32", **options},
            "inbound_nodes": nodes}


def network(*between):
    """A sound configuration: a convolution, what is between, a classifier."""
    layers = [
        entry("InputLayer", "image", [], batch_input_shape=[None, 4, 4, 1]),
        entry("Conv2D", "conv", ["image"], filters=2, kernel_size=[3, 3], strides=[1, 1], padding="valid",
              data_format="channels_last", dilation_rate=[1, 1], groups=1, activation="relu", use_bias=True),
        *between,
        entry("Flatten", "flatten", [between[-1]["name"] if between else "conv"], data_format="channels_last"),
        entry("Dense", "classes", ["flatten"], units=2, activation="linear", use_bias=True)]
    return {"class_name": "Functional", "config": {
        "name": "model", "layers": layers, "input_layers": [["image", 0, 0]], "output_layers": [["classes", 0, 0]]}}


def weights():
    random = np.random.default_rng(9)

    def some(*shape):
        return random.standard_normal(shape).astype("f4")

    return {"image": [], "conv": [("conv/kernel:0", some(3, 3, 1, 2)), ("conv/bias:0", some(2))], "flatten": [],
            "classes": [("classes/kernel:0", some(8, 2)), ("classes/bias:0", some(2))]}


def layer(config, name):
    return next(found for found in config["config"]["layers"] if found["name"] == name)


def changed(path, name, **options):
    """The network with other options in one layer."""
    config = network()
    layer(config, name)["config"].update(options)
    write_model(path, config, weights())


def rewired(path, change):
    config = network()
    change(config)
    write_model(path, config, weights())


def reweighted(path, change):
    entries = weights()
    change(entries)
    write_model(path, network(), entries)


def opened(path, change, compact=True):
    """A sound file that is changed in place."""
    write_model(path, network(), weights(), compact=compact)
    with h5py.File(path, "r+", libver=("v108", "v110")) as file:
        change(file)


KERNEL = "model_weights/conv/conv/kernel:0"


# Not a model


@bad("h5", "text")
def not_hdf5(path):
    path.write_text("this is not HDF5\n" * 20)


@bad("h5", "0 bytes")
def empty(path):
    path.write_bytes(b"")


@bad("h5", "the signature of HDF5 and nothing behind")
def signature_alone(path):
    path.write_bytes(b"\x89HDF\r\n\x1a\n")


@bad("h5", "HDF5 without a model")
def no_model(path):
    with CompactFile(path, "w") as file:
        file["measurements/temperature"] = np.arange(10.0)


@bad("h5", "weights without a model, and no architecture given")
def weights_alone(path):
    with CompactFile(path, "w") as file:
        write_weights(file, weights())


@bad("h5", "a model without weights")
def no_weights(path):
    opened(path, lambda file: file.__delitem__("model_weights"))


@bad("h5", "the second half is missing")
def truncated(path):
    opened(path, lambda file: None)
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


@bad("h5", "the last 100 bytes are missing")
def truncated_at_end(path):
    opened(path, lambda file: None, compact=False)
    path.write_bytes(path.read_bytes()[:-100])


@bad("h5", "zeros in the middle")
def zeros_in_middle(path):
    opened(path, lambda file: None)
    content = bytearray(path.read_bytes())
    content[600:1400] = bytes(800)
    path.write_bytes(content)


# Weights


@bad("h5", "conv has 1 weight in place of 2")
def weight_missing(path):
    reweighted(path, lambda entries: entries["conv"].pop())


@bad("h5", "conv has 3 weights in place of 2")
def weight_too_many(path):
    reweighted(path, lambda entries: entries["conv"].append(("conv/more:0", np.zeros(2, "f4"))))


@bad("h5", "the kernel of conv is 3x3x1x3 in place of 3x3x1x2")
def weight_shape(path):
    reweighted(path, lambda entries: entries["conv"].__setitem__(0, ("conv/kernel:0", np.zeros((3, 3, 1, 3), "f4"))))


@bad("h5", "the kernel of conv has rank 1, and the right count")
def weight_rank(path):
    reweighted(path, lambda entries: entries["conv"].__setitem__(0, ("conv/kernel:0", np.zeros(18, "f4"))))


@bad("h5", "weights for 1 layer, the model has 2")
def layer_without_weights(path):
    reweighted(path, lambda entries: entries.pop("conv"))


@bad("h5", "weights for 3 layers, the model has 2")
def layer_too_many(path):
    reweighted(path, lambda entries: entries.update(more=[("more/kernel:0", np.zeros((2, 2), "f4"))]))


@bad("h5", "NaN in the kernel of conv")
def weights_nan(path):
    reweighted(path, lambda entries: entries["conv"][0][1].__setitem__(0, np.nan))


@bad("h5", "infinity in the kernel of conv")
def weights_infinite(path):
    reweighted(path, lambda entries: entries["conv"][0][1].__setitem__(0, np.inf))


@bad("h5", "the kernel of conv is strings")
def weight_strings(path):
    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, data=np.full((3, 3, 1, 2), b"0.5"))

    opened(path, change)


@bad("h5", "the kernel of conv is variable strings")
def weight_variable_strings(path):
    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, data=np.full((3, 3, 1, 2), "0.5", dtype=object), dtype=h5py.string_dtype())

    opened(path, change)


@bad("h5", "the kernel of conv is a compound of two floats")
def weight_compound(path):
    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, data=np.zeros((3, 3, 1, 2), dtype=[("re", "f4"), ("im", "f4")]))

    opened(path, change)


@bad("h5", "the kernel of conv is references to objects")
def weight_references(path):
    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, data=np.full((3, 3, 1, 2), file.ref, dtype=object), dtype=h5py.ref_dtype)

    opened(path, change)


@bad("h5", "the kernel of conv has no numbers, a null dataspace")
def weight_null(path):
    def change(file):
        del file[KERNEL]
        file[KERNEL] = h5py.Empty("f4")

    opened(path, change)


@bad("h5", "the kernel of conv is a group")
def weight_is_group(path):
    def change(file):
        del file[KERNEL]
        file.create_group(KERNEL)

    opened(path, change)


@bad("h5", "conv is a dataset in place of a group")
def layer_is_dataset(path):
    def change(file):
        del file["model_weights/conv"]
        file["model_weights/conv"] = np.zeros(3, "f4")

    opened(path, change)


@bad("h5", "layer_names names a group that is not there")
def layer_group_missing(path):
    opened(path, lambda file: file["model_weights"].attrs.create(
        "layer_names", np.array([b"image", b"elsewhere", b"flatten", b"classes"])))


@bad("h5", "weight_names names a dataset that is not there")
def weight_dataset_missing(path):
    opened(path, lambda file: file["model_weights/conv"].attrs.create(
        "weight_names", np.array([b"conv/kernel:0", b"conv/offset:0"])))


@bad("h5", "layer_names is numbers")
def names_are_numbers(path):
    opened(path, lambda file: file["model_weights"].attrs.create("layer_names", np.arange(4.0)))


@bad("h5", "layer_names is not there")
def names_missing(path):
    opened(path, lambda file: file["model_weights"].attrs.__delitem__("layer_names"))


# Layers that are not read


@bad("h5", "ConvLSTM1D twice, MultiHeadAttention and Embedding once")
def unknown_layers(path):
    between = [entry("ConvLSTM1D", "lstm_a", ["conv"], units=3), entry("ConvLSTM1D", "lstm_b", ["lstm_a"], units=3),
               entry("Embedding", "words", ["lstm_b"], input_dim=9, output_dim=3),
               entry("MultiHeadAttention", "attention", ["words"], num_heads=2, key_dim=4)]
    write_model(path, network(*between), weights())


@bad("h5", "a layer of somebody's own class")
def custom_object(path):
    own = entry("CoordinateConv", "coordinates", ["conv"], width=3)
    own.update(module="mynet.layers", registered_name="mynet>CoordinateConv")
    write_model(path, network(own), weights())


@bad("h5", "an activation of somebody's own")
def custom_activation(path):
    changed(path, "conv", activation={"class_name": "function", "config": "soft_exponential", "module": "mynet.act",
                                      "registered_name": "mynet>soft_exponential"})


@bad("h5", "a Lambda as Keras 2 writes it, with marshalled bytecode")
def lambda_keras2(path):
    code = "4wEAAAAAAAAAAAAAAAEAAAACAAAAQwAAAHMIAAAAfABkARQAUwApAk7pAgAAAKkAKQHaAXhyAgAAAHICAAAA"
    write_model(path, network(entry(
        "Lambda", "double", ["conv"], function=[code, None, None], function_type="lambda", module="__main__",
        output_shape=None, output_shape_type="raw", arguments={})), weights())


@bad("h5", "a Lambda as Keras 3 writes it")
def lambda_keras3(path):
    function = {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA", "defaults": None, "closure": None}}
    write_model(path, network(entry("Lambda", "double", ["conv"], function=function, arguments={})), weights(),
                version="3.3.3")


@bad("h5", "a Lambda that names a function")
def lambda_named(path):
    write_model(path, network(entry(
        "Lambda", "system", ["conv"], function="system", function_type="function", module="os", arguments={})),
        weights())


@bad("h5", "a TensorFlow operation that no layer is")
def unknown_tf_function(path):
    operation = entry("TFOpLambda", "py", ["conv"], function="numpy_function")
    write_model(path, network(operation), weights())


# Configurations


@bad("h5", "model_config is not JSON")
def config_not_json(path):
    write_model(path, "<model>not JSON</model>", weights())


@bad("h5", "model_config ends in the middle")
def config_cut(path):
    write_model(path, json.dumps(network())[:-40], weights())


@bad("h5", "model_config is empty")
def config_empty(path):
    write_model(path, "", weights())


@bad("h5", "model_config is a number")
def config_number(path):
    write_model(path, "3", weights())


@bad("h5", "model_config is not UTF-8")
def config_not_utf8(path):
    write_model(path, network(), weights())
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = np.bytes_(json.dumps(network()).replace("image", "im\x80\xff").encode("latin-1"))


@bad("h5", "model_config is an array of integers")
def config_integers(path):
    opened(path, lambda file: file.attrs.create("model_config", np.arange(50)))


@bad("h5", "10 000 opening brackets")
def config_deep(path):
    write_model(path, "[" * 10_000, weights())


@bad("h5", "lists 2 000 deep, closed as they should be")
def config_deep_closed(path):
    write_model(path, json.dumps(network())[:-1] + ', "x": ' + "[" * 2000 + "]" * 2000 + "}", weights())


@bad("h5", "models in models, 60 deep")
def models_deep(path):
    config = network()
    for depth in range(60):
        config = {"class_name": "Sequential", "config": {"name": f"s{depth}", "layers": [config]}}
    write_model(path, config, weights())


@bad("h5", "26 models, each of which calls the one inside it twice")
def models_doubling(path):
    """2^26 convolutions, told in a few thousand bytes."""
    inner = {"class_name": "Functional", "name": "m0", "config": {
        "name": "m0", "layers": [entry("InputLayer", "i", [], batch_input_shape=[None, 4, 4, 1]),
                                 entry("ReLU", "r", ["i"])],
        "input_layers": [["i", 0, 0]], "output_layers": [["r", 0, 0]]}}
    for depth in range(1, 27):
        name = f"m{depth}"
        called = {**inner, "inbound_nodes": [[["i", 0, 0, {}]], [[f"m{depth - 1}", 0, 0, {}]]]}
        inner = {"class_name": "Functional", "name": name, "config": {
            "name": name, "layers": [entry("InputLayer", "i", [], batch_input_shape=[None, 4, 4, 1]), called],
            "input_layers": [["i", 0, 0]], "output_layers": [[f"m{depth - 1}", 1, 0]]}}
    write_model(path, inner, {})


@bad("h5", "layers is a string")
def config_layers_string(path):
    rewired(path, lambda config: config["config"].update(layers="conv, flatten, classes"))


@bad("h5", "no layers at all")
def config_no_layers(path):
    rewired(path, lambda config: config["config"].update(layers=[], input_layers=[], output_layers=[]))


@bad("h5", "a layer without a class_name")
def config_no_class(path):
    rewired(path, lambda config: layer(config, "conv").pop("class_name"))


@bad("h5", "a layer whose config is null")
def config_null(path):
    rewired(path, lambda config: layer(config, "conv").update(config=None))


@bad("h5", "a subclassed model, which has no layers to read")
def config_subclassed(path):
    rewired(path, lambda config: config.update(class_name="MyModel", config={"hidden": 4}, module="mynet.models"))


@bad("h5", "filters is a string")
def option_string(path):
    changed(path, "conv", filters="many")


@bad("h5", "filters is -2")
def filters_negative(path):
    changed(path, "conv", filters=-2)


@bad("h5", "filters is 0")
def filters_zero(path):
    changed(path, "conv", filters=0)


@bad("h5", "filters is 2.5")
def filters_fraction(path):
    changed(path, "conv", filters=2.5)


@bad("h5", "filters is a number of 30 digits")
def filters_beyond(path):
    changed(path, "conv", filters=10 ** 30)


@bad("h5", "kernel_size is 0x3")
def kernel_zero(path):
    changed(path, "conv", kernel_size=[0, 3])


@bad("h5", "kernel_size has three extents in a Conv2D")
def kernel_rank(path):
    changed(path, "conv", kernel_size=[3, 3, 3])


@bad("h5", "the kernel is larger than the image, padding valid")
def kernel_larger(path):
    changed(path, "conv", kernel_size=[9, 9])


@bad("h5", "strides is 0")
def strides_zero(path):
    changed(path, "conv", strides=[0, 1])


@bad("h5", "dilation_rate is 0")
def dilation_zero(path):
    changed(path, "conv", dilation_rate=[0, 0])


@bad("h5", "dilation_rate is 2^62")
def dilation_huge(path):
    changed(path, "conv", dilation_rate=[2 ** 62, 2 ** 62])


@bad("h5", "groups is 3 for 1 channel")
def groups_uneven(path):
    changed(path, "conv", groups=3)


@bad("h5", "padding is 'sideways'")
def padding_unknown(path):
    changed(path, "conv", padding="sideways")


@bad("h5", "data_format is 'channels_middle'")
def format_unknown(path):
    changed(path, "conv", data_format="channels_middle")


@bad("h5", "activation is 'wiggle'")
def activation_unknown(path):
    changed(path, "conv", activation="wiggle")


@bad("h5", "units is 2^40")
def units_huge(path):
    changed(path, "classes", units=2 ** 40)


@bad("h5", "the image has 2^31 by 2^31 pixels")
def input_huge(path):
    changed(path, "image", batch_input_shape=[None, 2 ** 31, 2 ** 31, 1])


@bad("h5", "the image has -4 rows")
def input_negative(path):
    changed(path, "image", batch_input_shape=[None, -4, 4, 1])


@bad("h5", "the image has no channels that are known")
def input_open_channels(path):
    changed(path, "image", batch_input_shape=[None, 4, 4, None])


@bad("h5", "the image has rank 2")
def input_rank(path):
    changed(path, "image", batch_input_shape=[None, 4])


@bad("h5", "the input does not say its shape")
def input_without_shape(path):
    rewired(path, lambda config: layer(config, "image")["config"].pop("batch_input_shape"))


def between(path, kind, **options):
    write_model(path, network(entry(kind, "between", ["conv"], **options)), weights())


@bad("h5", "UpSampling2D by 2^20 each way")
def up_sampling_huge(path):
    between(path, "UpSampling2D", size=[2 ** 20, 2 ** 20], data_format="channels_last", interpolation="nearest")


@bad("h5", "ZeroPadding2D by 2^40")
def padding_huge(path):
    between(path, "ZeroPadding2D", padding=[[2 ** 40, 0], [0, 0]], data_format="channels_last")


@bad("h5", "Cropping2D of more than there is")
def cropping_beyond(path):
    between(path, "Cropping2D", cropping=[[1, 1], [1, 1]], data_format="channels_last")


@bad("h5", "Reshape of 8 numbers to 9")
def reshape_uneven(path):
    between(path, "Reshape", target_shape=[3, 3])


@bad("h5", "Reshape with two extents of -1")
def reshape_open(path):
    between(path, "Reshape", target_shape=[-1, -1, 2])


@bad("h5", "Permute that names an axis twice")
def permute_twice(path):
    between(path, "Permute", dims=[1, 1, 2])


@bad("h5", "BatchNormalization over axis 7")
def axis_beyond(path):
    between(path, "BatchNormalization", axis=7, momentum=0.9, epsilon=0.001, center=True, scale=True)


@bad("h5", "pool_size is 0")
def pool_zero(path):
    between(path, "MaxPooling2D", pool_size=[0, 0], strides=[1, 1], padding="valid", data_format="channels_last")


@bad("h5", "RepeatVector 2^40 times")
def repeat_huge(path):
    config = network()
    config["config"]["layers"].append(entry("RepeatVector", "often", ["classes"], n=2 ** 40))
    config["config"]["output_layers"] = [["often", 0, 0]]
    write_model(path, config, weights())


@bad("h5", "Add of shapes that do not fit")
def merge_shapes(path):
    write_model(path, network(
        entry("Cropping2D", "cut", ["conv"], cropping=[[1, 0], [0, 0]], data_format="channels_last"),
        entry("Concatenate", "joined", ["conv", "cut"], axis=-1)), weights())


# Wiring


@bad("h5", "conv takes what flatten gives, flatten what conv gives")
def nodes_cyclic(path):
    rewired(path, lambda config: layer(config, "conv").update(inbound_nodes=[[["flatten", 0, 0, {}]]]))


@bad("h5", "conv takes its own output")
def node_of_itself(path):
    rewired(path, lambda config: layer(config, "conv").update(inbound_nodes=[[["conv", 0, 0, {}]]]))


@bad("h5", "flatten takes call 5 of conv, which was called once")
def node_beyond(path):
    rewired(path, lambda config: layer(config, "flatten").update(inbound_nodes=[[["conv", 5, 0, {}]]]))


@bad("h5", "flatten takes output 3 of conv, which has one")
def tensor_beyond(path):
    rewired(path, lambda config: layer(config, "flatten").update(inbound_nodes=[[["conv", 0, 3, {}]]]))


@bad("h5", "flatten takes call -1 of conv")
def node_negative(path):
    rewired(path, lambda config: layer(config, "flatten").update(inbound_nodes=[[["conv", -1, 0, {}]]]))


@bad("h5", "flatten takes a layer that is not there")
def node_unknown(path):
    rewired(path, lambda config: layer(config, "flatten").update(inbound_nodes=[[["elsewhere", 0, 0, {}]]]))


@bad("h5", "inbound_nodes is a number")
def nodes_number(path):
    rewired(path, lambda config: layer(config, "flatten").update(inbound_nodes=7))


@bad("h5", "conv is not called and is needed")
def node_missing(path):
    rewired(path, lambda config: layer(config, "conv").update(inbound_nodes=[]))


@bad("h5", "two layers of one name")
def names_twice(path):
    rewired(path, lambda config: config["config"]["layers"].insert(2, copy.deepcopy(layer(config, "conv"))))


@bad("h5", "the output is a layer that is not there")
def output_unknown(path):
    rewired(path, lambda config: config["config"].update(output_layers=[["elsewhere", 0, 0]]))


@bad("h5", "no output")
def output_missing(path):
    rewired(path, lambda config: config["config"].update(output_layers=[]))


# What HDF5 can do


@bad("h5", "the kernel of conv is a link to another file")
def external_link(path):
    def change(file):
        del file[KERNEL]
        file[KERNEL] = h5py.ExternalLink("other.h5", "/secret")

    opened(path, change)


@bad("h5", "the weights are a link to /etc/passwd")
def external_link_of_group(path):
    def change(file):
        del file["model_weights"]
        file["model_weights"] = h5py.ExternalLink("/etc/passwd", "/")

    opened(path, change)


@bad("h5", "the kernel of conv is a soft link to a dataset that is there")
def soft_link(path):
    def change(file):
        file.move(KERNEL, "hidden")
        file[KERNEL] = h5py.SoftLink("/hidden")

    opened(path, change)


@bad("h5", "the kernel of conv is a soft link to itself, by way of another")
def soft_link_cycle(path):
    def change(file):
        del file[KERNEL]
        file[KERNEL] = h5py.SoftLink("/again")
        file["again"] = h5py.SoftLink(f"/{KERNEL}")

    opened(path, change)


@bad("h5", "the kernel of conv is a soft link to nothing")
def soft_link_dangling(path):
    def change(file):
        del file[KERNEL]
        file[KERNEL] = h5py.SoftLink("/nowhere")

    opened(path, change)


@bad("h5", "a group that contains itself in place of the kernel's")
def hard_link_cycle(path):
    def change(file):
        del file["model_weights/conv/conv"]
        group = file["model_weights/conv"]
        group["conv"] = group
        group.attrs.create("weight_names", np.array([b"conv/" * 40 + b"conv", b"conv/conv"]))

    opened(path, change)


@bad("h5", "the kernel of conv is kept in another file")
def external_storage(path):
    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, (3, 3, 1, 2), "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])

    opened(path, change)


@bad("h5", "the kernel of conv is a virtual dataset of another file")
def virtual_dataset(path):
    def change(file):
        del file[KERNEL]
        layout = h5py.VirtualLayout((3, 3, 1, 2), "f4")
        layout[:] = h5py.VirtualSource("other.h5", "data", (3, 3, 1, 2))
        file.create_virtual_dataset(KERNEL, layout, fillvalue=0.5)

    opened(path, change)


@bad("h5", "the kernel of conv is compressed by LZF, which is not part of HDF5")
def filter_lzf(path):
    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, data=np.zeros((3, 3, 1, 2), "f4"), compression="lzf")

    opened(path, change)


@bad("h5", "the kernel of conv is compressed by bzip2, filter 307, a plugin")
def filter_plugin(path):
    def change(file):
        del file[KERNEL]
        create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create.set_chunk((3, 3, 1, 2))
        create.set_filter(307, h5py.h5z.FLAG_OPTIONAL, (9,))
        parent = file["model_weights/conv/conv"]
        space = h5py.h5s.create_simple((3, 3, 1, 2))
        made = h5py.h5d.create(parent.id, b"kernel:0", h5py.h5t.IEEE_F32LE, space, create)
        made.write_direct_chunk((0, 0, 0, 0), b"BZh91AY&SY not really", 0)

    opened(path, change)


@bad("h5", "a gzip chunk that is not gzip")
def filter_damaged(path):
    def change(file):
        del file[KERNEL]
        made = file.create_dataset(KERNEL, (3, 3, 1, 2), "f4", chunks=(3, 3, 1, 2), compression="gzip")
        made.id.write_direct_chunk((0, 0, 0, 0), bytes(range(60)))

    opened(path, change)


@bad("h5", "the kernel of conv claims 2^20 by 2^20 numbers, none of them stored")
def shape_bomb(path):
    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, (2 ** 20, 2 ** 20), "f4", chunks=(1024, 1024))

    opened(path, change)


@bad("h5", "the extents of the kernel of conv multiply to 2^64")
def shape_overflow(path):
    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, (2 ** 16,) * 4, "u1", chunks=(16,) * 4)

    opened(path, change)


@bad("h5", "one gzip chunk of 16 MB zeros, told by 16 kB, and a shape to match it")
def chunk_bomb(path):
    def change(file):
        del file[KERNEL]
        made = file.create_dataset(KERNEL, (2 ** 22,), "f4", chunks=(2 ** 22,), compression="gzip")
        made.id.write_direct_chunk((0,), zlib.compress(bytes(2 ** 24), 9))

    opened(path, change)


@bad("h5", "a gzip chunk that grows to 16 MB where the shape of the kernel is right (may be read)")
def chunk_grows(path):
    def change(file):
        del file[KERNEL]
        made = file.create_dataset(KERNEL, (3, 3, 1, 2), "f4", chunks=(3, 3, 1, 2), compression="gzip")
        made.id.write_direct_chunk((0, 0, 0, 0), zlib.compress(bytes(2 ** 24), 9))

    opened(path, change)


@bad("h5", "the kernel of conv has 32 extents")
def rank_bomb(path):
    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, (1,) * 28 + (3, 3, 1, 2), "f4", chunks=True)

    opened(path, change)


def patched(path, old, new):
    """Bytes of the file put in the place of others that are found once."""
    content = path.read_bytes()
    if content.count(old) != 1:
        raise SystemExit(f"{path.name}: {content.count(old)} places to patch")
    path.write_bytes(content.replace(old, new))


def length_of_config(path):
    """How the file tells length, heap and place of the variable string that is the configuration."""
    with h5py.File(path) as file:
        length = len(file.attrs["model_config"])
    content = path.read_bytes()
    heaps = [at for at in range(0, len(content), 8) if content[at:at + 4] == b"GCOL"]
    for heap in heaps:
        reference = struct.pack("<IQ", length, heap)
        if content.count(reference) == 1:
            return length, heap, reference
    raise SystemExit(f"{path.name}: no reference to the configuration")


@bad("h5", "model_config claims to be 2 GB long")
def string_bomb(path):
    opened(path, lambda file: None, compact=False)
    _, heap, reference = length_of_config(path)
    patched(path, reference, struct.pack("<IQ", 2 ** 31 - 1, heap))


@bad("h5", "model_config is longer than what is stored of it, which HDF5 1.10 fills up (may be read)")
def string_beyond(path):
    opened(path, lambda file: None, compact=False)
    length, heap, reference = length_of_config(path)
    patched(path, reference, struct.pack("<IQ", length + 4000, heap))


@bad("h5", "model_config claims 16 bytes, and 12 kB are stored in its place of the heap")
def string_overrun(path):
    """HDF5 1.10.8 makes room for what is claimed and copies what is stored: it writes beyond its room."""
    write_model(path, json.dumps(network()) + " " * 12_000, weights(), compact=False)
    _, heap, reference = length_of_config(path)
    patched(path, reference, struct.pack("<IQ", 16, heap))


@bad("h5", "model_config is in a heap that is beyond the file")
def heap_beyond(path):
    opened(path, lambda file: None, compact=False)
    length, _, reference = length_of_config(path)
    patched(path, reference, struct.pack("<IQ", length, 2 ** 48))


@bad("h5", "an object header that goes on in itself")
def header_cycle(path):
    """Version 1 headers continue where a message of kind 16 says: this one says where it is itself."""
    opened(path, lambda file: None, compact=False)
    content = bytearray(path.read_bytes())
    for at in range(0, len(content) - 24, 8):
        kind, size = struct.unpack_from("<HH", content, at)
        offset, length = struct.unpack_from("<QQ", content, at + 8)
        if kind == 16 and size == 16 and 0 < offset < len(content) and 0 < length < len(content):
            struct.pack_into("<QQ", content, at + 8, at, 24)
            path.write_bytes(content)
            return
    raise SystemExit("no header goes on anywhere")


# Archives


def archive(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as made:
        for name, content in members:
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            info.compress_type = method
            made.writestr(info, content)


def weight_member(drop=None):
    held = io.BytesIO()
    entries = weights()
    with CompactFile(held, "w") as file:
        for name, place in (("conv", "conv2d"), ("classes", "dense")):
            for index, (_, values) in enumerate(entries[name]):
                if (place, index) != drop:
                    file[f"layers/{place}/vars/{index}"] = values
    return held.getvalue()


def members(**others):
    sound = {"metadata.json": json.dumps({"keras_version": "3.3.3", "date_saved": "2024-01-01@00:00:00"}),
             "config.json": json.dumps(network()), "model.weights.h5": weight_member()}
    sound.update({name.replace("_json", ".json").replace("_h5", ".weights.h5"): content
                  for name, content in others.items()})
    return [(name, content) for name, content in sound.items() if content is not None]


@bad("keras", "no config.json")
def archive_without_config(path):
    archive(path, members(config_json=None))


@bad("keras", "no model.weights.h5")
def archive_without_weights(path):
    archive(path, members(model_h5=None))


@bad("keras", "config.json is not JSON")
def archive_config_not_json(path):
    archive(path, members(config_json="<model/>"))


@bad("keras", "model.weights.h5 is text")
def archive_weights_not_hdf5(path):
    archive(path, members(model_h5="weights"))


@bad("keras", "the bias of the Dense layer is missing")
def archive_weight_missing(path):
    archive(path, members(model_h5=weight_member(drop=("dense", 1))))


@bad("keras", "config.json is 16 MB of spaces in 16 kB")
def archive_bomb(path):
    archive(path, members(config_json=" " * 2 ** 24), zipfile.ZIP_DEFLATED)


@bad("keras", "config.json says that it is 4 GB long")
def archive_lies(path):
    archive(path, members(), zipfile.ZIP_DEFLATED)
    size = len(json.dumps(network()))
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", size), struct.pack("<I", 2 ** 32 - 2)))


@bad("keras", "the weights are a member called ../model.weights.h5")
def archive_path(path):
    archive(path, [(name.replace("model.w", "../model.w"), content) for name, content in members()])


@bad("keras", "members are marked as encrypted")
def archive_encrypted(path):
    archive(path, members())
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(signature, at + 4)
    path.write_bytes(content)


@bad("keras", "members are compressed by LZMA")
def archive_lzma(path):
    archive(path, members(), zipfile.ZIP_LZMA)


@bad("keras", "the second half is missing")
def archive_truncated(path):
    archive(path, members())
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


@bad("keras", "a byte of the weights is another than its checksum says")
def archive_damaged(path):
    archive(path, members())
    content = bytearray(path.read_bytes())
    content[-900] ^= 0x40
    path.write_bytes(content)


@bad("keras", "a zip file that is no model")
def archive_of_text(path):
    archive(path, [("readme.txt", "hello")])


@bad("keras", "a Lambda as Keras 3 writes it")
def archive_lambda(path):
    function = {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA", "defaults": None, "closure": None}}
    config = network(entry("Lambda", "double", ["conv"], function=function, arguments={}))
    archive(path, members(config_json=json.dumps(config)))


@bad("keras", "a model of somebody's own class, which has no list of layers")
def archive_subclassed(path):
    config = {"module": "mynet", "class_name": "MyNet", "config": {}, "registered_name": "MyNet"}
    archive(path, members(config_json=json.dumps(config)))


# Arguments


@bad("h5", "conv has an argument that is not known")
def argument_unknown(path):
    changed(path, "conv", whitening="zca")


@bad("h5", "conv computes with whole numbers")
def argument_dtype(path):
    changed(path, "conv", dtype="int32")


@bad("h5", "a dropout that is called as in training, as Keras 2 has it")
def argument_training(path):
    dropout = entry("Dropout", "dropout", ["conv"], rate=0.5)
    dropout["inbound_nodes"][0][0][3] = {"training": True}
    write_model(path, network(dropout), weights())


@bad("h5", "a sum of a tensor and numbers, which a layer cannot have")
def argument_constant(path):
    total = entry("Add", "total", ["conv"])
    total["inbound_nodes"][0].append(["_CONSTANT_VALUE", -1, 1.5, {}])
    write_model(path, network(total), weights())


# Recurrent layers


def recurrent(path, kind, shapes, rank=3, **options):
    """A recurrent layer behind the convolution, whose map is a sequence of four steps; its weights have these shapes."""
    rows = entry("Reshape", "rows", ["conv"], target_shape=[2, 4] if rank == 3 else [2, 2, 2])
    layer = entry(kind, "memory", ["rows"], **{"units": 3, "use_bias": True, "return_sequences": True, **options})
    arrays = [(f"memory/{index}:0", np.full(shape, 0.1, "f4")) for index, shape in enumerate(shapes)]
    entries = weights()
    entries = {"image": [], "conv": entries["conv"], "memory": arrays, "classes": entries["classes"]}
    write_model(path, network(rows, layer), entries)


GATES = [(4, 12), (3, 12), (12,)]


@bad("h5", "an LSTM whose recurrent weights are of another number of units")
def recurrent_shape(path):
    recurrent(path, "LSTM", [(4, 12), (4, 12), (12,)])


@bad("h5", "an LSTM with one array of weights")
def recurrent_missing(path):
    recurrent(path, "LSTM", GATES[:1])


@bad("h5", "an LSTM that reads a map")
def recurrent_rank(path):
    recurrent(path, "LSTM", GATES, rank=4)


@bad("h5", "an LSTM of 2^40 units")
def recurrent_huge(path):
    recurrent(path, "LSTM", GATES, units=1 << 40)


@bad("h5", "an LSTM that keeps its state from one batch to the next")
def recurrent_stateful(path):
    recurrent(path, "LSTM", GATES, stateful=True)


@bad("h5", "an LSTM with a function that is not read")
def recurrent_activation(path):
    recurrent(path, "LSTM", GATES, activation="softmax")


@bad("h5", "a wrapper whose layers both read forwards")
def bidirectional_forwards(path):
    inner = {"class_name": "LSTM", "config": {"name": "lstm", "units": 3, "use_bias": True}}
    recurrent(path, "Bidirectional", GATES + GATES, layer=inner, backward_layer=inner, merge_mode="concat")


@bad("h5", "a wrapper of a layer that is not recurrent")
def bidirectional_dense(path):
    inner = {"class_name": "Dense", "config": {"name": "dense", "units": 3, "use_bias": True}}
    recurrent(path, "Bidirectional", [(4, 3), (3,)] * 2, layer=inner, merge_mode="concat")


@bad("h5", "a wrapper without a layer")
def bidirectional_empty(path):
    recurrent(path, "Bidirectional", [], layer=None, merge_mode="concat")


@bad("h5", "a wrapper that merges in an unknown way")
def bidirectional_mode(path):
    inner = {"class_name": "LSTM", "config": {"name": "lstm", "units": 3, "use_bias": True}}
    recurrent(path, "Bidirectional", GATES + GATES, layer=inner, merge_mode="median")


def write_all(folder):
    lines = ["# Files that are refused", "", "Written by `make_fixtures.py`; one fault each. What may be read does no harm.",
             ""]
    for name, (write, fault) in sorted(BAD.items()):
        write(folder / name)
        size = (folder / name).stat().st_size
        if size > 30_000:
            raise SystemExit(f"{name} has {size} bytes")
        lines.append(f"- `{name}`: {fault}")
    (folder / "README.md").write_text("\n".join(lines) + "\n")
