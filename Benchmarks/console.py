"""Running programs, telling what goes on, and failing."""

import subprocess
import sys


class BenchError(Exception):
    pass


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(command, folder=None):
    """A program's standard output; its last words become the error when it fails."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=folder)
    except OSError as error:
        raise BenchError(f"{command[0]} does not start: {error.strerror}") from error
    if done.returncode != 0:
        raise BenchError(f"{' '.join(str(part) for part in command)} ended with {done.returncode}: {last_words(done.stderr)}")
    return done.stdout


def last_words(text):
    return "\n".join(text.strip().splitlines()[-5:]) or "it said nothing"
