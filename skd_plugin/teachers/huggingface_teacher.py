"""A teacher from a folder of Hugging Face transformers."""

import hashlib
import os
from typing import Any, List, NamedTuple, Optional, Sequence

import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.structures import LinearChain
from skd_plugin.teachers.teacher import Answer, Teacher

_READ_BY_TEACHER = (".json", ".txt", ".model", ".bin", ".safetensors")
_OF_TRAINING = ("training_args.bin", "trainer_state.json", "all_results.json")


class _Pieces(NamedTuple):
    """Where the pieces of each word of a batch are: rows of parts, and from which place to before which."""

    parts: List[List[int]]
    rows: Tensor
    starts: Tensor
    ends: Tensor
    mask: Tensor


@Teacher.register("huggingface")
class HuggingFaceTeacher(Teacher):
    """
    A token classifier of Hugging Face transformers, as it lies in the folder where `save_pretrained` has left model and
    tokenizer: a softmax a word, whose logits are those of its first piece.

    A sentence that is too long is read in parts, each as long as can be.

    # Parameters

    model_name : `str`
        The folder.
    word_pieces : `str`, optional (default = `"first"`)
        What the hidden states of a word are: those of its "first" piece, or the "mean" over its pieces.
    max_length : `int`, optional (default = as many as the model can read, 512 at most)
        How many pieces are read at once, with special ones.
    weight : `float`, optional (default = `1.0`)
        How much it counts among the teachers of a language.
    """

    def __init__(
        self,
        model_name: str,
        word_pieces: str = "first",
        max_length: Optional[int] = None,
        weight: float = 1.0,
    ) -> None:
        super().__init__(weight)
        if word_pieces not in ("first", "mean"):
            raise ConfigurationError(
                f'word_pieces: expected "first" or "mean", got "{word_pieces}"'
            )
        self._folder = model_name
        self._word_pieces = word_pieces
        self._max_length = max_length
        self._fingerprint: Optional[str] = None
        self._model: Any = None
        self._tokenizer: Any = None

    @property
    def description(self) -> str:
        return self._folder

    @property
    def fingerprint(self) -> str:
        if self._fingerprint is None:
            self._fingerprint = f"{_hash(self._folder)}-{self._word_pieces}-{self._max_length}"
        return self._fingerprint

    @property
    def labels(self) -> List[str]:
        names = self._model.config.id2label
        return [names[index] for index in range(len(names))]

    def load(self, device: torch.device) -> None:
        if self._model is not None:
            return
        from transformers import AutoModelForTokenClassification, AutoTokenizer

        _check_folder(self._folder)
        tokenizer = AutoTokenizer.from_pretrained(self._folder, add_prefix_space=True)
        if not tokenizer.is_fast:
            raise ConfigurationError(
                f"{self._folder}: its tokenizer does not say which piece is of which word; save it as a fast one"
            )
        model = AutoModelForTokenClassification.from_pretrained(self._folder)
        self._model, self._tokenizer = model.to(device).eval(), tokenizer

    def release(self) -> None:
        self._model = self._tokenizer = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def distribution(self, sentences: Sequence[Sequence[str]]) -> LinearChain:
        return self.answer(sentences).distribution  # type: ignore[return-value]

    @torch.no_grad()
    def answer(self, sentences: Sequence[Sequence[str]], layers: Sequence[int] = ()) -> Answer:
        """Layer 0 are the embedded pieces, layer n what the n-th layer of the transformer makes of them."""
        pieces = self._pieces(sentences)
        padded = self._tokenizer.pad({"input_ids": pieces.parts}, return_tensors="pt")
        device = self._model.device
        inputs = {name: padded[name].to(device) for name in ("input_ids", "attention_mask")}
        output = self._model(**inputs, output_hidden_states=bool(layers))
        rows, starts = pieces.rows.to(device), pieces.starts.to(device)
        chain = LinearChain(output.logits[rows, starts].float(), mask=pieces.mask.to(device))
        hidden = {
            layer: self._states_of_words(self._layer(output.hidden_states, layer), pieces)
            for layer in layers
        }
        return Answer(chain, hidden)

    def _layer(self, states: Sequence[Tensor], layer: int) -> Tensor:
        if not -len(states) <= layer < len(states):
            raise ConfigurationError(
                f"{self._folder}: no layer {layer} of hidden states; the model has 0, the embedded pieces, to "
                f"{len(states) - 1}, or -1, the last, to {-len(states)}"
            )
        return states[layer]

    def _states_of_words(self, states: Tensor, pieces: _Pieces) -> Tensor:
        """From shape (num_parts, num_pieces, dim) to (batch_size, num_tokens, dim)."""
        rows, starts, ends = (one.to(states.device) for one in pieces[1:4])
        if self._word_pieces == "first":
            return states[rows, starts]
        sums = torch.nn.functional.pad(states.double().cumsum(dim=1), (0, 0, 1, 0))
        means = (sums[rows, ends] - sums[rows, starts]) / (ends - starts).unsqueeze(-1)
        return means.to(states.dtype)

    def _pieces(self, sentences: Sequence[Sequence[str]]) -> _Pieces:
        special = self._tokenizer.num_special_tokens_to_add()
        room = self._limit() - special
        if room < 1:
            raise ConfigurationError(
                f"max_length: expected more than the {special} special pieces of {self._folder}, got {self._limit()}"
            )
        unknown = self._tokenizer.unk_token_id
        before = self._tokenizer.build_inputs_with_special_tokens([unknown]).index(unknown)
        num_tokens = max(map(len, sentences))
        places = torch.zeros(3, len(sentences), num_tokens, dtype=torch.long)
        places[2] = 1  # padding is what the first piece is
        mask = torch.zeros(len(sentences), num_tokens, dtype=torch.bool)
        parts: List[List[int]] = []
        for row, words in enumerate(sentences):
            mask[row, : len(words)] = True
            part: List[int] = []
            for token, ids in enumerate(self._ids_of_words(words)):
                ids = ids[:room]
                if len(part) + len(ids) > room:
                    parts.append(self._tokenizer.build_inputs_with_special_tokens(part))
                    part = []
                start = before + len(part)
                places[:, row, token] = torch.tensor([len(parts), start, start + len(ids)])
                part += ids
            parts.append(self._tokenizer.build_inputs_with_special_tokens(part))
        return _Pieces(parts, *places, mask)

    def _ids_of_words(self, words: Sequence[str]) -> List[List[int]]:
        """At least one piece a word: what the tokenizer drops becomes an unknown one."""
        encoded = self._tokenizer(list(words), is_split_into_words=True, add_special_tokens=False)
        ids: List[List[int]] = [[] for _ in words]
        for piece, word in zip(encoded["input_ids"], encoded.word_ids()):
            ids[word].append(piece)
        return [one or [self._tokenizer.unk_token_id] for one in ids]

    def _limit(self) -> int:
        if self._max_length is not None:
            return self._max_length
        config = self._model.config
        positions = getattr(config, "max_position_embeddings", 512)
        if getattr(config, "model_type", "") in ("roberta", "xlm-roberta", "camembert"):
            positions -= (
                config.pad_token_id + 1
            )  # positions are counted from behind that of padding
        return int(min(self._tokenizer.model_max_length, positions, 512))


def _check_folder(folder: str) -> None:
    if not os.path.exists(os.path.join(folder, "config.json")):
        raise ConfigurationError(
            f"{folder}: expected a folder with the config.json of a token classifier, as save_pretrained leaves it"
        )


def _hash(folder: str) -> str:
    """Of all that a model and its tokenizer are read from; not of the path."""
    _check_folder(folder)
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(os.listdir(folder)):
        if name.endswith(_READ_BY_TEACHER) and name not in _OF_TRAINING:
            digest.update(f"{name}\0{os.path.getsize(os.path.join(folder, name))}\0".encode())
            with open(os.path.join(folder, name), "rb") as file:
                for block in iter(lambda: file.read(2**20), b""):
                    digest.update(block)
    return digest.hexdigest()
