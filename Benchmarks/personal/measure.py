"""Measuring a cell. Everything is chosen on the pool; accuracy, cost and time are of test pictures."""

import json
import pathlib
import subprocess
import sys

import cells
import protocol
from programs import ProgramError, digest, run

HERE = pathlib.Path(__file__).resolve().parent
SAMPLE = HERE.parents[1] / "SampleModels" / "cifar100"
PREPROCESSING = ["--preprocess", "unit", "--mean", "0.5071,0.4865,0.4409", "--std", "0.2673,0.2564,0.2762"]

THREADS = 2
CONFIDENCE = 0.9

# How a program ends that will not do what it is asked for (usage, bad data, unsupported); all else stops the run.
REFUSALS = (64, 65, 69)


class Bench:
    """Measures the cells of one person after another."""

    def __init__(self, data, programs, bundle, exits, work):
        self.data = data
        self.programs = programs
        self.bundle = bundle
        self.exits = exits
        self.work = work
        files = [bundle, HERE / "protocol.py", HERE / "shifts.py"]
        self._pex = digest(programs.path("pextrain"), programs.path("pexeval"), *files) + f" {exits}"
        self._torch = digest(SAMPLE / "resnet20.onnx", HERE / "network.py", HERE / "finetune.py", *files[1:])

    def stamp(self, cell):
        return self._torch if cell.method in (cells.FINETUNED, cells.PROBE) else self._pex

    def measure(self, cell, person, folders, known):
        """The figures of a cell; `known` gives those of the person's earlier cells."""
        if cell.method == cells.BASE:
            return self._evaluated(self.bundle, folders.test())
        if cell.method == cells.AIM:
            return self._evaluated(self.bundle, folders.pool())
        if cell.method == cells.KNOWN:
            # Never content: the last resort answers, limited to the person's classes.
            prior = ",".join(f"{name}=1" for name in person.classes)
            return self._evaluated(self.bundle, folders.test(), "--prior", prior, "--policy", "confidence:1")
        if cell.method in (cells.FINETUNED, cells.PROBE):
            return self._in_torch(cell, folders)
        return self._trained(cell, folders, known)

    def _evaluated(self, bundle, pictures, *more):
        report = self.programs.report("pexeval", bundle, "--data", pictures, "--threads", THREADS, *more)
        exits = {str(entry["exit"]): entry for entry in report["exits"]}
        policy = report["policy"]
        return {
            "images": report["images"],
            "accuracy": {exit: entry["accuracy"] for exit, entry in exits.items()},
            "share": {exit: entry["macs_fraction"] for exit, entry in exits.items()},
            "policy": {"accuracy": policy["accuracy"], "share": policy["mean_macs_fraction"], "ms": policy["mean_ms"]},
            "last": last_accuracy(report),
            "full_ms": exits["final"]["mean_ms"],
        }

    def _trained(self, cell, folders, known):
        heads = self.work / "person.pexhead"
        bundle = self._untrained() if cell.method == cells.SCRATCH else self.bundle
        goal, target = self._goal(cell, known)
        try:
            report, megabytes = self.programs.watched(
                "pextrain",
                bundle,
                *self._samples(cell, folders),
                *goal,
                "--exits",
                self.exits,
                "-o",
                heads,
                "--force",
                "--threads",
                THREADS,
                "--seed",
                cell.seed,
            )
        except ProgramError as error:
            if error.status in REFUSALS:
                return {"refused": str(error)}
            raise
        return self._evaluated(bundle, folders.test(), "--heads", heads) | {
            "target": target,
            "meets_goal": report["policy_meets_goal"],
            "trained_on": report["images"],
            "classes": len(report["classes"]),
            "seconds": report["seconds"],
            "bytes": report["head_bytes"],
            "megabytes": megabytes,
        }

    @staticmethod
    def _samples(cell, folders):
        if cell.method == cells.NONE:
            return ["--unlabelled", folders.unlabelled(cell.samples, cell.seed)]
        if cell.method == cells.FIFTH:
            labelled, others = folders.fifth(cell.samples, cell.seed)
            return ["--data", labelled, "--unlabelled", others]
        kind = ["--head", "prototype"] if cell.method == cells.PROTOTYPE else []
        return ["--data", folders.labelled(cell.samples, cell.seed), *kind]

    @staticmethod
    def _goal(cell, known):
        """Options, and the accuracy aimed at: the base model's on the pool, as test pictures choose nothing."""
        if cell.goal == cells.ACCURACY:
            target = known(cells.AIM)["accuracy"]["final"]
            return ["--target-accuracy", target, "--confidence", CONFIDENCE], target
        if cell.goal == cells.COST:
            return ["--target-cost", protocol.AFFORDABLE[cell.kind]], None
        return [], None

    def _untrained(self):
        """The same network with heads that know nothing, which training starts from zero."""
        bundle = self.work / "untrained.pex"
        if not bundle.exists():
            run(
                [
                    self.programs.path("pexconvert"),
                    SAMPLE / "resnet20.onnx",
                    "--exits",
                    self.exits,
                    "--labels",
                    SAMPLE / "labels.txt",
                    *PREPROCESSING,
                    "-o",
                    bundle,
                    "--quiet",
                ]
            )
        return bundle

    def _in_torch(self, cell, folders):
        network = self.work / "network.pt"
        if not network.exists():
            python("network.py", self.data, network, "--programs", self.programs.folder)
        method = "finetune" if cell.method == cells.FINETUNED else "probe"
        training = folders.labelled(cell.samples, cell.seed)
        return json.loads(python("finetune.py", method, network, "--train", training, "--test", folders.test()))


def last_accuracy(report):
    """How right the answer is when no early exit is taken: the classifier's, told the classes, or the deepest head's."""
    own = [entry["last_resort"] for entry in report["heads"] if entry["last_resort"] and not entry["is_reference"]]
    if own:
        return own[0]["accuracy"]
    candidates = report["exits"]
    if any(not entry["is_reference"] and entry["heads"] for entry in report["heads"]):
        candidates = [entry for entry in candidates if entry["exit"] != "final"] or candidates
    return candidates[-1]["accuracy"]


def python(script, *arguments):
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ProgramError(command, done.returncode, done.stderr)
    return done.stdout
