"""What asking once saves is counted and timed."""

import json
import subprocess
import sys

from tests.runs import ROOT


def test_a_quick_run(tmp_path):
    """In a process of its own: it counts in the class of teachers, and silences the log."""
    rows = tmp_path / "rows.json"
    command = [sys.executable, "benchmarks/phases.py", "--quick", "--json", str(rows)]
    printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode()
    sentences, time = json.loads(rows.read_text())
    assert sentences == {
        "claim": "sentences that the teacher reads in every phase, over once",
        "goal": ">= 5",
        "value": 5.0,
        "holds": True,
    }
    assert time["claim"] == "time with the teacher asked in every phase, over once"
    assert time["value"] > 0
    assert "| once | 480 |" in printed and "| in every phase that needs it | 2,400 |" in printed
