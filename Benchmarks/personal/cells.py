"""What is measured: a cell is one method for one person, of one draw of their pictures."""

import dataclasses

import protocol

# What a policy is asked for.
BEST, ACCURACY, COST = "best", "accuracy", "cost"

LABELS, FIFTH, NONE = "labels", "a fifth of the labels", "no labels"
SCRATCH, PROTOTYPE = "from scratch", "prototypes"
BASE, KNOWN, AIM = "base", "known", "aim"
FINETUNED, PROBE = "finetuned", "probe"

# Only accuracy on labelled pictures can be aimed at: without labels the programs aim at agreement.
GOALS = {LABELS: (BEST, ACCURACY, COST), FIFTH: (BEST, COST), NONE: (BEST, COST)}

# Where first heads of different origin are compared.
FEWEST = 5


@dataclasses.dataclass(frozen=True)
class Cell:
    kind: str
    person: str
    method: str
    samples: int = 0
    seed: int = 0
    goal: str = BEST

    def __str__(self):
        pictures = f", {self.samples} a class" if self.samples else ""
        goal = f" for {self.goal}" if self.goal != BEST else ""
        return f"{self.kind} {self.person}{pictures}: {self.method}{goal}"


def cells(person, samples, seeds, baselines, finetunes):
    """Every cell of a person, in the order in which they are measured: what others need comes first."""

    def cell(*rest):
        return Cell(person.kind, person.name, *rest)

    found = [cell(BASE), cell(AIM)]
    if "b" in baselines:
        found.append(cell(KNOWN))
    for count in samples:
        for seed in protocol.seeds(count, seeds):
            found += [cell(method, count, seed, goal) for method, goals in GOALS.items() for goal in goals]
            if count == FEWEST:
                found += [cell(SCRATCH, count, seed), cell(PROTOTYPE, count, seed)]
            if "d" in baselines:
                found.append(cell(PROBE, count, seed))
            if "c" in baselines and finetunes and seed == 0:
                found.append(cell(FINETUNED, count, seed))
    return found
