"""What came out, as text, Markdown and JSON."""

import collections

from programs import Verdict


def by_operator(outcomes):
    """Operator to (passed, cases), by name. A case counts for every operator that it has."""
    counts = collections.defaultdict(lambda: [0, 0])
    for outcome in outcomes:
        for operator in outcome.operators:
            counts[operator][0] += outcome.verdict is Verdict.PASSED
            counts[operator][1] += 1
    return {operator: tuple(counts[operator]) for operator in sorted(counts)}


def by_suite(outcomes):
    """Suite to (passed, cases), by name."""
    counts = collections.defaultdict(lambda: [0, 0])
    for outcome in outcomes:
        suite = counts[outcome.case.split(".")[0]]
        suite[0] += outcome.verdict is Verdict.PASSED
        suite[1] += 1
    return {suite: tuple(counts[suite]) for suite in sorted(counts)}


def passed(outcomes):
    return sum(outcome.verdict is Verdict.PASSED for outcome in outcomes)


def text(outcomes):
    """Operators that fail somewhere come with a mark, so that eyes find them."""
    lines = []
    for operator, (good, cases) in by_operator(outcomes).items():
        lines.append(f"{operator:<24}{good:>4} of {cases:<4}{'' if good == cases else f'  {cases - good} not'}".rstrip())
    lines += [f"{suite:<24}{good:>4} of {cases}" for suite, (good, cases) in by_suite(outcomes).items()]
    lines.append(f"{passed(outcomes)} of {len(outcomes)} cases pass")
    return "\n".join(lines)


def markdown(outcomes, expected):
    lines = [
        "# Official ONNX cases", "",
        f"{passed(outcomes)} of {len(outcomes)} pass: shapes and types exactly, numbers within the case's own tolerance.",
        "", "| suite | pass | cases |", "| --- | ---: | ---: |"]
    lines += [f"| {suite} | {good} | {cases} |" for suite, (good, cases) in by_suite(outcomes).items()]
    lines += ["", "| operator | pass | cases |", "| --- | ---: | ---: |"]
    lines += [f"| {operator} | {good} | {cases} |" for operator, (good, cases) in by_operator(outcomes).items()]
    failing = [outcome for outcome in outcomes if outcome.verdict is not Verdict.PASSED]
    if failing:
        lines += ["", "| case that does not pass | | why |", "| --- | --- | --- |"]
        for outcome in failing:
            reason = expected[outcome.case].reason if outcome.case in expected else outcome.detail
            lines.append(f"| {outcome.case} | {outcome.verdict.value} | {escaped(reason)} |")
    return "\n".join(lines) + "\n"


def escaped(words):
    return words.replace("|", "\\|").replace("\n", " ")


def json_report(outcomes, surprises):
    return {
        "format": 1,
        "passed": passed(outcomes),
        "cases": len(outcomes),
        "suites": {suite: {"passed": good, "cases": cases} for suite, (good, cases) in by_suite(outcomes).items()},
        "operators": {name: {"passed": good, "cases": cases} for name, (good, cases) in by_operator(outcomes).items()},
        "failures": [
            {"case": outcome.case, "verdict": outcome.verdict.value, "detail": outcome.detail}
            for outcome in outcomes if outcome.verdict is not Verdict.PASSED],
        "unexpected": surprises,
    }
