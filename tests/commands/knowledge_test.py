"""`allennlp knowledge` as a command: its help, and processes of its own."""

import os
import subprocess
import sys

import pytest

from skd_plugin.commands import build, stores
from tests.commands.stores import knowledge, opened, posteriors
from tests.runs import ROOT


@pytest.fixture
def path(tmp_path):
    store = opened(tmp_path / "store")
    store.add_source("abc", ["O", "X"], "en: teachers/en")
    store.write("abc", {"one": posteriors(-1)})
    store.close()
    return tmp_path / "store"


def test_help(capsys):
    assert knowledge("-h") == 0
    assert capsys.readouterr().out.split("Actions:\n")[1] == (
        "  ACTION\n"
        "    build     ask the teachers of a training config, without training\n"
        "    info      show what is inside a store, and how large\n"
        "    verify    check a store, by itself or against live teachers\n"
        "    merge     add all that stores know to another\n"
    )


@pytest.mark.parametrize(
    "action, phrase",
    [
        ("build", "Many machines share the work by --shard 1/4, 2/4 and so on"),
        ("info", "Show what is inside a store: who answered"),
        ("verify", "1 if something is damaged (and not repaired), differs or cannot be compared"),
        ("merge", "merging one store into a new one compacts it"),
    ],
)
def test_help_of_actions(action, phrase, capsys):
    assert knowledge(action, "-h") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        phrase in printed and "--include-package" in printed and "(default = None)" not in printed
    )


def test_no_action(capsys):
    assert knowledge() == 2
    assert capsys.readouterr().err.endswith(
        "allennlp knowledge: error: the following arguments are required: ACTION\n"
    )


def run(*arguments, module, folder):
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )


def test_as_a_module(path, tmp_path):
    result = run("knowledge", "info", path, module="skd_plugin", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"{path}: ")
    assert "\nsource abc: en: teachers/en\n" in result.stdout


def test_by_the_plugins_file(tmp_path):
    result = run("knowledge", "verify", tmp_path / "no", module="allennlp", folder=ROOT)
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == (
        f"allennlp knowledge verify: error: {tmp_path}/no: found no knowledge store (no such folder)"
    )
    assert "Traceback" not in result.stderr and not result.stdout


def test_interrupted_by_a_signal(path, monkeypatch, capsys):
    from allennlp.common.util import SigTermReceived

    def interrupt(*args):
        raise SigTermReceived

    monkeypatch.setattr(stores.LmdbKnowledgeStore, "scan", interrupt)
    assert knowledge("verify", path) == 130
    assert capsys.readouterr().err == (
        "allennlp knowledge verify: interrupted. What was written stays; the same command goes on from there.\n"
    )


def test_other_errors_are_not_hidden(path, monkeypatch):
    monkeypatch.setattr(stores.LmdbKnowledgeStore, "scan", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        knowledge("verify", path)


def test_including_packages(path, tmp_path, monkeypatch):
    (tmp_path / "my_package_of_losses.py").write_text("raise LookupError('it was imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(LookupError, match="it was imported"):
        knowledge("info", path, "--include-package", "my_package_of_losses")


def test_shards_are_a_partition():
    shards = [build.Shard(number, 5) for number in range(1, 6)]
    for key in map(str, range(200)):
        assert sum(shard.has(key) for shard in shards) == 1
    assert all(any(shard.has(str(key)) for key in range(200)) for shard in shards)
    assert build.Shard().has("anything")
    # The same in every process and version: the CRC of "123456789" is 0xCBF43926.
    assert build.Shard(1 + 0xCBF43926 % 1000, 1000).has("123456789")
