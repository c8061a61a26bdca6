"""Token classifiers of Hugging Face transformers."""

import os
from typing import Any, List, NamedTuple

import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.latency.timed_model import Sentences, TimedTorchModel

MOST_PIECES = 512
_WEIGHTS = (".safetensors", ".bin")
_OTHERS = (".json", ".txt", ".model")


class Pieces(NamedTuple):
    """
    A batch as a transformer reads it.

    # Parameters

    inputs : `Any`
        What the tokenizer gives: `input_ids` and so on, each of shape (batch_size, num_pieces).
    sentence, first : `Tensor`
        Of every word the number of its sentence and of its first piece, shape (num_words,).
    lengths : `List[int]`
        How many words of each sentence are read.
    """

    inputs: Any
    sentence: Tensor
    first: Tensor
    lengths: List[int]


class TimedHuggingFace(TimedTorchModel):
    """
    A token classifier of transformers, at its quickest: a whole batch is cut into pieces by one call of its tokenizer,
    and a word has the best tag of its first piece. What the model cannot read at once of a sentence is left out.

    # Parameters

    name : `str`
    model : `Any`
        Its output has `logits` of shape (batch_size, num_pieces, num_tags).
    tokenizer : `Any`
        A fast one.
    num_bytes : `int`
        Their size on disk.
    """

    def __init__(self, name: str, model: Any, tokenizer: Any, num_bytes: int) -> None:
        super().__init__(name, model, num_bytes)
        self._model = model
        self._tokenizer = tokenizer
        # RoBERTa has two more positions than it can read.
        positions = getattr(model.config, "max_position_embeddings", MOST_PIECES + 2) - 2
        self._most_pieces = min(MOST_PIECES, positions, tokenizer.model_max_length)

    @classmethod
    def load(cls, folder: str, device: torch.device) -> "TimedHuggingFace":
        """From a folder as `save_pretrained` leaves it."""
        from transformers import AutoModelForTokenClassification, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, add_prefix_space=True)
        if not tokenizer.is_fast:
            raise ConfigurationError(
                f"{folder}: its tokenizer does not say which piece is of which word; save it as a fast one"
            )
        model = AutoModelForTokenClassification.from_pretrained(folder)
        return cls(folder, model.to(device), tokenizer, bytes_of_folder(folder))

    def prepare(self, sentences: Sentences) -> Pieces:
        encoded = self._tokenizer(
            [list(words) for words in sentences],
            is_split_into_words=True,
            padding=True,
            truncation=True,
            max_length=self._most_pieces,
            return_tensors="pt",
        )
        rows: List[int] = []
        pieces: List[int] = []
        lengths: List[int] = []
        for row in range(len(sentences)):
            before, places = None, len(pieces)
            for piece, word in enumerate(encoded.word_ids(row)):
                if word is not None and word != before:
                    rows.append(row)
                    pieces.append(piece)
                before = word
            lengths.append(len(pieces) - places)
        sentence, first = torch.tensor([rows, pieces], device=self._device)
        return Pieces(encoded.to(self._device), sentence, first, lengths)

    @torch.no_grad()
    def run(self, prepared: Pieces) -> List[List[str]]:
        logits = self._model(**prepared.inputs).logits
        best = logits[prepared.sentence, prepared.first].argmax(dim=-1).tolist()
        names, start = self._model.config.id2label, 0
        tags = []
        for length in prepared.lengths:
            tags.append([names[one] for one in best[start : start + length]])
            start += length
        return tags


def bytes_of_folder(folder: str) -> int:
    """Of weights, once if they are there in two formats, config, vocabulary and tokenizer."""
    sizes = {name: os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)}
    for ending in _WEIGHTS:
        weights = [size for name, size in sizes.items() if name.endswith(ending)]
        if weights:
            break
    return sum(weights) + sum(size for name, size in sizes.items() if name.endswith(_OTHERS))
