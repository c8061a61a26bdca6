"""A teacher from an AllenNLP archive."""

import io
import json
import os
import tarfile
from contextlib import ExitStack
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Sequence, Tuple

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.data import Batch, DatasetReader, Instance, Token
from allennlp.data.fields import MetadataField, TextField
from allennlp.models import load_archive
from allennlp.nn import util

from skd_plugin.modules.crf_chain import crf_chain
from skd_plugin.structures import LinearChain, TagDistribution
from skd_plugin.teachers.hashing import hash_content, hash_together
from skd_plugin.teachers.teacher import Answer, Teacher

_WEIGHTS = (".bin", ".safetensors", ".pt", ".h5", ".msgpack")


@Teacher.register("archive")
class ArchiveTeacher(Teacher):
    """
    Any AllenNLP archive of a tagger: this plugin's, a stock `crf_tagger`, a stock `simple_tagger`, or one whose output
    has `logits` of shape (batch_size, num_tokens, num_tags): a chain with its `crf`, or without it a softmax a token.

    # Parameters

    archive_file : `str`
        Path or URL of a `model.tar.gz`, or a serialization directory.
    constrained : `bool`, optional (default = `True`)
        Obey the constraints of the archive, if it has any, as the archive itself does when it decodes.
    use_amp : `bool`, optional (default = `False`)
        Run the model in half precision, on a GPU (bfloat16 on a CPU): faster, and answers a little otherwise.
    weight : `float`, optional (default = `1.0`)
        How much it counts among the teachers of a language.
    """

    def __init__(
        self,
        archive_file: str,
        constrained: bool = True,
        use_amp: bool = False,
        weight: float = 1.0,
    ) -> None:
        super().__init__(weight)
        self._archive_file = archive_file
        self._constrained = constrained
        self._use_amp = use_amp
        self._fingerprint: Optional[str] = None
        self._model: Any = None
        self._token_indexers: Dict[str, Any] = {}

    @property
    def fingerprint(self) -> str:
        if self._fingerprint is None:
            digest = _hash_archive(self._local_path())
            constrained = "" if self._constrained else "-unconstrained"
            self._fingerprint = digest + constrained + ("-amp" if self._use_amp else "")
        return self._fingerprint

    @property
    def description(self) -> str:
        return str(self._archive_file)

    @property
    def labels(self) -> List[str]:
        namespace = getattr(self._model, "label_namespace", "labels")
        labels = self._model.vocab.get_index_to_token_vocabulary(namespace)
        return [labels[index] for index in range(len(labels))]

    def load(self, device: torch.device) -> None:
        if self._model is not None:
            return
        import allennlp_models.tagging  # noqa: F401 (registers the stock taggers)

        archive = load_archive(self._local_path(), cuda_device=-1)
        model = archive.model.to(device).eval()
        if hasattr(model, "crf"):
            # Only the logits are wanted: spare the stock tagger its decoding, sentence by sentence.
            setattr(model.crf, "viterbi_tags", _no_decoding)  # noqa: B010
        self._token_indexers = _find_token_indexers(archive.dataset_reader, self._archive_file)
        self._model = model

    def release(self) -> None:
        self._model = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def answer(self, sentences: Sequence[Sequence[str]], layers: Sequence[int] = ()) -> Answer:
        """Layer 0, or -2, are the embedded words; layer 1, or -1, is what the tags are predicted from."""
        hidden: Dict[int, torch.Tensor] = {}
        with ExitStack() as watched:
            for layer in layers:
                handle = self._module_of(layer).register_forward_hook(_keep(hidden, layer))
                watched.callback(handle.remove)
            return Answer(self.distribution(sentences), hidden)

    def _module_of(self, layer: int) -> torch.nn.Module:
        """Whose output is the states of a layer."""
        if layer in (0, -2):
            names = ["text_field_embedder"]
        elif layer in (1, -1):
            names = ["_feedforward", "encoder"]
        else:
            names = []
        for name in names:
            module = getattr(self._model, name, None)
            if module is not None:
                return module
        raise ConfigurationError(
            f"{self._archive_file}: no layer {layer} of hidden states; a {type(self._model).__name__} has 0, the "
            "embedded words, and 1 or -1, what its encoder makes of them"
        )

    @torch.no_grad()
    def distribution(self, sentences: Sequence[Sequence[str]]) -> TagDistribution:
        batch = Batch([self._instance(words) for words in sentences])
        batch.index_instances(self._model.vocab)
        device = next(self._model.parameters()).device
        tensors = util.move_to_device(batch.as_tensor_dict(), device)
        mask = util.get_text_field_mask(tensors["tokens"])
        is_ours = hasattr(self._model, "distribution")
        if is_ours:
            tensors["decode"] = False
        half = torch.bfloat16 if device.type == "cpu" else torch.float16
        with torch.autocast(device.type, dtype=half, enabled=self._use_amp):
            output = self._model(**tensors)
        if is_ours:
            return self._model.distribution(output, self._constrained)
        logits = output.get("logits")
        if logits is None or logits.shape[:2] != mask.shape:
            raise ConfigurationError(
                f"{self._archive_file}: a {type(self._model).__name__} cannot teach: expected an output `logits` of "
                "shape (batch_size, num_tokens, num_tags), as crf_tagger, simple_tagger and this plugin's taggers give"
            )
        if hasattr(self._model, "crf"):
            return crf_chain(self._model.crf, logits, mask, self._constrained)
        return LinearChain(logits, mask=mask)

    def _instance(self, words: Sequence[str]) -> Instance:
        tokens = TextField([Token(word) for word in words], self._token_indexers)
        metadata = {"words": list(words), "language": "und", "key": ""}
        return Instance({"tokens": tokens, "metadata": MetadataField(metadata)})

    def _local_path(self) -> str:
        try:
            return str(cached_path(self._archive_file))
        except (FileNotFoundError, ValueError):
            raise ConfigurationError(
                f"{self._archive_file}: no such teacher archive; train the teachers first, or correct the path"
            )


