"""The engines: pex, and the libraries that it is compared with. All of them are used alike:

    with engine.open(network, threads) as opened:
        opened.figures          {"load_ms", "first_ms", "rss_model_mb"} of a fresh process
        opened.time(seconds)    {"min_ms", "p50_ms"}
        opened.output()         the answer to the common input
"""

import contextlib
import functools
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy

from console import BenchError, last_words, run

HERE = pathlib.Path(__file__).resolve().parent


class Peer:
    """A library in a process of its own: peers/MODULE.py."""

    def __init__(self, name, module, package, models, file, cache=None):
        self.name = name
        self.module = module
        self.package = package
        self.models = models
        self.file = file
        self.cache = cache

    @property
    def version(self):
        return importlib.metadata.version(self.package)

    @contextlib.contextmanager
    def open(self, network, threads):
        with tempfile.TemporaryFile("w+") as errors:
            command = [sys.executable, "-m", f"peers.{self.module}", self.file(network), self.models.input(network)]
            command += ["--threads", str(threads)] + (["--cache", self.cache] if self.cache else [])
            process = subprocess.Popen(
                [str(part) for part in command], cwd=HERE, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
            try:
                yield OpenedPeer(f"{self.name} on {network.name}", process, errors)
            finally:
                process.kill()
                process.wait()


class OpenedPeer:
    def __init__(self, name, process, errors):
        self.name = name
        self.process = process
        self.errors = errors
        self.figures = self._answer()

    def time(self, seconds):
        return self._ask(f"time {seconds}")

    def output(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "output.npy"
            self._ask(f"save {path}")
            return numpy.load(path)

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _ask(self, line):
        try:
            print(line, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # the missing answer tells why
        return self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise BenchError(f"{self.name} ended: {last_words(self.errors.read())}")
        return json.loads(line)


class Pex:
    """The program pexrun: it opens the bundle for every measurement, outside of the time that it reports."""

    def __init__(self, name, models, bundle):
        self.name = name
        self.models = models
        self.bundle = bundle

    @contextlib.contextmanager
    def open(self, network, threads):
        yield OpenedPex(self.models.programs / "pexrun", self.bundle(network), self.models.input(network), threads)


class OpenedPex:
    def __init__(self, program, bundle, values, threads):
        self.command = [program, bundle, "--threads", str(threads), "--json"]
        self.values = values

    @functools.cached_property
    def figures(self):
        return self.bench(0.01)

    def bench(self, seconds, *options):
        return json.loads(run([*self.command, f"--bench={seconds}", "--quiet", *options]))

    def time(self, seconds, *options):
        return next(exit for exit in self.bench(seconds, *options)["exits"] if exit["exit"] == "final")

    def output(self):
        with tempfile.TemporaryDirectory() as folder:
            run([*self.command, "--input", f"input={self.values}", "--exit", "final", "--save-outputs", folder, "--force"])
            listed = json.loads((pathlib.Path(folder) / "outputs.json").read_text())["outputs"]
            return numpy.load(pathlib.Path(folder) / next(entry["file"] for entry in listed if entry["exit"] is None))

    def processor_seconds(self):
        return 0  # no process waits


def installed_peers(models, openvino_cache=None):
    """Those that are installed; onnxruntime first: it is what the others' outputs are compared with."""
    found = [
        Peer("onnxruntime", "onnxruntime", "onnxruntime", models, models.onnx),
        Peer("openvino", "openvino", "openvino", models, models.onnx, openvino_cache),
        Peer("ncnn", "ncnn", "ncnn", models, models.ncnn),
    ]
    if all(map(importlib.util.find_spec, ("ai_edge_litert", "litert_torch"))):
        found.append(Peer("TFLite", "tflite", "ai-edge-litert", models, models.tflite))
    return found
