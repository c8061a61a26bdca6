"""The student with a conditional random field."""

from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.models import Model
from allennlp.modules import ConditionalRandomField
from allennlp.nn import InitializerApplicator
from torch import Tensor

from skd_plugin.models.distilled_tagger import DistilledTagger
from skd_plugin.modules.crf_chain import crf_chain
from skd_plugin.structures import LinearChain


@Model.register("distilled_crf_tagger")
class DistilledCrfTagger(DistilledTagger):
    """
    A CRF tagger of many languages that learns from teachers of each (Wang et al., ACL 2020), and a plain CRF tagger
    where it has none: a `DistilledTagger` whose tags depend on their neighbours. Its weights are named as those of the
    stock `crf_tagger`.

    # Parameters

    vocab : `Vocabulary`
    include_start_end_transitions : `bool`, optional (default = `True`)
    constrain_crf_decoding : `bool`, optional (default = whether there is a `label_encoding`)
    initializer : `InitializerApplicator`, optional
    **kwargs
        `teachers`, `losses`, `loss_reduction` and `schedule` of `DistilledTagger`; `text_field_embedder`, `encoder`,
        `feedforward`, `label_namespace`, `label_encoding`, `dropout` and `word_dropout` of `Tagger`.
    """

    def __init__(
        self,
        vocab: Vocabulary,
        include_start_end_transitions: bool = True,
        constrain_crf_decoding: Optional[bool] = None,
        initializer: InitializerApplicator = InitializerApplicator(),
        **kwargs: Any,
    ) -> None:
        if "constrain_decoding" in kwargs:
            raise ConfigurationError(
                "distilled_crf_tagger: constrain_decoding is called constrain_crf_decoding here"
            )
        super().__init__(vocab, constrain_decoding=False, **kwargs)
        constraints: Any = self._allowed_transitions(
            "constrain_crf_decoding", constrain_crf_decoding
        )
        self.crf = ConditionalRandomField(self.num_tags, constraints, include_start_end_transitions)
        initializer(self)

    def chain(self, logits: Tensor, mask: Tensor, constrained: bool = True) -> LinearChain:
        return crf_chain(self.crf, logits, mask, constrained)
