"""Whether the answers to questions are right, by language."""

import re
import string
from collections import Counter, defaultdict
from typing import Any, Dict, Hashable, List, Tuple

import numpy as np
import torch.distributed as dist
from allennlp.common.util import is_distributed
from allennlp.training.metrics import Metric

from skd_plugin.metrics.multilingual_metric import by_language_and_macro

# By language and question: the score of the best answer, the answer, and the right ones.
_Best = Dict[Tuple[str, Hashable], Tuple[float, str, List[str]]]
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


class AnswerScores(Metric):
    """
    How many answers are right but for case, punctuation and English articles (`macro_em`, `_de_em`, ...), and the mean
    F1 of their words (`macro_f1`, `_de_f1`, ...), each by the right answer that suits best: as the script of SQuAD 1.1
    counts (Rajpurkar et al., EMNLP 2016), by which XQuAD is evaluated in all languages. It takes for words what stands
    between spaces, also in Chinese and Thai.

    A question is asked of each window of its passage; the answer of the highest score counts. So all is known when the
    metric is reset, at the end of the data; before there is nothing.
    """

    def __init__(self) -> None:
        self._best: _Best = {}

    def __call__(  # type: ignore[override]
        self, language: str, question: Hashable, score: float, answer: str, right: List[str]
    ) -> None:
        """Counts what a window answers to a question, which is named by what it alone has."""
        found = (score, answer, right)
        self._best[language, question] = max(found, self._best.get((language, question), found))

    def get_metric(self, reset: bool = False) -> Dict[str, float]:
        if not reset:
            return {}
        best = _of_all_processes(self._best)
        self.reset()
        scores: Dict[str, List[Tuple[float, float]]] = defaultdict(list)
        for (language, _), (_, answer, right) in best.items():
            exact = max(normalized(answer) == normalized(one) for one in right)
            scores[language].append((float(exact), max(word_f1(answer, one) for one in right)))
        means = {language: np.mean(scores[language], axis=0) for language in sorted(scores)}
        return by_language_and_macro(
            {language: {"em": float(em), "f1": float(f1)} for language, (em, f1) in means.items()}
        )

    def reset(self) -> None:
        """Forgets all answers."""
        self._best = {}


def normalized(answer: str) -> str:
    """Lower case, without ASCII punctuation and English articles."""
    text = answer.lower().translate(_NO_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def word_f1(answer: str, right: str) -> float:
    """The F1 of the words of an answer, as often as they occur."""
    found, true = normalized(answer).split(), normalized(right).split()
    num_right = sum((Counter(found) & Counter(true)).values())
    return 2 * num_right / (len(found) + len(true)) if num_right else 0.0


def _of_all_processes(best: _Best) -> _Best:
    if not is_distributed():
        return best
    gathered: List[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(gathered, best)
    together: _Best = {}
    for part in gathered:
        for question, found in part.items():
            together[question] = max(found, together.get(question, found))
    return together
