"""Taggers that take as long as they are told, by a clock of their own."""

from typing import Any, List, Tuple

import pytest

from skd_plugin.latency import Size, TimedModel, measuring
from skd_plugin.latency.timed_model import Sentences


class Clock:
    """The seconds that have passed, for `measuring` alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(measuring.time, "perf_counter", lambda: self.now)


class FakeModel(TimedModel):
    """Takes a number of seconds for every word, in each of its two steps."""

    def __init__(self, name: str, clock: Clock, prepare: float, run: float) -> None:
        super().__init__(name, Size(1000, 600, 4000))
        self.clock = clock
        self.seconds = (prepare, run)
        self.threads: List[int] = []
        self.seen: List[Sentences] = []

    def use_threads(self, number: int) -> None:
        self.threads.append(number)

    def prepare(self, sentences: Sentences) -> Any:
        self.seen.append(sentences)
        self.clock.now += self.seconds[0] * sum(map(len, sentences))
        return sentences

    def run(self, prepared: Any) -> List[List[str]]:
        self.clock.now += self.seconds[1] * sum(map(len, prepared))
        return [["O"] * len(words) for words in prepared]


def pair(clock: Clock) -> Tuple[FakeModel, FakeModel]:
    """A slow and a fast one."""
    return FakeModel("slow", clock, 1.0, 3.0), FakeModel("fast", clock, 0.5, 0.5)
