"""A reader of the user's own, in a package elsewhere, plugs in by `--include-package`."""

import json
import os
import subprocess
import sys

from tests.runs import metrics_of, tagger_config

PACKAGE = '''
from typing import Iterator

from allennlp.data import DatasetReader
from skd_plugin.dataset_readers import DataError, Sentence, TaggingDatasetReader


@DatasetReader.register("slashed")
class SlashedReader(TaggingDatasetReader):
    """Reads one sentence a line, with tokens such as walk/VERB."""

    def read_sentences(self, path: str) -> Iterator[Sentence]:
        for number, line in self.open_lines(path):
            pairs = [item.rpartition("/") for item in line.split()]
            if not all(word and tag for word, _, tag in pairs):
                raise DataError(path, number, repr(line), "words such as walk/VERB")
            yield Sentence([word for word, _, _ in pairs], [tag for _, _, tag in pairs])
'''


def test_own_reader(tmp_path):
    (tmp_path / "my_readers").mkdir()
    (tmp_path / "my_readers" / "__init__.py").write_text(PACKAGE)
    (tmp_path / "data.txt").write_text("She/PRON walks/VERB\nWe/PRON walk/VERB ./PUNCT\n")
    config = tagger_config(["en"])
    config["dataset_reader"] = {"type": "slashed", "language": "en"}
    config["train_data_path"] = config["validation_data_path"] = "data.txt"
    config["model"]["label_encoding"] = None
    config["trainer"]["validation_metric"] = "+macro_accuracy"
    (tmp_path / "config.json").write_text(json.dumps(config))
    command = "train config.json -s run --include-package skd_plugin --include-package my_readers"
    result = subprocess.run(
        [sys.executable, "-m", "allennlp", *command.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert result.returncode == 0, result.stdout[-2000:]
    assert "validation__en_accuracy" in metrics_of(tmp_path / "run")
