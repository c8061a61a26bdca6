"""Fills a store with what teachers know and it lacks, of any number of sentences in bounded memory."""

import json
import logging
import os
import time
import zlib
from collections import defaultdict
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

import torch
from allennlp.common import Tqdm

from skd_plugin.knowledge import Knowledge, KnowledgeRequest, KnowledgeStore
from skd_plugin.teachers.askable import Askable
from skd_plugin.teachers.processes import Processes, Share

logger = logging.getLogger(__name__)

TOKENS_IN_WINDOW = 2**17
"""How many tokens are sorted by length at once; their words, and `BYTES_IN_WRITE` of answers, are all that is held."""
BYTES_IN_WRITE = 2**22
"""After so many bytes of answers, `SENTENCES_IN_WRITE` or `SECONDS_TO_WRITE`, they are written."""
SENTENCES_IN_WRITE = 2**12
SECONDS_TO_WRITE = 5.0

Sentence = Tuple[str, List[str]]  # key and words


class Question(NamedTuple):
    """A sentence that the teachers of its language are to be asked about."""

    language: str
    key: str
    words: List[str]


class Asking:
    """
    Asks the teachers of each language about the sentences of which a store lacks something.

    Two passes: the first looks the sentences up, and sets aside in files those that the store lacks; the second asks
    about these, one language after another, so that the teachers of one language are loaded at a time. Among processes
    that share a store each sentence has one that asks, whoever saw it.

    # Parameters

    store : `KnowledgeStore`
        An open one.
    ensembles : `Mapping[str, Askable]`
        The teachers of each language.
    request : `KnowledgeRequest`
        What is wanted.
    device : `torch.device`
        Where teachers run.
    tokens_per_batch : `int`, optional (default = `2048`)
        How many tokens, with padding, a teacher reads at once.
    check_labels : `Callable[[str, List[str]], Any]`, optional
        Called with a language and its teachers' labels as soon as they are loaded; it may refuse them.
    processes : `Processes`, optional (default = this one alone)
    is_quiet : `bool`, optional (default = `False`)
        Whether there is no progress bar.
    """

    def __init__(
        self,
        store: KnowledgeStore,
        ensembles: Mapping[str, Askable],
        request: KnowledgeRequest,
        device: torch.device,
        tokens_per_batch: int = 2048,
        check_labels: Optional[Callable[[str, List[str]], object]] = None,
        processes: Optional[Processes] = None,
        is_quiet: bool = False,
    ) -> None:
        self._store = store
        self._ensembles = ensembles
        self._request = request
        self._device = device
        self._tokens_per_batch = tokens_per_batch
        self._check_labels = check_labels
        self._processes = processes or Processes()
        self._is_quiet = is_quiet

    def __call__(self, questions: Iterable[Question]) -> None:
        """Fills the store; all processes must call it."""
        with self._processes.sharing(self._store.folder) as share:
            self._set_aside(questions, share)
            self._processes.wait()
            for language, ensemble in self._ensembles.items():
                self._ask(language, ensemble, share)
            self._processes.wait()

    def _set_aside(self, questions: Iterable[Question], share: Share) -> None:
        """The first pass."""
        seen: Dict[str, int] = defaultdict(int)
        lacking: Dict[str, int] = defaultdict(int)
        waiting: Dict[str, Dict[str, List[str]]] = defaultdict(dict)

        def look_up(language: str) -> None:
            sentences = waiting.pop(language)
            source = self._ensembles[language].fingerprint
            missing = self._store.missing(source, list(sentences), self._request)
            lines: Dict[int, List[str]] = defaultdict(list)
            for key in missing:
                lines[owner_of(key, share.members)].append(json.dumps([key, sentences[key]]) + "\n")
            for owner, its_lines in lines.items():
                name = f"{self._place(language)}-{owner}-{share.member}"
                with open(os.path.join(share.folder, name), "a", encoding="utf-8") as file:
                    file.writelines(its_lines)
            seen[language] += len(sentences)
            lacking[language] += len(missing)

        num_tokens = 0
        for question in Tqdm.tqdm(questions, desc="looking sentences up", disable=self._is_quiet):
            waiting[question.language][question.key] = question.words
            num_tokens += len(question.words)
            if num_tokens >= TOKENS_IN_WINDOW:
                for language in list(waiting):
                    look_up(language)
                num_tokens = 0
        for language in list(waiting):
            look_up(language)
        for language, number in seen.items():
            cached = number - lacking[language]
            logger.info('"%s": %d of %d sentences are cached', language, cached, number)

    def _ask(self, language: str, ensemble: Askable, share: Share) -> None:
        """The second pass, of one language."""
        names = [
            f"{self._place(language)}-{share.member}-{other}" for other in range(share.members)
        ]
        paths = [os.path.join(share.folder, name) for name in names]
        paths = [path for path in paths if os.path.exists(path)]
        source = ensemble.fingerprint
        if not paths:
            return
        ensemble.load(self._device)
        if self._check_labels is not None:  # a misfit shall stop the run before hours of asking
            self._check_labels(language, ensemble.labels)
        if self._store.labels(source) is None:
            self._store.add_source(source, ensemble.labels, ensemble.description)
        total = sum(1 for _ in _lines(paths))
        description = f"asking the teachers of {language}"
        with Tqdm.tqdm(total=total, desc=description, disable=self._is_quiet) as bar:
            for window in _windows(_read(paths)):
                missing = self._store.missing(source, list(window), self._request)
                bar.update(len(window) - len(missing))
                of_request: Dict[KnowledgeRequest, List[Sentence]] = defaultdict(list)
                for key, lack in missing.items():
                    of_request[lack].append((key, window[key]))
                for lack, sentences in of_request.items():
                    self._ask_window(ensemble, sentences, lack, bar)
        ensemble.release()

    def _ask_window(
        self, ensemble: Askable, sentences: List[Sentence], request: KnowledgeRequest, bar: Any
    ) -> None:
        """Sentences of like length together, the longest first: what does not fit into memory fails at once."""
        sentences = sorted(sentences, key=lambda sentence: len(sentence[1]), reverse=True)
        known: Dict[str, Knowledge] = {}
        num_bytes, last_write = 0, time.monotonic()
        for batch in _batches(sentences, self._tokens_per_batch):
            keys, words = zip(*batch)
            answers = ensemble.teach(words, request)
            known.update(zip(keys, answers))
            num_bytes += sum(answer.nbytes for answer in answers)
            is_late = time.monotonic() - last_write > SECONDS_TO_WRITE
            if num_bytes >= BYTES_IN_WRITE or len(known) >= SENTENCES_IN_WRITE or is_late:
                self._store.write(ensemble.fingerprint, known)
                known, num_bytes, last_write = {}, 0, time.monotonic()
            bar.update(len(batch))
        if known:
            self._store.write(ensemble.fingerprint, known)

    def _place(self, language: str) -> int:
        return list(self._ensembles).index(language)


