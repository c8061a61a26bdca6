"""From a path to a model that can be timed."""

import json
import os
from typing import Any, Dict

import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.latency.timed_archive import TimedArchive
from skd_plugin.latency.timed_huggingface import TimedHuggingFace
from skd_plugin.latency.timed_model import TimedModel
from skd_plugin.latency.timed_onnx import MODEL, TimedOnnx


def load_timed(path: str, device: torch.device) -> TimedModel:
    """
    Loads a tagger of any kind.

    # Parameters

    path : `str`
        A `model.tar.gz` or a serialization directory, a folder of a Hugging Face token classifier, or one with an
        exported `model.onnx`.
    device : `torch.device`
        Where it shall run.

    # Raises

    `ConfigurationError` if there is no such tagger.
    """
    if not os.path.exists(path):
        raise ConfigurationError(f"{path}: no such archive or folder of a tagger")
    if os.path.isfile(path):
        return TimedArchive.load(path, device)
    if os.path.exists(os.path.join(path, MODEL)):
        return TimedOnnx.load(path, device)
    config = _config(path)
    if "model_type" in config:
        return TimedHuggingFace.load(path, device)
    if isinstance(config.get("model"), dict):
        return TimedArchive.load(path, device)
    raise ConfigurationError(
        f"{path}: expected a folder with {MODEL}, or with the config.json of an AllenNLP model or of a Hugging Face "
        f"token classifier; got {', '.join(sorted(os.listdir(path))) or 'an empty one'}"
    )


def _config(folder: str) -> Dict[str, Any]:
    try:
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        content = {}
    return content if isinstance(content, dict) else {}
