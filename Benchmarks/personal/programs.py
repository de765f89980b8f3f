"""Running pex's programs: what they report, and how much memory they take."""

import hashlib
import json
import pathlib
import subprocess
import tempfile
import time

SAMPLING_SECONDS = 0.005
IDLE_RUNS = 5


class ProgramError(Exception):
    def __init__(self, command, status, text):
        lines = text.strip().splitlines() or ["it said nothing"]
        words = next((line for line in lines if "error:" in line), lines[-1])
        super().__init__(f"{pathlib.Path(command[0]).name} ended with {status}: {words}")
        self.status = status


class Programs:
    def __init__(self, folder):
        self.folder = folder
        self._idle = {}

    def path(self, name):
        return self.folder / name

    def report(self, name, *arguments):
        """What a program says, as JSON."""
        return self.watched(name, *arguments)[0]

    def watched(self, name, *arguments):
        """What a program says, and the megabytes that it held at its peak beyond those of the program doing nothing."""
        idle = self.idle_megabytes(name)
        text, peak = run([self.path(name), *arguments, "--json", "--quiet"])
        return json.loads(text), peak - idle

    def idle_megabytes(self, name):
        if name not in self._idle:
            self._idle[name] = max(run([self.path(name), "--version"], sampling=0)[1] for _ in range(IDLE_RUNS))
        return self._idle[name]


def run(command, sampling=SAMPLING_SECONDS):
    """A program's standard output and its peak of resident megabytes."""
    command = [str(part) for part in command]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        with subprocess.Popen(command, stdout=output, stderr=errors) as process:
            peak = 0.0
            while process.poll() is None:
                # The kernel's own record of the child begins with what this process held when it forked.
                peak = max(peak, resident_megabytes(process.pid, "VmHWM"))
                time.sleep(sampling)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            raise ProgramError(command, process.returncode, errors.read().decode())
        return output.read().decode(), peak


def resident_megabytes(process, field):
    """A line of a process's status; 0 when the process is over."""
    try:
        text = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    lines = [line.split() for line in text.splitlines() if line.startswith(field + ":")]
    return int(lines[0][1]) / 1024 if lines else 0.0


def digest(*paths):
    """Says whether any of the files changed."""
    found = hashlib.sha256()
    for path in paths:
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]
