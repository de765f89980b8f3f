"""Whether accuracies that policies were aimed at are reached on test pictures."""

import cells
import intervals
import measure
import results
from results import Row
from tables import table

TITLE = [
    "people", "n a class", "people x seeds", "vouched for", "below target", "beyond chance",
    "not vouched for", "of those below",
]  # fmt: skip

TEXT = f"""\
## Accuracies aimed at

`--target-accuracy` of (a)'s accuracy on the pool, `--confidence {measure.CONFIDENCE}`, with labels: how often the
policy's accuracy on test pictures is below the target (allowed: {100 * (1 - measure.CONFIDENCE):.0f} % of those vouched
for), and how often it is lower than so few test pictures make likely (one-sided 95 %). Policies that the program itself
does not vouch for are counted apart."""


def goals(found):
    lines = []
    for kind in found.people:
        for samples in found.samples:
            row = Row(cells.LABELS, samples, cells.ACCURACY)
            aimed = [figures for person in found.people[kind] for figures in found.of(kind, person, row)]
            if aimed:
                lines.append([kind, str(samples), *counts(aimed)])
    return TEXT + "\n\n" + table(TITLE, lines) if lines else ""


def counts(aimed):
    vouched = [figures for figures in aimed if figures["meets_goal"]]
    others = [figures for figures in aimed if not figures["meets_goal"]]
    low = [figures for figures in vouched if is_low(figures)]
    clear = [figures for figures in low if is_clearly_low(figures)]

    def of(part):
        return f"{len(part)} ({100 * len(part) / len(vouched):.0f} %)" if vouched else "0"

    below = sum(map(is_low, others))
    return [str(len(aimed)), str(len(vouched)), of(low), of(clear), str(len(others)), str(below)]


def is_low(figures):
    return results.policy_accuracy(figures) < figures["target"]


def is_clearly_low(figures):
    return results.policy_accuracy(figures) < intervals.chance_below(figures["target"], figures["images"])
