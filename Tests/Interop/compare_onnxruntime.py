"""Compares pex with onnxruntime on every ONNX model of a folder: promise 1, the same numbers.

    python compare_onnxruntime.py MODELS --programs FOLDER [--work FOLDER] [--only resnet] [--batches 1,4]
                                  [--exits auto:3] [--report FILE.md] [--failures FILE.md]

For each model: onnxruntime computes the outputs for random inputs, `pexconvert` makes a bundle with exits, `pexrun`
computes the outputs with no exit taken, and max|a-b| / max|b| is printed for each output. The exit status is 1 when one
is above the tolerance or a program fails. A model whose batch the file fixes is run with that batch alone, as
onnxruntime demands it. A model that onnxruntime cannot run itself is skipped by name.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy
import onnxruntime

from comparison_report import Result, failures_text, table
from programs import difference, final_outputs, run

TYPES = {"tensor(float)": numpy.float32, "tensor(float16)": numpy.float16, "tensor(double)": numpy.float64}


def opened(model):
    onnxruntime.set_default_logger_severity(3)
    return onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])


def compare(model, bundle, programs, folder, batch, shapes):
    """The worst difference over the outputs of one batch, with the name of that output."""
    session = opened(model)
    generator = numpy.random.default_rng(3)
    feeds, options = {}, []
    for entry in session.get_inputs():
        # The leading extent is the batch; what else is open was given with --input.
        given = shapes.get(entry.name, entry.shape)
        extents = [batch] + [e if isinstance(e, int) else s for e, s in zip(entry.shape, given)][1:]
        feeds[entry.name] = generator.standard_normal(extents).astype(TYPES[entry.type])
        path = folder / f"input{len(options)}.npy"
        numpy.save(path, feeds[entry.name].astype(numpy.float32))
        options += ["--input", f"{entry.name}={path}"]
    names = [output.name for output in session.get_outputs()]
    expected = dict(zip(names, session.run(names, feeds)))
    outputs = folder / f"batch{batch}"
    run([programs / "pexrun", bundle, *options, "--exit", "final", "--save-outputs", outputs])
    found = final_outputs(outputs)
    worst = (0.0, names[0])
    for name in names:
        if name not in found:
            raise RuntimeError(f"pexrun gave no output '{name}'")
        worst = max(worst, (difference(found[name], expected[name]), name))
    return worst


def results(model, folder, options, shapes, given):
    """One result a batch; one alone when the model cannot be compared at all."""
    try:
        fixed = [entry.shape[0] for entry in opened(model).get_inputs() if isinstance(entry.shape[0], int)]
    except Exception as error:  # noqa: BLE001: onnxruntime's errors have no common type
        return [Result(model.name, skipped=str(error).strip().splitlines()[0])]
    bundle = folder / "model.pex"
    found = []
    try:
        seconds = run(
            [options.programs / "pexconvert", model, "-o", bundle, "--force", "--exits", options.exits, *given])
        for batch in fixed[:1] or map(int, options.batches.split(",")):
            worst, output = compare(model, bundle, options.programs, folder, batch, shapes)
            found.append(
                Result(model.name, batch, worst, output, seconds, failed=not worst <= options.tolerance))
    except (RuntimeError, OSError) as error:
        found.append(Result(model.name, error=str(error).replace(f"{model}: ", ""), failed=True))
    finally:
        bundle.unlink(missing_ok=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path, help="a folder of .onnx files, or one file")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the folder of pexconvert and pexrun")
    parser.add_argument("--work", type=pathlib.Path, help="keep arrays here (default: a temporary folder)")
    parser.add_argument("--only", default="", help="models whose name contains this")
    parser.add_argument("--batches", default="1,4")
    parser.add_argument("--exits", default="auto:3")
    parser.add_argument("--input", action="append", default=[], help="NAME:1x3x224x224, handed to pexconvert")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--report", type=pathlib.Path, help="write a table, a row a network, as Markdown")
    parser.add_argument("--failures", type=pathlib.Path, help="write what failed, by error, as Markdown")
    options = parser.parse_args()
    shapes = {}
    for entry in options.input:
        name, _, extents = entry.rpartition(":")
        shapes[name] = [int(extent) for extent in extents.split("x")]
    given = [part for entry in options.input for part in ("--input", entry)]
    models = [options.models] if options.models.is_file() else sorted(options.models.glob("*.onnx"))
    models = [model for model in models if options.only in model.name]
    if not models:
        raise SystemExit(f"no models in {options.models}")
    everything = []
    with tempfile.TemporaryDirectory(prefix="pex-compare-") as temporary:
        for model in models:
            folder = (options.work or pathlib.Path(temporary)) / model.stem
            folder.mkdir(parents=True, exist_ok=True)
            for result in results(model, folder, options, shapes, given):
                everything.append(result)
                print(result, flush=True)
            if options.report:
                options.report.write_text(table(everything))
            if options.failures:
                options.failures.write_text(failures_text(everything))
    failures = sum(result.failed for result in everything)
    print(f"{len(models)} models, {failures} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
