"""What was measured, a line of JSON each, so that a run that was stopped goes on."""

import dataclasses
import json

from cells import Cell


class Cache:
    """A figure counts as long as the stamp it was taken under: another program, another figure."""

    def __init__(self, path):
        self.path = path
        self._figures = {}
        if path.exists():
            for line in path.read_text().splitlines():
                self._read(line)

    def _read(self, line):
        try:
            entry = json.loads(line)
            self._figures[Cell(**entry["cell"])] = (entry["stamp"], entry["figures"])
        except (ValueError, KeyError, TypeError):
            # The line that a stopped run was writing.
            return

    def get(self, cell, stamp):
        found = self._figures.get(cell)
        return found[1] if found and found[0] == stamp else None

    def put(self, cell, stamp, figures):
        self._figures[cell] = (stamp, figures)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            # A line that was cut short must not swallow this one.
            file.write("\n" + json.dumps({"cell": dataclasses.asdict(cell), "stamp": stamp, "figures": figures}))
