"""Runs the official ONNX cases through pexconvert and pexrun.

    python conformance.py --programs FOLDER [--only resize] [--details] [--markdown FILE] [--json FILE]
                          [--keep FOLDER] [--update]

Prints how many cases of every operator pass, and holds the others against expected-failures.txt. The exit status is 1
when a case fails that is not listed there, or one passes that is.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import sys
import tempfile

import cases
import expectations
import report
from programs import Verdict, outcome

LIST = pathlib.Path(__file__).with_name("expected-failures.txt")
#: The package and this list of operators belong together; another count means that one of them changed.
CASES = 568


def outcomes(chosen, programs, folder):
    """Every case once, as many at a time as there are processors, in the order of the cases."""

    def one(case):
        place = folder / case.name
        place.mkdir(parents=True, exist_ok=True)
        return outcome(case, programs, place)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, chosen))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the folder of pexconvert and pexrun")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the tables here")
    parser.add_argument("--json", type=pathlib.Path, help="write everything here")
    parser.add_argument("--keep", type=pathlib.Path, help="leave models, arrays and bundles in this new folder")
    parser.add_argument("--update", action="store_true", help="put into the list what came out, and read it over")
    parser.add_argument("--details", action="store_true", help="print every case that does not pass")
    return parser.parse_args()


def main():
    options = arguments()
    for name in ("pexconvert", "pexrun"):
        if not (options.programs / name).is_file():
            sys.exit(f"{options.programs / name}: no program; `make build` makes it")
    if options.keep and options.keep.exists():
        sys.exit(f"{options.keep}: is there already")
    every = list(cases.every_case())
    if len(every) != CASES:
        sys.exit(f"expected {CASES} cases in the onnx package, found {len(every)}")
    chosen = [case for case in every if options.only in case.name]
    with tempfile.TemporaryDirectory(prefix="pex-conformance-") as temporary:
        found = outcomes(chosen, options.programs, options.keep or pathlib.Path(temporary))
    if options.update:
        LIST.write_text(expectations.updated(LIST.read_text(), found))
    expected = expectations.read(LIST.read_text())
    surprises = expectations.surprises(found, expected, complete=len(chosen) == len(every))
    if options.markdown:
        options.markdown.write_text(report.markdown(found, expected))
    if options.json:
        options.json.write_text(json.dumps(report.json_report(found, surprises), indent=1) + "\n")
    if options.details:
        for one in found:
            if one.verdict is not Verdict.PASSED:
                print(f"{one.case} {one.verdict.value}: {one.detail}")
    print(report.text(found))
    for surprise in surprises:
        print(f"unexpected: {surprise}", file=sys.stderr)
    sys.exit(1 if surprises else 0)


if __name__ == "__main__":
    main()
