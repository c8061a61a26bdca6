"""A part of the training sentences, and epochs of another length."""

import copy
from typing import Any, Callable, Dict, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader, Instance
from allennlp.data.data_loaders import MultiProcessDataLoader

from skd_plugin.dataset_readers.sentence import is_labeled

CHOICES: Dict[str, Callable[[Instance], bool]] = {
    "all": lambda instance: True,
    "labeled": is_labeled,
    "unlabeled": lambda instance: not is_labeled(instance),
}


def selected(data_loader: DataLoader, choice: str, updates: Optional[int]) -> DataLoader:
    """
    A data loader of the chosen sentences of another, in batches as that one makes them.

    # Parameters

    data_loader : `DataLoader`
    choice : `str`
        "all", "labeled" or "unlabeled".
    updates : `int`, optional
        How many batches an epoch has; the next one goes on where it stopped. `None`: all sentences once.

    # Raises

    `ConfigurationError` if there are none, or they are not all in memory.
    """
    part: Any = copy.copy(data_loader)
    part._batch_generator = None  # where an earlier phase has stopped
    if choice == "all" and updates is None:
        return part  # type: ignore[no-any-return]
    is_whole = isinstance(data_loader, MultiProcessDataLoader)
    if not is_whole or part.max_instances_in_memory is not None:
        raise ConfigurationError(
            "a phase that chooses its data needs a multiprocess data loader that holds all sentences: leave out "
            "data_loader.max_instances_in_memory"
        )
    part._instances = list(filter(CHOICES[choice], data_loader.iter_instances()))
    if not part._instances:
        raise ConfigurationError(f'data "{choice}": no sentence of the training data is so')
    if updates is not None:
        part.batches_per_epoch = updates
    return part  # type: ignore[no-any-return]
