"""Several files side by side."""

import heapq
import itertools
from typing import Iterator, List, Sequence, Tuple

from skd_plugin.dataset_readers.sentence import Sentence
from skd_plugin.dataset_readers.sentence_file import SentenceFile


def interleaved(files: Sequence[SentenceFile], first: int = 0, step: int = 1) -> Iterator[Sentence]:
    """
    The sentences of files, each file spread evenly over the whole: the next sentence always comes from the file of
    which the smallest fraction has been given, of several the first.

    All files are open at once, and no more is held of each than what reading it takes.

    # Parameters

    files : `Sequence[SentenceFile]`
        Each is read once before, to count its sentences, if that has not been done.
    first, step : `int`, optional (default = `0`, `1`)
        The share of one process: every `step`-th sentence from the `first` on of the files one after another. So each
        share has the same mix, and they differ by a sentence at most.

    # Raises

    `DataError` if a file holds no sentence, or another number than when it was counted.
    """
    streams: List[Iterator[Sentence]] = []
    counts: List[int] = []
    offset = 0
    for file in files:
        start = (first - offset) % step
        offset += file.count()
        counts.append(len(range(start, file.count(), step)))
        streams.append(itertools.islice(file.as_counted(), start, None, step))
    # The fraction that has been given of each file, its place in the order, and how many sentences that were.
    queue: List[Tuple[float, int, int]] = [
        (0.0, order, 0) for order, count in enumerate(counts) if count
    ]
    while queue:
        _, order, given = queue[0]
        yield next(streams[order])
        given += 1
        if given < counts[order]:
            heapq.heapreplace(queue, (given / counts[order], order, given))
        else:
            heapq.heappop(queue)
            next(streams[order], None)  # reads to the end, where a change of the file shows
