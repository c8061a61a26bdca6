"""What teachers and students think of a few sentences."""

from typing import List, Sequence, Tuple

from skd_plugin.experiments.experiment import BASELINE, TEACHERS
from skd_plugin.experiments.report.blocks import Block, HeatCell, HeatMap, Sentence, Text
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.records import Example

LEAST = 0.05
"""Labels that are nowhere as likely are left out."""

DARKEST = (0, 34, 78)


def example_blocks(findings: Findings) -> List[Block]:
    """Heat maps, a sentence after the other."""
    if not findings.examples:
        return []
    introduction = Text(
        "Probability of each label (columns) for each token (rows), the darker the more likely, in hundredths; below "
        "one hundredth nothing is written. Framed: the gold label. Labels below "
        f"{LEAST:g} everywhere in a sentence are left out. Of the first seed."
    )
    order = [TEACHERS, BASELINE, *_best(findings)]
    return [introduction, *(_sentence(example, order) for example in findings.examples)]


def _best(findings: Findings) -> List[str]:
    return [name for name in findings.ranked() if name != BASELINE][:1]


def _sentence(example: Example, order: Sequence[str]) -> Sentence:
    names = [name for name in order if name in example.posteriors]
    shown = [index for index in range(len(example.labels)) if _matters(example, index, names)]
    maps = [
        HeatMap(
            name,
            [example.labels[index] for index in shown],
            example.tokens,
            [
                [_cell(row[index], example.labels[index] == gold) for index in shown]
                for row, gold in zip(example.posteriors[name], example.gold)
            ],
        )
        for name in names
    ]
    return Sentence(example.language, " ".join(example.tokens), maps)


def _matters(example: Example, label: int, names: Sequence[str]) -> bool:
    if example.labels[label] in example.gold:
        return True
    return any(row[label] >= LEAST for name in names for row in example.posteriors[name])


def _cell(probability: float, is_gold: bool) -> HeatCell:
    hundredths = round(100 * probability)
    background = _shade(probability)
    color = "#fff" if _luminance(background) < 0.18 else "#000"
    return HeatCell(str(hundredths or ""), "#%02x%02x%02x" % background, color, is_gold)


def _shade(probability: float) -> Tuple[int, int, int]:
    """From white to the dark end of cividis: one hue, so that lightness alone tells."""
    red, green, blue = (round(255 + probability * (dark - 255)) for dark in DARKEST)
    return red, green, blue


def _luminance(color: Tuple[int, int, int]) -> float:
    """The relative luminance of the web's accessibility guidelines."""
    red, green, blue = ((channel / 255) ** 2.2 for channel in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
