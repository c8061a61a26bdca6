"""Packages that serving alone needs."""

import importlib
from typing import Any

from allennlp.common.checks import ConfigurationError


def required(name: str) -> Any:
    """
    The module of this name, of the packages onnx and onnxruntime.

    # Raises

    `ConfigurationError` that says how to install it, if it is missing or does not import.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigurationError(
            f"{name.partition('.')[0]} cannot be imported ({error}); expected the packages of serving: "
            "pip install skd_plugin[serve]"
        )
