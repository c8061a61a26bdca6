"""The results about knowledge as a page and as data."""

import json
from pathlib import Path
from typing import Dict, List

from benchmarks.claims import Row
from benchmarks.knowledge_claims import (
    MIB,
    MOST_BESIDE,
    Results,
    beside_plain,
    mapped_store,
)
from benchmarks.knowledge_steps import PLAIN, READING
from benchmarks.report import claims_table, table, versions
from skd_plugin.knowledge.lmdb_database import MOST_MAPPED

PACKAGES = ("skd_plugin", "torch", "allennlp", "transformers", "lmdb", "numpy")

METHOD = f"""\
All runs on one thread of the CPU. Sentences are synthetic: words drawn from 20,000 by Zipf's law, 20 tokens in the mean
(gamma distribution of shape 3, from 1 to 100), with tags that the ending of a word gives away, or that and the word
before, but for 3 % of noise. The demo's student has the sentences of the embedded corpus.

**Steps.** A step is forward, backward, clipping and update, from tensors that were made before; with teachers also the
reading of their knowledge from the store, one for each method, which the system's cache holds. All methods take turns
on the same batches; a ratio is the median over rounds of a method's time to that of the plain step (gold tags alone) in
the same round. The weight of the teachers is 1, as in the first epoch.

**Caching.** The bare forward pass makes tensors of words and runs the model, without decoding; caching also looks the
sentences up, finds posteriors and 10 paths, and writes them, each time into a new store. Batches are the same, of 2048
tokens at most. The teachers have random weights and stay loaded; 20 tags.

**Bytes.** The size of the database, after a caching pass over sentences that the teacher was not trained on, over the
number of tokens. "merged" is what `allennlp knowledge merge` makes of it. The trained teacher has seen a few batches;
the random one has scores between -10 and 10, drawn anew for each token, as the worst case.

**Memory.** A tiny student of a tiny teacher (BiLSTMs of 8 units, 20 tags, posteriors and 10 paths) learns for one epoch
from a file that is read as a stream, sentences of 4 to 8 tokens, of which the data loader holds a few thousand; beside
it another learns from gold tags alone. Each has a process of its own. Every 20 ms the kernel is asked how much memory
is the process' own (anonymous), and how much are pages of files: of libraries, and of the store, from which the system
may take them back at any time. Flat means three things: from the smallest to the largest corpus the most anonymous
memory, with what imports take, grows by less than a tenth; at every size it stays within {MOST_BESIDE // MIB} MiB
beside plain training; and at most {MOST_MAPPED // MIB} MiB of the store are mapped.

**Reading.** Batches of 32 sentences in random order, posteriors and 10 paths, from files that were just written, so
that the disk takes no part; a `.pt` file holds the same arrays of one sentence, a dict the arrays themselves."""


def write_page(results: Results, claims: List[Row], path: Path) -> None:
    """Claims, method, then a table for every measurement."""
    parts = ["# Knowledge in a store", table(["", ""], versions(PACKAGES).items())]
    parts += ["## Claims", claims_table(claims), "## How it is measured", METHOD]
    parts += ["## (a) A training step", _steps_table(results)]
    parts += ["## (b) Caching", _caching_table(results)]
    parts += ["## (c) Bytes a token", _bytes_table(results), _fields_table(results)]
    parts += ["## (d) Memory, MiB", _memory_table(results)]
    parts += ["## (e) Reading", _reading_table(results)]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def write_data(results: Results, path: Path) -> None:
    """Everything, as JSON."""
    data: Dict[str, object] = {"versions": versions(PACKAGES)}
    for name, rows in results._asdict().items():
        data[name] = [_plain(one) for one in rows]
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    """Named tuples as mappings."""
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    return value


def _steps_table(results: Results) -> str:
    rows = []
    for one in results.steps:
        if one.method.startswith(READING):
            continue
        (reading,) = [
            other.timing.seconds
            for other in results.steps
            if (other.size, other.method) == (one.size, READING + one.method)
        ] or [0.0]
        low, high = one.timing.quartiles
        rows.append(
            [
                one.size,
                one.method,
                f"{one.timing.seconds * 1e3:.2f}",
                f"{one.timing.ratio:.3f}",
                f"{low:.2f} to {high:.2f}",
                "" if one.method == PLAIN else f"{reading * 1e3:.2f}",
            ]
        )
    header = ["student", "method", "ms", "over plain", "quartiles", "ms of it reading"]
    return table(header, rows)


def _caching_table(results: Results) -> str:
    rows = [
        [
            one.teacher,
            one.num_tokens,
            f"{one.forward.seconds / one.num_tokens * 1e6:.1f}",
            f"{one.caching.seconds / one.num_tokens * 1e6:.1f}",
            f"{one.caching.ratio:.3f}",
            f"{one.caching.quartiles[0]:.2f} to {one.caching.quartiles[1]:.2f}",
        ]
        for one in results.caching
    ]
    units = ["forward, µs a token", "caching, µs a token", "caching over forward", "quartiles"]
    return table(["teacher", "tokens", *units], rows)


def _bytes_table(results: Results) -> str:
    rows = [
        [
            one.teaching.num_tags,
            f"{one.teaching.teacher} (accuracy {one.teaching.accuracy:.2f}, "
            f"entropy {one.teaching.entropy:.2f} nats a token)",
            one.content,
            f"{one.built:.1f}",
            f"{one.merged:.1f}",
        ]
        for one in results.stored
    ]
    return table(["tags", "teacher", "what is kept", "as built", "merged"], rows)


def _fields_table(results: Results) -> str:
    names = sorted({name for one in results.stored for name in one.fields}, key=_else_last)
    rows = [
        [
            one.teaching.num_tags,
            one.teaching.teacher,
            one.content,
            *(f"{one.fields[name]:.1f}" if name in one.fields else "" for name in names),
        ]
        for one in results.stored
    ]
    return table(["tags", "teacher", "what is kept", *names], rows)


def _else_last(name: str) -> str:
    return "~" if name == "else" else name


def _memory_table(results: Results) -> str:
    rows = []
    for one in results.memories:
        own = one.anonymous - one.before["anonymous"]
        beside = beside_plain(results, one.num_sentences, one.phase) if one.distilled else 0
        rows.append(
            [
                f"{one.num_sentences:,}",
                "distilled" if one.distilled else "plain",
                one.phase if one.distilled or one.phase == "training" else "start",
                *(f"{size / MIB:.0f}" for size in (one.anonymous, own, beside, one.mapped)),
                f"{mapped_store(results, one.num_sentences) / MIB:.0f}" if one.distilled else "",
                f"{one.stored / MIB:.0f}",
                f"{one.seconds:.0f}",
            ]
        )
    header = ["sentences", "", "phase", "anonymous", "since imports", "beside plain training"]
    return table([*header, "files", "files beside plain", "store on disk", "s"], rows)


def _reading_table(results: Results) -> str:
    rows = [
        [
            one.place,
            one.processes,
            f"{one.rate:,.0f}",
            f"{one.bytes_per_token:.0f}" if one.bytes_per_token else "",
        ]
        for one in results.readings
    ]
    return table(["", "processes", "sentences a second", "bytes a token on disk"], rows)
