"""The networks, and their files in the form that each engine reads. A file is made once."""

import functools
import json
import os
import pathlib
import sys
import tempfile
from dataclasses import dataclass

import numpy

from console import progress, run

HERE = pathlib.Path(__file__).resolve().parent
MAKE_TORCHVISION = HERE.parent / "Tests" / "Interop" / "make_torchvision.py"
MAKE_TFLITE = HERE / "make_tflite.py"


@dataclass(frozen=True)
class Network:
    name: str
    torchvision: str
    size: int


NETWORKS = {
    network.name: network
    for network in [
        Network("resnet50", "resnet50", 224),
        Network("resnet18", "resnet18", 224),
        Network("vgg16", "vgg16", 224),
        Network("mobilenet_v2", "mobilenet_v2", 224),
        Network("mobilenet_v3_small", "mobilenet_v3_small", 224),
        Network("squeezenet1_1", "squeezenet1_1", 224),
        Network("resnet18_32", "resnet18", 32),
    ]
}


class Models:
    """A folder of models, filled on demand."""

    def __init__(self, folder, programs):
        self.folder = folder
        self.programs = programs
        folder.mkdir(parents=True, exist_ok=True)

    def onnx(self, network):
        """Opset 17, batch 1: peers plan best for sizes that are known."""

        def make(folder):
            command = [sys.executable, MAKE_TORCHVISION, folder, "--models", network.torchvision, "--opsets", "17", "--static"]
            run([*command, "--size", str(network.size)] if network.size != 224 else command)
            return next(folder.glob("*.onnx"))

        return self._once(network, ".onnx", make)

    def ncnn(self, network):
        source = self.onnx(network)

        def make(folder):
            # pnnx writes more files than are wanted beside its input.
            (folder / "model.onnx").symlink_to(source)
            pnnx = pathlib.Path(sys.executable).parent / "pnnx"
            run([pnnx, "model.onnx", f"inputshape=[1,3,{network.size},{network.size}]", "fp16=0"], folder)
            # The weights first: the other file tells that all is done.
            os.replace(folder / "model.ncnn.bin", self.folder / f"{network.name}.ncnn.bin")
            return folder / "model.ncnn.param"

        return self._once(network, ".ncnn.param", make)

    def tflite(self, network):
        def make(folder):
            path = folder / "model.tflite"
            run([sys.executable, MAKE_TFLITE, network.torchvision, str(network.size), path])
            return path

        return self._once(network, ".tflite", make)

    @functools.cache
    def bundle(self, network, name="", *options):
        """A bundle of the programs that are measured: made anew in every run, as they may have changed."""
        path = self.folder / f"{network.name}{name}.pex"
        run([self.programs / "pexconvert", self.onnx(network), *(options or ["--exits", "none"]), "-o", path, "--force"])
        return path

    def multiply_accumulates(self, network):
        listed = run([self.programs / "pexconvert", self.onnx(network), "--list-exits", "--json"])
        return json.loads(listed)["total"]["macs"]

    @functools.cache
    def input(self, network):
        """What every engine computes on: noise, the same for all."""
        path = self.folder / f"input{network.size}.npy"
        noise = numpy.random.default_rng(5).standard_normal((1, 3, network.size, network.size))
        numpy.save(path, noise.astype(numpy.float32))
        return path

    def _once(self, network, suffix, make):
        path = self.folder / f"{network.name}{suffix}"
        if not path.exists():
            progress(f"making {path.name}")
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                os.replace(make(pathlib.Path(folder)), path)
        return path
