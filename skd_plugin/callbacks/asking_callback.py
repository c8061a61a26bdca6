"""What the callbacks have in common that ask teachers before training."""

from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.training import GradientDescentTrainer, TrainerCallback

from skd_plugin.knowledge import KnowledgeStore, LmdbKnowledgeStore


class AskingCallback(TrainerCallback):
    """
    Asks the teachers when training starts, with a store that is open until it ends.

    # Parameters

    serialization_dir : `str`
        Given by the trainer.
    store : `KnowledgeStore`, optional (default = `lmdb` in the serialization directory)
        Where knowledge is kept; a store with a path of its own is shared by all runs that name it.
    tokens_per_batch : `int`, optional (default = `2048`)
        How many tokens, with padding, a teacher reads at once.
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

    def _fill_store(self, trainer: GradientDescentTrainer) -> None:
        """Opens the store and asks; if that fails, the store is closed."""
        self.store.open(self.serialization_dir)
        try:
            self._teach(trainer)
        except BaseException:
            self.store.close()
            raise

    def _teach(self, trainer: GradientDescentTrainer) -> None:
        """Asks about what the store lacks, and tells the student where the answers are."""
        raise NotImplementedError

    def on_end(self, trainer: GradientDescentTrainer, **kwargs: Any) -> None:  # type: ignore[override]
        self.store.close()
