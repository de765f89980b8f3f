#!/usr/bin/env python3
"""Train the Keras sample model on CPU, on the digits of ../digits, and write it as HDF5.

usage: make.py [OUT]        (default: the folder of this script)

Writes OUT/digits.h5 and expected.json, and prints the accuracies and digests that ../README.md quotes. Takes about a
minute on one core. The digits, their split and the person are those of ../digits.

Needs: keras 3, tensorflow (any CPU build), scikit-learn, numpy, pillow.
"""
import hashlib
import os
import sys

# Before TensorFlow is loaded: no log of its start, no sums whose order depends on the processor's libraries.
os.environ.update(KERAS_BACKEND="tensorflow", CUDA_VISIBLE_DEVICES="-1")
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(SAMPLES, "digits"))

import pictures
from pictures import SIDE

EPOCHS, BATCH, RATE = 20, 64, 0.05
SHIFT = 3  # pixels
MOMENTUM = 0.9  # of the running statistics: Keras' 0.99 is meant for longer training
EXPECTED = 5  # pictures
SEED = 0


def normalised(x, layer, relu=True, **batch_norm):
    """A layer without bias, its batch norm and, unless the sum of a block follows, a ReLU."""
    name = layer.name
    x = layers.BatchNormalization(name=f"{name}_bn", momentum=MOMENTUM, **batch_norm)(layer(x))
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def convolution(name, channels, side=3, stride=1):
    return layers.Conv2D(channels, side, stride, padding="same", use_bias=False, name=name)


def separable(name, channels, stride=1):
    return layers.SeparableConv2D(channels, 3, stride, padding="same", use_bias=False, name=name)


def residual(x, name):
    """Two 3x3 convolutions with a shortcut (He et al. 2015, arXiv 1512.03385)."""
    y = normalised(x, convolution(f"{name}_conv1", x.shape[-1]))
    y = normalised(y, convolution(f"{name}_conv2", x.shape[-1]), relu=False)
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))


def reduction(x, name, channels):
    """Half the extents by separable convolutions, with a 1x1 convolution as the shortcut (after Chollet 2016, arXiv
    1610.02357). What the next layer scales, or the other branch shifts, a batch norm need not.
    """
    y = normalised(x, separable(f"{name}_sep1", channels, 2), scale=False)
    y = normalised(y, separable(f"{name}_sep2", channels), relu=False)
    shortcut = normalised(x, convolution(f"{name}_shortcut", channels, 1, 2), relu=False, center=False)
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([shortcut, y]))


