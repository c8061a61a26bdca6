"""Teachers of whole sentences."""

from typing import List, Optional, Sequence

import numpy as np
import torch
from allennlp.common import Registrable
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.knowledge.knowledge import Knowledge, KnowledgeRequest
from skd_plugin.teachers.huggingface_folder import check_folder, hash_folder, most_pieces
from skd_plugin.teachers.loadable import Loadable

POOLINGS = ("mean", "cls")
HALF_MAX = float(np.finfo(np.float16).max)


class SentenceTeacher(Loadable, Registrable):
    """Gives each sentence an embedding. It is asked as an `Ensemble` of taggers is, but knows nothing of tags."""

    default_implementation = "huggingface_encoder"
    request = KnowledgeRequest(frozenset(["sentence_embedding"]))
    """What it can be asked for."""

    @property
    def labels(self) -> List[str]:
        """It has none."""
        return []

    def embed(self, texts: Sequence[str]) -> Tensor:
        """The embeddings of sentences, shape (num_texts, dim)."""
        raise NotImplementedError

    @torch.no_grad()
    def teach(
        self, sentences: Sequence[Sequence[str]], request: KnowledgeRequest
    ) -> List[Knowledge]:
        """The embeddings of sentences, given as what stands between their blanks."""
        embeddings = self.embed([" ".join(words) for words in sentences]).float()
        rounded = embeddings.clamp(-HALF_MAX, HALF_MAX).half().cpu().numpy()
        return [Knowledge(sentence_embedding=row.copy()) for row in rounded]


@SentenceTeacher.register("huggingface_encoder")
class HuggingFaceEncoder(SentenceTeacher):
    """
    An encoder of Hugging Face transformers, as it lies in the folder where `save_pretrained` has left model and
    tokenizer, such as a sentence encoder's.

    # Parameters

    model_name : `str`
        The folder.
    pooling : `str`, optional (default = `"mean"`)
        What a sentence's embedding is: the "mean" over the last states of its pieces, special ones included, or that of
        the first piece, "cls". Sentence encoders are trained with one of them, and say with which.
    max_length : `int`, optional (default = as many as the model can read, 512 at most)
        How many pieces are read, with special ones; the rest of a sentence is not.
    """

    def __init__(
        self, model_name: str, pooling: str = "mean", max_length: Optional[int] = None
    ) -> None:
        if pooling not in POOLINGS:
            raise ConfigurationError(
                f'pooling: expected one of {", ".join(POOLINGS)}, got "{pooling}"'
            )
        if max_length is not None and max_length < 1:
            raise ConfigurationError(f"max_length: expected 1 or more, got {max_length}")
        self._folder = model_name
        self._pooling = pooling
        self._max_length = max_length
        self._fingerprint: Optional[str] = None

    @property
    def description(self) -> str:
        return self._folder

    @property
    def fingerprint(self) -> str:
        if self._fingerprint is None:
            content = hash_folder(self._folder, "an encoder")
            self._fingerprint = f"{content}-sentence-{self._pooling}-{self._max_length}"
        return self._fingerprint

    def load(self, device: torch.device) -> None:
        from transformers import AutoModel, AutoTokenizer

        check_folder(self._folder, "an encoder")
        self._tokenizer = AutoTokenizer.from_pretrained(self._folder)
        self._model = AutoModel.from_pretrained(self._folder).to(device).eval()

    def release(self) -> None:
        del self._model, self._tokenizer
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    @torch.no_grad()
    def embed(self, texts: Sequence[str]) -> Tensor:
        limit = most_pieces(self._model.config, self._tokenizer, self._max_length)
        batch = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=limit, return_tensors="pt"
        ).to(self._model.device)
        states = self._model(**batch).last_hidden_state
        if self._pooling == "cls":
            return states[:, 0]
        mask = batch["attention_mask"].unsqueeze(2)
        return (states * mask).sum(dim=1) / mask.sum(dim=1)
