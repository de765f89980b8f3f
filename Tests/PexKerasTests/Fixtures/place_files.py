#!/usr/bin/env python3
"""Writes places/: .keras archives whose weights lie elsewhere, of Keras 2.12 and 2.13 and of Keras 2 on Windows.

usage: place_files.py              with tensorflow-cpu 2.13.1, which brings Keras 2.13, and again with tf_keras

Keras 2.12 and 2.13 list layers with weights twice, so that their numbers count 0, 2, 4 …. On Windows Keras 2 joins the
parts of a place with a backslash: one group is called `layers\\conv2d`. Here its own function is made to do so.
"""

import io
import os
import pathlib
import zipfile

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS="0")

import numpy as np

try:
    import tf_keras as keras
    WORD = "windows"
except ImportError:
    from tensorflow import keras
    WORD = "twice"

FOLDER = pathlib.Path(__file__).parent / "places"


def models():
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    tensor = layers.Conv2D(4, 3, activation="relu", name="a")(image)
    tensor = layers.BatchNormalization()(layers.Conv2D(5, 3, name="b")(tensor))
    tensor = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(5, 1, name="c")(tensor)))
    functional = keras.Model(image, layers.Dense(3, name="d")(layers.GlobalAveragePooling2D()(tensor)))
    yield "functional", functional
    yield "sequential", keras.Sequential([
        keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.ReLU(), layers.Conv2D(5, 3), layers.ReLU(),
        layers.GlobalAveragePooling2D(), layers.Dense(4), layers.Dense(3)])
    yield "nested", keras.Sequential([functional, layers.Dense(4), layers.Dense(2)])
    yield "recurrent", keras.Sequential([
        keras.Input((4, 6, 6, 3)), layers.TimeDistributed(layers.Conv2D(3, 3)),
        layers.TimeDistributed(layers.Flatten()), layers.TimeDistributed(layers.Dense(5)),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)), layers.Bidirectional(layers.GRU(2)),
        layers.Dense(2)])


def packed(path):
    """The same archive, made smaller: Keras does not compress it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)


def main():
    FOLDER.mkdir(exist_ok=True)
    if WORD == "windows":
        from tf_keras.src.saving import saving_lib
        saving_lib.tf.io.gfile.join = lambda *parts: "\\".join(part for part in parts if part)
    random = np.random.default_rng(5)
    for name, model in models():
        model.set_weights([random.uniform(0.1, 0.9, w.shape).astype("f4") * (1 if w.ndim == 1 else random.choice([-1, 1], w.shape))
                           for w in model.get_weights()])
        array = random.standard_normal((2, *model.input_shape[1:])).astype("f4")
        path = FOLDER / f"{WORD}_{name}.keras"
        model.save(path, save_format="keras")
        packed(path)
        np.save(FOLDER / f"{WORD}_{name}.in0.npy", array)
        np.save(FOLDER / f"{WORD}_{name}.out0.npy", np.asarray(model(array, training=False)))


if __name__ == "__main__":
    main()
