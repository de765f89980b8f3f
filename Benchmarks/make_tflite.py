"""Writes a network of Tests/Interop/make_torchvision.py, the same weights, as a TFLite model.

    python make_tflite.py NAME SIZE FILE.tflite
"""

import pathlib
import sys

import litert_torch
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Tests" / "Interop"))
import make_torchvision

name, size, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
model, _ = make_torchvision.make(name, size)
litert_torch.convert(model, (torch.randn(1, 3, size, size),)).export(path)
