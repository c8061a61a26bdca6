"""The embedded corpora, named as the shipped tasks ud_pos and ner expect."""

import shutil
from pathlib import Path

from tests.runs import ROOT

TREEBANKS = {
    "en": "en_ewt",
    "fa": "fa_seraji",
    "fr": "fr_gsd",
    "he": "he_htb",
    "id": "id_gsd",
    "ja": "ja_gsd",
    "sl": "sl_ssj",
    "ta": "ta_ttb",
}
ZERO_SHOT_TREEBANKS = ["bg_btb", "de_gsd", "es_gsd", "eu_bdt", "tr_imst", "uk_iu"]


def write_ud_pos(folder: Path, language: str, split: str) -> None:
    """The treebank of a language of ud_pos."""
    file = folder / language / f"{TREEBANKS[language]}-ud-{split}.conllu"
    _copy("pos", language, f"{split}.conllu", file)


def write_zero_shot(folder: Path) -> None:
    """The test sets of other languages, beside those of ud_pos."""
    for name in ZERO_SHOT_TREEBANKS:
        _copy("pos", name[:2], "test.conllu", folder / "zero-shot" / f"{name}-ud-test.conllu")


def write_ner(folder: Path, language: str, split: str) -> None:
    """The columns of a language of ner."""
    _copy("ner", language, f"{split}.txt", folder / language / f"{split}.txt")


def _copy(task: str, language: str, name: str, target: Path) -> None:
    """The corpus of this language, or of German for one that there is none of."""
    corpora = ROOT / "fixtures" / task
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(corpora / (language if (corpora / language).is_dir() else "de") / name, target)
