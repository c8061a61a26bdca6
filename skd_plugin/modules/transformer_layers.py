"""A smaller transformer, of some layers of a larger one."""

from typing import Any, List, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.modules import TokenEmbedder
from allennlp.modules.token_embedders import PretrainedTransformerMismatchedEmbedder
from torch.nn import ModuleList


@TokenEmbedder.register("transformer_layers")
class TransformerLayersEmbedder(PretrainedTransformerMismatchedEmbedder):
    """
    A pretrained Hugging Face transformer of which some layers are kept: a student may begin as a part of what its
    teacher was fine-tuned from (Sanh et al., 2019, take every other layer). A word is the mean of the last states of
    its pieces. Its indexer is `pretrained_transformer_mismatched`.

    The vectors of pieces are kept as they are, so that the student is smaller in layers rather than in bytes.

    AllenNLP's `transformer_kwargs: {num_hidden_layers: ...}` does not serve: it would give the transformer that it had
    loaded for the teacher, or give the teacher this one.

    # Parameters

    model_name : `str`
        Of the larger transformer, a name or a folder. A loaded archive needs it too.
    layers : `List[int]`
        Which are kept, by number from 1 on, the lowest first.
    max_length : `int`, optional (default = `None`)
        As that of the indexer.
    train_parameters : `bool`, optional (default = `True`)

    # Raises

    `ConfigurationError` for a layer that the transformer has not, and for a transformer that is no encoder, or has no
    list of its layers (ALBERT shares one).
    """

    def __init__(
        self,
        model_name: str,
        layers: List[int],
        max_length: Optional[int] = None,
        train_parameters: bool = True,
    ) -> None:
        super().__init__(
            model_name,
            max_length=max_length,  # type: ignore[arg-type]  # there it may be None, but is not said to
            train_parameters=train_parameters,
        )
        keep_layers(self._matched_embedder.transformer_model, layers)


def keep_layers(transformer: Any, layers: List[int]) -> None:
    """Leaves out all other layers of a Hugging Face transformer."""
    config = transformer.config
    if getattr(config, "is_encoder_decoder", False):
        raise ConfigurationError(
            "transformer_layers: expected an encoder, such as BERT, got the encoder-decoder "
            f"{type(transformer).__name__}"
        )
    number = config.num_hidden_layers
    places = [
        (parent, name)
        for parent in transformer.modules()
        for name, child in parent.named_children()
        if isinstance(child, ModuleList) and len(child) == number
    ]
    if len(places) != 1:
        raise ConfigurationError(
            f"transformer_layers: expected a transformer with one list of {number} layers, found {len(places)} in "
            f"{type(transformer).__name__}"
        )
    if not layers or layers != sorted(set(layers)) or not 1 <= layers[0] <= layers[-1] <= number:
        raise ConfigurationError(
            f"layers: expected ascending numbers from 1 to {number}, got {layers}"
        )
    ((parent, name),) = places
    every = getattr(parent, name)
    setattr(parent, name, ModuleList(every[layer - 1] for layer in layers))
    config.num_hidden_layers = len(layers)