def owner_of(key: str, members: int) -> int:
    """
    Which of the processes that share a store asks about a sentence.

    Not by the lower digits of the checksum, by which `knowledge build` cuts data into shards: where one shard is there
    already, the rest shall not fall to one process.
    """
    return (zlib.crc32(key.encode()) >> 16) % members


def _lines(paths: Sequence[str]) -> Iterator[str]:
    for path in paths:
        with open(path, encoding="utf-8") as file:
            yield from file


def _read(paths: Sequence[str]) -> Iterator[Sentence]:
    for line in _lines(paths):
        key, words = json.loads(line)
        yield key, words


def _windows(sentences: Iterable[Sentence]) -> Iterator[Dict[str, List[str]]]:
    """Sentences by key, about `TOKENS_IN_WINDOW` tokens at a time."""
    window: Dict[str, List[str]] = {}
    num_tokens = 0
    for key, words in sentences:
        window[key] = words
        num_tokens += len(words)
        if num_tokens >= TOKENS_IN_WINDOW:
            yield window
            window, num_tokens = {}, 0
    if window:
        yield window


def _batches(sentences: List[Sentence], num_tokens: int) -> Iterator[List[Sentence]]:
    """Sentences, the longest first, in batches of so many tokens with padding, and of one sentence at least."""
    start = 0
    while start < len(sentences):
        size = max(1, num_tokens // len(sentences[start][1]))
        yield sentences[start : start + size]
        start += size
