#!/usr/bin/env python3
"""Writes arguments.keras2.zip and arguments.keras3.zip: every argument of everything that pex reads, with other values.

usage: argument_cases.py [--only conv] [--version 3]     writes next to itself; README.md names the versions

A case is a model of one layer or function in Keras 2 or Keras 3, its configuration as Keras writes it, and what Keras
computes once it has read that configuration again. The test demands the same numbers, or a refusal that names the
argument. What Keras itself refuses is no case. An argument of a class for which nothing stands here ends the script.
"""

import argparse
import hashlib
import inspect
import io
import json
import math
import os
import pathlib
import sys
import warnings
import zipfile

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS="0")

import h5py
import keras
import numpy as np
import tensorflow as tf
import tf_keras

from argument_values import FUNCTIONS2, FUNCTIONS3, LAYERS, TRAINING, VALUES
from recipe import CompactFile, random_weight

HERE = pathlib.Path(__file__).parent
warnings.simplefilter("ignore")
VERSIONS = {2: tf_keras, 3: keras}
FUNCTIONS = {2: FUNCTIONS2, 3: FUNCTIONS3}
#: The most numbers of an output that are stored.
NUMBERS = 120
#: Extents of the inputs of cases, the batch left out.
SHAPES = {"vector": (6,), "series": (7, 4), "image": (6, 5, 4), "volume": (4, 3, 4, 2), "rgb": (6, 5, 3),
          "sequence": (3, 6, 5, 4), "square": (4, 4), "square_map": (4, 8, 2)}
ARRAYS = {name: np.round(np.random.default_rng(7).normal(0, 1.5, (2, *shape)), 3).astype("f4")
          for name, shape in SHAPES.items()}


class Refused(Exception):
    """Keras does not take this value."""


def weights_of(model):
    """Random weights by their place, the same for the same shapes."""
    places = {}

    def visit(layers, place):
        used = {}
        for layer in layers:
            word = VERSIONS[3].src.utils.naming.to_snake_case(type(layer).__name__)
            number = used.get(word, 0)
            used[word] = number + 1
            here = f"{place}/{word}" + (f"_{number}" if number else "")
            inner = [getattr(layer, key) for key in ("layer", "forward_layer", "backward_layer", "cell") if
                     getattr(layer, key, None) is not None]
            if getattr(layer, "layers", None):
                visit(layer.layers, f"{here}/layers")
            elif inner:
                for key in ("layer", "forward_layer", "backward_layer", "cell"):
                    part = getattr(layer, key, None)
                    if part is not None and not (key == "layer" and hasattr(layer, "forward_layer")):
                        own(part, f"{here}/{key}")
            else:
                own(layer, here)

    def own(layer, here):
        cell = getattr(layer, "cell", None)
        if cell is not None:
            return own(cell, f"{here}/cell")
        for index, weight in enumerate(w for w in layer.weights if "seed" not in w.name and "count" not in w.name):
            random = np.random.default_rng(int(hashlib.sha256(f"{index}{weight.shape}".encode()).hexdigest()[:8], 16))
            value = random_weight(weight.name.split("/")[-1].split(":")[0], tuple(weight.shape), random)
            weight.assign(value)
            places[f"{here}/vars/{index}"] = value

    visit([layer for layer in model.layers], "layers")
    return places


def rounded(array):
    """Numbers to a hundred-thousandth of the largest: what the test tolerates is ten times as much."""
    largest = float(np.abs(array).max())
    digits = 5 - math.floor(math.log10(largest)) if largest else 0
    numbers = [round(float(number), digits) for number in array.ravel()]
    return [int(number) if number == int(number) else number for number in numbers]


