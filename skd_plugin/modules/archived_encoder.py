"""The encoder of an archived model as the embedder of another."""

from typing import Any

from allennlp.modules import TokenEmbedder
from torch import Tensor

from skd_plugin.token_indexers.archived_encoder import by_indexer, opened_archive


@TokenEmbedder.register("archived_encoder")
class ArchivedEncoder(TokenEmbedder):
    """
    A word is its state in the encoder of an archived model, such as an `mmkd_encoder`: its embedder and encoder, with
    the vocabulary that the indexer of the same name has from there.

    # Parameters

    archive_file : `str`
        Archive, or serialization directory; as of the indexer. A loaded archive of the model around this one needs it.
    train_parameters : `bool`, optional (default = `True`)
        Whether they are learnt further. Else they stay as they are, and drop nothing out.
    """

    def __init__(self, archive_file: str, train_parameters: bool = True) -> None:
        super().__init__()
        model: Any = opened_archive(archive_file).model
        self.text_field_embedder = model.text_field_embedder
        self.encoder = model.encoder
        self._is_frozen = not train_parameters
        for parameter in self.parameters():
            parameter.requires_grad = train_parameters
        for module in self.modules():
            if hasattr(
                module, "extend_vocab"
            ):  # by the vocabulary of the model around, of which it knows nothing
                module.extend_vocab = _leave  # type: ignore[assignment]
        self.train()

    def get_output_dim(self) -> int:
        return int(self.encoder.get_output_dim())

    def train(self, mode: bool = True) -> "ArchivedEncoder":
        super().train(mode and not self._is_frozen)
        return self

    def forward(self, mask: Tensor, **tensors: Tensor) -> Tensor:
        """
        From `mask`, shape (batch_size, num_tokens), and what the indexer gives beside, to (batch_size, num_tokens,
        encoder_dim).
        """
        return self.encoder(self.text_field_embedder(by_indexer(tensors)), mask)


def _leave(*args: Any, **kwargs: Any) -> None:
    """Does nothing."""
