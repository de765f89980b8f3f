"""How right people's heads are, and what an answer costs."""

import cells
import intervals
import results
from intervals import show
from results import Row
from tables import BASE, KNOWN, milliseconds, name, rows, table


def accuracies(found, kind):
    costs = ["share of MACs, %", "ms", "full model's ms", "times faster", "head file, kB"]
    lines = [line(found, kind, row) for row in rows(found, kind)]
    return table(["n a class", "heads", "no exit taken, %", "answer, %", *costs], lines)


def line(found, kind, row):
    def values(pick):
        return found.values(kind, row, pick)

    title = [str(row.samples or ""), name(found, kind, row)]
    if row.method in (cells.FINETUNED, cells.PROBE):
        return [*title, "", show(values(results.accuracy)), "100.0", "", "", "", ""]
    # Heads do not depend on what their policy is chosen for.
    last = show(values(results.last_accuracy)) if row.goal == cells.BEST else ""
    if row.method == cells.BASE:
        full = milliseconds(values(results.full_ms))
        return [*title, last, show(values(results.final_accuracy)), "100.0", "", full, "", ""]
    answer = show(values(results.policy_accuracy))
    if row.method == cells.KNOWN:
        return [*title, answer, answer, "100.0", "", "", "", ""]
    times = [milliseconds(values(pick)) for pick in (results.policy_ms, results.full_ms)]
    faster = show(found.ratios(kind, row, results.full_ms, results.policy_ms), unit=1)
    size = show(values(results.kilobytes), unit=1)
    return [*title, last, answer, show(values(results.policy_share)), *times, faster, size]


def gains(found, kind):
    """Against the same person's (a) and (b): the interval of a difference is narrower than that of its parts."""
    lines = [gain_line(found, kind, row) for row in rows(found, kind) if row.method in cells.GOALS]
    if not lines:
        return ""
    title = ["n a class", "heads", "no exit - (a)", "no exit - (b)", "policy - (a)", "policy - (b)"]
    return "Points of accuracy gained, person by person:\n\n" + table(title, lines)


def gain_line(found, kind, row):
    def over_bases(pick):
        bases = [(BASE, results.final_accuracy), (KNOWN, results.policy_accuracy)]
        return [show(found.gains(kind, row, pick, base, base_pick)) for base, base_pick in bases]

    last = over_bases(results.last_accuracy) if row.goal == cells.BEST else ["", ""]
    return [str(row.samples), name(found, kind, row), *last, *over_bases(results.policy_accuracy)]


def first_heads(found, kind):
    """Where very few pictures are there, what heads start from decides."""
    origins = {cells.SCRATCH: "from scratch", cells.LABELS: "from the base heads", cells.PROTOTYPE: "prototypes"}
    lines = []
    for method, origin in origins.items():
        row = Row(method, cells.FEWEST)
        if found.measured(kind, row):
            picks = [results.last_accuracy, results.policy_accuracy, results.policy_share]
            lines.append([origin, *(intervals.show(found.values(kind, row, pick)) for pick in picks)])
    if len(lines) < 2:
        return ""
    text = f"{cells.FEWEST} pictures a class with labels, % of test pictures right:\n\n"
    return text + table(["heads", "no exit taken", "answer", "share of MACs, %"], lines, words=1)