def _keep(hidden: Dict[int, torch.Tensor], layer: int) -> Any:
    """A hook that keeps what a module gives."""

    def hook(module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> None:
        hidden[layer] = output

    return hook


def _no_decoding(logits: torch.Tensor, *_: Any, **__: Any) -> List[List[Tuple[List[int], float]]]:
    return [[([], 0.0)] for _ in logits]


def _find_token_indexers(reader: DatasetReader, archive_file: str) -> Dict[str, Any]:
    for name in ("token_indexers", "_token_indexers"):
        if hasattr(reader, name):
            return getattr(reader, name)
    raise ConfigurationError(
        f"{archive_file}: its reader {type(reader).__name__} has no `token_indexers`, so a teacher cannot index words"
    )


def _hash_archive(path: str) -> str:
    """The hash of weights, config, vocabulary and tokenizers: not of the path, nor of the time of packing."""
    hashes = {}
    for name, content in _members(path):
        if name == "config.json":
            config = content.read()
            hashes[name] = hash_content(io.BytesIO(config))
            hashes.update(_hash_tokenizers(json.loads(config)))
        elif name == "weights.th" or name.startswith("vocabulary/"):
            hashes[name] = hash_content(content)
    return hash_together(hashes)


def _hash_tokenizers(config: Any) -> Dict[str, str]:
    """The files of the transformers that a config names by folder, but for weights, which the archive has."""
    hashes = {}
    items = config.items() if isinstance(config, dict) else enumerate(config)
    for name, value in items:
        if isinstance(value, (dict, list)):
            hashes.update(_hash_tokenizers(value))
        elif name == "model_name" and isinstance(value, str) and os.path.isdir(value):
            for file_name in sorted(os.listdir(value)):
                path = os.path.join(value, file_name)
                if os.path.isfile(path) and not file_name.endswith(_WEIGHTS):
                    with open(path, "rb") as file:
                        hashes[f"{value}/{file_name}"] = hash_content(file)
    return hashes


def _members(path: str) -> Iterator[Tuple[str, BinaryIO]]:
    """Names and contents of the files of an archive, packed or not, named as in the packed one."""
    if not os.path.isdir(path):
        with tarfile.open(path) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    yield os.path.normpath(member.name), content  # type: ignore[misc]
        return
    for folder, _, names in os.walk(path):
        for name in names:
            relative = os.path.relpath(os.path.join(folder, name), path)
            with open(os.path.join(path, relative), "rb") as file:
                # As AllenNLP loads a folder: the best weights, unless there are packed ones.
                if relative != "best.th":
                    yield relative, file
                elif not os.path.exists(os.path.join(path, "weights.th")):
                    yield "weights.th", file
