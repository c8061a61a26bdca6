"""Encoders are compared by retrieval rightly, and the data of that are put together rightly."""

import gzip
import json
import sys

import numpy as np
import pytest

from benchmarks import parallel_data, retrieval
from skd_plugin.experiments.evaluation import score
from skd_plugin.experiments.statistics import analyse
from tests.models.mmkd import PARALLEL, make_teacher, mmkd_config
from tests.runs import train

PUD_LANGUAGES = ["cs", "de", "en", "fr", *retrieval.NOT_LATIN]


def sentence(number, language):
    return f"{language} Satz {number} {'ба' * number}"


@pytest.fixture(scope="module")
def parallel(tmp_path_factory):
    """What parallel_data.py makes of small files in the formats of the sources."""
    folder = tmp_path_factory.mktemp("sources")
    for split, number in (("train", 5), ("val", 2), ("test_2016_flickr", 4)):
        for language in ("en", "de", "fr", "cs"):
            lines = [f"{split}  {sentence(index, language)}\n" for index in range(number)]
            path = folder / "multi30k" / f"{split}.{language}.gz"
            path.parent.mkdir(exist_ok=True)
            with gzip.open(path, "wt", encoding="utf-8") as file:
                file.writelines(lines)
    for of in ("tatoeba", "pud"):
        (folder / of).mkdir()
    for language in PUD_LANGUAGES:
        pair = f'en\t{language}\nA "dog.\tEin Hund {language}.\n'
        (folder / "tatoeba" / f"en-{language}.tsv").write_text(pair, encoding="utf-8")
        ids = ["n01001011", "n01001013", "n01002001", "w01001003", "w01001004", "w01001005"]
        rows = [f"{name}\t{sentence(i, language)}\tx\n" for i, name in enumerate(ids)]
        text = "".join(["sent_id\ttext\ttokens\n", *rows])
        (folder / "pud" / f"{language}.tsv").write_text(text, encoding="utf-8")
    questions = "id\tde\ten\tvi\n1\tWer?\tWho?\tAi?\n"
    (folder / "questions.tsv").write_text(questions, encoding="utf-8")
    given = {name: folder / name for name in ("multi30k", "tatoeba", "pud")}
    given["questions"] = folder / "questions.tsv"
    arguments = [word for name, path in given.items() for word in (f"--{name}", str(path))]
    arguments += ["--captions", "3"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["parallel_data.py", str(folder / "parallel"), *arguments])
        parallel_data.main()
    return folder / "parallel"


def test_sources_are_put_together(parallel):
    columns = retrieval._columns(parallel / "train.tsv")
    others = sorted(set(PUD_LANGUAGES) - {"en"})
    assert list(columns) == ["en", *others]
    assert columns["en"][:2] == ["train en Satz 0", "train en Satz 1 ба"]
    assert columns["ru"] == [""] * 3 + [
        f"Ein Hund {language}." if language == "ru" else "" for language in others
    ] + [""]
    assert columns["en"][3:] == ['A "dog.'] * len(others) + ["Who?"]
    assert columns["de"][-1] == "Wer?"
    # Of PUD's documents the first and the third are for development, the second for the test.
    dev, pud = (retrieval._columns(parallel / f"{name}.tsv") for name in ("dev", "pud"))
    assert dev["ru"] == ["", ""] + [sentence(index, "ru").strip() for index in (0, 1, 3, 4, 5)]
    assert pud["ru"] == [sentence(2, "ru")]
    assert list(retrieval._columns(parallel / "test.tsv")) == ["en", "de", "fr", "cs"]


def test_by_letters():
    one = ["Rex barks.", "Anna sleeps.", "It rains in Rome.", "What?"]
    other = ["Rex bellt.", "Anna schläft.", "In Rome regnet es.", "Чего"]
    counts = retrieval._lexical_counts(one, other)
    assert counts.tolist() == [[2, 2, 2]] * 3 + [[0, 2, 2]]


def test_what_is_stripped():
    text = "Im Jahr 2016 sagte Обама É: «да»"
    assert " ".join(retrieval.PLAIN.sub("", text).split()) == "Обама : «да»"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """As `allennlp distill` leaves it, with two methods and one seed."""
    folder = tmp_path_factory.mktemp("runs")
    teacher = make_teacher(folder / "english")
    for name in ("sentence", "all"):
        objectives = [{"type": "sentence_alignment"}, {"type": "structure_alignment"}]
        config = mmkd_config(teacher, objectives=objectives, sentence_dim=32)
        if name == "sentence":
            del objectives[1]
        train(config, folder / "seed-1" / name)
    methods = [{"name": name} for name in ("sentence", "all", "not finished")]
    (folder / "experiment.json").write_text(json.dumps({"seeds": [1], "methods": methods}))
    return folder


