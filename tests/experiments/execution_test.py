"""The folder of one run."""

import json

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments import execution
from skd_plugin.experiments.execution import Workplace, _archives
from skd_plugin.experiments.experiment import Run
from tests.experiments import tiny
from tests.runs import NER, student_config

EVALUATION = {"test": {"en": str(NER / "en" / "test.txt")}}


@pytest.fixture
def workplace(tmp_path):
    config = tiny.baseline()["config"]
    config["trainer"]["num_epochs"] = 1
    return Workplace(str(tmp_path), Run("seed-1/x", "x", 1, None, config, [], EVALUATION, "BIO"))


def execute(workplace):
    workplace.prepare()
    workplace.execute()


def test_a_run(workplace):
    execute(workplace)
    assert workplace.is_finished
    outcome = workplace.outcome()
    assert list(outcome.counts) == [("test", "en")]
    assert outcome.counts["test", "en"].shape == (100, 3)  # all; the config trains on 40
    # Of 40 sentences of each language, in batches of 10.
    assert outcome.costs["updates"] == 8
    assert (outcome.costs["epochs"], outcome.costs["best_epoch"]) == (1, 0)
    assert outcome.costs["max_epochs"] == 1
    archive = workplace.folder / "model.tar.gz"
    assert outcome.costs["archive_bytes"] == archive.stat().st_size
    assert outcome.costs["parameters"] > 1000 and outcome.costs["seconds"] > 0
    metrics = json.loads((workplace.folder / "metrics.json").read_text())
    assert outcome.curve == [metrics["validation_macro_f1"]]
    assert json.loads(workplace.config.read_text()) == workplace.run.config


def test_it_is_evaluated_again_after_a_kill_before_its_end(workplace, monkeypatch):
    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(execution, "evaluate", killed)
        with pytest.raises(KeyboardInterrupt):
            execute(workplace)
    assert not workplace.is_finished
    weights = torch.load(workplace.folder / "best.th")
    execute(workplace)
    assert workplace.is_finished and workplace.outcome().costs["updates"] == 8
    again = torch.load(workplace.folder / "best.th")
    assert weights.keys() == again.keys() and all(
        weights[name].equal(again[name]) for name in weights
    )


def test_what_was_killed_before_its_first_checkpoint_begins_anew(workplace):
    workplace.folder.mkdir(parents=True)
    (workplace.folder / "config.json").write_text('{"half')
    execute(workplace)
    assert workplace.is_finished


def test_checkpoints_are_needed(workplace):
    workplace.run.config["trainer"]["checkpointer"] = {"save_completed_epochs": False}
    with pytest.raises(ConfigurationError) as raised:
        execute(workplace)
    assert raised.value.message == (
        f"{workplace.folder}: trainer.checkpointer: expected one that keeps the last epoch, found no checkpoint"
    )


def test_difference_of_configs(workplace):
    other = {**workplace.run.config, "model": {"type": "x"}}
    workplace.folder.mkdir(parents=True)
    (workplace.folder / "config.json").write_text(json.dumps(other))
    assert workplace.difference == ""  # it failed before it began
    (workplace.folder / "model_state_e0_b0.th").write_text("")
    assert workplace.difference == "model.type: 'x', now 'distilled_crf_tagger'"


def test_a_folder_may_move(workplace):
    teachers = [{"archive_file": "here/seed-1/teachers/en/model.tar.gz"}]
    callbacks = [{"type": "x", "store": {"path": "here/seed-1/knowledge"}}]
    config = {"model": {"teachers": {"en": teachers}}, "callbacks": callbacks}
    moved = Workplace("/there", workplace.run._replace(config=config)).run.config
    workplace.run.config.clear()
    workplace.run.config.update(json.loads(json.dumps(moved).replace("here/", "/else/where/")))
    workplace.folder.mkdir(parents=True)
    (workplace.folder / "model_state_e0_b0.th").write_text("")
    (workplace.folder / "config.json").write_text(json.dumps(config))
    assert workplace.difference == ""
    teachers[0]["archive_file"] = "here/seed-2/teachers/en/model.tar.gz"
    (workplace.folder / "config.json").write_text(json.dumps(config))
    assert workplace.difference.startswith("model.teachers.en: ")


