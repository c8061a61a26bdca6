"""Two processes train one encoder together."""

import json

import pytest

from skd_plugin.knowledge import LmdbKnowledgeStore
from tests.models.mmkd import PARALLEL, make_teacher, mmkd_config
from tests.runs import allennlp, metrics_of


def test_two_processes(tmp_path):
    teacher = make_teacher(tmp_path / "teacher")
    store = tmp_path / "store"
    config = mmkd_config(teacher, {"type": "lmdb", "path": str(store)}, sentence_dim=32)
    config["distributed"] = {"cuda_devices": [-1, -1]}
    config["validation_data_loader"] = {"batch_size": 8}
    (tmp_path / "config.json").write_text(json.dumps(config))
    package = ("--include-package", "skd_plugin")
    allennlp("train", tmp_path / "config.json", "-s", tmp_path / "run", *package)

    opened = LmdbKnowledgeStore(store)
    opened.open("")
    assert len(list(opened.scan())) == 90  # each English sentence once, whoever read it
    opened.close()

    # The candidates were those of both processes.
    output = tmp_path / "metrics.json"
    archive = tmp_path / "run" / "model.tar.gz"
    allennlp("evaluate", archive, PARALLEL / "dev.tsv", "--output-file", output, *package)
    metrics = metrics_of(tmp_path / "run")
    for name, value in json.loads(output.read_text()).items():
        if name != "loss":
            assert metrics[f"best_validation_{name}"] == pytest.approx(value, abs=1e-6), name
    assert metrics["training_structure_alignment_loss"] > 0
