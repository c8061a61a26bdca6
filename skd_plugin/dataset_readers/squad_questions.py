"""Questions about passages, and where the answers are."""

import logging
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Field, Instance, Token, TokenIndexer
from allennlp.data.fields import LabelField, MetadataField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer

from skd_plugin.dataset_readers.input_files import input_files
from skd_plugin.dataset_readers.squad_files import Answer, Question, read_questions
from skd_plugin.dataset_readers.tokenization import tokenize

logger = logging.getLogger(__name__)

NOWHERE = 0
"""Where an answer begins and ends that is not in a window; words are numbered from 1."""


@DatasetReader.register("squad_questions")
class SquadQuestionReader(DatasetReader):
    """
    Reads questions whose answers are pieces of a passage: the JSON of SQuAD 1.1 (Rajpurkar et al., EMNLP 2016) and of
    XQuAD (Artetxe et al., ACL 2020).

    Input is a path, a list of them, a mapping `{language: path or list}`, or the JSON of either; files may be gzipped.
    A passage is read in windows, each of which is an instance, so that none of it is lost. Of a window without the
    answer, "nowhere" is learnt; windows, answers in no window and answers that cut words are counted in the log.

    # Parameters

    token_indexers : `Dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    tokenization : `str`, optional (default = `"auto"`)
        See `skd_plugin.dataset_readers.tokenization`. An answer is found as whole words: as characters in scripts
        written without spaces.
    window : `int`, optional (default = `200`)
        How many words of a passage are read at a time.
    overlap : `int`, optional (default = `50`)
        How many of them the next window has again; an answer that is as long at most is whole in one of them.
    max_question_tokens : `int`, optional (default = `None`)
        What a question has beyond is cut off.
    """

    def __init__(
        self,
        token_indexers: Optional[Dict[str, TokenIndexer]] = None,
        tokenization: str = "auto",
        window: int = 200,
        overlap: int = 50,
        max_question_tokens: Optional[int] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            manual_distributed_sharding=True, manual_multiprocess_sharding=True, **kwargs
        )
        tokenize("", tokenization)  # refuses an unknown one
        if not 0 <= overlap < window:
            raise ConfigurationError(
                f"window, overlap: expected a window that is longer than the overlap, got {window} and {overlap}"
            )
        if max_question_tokens is not None and max_question_tokens < 1:
            raise ConfigurationError(
                f"max_question_tokens: expected 1 or more, got {max_question_tokens}"
            )
        self.token_indexers = token_indexers or {"tokens": SingleIdTokenIndexer()}
        self._tokenization = tokenization
        self._window = window
        self._overlap = overlap
        self._max_question_tokens = max_question_tokens

    def instances(self, question: Question, language: str = "und") -> List[Instance]:
        """One a window of its passage."""
        tokens = self._tokens(question.context, "a passage")
        span = span_of(question.answers[0], tokens) if question.answers else None
        step = self._window - self._overlap
        starts = range(0, max(1, len(tokens) - self._overlap), step)
        return [
            self.text_to_instance(
                question, tokens[start : start + self._window], _moved(span, start), language
            )
            for start in starts
        ]

    def text_to_instance(  # type: ignore[override]
        self,
        question: Question,
        window: Sequence[Token],
        span: Optional[Tuple[int, int]] = None,
        language: str = "und",
    ) -> Instance:
        """
        # Parameters

        question : `Question`
            Perhaps without answers.
        window : `Sequence[Token]`
            Words of its passage, with their places in it.
        span : `Tuple[int, int]`, optional (default = `None`)
            The first and the last word of the answer in the window, which may lie outside.
        language : `str`, optional (default = `"und"`)

        # Returns

        `Instance` with `question`, `passage` (the window), `metadata` (`language`, `id`, `context`, `answers` and
        `offsets`, of each word of the window) and, if there are answers, `start` and `end`: words of the window from 1
        on, or `NOWHERE`.
        """
        metadata = {
            "language": language,
            "id": question.id,
            "context": question.context,
            "answers": [answer.text for answer in question.answers],
            "offsets": [(token.idx, token.idx_end) for token in window],
        }
        words = self._tokens(question.text, "a question")[: self._max_question_tokens]
        fields: Dict[str, Field] = {
            "question": TextField(words),
            "passage": TextField(list(window)),
            "metadata": MetadataField(metadata),
        }
        if span is not None:
            first, last = span
            is_here = 0 <= first and last < len(window)
            for name, place in (("start", first), ("end", last)):
                fields[name] = LabelField(place + 1 if is_here else NOWHERE, skip_indexing=True)
        return Instance(fields)

    def apply_token_indexers(self, instance: Instance) -> None:
        for name in ("question", "passage"):
            instance.fields[name].token_indexers = self.token_indexers  # type: ignore[attr-defined]

    def _read(self, file_path: Any) -> Iterator[Instance]:
        yield from self.shard_iterable(self._windows(file_path))

    def _windows(self, file_path: Any) -> Iterator[Instance]:
        for language, path in input_files(file_path):
            num_questions = num_windows = num_lost = num_cutting = 0
            for question in read_questions(path):
                windows = self.instances(question, language or "und")
                num_questions += 1
                num_windows += len(windows)
                num_lost += all(_is_nowhere(window) for window in windows)
                num_cutting += any(_cuts_words(window) for window in windows)
                yield from windows
            logger.info(
                "%s: %d questions in %d windows; %d answers are whole in none; %d begin or end inside a word",
                *(path, num_questions, num_windows, num_lost, num_cutting),
            )

    def _tokens(self, text: str, what: str) -> List[Token]:
        tokens = tokenize(text, self._tokenization)
        if not tokens:
            raise ConfigurationError(f"{what} has no tokens; expected at least one")
        return tokens


def span_of(answer: Answer, tokens: Sequence[Token]) -> Tuple[int, int]:
    """The first and the last word that an answer has something of."""
    end = answer.start + len(answer.text)
    inside = [
        place
        for place, token in enumerate(tokens)
        if (token.idx or 0) < end and (token.idx_end or 0) > answer.start
    ]
    return inside[0], inside[-1]


def _moved(span: Optional[Tuple[int, int]], start: int) -> Optional[Tuple[int, int]]:
    """A span as a window counts that begins there."""
    return None if span is None else (span[0] - start, span[1] - start)


def _is_nowhere(window: Instance) -> bool:
    return window["start"].label == NOWHERE  # type: ignore[attr-defined]


def _cuts_words(window: Instance) -> bool:
    """Whether the words of an answer have more than the answer."""
    if _is_nowhere(window):
        return False
    metadata = window["metadata"].metadata  # type: ignore[attr-defined]
    start, _ = metadata["offsets"][window["start"].label - 1]  # type: ignore[attr-defined]
    _, end = metadata["offsets"][window["end"].label - 1]  # type: ignore[attr-defined]
    return bool(metadata["context"][start:end] != metadata["answers"][0].strip())
