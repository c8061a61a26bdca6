"""A multilingual encoder that is aligned with an English teacher."""

import os
from typing import Any, Dict, List, Optional, Union

import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError, check_dimensions_match
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import Seq2SeqEncoder, TextFieldEmbedder
from allennlp.nn import InitializerApplicator, util
from allennlp.training.metrics import Average
from torch import Tensor

from skd_plugin.knowledge import CachedEmbeddings
from skd_plugin.losses.alignment import AlignmentObjective, PairBatch
from skd_plugin.metrics import CrossLingualRetrieval
from skd_plugin.models.state_dicts import without
from skd_plugin.modules.hidden_words import HiddenWords, Side
from skd_plugin.modules.mean_state import mean_state
from skd_plugin.teachers import SentenceTeacher

BALANCES = ("weights", "uncertainty")
SMALLEST_LOSS = 1e-8


@Model.register("mmkd_encoder")
class MmkdEncoder(Model):
    """
    An encoder of many languages that learns from an English teacher and parallel text, at several levels (MMKD; Li et
    al., EMNLP 2022). A batch costs the sum of its objectives by their weights; each is a metric of its own. The
    embedding of a sentence is the mean over the states of its words, projected if `sentence_dim` is given.

    In evaluation it has no loss, but says how well translations are found (`CrossLingualRetrieval`).

    The teacher is read by the callback `cache_sentence_embeddings`. Teacher and objectives are no part of a loaded
    archive, which is the encoder alone: `archived_encoder` makes of it the embedder of a tagger.

    # Parameters

    vocab : `Vocabulary`
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Seq2SeqEncoder`
    teacher : `SentenceTeacher`, optional (default = `None`)
        Needed if an objective asks for it.
    objectives : `List[AlignmentObjective]`, optional (default = `None`)
        Needed to train; one of a type at most.
    balance : `str`, optional (default = `"weights"`)
        How losses L of weights w are added: with "weights", sum w L; with "uncertainty", sum w log L, so that each has
        the gradient that it has in w L / L, of whatever size it is. That is where the learnt weights of Kendall et al.
        (CVPR 2018) end, sum w (exp(-s) L + s) with its minimum at s = log L, without the wait.
    sentence_dim : `int`, optional (default = that of the encoder)
        How many features the embedding of a sentence has; the mean of states is projected to as many.
    guessed : `str`, optional (default = `"tokens"`)
        The token indexer, and the namespace of the same name, whose indices of hidden words are guessed: those of
        words (`tokens`) or of pieces (`word_pieces`).
    hide : `float`, optional (default = `0.15`)
        The probability with which a word is hidden, on both sides, as in BERT (Devlin et al., NAACL 2019). A learnt
        vector stands in its place always: words are hidden in a copy of the batch that serves nothing else, so that no
        word needs to be seen there as it is.
    hide_in : `str`, optional (default = `"pair"`)
        What is read where words are hidden: the "pair", one side behind the other, or each "side" by itself, which is
        the usual masked language modelling, a control without a signal across languages.
    dropout : `float`, optional (default = `0.0`)
        Before the encoder.
    csls_neighbors : `int`, optional (default = `10`)
        Of the metric.
    initializer : `InitializerApplicator`, optional

    In distributed training, where no objective looks at sentences, `sentence_dim` gives weights without gradients:
    leave it out there.
    """

    default_predictor = "sentence_encoder"

    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Seq2SeqEncoder,
        teacher: Optional[SentenceTeacher] = None,
        objectives: Optional[List[AlignmentObjective]] = None,
        balance: str = "weights",
        sentence_dim: Optional[int] = None,
        guessed: str = "tokens",
        hide: float = 0.15,
        hide_in: str = "pair",
        dropout: float = 0.0,
        csls_neighbors: int = 10,
        initializer: InitializerApplicator = InitializerApplicator(),
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, **kwargs)
        check_dimensions_match(
            text_field_embedder.get_output_dim(),
            encoder.get_input_dim(),
            "text field embedding dim",
            "encoder input dim",
        )
        self.text_field_embedder = text_field_embedder
        self.encoder = encoder
        self.dropout = torch.nn.Dropout(dropout)
        encoder_dim = encoder.get_output_dim()
        self.sentence_projection = torch.nn.Sequential()  # nothing
        if sentence_dim is not None:
            self.sentence_projection = torch.nn.Sequential(
                torch.nn.Linear(encoder_dim, sentence_dim)
            )
        self.teacher = teacher
        self.teacher_embeddings: Optional[CachedEmbeddings] = None
        self.objectives = objectives or []
        self._guessed = guessed
        self._check_objectives()
        if balance not in BALANCES:
            expected = ", ".join(BALANCES)
            raise ConfigurationError(f'balance: expected one of {expected}, got "{balance}"')
        hidden_words = HiddenWords(text_field_embedder.get_output_dim(), hide, hide_in)
        self.objective_layers = torch.nn.ModuleDict()
        if self.needs_words:
            self.objective_layers["hidden_words"] = hidden_words
        self._add_layers(encoder_dim, sentence_dim or encoder_dim)
        self._balance = balance
        self._terms = {objective.name: Average() for objective in self.objectives}
        self._retrieval = CrossLingualRetrieval(csls_neighbors)
        initializer(self)

    @property
    def needs_teacher(self) -> bool:
        """Whether an objective asks for the teacher's embeddings."""
        return any(objective.needs_teacher for objective in self.objectives)

    @property
    def needs_words(self) -> bool:
        """Whether an objective looks at words."""
        return any(objective.needs_words for objective in self.objectives)

    def forward(  # type: ignore[override]
        self,
        pivot: TextFieldTensors,
        metadata: List[Dict[str, Any]],
        other: Optional[TextFieldTensors] = None,
    ) -> Dict[str, Any]:
        """
        # Parameters

        pivot : `TextFieldTensors`
        metadata : `List[Dict[str, Any]]`
            Of each pair, as the reader `parallel_text` gives it.
        other : `TextFieldTensors`, optional (default = `None`)
            Without it the sentences of `pivot`, of any language, are embedded, and no more is done.

        # Returns

        `pivot_embedding` and, of pairs, `other_embedding`, (batch_size, sentence_dim); in training `loss`, a scalar.
        """
        if other is None:
            side = self.read(pivot)
            return {"pivot_embedding": self.sentence(side.states, side.mask)}
        sides = self.read(pivot), self.read(other)
        of_pivot, of_other = (self.sentence(side.states, side.mask) for side in sides)
        output = {"pivot_embedding": of_pivot, "other_embedding": of_other}
        if self.training:
            batch = PairBatch(of_pivot, of_other)
            if self.needs_teacher:
                batch.teacher = self._teacher_embeddings(metadata, of_pivot.device)
            if self.needs_words:
                batch.words = self.objective_layers["hidden_words"](*sides, self.encoder)
            output["loss"] = self._loss(batch)
            return output
        for row, pair in enumerate(metadata):
            self._retrieval(pair["language"], of_pivot[row : row + 1], of_other[row : row + 1])
        return output

    def read(self, tokens: TextFieldTensors) -> Side:
        """A batch of sentences in one language."""
        mask = util.get_text_field_mask(tokens)
        embedded = self.dropout(self.text_field_embedder(tokens))
        pieces = mask.unsqueeze(2).long()
        if self.needs_words:
            (pieces,) = tokens[self._guessed].values()
            pieces = pieces if pieces.dim() == 3 else pieces.unsqueeze(2)
        return Side(embedded, self.encoder(embedded, mask), mask, pieces)

    def sentence(self, states: Tensor, mask: Tensor) -> Tensor:
        """
        The embeddings of sentences, shape (batch_size, sentence_dim).

        Shapes: (batch_size, num_tokens, encoder_dim), (batch_size, num_tokens).
        """
        return self.sentence_projection(mean_state(states, mask))

    def get_metrics(self, reset: bool = False) -> Dict[str, float]:
        if not self.training:
            return self._retrieval.get_metric(reset)
        return {f"{name}_loss": term.get_metric(reset) for name, term in self._terms.items()}

    def _loss(self, batch: PairBatch) -> Tensor:
        if not self.objectives:
            raise ConfigurationError("mmkd_encoder: expected objectives to train it by, got none")
        terms = {objective.name: objective(batch) for objective in self.objectives}
        for name, term in terms.items():
            self._terms[name](term.item())
        weighted = [
            objective.weight * self._balanced(terms[objective.name])
            for objective in self.objectives
        ]
        return torch.stack(weighted).sum()

    def _balanced(self, term: Tensor) -> Tensor:
        return term.clamp(min=SMALLEST_LOSS).log() if self._balance == "uncertainty" else term

    def _teacher_embeddings(self, metadata: List[Dict[str, Any]], device: torch.device) -> Tensor:
        if self.teacher_embeddings is None:
            raise ConfigurationError(
                "mmkd_encoder: nobody has asked the teacher; expected in the trainer "
                '"callbacks": [{"type": "cache_sentence_embeddings"}]'
            )
        return self.teacher_embeddings.batch([pair["key"] for pair in metadata], device)

    def _add_layers(self, encoder_dim: int, sentence_dim: int) -> None:
        """What the objectives learn beside the encoder."""
        for objective in self.objectives:
            num_pieces = self.vocab.get_vocab_size(self._guessed) if objective.needs_words else 0
            layers = objective.layers(encoder_dim, sentence_dim, num_pieces)
            if layers is not None:
                self.objective_layers[objective.name] = layers

    def _check_objectives(self) -> None:
        names = [objective.name for objective in self.objectives]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigurationError(f"objectives: expected each once, got {twice[0]} twice")
        if self.needs_teacher and self.teacher is None:
            asking = [one.name for one in self.objectives if one.needs_teacher]
            raise ConfigurationError(f"mmkd_encoder: {', '.join(asking)} needs a teacher")
        namespaces = self.vocab.get_namespaces()
        if self.needs_words and self._guessed not in namespaces:
            raise ConfigurationError(
                f'guessed: expected a token indexer and its namespace, got "{self._guessed}"; the vocabulary has '
                f"{', '.join(sorted(namespaces)) or 'none'}"
            )

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        """An encoder without objectives leaves out what these have learnt."""
        if not self.objectives:
            state_dict = without(state_dict, "objective_layers.")
        return super().load_state_dict(state_dict, *args, **kwargs)

    @classmethod
    def _load(
        cls,
        config: Params,
        serialization_dir: Union[str, os.PathLike],
        weights_file: Optional[Union[str, os.PathLike]] = None,
        cuda_device: int = -1,
    ) -> Model:
        """Loads the encoder alone: what it learnt from is not needed, and may be gone."""
        for name in ("teacher", "objectives"):
            config["model"].pop(name, None)
        return super()._load(config, serialization_dir, weights_file, cuda_device)
