"""Before training, a teacher of sentences is asked once; then it is freed."""

import logging
from typing import Any, Iterable, Iterator, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.training import GradientDescentTrainer, TrainerCallback

from skd_plugin.callbacks.random_state import random_state_kept
from skd_plugin.knowledge import CachedEmbeddings, KnowledgeStore, LmdbKnowledgeStore
from skd_plugin.models import MmkdEncoder
from skd_plugin.teachers import Asking, Processes, Question, SentenceTeacher

logger = logging.getLogger(__name__)


@TrainerCallback.register("cache_sentence_embeddings")
class CacheSentenceEmbeddings(TrainerCallback):
    """
    Runs the teacher of an `mmkd_encoder` once over each sentence of the pivot language, however many translations it
    has, and keeps the embeddings, before the first step, also of a resumed training. What the store has is not computed
    again; if it has all, the teacher is not loaded. In distributed training each process asks about its part of what is
    missing. If no objective needs the teacher it does nothing.

    # Parameters

    serialization_dir : `str`
        Given by the trainer.
    store : `KnowledgeStore`, optional (default = `lmdb` in the serialization directory)
        Where embeddings are kept; a store with a path of its own is shared by all runs that name it.
    tokens_per_batch : `int`, optional (default = `2048`)
        How many words, with padding, the teacher reads at once.
    """

    def __init__(
        self,
        serialization_dir: str,
        store: Optional[KnowledgeStore] = None,
        tokens_per_batch: int = 2048,
    ) -> None:
        super().__init__(serialization_dir)
        if tokens_per_batch < 1:
            raise ConfigurationError(
                f"tokens_per_batch: expected 1 or more, got {tokens_per_batch}"
            )
        self.store = store or LmdbKnowledgeStore()
        self.tokens_per_batch = tokens_per_batch
        self._student: Optional[MmkdEncoder] = None

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
        self.store.open(self.serialization_dir)
        try:
            self._teach(student.teacher, trainer)
        except BaseException:
            self.store.close()
            raise
        student.teacher_embeddings = CachedEmbeddings(
            self.store, student.teacher.fingerprint, student.teacher.request
        )

    def _teach(self, teacher: SentenceTeacher, trainer: GradientDescentTrainer) -> None:
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

    def on_end(self, trainer: GradientDescentTrainer, **kwargs: Any) -> None:  # type: ignore[override]
        self.store.close()
        if self._student is not None:
            self._student.teacher_embeddings = None


def _questions(instances: Iterable[Instance], language: str) -> Iterator[Question]:
    for instance in instances:
        metadata = instance.fields["metadata"].metadata  # type: ignore[attr-defined]
        yield Question(language, metadata["key"], metadata["pivot_words"])
