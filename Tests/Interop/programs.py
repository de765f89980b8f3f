"""What every comparison does: run a program of pex, and say how far its numbers are from the expected ones."""

import json
import subprocess
import time

import numpy


def run(command):
    """Runs a program; its standard error becomes the exception's text when it fails."""
    return timed(command)[0]


def timed(command):
    """Seconds and standard output of a program that ended well."""
    start = time.monotonic()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [""]
        raise RuntimeError(f"{command[0].name} ended with {done.returncode}: {lines[0]}")
    return time.monotonic() - start, done.stdout


def difference(found, expected):
    """max|a-b| / max|b|, infinite where shapes differ or a number is not finite."""
    if found.shape != expected.shape or not numpy.isfinite(found).all():
        return float("inf")
    largest = numpy.abs(expected).max(initial=0)
    gap = numpy.abs(found.astype(numpy.float64) - expected).max(initial=0)
    return float(gap / largest) if largest > 0 else float(gap)


def final_outputs(folder):
    """The network's own outputs by name, as `pexrun --save-outputs` wrote them."""
    listed = json.loads((folder / "outputs.json").read_text())["outputs"]
    return {entry["name"]: numpy.load(folder / entry["file"]) for entry in listed if entry["exit"] is None}