@pytest.fixture(scope="module")
def suites(folder, tmp_path_factory):
    """On the fixtures, all four."""
    here = tmp_path_factory.mktemp("parallel")
    lines = (PARALLEL / "dev.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    for name, languages in (
        ("test", ["en", "de", "fr", "cs"]),
        ("pud", ["en", "de", *retrieval.NOT_LATIN]),
    ):
        # A language of the fixtures in each one's place.
        texts = [[row[0], *(row[2] for _ in languages[1:])] for row in rows]
        content = "".join("\t".join(line) + "\n" for line in [languages, *texts])
        (here / f"{name}.tsv").write_text(content, encoding="utf-8")
    return here


def test_the_page_is_completed(folder, suites, tmp_path, monkeypatch, capsys):
    output, rows = tmp_path / "RESULTS.md", tmp_path / "rows.json"
    output.write_text("# Results\n\n## MMKD\n\nBy hand.\n")
    arguments = [str(folder), "--parallel", str(suites), "--output", str(output)]
    retrieval.main([*arguments, "--json", str(rows)])
    assert "not finished is left out: no " in capsys.readouterr().err
    page = output.read_text()
    assert page.startswith("# Results\n\n## MMKD\n\nBy hand.\n\n<!-- written by")
    assert page.count("\n| lexical |") == page.count("\n| all |") == 4
    claims = json.loads(rows.read_text())
    assert [one["goal"] for one in claims] == [">= 20", ">= 20", ">= 0"] + [">= 0", "<= 0.05"] * 4
    assert "all above the best single level or ablation (sentence)" in claims[3]["claim"]
    text = retrieval.texts(suites, folder / "retrieval")
    counts = retrieval.counted(folder / "seed-1/all/model.tar.gz", text, folder / "retrieval")
    assert set(counts) > {("multi30k", "de"), ("never_together", "de-fr"), ("pud_stripped", "zh")}
    pud = page.split("### PUD\n")[1].split("### ")[0]
    assert f"| {100 * score(counts['pud', 'ru']):.1f} |" in pud.split("| all |")[1]

    def never(*arguments):
        raise AssertionError("what is kept is asked again")

    monkeypatch.setattr(retrieval, "evaluate_retrieval", never)
    retrieval.main(arguments)
    assert output.read_text() == page
    lines = (suites / "pud.tsv").read_text(encoding="utf-8").splitlines()
    (suites / "pud.tsv").write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="asked again"):
        retrieval.main(arguments)


@pytest.mark.parametrize("more", [["--quick"], ["another"]])
def test_refused(folder, suites, more, capsys):
    with pytest.raises(SystemExit):
        retrieval.main([str(folder), *more, "--parallel", str(suites)])
    assert "expected" in capsys.readouterr().err


def test_the_rivals_are_single_levels_and_ablations():
    sizes = {"lexical": 1, "token": 2, "without_word": 3, "unweighted": 9, "all": 5}

    def findings_of(**others):
        outcomes = {
            (name, seed, suite, "de"): np.array([[size > k, 1, 1] for k in range(10)]).astype(int)
            for name, size in {**sizes, **others}.items()
            for seed in (1, 2)
            for suite in retrieval.SUITES
        }
        against = [("all", name) for name in sizes if name != "all"]
        return retrieval.Findings(analyse(outcomes, against, num_resamples=50))

    findings = findings_of()
    assert findings.rivals == ["token", "without_word"]
    claims = list(retrieval.claims(findings))
    assert claims[3]["claim"].endswith("(without_word), points")
    assert claims[3]["value"] == pytest.approx(100 * 2 / 10) and claims[3]["holds"]
    assert claims[0]["value"] == pytest.approx(100 * 4 / 10)
    largest = max(findings.p_above([name], "pud") for name in findings.rivals)
    assert claims[8]["value"] == largest < 1
    # Below one of them, however surely, is not above all.
    worse = list(retrieval.claims(findings_of(token=10)))
    assert worse[3]["value"] == pytest.approx(-50) and not worse[3]["holds"]
    assert worse[4]["value"] == 1 and not worse[4]["holds"]
