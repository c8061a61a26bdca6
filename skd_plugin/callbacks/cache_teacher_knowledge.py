"""Before training, the teachers are asked once; then they are freed."""

import logging
import math
import random
from collections import defaultdict
from contextlib import contextmanager
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

import numpy as np
import torch
import torch.distributed as dist
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import is_distributed
from allennlp.data import Instance
from allennlp.training import GradientDescentTrainer, TrainerCallback

from skd_plugin.dataset_readers.sentence import UNLABELED
from skd_plugin.knowledge import (
    CachedKnowledge,
    KnowledgeStore,
    LmdbKnowledgeStore,
    align_labels,
)
from skd_plugin.losses import Progress
from skd_plugin.models import DistilledTagger
from skd_plugin.teachers import Ensemble

logger = logging.getLogger(__name__)

Sentences = Dict[str, List[str]]  # the words of sentences by their key


@TrainerCallback.register("cache_teacher_knowledge")
class CacheTeacherKnowledge(TrainerCallback):
    """
    Runs the teachers of each language once over its training sentences and keeps what the losses of the model need,
    before the first step, also of a resumed training. What the store has is not computed again; if it has all, no
    teacher is loaded. Without teachers it does nothing.

    # Parameters

    serialization_dir : `str`
        Given by the trainer.
    store : `KnowledgeStore`, optional (default = `lmdb` in the serialization directory)
        Where knowledge is kept; a store with a path of its own is shared by all runs that name it.
    batch_size : `int`, optional (default = `32`)
        Sentences that a teacher reads at once.
    """

    def __init__(
        self,
        serialization_dir: str,
        store: Optional[KnowledgeStore] = None,
        batch_size: int = 32,
    ) -> None:
        super().__init__(serialization_dir)
        self._store = store or LmdbKnowledgeStore()
        self._batch_size = batch_size
        self._student: Optional[DistilledTagger] = None
        self._batches_per_epoch: Optional[int] = None

    def on_start(
        self, trainer: GradientDescentTrainer, is_primary: bool = True, **kwargs: Any
    ) -> None:
        super().on_start(trainer, is_primary, **kwargs)
        student = trainer.model
        if not isinstance(student, DistilledTagger):
            raise ConfigurationError(
                "cache_teacher_knowledge: expected a distilled_crf_tagger or a distilled_tagger, which hold the "
                f"teachers; got {type(student).__name__}"
            )
        self._student = student
        self._count_batches()
        self._advance(
            trainer._start_after_epochs_completed, trainer._start_after_batches_in_epoch_completed
        )
        if not student.distillation.teachers:
            logger.warning("The model has no teachers: it learns from gold labels alone.")
            return
        self._store.open(self.serialization_dir)
        try:
            self._teach(student, trainer)
        except BaseException:
            self._store.close()
            raise

    def _teach(self, student: DistilledTagger, trainer: GradientDescentTrainer) -> None:
        ensembles = {
            language: Ensemble(teachers)
            for language, teachers in student.distillation.teachers.items()
        }
        with _random_state_kept():
            sentences = _training_sentences(trainer.data_loader.iter_instances(), set(ensembles))
            present = _of_all_processes(set(sentences))
            for language, ensemble in ensembles.items():
                if language not in present:
                    raise ConfigurationError(
                        f'"{language}" has teachers but no training sentence. Languages of the training data: '
                        f"{', '.join(sorted(present)) or 'none'}; name them by a mapping {{language: path}} as "
                        "train_data_path, or by the reader's `language`"
                    )
                self._ask(ensemble, language, sentences[language], student, trainer)
        sources = {language: ensemble.fingerprint for language, ensemble in ensembles.items()}
        student.distillation.learn_from(
            CachedKnowledge(self._store, sources, student.distillation.request, student.tags)
        )

    def on_batch(  # type: ignore[override]
        self, trainer: GradientDescentTrainer, *args: Any, **kwargs: Any
    ) -> None:
        if kwargs.get("is_training"):
            self._advance(trainer._epochs_completed, trainer._batches_in_epoch_completed)

    def on_epoch(  # type: ignore[override]
        self,
        trainer: GradientDescentTrainer,
        metrics: Dict[str, Any],
        epoch: int,
        **kwargs: Any,
    ) -> None:
        self._count_batches()
        self._advance(epoch + 1, 0)

    def on_end(self, trainer: GradientDescentTrainer, **kwargs: Any) -> None:  # type: ignore[override]
        self._store.close()
        if self._student is not None:
            self._student.distillation.leave_teachers()

    def _advance(self, epoch: int, batch: int) -> None:
        assert self._student is not None
        self._student.distillation.advance(Progress(epoch, batch, self._batches_per_epoch))

    def _count_batches(self) -> None:
        """Batches of an epoch as the trainer counts them: groups, if gradients are accumulated."""
        assert self.trainer is not None
        try:
            with _random_state_kept():  # some samplers draw to answer
                num_batches = len(self.trainer.data_loader)
        except TypeError:
            self._batches_per_epoch = None
        else:
            accumulated = self.trainer._num_gradient_accumulation_steps
            self._batches_per_epoch = math.ceil(num_batches / accumulated)

    def _ask(
        self,
        ensemble: Ensemble,
        language: str,
        sentences: Sentences,
        student: DistilledTagger,
        trainer: GradientDescentTrainer,
    ) -> None:
        """Fills the store with what it lacks of one language."""
        source, request = ensemble.fingerprint, student.distillation.request
        known = self._store.labels(source) is not None
        missing = [
            (key, words)
            for key, words in sentences.items()
            if not self._store.answers(source, key, request)
        ]
        logger.info(
            '"%s": %d of %d sentences are cached',
            language,
            len(sentences) - len(missing),
            len(sentences),
        )
        if known and not missing:
            return
        ensemble.load(trainer.cuda_device)
        if not known:
            self._store.add_source(source, ensemble.labels)
        # A misfit shall stop the run before hours of asking.
        align_labels(ensemble.labels, student.tags, f'the teachers of "{language}"')
        # Sentences of like length together, the longest first: what does not fit fails at once.
        missing.sort(key=lambda item: len(item[1]), reverse=True)
        starts = range(0, len(missing), self._batch_size)
        description = f"asking the teachers of {language}"
        for start in Tqdm.tqdm(starts, desc=description, disable=not trainer._primary):
            batch = missing[start : start + self._batch_size]
            keys, sentences_of_batch = zip(*batch)
            self._store.write(source, dict(zip(keys, ensemble.teach(sentences_of_batch, request))))
        ensemble.release()


