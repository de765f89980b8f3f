"""Writes the small networks of small_networks.py as ONNX files, by torch's old exporter and by the new one.

    python make_small.py FOLDER [--only interpolate] [--opsets 13,17] [--exporters old,new] [--static]
"""

import argparse
import pathlib

import torch

import small_networks
from exporters import export_all


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="", help="networks whose name contains this")
    parser.add_argument("--opsets", default="all", help="numbers, or `all` that are tried of each exporter")
    parser.add_argument("--exporters", default="old,new", help="old, new or old,new")
    parser.add_argument("--static", action="store_true", help="fix the batch at 1")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    opsets = None if options.opsets == "all" else [int(opset) for opset in options.opsets.split(",")]
    example = torch.randn(1, 3, small_networks.SIZE, small_networks.SIZE)
    for name in small_networks.NETWORKS:
        if options.only not in name:
            continue
        model = small_networks.make(name)
        for path, note in export_all(
                model, example, name, options.folder, options.exporters.split(","), opsets, options.static):
            if note:
                print(f"{path.name}: {note}", flush=True)


if __name__ == "__main__":
    main()
