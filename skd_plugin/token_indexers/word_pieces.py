"""The pieces that a transformer's tokenizer makes of words, in a vocabulary of their own."""

import os
from typing import Any, Dict, List

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import pad_sequence_to_length
from allennlp.data import Token, TokenIndexer, Vocabulary
from allennlp.data.token_indexers.token_indexer import IndexedTokenList

MOST_WORDS = 2**18
"""That are remembered; a server meets new ones for ever."""


@TokenIndexer.register("word_pieces")
class WordPiecesIndexer(TokenIndexer):
    """
    Each word as the pieces that a transformer's tokenizer makes of it, without special ones, for the embedder
    `word_pieces`. The pieces are numbered by the vocabulary of the student, which has those of the training data alone:
    a tokenizer of a hundred languages has over 100,000.

    Any other piece is unknown. A word of which the tokenizer makes nothing is one unknown piece.

    # Parameters

    model_name : `str`
        Folder of the tokenizer, or its name. It is needed as long as words are read: also of a loaded archive.
    namespace : `str`, optional (default = `"word_pieces"`)
        Of the vocabulary.
    max_pieces : `int`, optional (default = `16`)
        What a word has beyond is cut off, as of an address of the web, which would pad all other words.
    """

    def __init__(
        self,
        model_name: str,
        namespace: str = "word_pieces",
        max_pieces: int = 16,
        token_min_padding_length: int = 0,
    ) -> None:
        super().__init__(token_min_padding_length)
        if max_pieces < 1:
            raise ConfigurationError(f"max_pieces: expected 1 or more, got {max_pieces}")
        self._tokenizer = fast_tokenizer(model_name)
        self._namespace = namespace
        self._max_pieces = max_pieces
        self._known: Dict[str, List[str]] = {}

    def count_vocab_items(self, token: Token, counter: Dict[str, Dict[str, int]]) -> None:
        for piece in self.pieces(token.ensure_text()):
            counter[self._namespace][piece] += 1

    def tokens_to_indices(self, tokens: List[Token], vocabulary: Vocabulary) -> IndexedTokenList:
        pieces = [self.pieces(token.ensure_text()) for token in tokens]
        number = vocabulary.get_token_index
        return {"word_pieces": [[number(one, self._namespace) for one in word] for word in pieces]}

    def get_empty_token_list(self) -> IndexedTokenList:
        return {"word_pieces": []}

    def get_padding_lengths(self, indexed_tokens: IndexedTokenList) -> Dict[str, int]:
        words = indexed_tokens["word_pieces"]
        return {
            "word_pieces": max(len(words), self._token_min_padding_length),
            "num_word_pieces": max(map(len, words), default=1),
        }

    def as_padded_tensor_dict(
        self, tokens: IndexedTokenList, padding_lengths: Dict[str, int]
    ) -> Dict[str, torch.Tensor]:
        """`word_pieces`, shape (num_tokens, num_pieces), 0 where there is none."""
        words = [
            pad_sequence_to_length(word, padding_lengths["num_word_pieces"])
            for word in tokens["word_pieces"]
        ]
        none = [0] * padding_lengths["num_word_pieces"]
        padded = pad_sequence_to_length(
            words, padding_lengths["word_pieces"], default_value=lambda: none
        )
        return {"word_pieces": torch.tensor(padded, dtype=torch.long)}

    def pieces(self, word: str) -> List[str]:
        """Those of a word; at least one."""
        if word not in self._known:
            if len(self._known) >= MOST_WORDS:
                self._known.clear()
            ids = self._tokenizer([word], is_split_into_words=True, add_special_tokens=False)
            found = self._tokenizer.convert_ids_to_tokens(ids["input_ids"])
            self._known[word] = found[: self._max_pieces] or [str(self._tokenizer.unk_token)]
        return self._known[word]


def fast_tokenizer(model_name: str) -> Any:
    """Of a folder or name; one that reads words which are split already."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(model_name, add_prefix_space=True)
    except (OSError, ValueError) as error:
        about = "a folder without one" if os.path.isdir(model_name) else "no such folder"
        raise ConfigurationError(
            f"model_name: expected the folder or name of a tokenizer, got {model_name!r}, {about}: {error}"
        )