def _training_sentences(instances: Iterable[Instance], taught: Set[str]) -> Dict[str, Sentences]:
    """The words of all sentences by language and key; of a language that nobody teaches, none."""
    sentences: Dict[str, Sentences] = defaultdict(dict)
    for instance in instances:
        metadata = instance.fields["metadata"].metadata  # type: ignore[attr-defined]
        absent = [name for name in ("words", "language", "key") if name not in metadata]
        if absent:
            raise ConfigurationError(
                f"the training sentences have no {', '.join(absent)} in their metadata: take a reader that derives "
                "from skd_plugin.dataset_readers.TaggingDatasetReader"
            )
        language, words = metadata["language"], metadata["words"]
        of_language = sentences[language]
        if language in taught:
            of_language[metadata["key"]] = words
        elif instance.fields["tags"].labels[0] == UNLABELED:  # type: ignore[attr-defined]
            raise ConfigurationError(
                f'a training sentence of "{language}" has neither gold tags nor a teacher ("{" ".join(words)[:80]}"): '
                f"nothing can be learnt from it. Languages with teachers: {', '.join(sorted(taught))}"
            )
    return sentences


def _of_all_processes(languages: Set[str]) -> Set[str]:
    """The languages that any process has a sentence of in its share."""
    if not is_distributed():
        return languages
    of_all: List[Set[str]] = [set() for _ in range(dist.get_world_size())]
    dist.all_gather_object(of_all, languages)
    return set().union(*of_all)


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Loading teachers draws random numbers; training must be the same with and without it."""
    states: Tuple[Any, Any] = (random.getstate(), np.random.get_state())
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
