"""What asking once saves is counted and timed."""

import json
import sys

from benchmarks import phases
from tests.processes import Forked


def run(*arguments):
    """On one language's sentences."""
    phases.LANGUAGES = phases.LANGUAGES[:1]
    sys.argv = ["benchmarks/phases.py", *arguments]
    phases.main()


def test_a_quick_run(tmp_path):
    """In a process of its own: it counts in the class of teachers, and silences the log."""
    rows = tmp_path / "rows.json"
    arguments = ["--quick", "--json", str(rows)]
    process = Forked(run, *arguments, output=tmp_path / "printed.txt", environment={})
    assert process.end() == 0, process.printed[-3000:]
    printed = process.printed
    sentences, time = json.loads(rows.read_text())
    assert sentences == {
        "claim": "sentences that the teacher reads in every phase, over once",
        "goal": ">= 5",
        "value": 5.0,
        "holds": True,
    }
    assert time["claim"] == "time with the teacher asked in every phase, over once"
    assert time["value"] > 0
    assert "| once | 240 |" in printed and "| in every phase that needs it | 1,200 |" in printed
