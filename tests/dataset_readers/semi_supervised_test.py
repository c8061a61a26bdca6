"""Labelled and unlabelled files in one input."""

import json

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader, DatasetReader
from allennlp.data.token_indexers import TokenCharactersIndexer

from skd_plugin.dataset_readers import (
    UNLABELED,
    DataError,
    PlainTextReader,
    SemiSupervisedReader,
    Sentence,
)
from skd_plugin.models import DistilledTagger
from tests.dataset_readers.reading import SlashReader, read, words_of, write
from tests.runs import NER, allennlp, metrics_of, student_config, train


@pytest.fixture
def text(tmp_path):
    return write(tmp_path, "u0\nu1\n", "text")


def test_tags_are_withheld(two_files):
    reader = SemiSupervisedReader(
        SlashReader(max_sentences_per_file=2), SlashReader(skip_sentences_per_file=3)
    )
    assert read(reader, {"labeled": two_files, "unlabeled": two_files}) == [
        Sentence(["s0"], ["A"], "en"),
        Sentence(["s1"], ["A"], "en"),
        Sentence(["t0"], ["B"], "de"),
        Sentence(["t1"], ["B"], "de"),
        Sentence(["s3"], None, "en"),
        Sentence(["s4"], None, "en"),
        Sentence(["t3"], None, "de"),
    ]


def test_kinds_of_input(two_files, text):
    reader = SemiSupervisedReader(SlashReader(), PlainTextReader())
    labeled = [
        (f"{letter}{number}", True) for letter, n in (("s", 5), ("t", 4)) for number in range(n)
    ]
    unlabeled = [("u0", False), ("u1", False)]
    both = {"labeled": two_files, "unlabeled": {"fr": text}}
    one = two_files["en"]
    for source, expected in [
        (both, labeled + unlabeled),
        (json.dumps(both), labeled + unlabeled),
        (Params(both), labeled + unlabeled),
        ({"labeled": [one, two_files["de"]], "unlabeled": text}, labeled + unlabeled),
        ({"unlabeled": text, "labeled": json.dumps(two_files)}, labeled + unlabeled),
        ({"unlabeled": [text]}, unlabeled),
        ({"labeled": two_files}, labeled),
        (two_files, labeled),
        (json.dumps(two_files), labeled),
        ([one], labeled[:5]),
        (one, labeled[:5]),
    ]:
        sentences = read(reader, source)
        assert [(one.tokens[0], one.tags is not None) for one in sentences] == expected


def test_the_labelled_reader_reads_both_where_there_is_no_other(two_files):
    reader = SemiSupervisedReader(SlashReader(max_sentences_per_file=1))
    source = {"labeled": two_files["en"], "unlabeled": two_files["de"]}
    assert read(reader, source) == [Sentence(["s0"], ["A"], "und"), Sentence(["t0"], None, "und")]


def test_where_the_language_comes_from(two_files, text):
    one = {"labeled": two_files["en"], "unlabeled": text}
    for labeled, unlabeled, expected in [
        ("en", None, ("en", "en")),
        ("en", "fr", ("en", "fr")),
        (None, "fr", ("und", "fr")),
        (None, None, ("und", "und")),
    ]:
        reader = SemiSupervisedReader(
            SlashReader(language=labeled), PlainTextReader(language=unlabeled)
        )
        languages = [sentence.language for sentence in read(reader, one)]
        assert (languages[0], languages[-1]) == expected
    reader = SemiSupervisedReader(SlashReader(language="en"))
    assert read(reader, {"unlabeled": {"sl": two_files["de"]}})[0].language == "sl"


def test_files_of_both_parts_are_interleaved(two_files, text):
    reader = SemiSupervisedReader(SlashReader(), PlainTextReader(), interleave=True)
    source = {"labeled": two_files, "unlabeled": {"en": text}}
    expected = "s0 t0 u0 s1 t1 s2 t2 u1 s3 t3 s4".split()
    assert words_of(reader.read(source)) == expected
    short = SemiSupervisedReader(SlashReader(), PlainTextReader(), True, max_instances=4)
    assert words_of(short.read(source)) == expected[:4]


