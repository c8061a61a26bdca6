"""Writing a student as a folder that tags by itself."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

from allennlp.common.checks import ConfigurationError
from allennlp.models import Archive

from skd_plugin.models import DistilledTagger
from skd_plugin.serving.folder import (
    CONFIG,
    FORMAT,
    GRAPH,
    TOKENIZERS,
    VOCABULARY,
    written_whole,
)
from skd_plugin.serving.parity import check_parity
from skd_plugin.serving.quantization import quantize
from skd_plugin.serving.requirements import required
from skd_plugin.serving.tagger_graph import tagger_model
from skd_plugin.token_indexers.word_pieces import fast_tokenizer


def export(
    archive: Archive, folder: Union[str, Path], int8: bool = False, force: bool = False
) -> None:
    """
    # Parameters

    archive : `Archive`
        Of a `distilled_crf_tagger` or `distilled_tagger`.
    folder : `Union[str, Path]`
        Written as a whole: graph, vocabulary, tokenizers and a config.
    int8 : `bool`, optional (default = `False`)
        Round weights, and what they are multiplied by, to 8 bits.
    force : `bool`, optional (default = `False`)
        Replace the export that is there.

    # Raises

    `ConfigurationError` for what cannot be exported, or a folder that holds anything else.
    """
    archive.model.eval()
    model = tagger_model(archive.model)
    configs = _indexer_configs(archive, [one.name for one in model.graph.input])
    with written_whole(Path(folder), force) as unfinished:
        required("onnx").save(model, str(unfinished / GRAPH))
        archive.model.vocab.save_to_files(str(unfinished / VOCABULARY))
        _save_tokenizers(configs, unfinished / TOKENIZERS)
        content = _content(archive.model, configs, int8)
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        (unfinished / CONFIG).write_text(text, encoding="utf-8")
        check_parity(archive, unfinished)
        if int8:
            quantize(unfinished / GRAPH)


def _content(model: Any, configs: Dict[str, Any], int8: bool) -> Dict[str, Any]:
    assert isinstance(model, DistilledTagger)
    tags = sorted(model.tags, key=model.tags.__getitem__)
    return {
        "format": FORMAT,
        "tags": tags,
        "label_encoding": model.label_encoding,
        "int8": int8,
        "token_indexers": configs,
    }


def _indexer_configs(archive: Archive, names: List[str]) -> Dict[str, Any]:
    """Of the token indexers of these names."""
    reader = archive.config["dataset_reader"].duplicate().as_dict(quiet=True)
    configs = _find_indexers(reader) or {"tokens": {"type": "single_id"}}
    missing = [name for name in names if name not in configs]
    if missing:
        raise ConfigurationError(
            f"export: expected the dataset_reader to have the token_indexers {', '.join(names)}, found "
            f"{', '.join(configs)}"
        )
    return {name: configs[name] for name in names}


def _find_indexers(reader: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """Those of a reader, or of the one inside it."""
    if "token_indexers" in reader:
        return dict(reader["token_indexers"])
    inside = [one for one in reader.values() if isinstance(one, dict)]
    return next(filter(None, map(_find_indexers, inside)), None)


def _save_tokenizers(configs: Dict[str, Any], folder: Path) -> None:
    """The tokenizers that configs name, without the weights that may lie beside them."""
    for name, config in configs.items():
        if "model_name" not in config:
            continue
        fast_tokenizer(config["model_name"]).save_pretrained(str(folder / name))
        config["model_name"] = f"{TOKENIZERS}/{name}"
