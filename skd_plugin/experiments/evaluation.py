"""How well a trained tagger does, sentence by sentence."""

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from allennlp.common import Params, Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance
from allennlp.models import Archive, Model
from more_itertools import chunked

from skd_plugin.dataset_readers import UNLABELED, TaggingDatasetReader
from skd_plugin.metrics import MultilingualMetric, SpanF1, TagAccuracy
from skd_plugin.models import Tagger
from skd_plugin.predictors import MultilingualTaggerPredictor

BATCH_SIZE = 64
NUM_EXAMPLES = 2
EXAMPLE_LENGTHS = range(6, 17)

Counts = Dict[Tuple[str, str], np.ndarray]
Examples = List[Dict[str, Any]]


def evaluate(
    archive: Archive, evaluation: Dict[str, Dict[str, str]], label_encoding: Optional[str]
) -> Tuple[Counts, Examples]:
    """
    # Parameters

    archive : `Archive`
        Of any model that gives the `tags` of each sentence.
    evaluation : `Dict[str, Dict[str, str]]`
        The labelled file of each split and language.
    label_encoding : `Optional[str]`
        Of the tags; without one they are counted one by one.

    # Returns

    By (split, language) integers of shape (num_sentences, 3): right, found and true spans (or tags), in the order of
    the file; and a few sentences of the test files with their gold tags and, of a tagger of this plugin, its
    posteriors.
    """
    metric = SpanF1(label_encoding) if label_encoding else TagAccuracy()
    reader = reader_of_whole_files(archive)
    archive.model.eval()
    counts: Counts = {}
    examples: Examples = []
    for split, paths in evaluation.items():
        for language, path in paths.items():
            # A stock reader takes but a path.
            is_ours = isinstance(reader, TaggingDatasetReader)
            source: Any = {language: path} if is_ours else path
            instances = list(reader.read(source))
            check_labeled(instances, path)
            counts[split, language] = _count(archive.model, reader, metric, instances, language)
            if split == "test" and isinstance(archive.model, Tagger):
                examples += _examples(archive.model, reader, instances, language)
    return counts, examples


def score(counts: np.ndarray) -> float:
    """Accuracy or F1 of counts of shape (num_sentences, 3)."""
    right, found, true = counts.sum(axis=0).tolist()
    return 2 * right / (found + true) if found + true else 0.0


def reader_of_whole_files(archive: Archive) -> DatasetReader:
    """The one of the development set, but of whole files."""
    config = reader_config(archive)
    config.pop("max_sentences_per_file", None)
    return DatasetReader.from_params(config)


def reader_config(archive: Archive) -> Params:
    """Of the development set."""
    config = archive.config.get("validation_dataset_reader") or archive.config["dataset_reader"]
    return config.duplicate()


def check_labeled(instances: List[Instance], path: str) -> None:
    """`ConfigurationError` for sentences that cannot be evaluated on."""
    for instance in instances:
        if "tags" not in instance.fields or gold_tags(instance)[0] == UNLABELED:
            words = [token.text for token in instance["tokens"].tokens]  # type: ignore[attr-defined]
            raise ConfigurationError(
                f'{path}: expected gold tags to evaluate on, found a sentence without: "{" ".join(words)[:80]}"'
            )
    if len(instances) < 2:
        raise ConfigurationError(
            f"{path}: expected at least two sentences to evaluate on, found {len(instances)}"
        )


def gold_tags(instance: Instance) -> List[str]:
    """Of a labelled sentence."""
    return list(instance["tags"].labels)  # type: ignore[attr-defined]


def _count(
    model: Model,
    reader: DatasetReader,
    metric: MultilingualMetric,
    instances: List[Instance],
    language: str,
) -> np.ndarray:
    """Shape (num_sentences, 3)."""
    rows: List[np.ndarray] = []
    batches = Tqdm.tqdm(chunked(_by_length(instances), BATCH_SIZE), desc=f"evaluating {language}")
    for batch in batches:
        unlabeled = [_without_gold(instance, reader) for _, instance in batch]
        for (_, instance), output in zip(batch, model.forward_on_instances(unlabeled)):
            rows.append(metric.count(list(output["tags"]), gold_tags(instance)))
    counts = np.zeros((len(instances), 3), dtype=np.int64)
    counts[[position for position, _ in _by_length(instances)]] = rows
    return counts


def _by_length(instances: List[Instance]) -> List[Tuple[int, Instance]]:
    """With their positions; alike ones together, so that little is padded."""
    numbered = list(enumerate(instances))
    return sorted(numbered, key=lambda one: len(one[1]["tokens"]))  # type: ignore[arg-type]


def _without_gold(instance: Instance, reader: DatasetReader) -> Instance:
    """A tag that training has never seen is an error of the model here, not of the program."""
    fields = {name: field for name, field in instance.fields.items() if name != "tags"}
    unlabeled = Instance(fields)
    reader.apply_token_indexers(unlabeled)
    return unlabeled


def _examples(
    model: Tagger, reader: DatasetReader, instances: List[Instance], language: str
) -> Examples:
    """The first sentences that are easily looked at."""
    predictor = MultilingualTaggerPredictor(model, reader, posteriors=True)
    examples: Examples = []
    for instance in instances:
        gold = gold_tags(instance)
        if len(gold) in EXAMPLE_LENGTHS and len(set(gold)) > 1 and len(examples) < NUM_EXAMPLES:
            output = predictor.predict_instance(_without_gold(instance, reader))
            labels = sorted(output["posteriors"][0])
            posteriors = [[word[label] for label in labels] for word in output["posteriors"]]
            example = {"language": language, "tokens": output["tokens"], "gold": gold}
            examples.append({**example, "labels": labels, "posteriors": posteriors})
    return examples
