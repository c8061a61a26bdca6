"""The tasks of Wang et al. (ACL 2020), 25 datasets, and aspect extraction, on small files in the official formats."""

import json
from pathlib import Path
from typing import Any, Dict, List
from xml.sax.saxutils import escape, quoteattr

import pytest
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.util import prepare_environment

from skd_plugin.dataset_readers import ConllTaggingReader, ConlluTaggingReader, Sentence
from skd_plugin.dataset_readers.tag_encodings import convert_tags, tags_to_spans
from tests.runs import ROOT, train

CONFIGS = ROOT / "training_configs"
SPLITS = ["train", "dev", "test"]
NUM_SENTENCES = 20
PAPER = {
    "conll_ner": ["de", "en", "es", "nl"],
    "semeval_absa": ["en", "es", "nl", "ru", "tr"],
    "ud_paper": ["en", "fa", "fr", "he", "id", "ja", "sl", "ta"],
    "wikiann_ner": ["en", "eu", "fa", "fr", "he", "id", "sl", "ta"],
}
TASKS = {**PAPER, "absa": ["ca", "eu", "no"]}
Gold = Dict[str, Dict[str, List[Sentence]]]  # by split and language
TREEBANKS = """
UD_English-EWT/en_ewt UD_French-Sequoia/fr_sequoia UD_Hebrew-HTB/he_htb UD_Indonesian-GSD/id_gsd
UD_Japanese-GSD/ja_gsd UD_Persian-Seraji/fa_seraji UD_Slovenian-SST/sl_sst UD_Tamil-TTB/ta_ttb
"""


def embedded(language: str, split: str) -> List[Sentence]:
    """Named entities, in Russian or in German, which has umlauts."""
    path = ROOT / "fixtures" / "ner" / ("ru" if language == "ru" else "de") / f"{split}.txt"
    return list(ConllTaggingReader().read_sentences(str(path)))[:NUM_SENTENCES]


def as_targets(sentences: List[Sentence]) -> List[Sentence]:
    """Every span a target of an opinion."""
    return [
        Sentence(one.tokens, [tag if tag == "O" else f"{tag[:2]}TARGET" for tag in one.tags or []])
        for one in sentences
    ]


def columns(sentences: List[Sentence], line: str) -> str:
    """One word a line, an empty line after each sentence."""
    blocks = [
        "".join(f"{line.format(*pair)}\n" for pair in zip(one.tokens, one.tags or []))
        for one in sentences
    ]
    return "\n".join(blocks) + "\n"


def write(file: Path, content: str, encoding: str = "utf-8") -> None:
    """A file in its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode(encoding))


def write_conll(folder: Path, language: str, split: str) -> List[Sentence]:
    """English and German of 2003 are in IOB1; Dutch is here one of the copies in UTF-8."""
    name, first, line = {
        "de": ("deu", "-DOCSTART- -X- -X- -X- O\n\n", "{0} <unknown> NN I-NC {1}"),
        "en": ("eng", "-DOCSTART- -X- -X- O\n\n", "{0} NNP I-NP {1}"),
        "es": ("esp", "", "{0} {1}"),
        "nl": ("ned", "-DOCSTART- -DOCSTART- O\n", "{0} N {1}"),
    }[language]
    sentences = written = embedded(language, split)
    if language in ("de", "en"):
        written = [Sentence(s.tokens, convert_tags(s.tags or [], "BIO", "IOB1")) for s in sentences]
    file = folder / f"{name}.{dict(zip(SPLITS, ['train', 'testa', 'testb']))[split]}"
    write(file, first + columns(written, line), "utf-8" if language == "nl" else "latin-1")
    return sentences


def write_semeval(folder: Path, language: str, split: str) -> List[Sentence]:
    """One sentence a review; there is no file for dev, which takes its part of that for training."""
    sentences = as_targets(embedded(language, "test" if split == "test" else "train"))
    reviews = "\n".join(f"<Review>{review(one)}</Review>" for one in sentences)
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n<Reviews>\n{reviews}\n</Reviews>\n'
    if split != "dev":
        write(folder / language / f"{split}.xml", content)
    if split == "test":
        return sentences
    return [one for number, one in enumerate(sentences) if (number % 10 == 0) == (split == "dev")]


def review(sentence: Sentence) -> str:
    """A sentence with an opinion on each target, a second one on the same, and one on no target."""
    opinions = '<Opinion target="NULL" category="A#B" polarity="neutral" from="0" to="0"/>'
    for _, first, last in tags_to_spans(sentence.tags or [], "BIO"):
        start = len(" ".join([*sentence.tokens[:first], ""]))
        target = " ".join(sentence.tokens[first : last + 1])
        place = f'from="{start}" to="{start + len(target)}"'
        opinions += 2 * f'<Opinion target={quoteattr(target)} polarity="positive" {place}/>'
    text = escape(" ".join(sentence.tokens))
    return f"<sentences><sentence><text>{text}</text><Opinions>{opinions}</Opinions></sentence></sentences>"


def write_ud(folder: Path, language: str, split: str) -> List[Sentence]:
    """The embedded treebank under the names of a release."""
    (name,) = [name for name in TREEBANKS.split() if f"/{language}_" in name]
    source = ROOT / "fixtures" / "pos" / "de" / f"{split}.conllu"
    write(folder / f"{name}-ud-{split}.conllu", source.read_text(encoding="utf-8"))
    return list(ConlluTaggingReader().read_sentences(str(source)))


def write_wikiann(folder: Path, language: str, split: str) -> List[Sentence]:
    """Files without an ending."""
    sentences = embedded(language, split)
    write(folder / language / split, columns(sentences, f"{language}:{{0}}\t{{1}}"))
    return sentences


def write_absa(folder: Path, language: str, split: str) -> List[Sentence]:
    """Four columns, of which two are empty."""
    sentences = as_targets(embedded(language, split))
    write(folder / language / f"{split}.txt", columns(sentences, "{0} _ _ {1}"))
    return sentences


WRITERS = {
    "absa": write_absa,
    "conll_ner": write_conll,
    "semeval_absa": write_semeval,
    "ud_paper": write_ud,
    "wikiann_ner": write_wikiann,
}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Writes the data of languages of a task, and points the configs at them."""
    monkeypatch.setenv("SKD_DATA", str(tmp_path))
    monkeypatch.setenv("SKD_EPOCHS", "1")

    def corpora(task: str, languages: List[str]) -> Gold:
        return {
            split: {language: WRITERS[task](tmp_path, language, split) for language in languages}
            for split in SPLITS
        }

    return corpora


