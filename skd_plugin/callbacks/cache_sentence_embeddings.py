"""Before training, a teacher of sentences is asked once; then it is freed."""

import logging
from typing import Any, Iterable, Iterator, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.training import GradientDescentTrainer, TrainerCallback

from skd_plugin.callbacks.asking_callback import AskingCallback
from skd_plugin.callbacks.random_state import random_state_kept
from skd_plugin.knowledge import CachedEmbeddings
from skd_plugin.models import MmkdEncoder
from skd_plugin.teachers import Asking, Processes, Question

logger = logging.getLogger(__name__)


@TrainerCallback.register("cache_sentence_embeddings")
class CacheSentenceEmbeddings(AskingCallback):
    """
    Runs the teacher of an `mmkd_encoder` once over each sentence of the pivot language, however many translations it
    has, and keeps the embeddings, before the first step, also of a resumed training. What the store has is not computed
    again; if it has all, the teacher is not loaded. In distributed training each process asks about its part of what is
    missing. If no objective needs the teacher it does nothing.

    Its parameters are those of `AskingCallback`.
    """

    _student: Optional[MmkdEncoder] = None

    def on_start(
        self, trainer: GradientDescentTrainer, is_primary: bool = True, **kwargs: Any
    ) -> None:
        super().on_start(trainer, is_primary, **kwargs)
        student = trainer.model
        if not isinstance(student, MmkdEncoder):
            raise ConfigurationError(
                "cache_sentence_embeddings: expected an mmkd_encoder, which holds the teacher; got "
                f"{type(student).__name__}"
            )
        if not student.needs_teacher or student.teacher is None:
            logger.warning("No objective needs the teacher, who is not asked.")
            return
        self._student = student
        self._fill_store(trainer)

    def _teach(self, trainer: GradientDescentTrainer) -> None:
        student = self._student
        assert student is not None and student.teacher is not None
        teacher = student.teacher
        processes = Processes()
        language = "the pivot language"
        ask = Asking(
            self.store,
            {language: teacher},
            teacher.request,
            trainer.cuda_device,
            self.tokens_per_batch,
            processes=processes,
            is_quiet=not trainer._primary,
        )
        with random_state_kept():
            ask(_questions(trainer.data_loader.iter_instances(), language))
        processes.close()
        student.teacher_embeddings = CachedEmbeddings(
            self.store, teacher.fingerprint, teacher.request
        )

    def on_end(self, trainer: GradientDescentTrainer, **kwargs: Any) -> None:  # type: ignore[override]
        super().on_end(trainer, **kwargs)
        if self._student is not None:
            self._student.teacher_embeddings = None


def _questions(instances: Iterable[Instance], language: str) -> Iterator[Question]:
    for instance in instances:
        metadata = instance.fields["metadata"].metadata  # type: ignore[attr-defined]
        yield Question(language, metadata["key"], metadata["pivot_words"])
