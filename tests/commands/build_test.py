"""`allennlp knowledge build`: what a training would ask its teachers, asked without it."""

import json
import re
import weakref

import pytest
from allennlp.data import Instance

from skd_plugin.dataset_readers import TaggingDatasetReader
from skd_plugin.teachers import Ensemble, asking
from tests.commands.stores import content, knowledge, written
from tests.runs import LANGUAGES, NER, student_config, tagger_config, train
from tests.training.phased import phased


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def config(teachers, store):
    return student_config(teachers, store={"type": "lmdb", "path": str(store)})


def table(printed):
    """The rows of the summary, by language."""
    rows = re.findall(r"^(\w+) +(\d+) +(\d+) +(\d+)$", printed, re.MULTILINE)
    return {language: tuple(map(int, numbers)) for language, *numbers in rows}


def test_training_after_it_asks_nothing(config, store, tmp_path, taught, loads, capsys):
    assert knowledge("build", written(config, tmp_path)) == 0
    assert sum(taught) == 80 and len(loads) == 2
    printed = capsys.readouterr().out
    assert f"Asking for the 3 best paths, posteriors, on cpu, into {store}\n" in printed
    assert table(printed) == {"en": (40, 40, 0), "ru": (40, 40, 0)}
    assert re.search(rf"^{re.escape(str(store))}: \d+\.\d KiB$", printed, re.MULTILINE)
    assert "The store to give" not in printed
    train(config, tmp_path / "run")
    assert sum(taught) == 80 and len(loads) == 2


def test_it_is_what_training_stores(config, store, tmp_path):
    assert knowledge("build", written(config, tmp_path), "--store", tmp_path / "built") == 0
    assert not store.exists()
    train(config, tmp_path / "run")
    assert content(tmp_path / "built") == content(store)


def test_again_it_asks_nothing(config, tmp_path, loads, capsys):
    path = written(config, tmp_path)
    assert knowledge("build", path) == 0
    del loads[:]
    capsys.readouterr()
    assert knowledge("build", path) == 0
    assert not loads and table(capsys.readouterr().out) == {"en": (40, 0, 40), "ru": (40, 0, 40)}


def test_no_student_is_built(config, store, tmp_path):
    config["model"].update(type="no such model", text_field_embedder="none")
    del config["validation_data_path"], config["data_loader"]
    assert knowledge("build", written(config, tmp_path)) == 0
    assert len(content(store)) == 80


class Tracked(Instance):
    __slots__ = ["__weakref__"]


def test_sentences_are_streamed(config, tmp_path, monkeypatch):
    alive, most = [], [0]
    make = TaggingDatasetReader.text_to_instance

    def spy(self, *args, **kwargs):
        instance = Tracked(make(self, *args, **kwargs).fields)
        alive.append(weakref.ref(instance))
        most[0] = max(most[0], sum(one() is not None for one in alive))
        return instance

    monkeypatch.setattr(TaggingDatasetReader, "text_to_instance", spy)
    assert knowledge("build", written(config, tmp_path)) == 0
    assert len(alive) == 80 and most[0] < 5


@pytest.fixture
def one_by_one(config):
    """Teachers read a sentence at a time: batches of other sentences round otherwise."""
    config["trainer"]["callbacks"][0]["tokens_per_batch"] = 1


def test_shards_are_the_whole(config, one_by_one, store, tmp_path, taught, capsys):
    path = written(config, tmp_path)
    assert knowledge("build", path) == 0
    del taught[:]
    capsys.readouterr()
    parts = [tmp_path / f"part{number}" for number in (1, 2, 3)]
    seen = []
    for number, part in enumerate(parts, start=1):
        assert knowledge("build", path, "--shard", f"{number}/3", "--store", part) == 0
        seen.append(table(capsys.readouterr().out))
        assert 0 < len(content(part)) < 80
    assert sum(taught) == 80
    for language in LANGUAGES:
        assert sum(one[language][0] for one in seen) == 40
    assert knowledge("merge", tmp_path / "merged", *parts) == 0
    assert content(tmp_path / "merged") == content(store)


def test_shards_in_one_store(config, one_by_one, tmp_path, taught):
    path = written(config, tmp_path)
    assert knowledge("build", path, "--store", tmp_path / "whole") == 0
    for shard in ("2/2", "1/2"):
        assert knowledge("build", path, "--shard", shard) == 0
    assert sum(taught) == 160
    assert content(tmp_path / "store") == content(tmp_path / "whole")


