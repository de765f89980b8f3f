"""Fixtures for what people complain of, named by the complaint's number, and for ways in which numbers are stored.

Some are files that Keras writes; the others are such files with names, strings or numbers put as other versions put
them.
"""

import json

import h5py
import numpy as np

from recipe import fixture
from structure_fixtures import block, stack


# 25: Flatten, then Dense, of images with the channels last


@fixture()
def complaint25_flatten_dense(b):
    image = b.input(5, 4, 3)
    features = b.hidden("Conv2D", image, 4, 2, activation="relu")
    b("direct", "Dense", b.hidden("Flatten", features), 5)
    b("of_input", "Dense", b.hidden("Flatten", image), 5)
    b("behind_dropout", "Dense", b.hidden("Dropout", b.hidden("Flatten", features), 0.5), 5)
    b("reshaped", "Dense", b.hidden("Reshape", features, (-1,)), 5)
    b("flat_itself", "Flatten", features)


@fixture()
def complaint25_flatten_other_ways(b):
    """Layers between Flatten and Dense, several maps into one Dense, and a Dense that two Flattens share."""
    image = b.input(5, 4, 3)
    features = b.hidden("Conv2D", image, 4, 2)
    flat = b.hidden("Flatten", features)
    normed = b.hidden("PReLU", b.hidden("BatchNormalization", flat))
    b("behind_norm", "Dense", normed, 5)
    other = b.hidden("Flatten", b.hidden("MaxPooling2D", image))
    b("joined", "Dense", b.hidden("Concatenate", [flat, other]), 5)
    b("permuted", "Dense", b.hidden("Flatten", b.hidden("Permute", features, (3, 1, 2))), 5)
    b("back", "Conv2D", b.hidden("Reshape", b.hidden("Dense", flat, 24), (2, 3, 4)), 2, 2)
    shared = b.layer("Dense", 3)
    twin = b.hidden("Flatten", b.hidden("Conv2D", image, 4, 2))
    b("shared", "Add", [shared(flat), shared(twin)])


@fixture()
def complaint25_flatten_other_ranks(b):
    series, volume = b.input(6, 3, name="series"), b.input(3, 2, 4, 2, name="volume")
    b("of_series", "Dense", b.hidden("Flatten", b.hidden("Conv1D", series, 4, 2)), 3)
    b("of_volume", "Dense", b.hidden("Flatten", b.hidden("Conv3D", volume, 3, 2)), 3)
    pooled = b.hidden("GlobalAveragePooling1D", series, keepdims=True)
    b("of_pooled", "Dense", b.hidden("Flatten", pooled), 3)


# 26: SAME with stride 2 pads (0, 1) where extents are even


@fixture()
def complaint26_same_stride2(b):
    even, odd = b.input(8, 6, 3, name="even"), b.input(7, 5, 3, name="odd")
    for name, image in (("even", even), ("odd", odd)):
        b(f"conv_{name}", "Conv2D", image, 4, 3, strides=2, padding="same")
        b(f"depthwise_{name}", "DepthwiseConv2D", image, 3, strides=2, padding="same")
        b(f"maximum_{name}", "MaxPooling2D", image, 3, strides=2, padding="same")
        b(f"average_{name}", "AveragePooling2D", image, 3, strides=2, padding="same")
    b("wide", "Conv2D", even, 4, 5, strides=2, padding="same")
    b("even_kernel", "Conv2D", even, 4, 2, strides=1, padding="same")
    b("stride3", "Conv2D", even, 4, 2, strides=3, padding="same")
    b("separable", "SeparableConv2D", even, 4, 3, strides=2, padding="same")


# 27: names split over chunks, with and without a suffix, and all kinds of strings


def named(b):
    """A network whose weights are many enough for names to matter."""
    image = b.input(6, 6, 3)
    tensor = b.hidden("Conv2D", image, 4, 3, name="block_conv")
    tensor = b.hidden("BatchNormalization", tensor, name="block_norm")
    tensor = b.hidden("Flatten", b.hidden("Activation", tensor, "relu"))
    b("classes", "Dense", tensor, 5)


def chunked(group, name, size):
    """Splits an attribute as Keras does above 64 kB."""
    values = group.attrs[name]
    del group.attrs[name]
    for index in range(0, len(values), size):
        group.attrs[f"{name}{index // size}"] = values[index:index + size]


def weight_groups(file):
    """The groups of layers, those with weights alone."""
    weights = file["model_weights"]
    names = weights.attrs["layer_names"]
    return [weights[name] for name in names if len(weights[name].attrs["weight_names"])]


def split_names(file):
    for group in weight_groups(file):
        chunked(group, "weight_names", 1)
    chunked(file["model_weights"], "layer_names", 2)


