"""Tagging by exports."""

import json
import shutil

import numpy as np
import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.predictors import MultilingualTaggerPredictor
from skd_plugin.serving import OnnxTagger
from tests.serving.students import sentences


def predicted(archive, words):
    predictor = MultilingualTaggerPredictor(archive.model, archive.validation_dataset_reader)
    return predictor.predict_json({"tokens": words})["tags"]


@pytest.mark.parametrize("kind", ["crf", "softmax", "word pieces"])
def test_tags_are_those_of_the_predictor(kind, archive_of, tagger_of):
    archive, some = archive_of(kind), sentences()[::20]
    assert len({len(words) for words in some}) > 5
    for batch_size in (1, 7, 64):
        found = tagger_of(kind).tag(some, batch_size=batch_size)
        assert found == [predicted(archive, words) for words in some]


def test_no_sentences_and_no_words(tagger_of):
    tagger = tagger_of("crf")
    assert tagger.tag([]) == []
    assert tagger.tag([[], []]) == [[], []]
    alone = tagger.tag([["Anna", "moved"]])[0]
    assert tagger.tag([[], ["Anna", "moved"], []]) == [[], alone, []]
    for nothing in ([], [[]], [["Anna"], []]):
        with pytest.raises(ConfigurationError, match="at least one word in each"):
            tagger.prepare(nothing)


def test_parts(tagger_of):
    tagger = tagger_of("characters")
    inputs = tagger.prepare([["Anna", "moved", "."], ["Lima"]])
    assert {name: array.shape for name, array in inputs.items()} == {
        "tokens": (2, 3),
        "letters": (2, 3, 5),
    }
    assert all(array.dtype == np.int64 for array in inputs.values())
    assert inputs["tokens"][1, 1:].tolist() == [0, 0] and not inputs["letters"][1, 0, 4:].any()
    outputs = tagger.run(inputs)
    assert outputs["logits"].shape == (2, 3, len(tagger.labels))
    assert outputs["tags"].shape == (2, 3) and outputs["scores"].shape == (2,)


def test_nothing_else_is_needed(folder_of, tmp_path, tiny_transformer, monkeypatch):
    """Neither archive nor the folder of the transformer, nor the place where it was written."""
    some = sentences()[::50]
    expected = OnnxTagger(folder_of("word pieces"), threads=1).tag(some)
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder_of("word pieces"), moved)
    away = tiny_transformer.with_name("away")
    tiny_transformer.rename(away)
    try:
        assert OnnxTagger(str(moved)).tag(some) == expected
    finally:
        away.rename(tiny_transformer)
    assert str(tiny_transformer) not in (moved / "config.json").read_text()


def test_folder_without_export(tmp_path):
    with pytest.raises(ConfigurationError) as error:
        OnnxTagger(tmp_path / "none")
    expected = f"{tmp_path / 'none'}: expected a folder that `allennlp export` has written"
    assert str(error.value) == expected
    (tmp_path / "config.json").write_text(json.dumps({"format": "another"}))
    with pytest.raises(ConfigurationError, match="expected a folder that"):
        OnnxTagger(tmp_path)
