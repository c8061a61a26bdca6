"""Pairs of sentences in the formats of XNLI, MultiNLI and PAWS-X, and what is wrong with them."""

import gzip
import json
import logging
import re

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

from skd_plugin.dataset_readers import DataError, SentencePairReader
from tests.dataset_readers.reading import write
from tests.runs import ROOT

SUITES = ROOT / "fixtures" / "suites"
XNLI = "language\tgold_label\tgenre\tsentence1\tsentence2\n"
MULTINLI = "premise\thypo\tlabel\n"
PAWS = "id\tsentence1\tsentence2\tlabel\n"


def read(source, **options):
    """The pairs, as words."""
    return [
        (
            instance["metadata"]["language"],
            *(" ".join(token.text for token in instance[side]) for side in ("first", "second")),
            instance["label"].label,
        )
        for instance in SentencePairReader(**options).read(source)
    ]


def test_languages_are_those_of_the_column(tmp_path):
    rows = "de\tneutral\tx\tEins.\tZwei.\nfr\tentailment\tx\tUn.\tDeux.\n"
    path = write(tmp_path, XNLI + rows)
    both = [("de", "Eins .", "Zwei .", "neutral"), ("fr", "Un .", "Deux .", "entailment")]
    assert read(path) == both
    assert read({"fr": path}) == both[1:]
    assert read(json.dumps({"fr": path, "de": path})) == both[::-1]
    assert read(write(tmp_path, gzip.compress((XNLI + rows).encode()), "some.gz")) == both


def test_translated_training_data(tmp_path):
    path = write(tmp_path, MULTINLI + "A.\tB.\tcontradictory\nA.\tC.\tneutral\n")
    assert read({"en": path}) == [
        ("en", "A .", "B .", "contradiction"),
        ("en", "A .", "C .", "neutral"),
    ]


def test_quotes_are_characters(tmp_path):
    path = write(tmp_path, PAWS + '1\t"A b\tHe said "c".\t1\n2\t"\td"\t0\n')
    assert read({"en": path}) == [
        ("en", '" A b', 'He said " c " .', "1"),
        ("en", '"', 'd "', "0"),
    ]
    assert read(path)[0][0] == "und"


@pytest.mark.parametrize(
    "source, expected",
    [
        ({"en": "xnli/multinli.train.en.tsv"}, {"en": 24}),
        ("xnli/xnli.dev.tsv", {"de": 6, "en": 6, "fr": 6}),
        ({"fr": "xnli/xnli.test.tsv"}, {"fr": 3}),
        ({"de": "paws_x/de/dev_2k.tsv", "fr": "paws_x/fr/test_2k.tsv"}, {"de": 2, "fr": 2}),
    ],
)
def test_embedded_files(source, expected):
    if isinstance(source, dict):
        source = {language: str(SUITES / path) for language, path in source.items()}
    else:
        source = str(SUITES / source)
    found = [language for language, *_ in read(source)]
    assert {language: found.count(language) for language in sorted(set(found))} == expected


def test_faulty_lines_may_be_left_out(tmp_path, caplog):
    rows = "1\tA\tNS\t1\n2\t\tB\t0\n3\tA\tB\n4\tA\tB\t-\n5\tA\tB\t0\n"
    path = write(tmp_path, PAWS + rows)
    with caplog.at_level(logging.INFO):
        assert read(path, skip_faulty=True) == [("und", "A", "B", "0")]
    message = f'left out 4 faulty lines: {path}, line 2: found "NS" in column sentence2; expected'
    assert message in caplog.text
    with pytest.raises(DataError, match="found no pair; expected one"):
        read(write(tmp_path, PAWS + rows[: rows.index("5")]), skip_faulty=True)


@pytest.mark.parametrize(
    "content, message",
    [
        (
            "sentence1\tsentence2\n",
            ", line 1: found 'sentence1\\tsentence2'; expected tab-separated names of columns, among them sentence1, "
            "sentence2, gold_label or premise, hypo, label or sentence1, sentence2, label",
        ),
        ("", ", line 1: found ''; expected tab-separated names"),
        (PAWS, ": found no pair; expected one"),
        (PAWS + "1\ta\n", ", line 2: found 2 tab-separated columns; expected 4, as in the first"),
        (PAWS + "1\ta\tb\t1\n\n", ", line 3: found 1 tab-separated columns; expected 4"),
        (PAWS + "1\ta\tb\t2\n", ', line 2: found label "2"; expected one of 0, 1 (or skip_faulty)'),
        (PAWS + "1\t \tb\t1\n", ", line 2: found an empty column sentence1; expected a sentence"),
        (PAWS + "1\ta\tNS\t1\n", ', line 2: found "NS" in column sentence2; expected a sentence'),
        (XNLI + "en\t-\tx\ta\tb\n", ', line 2: found label "-"; expected one of entailment, neutr'),
        (
            XNLI + "ru\tneutral\tx\ta\tb\nbg\tneutral\tx\ta\tb\n",
            ': found pairs of bg, ru alone; expected pairs of "en"',
        ),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=re.escape(path + message)):
        read({"en": path})


def test_bad_options():
    with pytest.raises(ConfigurationError, match="max_tokens: expected 1 or more, got 0"):
        SentencePairReader(max_tokens=0)
    with pytest.raises(ConfigurationError, match='unknown tokenization "letters"'):
        SentencePairReader(tokenization="letters")


def test_what_an_instance_holds():
    reader = SentencePairReader(max_tokens=2)
    instance = reader.text_to_instance("One  two three", "今天好", language="zh")
    assert [token.text for token in instance["first"]] == ["One", "two"]
    assert [token.text for token in instance["second"]] == ["今", "天"]
    assert instance["metadata"].metadata == {"language": "zh"} and "label" not in instance.fields
    reader.apply_token_indexers(instance)
    assert Vocabulary.from_instances([instance]).get_vocab_size("tokens") == 2 + 4
    with pytest.raises(ConfigurationError, match="a sentence has no tokens; expected at least one"):
        reader.text_to_instance("One", " ")
