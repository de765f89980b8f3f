"""Writes keras.applications with random weights, the arrays that go in and what Keras makes of them.

    python make_keras_applications.py FOLDER [--models MobileNet,ResNet50|all] [--classifiers softmax,logits]
                                      [--formats keras3.h5,keras2.h5,keras3.keras] [--threads N]

Files are FOLDER/NAME.FORMAT, with classifier_activation=None FOLDER/NAME-logits.FORMAT; beside them NAME.keras3.in0.npy
and NAME.keras3.out0.npy (an archive and the .h5 of its version share them), and fixtures.json with the names of inputs
and outputs. `keras2` is tf_keras. Batch norms have the statistics of noise, disturbed, and scales and shifts that are
not 1 and 0; the classifier is scaled so that logits differ by about 1.
"""

import argparse
import json
import os
import pathlib
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

import numpy as np

#: By size.
ALL = [
    "MobileNetV3Small", "MobileNetV2", "MobileNet", "NASNetMobile", "EfficientNetB0", "EfficientNetV2B0",
    "DenseNet121", "Xception", "InceptionV3", "ResNet50", "ResNet50V2", "ConvNeXtTiny", "InceptionResNetV2", "VGG16"]
FORMATS = ["keras3.h5", "keras2.h5", "keras3.keras"]
#: Pixels a side, where it is not 224.
SIZES = {"Xception": 299, "InceptionV3": 299, "InceptionResNetV2": 299}
#: Networks that begin with levels from 0 to 255.
LEVELS = ("MobileNetV3", "EfficientNet", "ConvNeXt")
#: How much of their fresh weights the gates of squeeze and excitation keep: with all of it rounding grows a lot.
GATE = 0.25


def keras_of(version):
    if version == "keras2":
        import tf_keras as module
    else:
        import keras as module
    return module


