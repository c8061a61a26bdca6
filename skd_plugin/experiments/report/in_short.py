"""What the numbers say, in a few sentences; none without its interval."""

from typing import List, Optional

from skd_plugin.experiments.checks import MACRO, TEST, ZERO_SHOT
from skd_plugin.experiments.experiment import BASELINE
from skd_plugin.experiments.report.blocks import Block, Points, Text
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.numbers import count, interval, p_equals, percent
from skd_plugin.experiments.report.records import Comparison

MOST_REFERENCES = 2


def in_short(findings: Findings) -> List[Block]:
    """The largest difference to each reference, the gap, zero-shot, and losses on single languages."""
    references = _references(findings)
    items = [_largest(findings, TEST, reference) for reference in references]
    items += [_gap(findings)]
    items += [_largest(findings, ZERO_SHOT, reference) for reference in references[:1]]
    items += [_worst(findings)]
    said = [item for item in items if item]
    if not said:
        return [Text("Nothing can be said yet: no two methods have been compared.")]
    return [Points(said), Text(_reservation(findings))]


def _references(findings: Findings) -> List[str]:
    found = [name for method in findings.main_students for name in method.against]
    return list(dict.fromkeys(found))[:MOST_REFERENCES]


def _comparisons(findings: Findings, split: str) -> List[Comparison]:
    main = {method.name for method in findings.main_students}
    return [one for one in findings.comparisons if one.split == split and one.method in main]


def _largest(findings: Findings, split: str, reference: str) -> Optional[str]:
    found = [
        one
        for one in _comparisons(findings, split)
        if one.against == reference and one.language == MACRO
    ]
    if not found:
        return None
    where = "" if split == TEST else "Without training data in the language, "
    sure = [one for one in found if findings.significance(one)]
    above = [one for one in sure if one.difference > 0]
    highest = max(above or found, key=lambda one: one.difference)
    claim = _claim(findings, highest)
    if above:
        others = f", the best of {len(found)} methods compared with it" if len(found) > 1 else ""
        return f"{where}{claim}{others}."
    verb = "is above" if sure else "differs from"
    said = f"{where}no method {verb} {reference} by more than noise; the highest: {claim}."
    lowest = min(sure, key=lambda one: one.difference, default=highest)
    if lowest != highest:
        said += f" The lowest: {_claim(findings, lowest)}."
    return said[0].upper() + said[1:]


def _claim(findings: Findings, one: Comparison) -> str:
    where = "" if one.language == MACRO else f" on {one.language}"
    side = "below" if one.difference < 0 else "above"
    return (
        f"{one.method} is {percent(abs(one.difference))} points ({percent(findings.level, 0)} % interval "
        f"{_sided(one)}) {side} {one.against}{where}, {p_equals(one.p_corrected)} corrected"
    )


def _sided(one: Comparison) -> str:
    """The interval of what is claimed: of "below" it is turned round."""
    if one.difference < 0:
        return interval(-one.high, -one.low)
    return interval(one.low, one.high)


def _gap(findings: Findings) -> Optional[str]:
    gaps = (
        findings.gaps.get((name, TEST, MACRO)) for name in findings.ranked() if name != BASELINE
    )
    gap = next((one for one in gaps if one and one.value is not None), None)
    if gap is None or gap.value is None:
        return None
    note = f" ({gap.note})" if gap.note else ""
    return (
        f"{gap.method} closes {percent(gap.value, 0)} % ({percent(findings.level, 0)} % interval "
        f"{interval(gap.low, gap.high, 0)}) of the gap between baseline and teachers{note}."
    )


def _worst(findings: Findings) -> Optional[str]:
    lost = [
        one
        for one in _comparisons(findings, TEST)
        if one.language != MACRO and findings.significance(one) < 0
    ]
    if not lost:
        return None
    worst = min(lost, key=lambda one: one.difference)
    return (
        f"On single languages {count(len(lost), 'comparison')} of a method with a reference went against "
        f"it by more than noise; the worst: {_claim(findings, worst)}."
    )


def _reservation(findings: Findings) -> str:
    sentences = (
        "Differences are of the macro average over languages unless one is named. Intervals are not corrected for "
        "having chosen the best; p is."
    )
    if findings.are_of_one_seed:
        sentences += (
            " Comparisons are of one seed: noise between training runs is not in these intervals, "
            "which are therefore too narrow."
        )
    return sentences
