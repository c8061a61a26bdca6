"""What `allennlp export --check` says: how an export and its archive do on labelled sentences."""

from typing import Dict, List

import numpy as np
from allennlp.data import Instance
from allennlp.models import Archive
from more_itertools import chunked
from torch import Tensor

from skd_plugin.commands.text import count, table
from skd_plugin.experiments.evaluation import (
    check_labeled,
    gold_tags,
    reader_of_whole_files,
)
from skd_plugin.metrics import MultilingualMetric, SpanF1, TagAccuracy
from skd_plugin.serving import OnnxTagger
from skd_plugin.serving.parity import largest_difference, torch_outputs

BATCH_SIZE = 64


class Form:
    """
    A form of a tagger, and what came of it.

    # Parameters

    labels : `List[str]`
    metric : `MultilingualMetric`
    """

    def __init__(self, labels: List[str], metric: MultilingualMetric) -> None:
        self._labels = labels
        self._metric = metric
        self._tokens = 0
        self._other_tags = 0
        self._difference = 0.0

    def add(self, instance: Instance, path: List[int], expected: List[int]) -> None:
        """Counts a sentence, by its tags and those of torch; both may be padded."""
        gold = gold_tags(instance)
        language = instance["metadata"].metadata.get("language", "und")  # type: ignore[attr-defined]
        self._metric(language, [self._labels[tag] for tag in path[: len(gold)]], gold)
        self._tokens += len(gold)
        self._other_tags += sum(one != other for one, other in zip(path, expected))

    def add_logits(self, expected: Tensor, found: np.ndarray, mask: Tensor) -> None:
        """Compares a batch; shapes as in `largest_difference`."""
        self._difference = max(self._difference, largest_difference(expected, found, mask))

    def row(self, name: str) -> List[str]:
        """Of the table."""
        scores = self._metric.get_metric()
        (score,) = [scores[one] for one in ("macro_f1", "macro_accuracy") if one in scores]
        other = f"{self._other_tags:,} of {self._tokens:,}"
        return [name, f"{100 * score:.2f}", other, f"{self._difference:.1g}"]


def comparison(archive: Archive, taggers: Dict[str, OnnxTagger], source: str) -> str:
    """
    # Parameters

    archive : `Archive`
    taggers : `Dict[str, OnnxTagger]`
        Exports of the archive, by name.
    source : `str`
        Labelled sentences: a path, or the JSON of `{language: path}`.

    # Returns

    `str`, a table: of torch and each tagger the score, and by how much its tags and logits differ from torch's.
    """
    instances = list(reader_of_whole_files(archive).read(source))
    check_labeled(instances, source)
    encoding = archive.model.label_encoding
    metric = "F1" if encoding else "accuracy"
    labels = next(iter(taggers.values())).labels
    forms = {
        name: Form(labels, SpanF1(encoding) if encoding else TagAccuracy())  # type: ignore[arg-type]
        for name in ("torch", *taggers)
    }
    instances.sort(key=lambda instance: len(gold_tags(instance)))
    for batch in chunked(instances, BATCH_SIZE):
        _add(forms, archive, taggers, batch)
    head = [count(len(instances), "sentence"), f"macro {metric}", "other tags", "logits apart"]
    return table([head, *(form.row(name) for name, form in forms.items())])


def _add(
    forms: Dict[str, Form],
    archive: Archive,
    taggers: Dict[str, OnnxTagger],
    batch: List[Instance],
) -> None:
    sentences = [[str(token.text) for token in instance["tokens"].tokens] for instance in batch]  # type: ignore[attr-defined]
    expected = torch_outputs(archive, sentences)
    paths = {"torch": expected["paths"].tolist()}
    for name, tagger in taggers.items():
        found = tagger.run(tagger.prepare(sentences))
        forms[name].add_logits(expected["logits"], found["logits"], expected["mask"])
        paths[name] = found["tags"].tolist()
    for name, form in forms.items():
        for instance, path, of_torch in zip(batch, paths[name], paths["torch"]):
            form.add(instance, path, of_torch)
