"""What training costs, beside fine-tuning for the same people where that was measured."""

import cells
import results
from intervals import show
from results import Row
from tables import BASE, BASELINES, KNOWN, table

TITLE = [
    "n a class", "", "people", "no exit taken or whole network, %", "policy, %", "(a), %", "(b), %",
    "features, s", "heads, s", "all, s", "peak MB",
]  # fmt: skip

TEXT = """\
Training. Peak: resident memory beyond that of the program at rest. Of (c) the seconds are those of the chosen rate and
epochs alone, pictures read; in brackets those of the search for them. Rows of as many people as (c) has are of the
same people."""


def training(found, kind):
    lines = []
    for samples in found.samples:
        fine = Row(cells.FINETUNED, samples)
        among = found.measured(kind, fine)
        for row in [Row(method, samples) for method in cells.GOALS]:
            people = found.measured(kind, row)
            if people:
                lines.append(heads_line(found, kind, row, people))
        if among:
            heads = Row(cells.LABELS, samples)
            both = [person for person in among if found.of(kind, person, heads)]
            if both and both != found.measured(kind, heads):
                lines.append(heads_line(found, kind, heads, both))
            lines.append(network_line(found, kind, fine, among))
    return TEXT + "\n\n" + table(TITLE, lines) if lines else ""


def heads_line(found, kind, row, people):
    def values(pick):
        return found.values(kind, row, pick, people)

    accuracies = [show(values(pick)) for pick in (results.last_accuracy, results.policy_accuracy)]
    parts = [lambda figures, part=part: figures["seconds"][part] for part in ("features", "heads")]
    parts.append(lambda figures: sum(figures["seconds"].values()))
    seconds = [show(values(pick), unit=1, digits=2) for pick in parts]
    title = [str(row.samples), row.method, str(len(people))]
    return [*title, *accuracies, *bases(found, kind, people), *seconds, megabytes(found, kind, row, people)]


def network_line(found, kind, row, people):
    def seconds(pick):
        return show(found.values(kind, row, pick, people), unit=1)

    chosen = seconds(lambda figures: figures["seconds_chosen"] + figures["seconds_reading"])
    search = seconds(lambda figures: figures["seconds"] - figures["seconds_chosen"])
    title = [str(row.samples), BASELINES[row.method], str(len(people))]
    accuracy = show(found.values(kind, row, results.accuracy, people))
    epochs = f"{seconds(lambda figures: figures['epochs'])} epochs"
    costs = ["", epochs, f"{chosen} ({search})", megabytes(found, kind, row, people)]
    return [*title, accuracy, "", *bases(found, kind, people), *costs]


def megabytes(found, kind, row, people):
    return show(found.values(kind, row, lambda figures: figures["megabytes"], people), unit=1, digits=0)


def bases(found, kind, people):
    known = [person for person in people if found.of(kind, person, KNOWN)]
    base = found.values(kind, BASE, results.final_accuracy, people)
    return [show(base), show(found.values(kind, KNOWN, results.policy_accuracy, known))]