def test_other_files_and_other_tags_are_evaluated_anew(workplace, tmp_path):
    path = tmp_path / "test.txt"
    path.write_text((NER / "en" / "test.txt").read_text())
    run = workplace.run._replace(evaluation={"test": {"en": str(path)}})
    spans = Workplace(str(tmp_path), run)
    execute(spans)
    trained = (spans.folder / "model.tar.gz").stat().st_mtime_ns
    path.write_text((NER / "en" / "dev.txt").read_text())
    assert not spans.is_finished
    execute(spans)
    assert len(spans.outcome().counts["test", "en"]) == 60
    tags = Workplace(str(tmp_path), run._replace(label_encoding=None))
    assert spans.is_finished and not tags.is_finished
    execute(tags)
    counts = tags.outcome().counts["test", "en"]
    assert (counts[:, 1] == counts[:, 2]).all() and tags.is_finished
    assert (spans.folder / "model.tar.gz").stat().st_mtime_ns == trained
    (tags.folder / "outcomes.npz").unlink()
    assert not tags.is_finished


def knowledge_of(folder, configs):
    names = [f"seed-1/{number}" for number, _ in enumerate(configs)]
    run = Run("seed-1/knowledge", "knowledge", 1, None, None, [], {}, None, names)
    workplace = Workplace(str(folder), run)
    workplace.prepare()
    for name, config in zip(names, configs):
        (folder / f"{name}.json").write_text(json.dumps(config))
    workplace.execute()
    return workplace


def test_knowledge_of_a_faulty_config_is_left_out(teachers, tmp_path):
    store = {"type": "lmdb", "path": str(tmp_path / "store")}
    good = student_config(teachers, store=store)
    faulty = json.loads(json.dumps(good))
    faulty["model"]["losses"] = [{"type": "no such loss"}]
    workplace = knowledge_of(tmp_path, [faulty, good])
    assert workplace.is_finished and workplace.seconds > 0
    assert (tmp_path / "store" / "data.mdb").exists()
    (tmp_path / "seed-1" / "1.json").write_text("{}")
    assert not workplace.is_finished  # another student wants something else
    with pytest.raises(ConfigurationError, match="no such loss"):
        knowledge_of(tmp_path, [faulty, faulty])


def test_order_of_outcomes(workplace):
    """Numpy keeps it."""
    counts = {("test", "b"): np.ones((1, 3)), ("test", "a"): np.ones((2, 3))}
    workplace.folder.mkdir(parents=True)
    arrays = {"/".join(key): value for key, value in counts.items()}
    np.savez(workplace.folder / execution.OUTCOMES, **arrays)
    (workplace.folder / execution.EXAMPLES).write_text("[]")
    (workplace.folder / execution.FINISHED).write_text('{"costs": {}}')
    assert list(workplace.outcome().counts) == list(counts)


@pytest.fixture
def given(teachers, tmp_path):
    """A teacher that is trained already, of all languages."""
    archive = str(teachers / "en" / "model.tar.gz")
    run = Run(
        "seed-1/teachers/all", "teachers", 1, None, {"archive_file": archive}, [], EVALUATION, "BIO"
    )
    return Workplace(str(tmp_path), run)


def test_a_trained_teacher_is_taken_as_it_is(given, teachers):
    execute(given)
    assert given.is_finished and given.state == "finished" and given.difference == ""
    archive = teachers / "en" / "model.tar.gz"
    assert (given.folder / "model.tar.gz").read_bytes() == archive.read_bytes()
    outcome = given.outcome()
    assert outcome.counts["test", "en"].shape == (100, 3)
    assert outcome.costs["parameters"] > 1000 and outcome.costs["seconds"] == 0
    assert outcome.curve == []


def test_another_archive_is_evaluated_anew(given, teachers, tmp_path):
    execute(given)
    other = str(teachers / "ru" / "model.tar.gz")
    workplace = Workplace(str(tmp_path), given.run._replace(config={"archive_file": other}))
    assert not workplace.is_finished
    execute(workplace)
    assert workplace.is_finished and not given.is_finished
    assert (workplace.folder / "model.tar.gz").stat().st_size > 0


def test_no_such_teacher(given, tmp_path):
    config = {"archive_file": str(tmp_path / "none.tar.gz")}
    workplace = Workplace(str(tmp_path), given.run._replace(config=config))
    message = "none.tar.gz: no such teacher archive; train the teacher first, or correct the path"
    with pytest.raises(ConfigurationError, match=message):
        execute(workplace)


def test_an_encoder_below_is_learnt_from_too():
    archived = {"type": "archived_encoder", "archive_file": "encoder.tar.gz"}
    embedder = {"token_embedders": {"tokens": archived, "others": {"type": "embedding"}}}
    model = {"text_field_embedder": embedder}
    assert _archives({"model": model}) == ["encoder.tar.gz"]
    taught = {
        **model,
        "teachers": {"en": [{"archive_file": "teacher.tar.gz"}, {"type": "huggingface"}]},
    }
    assert _archives({"model": taught}) == ["teacher.tar.gz", "encoder.tar.gz"]
    assert _archives({"model": {}}) == []
