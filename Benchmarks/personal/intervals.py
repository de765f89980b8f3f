"""Means and their 95 % intervals."""

import math
import statistics

# Student's t, two-sided 95 %, by degrees of freedom; from there on the normal distribution's.
STUDENT = (
    12.706,
    4.303,
    3.182,
    2.776,
    2.571,
    2.447,
    2.365,
    2.306,
    2.262,
    2.228,
    2.201,
    2.179,
    2.160,
    2.145,
    2.131,
    2.120,
    2.110,
    2.101,
    2.093,
    2.086,
    2.080,
    2.074,
    2.069,
    2.064,
    2.060,
    2.056,
    2.052,
    2.048,
    2.045,
    2.042,
)
NORMAL = 1.960
NORMAL_ONE_SIDED = 1.645


def half_width(values):
    """Half the 95 % interval of the mean; nothing can be said of a single value."""
    if len(values) < 2:
        return None
    freedom = len(values) - 1
    quantile = STUDENT[freedom - 1] if freedom <= len(STUDENT) else NORMAL
    return quantile * statistics.stdev(values) / math.sqrt(len(values))


def show(values, unit=100, digits=1):
    """`12.3 ± 0.4`, or the mean alone of a single value."""
    if not values:
        return ""
    spread = half_width(values)
    mean = f"{unit * statistics.mean(values):.{digits}f}"
    return mean if spread is None else f"{mean} ± {unit * spread:.{digits}f}"


def chance_below(target, images):
    """How low so many pictures let the accuracy look, one time in twenty, when it is the target's in truth."""
    return target - NORMAL_ONE_SIDED * math.sqrt(target * (1 - target) / images)
