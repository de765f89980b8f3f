"""Figures by person: seeds are averaged, then people are what means and intervals are taken over."""

import statistics

import cells
from cells import Cell


def policy_accuracy(figures):
    return figures["policy"]["accuracy"]


def policy_share(figures):
    return figures["policy"]["share"]


def policy_ms(figures):
    return figures["policy"]["ms"]


def full_ms(figures):
    return figures["full_ms"]


def accuracy(figures):
    """Of a baseline that is a whole network."""
    return figures["accuracy"]


def final_accuracy(figures):
    return figures["accuracy"]["final"]


def last_accuracy(figures):
    """What the answer is right when no early exit is taken: by the classifier told the classes, a head, or both."""
    return figures["last"]


def kilobytes(figures):
    return figures["bytes"] / 1000


class Row:
    """A line of a table: one method, of so many pictures a class, for one goal."""

    def __init__(self, method, samples=0, goal=cells.BEST):
        self.method = method
        self.samples = samples
        self.goal = goal

    def cell(self, kind, person, seed):
        return Cell(kind, person, self.method, self.samples, seed, self.goal)


class Results:
    def __init__(self, people, samples, seeds):
        self.people = people
        self.samples = samples
        self.seeds = seeds
        self.refusals = {}
        self._figures = {}

    def put(self, cell, figures):
        if "refused" in figures:
            self.refusals[cell] = figures["refused"]
        else:
            self._figures[cell] = figures

    def of(self, kind, person, row):
        """The figures of all seeds, those that were measured."""
        found = [self._figures.get(row.cell(kind, person, seed)) for seed in range(max(self.seeds, 1))]
        return [figures for figures in found if figures]

    def measured(self, kind, row):
        """The people that a row was measured for."""
        return [person for person in self.people[kind] if self.of(kind, person, row)]

    def values(self, kind, row, pick, among=None):
        """A number a person."""
        names = self.measured(kind, row) if among is None else among
        return [statistics.mean(pick(figures) for figures in self.of(kind, person, row)) for person in names]

    def gains(self, kind, row, pick, base, base_pick, among=None):
        """How much a row has more than another one, person by person."""
        names = [
            name for name in (among or self.people[kind]) if self.of(kind, name, row) and self.of(kind, name, base)
        ]
        others = self.values(kind, base, base_pick, names)
        return [value - other for value, other in zip(self.values(kind, row, pick, names), others, strict=True)]

    def ratios(self, kind, row, over, under):
        """A figure over another one of the same measurement, person by person."""
        return self.values(kind, row, lambda figures: over(figures) / under(figures))
