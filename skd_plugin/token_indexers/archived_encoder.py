"""Words as an archived model reads them."""

from typing import Any, Dict, List

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import pad_sequence_to_length
from allennlp.data import Token, TokenIndexer, Vocabulary
from allennlp.data.token_indexers.token_indexer import IndexedTokenList
from allennlp.models import Archive, load_archive

MASK = "mask"


@TokenIndexer.register("archived_encoder")
class ArchivedEncoderIndexer(TokenIndexer):
    """
    Words by the token indexers and the vocabulary of an archived model, for the embedder of the same name. The
    vocabulary of the model that reads them is not asked: it needs no word.

    # Parameters

    archive_file : `str`
        Archive, or serialization directory. It is needed as long as words are read: also of a loaded archive.
    """

    def __init__(self, archive_file: str, token_min_padding_length: int = 0) -> None:
        super().__init__(token_min_padding_length)
        archive = opened_archive(archive_file)
        reader: Any = archive.dataset_reader
        found = getattr(reader, "token_indexers", None) or getattr(reader, "_token_indexers", None)
        if not found:
            raise ConfigurationError(
                f"archive_file: expected a reader with token_indexers in {archive_file}, got "
                f"{type(reader).__name__}"
            )
        self._indexers: Dict[str, TokenIndexer] = found
        self._vocab = archive.model.vocab

    def count_vocab_items(self, token: Token, counter: Dict[str, Dict[str, int]]) -> None:
        """All has been counted."""

    def tokens_to_indices(self, tokens: List[Token], vocabulary: Vocabulary) -> IndexedTokenList:
        indexed: IndexedTokenList = {MASK: [True] * len(tokens)}
        for name, indexer in self._indexers.items():
            for key, values in indexer.tokens_to_indices(tokens, self._vocab).items():
                indexed[f"{name}.{key}"] = values
        return indexed

    def get_empty_token_list(self) -> IndexedTokenList:
        return self.tokens_to_indices([], self._vocab)

    def get_padding_lengths(self, indexed_tokens: IndexedTokenList) -> Dict[str, int]:
        lengths = {MASK: max(len(indexed_tokens[MASK]), self._token_min_padding_length)}
        for name, indexer in self._indexers.items():
            found = indexer.get_padding_lengths(_of(name, indexed_tokens))
            lengths.update({f"{name}.{key}": length for key, length in found.items()})
        return lengths

    def as_padded_tensor_dict(
        self, tokens: IndexedTokenList, padding_lengths: Dict[str, int]
    ) -> Dict[str, torch.Tensor]:
        """`mask`, shape (num_tokens,), and the tensors of each indexer, as `indexer.tensor`."""
        mask = pad_sequence_to_length(tokens[MASK], padding_lengths[MASK], lambda: False)
        tensors = {MASK: torch.tensor(mask, dtype=torch.bool)}
        for name, indexer in self._indexers.items():
            found = indexer.as_padded_tensor_dict(_of(name, tokens), _of(name, padding_lengths))
            tensors.update({f"{name}.{key}": tensor for key, tensor in found.items()})
        return tensors


def by_indexer(tensors: Dict[str, Any]) -> Dict[str, Dict[str, Any]]:
    """What is named `indexer.tensor`, by indexer and tensor."""
    names = {key.rpartition(".")[0] for key in tensors}
    return {name: _of(name, tensors) for name in names}


def opened_archive(archive_file: str) -> Archive:
    """Of a model that has an embedder and an encoder; `ConfigurationError` if it is none."""
    try:
        archive = load_archive(archive_file)
    except FileNotFoundError:
        raise ConfigurationError(
            f"archive_file: expected an archive, or a serialization directory, got {archive_file}"
        )
    lacking = [
        part for part in ("text_field_embedder", "encoder") if not hasattr(archive.model, part)
    ]
    if lacking:
        raise ConfigurationError(
            f"archive_file: expected a model with text_field_embedder and encoder, as an mmkd_encoder or a tagger has; "
            f"the {type(archive.model).__name__} of {archive_file} has no {' and no '.join(lacking)}"
        )
    return archive


def _of(name: str, values: Dict[str, Any]) -> Dict[str, Any]:
    """Those of one indexer, by the second part of their names."""
    return {
        key.rpartition(".")[2]: value
        for key, value in values.items()
        if key.rpartition(".")[0] == name
    }
