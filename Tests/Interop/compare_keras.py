"""Compares pex with Keras on every Keras file of a folder: promise 1, the same numbers.

    python compare_keras.py MODELS --programs FOLDER [--arrays FOLDER] [--only ResNet] [--exits 25%,50%,75%]
                            [--need-exits] [--tolerance 1e-4] [--report FILE.md] [--failures FILE.md]

For each .h5, .hdf5 and .keras file `pexconvert` makes a bundle with exits, `pexrun` computes the outputs for the arrays
NAME.in0.npy … with no exit taken, and max|a-b| / max|b| to NAME.out0.npy … is printed with the number of exit points.
Arrays are found beside the file or in --arrays, the names of inputs and outputs in fixtures.json there: the folders of
make_keras_applications.py and Tests/PexKerasTests/Fixtures have both. A network without a place for those exits is
converted without exits, and the report says so; with --need-exits that is a failure. The exit status is 1 when an
output is above the tolerance or a program fails.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
import tempfile

import numpy

from comparison_report import Result, failures_text, table
from programs import difference, final_outputs, run, timed

SUFFIXES = (".h5", ".hdf5", ".keras")


@dataclasses.dataclass(frozen=True)
class KerasResult(Result):
    """One file: how far pex is from Keras, how many exit points it found, and whether exits stand where asked."""

    points: int = 0
    exits: str = ""

    def __str__(self):
        return f"{super().__str__()}, {self.points} exit points{self.exits}" if not self.error else super().__str__()

    @property
    def network(self):
        """The name in front of what wrote the file, or in front of the suffix."""
        return self.model.rsplit(".", 2 if ".keras2." in self.model or ".keras3." in self.model else 1)[0]

    @property
    def column(self):
        return self.model[len(self.network) + 1:]

    @staticmethod
    def title(column):
        return column

    @property
    def cell(self):
        return super().cell if self.error else f"{super().cell} ({self.points}{self.exits})"


def arrays(folder, stem, kind):
    """NAME.in0.npy, NAME.in1.npy …"""
    found = []
    while (path := folder / f"{stem}.{kind}{len(found)}.npy").exists():
        found.append(path)
    if not found:
        raise RuntimeError(f"no {path.name} in {folder}")
    return found


def named(source, stem):
    """The arrays of a model with the names of what they go into or come out of."""
    listed = json.loads((source / "fixtures.json").read_text())
    if stem not in listed:
        raise RuntimeError(f"fixtures.json does not name {stem}")
    return (list(zip(listed[stem][kinds], arrays(source, stem, kind), strict=True))
            for kinds, kind in (("inputs", "in"), ("outputs", "out")))


def shapes(inputs):
    """What a model leaves open of its shapes is as the arrays have it."""
    for name, path in inputs:
        extents = (1, *numpy.load(path, mmap_mode="r").shape[1:])
        yield from ("--input", f"{name}:{'x'.join(map(str, extents))}")


def convert(model, bundle, inputs, options):
    """Seconds, and what there is to say about exits."""
    command = [options.programs / "pexconvert", model, *shapes(inputs), "-o", bundle, "--force"]
    try:
        return run([*command, "--exits", options.exits]), ""
    except RuntimeError:
        if options.need_exits or options.exits == "none":
            raise
        return run([*command, "--exits", "none"]), ", none placed"


def compare(bundle, inputs, outputs, folder, options):
    """The worst difference over all outputs, with the name of that output."""
    given = [part for name, path in inputs for part in ("--input", f"{name}={path}")]
    run([options.programs / "pexrun", bundle, *given, "--exit", "final", "--save-outputs", folder / "outputs"])
    found = final_outputs(folder / "outputs")
    worst = (0.0, outputs[0][0])
    for name, path in outputs:
        if name not in found:
            raise RuntimeError(f"pexrun gave no output '{name}'")
        worst = max(worst, (difference(found[name], numpy.load(path)), name))
    return worst


def exit_points(model, inputs, options):
    """How many places for exits the network has."""
    command = [options.programs / "pexconvert", model, *shapes(inputs), "--list-exits", "--json"]
    return len(json.loads(timed(command)[1])["exits"])


def result(model, folder, options):
    bundle = folder / "model.pex"
    try:
        inputs, outputs = named(options.arrays or model.parent, model.stem)
        seconds, exits = convert(model, bundle, inputs, options)
        worst, output = compare(bundle, inputs, outputs, folder, options)
        batch = numpy.load(inputs[0][1], mmap_mode="r").shape[0]
        return KerasResult(model.name, batch, worst, output, seconds, failed=not worst <= options.tolerance,
                           points=exit_points(model, inputs, options), exits=exits)
    except (RuntimeError, OSError, ValueError) as error:
        return KerasResult(model.name, error=str(error).replace(f"{model}: ", ""), failed=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path, help="a folder of Keras files, or one file")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the folder of pexconvert and pexrun")
    parser.add_argument("--arrays", type=pathlib.Path, help="the folder of the arrays (default: that of the model)")
    parser.add_argument("--only", default="", help="models whose name contains this")
    parser.add_argument("--exits", default="25%,50%,75%")
    parser.add_argument("--need-exits", action="store_true", help="a network without a place for them fails")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--report", type=pathlib.Path, help="write a table, a row a network, as Markdown")
    parser.add_argument("--failures", type=pathlib.Path, help="write what failed, by error, as Markdown")
    options = parser.parse_args()
    models = [options.models] if options.models.is_file() else sorted(options.models.iterdir())
    models = [model for model in models if model.suffix in SUFFIXES and options.only in model.name]
    if not models:
        raise SystemExit(f"no models in {options.models}")
    everything = []
    for model in models:
        with tempfile.TemporaryDirectory(prefix="pex-compare-") as folder:
            everything.append(result(model, pathlib.Path(folder), options))
        print(everything[-1], flush=True)
        if options.report:
            options.report.write_text(table(everything))
        if options.failures:
            options.failures.write_text(failures_text(everything))
    failures = sum(found.failed for found in everything)
    print(f"{len(models)} models, {failures} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
