"""
What the levels of MMKD are worth on real data: how often translations are found, judged by finished trainings.

    python benchmarks/retrieval.py FOLDER --parallel DIR [--output FILE] [--quick] [--json FILE]

takes the folder of `allennlp distill`, of training_configs/experiments/mmkd.jsonnet, and the parallel text that
benchmarks/parallel_data.py makes, looks for translations among `test.tsv` and `pud.tsv` by all encoders and by their
letters alone (`lexical`), and writes what stands between its marks in RESULTS.md. What is found is kept in
FOLDER/retrieval, so that only new encoders are asked. A method without all seeds is left out. --quick looks at the
first seed alone.
"""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from allennlp.models import load_archive
from sklearn.feature_extraction.text import TfidfVectorizer
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.claims import Row, row  # noqa: E402
from benchmarks.finished_experiments import OUTPUT, complete, p_of_gain, page, parser  # noqa: E402
from benchmarks.report import claims_table, table  # noqa: E402
from skd_plugin.experiments.digests import digest  # noqa: E402
from skd_plugin.experiments.evaluation import Counts  # noqa: E402
from skd_plugin.experiments.retrieval import evaluate_retrieval, translations  # noqa: E402
from skd_plugin.experiments.statistics import Statistics, analyse  # noqa: E402

MARKS = (
    "<!-- written by benchmarks/retrieval.py -->",
    "<!-- until here (benchmarks/retrieval.py) -->",
)
PIVOT, LEXICAL, MIX = "en", "lexical", "all"
MULTI30K = ["de", "fr", "cs"]
NEVER_TOGETHER = ["de-fr", "cs-de", "cs-fr"]
NOT_LATIN = ["ar", "hi", "ja", "ru", "th", "zh"]
PLAIN = re.compile(r"[0-9A-Za-z\u00aa\u00b5\u00ba\u00c0-\u024f]")
SUITES = {
    "multi30k": "Multi30k, with English",
    "never_together": "Multi30k, languages never trained together",
    "pud": "PUD",
    "pud_stripped": "PUD, other scripts, without their digits and Latin letters",
}
INTRODUCTION = """\
Precision at 1, in percent, by cosine, the mean over both directions: how often a sentence's translation is nearer than
those of all others. Candidates are 1,000 captions of Multi30k (`test_2016_flickr`), or {pud} sentences of PUD (every
other document; the others served to choose weights). `lexical` compares letters alone: TF-IDF of 2 to 4 characters,
nothing learnt. In PUD names and digits give much away; so there it is searched too with digits and Latin letters taken
out of sentences in other scripts. Mean ± standard deviation over seeds."""


class Text(NamedTuple):
    """A suite's parallel file, and its languages or pairs of them."""

    path: Path
    languages: Sequence[str]


def texts(parallel: Path, folder: Path) -> Dict[str, Text]:
    """The suites, in the order of the tables. What is stripped is written to the folder."""
    columns = _columns(parallel / "pud.tsv")
    stripped = folder / "pud_stripped.tsv"
    without = {PIVOT: columns[PIVOT]}
    for language in NOT_LATIN:
        without[language] = [" ".join(PLAIN.sub("", text).split()) for text in columns[language]]
    lines = ["\t".join(without), *map("\t".join, zip(*without.values()))]
    stripped.write_text("\n".join(lines) + "\n", encoding="utf-8")
    others = sorted(set(columns) - {PIVOT})
    return {
        "multi30k": Text(parallel / "test.tsv", MULTI30K),
        "never_together": Text(parallel / "test.tsv", NEVER_TOGETHER),
        "pud": Text(parallel / "pud.tsv", others),
        "pud_stripped": Text(stripped, NOT_LATIN),
    }


def lexical(suites: Dict[str, Text]) -> Counts:
    """As `evaluate_retrieval` gives it, by letters."""
    counts: Counts = {}
    for suite, text in suites.items():
        columns = _columns(text.path)
        for language in text.languages:
            one, other = (columns[name] for name in f"{PIVOT}-{language}".split("-")[-2:])
            counts[suite, language] = _lexical_counts(one, other)
    return counts


def _lexical_counts(one: List[str], other: List[str]) -> np.ndarray:
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(2, 4), sublinear_tf=True)
    vectorizer.fit([*one, *other])
    scores = (vectorizer.transform(one) @ vectorizer.transform(other).T).toarray()
    true = scores.diagonal().copy()
    np.fill_diagonal(scores, -np.inf)
    right = (true > scores.max(axis=1)).astype(int) + (true > scores.max(axis=0))
    return np.stack([right, np.full_like(right, 2), np.full_like(right, 2)], axis=1)


def _columns(path: Path) -> Dict[str, List[str]]:
    header, *lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return dict(zip(header, map(list, zip(*lines))))


def outcomes(folder: Path, suites: Dict[str, Text], is_quick: bool) -> Dict[Any, np.ndarray]:
    """
    By method, seed, suite and language, of the methods that have all seeds; the lexical row, which has none, is the
    same for all.
    """
    about = json.loads((folder / "experiment.json").read_text(encoding="utf-8"))
    seeds = about["seeds"][:1] if is_quick else about["seeds"]
    by_letters = lexical(suites)
    found = {(LEXICAL, seed, *key): value for seed in seeds for key, value in by_letters.items()}
    for method in tqdm([method["name"] for method in about["methods"]], desc="methods"):
        archives = {seed: folder / f"seed-{seed}" / method / "model.tar.gz" for seed in seeds}
        missing = [str(path) for path in archives.values() if not path.exists()]
        if missing:
            print(f"{method} is left out: no {', '.join(missing)}", file=sys.stderr)
            continue
        for seed, archive in archives.items():
            counts = counted(archive, suites, folder / "retrieval")
            found.update({(method, seed, *key): value for key, value in counts.items()})
    if (MIX, seeds[0], "pud", "de") not in found:
        raise SystemExit(
            f"{folder}: expected encoders of the method {MIX}, which the others are compared with"
        )
    return found