@fixture(edit=split_names)
def complaint27_split_names(b):
    named(b)


def other_suffixes(file):
    """`:0` where there was none, and none where there was."""
    for group in weight_groups(file):
        changed = []
        for name in group.attrs["weight_names"]:
            changed.append(name[:-2] if name.endswith(":0") else f"{name}:0")
            group.move(name, changed[-1])
        group.attrs["weight_names"] = changed


@fixture(edit=other_suffixes)
def complaint27_other_suffixes(b):
    named(b)


def restrung(file, kind):
    """Every string of the file as `kind` makes it of a list of str."""
    for owner in [file, file["model_weights"], *file["model_weights"].values()]:
        for name in list(owner.attrs):
            value = owner.attrs[name]
            if isinstance(value, str):
                array = kind([value])
                owner.attrs.create(name, array[0] if array.dtype.kind == "S" else value, dtype=array.dtype)
            elif len(value):
                array = kind(list(value))
                owner.attrs.create(name, array, dtype=array.dtype)


def fixed_strings(values):
    return np.array([value.encode() for value in values])


def padded_strings(values):
    """Longer than needed, zeros behind."""
    return fixed_strings(values).astype(f"S{max(map(len, values)) + 9}")


def utf8_strings(values):
    return np.array(values, dtype=h5py.string_dtype("utf-8"))


@fixture(edit=lambda file: restrung(file, fixed_strings))
def complaint27_fixed_strings(b):
    named(b)


@fixture(edit=lambda file: restrung(file, padded_strings))
def complaint27_padded_strings(b):
    named(b)


@fixture(edit=lambda file: restrung(file, utf8_strings))
def complaint27_utf8_strings(b):
    named(b)


def foreign_names(file):
    """Names that are not ASCII, escaped in JSON, as they are in HDF5."""
    weights = file["model_weights"]
    new = {"block_conv": "größe", "block_norm": "正規化"}
    for old, name in new.items():
        weights.move(old, name)
    names = [new.get(name, name) for name in weights.attrs["layer_names"]]
    weights.attrs.create("layer_names", names, dtype=h5py.string_dtype("utf-8"))
    config = file.attrs["model_config"]
    for old, name in new.items():
        config = config.replace(f'"{old}"', json.dumps(name))
    file.attrs["model_config"] = config


@fixture(versions=(3,), edit=foreign_names)
def complaint27_foreign_names(b):
    named(b)


def renamed_weights(file):
    """Weights with names that have nothing to do with the layers: their order counts."""
    for number, group in enumerate(weight_groups(file)):
        changed = []
        for index, name in enumerate(group.attrs["weight_names"]):
            changed.append(f"some/scope_{number}/z{9 - index}")
            group.move(name, changed[-1])
        group.attrs["weight_names"] = changed


@fixture(edit=renamed_weights)
def complaint27_renamed_weights(b):
    named(b)


@fixture(versions=(2,))
def complaint27_slashes(b):
    """Names that are paths, as MobileNetV3 of Keras 2 has them."""
    tensor = b.hidden("Conv2D", b.input(6, 6, 3), 4, 3, name="stage_1/conv")
    tensor = b.hidden("BatchNormalization", tensor, name="stage_1/conv/norm")
    b("stage_1/pool", "GlobalAveragePooling2D", b.hidden("ReLU", tensor, name="stage_1/relu"))


# 28: configurations that differ between versions


def edit_config(file, change):
    config = json.loads(file.attrs["model_config"])
    change(config)
    file.attrs["model_config"] = json.dumps(config)


def unknown_keys(config):
    config["built_with"] = "something newer"
    for index, layer in enumerate(config["config"]["layers"]):
        layer["quantization_config"] = None
        layer["future"] = {"nested": [1, 2, {"deep": None}]}
        layer["remark"] = f"layer {index}"
        layer["config"]["option_of_the_future"] = None
        layer["config"]["magic_initializer"] = {"class_name": "Magic", "config": {"seed": 3}}


@fixture(edit=lambda file: edit_config(file, unknown_keys), unread=(2, 3))
def complaint28_unknown_keys(b):
    named(b)


#: Keys that the first releases of Keras 2 did not write.
LATER_KEYS = ("dtype", "groups", "ragged", "sparse", "batch_shape", "module", "registered_name", "build_config")


def first_keras2(file):
    """As Keras 2.0 wrote a Sequential model: a list, no input layer, its shape in the first layer, fewer keys."""

    def shorter(value):
        if isinstance(value, dict):
            return {key: shorter(entry) for key, entry in value.items() if key not in LATER_KEYS}
        return [shorter(entry) for entry in value] if isinstance(value, list) else value

    def change(config):
        first, *layers = config["config"]["layers"]
        shape = first["config"].get("batch_input_shape") or first["config"]["batch_shape"]
        layers = [shorter(layer) for layer in layers]
        layers[0]["config"].update(batch_input_shape=shape, dtype="float32")
        config["config"] = layers

    edit_config(file, change)
    file.attrs["keras_version"] = "2.0.8"
    file["model_weights"].attrs["keras_version"] = "2.0.8"


