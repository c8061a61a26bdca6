"""`allennlp knowledge verify`: checksums, and live teachers."""

import json
import re

import pytest

from skd_plugin.structures import LinearChain
from skd_plugin.teachers import ArchiveTeacher, Ensemble
from tests.commands.stores import content, damage, knowledge, opened, written
from tests.runs import student_config

LOSSES = [
    {"type": "posterior"},
    {"type": "weighted_top_k", "k": 3},
    {"type": "structural"},
    {"type": "emission"},
    {"type": "posterior", "temperature": 2, "temperature_on": "potentials"},
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def config(teachers, path, tmp_path):
    """A config and its store, which is filled."""
    config = written(
        student_config(teachers, LOSSES, {"type": "lmdb", "path": str(path)}), tmp_path
    )
    assert knowledge("build", config) == 0
    return config


@pytest.fixture
def taught(config, monkeypatch):
    """The sentences that teachers are asked about, batch by batch, once the store is filled."""
    batches = []
    teach = Ensemble.teach

    def spy(self, sentences, request):
        batches.append(list(sentences))
        return teach(self, sentences, request)

    monkeypatch.setattr(Ensemble, "teach", spy)
    return batches


def table(printed):
    """Of each source how many sentences are whole and damaged."""
    found = re.findall(
        r"^[0-9a-f]{32} \(.*/(\w+)/model.tar.gz\) +(\d+) +(\d+)$", printed, re.MULTILINE
    )
    return {language: (int(whole), int(damaged)) for language, whole, damaged in found}


def compared(printed):
    """The table of differences, by language."""
    lines = printed.split("The largest differences:\n")[1].splitlines()
    assert lines[0].split("  ")[0] == "language"
    return {line.split()[0]: line.split()[1:] for line in lines[1:3]}


def test_whole(config, path, capsys):
    before = (path / "data.mdb").read_bytes()
    capsys.readouterr()
    assert knowledge("verify", path) == 0
    printed = capsys.readouterr().out
    assert table(printed) == {"en": (40, 0), "ru": (40, 0)}
    assert printed.endswith(f"{path}: 80 sentences whole, 0 damaged\n")
    assert (path / "data.mdb").read_bytes() == before


def test_damaged_and_repaired(config, path, taught, capsys):
    expected = content(path)
    hit = damage(path, 3)
    capsys.readouterr()
    assert knowledge("verify", path) == 1
    printed = capsys.readouterr().out
    assert sorted(table(printed).values()) == [(37, 3), (40, 0)]
    assert printed.endswith(
        f"{path}: 77 sentences whole, 3 damaged\n"
        "With --repair what is damaged is forgotten: the next run computes it anew.\n"
    )
    assert knowledge("verify", path, "--repair") == 0
    assert capsys.readouterr().out.endswith(
        f"{path}: 77 sentences whole, 3 damaged\n"
        "What is damaged is forgotten: the next run that needs it computes it anew.\n"
    )
    assert content(path) == {key: known for key, known in expected.items() if key not in hit}
    assert knowledge("verify", path) == 0
    assert knowledge("build", config) == 0
    assert sum(map(len, taught)) == 3 and content(path).keys() == expected.keys()


def test_repair_of_what_is_whole(config, path, capsys):
    expected = content(path)
    capsys.readouterr()
    assert knowledge("verify", path, "--repair") == 0
    assert capsys.readouterr().out.endswith("80 sentences whole, 0 damaged\n")
    assert content(path) == expected


def test_live_teachers_agree(config, path, capsys):
    capsys.readouterr()
    assert knowledge("verify", path, "--config", config) == 0
    printed = capsys.readouterr().out
    assert (
        "Asking the teachers again for emissions, expected transitions, the 3 best paths, posteriors, transitions, "
        "on cpu\n" in printed
    )
    head = printed.split("The largest differences:\n")[1].splitlines()[0]
    assert re.split("  +", head) == [
        "language",
        "sentences",
        "same paths",
        "posteriors (probability)",
        "emissions (probability)",
        "expected transitions (times a token)",
        "transitions (score)",
        "paths (nats a token)",
    ]
    for number, same, *differences in compared(printed).values():
        assert number == same == "40"
        assert all(float(one) < 1e-3 for one in differences)
    assert printed.endswith("\nAll is within the tolerance of 0.01.\n")


@pytest.fixture
def changed(config, monkeypatch):
    """Teachers that answer otherwise, and say that they are the same."""
    distribution = ArchiveTeacher.distribution

    def shifted(self, sentences):
        chain = distribution(self, sentences)
        emissions = chain.emissions.clone()
        emissions[..., 0] += 0.2
        return LinearChain(emissions, chain.transitions, chain.start, chain.end, chain.mask)

    monkeypatch.setattr(ArchiveTeacher, "distribution", shifted)


def test_changed_teachers_are_found(config, path, changed, capsys):
    assert knowledge("verify", path) == 0
    capsys.readouterr()
    assert knowledge("verify", path, "--config", config) == 1
    printed = capsys.readouterr().out
    beyond = re.findall(
        r'^"(\w+)": (.*) differ by (\S+) (.*); the tolerance is 0.01$', printed, re.MULTILINE
    )
    assert {(language, field) for language, field, *_ in beyond} >= {
        (language, field) for language in ("en", "ru") for field in ("posteriors", "emissions")
    }
    assert all(float(difference) > 0.01 for _, _, difference, _ in beyond)
    assert "within the tolerance" not in printed
    # The transitions are as they were.
    assert not any(field == "transitions" for _, field, *_ in beyond)


def test_tolerance(config, path, changed, capsys):
    assert knowledge("verify", path, "--config", config, "--tolerance", 0.5) == 0
    assert capsys.readouterr().out.endswith("\nAll is within the tolerance of 0.5.\n")


def test_changed_labels_are_found(config, path, monkeypatch, capsys):
    labels = ArchiveTeacher.labels.fget
    monkeypatch.setattr(
        ArchiveTeacher, "labels", property(lambda self: [f"{one}!" for one in labels(self)])
    )
    assert knowledge("verify", path, "--config", config) == 1
    assert (
        '\n"en": the labels are stored as B-LOC, B-ORG, B-PER, I-LOC, I-ORG, I-PER, O; the teachers have B-LOC!, '
        "B-ORG!, B-PER!, I-LOC!, I-ORG!, I-PER!, O!\n" in capsys.readouterr().out
    )


def test_teachers_that_were_not_asked(teachers, config, path, tmp_path, capsys):
    other = json.loads(config.read_text())
    archives = other["model"]["teachers"]
    archives["ru"] = archives["en"]
    capsys.readouterr()
    assert knowledge("verify", path, "--config", written(other, tmp_path)) == 1
    printed = capsys.readouterr().out
    source = Ensemble([ArchiveTeacher(str(teachers / "en" / "model.tar.gz"))]).fingerprint
    assert printed.endswith(
        f'\n"ru": nothing to compare. The store has all of this from these teachers (source {source}) for none of the '
        "training sentences: they were not asked, or have changed\n"
    )
    assert "\nen " in printed and "\nru " not in printed


def test_more_was_asked_than_is_stored(config, path, capsys):
    overrides = '{"model.losses": [{"type": "top_k", "k": 4}]}'
    assert knowledge("verify", path, "--config", config, "-o", overrides) == 1
    assert capsys.readouterr().out.count("nothing to compare") == 2
    overrides = '{"model.losses": [{"type": "top_k", "k": 2}]}'
    assert knowledge("verify", path, "--config", config, "-o", overrides) == 0
    printed = capsys.readouterr().out
    assert [one[:2] for one in compared(printed).values()] == [["40", "40"]] * 2


def test_damaged_and_compared(config, path, capsys):
    damage(path, 2)
    arguments = ("verify", path, "--config", config, "--repair")
    capsys.readouterr()
    assert knowledge(*arguments) == 0
    assert sorted(one[0] for one in compared(capsys.readouterr().out).values()) == ["38", "40"]


def test_sample(config, path, taught):
    drawn = []
    for seed in (0, 0, 1):
        del taught[:]
        arguments = ("--config", config, "--sample", 5, "--seed", seed)
        assert knowledge("verify", path, *arguments) == 0
        drawn.append(sorted(" ".join(words) for batch in taught for words in batch))
    assert [len(one) for one in drawn] == [10] * 3
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_damaged_store_is_not_compared(config, path, taught, capsys):
    damage(path, 40)  # all of one source
    assert knowledge("verify", path, "--config", config) == 1
    assert capsys.readouterr().out.endswith(
        "\nA damaged store is not compared with live teachers: repair it first.\n"
    )
    assert not taught


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--sample", "0"], "argument --sample: expected a positive number, got '0'"),
        (["--tolerance", "x"], "argument --tolerance: expected a positive number, got 'x'"),
        (["--config", "nowhere.jsonnet"], "nowhere.jsonnet: no such config"),
    ],
)
def test_errors(tmp_path, capsys, arguments, message):
    opened(tmp_path / "store").close()
    assert knowledge("verify", tmp_path / "store", *arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"allennlp knowledge verify: error: {message}"
    )


def test_no_store(tmp_path, capsys):
    assert knowledge("verify", tmp_path / "no") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"allennlp knowledge verify: error: {tmp_path}/no: found no knowledge store (no such folder)"
    )
