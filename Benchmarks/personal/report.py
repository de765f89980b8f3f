"""The figures as Markdown."""

import collections

import measure
import protocol
from accuracy_tables import accuracies, first_heads, gains
from goal_table import goals
from training_tables import training

TITLES = {
    "superclass": "Superclass people: five related classes each",
    "group": "Group people: two to eight superclasses each",
    "shifted": "Shifted people: superclass people whose pictures are all rotated, dark, blurred or inverted",
}

HEADING = """\
# Personal heads

`make personal DATA=…` writes this file; [README.md](../README.md) says who is measured and how. The model is the sample
ResNet-20. Mean and 95 % interval over people{draws}.

- **Pool** pictures, which the model has never seen, choose everything: a person's heads, temperatures and thresholds,
  and what (c) and (d) choose, on the n that the person has. Policies are aimed at (a)'s accuracy on the whole pool.
- **Test** pictures gave every accuracy, share of MACs and ms below; nothing was chosen on them.
- People without labels have at most {unmet} pictures a class: the pool's other half is what the bundle calls ordinary
  pictures, which theirs are held against.
- {machine}; {threads} threads, one picture at a time.

![accuracy against cost]({chart})"""


def markdown(found, machine, chart):
    draws = f", each the mean of {found.seeds} draws of fewer than all pictures" if found.seeds > 1 else ""
    parts = [HEADING.format(draws=draws, machine=machine, unmet=protocol.POOL - protocol.ORDINARY, threads=measure.THREADS, chart=chart)]
    for kind, people in found.people.items():
        parts += [f"## {TITLES[kind]}", f"Who: {'; '.join(people)}."]
        parts += [part(found, kind) for part in (accuracies, gains, training, first_heads)]
    parts += [goals(found), refusals(found)]
    return "\n\n".join(part for part in parts if part) + "\n"


def refusals(found):
    """What is missing above because a program would not do it."""
    if not found.refusals:
        return ""
    counts = collections.Counter((cell.method, words) for cell, words in found.refusals.items())
    lines = [f"- {method}, {count} times: {words}" for (method, words), count in counts.items()]
    return "## Refused\n\n" + "\n".join(lines)
