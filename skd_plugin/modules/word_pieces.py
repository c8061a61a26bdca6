"""Vectors of words from vectors of their pieces, reduced from those of a transformer."""

from typing import Any, Optional

import numpy as np
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.modules import Embedding, TokenEmbedder
from torch import Tensor

from skd_plugin.token_indexers.word_pieces import fast_tokenizer


@TokenEmbedder.register("word_pieces")
class WordPiecesEmbedder(TokenEmbedder):
    """
    A word is the mean of the vectors of its pieces, which begin as those of a transformer, reduced by a truncated
    singular value decomposition (Mukherjee and Hassan Awadallah, ACL 2020): the rows of U S, the best approximation
    of so few features.

    There, a sentence is as long as it has pieces; here, as it has words, which makes a student faster, and what comes
    behind it sees no continuation pieces.

    # Parameters

    vocab : `Vocabulary`
    embedding_dim : `int`
    namespace : `str`, optional (default = `"word_pieces"`)
        Of the vocabulary, as of the indexer `word_pieces`.
    pretrained_file : `str`, optional (default = random vectors)
        Folder, or name, of the transformer whose input embeddings are reduced. A loaded archive does not need it.
    scale : `float`, optional (default = `1.0`)
        The standard deviation over all reduced numbers, which of a transformer is some hundredths, too little for an
        LSTM to hear at first; `null` leaves them as they are.
    """

    def __init__(
        self,
        vocab: Vocabulary,
        embedding_dim: int,
        namespace: str = "word_pieces",
        pretrained_file: Optional[str] = None,
        scale: Optional[float] = 1.0,
    ) -> None:
        super().__init__()
        if embedding_dim < 1:
            raise ConfigurationError(f"embedding_dim: expected 1 or more, got {embedding_dim}")
        weight: Any = None
        if pretrained_file is not None:
            weight = torch.tensor(
                _reduced(_rows(vocab, namespace, pretrained_file), embedding_dim, scale)
            )
        self.embedding = Embedding(
            embedding_dim,
            num_embeddings=vocab.get_vocab_size(namespace),
            weight=weight,
            padding_index=0,
            vocab_namespace=namespace,
        )

    def get_output_dim(self) -> int:
        return self.embedding.get_output_dim()

    def forward(self, word_pieces: Tensor) -> Tensor:
        """From shape (batch_size, num_tokens, num_pieces) to (batch_size, num_tokens, embedding_dim)."""
        is_piece = (word_pieces > 0).unsqueeze(-1)
        # Shape: (batch_size, num_tokens, num_pieces, embedding_dim)
        pieces = self.embedding(word_pieces) * is_piece
        return pieces.sum(dim=2) / is_piece.sum(dim=2).clamp(min=1)


def _rows(vocab: Vocabulary, namespace: str, folder: str) -> np.ndarray:
    """The transformer's vector of each piece of the vocabulary, as numbered there; that of padding is 0."""
    from transformers import AutoModel

    tokenizer = fast_tokenizer(folder)
    model = AutoModel.from_pretrained(folder)
    vectors = model.get_input_embeddings().weight.detach().float().numpy()
    of_pieces, unknown = tokenizer.get_vocab(), tokenizer.unk_token_id
    pieces = vocab.get_index_to_token_vocabulary(namespace)
    strangers = [piece for index, piece in pieces.items() if index > 1 and piece not in of_pieces]
    if strangers:
        raise ConfigurationError(
            f"pretrained_file: the vocabulary has {len(strangers)} pieces that the tokenizer of {folder} has not, "
            f'such as "{strangers[0]}"; give the indexer word_pieces the same model_name'
        )
    ids = [of_pieces.get(pieces[index], unknown) for index in range(len(pieces))]
    rows: np.ndarray = vectors[ids].copy()
    rows[0] = 0
    return rows


def _reduced(rows: np.ndarray, embedding_dim: int, scale: Optional[float]) -> np.ndarray:
    from sklearn.utils.extmath import randomized_svd

    if embedding_dim > min(rows.shape):
        raise ConfigurationError(
            f"embedding_dim: expected at most {min(rows.shape)}, since there are {len(rows)} pieces with vectors of "
            f"{rows.shape[1]} features to reduce; got {embedding_dim}"
        )
    left, values, _ = randomized_svd(rows, embedding_dim, random_state=0)
    reduced = left * values
    if scale is not None:
        reduced = reduced * (scale / reduced[1:].std())
    return reduced.astype(np.float32)