def config(folder: Path, task: str, languages: str, size: str) -> Params:
    """The tagger of languages, as an experiment makes it of a task."""
    file = folder / "config.jsonnet"
    file.write_text(
        f"local tagger = import '{CONFIGS}/lib/tagger.libsonnet';\n"
        f"local task = import '{CONFIGS}/{task}/task.libsonnet';\n"
        f"tagger(task, {languages}, task.{size}_size, task.{size}_recipe)\n"
    )
    return Params.from_file(str(file))


def check_batches(params: Params, folder: Path, gold: Gold) -> None:
    """What is read is all that was written, and the first batch has its labels."""
    prepare_environment(params)
    loop = TrainModel.from_params(params=params, serialization_dir=str(folder), local_rank=0)
    loaders = [loop.trainer.data_loader, loop.trainer._validation_data_loader]
    for split, loader in zip(SPLITS, [*loaders, loop.evaluation_data_loader]):
        expected = {
            (language, *one.tokens): one.tags
            for language in gold[split]
            for one in gold[split][language]
        }
        read = {}
        for instance in loader.iter_instances():
            metadata = instance["metadata"].metadata
            read[(metadata["language"], *metadata["words"])] = instance["tags"].labels
        assert read == expected
        batch = next(iter(loader))
        for metadata, tags in zip(batch["metadata"], batch["tags"].tolist()):
            labels = [loop.model.vocab.get_token_from_index(tag, "labels") for tag in tags]
            words = metadata["words"]
            assert labels[: len(words)] == expected[(metadata["language"], *words)]


def test_there_are_25_datasets_and_no_other_task():
    assert sum(map(len, PAPER.values())) == 25
    tasks = {path.parent.name for path in CONFIGS.rglob("task.libsonnet")} - {"lib"}
    assert tasks == {*TASKS, "demo", "mmkd", "ner", "ud_pos", "xtremedistil"}


@pytest.mark.parametrize(
    "task, language", [(task, language) for task in TASKS for language in TASKS[task]]
)
def test_teacher_of_a_dataset(written, tmp_path, task, language):
    gold = written(task, [language])
    check_batches(config(tmp_path, task, f"['{language}']", "teacher"), tmp_path / "run", gold)


@pytest.mark.parametrize("task", TASKS)
def test_baseline_of_all_languages(written, tmp_path, task):
    gold = written(task, TASKS[task])
    check_batches(config(tmp_path, task, "task.languages", "student"), tmp_path / "run", gold)


@pytest.mark.parametrize("task", TASKS)
def test_teacher_trains(written, tmp_path, task):
    language = TASKS[task][0]
    written(task, [language])
    train(
        config(tmp_path, task, f"['{language}']", "teacher").as_dict(quiet=True), tmp_path / "run"
    )
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    name = "accuracy" if task == "ud_paper" else "f1"
    assert metrics["best_epoch"] == 0 and metrics["test_loss"] > 0
    assert metrics[f"test_macro_{name}"] == metrics[f"test__{language}_{name}"]


@pytest.mark.parametrize("task", ["conll_ner", "ud_paper"])
def test_an_unknown_language_is_refused(written, tmp_path, task):
    with pytest.raises(RuntimeError, match=f'of "xx" in {task}/task.libsonnet'):
        config(tmp_path, task, "['xx']", "teacher")
