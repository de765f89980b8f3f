"""Accuracy against cost as a picture: a panel a kind of people."""

import statistics
from xml.sax.saxutils import escape

import cells
import results
from results import Row

WIDTH, HEIGHT = 360, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 34, 44
# What the legend takes, beside one panel or more.
LEGEND = 460
COLOURS = {cells.LABELS: "#0b6e99", cells.FIFTH: "#8a5a00", cells.NONE: "#b0305c"}
INK, PALE = "#333333", "#dddddd"


def svg(found):
    samples = max(found.samples)
    panels = [panel(found, kind, samples, position * WIDTH) for position, kind in enumerate(found.people)]
    width, height = max(WIDTH * len(panels), LEGEND), HEIGHT + 44
    body = [*panels, legend(samples)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="11" fill="{INK}">\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def panel(found, kind, samples, left):
    parts = [
        frame(),
        text(WIDTH / 2, 18, f"{kind} people", "middle", 13),
        text(WIDTH / 2, HEIGHT - 8, "mean share of MACs, %", "middle"),
    ]
    levels = [(Row(cells.BASE), results.final_accuracy), (Row(cells.KNOWN), results.policy_accuracy)]
    levels += [(Row(method, samples), results.accuracy) for method in (cells.FINETUNED, cells.PROBE)]
    for position, (row, pick) in enumerate(levels):
        values = found.values(kind, row, pick)
        if values:
            parts.append(level(statistics.mean(values), f"({'abcd'[position]})", LEFT + 4 + 20 * position))
    for method, goals in cells.GOALS.items():
        parts += series(found, kind, method, samples, goals)
    return f'<g transform="translate({left} 0)">\n' + "\n".join(parts) + "\n</g>"


def series(found, kind, method, samples, goals):
    """A diamond for every policy and a dot for what answers when no exit is taken, with a line through them."""
    colour, row = COLOURS[method], Row(method, samples)
    if not found.measured(kind, row):
        return []

    def mean(row, pick):
        return statistics.mean(found.values(kind, row, pick))

    policies = [policy for policy in (Row(method, samples, goal) for goal in goals) if found.measured(kind, policy)]
    places = sorted((mean(policy, results.policy_share), mean(policy, results.policy_accuracy)) for policy in policies)
    last = (1, mean(row, results.last_accuracy))
    path = " ".join(f"{across(share):.1f},{up(accuracy):.1f}" for share, accuracy in [*places, last])
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>']
    for share, accuracy in places:
        parts.append(f'<path d="M{across(share):.1f} {up(accuracy) - 5:.1f}l5 5l-5 5l-5 -5z" fill="{colour}"/>')
    x, y = across(last[0]), up(last[1])
    return [*parts, f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="white" stroke="{colour}"/>']


def frame():
    parts = []
    for tenth in range(0, 11, 2):
        share = tenth / 10
        parts += [
            line(LEFT, up(share), WIDTH - RIGHT, up(share), PALE),
            text(LEFT - 6, up(share) + 4, f"{10 * tenth}", "end"),
            text(across(share), HEIGHT - BOTTOM + 16, f"{10 * tenth}", "middle"),
        ]
    return "\n".join([*parts, text(4, TOP - 8, "right, %")])


def level(accuracy, label, x):
    y = up(accuracy)
    return line(LEFT, y, WIDTH - RIGHT, y, INK, ' stroke-dasharray="3 3"') + text(x, y - 3, label)


def legend(samples):
    parts, x = [], LEFT
    for method, colour in COLOURS.items():
        parts += [
            line(x, HEIGHT + 12, x + 22, HEIGHT + 12, colour, ' stroke-width="2"'),
            text(x + 28, HEIGHT + 16, method),
        ]
        x += 60 + 6 * len(method)
    note = f"{samples} pictures a class. Diamonds: policies. Dots: no exit is taken."
    return "\n".join([*parts, text(LEFT, HEIGHT + 36, note)])


def across(share):
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def up(accuracy):
    return HEIGHT - BOTTOM - accuracy * (HEIGHT - TOP - BOTTOM)


def line(x, y, to_x, to_y, colour, more=""):
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"{more}/>'


def text(x, y, words, anchor="start", size=11):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>'