def test_a_shard_without_sentences_of_a_language(config, tmp_path, taught):
    lines = (NER / "ru" / "train.txt").read_text(encoding="utf-8").split("\n\n")[0] + "\n\n"
    (tmp_path / "ru.txt").write_text(lines, encoding="utf-8")
    config["train_data_path"] = {"ru": str(tmp_path / "ru.txt"), "en": str(tmp_path / "ru.txt")}
    for number in (1, 2, 3):
        assert knowledge("build", written(config, tmp_path), "--shard", f"{number}/3") == 0
    assert sum(taught) == 2 and len(content(tmp_path / "store")) == 2


def test_resumed_after_an_interruption(config, store, tmp_path, taught, monkeypatch, capsys):
    monkeypatch.setattr(asking, "BYTES_IN_WRITE", 1)
    config["trainer"]["callbacks"][0]["tokens_per_batch"] = 100
    path = written(config, tmp_path)
    teach = Ensemble.teach

    def interrupted(self, sentences, request):
        if sum(taught) > 50:
            raise KeyboardInterrupt
        return teach(self, sentences, request)

    with monkeypatch.context() as patch:
        patch.setattr(Ensemble, "teach", interrupted)
        assert knowledge("build", path) == 130
    assert capsys.readouterr().err.endswith(
        "allennlp knowledge build: interrupted. What was written stays; the same command goes on from there.\n"
    )
    before = sum(taught)
    assert before > 50 and len(content(store)) == before
    assert [one.name for one in store.iterdir() if one.is_dir()] == []
    assert knowledge("build", path) == 0
    assert sum(taught) == 80 and len(content(store)) == 80


def test_tokens_per_batch_are_the_callbacks(config, one_by_one, tmp_path, taught):
    assert knowledge("build", written(config, tmp_path)) == 0
    assert taught == [1] * 80


def test_overrides(config, store, tmp_path, taught):
    overrides = {"dataset_reader.max_sentences_per_file": 3, "model.losses": [{"type": "emission"}]}
    assert knowledge("build", written(config, tmp_path), "-o", json.dumps(overrides)) == 0
    assert sum(taught) == 6
    assert all(set(one) == {"log_emissions", "num_paths_asked"} for one in content(store).values())


def test_languages_without_teachers_are_left_out(config, store, tmp_path, taught, capsys):
    del config["model"]["teachers"]["ru"]
    assert knowledge("build", written(config, tmp_path)) == 0
    assert sum(taught) == 40 and table(capsys.readouterr().out) == {"en": (40, 40, 0)}


def test_repeated_sentences_are_asked_once(config, tmp_path, taught, capsys):
    config["train_data_path"]["en"] = [config["train_data_path"]["en"]] * 2
    assert knowledge("build", written(config, tmp_path)) == 0
    assert sum(taught) == 80 and table(capsys.readouterr().out)["en"][1] == 40


@pytest.mark.parametrize("callback", ["cache_teacher_knowledge", {"store": "lmdb"}])
def test_store_of_a_run(config, tmp_path, callback, capsys):
    if isinstance(callback, dict):
        callback["type"] = "cache_teacher_knowledge"
    config["trainer"]["callbacks"] = ["console_logger", callback]
    assert knowledge("build", written(config, tmp_path), "-s", tmp_path / "run") == 0
    folder = tmp_path / "run" / "knowledge"
    assert len(content(folder)) == 80
    assert (
        f'The store to give to cache_teacher_knowledge: {{"type": "lmdb", "path": "{folder}"}}\n'
        in capsys.readouterr().out
    )


def without(*names):
    def change(config):
        *first, last = names
        for name in first:
            config = config[name]
        del config[last]

    return change


def put(value, *names):
    def change(config):
        *first, last = names
        for name in first:
            config = config[name]
        config[last] = value

    return change


CALLBACK = ("trainer", "callbacks", 0)


