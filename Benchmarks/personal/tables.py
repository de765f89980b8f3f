"""What all tables share."""

import cells
import intervals
import protocol
from results import Row

BASE, KNOWN = Row(cells.BASE), Row(cells.KNOWN)
BASELINES = {
    cells.BASE: "(a) base model",
    cells.KNOWN: "(b) told the classes",
    cells.FINETUNED: "(c) network fine-tuned",
    cells.PROBE: "(d) linear probe",
}


def table(title, lines, words=2):
    """A table whose first columns are words and whose others are numbers."""
    rule = ["---" if position < words else "---:" for position in range(len(title))]
    return "\n".join(f"| {' | '.join(line)} |" for line in [title, rule, *lines])


def rows(found, kind):
    """The rows of a kind that were measured."""
    listed = [BASE, KNOWN]
    for samples in found.samples:
        listed += [Row(method, samples, goal) for method, goals in cells.GOALS.items() for goal in goals]
        listed += [Row(cells.PROBE, samples), Row(cells.FINETUNED, samples)]
    return [row for row in listed if found.measured(kind, row)]


def name(found, kind, row):
    if row.goal == cells.ACCURACY:
        return "- policy for (a)'s accuracy"
    if row.goal == cells.COST:
        return f"- policy for {100 * protocol.AFFORDABLE[kind]:.0f} % of the time"
    people = found.measured(kind, row)
    few = f", {len(people)} people" if len(people) < len(found.people[kind]) else ""
    return BASELINES.get(row.method, row.method) + few


def milliseconds(values):
    return intervals.show(values, unit=1, digits=2)
