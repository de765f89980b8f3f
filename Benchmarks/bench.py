"""Measures pex against the fastest CPU libraries: steady state, cold start, memory; and pex's own exits and batches.

    python Benchmarks/bench.py                                                              everything, into RESULTS.md
    python Benchmarks/bench.py --models resnet50 --threads 2 --skip cold,memory,exits     one network, printed

Benchmarks/setup installs the libraries. Models are made at first use. Every table goes to standard output as it will
stand in the file; the file is written when all of it was measured.
"""

import argparse
import datetime
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
SECTIONS = ["steady", "batch", "cold", "memory", "exits"]
# Where starting costs most and least, and a plain and a depthwise network to cut.
FEW = ["resnet50", "mobilenet_v2"]


def parse_options():
    def folder(variable, default):
        return pathlib.Path(os.environ.get(variable, default))

    def names(text):
        return text.split(",")

    def counts(text):
        return [int(count) for count in text.split(",")]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=names, help="networks, as in resnet50,vgg16 (default: all)")
    parser.add_argument("--threads", type=counts, default=[2, 1], help="numbers of threads (default: 2,1)")
    parser.add_argument("--seconds", type=float, default=0.5, help="time an engine gets in a round (default: 0.5)")
    parser.add_argument("--rounds", type=int, default=5, help="turns an engine gets (default: 5)")
    parser.add_argument("--skip", type=names, default=[], help=f"tables to leave out, of {','.join(SECTIONS)}")
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path(".build/release"), help="the folder of pexrun and pexconvert")
    parser.add_argument("--venv", type=pathlib.Path, default=folder("PEX_BENCH_VENV", ".bench-venv"), help="the peers' Python environment")
    parser.add_argument("--folder", type=pathlib.Path, default=folder("PEX_BENCH_MODELS", ".bench-models"), help="the folder of models")
    parser.add_argument("--raw", type=pathlib.Path, default=pathlib.Path(".bench-raw"), help="the folder for figures as JSON")
    parser.add_argument("--output", type=pathlib.Path, help="the Markdown file (default: RESULTS.md here when nothing is left out, else none)")
    return parser.parse_args()


def enter(venv):
    """Goes on in the environment that holds the peers."""
    python = venv / "bin" / "python"
    if not python.exists():
        raise SystemExit(f"bench: error: there is no {python}\nhint: run Benchmarks/setup first, or give --venv")
    if pathlib.Path(sys.prefix).resolve() != venv.resolve():
        os.execv(python, [str(python), *sys.argv])


def measure_all(options, networks, models):
    import engines
    import machine
    import measure
    from console import progress, run

    pex = engines.Pex("pex", models, models.bundle)
    peers = engines.installed_peers(models)
    everyone = [pex, *peers]
    if "TFLite" not in [peer.name for peer in peers]:
        progress("TFLite is not installed and is left out")
    packs = "--pack" in run([options.programs / "pexconvert", "--help"])
    packed = [engines.Pex("pex --pack", models, lambda network: models.bundle(network, ".packed", "--exits", "none", "--pack"))] if packs else []
    cached_peers = engines.installed_peers(models, openvino_cache=models.folder / "openvino-cache")
    most = options.threads[0]
    few = [network for network in networks if network.name in FEW]

    def cells(section, networks, action):
        """A table's rows, one a network."""
        rows = {}
        for network in networks if section not in options.skip else []:
            progress(f"{section}: {network.name}")
            rows[network.name] = action(network)
        return rows

    def peaks():
        return {count: machine.peak_gflops(count) for count in options.threads}

    results = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "machine": machine.describe(),
        "versions": {"pex": run([options.programs / "pexrun", "--version"]).strip()} | {peer.name: peer.version for peer in peers},
        "settings": {"seconds": options.seconds, "rounds": options.rounds, "threads": options.threads},
        "peak": peaks(),
        "macs": {network.name: models.multiply_accumulates(network) for network in networks},
    }
    results["accuracy"] = cells("accuracy", networks, lambda network: measure.accuracy(everyone, network, most))
    results["steady"] = {
        count: cells("steady", networks, lambda network: measure.steady(everyone, network, count, options.seconds, options.rounds))
        for count in options.threads
        if "steady" not in options.skip
    }
    results["batch"] = cells("batch", networks, lambda network: [
        {"threads": count} | measure.batch(pex, network, count, options.seconds) for count in options.threads])
    results["cold"] = cells("cold", few, lambda network: measure.cold_start([pex, *packed, *cached_peers], network, most))
    results["memory"] = cells("memory", networks, lambda network: measure.memory([pex, *packed, *peers], network, most))
    results["exits"] = cells("exits", few, lambda network: measure.exits(models, network, most, options.seconds, options.rounds))
    # Again, in case that something else ran at the start.
    results["peak"] = {count: max(gflops, results["peak"][count]) for count, gflops in peaks().items()}
    return results


def write_whole(path, text):
    """Writes the file, or leaves it as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text)
    os.replace(temporary, path)


def main():
    options = parse_options()
    enter(options.venv)
    # What follows needs the environment's libraries.
    from console import BenchError, progress
    from models import NETWORKS, Models
    import report

    for name in options.models or []:
        if name not in NETWORKS:
            raise SystemExit(f"bench: error: there is no network '{name}'\nhint: networks: {', '.join(NETWORKS)}")
    for section in options.skip:
        if section not in SECTIONS:
            raise SystemExit(f"bench: error: there is no table '{section}'\nhint: tables: {', '.join(SECTIONS)}")
    for program in ("pexconvert", "pexrun"):
        if not (options.programs / program).exists():
            raise SystemExit(f"bench: error: there is no {program} in {options.programs}\nhint: run make build first, or give --programs")
    networks = [NETWORKS[name] for name in options.models or NETWORKS]
    try:
        models = Models(options.folder.resolve(), options.programs.resolve())
        results = measure_all(options, networks, models)
    except BenchError as error:
        raise SystemExit(f"bench: error: {error}") from None
    raw = options.raw / datetime.datetime.now().strftime("%Y%m%d-%H%M%S.json")
    write_whole(raw, json.dumps(results, indent=1) + "\n")
    text = report.markdown(results)
    output = options.output or (RESULTS if not options.models and not options.skip else None)
    if output:
        write_whole(output, text)
        progress(f"wrote {output}")
    print(text, end="")


if __name__ == "__main__":
    main()
