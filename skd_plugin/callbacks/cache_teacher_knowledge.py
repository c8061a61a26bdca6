"""Before training, the teachers are asked once; then they are freed."""

import itertools
import logging
import math
from typing import Any, Dict, Optional, Set

from allennlp.common.checks import ConfigurationError
from allennlp.training import GradientDescentTrainer, TrainerCallback

from skd_plugin.callbacks.asking_callback import AskingCallback
from skd_plugin.callbacks.questions import training_questions
from skd_plugin.callbacks.random_state import random_state_kept
from skd_plugin.knowledge import CachedKnowledge, align_labels
from skd_plugin.losses import Progress
from skd_plugin.models import DistilledTagger
from skd_plugin.samplers import SmoothedLanguagesSampler
from skd_plugin.teachers import Asking, Ensemble, Processes

logger = logging.getLogger(__name__)


@TrainerCallback.register("cache_teacher_knowledge")
class CacheTeacherKnowledge(AskingCallback):
    """
    Runs the teachers of each language once over its training sentences and keeps what the losses of the model need,
    before the first step, also of a resumed training. What the store has is not computed again; if it has all, no
    teacher is loaded. In distributed training each process asks about its part of what is missing. Without teachers it
    does nothing. Of validation sentences it asks if the trainer's `validation_metric` has `distillation_loss`: the mean
    of what the losses say of them.

    Its parameters are those of `AskingCallback`.
    """

    _student: Optional[DistilledTagger] = None
    _batches_per_epoch: Optional[int] = None

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
        validation = getattr(trainer._validation_data_loader, "batch_sampler", None)
        if isinstance(validation, SmoothedLanguagesSampler):
            raise ConfigurationError(
                "smoothed_languages draws the validation data too, some of them twice and some not at all: give "
                'validation_data_loader a plain batch_size, such as {"batch_size": 64}'
            )
        self._student = student
        self._count_batches()
        self._advance(
            trainer._start_after_epochs_completed, trainer._start_after_batches_in_epoch_completed
        )
        if not student.distillation.teachers:
            logger.warning("The model has no teachers: it learns from gold labels alone.")
            return
        self._fill_store(trainer)

    def _teach(self, trainer: GradientDescentTrainer) -> None:
        student = self._student
        assert student is not None
        ensembles = {
            language: Ensemble(teachers)
            for language, teachers in student.distillation.teachers.items()
        }
        processes = Processes()
        ask = Asking(
            self.store,
            ensembles,
            student.distillation.asked,
            trainer.cuda_device,
            self.tokens_per_batch,
            lambda language, labels: align_labels(
                labels, student.tags, f'the teachers of "{language}"'
            ),
            processes,
            is_quiet=not trainer._primary,
        )
        distillation = student.distillation
        distillation.is_measured = "distillation_loss" in _validation_metrics(trainer)
        loaders = [trainer.data_loader]
        if distillation.is_measured:
            loaders.append(trainer._validation_data_loader)
        instances = itertools.chain.from_iterable(loader.iter_instances() for loader in loaders)
        with random_state_kept():
            ask(training_questions(instances, set(ensembles), processes))
        processes.close()
        sources = {language: ensemble.fingerprint for language, ensemble in ensembles.items()}
        distillation.learn_from(
            CachedKnowledge(self.store, sources, distillation.request, student.tags)
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
        super().on_end(trainer, **kwargs)
        if self._student is not None:
            self._student.distillation.leave_teachers()

    def _advance(self, epoch: int, batch: int) -> None:
        assert self._student is not None
        self._student.distillation.advance(Progress(epoch, batch, self._batches_per_epoch))

    def _count_batches(self) -> None:
        """Batches of an epoch as the trainer counts them: groups, if gradients are accumulated."""
        assert self.trainer is not None
        try:
            with random_state_kept():  # some samplers draw to answer
                num_batches = len(self.trainer.data_loader)
        except TypeError:
            self._batches_per_epoch = None
        else:
            accumulated = self.trainer._num_gradient_accumulation_steps
            self._batches_per_epoch = math.ceil(num_batches / accumulated)


def _validation_metrics(trainer: GradientDescentTrainer) -> Set[str]:
    """The names of those that the trainer looks at."""
    if trainer._validation_data_loader is None:
        return set()
    return {name for _, name in trainer._metric_tracker.tracked_metrics}
