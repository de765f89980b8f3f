"""Runs what `pexconvert --emit` writes in onnxruntime, and compares it with pexrun: every output and every exit.

    python compare_emitted.py MODEL … --programs FOLDER [--heads FILE.pexhead] [--exits 3,6] [--train 40] [--batches 1,4]

MODEL is a bundle with trained base heads, or an ONNX file, or a folder of those. For each one, `--emit onnx` and
`--emit onnx-stages` are written. Every file must pass onnx.checker with full and strict shape inference; the stages are
run one after the other, with nothing but what earlier ones gave. max|a-b| / max|b| is printed for the worst output; the
exit status is 1 when one is above the tolerance or a program fails. An ONNX file is also held against onnxruntime on the
file itself. With --train, base heads are first trained on that many random samples that the model labels itself; without,
an ONNX file is written without exits.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

from programs import difference, run


def check(path):
    """Everything that the onnx package can check; its exceptions say what is wrong."""
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True, data_prop=True)
    if model.ir_version != 8 or [(entry.domain, entry.version) for entry in model.opset_import] != [("", 17)]:
        raise RuntimeError(f"{path.name}: IR version {model.ir_version}, operator sets {model.opset_import}")
    names = [value.name for value in [*model.graph.input, *model.graph.output]]
    if len(set(names)) != len(names):
        raise RuntimeError(f"{path.name}: inputs and outputs share names: {names}")
    return model


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def evaluate(path, values):
    """The outputs of a model by name; it reads its inputs from `values`."""
    loaded = session(path)
    names = [output.name for output in loaded.get_outputs()]
    return dict(zip(names, loaded.run(names, {entry.name: values[entry.name] for entry in loaded.get_inputs()})))


def run_stages(folder, inputs):
    """Runs the stages in their order, with values by name, and gives all of them."""
    listed = json.loads((folder / "stages.json").read_text())
    if sorted(path.name for path in folder.iterdir()) != sorted([entry["file"] for entry in listed["stages"]] + ["stages.json"]):
        raise RuntimeError(f"{folder.name}: stages.json does not list what is there")
    values = dict(inputs)
    for stage in listed["stages"]:
        check(folder / stage["file"])
        loaded = session(folder / stage["file"])
        if [entry.name for entry in loaded.get_inputs()] != stage["inputs"]:
            raise RuntimeError(f"{stage['file']}: does not read what stages.json says")
        given = evaluate(folder / stage["file"], values)
        if list(given) != stage["outputs"] or set(given) & set(values):
            raise RuntimeError(f"{stage['file']}: does not give what stages.json says")
        if stage["exit"] != "final" and f"exit{stage['exit']}" not in given:
            raise RuntimeError(f"{stage['file']}: has no logits of exit {stage['exit']}")
        values |= given
    return values


def compare(options, model, bundle, folder, batch, exits):
    """The worst difference over one batch, with the name of what differs."""
    emitted, stages = folder / "emitted.onnx", folder / "stages"
    generator = numpy.random.default_rng(5)
    inputs, arguments = {}, []
    for entry in session(emitted).get_inputs():
        extents = [extent if isinstance(extent, int) else batch for extent in entry.shape]
        inputs[entry.name] = generator.standard_normal(extents).astype(numpy.float32)
        path = folder / f"input{len(arguments)}.npy"
        numpy.save(path, inputs[entry.name])
        arguments += ["--input", f"{entry.name}={path}"]
    saved = folder / f"batch{batch}"
    heads = ["--heads", options.heads] if options.heads else []
    route = "all" if exits else "final"
    run([options.programs / "pexrun", bundle, *heads, *arguments, "--exit", route, "--save-outputs", saved])
    listed = json.loads((saved / "outputs.json").read_text())["outputs"]
    expected = {entry["name"]: numpy.load(saved / entry["file"]) for entry in listed}
    if options.heads is None:
        # pexrun also answers with heads that are not trained; those have no numbers to hand on.
        expected = {name: value for name, value in expected.items() if not name.startswith("exit") or name in exits}
    found = evaluate(emitted, inputs)
    if set(found) != set(expected):
        raise RuntimeError(f"outputs {sorted(found)}, expected {sorted(expected)}")
    pieces = run_stages(stages, inputs)
    worst = (0.0, "")
    for name, value in expected.items():
        worst = max(worst, (difference(found[name], value), name), (difference(pieces[name], value), f"{name} of the stages"))
    # A file that fixes its batch can only be run with that one.
    leading = [entry.shape[0] for entry in session(model).get_inputs()] if model.suffix == ".onnx" else [None]
    if all(isinstance(extent, str) or extent == batch for extent in leading):
        for name, value in evaluate(model, inputs).items():
            worst = max(worst, (difference(found[name], value), f"{name} against the model itself"))
    return worst


def trained(options, model, folder, count):
    """The model as a bundle with base heads that learned from its own answers to random samples."""
    plain, base, samples = folder / "plain.pex", folder / "base.pex", folder / "samples.npz"
    run([options.programs / "pexconvert", model, "-o", plain, "--exits", options.exits or "auto:3", *options.convert])
    entry, = session(model).get_inputs()
    extents = [count] + [extent for extent in entry.shape[1:]]
    numpy.savez(samples, x=numpy.random.default_rng(7).standard_normal(extents).astype(numpy.float32))
    run([options.programs / "pextrain", plain, "--unlabelled", samples, "--base", "--epochs", "2", "-o", base])
    return base


def examine(options, model, folder):
    """Prints one line a batch; gives the number of failures."""
    source, exits = model, ["--exits", options.exits] if options.exits else []
    if model.suffix == ".onnx":
        exits = ["--exits", "none"]
        if options.train:
            source, exits = trained(options, model, folder, options.train), []
    bundle = source
    if source.suffix == ".onnx" or options.exits:
        bundle = folder / "bundle.pex"
        run([options.programs / "pexconvert", source, "-o", bundle, *exits, *options.convert])
    heads = ["--heads", options.heads] if options.heads else []
    for form, name in [("onnx", "emitted.onnx"), ("onnx-stages", "stages")]:
        run([options.programs / "pexconvert", source, "--emit", form, "-o", folder / name, *exits, *heads, *options.convert])
    emitted = check(folder / "emitted.onnx")
    names = [output.name for output in emitted.graph.output]
    fixed = [entry.shape[0] for entry in session(folder / "emitted.onnx").get_inputs() if isinstance(entry.shape[0], int)]
    if fixed and model.suffix == ".pex":
        raise RuntimeError(f"the batch is fixed to {fixed}")
    failures = 0
    for batch in fixed[:1] or map(int, options.batches.split(",")):
        worst, place = compare(options, model, bundle, folder, batch, [name for name in names if name.startswith("exit")])
        failures += worst > options.tolerance
        verdict = "FAILED" if worst > options.tolerance else "ok"
        print(f"{model.parent.name}/{model.name}: batch {batch}: {worst:.2e} ({place or 'nothing differs'}) {verdict}; outputs {', '.join(names)}", flush=True)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path, nargs="+", help="bundles, ONNX files, or folders of ONNX files")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the folder of pexconvert, pextrain and pexrun")
    parser.add_argument("--heads", type=pathlib.Path, help="personal heads, baked in instead of the base heads")
    parser.add_argument("--exits", help="handed to pexconvert")
    parser.add_argument("--train", type=int, default=0, help="train base heads on so many random samples")
    parser.add_argument("--batches", default="1,4")
    parser.add_argument("--convert", nargs=argparse.REMAINDER, default=[], help="what follows is handed to pexconvert")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()
    models = [path for model in options.models for path in (sorted(model.rglob("*.onnx")) if model.is_dir() else [model])]
    failures = 0
    for model in models:
        with tempfile.TemporaryDirectory(prefix="pex-emitted-") as folder:
            try:
                failures += examine(options, model, pathlib.Path(folder))
            except Exception as error:  # whatever a library says of one model, the others are still examined
                failures += 1
                print(f"{model.parent.name}/{model.name}: FAILED: {error}", flush=True)
    print(f"{len(models)} models, {failures} failures")
    sys.exit(1 if failures or not models else 0)


if __name__ == "__main__":
    main()
