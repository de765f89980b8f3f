"""Holds every operation that pex writes as ONNX against onnxruntime.

    PEX_EXPORT_CASES=FOLDER swift test … --filter casesForOtherRuntimes
    python check_operations.py FOLDER

Each folder has a model of one operation, an input, and what the reference interpreter makes of it. The model must pass
onnx.checker with full and strict shape inference, and onnxruntime must give the same numbers: max|a-b| / max|b| at most
1e-5. The exit status is 1 when one differs.
"""

import pathlib
import sys

import numpy

from compare_emitted import check, evaluate
from programs import difference


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    cases = sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir())
    failures = 0
    for case in cases:
        words = (case / "case.txt").read_text().strip()
        try:
            model = check(case / "model.onnx")
            found, = evaluate(case / "model.onnx", {model.graph.input[0].name: numpy.load(case / "input.npy")}).values()
            worst = difference(found, numpy.load(case / "output.npy"))
            if worst <= 1e-5:
                continue
            words = f"{worst:.2e}: {words}"
        except Exception as error:  # whatever a library says of one case, the others are still examined
            words = f"{error}: {words}"
        failures += 1
        print(f"{case.name}: FAILED: {words}", flush=True)
    print(f"{len(cases)} operations, {failures} failures")
    sys.exit(1 if failures or not cases else 0)


if __name__ == "__main__":
    main()