@fixture(versions=(2,), edit=first_keras2)
def complaint28_first_keras2(b):
    return b.keras.Sequential(
        [b.keras.Input((6, 6, 3), name="image"), b.layer("Conv2D", 4, 3, activation="relu"),
         b.layer("BatchNormalization"), b.layer("MaxPooling2D"), b.layer("UpSampling2D"), b.layer("Flatten"),
         b.layer("Dense", 5, activation="softmax")], name="model")


def old_class_names(file):
    """Model for Functional, and layers whose class was renamed."""

    def change(config):
        config["class_name"] = "Model"
        for layer in config["config"]["layers"]:
            if layer["class_name"] == "BatchNormalization":
                layer["class_name"] = "BatchNormalizationV1"
                layer["config"]["axis"] = [3]
            if layer["class_name"] == "GlobalAveragePooling2D":
                layer["class_name"] = "GlobalAvgPool2D"
            if layer["class_name"] == "Conv2D":
                layer["class_name"] = "Convolution2D"
            if layer["class_name"] == "Functional":
                change(layer)

    edit_config(file, change)


@fixture(versions=(2,), edit=old_class_names)
def complaint28_old_class_names(b):
    image = b.input(6, 6, 3)
    features = block(b, (6, 6, 3), 4, "backbone")(image)
    b("classes", "Dense", b.hidden("GlobalAveragePooling2D", features), 3)


# 29: models in models, shared at every level


@fixture(archive=(2, 3))
def complaint29_nested_shared(b):
    """A stack inside a model inside a model that is called at two places; layers called twice at two levels."""
    inner_input, middle_input = b.keras.Input((6, 6, 3)), b.keras.Input((6, 6, 3))
    deep, shared = (b.layer("Conv2D", 3, 3, padding="same") for _ in range(2))
    inner = b.keras.Model(inner_input, stack(b, (6, 6, 3), 3, "stack")(deep(deep(inner_input))), name="inner")
    middle = b.keras.Model(
        middle_input, b.hidden("Conv2D", inner(block(b, (6, 6, 3), 3, "block")(middle_input)), 4, 1), name="middle")
    left, right = b.input(6, 6, 3, name="left"), b.input(6, 6, 3, name="right")
    b("both", "Concatenate", [middle(shared(shared(left))), middle(right)])


@fixture()
def complaint29_model_of_two_nodes(b):
    """An inner model made of layers that were called elsewhere before: its nodes do not start at zero."""
    conv, pool = b.layer("Conv2D", 3, 3, name="conv"), b.layer("MaxPooling2D", name="pool")
    elsewhere = b.keras.Input((9, 9, 3))
    pool(conv(elsewhere))
    image = b.input(8, 8, 3)
    first = conv(image)
    b.output(pool(first))
    b("second", "Activation", conv(b.hidden("Activation", first, "tanh")), "relu")


# 30: batch norms without gamma or beta


@fixture()
def complaint30_norms_without(b):
    image = b.input(5, 5, 3)
    for name, options in (("scale", {"center": False}), ("center", {"scale": False}),
                          ("none", {"center": False, "scale": False}), ("all", {})):
        conv = b.hidden("Conv2D", image, 4, 3, use_bias=False)
        b(name, "BatchNormalization", conv, **options)


# How numbers are stored


def stored(file, **options):
    """Writes every dataset again with these options."""
    places = []
    file.visititems(lambda name, found: places.append(name) if isinstance(found, h5py.Dataset) else None)
    for place in places:
        values = file[place][()]
        del file[place]
        settings = {"dtype": values.dtype, **options}
        if values.ndim == 0:
            settings = {"dtype": settings["dtype"]}
        file.create_dataset(place, data=values.astype(settings["dtype"]), **settings)


@fixture(edit=lambda file: stored(file, dtype="f2"), half=True)
def storage_f16(b):
    named(b)


@fixture(edit=lambda file: stored(file, dtype="f8"))
def storage_f64(b):
    named(b)


@fixture(edit=lambda file: stored(file, dtype=">f4"))
def storage_big_endian(b):
    named(b)


@fixture(edit=lambda file: stored(file, compression="gzip", shuffle=True, fletcher32=True, chunks=True))
def storage_gzip_shuffle(b):
    named(b)


@fixture(edit=lambda file: stored(file, chunks=True, maxshape=None))
def storage_chunked(b):
    named(b)
