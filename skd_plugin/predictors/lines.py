"""What lines of input hold."""

from typing import List

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict


def texts_of(line: JsonDict, *names: str) -> List[str]:
    """
    The strings that a line of input holds under these names.

    # Raises

    `ConfigurationError` if one is something else, or missing.
    """
    for name in names:
        if not isinstance(line.get(name), str):
            raise ConfigurationError(f'"{name}": expected a string, got {line.get(name)!r}')
    return [line[name] for name in names]
