"""Time and memory of pexconvert: the best of several runs, and the peak of resident memory against the file's size.

    python measure_conversion.py MODEL.onnx --programs FOLDER [--runs 5]

Resident memory counts the pages of the model's file that are mapped, which are the system's to take back.
"""

import argparse
import os
import pathlib
import tempfile
import time


def run(command):
    """Seconds and peak bytes of one process."""
    start = time.monotonic()
    with open(os.devnull, "w") as nothing:
        process = os.posix_spawn(
            command[0], [str(part) for part in command], os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, nothing.fileno(), descriptor) for descriptor in (1, 2)])
        _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{command[0].name} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - start, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the folder of pexconvert")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pex-measure-") as folder:
        command = [options.programs / "pexconvert", options.model, "-o", f"{folder}/model.pex", "--force", "--quiet"]
        figures = [run(command) for _ in range(options.runs)]
    size = options.model.stat().st_size
    seconds, peak = min(s for s, _ in figures), max(p for _, p in figures)
    print(f"{options.model.name}: {size / 1e6:.1f} MB, converted in {seconds:.2f} s, "
          f"peak {peak / 1e6:.0f} MB, {peak / size:.2f} times the file")


if __name__ == "__main__":
    main()
