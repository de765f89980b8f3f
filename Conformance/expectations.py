"""The checked-in list of cases that do not pass, and what becomes of it.

A line is `case verdict reason`: `node.test_x refused why that is so`. The verdict is `refused` or `wrong`. Lines that
start with # are comments.
"""

import dataclasses
import re

from programs import Verdict

LINE = re.compile(r"(?P<case>\S+)\s+(?P<verdict>refused|wrong)\s+(?P<reason>\S.*)")


@dataclasses.dataclass(frozen=True)
class Expectation:
    case: str
    verdict: Verdict
    reason: str


def read(text):
    """The list by case; raises ValueError, naming the line, for what is no line of it."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if not match:
            raise ValueError(f"line {number}: expected `case refused|wrong reason`, found '{line}'")
        if match["case"] in found:
            raise ValueError(f"line {number}: '{match['case']}' is there twice")
        found[match["case"]] = Expectation(match["case"], Verdict(match["verdict"]), match["reason"])
    return found


def surprises(outcomes, expected, complete=True):
    """What contradicts the list, a sentence each; `complete`: all cases ran, so that names no case has are told, too."""
    found = []
    for outcome in outcomes:
        wanted = expected.get(outcome.case)
        if outcome.verdict is Verdict.PASSED:
            if wanted:
                found.append(f"{outcome.case} passes, and is listed: {wanted.reason}")
        elif not wanted:
            found.append(f"{outcome.case} {outcome.verdict.value}: {outcome.detail}")
        elif wanted.verdict is not outcome.verdict:
            found.append(
                f"{outcome.case} {outcome.verdict.value}, and is listed as {wanted.verdict.value}: {outcome.detail}")
    if complete:
        names = {outcome.case for outcome in outcomes}
        found += [f"{name} is listed, and there is no such case" for name in expected if name not in names]
    return found


def updated(text, outcomes):
    """The list without the cases that pass, and with those that fail and were not in it, in the programs' own words.

    Comments stay. A reason that a program gives says what it does; why that is right is for a person to write.
    """
    known = read(text)
    verdicts = {outcome.case: outcome.verdict for outcome in outcomes}

    def stays(line):
        match = LINE.fullmatch(line.strip())
        return not match or verdicts.get(match["case"]) is not Verdict.PASSED

    lines = [line for line in text.splitlines() if stays(line)]
    lines += [
        f"{outcome.case} {outcome.verdict.value} {outcome.detail}" for outcome in outcomes
        if outcome.verdict is not Verdict.PASSED and outcome.case not in known]
    return "\n".join(lines) + "\n"
