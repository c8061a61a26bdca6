"""The embedded corpora are what their generator writes, and fit to train and to test on."""

import subprocess
import sys
from pathlib import Path

import pytest

from skd_plugin.dataset_readers import ConllTaggingReader, ConlluTaggingReader
from skd_plugin.dataset_readers.tag_encodings import tags_to_spans

FIXTURES = Path(__file__).parent.parent / "fixtures"
LANGUAGES = ["de", "en", "ru", "zh"]
SIZES = {
    "ner": {"train": 240, "dev": 60, "test": 100},
    "pos": {"train": 160, "dev": 40, "test": 60},
}
CORPORA = [(task, language) for task in SIZES for language in LANGUAGES]
UPOS = set("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split())


def sentences(task, language, split):
    if task == "ner":
        path = FIXTURES / task / language / f"{split}.txt"
        return list(ConllTaggingReader(source_encoding="BIO").read_sentences(str(path)))
    path = FIXTURES / task / language / f"{split}.conllu"
    return list(ConlluTaggingReader().read_sentences(str(path)))


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for task in SIZES
        for path in sorted((folder / task).rglob("*.*"))
    }


def test_the_generator_writes_the_same_bytes(tmp_path):
    subprocess.run(
        [sys.executable, str(FIXTURES / "make_corpora.py"), str(tmp_path)], check=True, cwd=tmp_path
    )
    made = files(tmp_path)
    assert len(made) == len(CORPORA) * 3
    assert made == files(FIXTURES)


def test_the_parallel_corpus_is_what_its_generator_writes(tmp_path):
    subprocess.run([sys.executable, str(FIXTURES / "make_parallel.py"), str(tmp_path)], check=True)
    for name, size in {"train.tsv": 90, "dev.tsv": 30}.items():
        content = (tmp_path / name).read_bytes()
        assert content == (FIXTURES / "parallel" / name).read_bytes()
        assert len(set(content.splitlines())) == size + 1


def test_the_corpora_are_small():
    assert sum(len(content) for content in files(FIXTURES).values()) < 1_500_000


@pytest.mark.parametrize("task, language", CORPORA)
def test_sizes(task, language):
    for split, size in SIZES[task].items():
        assert len(sentences(task, language, split)) == size


@pytest.mark.parametrize("task, language", CORPORA)
def test_no_sentence_occurs_twice(task, language):
    texts = [
        tuple(sentence.tokens)
        for split in SIZES[task]
        for sentence in sentences(task, language, split)
    ]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("task, language", CORPORA)
def test_every_tag_of_dev_and_test_occurs_in_train(task, language):
    tags = {
        split: {tag for sentence in sentences(task, language, split) for tag in sentence.tags}
        for split in SIZES[task]
    }
    assert tags["dev"] | tags["test"] <= tags["train"]
    if task == "pos":
        assert tags["train"] <= UPOS
    else:
        assert {tag[2:] for tag in tags["train"]} == {"", "PER", "LOC", "ORG"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_between_a_quarter_and_three_fifths_of_the_names_in_test_are_new(language):
    names = {}
    for split in ("train", "test"):
        names[split] = {
            (label, " ".join(sentence.tokens[first : last + 1]))
            for sentence in sentences("ner", language, split)
            for label, first, last in tags_to_spans(sentence.tags, "BIO")
        }
    share = len(names["test"] - names["train"]) / len(names["test"])
    assert 0.25 <= share <= 0.6


def test_the_treebank_of_german_has_multiword_tokens():
    content = (FIXTURES / "pos" / "de" / "train.conllu").read_text(encoding="utf-8")
    ranges = [line for line in content.splitlines() if "-" in line.split("\t")[0][1:3]]
    assert any(line.split("\t")[1].lower() == "zum" for line in ranges if "\t" in line)
