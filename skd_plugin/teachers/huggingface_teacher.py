"""A teacher from a folder of Hugging Face transformers."""

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.structures import LinearChain
from skd_plugin.teachers.huggingface_folder import check_folder, hash_folder, most_pieces
from skd_plugin.teachers.teacher import Answer, Teacher

PIECES_AT_ONCE = 2**13
"""With padding; so many a step of the model, whatever the number of words."""


class _Word(NamedTuple):
    """A word of a batch, and of which part its pieces are which."""

    sentence: int
    token: int
    part: int
    start: int
    end: int


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
            self._fingerprint = (
                f"{hash_folder(self._folder)}-{self._word_pieces}-{self._max_length}"
            )
        return self._fingerprint

    @property
    def labels(self) -> List[str]:
        names = self._model.config.id2label
        return [names[index] for index in range(len(names))]

    def load(self, device: torch.device) -> None:
        if self._model is not None:
            return
        from transformers import AutoModelForTokenClassification, AutoTokenizer

        check_folder(self._folder)
        tokenizer = AutoTokenizer.from_pretrained(self._folder, add_prefix_space=True)
        if not tokenizer.is_fast:
            raise ConfigurationError(
                f"{self._folder}: its tokenizer does not say which piece is of which word; save it as a fast one"
            )
        model, found = AutoModelForTokenClassification.from_pretrained(
            self._folder, output_loading_info=True
        )
        if found["missing_keys"]:
            raise ConfigurationError(
                f"{self._folder}: expected a token classifier; it has no weights {', '.join(found['missing_keys'])}, "
                "which would be random. Fine-tune it first"
            )
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
        parts, words = self._pieces(sentences)
        shape, device = (len(sentences), max(map(len, sentences))), self._model.device
        lengths = torch.tensor([len(sentence) for sentence in sentences])
        logits = torch.zeros(*shape, self._model.config.num_labels, device=device)
        hidden: Dict[int, Tensor] = {}
        for first, chunk in _chunks(parts):
            output = self._run(chunk, bool(layers))
            here = [word for word in words if first <= word.part < first + len(chunk)]
            sentence, token, part, start, end = torch.tensor(here, device=device).T
            logits[sentence, token] = output.logits[part - first, start].float()
            for layer in layers:
                states = self._layer(output.hidden_states, layer).float()
                of_words = hidden.setdefault(layer, states.new_zeros(*shape, states.size(-1)))
                of_words[sentence, token] = self._of_words(states, part - first, start, end)
        mask = torch.arange(shape[1]) < lengths.unsqueeze(1)
        return Answer(LinearChain(logits, mask=mask.to(device)), hidden)

    def _run(self, parts: List[List[int]], wants_hidden: bool) -> Any:
        shape, device = (len(parts), max(map(len, parts))), self._model.device
        ids = torch.full(shape, self._tokenizer.pad_token_id or 0)
        mask = torch.zeros(shape, dtype=torch.long)
        for row, part in enumerate(parts):
            ids[row, : len(part)] = torch.tensor(part)
            mask[row, : len(part)] = 1
        return self._model(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            output_hidden_states=wants_hidden,
        )

    def _layer(self, states: Sequence[Tensor], layer: int) -> Tensor:
        if not -len(states) <= layer < len(states):
            raise ConfigurationError(
                f"{self._folder}: no layer {layer} of hidden states; the model has 0, the embedded pieces, to "
                f"{len(states) - 1}, or -1, the last, to {-len(states)}"
            )
        return states[layer]

    def _of_words(self, states: Tensor, part: Tensor, start: Tensor, end: Tensor) -> Tensor:
        """From shape (num_parts, num_pieces, dim) to (num_words, dim)."""
        if self._word_pieces == "first":
            return states[part, start]
        numbers = end - start
        # Of each piece of a word: the word, and its place there.
        word = torch.arange(len(start), device=start.device).repeat_interleave(numbers)
        place = torch.arange(len(word), device=start.device) - (numbers.cumsum(0) - numbers)[word]
        sums = states.new_zeros(len(start), states.size(-1))
        sums.index_add_(0, word, states[part[word], start[word] + place])
        return sums / numbers.unsqueeze(-1)

    def _pieces(self, sentences: Sequence[Sequence[str]]) -> Tuple[List[List[int]], List[_Word]]:
        """What the model reads, and where in it each word is."""
        before, after = self._special_pieces()
        room = self._limit() - len(before) - len(after)
        if room < 1:
            raise ConfigurationError(
                f"max_length: expected more than the {len(before) + len(after)} special pieces of {self._folder}, "
                f"got {self._limit()}"
            )
        parts: List[List[int]] = []
        words: List[_Word] = []
        for row, sentence in enumerate(sentences):
            part = list(before)
            for token, ids in enumerate(self._ids_of_words(sentence)):
                ids = ids[:room]
                if len(part) + len(ids) > len(before) + room:
                    parts.append(part + after)
                    part = list(before)
                words.append(_Word(row, token, len(parts), len(part), len(part) + len(ids)))
                part += ids
            parts.append(part + after)
        return parts, words

    def _special_pieces(self) -> Tuple[List[int], List[int]]:
        """Those before a text, and those behind it."""
        encoded = self._tokenizer(["a"], is_split_into_words=True)
        of_text = [place for place, word in enumerate(encoded.word_ids()) if word is not None]
        return encoded["input_ids"][: of_text[0]], encoded["input_ids"][of_text[-1] + 1 :]

    def _ids_of_words(self, words: Sequence[str]) -> List[List[int]]:
        """At least one piece a word: what the tokenizer drops becomes an unknown one."""
        encoded = self._tokenizer(list(words), is_split_into_words=True, add_special_tokens=False)
        ids: List[List[int]] = [[] for _ in words]
        for piece, word in zip(encoded["input_ids"], encoded.word_ids()):
            ids[word].append(piece)
        return [one or [self._tokenizer.unk_token_id or 0] for one in ids]

    def _limit(self) -> int:
        return most_pieces(self._model.config, self._tokenizer, self._max_length)


def _chunks(parts: List[List[int]]) -> Iterator[Tuple[int, List[List[int]]]]:
    """Parts whose pieces are few enough for one step, with the number of the first."""
    size = max(1, PIECES_AT_ONCE // max(map(len, parts)))
    for first in range(0, len(parts), size):
        yield first, parts[first : first + size]
