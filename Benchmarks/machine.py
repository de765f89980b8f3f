"""What the figures were measured on."""

import os
import pathlib
import platform
import shutil
import tempfile

from console import BenchError, run

SOURCE = pathlib.Path(__file__).resolve().parent / "fma_peak.c"
NAMED_FEATURES = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd"]


def describe():
    information = pathlib.Path("/proc/cpuinfo").read_text()
    return {
        "processor": field(information, "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "features": [name for name in NAMED_FEATURES if name in features(information)],
        "memory_gb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        "system": f"{platform.system()} {platform.release()}",
        "load_average": os.getloadavg()[0],
    }


def peak_gflops(threads):
    """What fused multiply-adds alone reach, measured."""
    compiler = shutil.which("clang") or shutil.which("cc")
    if not compiler:
        raise BenchError("no C compiler: install clang or gcc; the processor's peak is measured with a small C program")
    available = features(pathlib.Path("/proc/cpuinfo").read_text())
    if "avx512f" in available:
        widest = ["-mavx512f"]
    elif {"avx2", "fma"} <= available:
        widest = ["-mavx2", "-mfma"]
    else:
        widest = []
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "fma_peak"
        run([compiler, "-O2", "-ffp-contract=fast", *widest, SOURCE, "-pthread", "-o", program])
        return float(run([program, str(threads)]))


def features(information):
    return set((field(information, "flags") or field(information, "Features") or "").split())


def field(information, name):
    for line in information.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None