@pytest.mark.parametrize(
    "change, message",
    [
        (
            without("model", "teachers"),
            "CONFIG: model.teachers has nobody to ask; expected {language: [teacher, ...]}",
        ),
        (
            put(["one"], "model", "teachers"),
            "CONFIG: model.teachers has nobody to ask; expected {language: [teacher, ...]}",
        ),
        (
            without("model", "losses"),
            'there are teachers but no losses; say what to learn from them, e.g. "losses": [{"type": "posterior"}]',
        ),
        (
            put(["console_logger"], "trainer", "callbacks"),
            "CONFIG: trainer.callbacks has no cache_teacher_knowledge: the training would not read what is built; add "
            '{"type": "cache_teacher_knowledge"}',
        ),
        (
            without("trainer"),
            "CONFIG: trainer.callbacks has no cache_teacher_knowledge: the training would not read what is built; add "
            '{"type": "cache_teacher_knowledge"}',
        ),
        (
            without(*CALLBACK, "store"),
            "CONFIG: the store of cache_teacher_knowledge has no path; give it one "
            '("store": {"type": "lmdb", "path": ...}), or give --store PATH, or -s SERIALIZATION_DIR',
        ),
        (
            put({"type": "memory"}, *CALLBACK, "store"),
            'CONFIG: a store of type "memory" ends with this command; take "lmdb", or give --store PATH',
        ),
        (without("dataset_reader"), "CONFIG: expected dataset_reader, and found none"),
        (without("train_data_path"), "CONFIG: expected train_data_path, and found none"),
        (
            without("train_data_path", "ru"),
            '"ru" has teachers but no training sentence. Languages of the training data: en; name them by a mapping '
            "{language: path} as train_data_path, or by the reader's `language`",
        ),
        (
            put([{"archive_file": "nowhere.tar.gz"}], "model", "teachers", "ru"),
            "nowhere.tar.gz: no such teacher archive; train the teachers first, or correct the path",
        ),
        (
            put("nowhere.txt", "train_data_path", "ru"),
            "nowhere.txt: found no such file; expected a file or URL",
        ),
    ],
)
def test_errors_of_a_config(config, tmp_path, taught, capsys, change, message):
    change(config)
    path = written(config, tmp_path)
    assert knowledge("build", path) == 2
    message = message.replace("CONFIG", str(path))
    assert capsys.readouterr().err.splitlines()[-1] == f"allennlp knowledge build: error: {message}"
    assert not taught


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere.jsonnet"], "nowhere.jsonnet: no such config"),
        (
            ["CONFIG", "--cuda-device", "99"],
            "--cuda-device 99: expected -1, for the CPU, or the number of a GPU below 0, which is how many there are",
        ),
        (
            ["CONFIG", "--shard", "3/2"],
            "argument --shard: expected I/N with I from 1 to N, such as 2/4, got '3/2'",
        ),
        (
            ["CONFIG", "--shard", "0/2"],
            "argument --shard: expected I/N with I from 1 to N, such as 2/4, got '0/2'",
        ),
        (
            ["CONFIG", "--shard", "half"],
            "argument --shard: expected I/N with I from 1 to N, such as 2/4, got 'half'",
        ),
        (
            ["CONFIG", "-o", '{"model.losses.9": 1}'],
            "CONFIG: overrides dict contains unused keys: ['model.losses.9']",
        ),
    ],
)
def test_errors_of_arguments(config, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    path = str(written(config, tmp_path))
    assert knowledge("build", *(one.replace("CONFIG", path) for one in arguments)) == 2
    message = message.replace("CONFIG", path)
    assert capsys.readouterr().err.splitlines()[-1] == f"allennlp knowledge build: error: {message}"


def test_a_config_that_is_no_jsonnet(tmp_path, capsys):
    (tmp_path / "config.jsonnet").write_text("{")
    assert knowledge("build", tmp_path / "config.jsonnet") == 2
    printed = capsys.readouterr().err
    assert f"allennlp knowledge build: error: {tmp_path}/config.jsonnet: STATIC ERROR:" in printed


def test_a_plain_tagger(tmp_path, capsys):
    path = written(tagger_config(["en"]), tmp_path)
    assert knowledge("build", path) == 2
    assert "model.teachers has nobody to ask" in capsys.readouterr().err


def test_the_first_gpu_is_the_default(monkeypatch):
    from skd_plugin.commands.training import device_of

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert [str(device_of(number)) for number in (None, 1, -1)] == ["cuda:0", "cuda:1", "cpu"]
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert str(device_of(None)) == "cpu"


def test_phases_ask_nothing_after_it(teachers, store, tmp_path, taught):
    """
    It asks what any phase needs of the sentences that it distils, and of the validation sentences that one is measured
    on.
    """
    config = phased(teachers)
    config["trainer"]["callbacks"][0]["store"] = {"type": "lmdb", "path": str(store)}
    assert knowledge("build", written(config, tmp_path)) == 0
    assert sum(taught) == 2 * (40 + 40)
    train(config, tmp_path / "run")
    assert sum(taught) == 2 * (40 + 40)
    for one in config["trainer"]["phases"]:
        one["trainer"]["validation_metric"] = "+macro_f1"
    config["trainer"]["callbacks"][0]["store"]["path"] = str(tmp_path / "other")
    assert knowledge("build", written(config, tmp_path)) == 0
    assert sum(taught) == 2 * (40 + 40) + 2 * 40
