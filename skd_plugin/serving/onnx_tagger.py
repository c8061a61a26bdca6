"""Tagging by an exported student."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import TokenIndexer, Vocabulary
from more_itertools import chunked

from skd_plugin.serving.folder import CONFIG, GRAPH, TOKENIZERS, VOCABULARY, is_export
from skd_plugin.serving.requirements import required
from skd_plugin.serving.words import WordsToArrays

Arrays = Dict[str, np.ndarray]


class OnnxTagger:
    """
    What `allennlp export` has written, ready to tag.

    # Parameters

    folder : `Union[str, Path]`
    threads : `int`, optional (default = as many as there are cores)
        That a batch is computed by.

    # Raises

    `ConfigurationError` if the folder is no export, or onnxruntime is missing.
    """

    def __init__(self, folder: Union[str, Path], threads: Optional[int] = None) -> None:
        folder = Path(folder)
        if not is_export(folder):
            raise ConfigurationError(
                f"{folder}: expected a folder that `allennlp export` has written"
            )
        runtime = required("onnxruntime")
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        self.labels: List[str] = config["tags"]
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        self._session = runtime.InferenceSession(
            str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )
        self._outputs = [one.name for one in self._session.get_outputs()]
        vocab = Vocabulary.from_files(str(folder / VOCABULARY))
        self._words_to_arrays = WordsToArrays(vocab, _indexers(folder, config["token_indexers"]))

    def tag(self, sentences: Sequence[Sequence[str]], batch_size: int = 64) -> List[List[str]]:
        """
        The best tags of each sentence; none of a sentence without words.

        # Parameters

        sentences : `Sequence[Sequence[str]]`
            Of words.
        batch_size : `int`, optional (default = `64`)
            How many sentences, alike in length, are computed together.
        """
        tags: List[List[str]] = [[] for _ in sentences]
        by_length = sorted(range(len(sentences)), key=lambda place: len(sentences[place]))
        for places in chunked([place for place in by_length if sentences[place]], batch_size):
            outputs = self.run(self.prepare([sentences[place] for place in places]))
            for place, path in zip(places, outputs["tags"].tolist()):
                tags[place] = [self.labels[tag] for tag in path[: len(sentences[place])]]
        return tags

    def prepare(self, sentences: Sequence[Sequence[str]]) -> Arrays:
        """
        Words as numbers, by the names of the token indexers.

        # Parameters

        sentences : `Sequence[Sequence[str]]`
            At least one, each of at least one word.

        # Returns

        `Dict[str, np.ndarray]`: int64, shape (batch_size, num_tokens) or (batch_size, num_tokens, num_pieces).
        """
        if not sentences or not all(sentences):
            raise ConfigurationError(
                "expected at least one sentence, and at least one word in each"
            )
        return self._words_to_arrays(sentences)

    def run(self, inputs: Arrays) -> Arrays:
        """
        Computes what was prepared.

        # Returns

        `Dict[str, np.ndarray]`: `logits`, shape (batch_size, num_tokens, num_tags); `tags`, int64, shape (batch_size,
        num_tokens), the best paths, 0 on padding; `scores` of these, shape (batch_size,), -inf where no path is
        possible.
        """
        return dict(zip(self._outputs, self._session.run(self._outputs, inputs)))


def _indexers(folder: Path, configs: Dict[str, Any]) -> Dict[str, TokenIndexer]:
    """Those of the configs, with the tokenizers of the folder."""
    indexers = {}
    for name, config in configs.items():
        if "model_name" in config:
            config["model_name"] = str(folder / TOKENIZERS / name)
        indexers[name] = TokenIndexer.from_params(Params(config))
    return indexers
