"""A case through pexconvert and pexrun."""

import dataclasses
import enum
import json
import subprocess

import numpy
import onnx

#: Seconds; a case takes a few milliseconds.
TIMEOUT = 120


class Verdict(enum.Enum):
    PASSED = "passed"
    #: A program said that it does not do this: status 69, and nothing was computed.
    REFUSED = "refused"
    #: Everything else: other numbers, shapes or types, another status, a crash.
    WRONG = "wrong"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a case went, and what there is to say about it when it did not pass."""

    case: str
    operators: tuple
    verdict: Verdict
    detail: str = ""


class Refusal(Exception):
    """A program does not support what is asked."""


class Fault(Exception):
    """A program did something else than it should."""


def outcome(case, programs, folder):
    """Runs a case in an empty folder of its own."""
    operators = tuple(case.operators)
    try:
        judge(case, computed(case, programs, folder))
    except Refusal as error:
        return Outcome(case.name, operators, Verdict.REFUSED, str(error))
    except Fault as error:
        return Outcome(case.name, operators, Verdict.WRONG, str(error))
    return Outcome(case.name, operators, Verdict.PASSED)


def computed(case, programs, folder):
    """The outputs by name, as pexrun writes them."""
    model = folder / "model.onnx"
    bundle = folder / "model.pex"
    onnx.save(case.model, model)
    fed = []
    for index, (name, array) in enumerate(case.inputs.items()):
        path = folder / f"input_{index}.npy"
        numpy.save(path, array)
        fed += ["--input", f"{name}={path}"]
    run([programs / "pexconvert", model, "-o", bundle, "--exits", "none", "--quiet"])
    # Threads never change a number, and the cases already run side by side.
    outputs = folder / "outputs"
    run([programs / "pexrun", bundle, *fed, "--exit", "final", "--save-outputs", outputs, "--threads", "1"])
    listed = json.loads((outputs / "outputs.json").read_text())["outputs"]
    return {entry["name"]: numpy.load(outputs / entry["file"]) for entry in listed}


def run(command):
    """Runs a program on the file that is its first argument; raises Refusal or Fault unless it ends with 0."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise Fault(f"{command[0].name} takes more than {TIMEOUT} s") from None
    if done.returncode != 0:
        # Without the folder's name: what is told must be the same the next time.
        said = (done.stderr.strip().splitlines() or ["nothing said"])[0]
        said = said.replace(f"{command[1]}: ", "").replace(f"{command[1].parent}/", "")
        kind = Refusal if done.returncode == 69 else Fault
        raise kind(f"status {done.returncode}: {said}")


def judge(case, found):
    """Raises Fault unless every output is there with its shape, its type and its numbers."""
    for name, expected in case.outputs.items():
        if not name:
            continue  # left out
        if name not in found:
            raise Fault(f"output '{name}' is missing")
        array = found[name]
        if array.dtype != expected.dtype:
            raise Fault(f"output '{name}': expected {expected.dtype}, found {array.dtype}")
        if array.shape != expected.shape:
            raise Fault(f"output '{name}': expected the shape {expected.shape}, found {array.shape}")
        close = numpy.isclose(array, expected, rtol=case.rtol, atol=case.atol, equal_nan=True)
        if not close.all():
            place = tuple(int(index) for index in numpy.argwhere(~close)[0])
            raise Fault(
                f"output '{name}': {int((~close).sum())} of {close.size} numbers differ, "
                f"first at {place}: expected {expected[place]!s}, found {array[place]!s}")