def test_one_file_in_both_parts_is_counted_for_each(two_files):
    reader = SemiSupervisedReader(
        SlashReader(max_sentences_per_file=1), SlashReader(skip_sentences_per_file=1), True
    )
    source = {"labeled": two_files, "unlabeled": two_files}
    for _ in range(2):
        instances = list(reader.read(source))
        assert words_of(instances) == "s0 t0 s1 t1 s2 t2 s3 t3 s4".split()
        labelled = [instance["tags"].labels[0] != UNLABELED for instance in instances]
        assert labelled == [True] * 2 + [False] * 7


def test_instances_are_those_of_the_labelled_reader(two_files, text):
    indexers = {"characters": TokenCharactersIndexer(min_padding_length=1)}
    labeled = SlashReader(token_indexers=indexers, label_namespace="colours", language="en")
    reader = SemiSupervisedReader(labeled, PlainTextReader())
    assert reader.token_indexers is indexers
    for instance in reader.read({"labeled": two_files, "unlabeled": text}):
        assert instance["tokens"].token_indexers is indexers
        assert instance["tags"]._label_namespace == "colours"
    instance = reader.text_to_instance(["a"])
    assert instance["metadata"]["language"] == "en" and "tags" not in instance.fields
    reader.apply_token_indexers(instance)
    assert instance["tokens"].token_indexers is indexers
    assert reader.text_to_instance(["a"], ["X"], "de")["tags"].labels == ["X"]


def test_from_a_config(two_files, text):
    params = {
        "type": "semi_supervised",
        "labeled": {"type": "conll_tagging", "max_sentences_per_file": 3},
        "unlabeled": {"type": "plain_text"},
        "interleave": True,
        "max_instances": 2,
    }
    reader = DatasetReader.from_params(Params(params), serialization_dir="run")
    assert isinstance(reader, SemiSupervisedReader)
    source = {"labeled": str(NER / "en" / "train.txt"), "unlabeled": {"en": text}}
    loader = DataLoader.from_params(Params({"data_path": source, "batch_size": 2}), reader=reader)
    assert words_of(loader.iter_instances())[1] == "u0"
    assert len(list(loader.iter_instances())) == 2


OPTION = "expected it inside, as the reader's that it is for"
OPTIONS = [
    ({"language": "en"}, f"semi_supervised: language beside labeled; {OPTION}"),
    ({"token_indexers": {}}, f"semi_supervised: token_indexers beside labeled; {OPTION}"),
    ({"label_namespace": "x"}, f"semi_supervised: label_namespace beside labeled; {OPTION}"),
    (
        {"max_sentences_per_file": 1},
        f"semi_supervised: max_sentences_per_file beside labeled; {OPTION}",
    ),
    (
        {"skip_sentences_per_file": 1},
        f"semi_supervised: skip_sentences_per_file beside labeled; {OPTION}",
    ),
    (
        {"unlabelled": {"type": "plain_text"}},
        "SemiSupervisedReader: unknown option unlabelled; expected one of max_instances, serialization_dir, "
        "interleave, labeled, unlabeled",
    ),
    (
        {"unlabeled": {"type": "sequence_tagging"}},
        "semi_supervised: unlabeled is a SequenceTaggingDatasetReader; expected a reader that derives from "
        "TaggingDatasetReader",
    ),
    (
        {"unlabeled": {"type": "plain_text", "max_instances": 0}},
        "semi_supervised: max_instances inside unlabeled; expected it outside, for all files together",
    ),
    (
        {"labeled": {"type": "plain_text", "interleave": True}},
        "semi_supervised: interleave inside labeled; expected it outside, for all files together",
    ),
]


@pytest.mark.parametrize("options, message", OPTIONS)
def test_options(options, message):
    params = {"type": "semi_supervised", "labeled": {"type": "plain_text"}, **options}
    with pytest.raises(ConfigurationError) as caught:
        DatasetReader.from_params(Params(params))
    assert str(caught.value) == message


PARTS = 'expected "labeled", "unlabeled" or both, or {language: path}'
KINDS = "expected a path, a list of paths or {language: path}"
INPUTS = [
    ({"labeled": "x", "en": "y"}, f"input: found 'labeled', 'en'; {PARTS}"),
    ({"unlabelled": {"en": "x"}}, f"input: found 'unlabelled'; {PARTS}"),
    ('{"labeled": "x", "unlabelled": "y"}', f"input: found 'labeled', 'unlabelled'; {PARTS}"),
    ({"unlabeled": {}}, f"input: {KINDS}, got {{}}"),
    ({"labeled": None}, f"input: {KINDS}, got None"),
    ({"labeled": {"en": {"de": "x"}}}, f"input: {KINDS}, got {{'en': {{'de': 'x'}}}}"),
    ({}, f"input: {KINDS}, got {{}}"),
    (7, f"input: {KINDS}, got 7"),
    (
        '{"labeled": x}',
        'input {"labeled": x}: Expecting value: line 1 column 13 (char 12); '
        "expected a path, or the JSON of a list or {language: path}",
    ),
    ({"unlabeled": {"en": "corpus"}}, "corpus: found no such file; expected a file or URL"),
]


