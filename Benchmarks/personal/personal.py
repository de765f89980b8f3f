"""Measures what personal heads give people who meet only some of CIFAR-100's classes.

    python Benchmarks/personal/personal.py --data DATA                                           into RESULTS.md here
    python Benchmarks/personal/personal.py --data DATA --people 3 --samples 20 --output quick    three of each kind

Figures are kept as they are taken: a run that was stopped goes on. README.md says who is measured and how.
"""

import argparse
import os
import pathlib
import platform
import sys
import tempfile
import time

import cells
import chart
import protocol
import report
from cache import Cache
from folders import Folders
from measure import Bench
from programs import ProgramError, Programs
from results import Results

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# How many of each kind take part when nothing else is said; fine-tuning a network takes minutes a person.
PEOPLE = {"superclass": 20, "group": 4, "shifted": 12}
FINETUNED = {"superclass": 3, "group": 1, "shifted": 4}


def listed(words, choices):
    found = words.split(",")
    for word in found:
        if word not in choices:
            raise argparse.ArgumentTypeError(f"'{word}' is none of {', '.join(choices)}")
    return found


def counts(text):
    found = sorted({int(count) for count in text.split(",")})
    if found[0] < 2 or found[-1] > protocol.POOL:
        raise argparse.ArgumentTypeError(f"{text}: pictures a class must lie in 2...{protocol.POOL}")
    return found


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the folder of pictures and personas.json")
    parser.add_argument(
        "--kinds",
        type=lambda words: listed(words, protocol.KINDS),
        default=protocol.KINDS,
        help="superclass,group,shifted (default: all)",
    )
    parser.add_argument("--people", type=int, help=f"how many of each kind (default: {PEOPLE})")
    parser.add_argument("--samples", type=counts, default=[5, 20, 100], help="pictures a class (default: 5,20,100)")
    parser.add_argument("--seeds", type=int, default=1, help="draws of them (default: 1; the whole pool is drawn once)")
    parser.add_argument(
        "--baselines",
        type=lambda words: listed(words, list("abcd")),
        default=list("abcd"),
        help="a,b,c,d: the base model, told the classes, fine-tuned, linear probe; a is always there (default: all)",
    )
    parser.add_argument(
        "--finetuned", type=int, help=f"how many people of each kind (c) is measured for (default: {FINETUNED})"
    )
    parser.add_argument("--exits", default="1,2,3,4,6,8,10", help="where heads are trained (default: 1,2,3,4,6,8,10)")
    parser.add_argument(
        "--bundle",
        type=pathlib.Path,
        default=ROOT / "SampleModels" / "cifar100" / "resnet20.pex",
        help="the bundle with base heads",
    )
    parser.add_argument(
        "--programs", type=pathlib.Path, default=ROOT / ".build" / "release", help="the folder of the programs"
    )
    parser.add_argument(
        "--cache", type=pathlib.Path, default=ROOT / ".bench-raw" / "personal.jsonl", help="where figures are kept"
    )
    parser.add_argument(
        "--output", type=pathlib.Path, default=HERE / "RESULTS", help="OUTPUT.md and OUTPUT.svg are written"
    )
    return parser.parse_args()


def chosen_people(options):
    return {kind: protocol.people(options.data, kind)[: options.people or PEOPLE[kind]] for kind in options.kinds}


def cells_of(options, person, position):
    limit = FINETUNED[person.kind] if options.finetuned is None else options.finetuned
    return cells.cells(person, options.samples, options.seeds, options.baselines, position < limit)


def progress(text):
    print(f"personal: {text}", file=sys.stderr, flush=True)


def measure_person(person, wanted, bench, cache, data, tell):
    """The figures of all the person's cells; what is kept already is not measured again."""
    with tempfile.TemporaryDirectory() as root:
        folders = Folders(data, person, pathlib.Path(root))
        by_method = {cell.method: cell for cell in wanted}

        def known(method):
            return cache.get(by_method[method], bench.stamp(by_method[method]))

        for cell in wanted:
            if cache.get(cell, bench.stamp(cell)) is None:
                tell(cell)
                cache.put(cell, bench.stamp(cell), bench.measure(cell, person, folders, known))
    return {cell: cache.get(cell, bench.stamp(cell)) for cell in wanted}


def measure_all(options, people, cache, results):
    plan = [
        (person, cells_of(options, person, position))
        for group in people.values()
        for position, person in enumerate(group)
    ]
    numbers = {cell: number for number, cell in enumerate((cell for _, wanted in plan for cell in wanted), start=1)}
    started = time.monotonic()

    def tell(cell):
        progress(f"{(time.monotonic() - started) / 60:.0f} min, {numbers[cell]} of {len(numbers)}: {cell}")

    with tempfile.TemporaryDirectory() as work:
        bench = Bench(options.data, Programs(options.programs), options.bundle, options.exits, pathlib.Path(work))
        for person, wanted in plan:
            for cell, figures in measure_person(person, wanted, bench, cache, options.data, tell).items():
                results.put(cell, figures)


def machine():
    models = [
        line.split(":")[1].strip()
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{models[0] if models else platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def main():
    options = parse_options()
    people = chosen_people(options)
    results = Results(
        {kind: [person.name for person in group] for kind, group in people.items()},
        options.samples,
        options.seeds,
    )
    try:
        measure_all(options, people, Cache(options.cache), results)
    except (ProgramError, OSError) as error:
        raise SystemExit(f"personal: error: {error}") from error
    options.output.with_suffix(".md").write_text(report.markdown(results, machine(), f"{options.output.name}.svg"))
    options.output.with_suffix(".svg").write_text(chart.svg(results))
    progress(f"wrote {options.output}.md and .svg")


if __name__ == "__main__":
    main()
