"""The report as Markdown, without drawings."""

import re
from typing import List, Sequence

from skd_plugin.experiments.report.blocks import Block, Cell, Points, Table, Text
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.runs import summary, warning
from skd_plugin.experiments.report.sections import table_sections


def markdown(findings: Findings) -> str:
    """The tables, and what is said of them."""
    lines = [f"# {_escaped(findings.title)}", "", _escaped(summary(findings))]
    missing = warning(findings)
    if missing:
        lines += ["", f"**{_escaped(missing)}**"]
    lines += ["", "```", findings.command, "```"]
    for section in table_sections(findings):
        lines += ["", f"## {section.title}"]
        for block in section.blocks:
            lines += ["", *_block(block)]
    return "\n".join(lines) + "\n"


def _block(block: Block) -> List[str]:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Points):
        return [f"- {_escaped(item)}" for item in block.items]
    if isinstance(block, Text):
        return [_escaped(block.text)]
    raise TypeError(f"expected a table or text, got {type(block).__name__}")


def _table(table: Table) -> List[str]:
    lines = [
        _line([_escaped(column.title) for column in table.columns]),
        _line([":--" if column.is_text else "--:" for column in table.columns]),
    ]
    for group in table.groups:
        if group.title is not None:
            lines.append(_line([f"*{_escaped(group.title)}*"] + [""] * (len(table.columns) - 1)))
        lines += [_line([_cell(cell) for cell in row]) for row in group.rows]
    return [*lines, "", _escaped(table.caption)]


def _cell(cell: Cell) -> str:
    text = f"**{_escaped(cell.text)}**" if cell.strong else _escaped(cell.text)
    return " ".join(part for part in (text, _escaped(cell.small), cell.mark) if part)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    """Nothing in it is taken for Markdown or breaks a row of a table."""
    return re.sub(r"([\\|*<`\[\]])", r"\\\1", " ".join(text.split()))