@pytest.mark.parametrize("source, message", INPUTS)
def test_inputs(tmp_path, monkeypatch, source, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        list(SemiSupervisedReader(PlainTextReader()).read(source))
    assert str(caught.value) == message


def test_a_fault_of_an_unlabelled_file(tmp_path, two_files):
    path = write(tmp_path, b"a\n\xff\n")
    reader = SemiSupervisedReader(SlashReader(), PlainTextReader())
    with pytest.raises(DataError) as caught:
        list(reader.read({"labeled": two_files, "unlabeled": path}))
    expected = "line 2: found byte 0xff at position 1; expected UTF-8 text"
    assert str(caught.value) == f"{path}, {expected}"


def semi_supervised_config(teachers, num_labeled):
    """A student of whose training sentences the first keep their tags, and twenty more are without."""
    config = student_config(teachers, losses=[{"type": "posterior"}])
    reader, paths = config["dataset_reader"], config["train_data_path"]
    config["dataset_reader"] = {
        "type": "semi_supervised",
        "labeled": {**reader, "max_sentences_per_file": num_labeled},
        "unlabeled": {
            **reader,
            "skip_sentences_per_file": num_labeled,
            "max_sentences_per_file": 20,
        },
        "interleave": True,
    }
    config["train_data_path"] = {"labeled": paths, "unlabeled": paths}
    config["data_loader"] = {
        "batch_sampler": {
            "type": "smoothed_languages",
            "batch_size": 8,
            "exponent": 0.7,
            "unlabeled_ratio": 0.5,
        }
    }
    config["validation_data_loader"] = {"batch_size": 64}
    return config


def test_a_student_learns_from_both(teachers, tmp_path, monkeypatch):
    seen = []
    forward = DistilledTagger.forward

    def spy(self, tokens, metadata, tags=None, **kwargs):
        if self.training:
            labelled = (tags[:, 0] != UNLABELED).tolist()
            seen.extend(zip(labelled, (sentence["language"] for sentence in metadata)))
        return forward(self, tokens, metadata, tags, **kwargs)

    monkeypatch.setattr(DistilledTagger, "forward", spy)
    config = semi_supervised_config(teachers, num_labeled=10)
    train(config, tmp_path / "run")
    metrics = metrics_of(tmp_path / "run")
    assert metrics["epoch"] == 1 and 0 < metrics["training_loss"] < float("inf")
    counts = {group: seen.count(group) for group in sorted(set(seen))}
    # Two epochs: of each language ten labelled sentences, and half as many of the twenty unlabelled ones.
    assert counts == {(False, "en"): 10, (False, "ru"): 10, (True, "en"): 20, (True, "ru"): 20}
    output = tmp_path / "metrics.json"
    gold = json.dumps({"en": str(NER / "en" / "test.txt")})
    model = tmp_path / "run" / "model.tar.gz"
    allennlp("evaluate", model, gold, "--output-file", output)
    assert "_en_f1" in json.loads(output.read_text())
    arguments = ["--use-dataset-reader", "--output-file", tmp_path / "tags.jsonl", "--silent"]
    allennlp("predict", model, NER / "en" / "test.txt", *arguments)
    first = json.loads((tmp_path / "tags.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert len(first["tokens"]) == len(first["tags"])


def test_such_a_student_teaches(teachers, tmp_path):
    config = semi_supervised_config(teachers, num_labeled=10)
    config["trainer"]["num_epochs"] = 1
    train(config, tmp_path / "run")
    config = student_config(teachers, losses=[{"type": "posterior"}])
    config["trainer"]["num_epochs"] = 1
    config["model"]["teachers"] = {"en": [{"archive_file": str(tmp_path / "run")}]}
    train(config, tmp_path / "next")
    assert metrics_of(tmp_path / "next")["epoch"] == 0
