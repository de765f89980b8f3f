"""What every peer's process does; a peer's own file only says how its library opens and runs a model.

    python -m peers.NAME MODEL INPUT.npy --threads N [--cache FOLDER]

It opens the model, runs it ten times and says on standard output what that took, as one line of JSON. Then it obeys
lines from standard input, and sleeps in between:

    time SECONDS    run for so long; says {"min_ms", "p50_ms", "runs"}
    save FILE.npy   run once and write the output; says {}
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

import numpy

# The processes take turns, so each finds the caches full of the others' data.
WARM_UP_RUNS = 3
LEAST_RUNS = 5


def resident_megabytes():
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def milliseconds(action):
    start = time.perf_counter()
    result = action()
    return 1e3 * (time.perf_counter() - start), result


def times(run, seconds):
    for _ in range(WARM_UP_RUNS):
        run()
    taken = []
    end = time.perf_counter() + seconds
    while len(taken) < LEAST_RUNS or time.perf_counter() < end:
        taken.append(milliseconds(run)[0])
    return {"min_ms": min(taken), "p50_ms": statistics.median(taken), "runs": len(taken)}


def say(answer):
    print(json.dumps(answer), flush=True)


def serve(open_model):
    """Serves `open_model(path, input, threads, cache)`, which returns a function that runs the model on that input and
    returns its output. The library is imported before this: importing is not opening."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("input", type=pathlib.Path)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--cache", type=pathlib.Path, help="where the library may keep compiled models")
    options = parser.parse_args()
    values = numpy.load(options.input)

    before = resident_megabytes()
    load, run = milliseconds(lambda: open_model(options.model, values, options.threads, options.cache))
    first, _ = milliseconds(run)
    for _ in range(9):
        run()
    say({"load_ms": load, "first_ms": first, "rss_model_mb": resident_megabytes() - before})

    for line in sys.stdin:
        command, argument = line.split(maxsplit=1)
        if command == "time":
            say(times(run, float(argument)))
        elif command == "save":
            numpy.save(argument.strip(), run())
            say({})
        else:
            raise SystemExit(f"unknown command: {line}")
