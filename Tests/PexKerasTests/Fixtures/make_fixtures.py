#!/usr/bin/env python3
"""Writes the Keras files in this folder, the arrays that go in and what Keras makes of them.

usage: make_fixtures.py [--only conv]     writes next to itself; README.md names the versions

Weights and arrays are random and the same in every run. Every file that Keras itself can load is loaded again and has
to give the same numbers before it counts.
"""

import argparse
import os
import pathlib

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import tensorflow
import tf_keras

import bad_files
import complaint_fixtures  # noqa: F401: declares fixtures
import keras1_files
import layer_fixtures  # noqa: F401
import recurrent_fixtures  # noqa: F401
import structure_fixtures  # noqa: F401
import weight_files
from recipe import FIXTURES, empty, listing, make

HERE = pathlib.Path(__file__).parent
VERSIONS = {2: tf_keras, 3: keras}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="fixtures whose name contains this")
    parser.add_argument("--into", type=pathlib.Path, default=HERE, help="another folder to write to")
    options = parser.parse_args()
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    for version, module in VERSIONS.items():
        folder, archive = empty(options.into / f"keras{version}"), empty(options.into / f"keras{version}-archive")
        with listing(folder) as told:
            for name, made in FIXTURES.items():
                if options.only in name and version in made.versions:
                    print(f"keras{version} {name}", flush=True)
                    told[name] = make(made, module, folder, archive)
    for name, files in (("keras1", keras1_files), ("weights-only", weight_files)):
        folder = empty(options.into / name)
        with listing(folder) as told:
            files.write_all(folder, told)
    bad_files.write_all(empty(options.into / "bad"))


if __name__ == "__main__":
    main()
