"""What is measured, one function a table. Engines take turns, so that what else the machine does hits all of them."""

import contextlib
import json
import statistics
import time

import numpy

from console import BenchError, run

COLD_STARTS = 10
BATCH = 16
BATCH_ROUNDS = 2  # a batch takes long, and has no peer to wait for
EXITS = "10%,25%,40%,55%,70%,85%"

# What a library's threads spin before they sleep must not fall into another engine's turn.
SETTLING_SECONDS = 0.05
MOST_IDLE_SHARE = 0.02


def accuracy(engines, network, threads):
    """max|a-b| / max|b| of every engine's output against onnxruntime's."""
    outputs = {}
    for engine in engines:
        with engine.open(network, threads) as opened:
            outputs[engine.name] = opened.output()
    expected = outputs["onnxruntime"]
    return {name: difference(output, expected) for name, output in outputs.items()}


def difference(found, expected):
    if found.size != expected.size or not numpy.isfinite(found).all():
        return float("inf")
    return float(numpy.abs(found.ravel() - expected.ravel()).max() / numpy.abs(expected).max())


def steady(engines, network, threads, seconds, rounds):
    """Milliseconds a run: the minimum of all runs, and the median of the rounds' medians."""
    times = {engine.name: [] for engine in engines}
    with contextlib.ExitStack() as stack:
        opened = {engine.name: stack.enter_context(engine.open(network, threads)) for engine in engines}
        for _ in range(rounds):
            for name, engine in opened.items():
                time.sleep(SETTLING_SECONDS)
                with others_asleep(opened, name, network):
                    times[name].append(engine.time(seconds))
    return {name: summary(rows) for name, rows in times.items()}


def summary(rows):
    return {"min_ms": min(row["min_ms"] for row in rows), "p50_ms": statistics.median(row["p50_ms"] for row in rows)}


@contextlib.contextmanager
def others_asleep(opened, timed, network):
    """Fails when an engine computes while another one is timed: such figures say nothing."""
    others = {name: engine for name, engine in opened.items() if name != timed}
    before = {name: engine.processor_seconds() for name, engine in others.items()}
    start = time.monotonic()
    yield
    allowed = 0.02 + MOST_IDLE_SHARE * (time.monotonic() - start)  # the kernel counts in hundredths
    for name, engine in others.items():
        used = engine.processor_seconds() - before[name]
        if used > allowed:
            raise BenchError(f"{name} used {used:.2f} s of processor while {timed} was timed on {network.name}")


def batch(pex, network, threads, seconds):
    """Milliseconds an image, alone and in a batch."""
    alone, together = [], []
    with pex.open(network, threads) as opened:
        for _ in range(BATCH_ROUNDS):
            alone.append(opened.time(seconds)["min_ms"])
            together.append(opened.time(seconds, "--batch", str(BATCH))["min_ms"] / BATCH)
    return {"alone_ms": min(alone), "batch_ms": min(together)}


def cold_start(engines, network, threads):
    """Opening the model and the first answer, in a fresh process each; files are in the page cache after the first."""
    figures = {engine.name: [] for engine in engines}
    for _ in range(COLD_STARTS):
        for engine in engines:
            with engine.open(network, threads) as opened:
                figures[engine.name].append({key: opened.figures[key] for key in ("load_ms", "first_ms")})
    return {name: min(rows, key=lambda row: row["load_ms"] + row["first_ms"]) for name, rows in figures.items()}


def memory(engines, network, threads):
    """Resident megabytes after ten runs, less those before the model is opened."""
    megabytes = {}
    for engine in engines:
        with engine.open(network, threads) as opened:
            megabytes[engine.name] = opened.figures["rss_model_mb"]
    return megabytes


def exits(models, network, threads, seconds, rounds):
    """For every exit: its time, its share of the whole network's time, and what share the work and the profile promise."""
    bundle = models.bundle(network, ".exits", "--exits", EXITS)
    command = [models.programs / "pexrun", bundle, "--threads", str(threads), "--json", "--quiet"]
    best, macs, steps = {}, {}, {}
    for _ in range(rounds):
        for entry in json.loads(run([*command, f"--bench={seconds}"]))["exits"]:
            best[entry["exit"]] = min(entry["min_ms"], best.get(entry["exit"], entry["min_ms"]))
            macs[entry["exit"]] = entry["macs_fraction"]
        for position, step in enumerate(json.loads(run([*command, "--profile"]))["steps"]):
            milliseconds = min(step["ms"], steps.get(position, step)["ms"])
            steps[position] = {"exit": step["exit"], "ms": milliseconds}
    whole = sum(step["ms"] for step in steps.values())
    return [
        {
            "exit": exit, "ms": milliseconds, "time": milliseconds / best["final"], "macs": macs[exit],
            "profile": sum(step["ms"] for step in steps.values() if step["exit"] != "final" and step["exit"] <= exit) / whole,
        }
        for exit, milliseconds in best.items()
        if exit != "final"
    ]
