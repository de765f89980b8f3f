"""Comparisons with other runtimes as Markdown: a table with a row a network, and what failed, by error."""

import collections
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Result:
    """One model at one batch: how far pex is from onnxruntime, or why that is not known."""

    model: str
    batch: int = 0
    worst: float = 0.0
    output: str = ""
    seconds: float = 0.0
    error: str = ""
    skipped: str = ""
    failed: bool = False

    def __str__(self):
        if self.skipped:
            return f"{self.model}: skipped, onnxruntime cannot run it: {self.skipped}"
        if self.error:
            return f"{self.model}: FAILED: {self.error}"
        verdict = "FAILED" if self.failed else "ok"
        return (f"{self.model}: batch {self.batch}: {self.worst:.2e} ({self.output}) {verdict}, "
                f"converted in {self.seconds:.2f} s")

    @property
    def network(self):
        """The name in front of exporter and opset."""
        return re.split(r"\.(?:new\.)?op\d+", self.model)[0]

    @property
    def column(self):
        """Exporter and opset, in an order that sorts."""
        new, opset = re.search(r"\.(new\.)?op(\d+)", self.model).groups() if ".op" in self.model else (None, 0)
        return (bool(new), int(opset))

    @staticmethod
    def title(column):
        new, opset = column
        return f"{'new' if new else 'old'} {opset}"

    @property
    def cell(self):
        if self.skipped:
            return "–"
        return "error" if self.error else f"**{self.worst:.0e}**" if self.failed else f"{self.worst:.0e}"


def table(results):
    """max|a-b| / max|b|, the worst batch of every file; an empty cell is a file that the exporter does not write."""
    columns = sorted({result.column for result in results})
    cells = {}
    for result in results:
        key = (result.network, result.column)
        cells[key] = max(cells.get(key, result), result, key=lambda r: (r.failed, bool(r.error), r.worst))
    titles = [results[0].title(column) for column in columns]
    lines = ["| network | " + " | ".join(titles) + " |", "| --- |" + " ---: |" * len(columns)]
    for network in sorted({result.network for result in results}):
        row = [cells[network, column].cell if (network, column) in cells else "" for column in columns]
        lines.append(f"| {network} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def failures_text(results):
    """Every kind of error once, in the words of the first file that gives it, with all the files that do."""
    kinds = collections.defaultdict(list)
    for result in results:
        if result.failed:
            kinds[kind(result)].append(result)
    lines = []
    for found in sorted(kinds.values(), key=lambda found: -len(found)):
        first = found[0]
        told = first.error or f"differs by {first.worst:.1e} in '{first.output}' at batch {first.batch}"
        lines += [f"- {told}", f"    {', '.join(sorted({result.model.removesuffix('.onnx') for result in found}))}"]
    return "\n".join(lines) + "\n" if lines else "nothing failed\n"


def kind(result):
    """The error without what differs from file to file: names of nodes, counts and opsets."""
    if not result.error:
        return f"differs {result.network}"
    return re.sub(r"'[^']*'|\([^)]* more\)| x \d+( \([^)]*\))?|\d+", "", result.error)
