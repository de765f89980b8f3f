"""Whole-model files written by hand: what no Keras of today writes, and what none ever should."""

import json

import h5py
import numpy as np

from recipe import CompactFile


def write_model(path, config, weights, version="2.15.0", compact=True):
    """Writes a file like Keras's: `weights` is {layer: [(name, array), …]} in the order of the layers.

    Strings are fixed where the file is compact, as heaps of variable strings take 4 kB, and variable where it is not.
    """
    strings = np.bytes_ if compact else str
    with (CompactFile if compact else h5py.File)(path, "w") as file:
        file.attrs["keras_version"] = strings(version)
        file.attrs["model_config"] = strings(config if isinstance(config, str) else json.dumps(config))
        write_weights(file.create_group("model_weights"), weights)


def write_weights(group, weights):
    group.attrs["layer_names"] = np.array([name.encode() for name in weights])
    for layer, entries in weights.items():
        place = group.create_group(layer)
        place.attrs["weight_names"] = np.array([name.encode() for name, _ in entries])
        for name, values in entries:
            place.create_dataset(name, data=values)