def evaluated(suites: Dict[str, Text]) -> Dict[str, Dict[str, str]]:
    """By suite and language the path, as `evaluate_retrieval` takes it."""
    return {
        suite: {language: str(text.path) for language in text.languages}
        for suite, text in suites.items()
    }


def counted(archive: Path, suites: Dict[str, Text], folder: Path) -> Counts:
    """Of one encoder, kept in the folder by the content of its archive and of the files."""
    inputs = [digest(str(path)) for path in (archive, *(text.path for text in suites.values()))]
    languages = [list(text.languages) for text in suites.values()]
    name = hashlib.sha256(json.dumps([inputs, languages]).encode()).hexdigest()[:16]
    kept = folder / f"{name}.npz"
    if not kept.exists():
        counts = evaluate_retrieval(load_archive(str(archive)), evaluated(suites))
        arrays: Dict[str, Any] = {"/".join(key): value for key, value in counts.items()}
        unfinished = folder / f"unfinished-{name}.npz"
        np.savez(unfinished, **arrays)
        unfinished.replace(kept)
    with np.load(kept) as known:
        return {tuple(key.split("/")): known[key] for key in known.files}  # type: ignore[misc]


class Findings:
    """What the statistics of all suites say."""

    def __init__(self, statistics: Statistics) -> None:
        self._scores = {
            (one["method"], one["split"], one["language"]): one for one in statistics.scores
        }
        self._comparisons = statistics.comparisons
        self.methods = list(dict.fromkeys(method for method, _, _ in self._scores))
        self.rivals = [
            name
            for name in self.methods
            if name in ("token", "word", "sentence", "structure") or name.startswith("without_")
        ]

    def mean(self, method: str, suite: str, language: str = "macro") -> float:
        """In percent."""
        return 100 * float(self._scores[method, suite, language]["mean"])

    def shown(self, method: str, suite: str, language: str) -> str:
        """Mean and deviation, in percent."""
        sd = self._scores[method, suite, language]["sd"]
        of_seeds = "" if sd is None or method == LEXICAL else f" ± {100 * sd:.1f}"
        return f"{self.mean(method, suite, language):.1f}{of_seeds}"

    def languages(self, suite: str) -> List[str]:
        """With their macro average, the last."""
        names = [name for method, of, name in self._scores if (method, of) == (LEXICAL, suite)]
        return [*(name for name in names if name != "macro"), "macro"]

    def p_above(self, rivals: Sequence[str], suite: str) -> float:
        """
        Of the mix being above all of them, by the macro averages: the largest p, which needs no correction, since all
        of them must be beaten.
        """
        return max(
            p_of_gain(one, "p")
            for one in self._comparisons
            if one["against"] in rivals and (one["split"], one["language"]) == (suite, "macro")
        )


def claims(findings: Findings) -> Iterator[Row]:
    """The goals, in the order of the suites."""
    for suite, goal in (("multi30k", ">= 20"), ("pud_stripped", ">= 20"), ("pud", ">= 0")):
        above = findings.mean(MIX, suite) - findings.mean(LEXICAL, suite)
        yield row(f"{SUITES[suite]}: {MIX} above {LEXICAL}, points", goal, above)
    for suite in SUITES:
        best = max(findings.rivals, key=lambda name: findings.mean(name, suite))
        above = findings.mean(MIX, suite) - findings.mean(best, suite)
        claim = f"{SUITES[suite]}: {MIX} above the best single level or ablation ({best}), points"
        yield row(claim, ">= 0", above)
        claim = f"{SUITES[suite]}: {MIX} above all single levels and ablations: the largest p"
        yield row(claim, "<= 0.05", findings.p_above(findings.rivals, suite))


def tables(findings: Findings) -> Iterator[str]:
    """A table a suite."""
    for suite, title in SUITES.items():
        languages = findings.languages(suite)
        rows = [
            [method, *(findings.shown(method, suite, language) for language in languages)]
            for method in findings.methods
        ]
        yield f"### {title}\n\n{table(['', *languages], rows)}"


def main(arguments: Optional[List[str]] = None) -> None:
    of_all = parser(__doc__.split("\n\n")[0].strip(), "the first seed alone")
    of_all.add_argument("--parallel", type=Path, required=True, help="folder of parallel text")
    given = of_all.parse_args(arguments)
    if len(given.folders) > 1:
        of_all.error("expected one folder")
    if given.quick and given.output == OUTPUT:
        of_all.error("--quick: expected --output, another file than the results of all seeds")
    (folder,) = given.folders
    (folder / "retrieval").mkdir(exist_ok=True)
    suites = texts(given.parallel, folder / "retrieval")
    found = outcomes(folder, suites, given.quick)
    methods = list(dict.fromkeys(method for method, _, _, _ in found))
    against: List[Tuple[str, str]] = [(MIX, name) for name in methods if name != MIX]
    same = translations(evaluated(suites))
    findings = Findings(analyse(found, against, same_sentences=same))
    rows = list(claims(findings))
    introduction = INTRODUCTION.format(pud=len(_columns(suites["pud"].path)[PIVOT]))
    section = "\n\n".join(["### Goals", claims_table(rows), introduction, *tables(findings)])
    complete(given, rows, lambda written: page(written, section, MARKS))


if __name__ == "__main__":
    main()