def network():
    """Picture, levels 0...255, to probabilities; and what every block gives."""
    image = keras.Input((SIDE, SIDE, 1), name="image")
    shift = layers.RandomTranslation(SHIFT / SIDE, SHIFT / SIDE, fill_mode="constant", seed=SEED, name="shift")
    # The layer takes training for granted: without the None, model(x) would shift the pictures too.
    x = shift(image, training=None)
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(x)
    taps = [normalised(x, convolution("stem", 16, stride=2))]
    taps.append(residual(taps[-1], "block1"))
    taps.append(residual(taps[-1], "block2"))
    taps.append(reduction(taps[-1], "block3", 32))
    taps.append(residual(taps[-1], "block4"))
    # One block used twice: both uses share its weights.
    refine = keras.Sequential(
        [
            keras.Input((SIDE // 4, SIDE // 4, 32)),
            separable("sep", 32),
            layers.BatchNormalization(momentum=MOMENTUM, scale=False, name="bn"),
            layers.ReLU(name="relu"),
        ],
        name="refine",
    )
    for name in ["block5", "block6"]:
        taps.append(layers.Add(name=name)([taps[-1], refine(taps[-1])]))
    taps.append(reduction(taps[-1], "block7", 56))
    taps.append(residual(taps[-1], "block8"))
    x = layers.Flatten(name="flatten")(taps[-1])
    x = layers.Dropout(0.3, name="dropout1")(x)
    x = layers.Dense(64, activation="relu", name="hidden")(x)
    x = layers.Dropout(0.3, name="dropout2")(x)
    digit = layers.Dense(10, activation="softmax", name="digit")(x)
    return keras.Model(image, digit, name="digits"), taps


def train(model, x, y):
    """SGD; the model itself shifts the digits by up to three pixels."""
    steps = EPOCHS * -(-len(x) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=RATE, warmup_steps=steps // 4)
    optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    # The file keeps the loss; an optimizer without momentum spares it a second copy of the weights.
    model.compile(keras.optimizers.SGD(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"])


def read(folder):
    """What a Keras program that reads the folder gets: levels 0...255 as [N,32,32,1], class numbers and file names."""
    levels, labels, names = pictures.read(os.path.join(SAMPLES, "digits", folder))
    return levels[..., None].astype("float32"), labels, names


def work(model):
    """Multiply-accumulates of one picture, a shared layer counted each time it is used."""
    function = tf.function(lambda x: model(x, training=False))
    graph = function.get_concrete_function(tf.TensorSpec([1, SIDE, SIDE, 1])).graph
    total = 0
    for operation in graph.get_operations():
        if operation.type in ("Conv2D", "DepthwiseConv2dNative", "MatMul"):
            output, kernel = operation.outputs[0].shape, operation.inputs[1].shape
            total += output.num_elements() * kernel.num_elements() // output[-1]
    return total


def pooled(tap):
    return np.concatenate([tap.mean((1, 2)), tap.max((1, 2))], 1)


def report(model, taps):
    """The whole network on both tests, and for each tap a linear head trained on the person's training pictures."""
    total = work(model)
    print(f"{model.count_params()} parameters, {total} multiply-accumulates")
    x, y, _ = read("general/test")
    print(f"general test: {(model.predict(x, verbose=0).argmax(1) == y).mean():.1%} of {len(y)}")
    x, y, _ = read("person/train")
    xt, yt, _ = read("person/test")
    base = (model.predict(xt, verbose=0).argmax(1) == yt).mean()
    print(f"person test:  {base:.1%} of {len(yt)}")
    for index, name in enumerate(taps):
        trunk = keras.Model(model.input, model.get_layer(name).output)
        features = [pooled(trunk.predict(samples, verbose=0)) for samples in (x, xt)]
        score = pictures.linear_head(features[0], y, features[1], yt)
        gain = (score - base) * 100
        print(f"{name:10}: {work(trunk) / total:6.1%} of MACs, linear head {score:.1%} ({gain:+.1f} points)")


def expect(model, path):
    """The probabilities of the general test pictures the network is least sure of: sure ones hide differences."""
    x, _, names = read("general/test")
    probabilities = model.predict(x, verbose=0)
    lines = []
    for i in sorted(np.argsort(probabilities.max(1), kind="stable")[:EXPECTED]):
        # The fewest digits that give the same f32 again.
        numbers = ", ".join(str(p) for p in probabilities[i])
        lines.append(f'  "{os.path.relpath(names[i], SAMPLES)}": [{numbers}]')
    with open(path, "w") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else HERE
    os.makedirs(out, exist_ok=True)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(SEED)

    images, labels, rest, _ = pictures.whole_set()
    model, taps = network()
    names = [tap._keras_history.operation.name for tap in taps]
    x = np.stack([np.asarray(image) for image in images[:rest]])[..., None].astype("float32")
    train(model, x, np.array(labels[:rest]))

    path = os.path.join(out, "digits.h5")
    model.save(path)
    model = keras.models.load_model(path)
    report(model, names)
    expect(model, os.path.join(out, "expected.json"))
    for name in ["digits.h5", "expected.json"]:
        print(hashlib.sha256(open(os.path.join(out, name), "rb").read()).hexdigest(), name)


if __name__ == "__main__":
    main()