def every_layer(model):
    """Layers, those of inner models too."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from every_layer(layer)


def short(weight):
    return weight.name.split("/")[-1].split(":")[0]


def randomise(model, generator):
    """Weights of the size that keeps activations at the same size from layer to layer."""
    for layer in every_layer(model):
        kind = type(layer).__name__
        if hasattr(layer, "layers") or kind == "Normalization":
            continue
        gate = GATE if "_se_" in layer.name or "squeeze_excite" in layer.name else 1
        for weight in layer.weights:
            name, shape = short(weight), tuple(weight.shape)
            if "kernel" in name:
                inputs = np.prod(shape[:2]) if "depthwise" in name or kind == "DepthwiseConv2D" else np.prod(shape[:-1])
                weight.assign(gate * np.sqrt(2 / inputs) * generator.standard_normal(shape))
            elif kind == "LayerScale":
                weight.assign(0.3 * generator.standard_normal(shape))
            elif name == "gamma":
                weight.assign(generator.uniform(0.5, 1.5, shape))
            elif name in ("beta", "bias"):
                weight.assign(0.1 * generator.standard_normal(shape))


def set_normalizations(model):
    """Statistics of levels from 0 to 1 for layers that were to adapt to data."""
    for layer in every_layer(model):
        if type(layer).__name__ == "Normalization" and layer.weights:
            for weight in layer.weights:
                if "count" not in short(weight):
                    weight.assign(np.resize([0.48, 0.46, 0.41] if "mean" in short(weight) else [0.05, 0.06, 0.07],
                                            tuple(weight.shape)))
            layer.finalize_state()


def set_statistics(model, images, generator):
    """Gives every batch norm the statistics of these images, disturbed."""
    norms = [layer for layer in every_layer(model) if type(layer).__name__ == "BatchNormalization"]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        mean, variance = np.asarray(norm.moving_mean), np.asarray(norm.moving_variance)
        norm.moving_mean.assign(mean + 0.1 * np.sqrt(variance) * generator.standard_normal(mean.shape))
        norm.moving_variance.assign(variance * generator.uniform(0.75, 1.5, variance.shape) + 1e-3)


def scale_classifier(model, images):
    """Scales the last weighted layer until logits differ visibly between images, and checks that they do."""
    last = [layer for layer in every_layer(model) if any(short(w) == "kernel" for w in layer.weights)][-1]
    for _ in range(3):
        spread = np.asarray(model(images, training=False)).std()
        if 0.5 < spread < 2:
            break
        for weight in last.weights:
            weight.assign(np.asarray(weight) * min(max(1 / max(spread, 1e-12), 1e-6), 1e6))
    logits = np.asarray(model(images, training=False))
    between = logits.std(axis=0).mean()
    if not (np.isfinite(logits).all() and 0.1 < logits.std() < 10 and between > 1e-3):
        raise SystemExit(f"{model.name}: the logits are degenerate: std {logits.std()}, between images {between}")
    return float(logits.std()), float(between)


def noise(name, count, generator):
    """Blurred noise and a little of it that is not blurred, so that images differ as a whole."""
    size = SIZES.get(name, 224)
    coarse = generator.standard_normal((count, size // 16 + 1, size // 16 + 1, 3)).repeat(16, 1).repeat(16, 2)
    images = coarse[:, :size, :size] + 0.3 * generator.standard_normal((count, size, size, 3))
    images += generator.standard_normal((count, 1, 1, 3))
    return (np.clip(127 + 50 * images, 0, 255) if name.startswith(LEVELS) else 0.5 * images).astype("f4")


def built(module, name, activation):
    module.backend.clear_session()
    return getattr(module.applications, name)(weights=None, classifier_activation=activation)


def prepared(module, name):
    """The network with logits, the same weights every time, and how far logits spread."""
    module.utils.set_random_seed(7)
    generator = np.random.default_rng(11)
    model = built(module, name, None)
    randomise(model, generator)
    set_normalizations(model)
    images = noise(name, 4, generator)
    set_statistics(model, images, generator)
    return model, scale_classifier(model, images)


def layer_names(tensors):
    return [(getattr(t._keras_history, "operation", None) or t._keras_history.layer).name for t in tensors]


def write(model, name, version, suffixes, folder, images):
    """Saves the model in its formats, its arrays and its names."""
    stem = f"{name}.{version}"
    expected = np.asarray(model(images, training=False))
    for suffix in suffixes:
        model.save(folder / f"{stem}.{suffix}")
    np.save(folder / f"{stem}.in0.npy", images)
    np.save(folder / f"{stem}.out0.npy", expected)
    listed = folder / "fixtures.json"
    entries = json.loads(listed.read_text()) if listed.exists() else {}
    entries[stem] = {"inputs": layer_names(model.inputs), "outputs": layer_names(model.outputs)}
    listed.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")


def make(name, version, suffixes, classifiers, folder):
    start = time.monotonic()
    module = keras_of(version)
    model, (spread, between) = prepared(module, name)
    images = noise(name, 2, np.random.default_rng(13))
    if "logits" in classifiers:
        write(model, f"{name}-logits", version, suffixes, folder, images)
    if "softmax" in classifiers:
        weights = model.get_weights()
        classifier = built(module, name, "softmax")
        classifier.set_weights(weights)
        for layer in every_layer(classifier):
            if type(layer).__name__ == "Normalization" and layer.weights:
                layer.finalize_state()
        write(classifier, name, version, suffixes, folder, images)
    print(f"{name}.{version}: {', '.join(suffixes)}: logits' std {spread:.3f}, between images {between:.3f}, "
          f"{time.monotonic() - start:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--models", default="all", help="names, or `all`")
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--classifiers", default="softmax,logits")
    parser.add_argument("--threads", type=int, default=0, help="of TensorFlow (default: its own choice)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(options.threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(options.threads)
    formats = [entry.split(".") for entry in options.formats.split(",")]
    for name in ALL if options.models == "all" else options.models.split(","):
        for version in dict.fromkeys(version for version, _ in formats):
            suffixes = [suffix for own, suffix in formats if own == version]
            make(name, version, suffixes, options.classifiers.split(","), options.folder)


if __name__ == "__main__":
    main()
