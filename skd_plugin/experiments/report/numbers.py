"""Numbers for people: scores in percent, differences in points."""

from typing import Optional, Sequence

from skd_plugin.experiments.report.records import Comparison, Score

NONE = "–"
MINUS = "−"


def percent(value: float, digits: int = 2) -> str:
    """0.8123 as "81.23"."""
    return f"{100 * value:.{digits}f}".replace("-", MINUS)


def points(difference: float) -> str:
    """0.0084 as "+0.84"."""
    return f"{100 * difference:+.2f}".replace("-", MINUS)


def interval(low: Optional[float], high: Optional[float], digits: int = 2) -> str:
    """Two shares as "0.41 to 1.27", in percent."""
    if low is None or high is None:
        return NONE
    return f"{percent(low, digits)} to {percent(high, digits)}"


def p_value(p: float) -> str:
    """Three digits of a probability."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_equals(p: float) -> str:
    """The same in a sentence."""
    return f"p {p_value(p)}" if p < 0.001 else f"p = {p_value(p)}"


def deviation(score: Score) -> str:
    """The standard deviation over seeds, if there were several."""
    return "" if score.sd is None else f"± {percent(score.sd)}"


def seeds(one: Comparison) -> str:
    """The seeds of a comparison."""
    return ", ".join(map(str, one.seeds))


def count(number: int, noun: str) -> str:
    """As "1 run" and "1,024 runs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def joined(names: Sequence[str]) -> str:
    """As "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), *names[-1:]] if len(names) > 1 else names)
