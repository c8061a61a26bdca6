"""
What AllenNLP 2.10.1 needs to run well: small repairs, each made only where the fault is, when `skd_plugin` is imported.

This module imports neither AllenNLP nor torch at its top, so that it can explain why they do not import.
"""

import inspect
import logging
import os
import sys
from typing import Any, Dict, List, Set, Tuple, Union

logger = logging.getLogger(__name__)

INSTALL_MODERN = """\
    pip install --upgrade pip wheel "setuptools<81" && pip install -c constraints/modern.txt .
    pip install --no-deps --no-build-isolation fairscale==0.4.6
    pip install --no-deps allennlp==2.10.1 allennlp-models==2.10.1"""
INSTALL_CLASSIC = "    pip install -c constraints/classic.txt ."


def explain_import_error(error: Exception) -> str:
    """What to do if AllenNLP is missing or does not import."""
    version = ".".join(map(str, sys.version_info[:3]))
    commands = INSTALL_MODERN if sys.version_info >= (3, 11) else INSTALL_CLASSIC
    return (
        f"skd_plugin needs AllenNLP 2.10.1, which cannot be imported ({type(error).__name__}: {error}).\n"
        f"On Python {version}, in the folder of skd_plugin, install it by\n{commands}"
    )


def apply() -> None:
    """Makes all repairs; again does nothing."""
    repair_reduce_on_plateau()
    repair_tokenizers()
    repair_test_in_distributed_training()
    repair_find_lr()
    repair_checkpoints()
    repair_recovery()


def repair_reduce_on_plateau() -> None:
    """
    The learning rate scheduler `reduce_on_plateau` passes `verbose` to torch, which has dropped it (torch 2.7): no
    config with it can be built. The repaired one does not pass it.
    """
    from allennlp.training.learning_rate_schedulers import (
        ReduceOnPlateauLearningRateScheduler,
        pytorch_lr_schedulers,
    )
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import ReduceLROnPlateau

    if "verbose" in inspect.signature(ReduceLROnPlateau.__init__).parameters:
        return
    wrapper = pytorch_lr_schedulers._PyTorchLearningRateSchedulerWithMetricsWrapper

    def init(
        self: Any,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        verbose: bool = False,
        threshold_mode: str = "rel",
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: Union[float, List[float]] = 0,
        eps: float = 1e-8,
    ) -> None:
        if verbose:
            logger.warning("reduce_on_plateau: this version of torch ignores `verbose`.")
        scheduler = ReduceLROnPlateau(
            optimizer,
            mode=mode,  # type: ignore[arg-type]
            factor=factor,
            patience=patience,
            threshold=threshold,
            threshold_mode=threshold_mode,  # type: ignore[arg-type]
            cooldown=cooldown,
            min_lr=min_lr,
            eps=eps,
        )
        wrapper.__init__(self, scheduler)  # type: ignore[arg-type]

    setattr(ReduceOnPlateauLearningRateScheduler, "__init__", init)  # noqa: B010


def repair_tokenizers() -> None:
    """
    AllenNLP hands `add_special_tokens` to the constructors of tokenizers, which newer versions of transformers
    refuse; in older ones it has no effect there, since AllenNLP says it again with every text. The repaired function
    does not hand it over.
    """
    from allennlp.common import cached_transformers

    original = cached_transformers.get_tokenizer
    if getattr(original, "is_repaired", False):
        return

    def get_tokenizer(model_name: str, **kwargs: Any) -> Any:
        kwargs.pop("add_special_tokens", None)
        return original(model_name, **kwargs)

    get_tokenizer.is_repaired = True  # type: ignore[attr-defined]
    cached_transformers.get_tokenizer = get_tokenizer


def repair_test_in_distributed_training() -> None:
    """
    After distributed training, the primary process alone evaluates on the test data: on its own share of them, and a
    metric that sums over processes waits for ones that are gone. The repaired one evaluates on all test data, outside
    the process group.
    """
    import torch.distributed as dist
    from allennlp.commands.train import TrainModel
    from allennlp.common.util import is_distributed
    from allennlp.data.data_loaders import MultiProcessDataLoader

    original = TrainModel.finish
    if getattr(original, "is_repaired", False):
        return

    def finish(self: TrainModel, metrics: Dict[str, Any]) -> None:
        loader = self.evaluation_data_loader
        if self.evaluate_on_test and loader is not None and is_distributed():
            dist.destroy_process_group()
            if isinstance(loader, MultiProcessDataLoader):
                reader: Any = getattr(loader, "reader")  # noqa: B009
                reader._set_distributed_info(None)
                loader._instances = None  # the share that was read; all are read when asked for
        original(self, metrics)

    finish.is_repaired = True  # type: ignore[attr-defined]
    setattr(TrainModel, "finish", finish)  # noqa: B010


def repair_find_lr() -> None:
    """
    `allennlp find-lr` trains without telling the callbacks, so that a student would have no knowledge to learn from.
    The repaired one starts and ends the callback that reads it; the others stay silent as before.
    """
    from allennlp.commands import find_learning_rate

    original = find_learning_rate.search_learning_rate
    if getattr(original, "is_repaired", False):
        return

    def search_learning_rate(trainer: Any, *args: Any, **kwargs: Any) -> Any:
        from skd_plugin.callbacks import CacheTeacherKnowledge

        readers = [one for one in trainer._callbacks if isinstance(one, CacheTeacherKnowledge)]
        try:
            for reader in readers:
                reader.on_start(trainer)
            return original(trainer, *args, **kwargs)
        finally:
            for reader in readers:
                reader.on_end(trainer)

    search_learning_rate.is_repaired = True  # type: ignore[attr-defined]
    find_learning_rate.search_learning_rate = search_learning_rate


def repair_checkpoints() -> None:
    """
    A training that is killed while it writes a checkpoint leaves half a file, or one of its two files, on which
    `--recover` breaks. The repaired one writes beside it, gives the file its name when it is whole, and takes for a
    checkpoint only what has both.
    """
    import torch
    from allennlp.training import checkpointer

    if checkpointer.torch is not torch:
        return

    class TorchThatSavesWhole:
        """torch, but for `save`."""

        def __getattr__(self, name: str) -> Any:
            return getattr(torch, name)

        def save(self, value: Any, path: str) -> None:
            unfinished = os.path.join(os.path.dirname(path), f"unfinished-{os.getpid()}")
            torch.save(value, unfinished)
            os.replace(unfinished, path)

    original = checkpointer.Checkpointer._find_all_checkpoints

    def find_all_checkpoints(self: Any) -> Set[Tuple[int, int]]:
        found = original(self)
        return {point for point in found if os.path.exists(self._training_state_path(*point))}

    setattr(checkpointer, "torch", TorchThatSavesWhole())  # noqa: B010
    setattr(checkpointer.Checkpointer, "_find_all_checkpoints", find_all_checkpoints)  # noqa: B010


def repair_recovery() -> None:
    """
    A training that goes on by `--recover` ends elsewhere than one that was never interrupted; see
    `skd_plugin.recovery`.
    """
    from skd_plugin import recovery

    recovery.repair()
