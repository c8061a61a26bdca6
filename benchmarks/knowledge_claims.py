"""What the benchmark of knowledge claims, as rows that hold or do not."""

from typing import List, NamedTuple, Optional

from benchmarks.claims import Row, row
from benchmarks.knowledge_bytes import HEADLINE, Stored
from benchmarks.knowledge_caching import BILSTM, TRANSFORMER, Caching
from benchmarks.knowledge_memory import Memory
from benchmarks.knowledge_reading import Reading
from benchmarks.knowledge_steps import DEMO, PAPER, Step
from skd_plugin.knowledge.lmdb_database import MOST_MAPPED

MIB = 2**20
MOST_BESIDE = 64 * MIB
"""What caching and training with a store may take beside plain training: the sentences that are sorted, and a write."""
STEP_GOALS = {PAPER: "<= 1.15", DEMO: "<= 1.35"}
CLAIMED = ("posterior", "weighted_top_k")


class Results(NamedTuple):
    """All that was measured."""

    steps: List[Step]
    caching: List[Caching]
    stored: List[Stored]
    memories: List[Memory]
    readings: List[Reading]

    def step(self, size: str, method: str) -> Optional[float]:
        """Its ratio to the plain step."""
        for one in self.steps:
            if (one.size, one.method) == (size, method):
                return one.timing.ratio
        return None

    def memory(self, num_sentences: int, distilled: bool, phase: str) -> Memory:
        """Of one training."""
        (found,) = (
            one
            for one in self.memories
            if (one.num_sentences, one.distilled, one.phase) == (num_sentences, distilled, phase)
        )
        return found

    @property
    def sizes(self) -> List[int]:
        """Numbers of sentences of the trainings, in order."""
        return sorted({one.num_sentences for one in self.memories})


def all_claims(results: Results) -> List[Row]:
    """Steps, caching, bytes, memory."""
    return [*_steps(results), *_caching(results), *_bytes(results), *_memories(results)]


def _steps(results: Results) -> List[Row]:
    return [
        row(
            f"training step with cached knowledge over the plain one: {method}, {size}",
            goal,
            results.step(size, method),
        )
        for size, goal in STEP_GOALS.items()
        for method in CLAIMED
    ]


def _caching(results: Results) -> List[Row]:
    rows = []
    for kind in (BILSTM, TRANSFORMER):
        found = [one for one in results.caching if one.teacher.startswith(kind)]
        name = found[0].teacher if found else kind
        ratio = found[0].caching.ratio if found else None
        rows.append(row(f"caching over the bare forward pass: {name}", "<= 1.2", ratio))
    return rows


def _bytes(results: Results) -> List[Row]:
    found = [one for one in results.stored if one.content == HEADLINE]
    return [
        row(
            f"bytes a token: {HEADLINE}, 20 tags, {one.teaching.teacher} teacher",
            "<= 40",
            one.built,
        )
        for one in found
        if one.teaching.num_tags == 20
    ] or [row(f"bytes a token: {HEADLINE}, 20 tags", "<= 40", None)]


def _memories(results: Results) -> List[Row]:
    if not results.memories:
        return [row("memory", "<= 1.1", None)]
    sizes, rows = results.sizes, []
    for phase in ("caching", "training"):
        peaks = [results.memory(size, True, phase).anonymous for size in (sizes[0], sizes[-1])]
        claim = f"most memory while {phase}: of {sizes[-1]:,} sentences over {sizes[0]:,}"
        rows.append(row(claim, "<= 1.1", peaks[1] / peaks[0]))
    for phase in ("caching", "training"):
        beside = max(beside_plain(results, size, phase) for size in sizes)
        claim = f"most memory while {phase} beside that of plain training, up to {sizes[-1]:,} sentences, MiB"
        rows.append(row(claim, f"<= {MOST_BESIDE // MIB}", beside / MIB))
    mapped = max(mapped_store(results, size) for size in sizes)
    claim = f"most pages of the store in memory, up to {sizes[-1]:,} sentences, MiB"
    return [*rows, row(claim, f"<= {MOST_MAPPED // MIB}", mapped / MIB)]


def beside_plain(results: Results, num_sentences: int, phase: str) -> int:
    """By how many bytes the most anonymous memory of a phase exceeds that of training without teachers."""
    plain = results.memory(num_sentences, False, "training").anonymous
    return results.memory(num_sentences, True, phase).anonymous - plain


def mapped_store(results: Results, num_sentences: int) -> int:
    """How many bytes more of files are mapped than in training without teachers."""
    most = max(
        results.memory(num_sentences, True, phase).mapped for phase in ("caching", "training")
    )
    return most - results.memory(num_sentences, False, "training").mapped
