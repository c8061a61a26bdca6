"""Plain text for people."""

from typing import Sequence


def table(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Rows in columns; the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:])]
        lines.append(indent + "  ".join(cells).rstrip())
    return "\n".join(lines)


def size(num_bytes: int) -> str:
    """Bytes in a unit that fits."""
    if num_bytes < 1024:
        return f"{num_bytes} B"
    value, unit = num_bytes / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}"


def count(number: int, noun: str) -> str:
    """As "1 sentence" and "1,024 sentences"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