def told(output):
    """An output's shape and numbers; of a large one evenly spaced numbers, an odd step apart."""
    step = -(-output.size // NUMBERS)
    step += 1 - step % 2
    return {"shape": output.shape, "step": step, "numbers": rounded(output)[::step]}


def weight_file(places):
    buffer = io.BytesIO()
    with CompactFile(buffer, "w") as file:
        file.create_group("layers")
        for place, value in places.items():
            file[place] = value
    return buffer.getvalue()


class Archive:
    """Cases of both versions, with weights that many share."""

    def __init__(self):
        self.cases, self.files, self.counts = [], {}, {}
        self.standard = None

    def add(self, version, kind, argument, value, names, model):
        module = VERSIONS[version]
        config = json.loads(model.to_json())
        reread = module.models.model_from_json(json.dumps(config))
        places = weights_of(reread)
        # The second of two equal inputs holds the first's numbers backwards.
        arrays = [ARRAYS[name][..., ::-1] if index else ARRAYS[name] for index, name in enumerate(names)]
        outputs = reread(arrays, training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        outputs = [np.asarray(tf.cast(output, "float32")) for output in outputs]
        if not all(output.size and np.isfinite(output).all() for output in outputs):
            raise Refused("nothing, or not finite")
        image = weight_file(places)
        about = repr([(place, value.shape, float(value.sum())) for place, value in places.items()])
        path = f"weights/{hashlib.sha256(about.encode()).hexdigest()[:12]}.h5"
        self.files.setdefault(path, image)
        outputs = [told(output) for output in outputs]
        if argument == "(defaults)":
            self.standard = outputs
        self.cases.append({
            "version": version, "kind": kind, "argument": argument, "value": repr(value)[:60], "inputs": names,
            "weights": path, "config": json.dumps(lean(config)),
            # Nothing where the argument makes no difference.
            "outputs": None if outputs == self.standard and argument != "(defaults)" else outputs})

    def write(self, path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            def put(name, data):
                archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)

            put("inputs.json", json.dumps({n: {"shape": a.shape, "numbers": [float(f"{x:.7g}") for x in a.ravel()]}
                                           for n, a in ARRAYS.items()}))
            # Cases that are alike stand side by side: what a packer finds again lies near.
            lines = [json.dumps(case, sort_keys=True, separators=(",", ":")) for case in self.cases]
            put("cases.json", "[\n" + ",\n".join(lines) + "\n]\n")
            for name, data in sorted(self.files.items()):
                put(name, data)


def lean(config):
    """Without what no reader needs: how weights were initialised where that is the default, and how it was built."""
    if isinstance(config, dict):
        return {key: lean(value) for key, value in config.items()
                if key not in ("build_config", "compile_config") and not default_initializer(key, value)}
    return [lean(value) for value in config] if isinstance(config, list) else config


def default_initializer(key, value):
    return key.endswith("_initializer") and isinstance(value, dict) and value.get("class_name") in (
        "Zeros", "Ones", "GlorotUniform", "Orthogonal")


def forget(module):
    """Names count from the start again. Without the memory's cleaning, which takes longer than all else."""
    module.utils.set_random_seed(3)
    if hasattr(module.backend, "reset_uids"):
        module.backend.reset_uids()
    else:
        module.utils.clear_session(free_memory=False)


def inputs(module, names, dtype=None):
    return [module.Input(SHAPES[name], name=f"{name}{index or ''}", **({"dtype": dtype} if dtype else {}))
            for index, name in enumerate(names)]


def layer_class(module, kind, spec):
    return spec["class"](module) if "class" in spec else getattr(module.layers, kind, None)


def layer_values(spec, argument):
    return spec.get("values", {}).get(argument, TRAINING.get(argument, VALUES.get(argument)))


def arguments_of_layer(made):
    found = [name for name, p in inspect.signature(made.__init__).parameters.items()
             if name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return found + [name for name in ("name", "trainable", "dtype", "activity_regularizer") if name not in found]


def function_named(version, name):
    function = keras.ops if version == 3 else tf
    for part in name.split("."):
        function = getattr(function, part)
    return function


def arguments_of_function(function, spec):
    found = [a for a, p in inspect.signature(function).parameters.items()
             if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return found[spec.get("tensors", len(spec.get("inputs", ["image"]))):]


def without_value(version, functions):
    """Arguments for which no other value stands here."""
    for kind, spec in LAYERS.items():
        made = layer_class(VERSIONS[version], kind, spec)
        for argument in arguments_of_layer(made) if made else []:
            if layer_values(spec, argument) is None:
                yield f"keras{version} {kind}: {argument}"
    for name, spec in functions.items():
        for argument in arguments_of_function(function_named(version, name), spec):
            if spec.get("values", {}).get(argument, VALUES.get(argument)) is None:
                yield f"keras{version} {name}: {argument}"


def layer_cases(archive, version, kind, spec, only):
    """A class with its defaults, then each of its arguments with another value."""
    module = VERSIONS[version]
    made = layer_class(module, kind, spec)
    if made is None or only not in kind.lower():
        return
    names = spec.get("inputs", ["image"])

    def build(options, call={}):
        forget(module)
        tensors = inputs(module, names)
        built = dict(spec.get("base", {}), **options)
        for key, value in built.items():
            built[key] = value(module) if callable(value) and getattr(value, "__name__", "") == "<lambda>" else value
        output = made(**built)(tensors if len(tensors) > 1 else tensors[0], **call)
        return module.Model(tensors, output, name="model")

    arguments = arguments_of_layer(made)
    attempt(archive, version, kind, "(defaults)", None, names, lambda: build({}))
    for argument in arguments:
        values = layer_values(spec, argument)
        for value in values:
            options = value if isinstance(value, dict) and argument in value else {argument: value}
            attempt(archive, version, kind, argument, options[argument], names, lambda o=options: build(o))
    for argument, value in (("training", True), *spec.get("call", [])):
        attempt(archive, version, kind, argument, value, names, lambda a=argument, v=value: build({}, {a: v}))


def function_cases(archive, version, name, spec, only):
    """A function with the arguments that it needs, then each of the others with another value."""
    module = VERSIONS[version]
    if only not in name.lower():
        return
    function = function_named(version, name)
    names = spec.get("inputs", ["image"])

    def build(options):
        forget(module)
        tensors = inputs(module, names)
        built = dict(spec.get("base", {}), **options)
        call = spec.get("call", lambda f, t, o: f(*t, **o))
        output = call(function, tensors, built)
        return module.Model(tensors, output, name="model")

    arguments = arguments_of_function(function, spec)
    attempt(archive, version, name, "(defaults)", None, names, lambda: build({}))
    for argument in arguments:
        values = spec.get("values", {}).get(argument, VALUES.get(argument))
        for value in values:
            options = value if isinstance(value, dict) and argument in value else {argument: value}
            attempt(archive, version, name, argument, options[argument], names, lambda o=options: build(o))


def attempt(archive, version, kind, argument, value, names, build):
    key = f"keras{version}"
    counts = archive.counts.setdefault(key, {"cases": 0, "refused by Keras": []})
    try:
        archive.add(version, kind, argument, value, names, build())
        counts["cases"] += 1
    except Exception as problem:  # noqa: BLE001: whatever Keras says, it is no case
        said = (str(problem) or type(problem).__name__).splitlines()[0][:100]
        counts["refused by Keras"].append(f"{kind} {argument}={value!r}: {said}")
        if argument == "(defaults)":
            print(f"keras{version} {kind}: {problem!r}"[:300], flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="classes and functions whose name contains this")
    parser.add_argument("--into", type=pathlib.Path, default=HERE, help="another folder to write to")
    parser.add_argument("--version", type=int, choices=(2, 3), help="of Keras alone")
    parser.add_argument("--refused", action="store_true", help="say what Keras refuses")
    options = parser.parse_args()
    missing = [text for version, functions in FUNCTIONS.items() for text in without_value(version, functions)]
    if missing:
        sys.exit("no other value for\n  " + "\n  ".join(missing))
    for version, functions in FUNCTIONS.items():
        if options.version in (None, version):
            write(version, functions, options)


def write(version, functions, options):
    archive = Archive()
    for kind, spec in LAYERS.items():
        layer_cases(archive, version, kind, spec, options.only.lower())
    for name, spec in functions.items():
        function_cases(archive, version, name, spec, options.only.lower())
    archive.write(options.into / f"arguments.keras{version}.zip")
    for key, counts in archive.counts.items():
        print(key, counts["cases"], "cases,", len(counts["refused by Keras"]), "refused by Keras")
        if options.refused:
            print("  " + "\n  ".join(counts["refused by Keras"]))


if __name__ == "__main__":
    main()
