"""Measures what personal heads give people who meet only some of CIFAR-100's classes.

    python Benchmarks/personal/personal.py --data DATA --samples 20,100          into personal/RESULTS.md
    python Benchmarks/personal/personal.py --data DATA --people 4 --output -     four people, printed

DATA holds `train/CLASS/*.png` and `test/CLASS/*.png` of CIFAR-100 and `personas.json` with the classes of every person.
Of a class's training pictures, ordered by the SHA-256 of their names, the last 100 are the personal pool; the sample
model has seen the others. Everything is chosen on the pool, and every figure is of the test pictures.
"""

import argparse
import hashlib
import json
import math
import pathlib
import random
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parent.parent / "SampleModels" / "cifar100" / "resnet20.pex"
POOL = 100

# What a person is asked for: the options of pextrain, with the folders of labelled and unlabelled pictures.
TRAININGS = {
    "labels": lambda folders: ["--data", folders["labelled"]],
    "labels and classifier": lambda folders: ["--data", folders["labelled"], "--supervision", "mixed"],
    "no labels": lambda folders: ["--unlabelled", folders["unlabelled"]],
    "no labels, at 0.4 of the cost": lambda folders: ["--unlabelled", folders["unlabelled"], "--target-cost", "0.4"],
}


def parse_options():
    def counts(text):
        return [int(count) for count in text.split(",")]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the folder of pictures and personas.json")
    parser.add_argument("--samples", type=counts, default=[20, 100], help="pictures a class (default: 20,100)")
    parser.add_argument("--people", type=int, help="only so many people (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="draws the pictures (default: 0)")
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path(".build/release"), help="the folder of pextrain and pexeval")
    parser.add_argument("--output", default=str(HERE / "RESULTS.md"), help="the Markdown file, or - to print alone")
    return parser.parse_args()


def pool(data, name):
    """A class's pictures that the sample model has never seen."""
    pictures = sorted((data / "train" / name).iterdir(), key=lambda path: hashlib.sha256(path.name.encode()).hexdigest())
    return pictures[-POOL:]


def link(picture, place):
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(picture.resolve())


def folders_of(data, classes, samples, generator, root):
    """The person's pictures, as the programs read them."""
    for name in classes:
        pictures = pool(data, name)
        for picture in sorted(generator.sample(pictures, min(samples, len(pictures)))):
            link(picture, root / "labelled" / name / picture.name)
            link(picture, root / "unlabelled" / f"{name}-{picture.name}")
        for picture in sorted((data / "test" / name).iterdir()):
            link(picture, root / "test" / name / picture.name)
    return {kind: str(root / kind) for kind in ("labelled", "unlabelled", "test")}


def report(command):
    outcome = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if outcome.returncode:
        raise SystemExit(f"personal: error: {' '.join(map(str, command))}\n{outcome.stderr}")
    return json.loads(outcome.stdout)


def measured(programs, folders, *more):
    evaluation = report([programs / "pexeval", MODEL, "--data", folders["test"], "--json", "--quiet", *more])
    exits = {entry["exit"]: entry for entry in evaluation["exits"]}
    return evaluation["policy"] | {"final": exits["final"], "last": exits[max(exit for exit in exits if exit != "final")]}


def person(options, classes, samples, seed):
    """Every row of one person: accuracy and cost of the deepest head and of the policy."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        folders = folders_of(options.data, classes, samples, random.Random(seed), root)
        base = measured(options.programs, folders)
        rows["(a) base model"] = {"last": base["final"]["accuracy"], "policy": base["final"]["accuracy"], "cost": 1}
        # Never content: the last resort answers, limited to the person's classes.
        known = measured(
            options.programs, folders, "--prior", ",".join(f"{name}=1" for name in classes), "--policy", "confidence:1")
        rows["(b) base model, classes known"] = {"last": known["accuracy"], "policy": known["accuracy"], "cost": 1}
        for name, arguments in TRAININGS.items():
            heads = root / "person.pexhead"
            report([
                options.programs / "pextrain", MODEL, *arguments(folders), "--exits", "1,2,3,6,10", "-o", heads,
                "--force", "--json", "--quiet"])
            found = measured(options.programs, folders, "--heads", heads)
            rows[name] = {"last": found["last"]["accuracy"], "policy": found["accuracy"], "cost": found["mean_macs_fraction"]}
    return rows


def interval(values, unit=100):
    """The mean with the half width of its 95 % interval over people."""
    spread = 1.96 * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0
    return f"{unit * statistics.mean(values):.1f} ± {unit * spread:.1f}"


def table(samples, people):
    lines = [
        f"## {samples} pictures a class, {len(people)} people", "",
        "| | deepest exit, % | policy, % | mean share of MACs, % |", "| --- | ---: | ---: | ---: |",
    ]
    for name in people[0]:
        cells = [interval([rows[name][column] for rows in people]) for column in ("last", "policy", "cost")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main():
    options = parse_options()
    personas = json.loads((options.data / "personas.json").read_text())["superclasses"]
    names = list(personas)[: options.people]
    parts = [
        "# Personal heads",
        "`make personal DATA=…` writes this file. People are the superclasses of CIFAR-100, five classes each; the model is the sample ResNet-20 with its base heads at exits 1, 2, "
        "3, 6 and 10. Mean and 95 % interval over people, test pictures. (a) and (b) run the whole network; (b) is told the person's classes.",
    ]
    for samples in options.samples:
        people = []
        for name in names:
            people.append(person(options, personas[name], samples, f"{options.seed} {name} {samples}"))
        parts.append(table(samples, people))
        print(parts[-1], flush=True)
    if options.output != "-":
        pathlib.Path(options.output).write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
