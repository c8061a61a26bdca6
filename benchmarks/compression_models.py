"""A teacher and students in the sizes of XtremeDistil, with random weights: what they cost does not depend on them."""

import copy
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Vocabulary
from allennlp.models import Archive, Model

from skd_plugin.latency import TimedArchive, TimedHuggingFace, TimedModel, TimedOnnx

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TAGS = ["O", *(f"{part}-{kind}" for kind in ("PER", "LOC", "ORG") for part in "BI")]
PIECE = 5
"""Letters of a made-up piece: longer words have several, as those of a multilingual BERT have."""
CPU = torch.device("cpu")


class Shape(NamedTuple):
    """
    Of a BERT; by default that of multilingual BERT base, cased.

    # Parameters

    layers, width, heads, pieces : `int`
        `pieces` is how many there are in its vocabulary.
    """

    layers: int = 12
    width: int = 768
    heads: int = 12
    pieces: int = 119_547


class Teacher(NamedTuple):
    """
    # Parameters

    model : `TimedModel`
    folder : `str`
        Of its tokenizer.
    width : `int`
        Of its states.
    pieces : `List[str]`
        All of its vocabulary but special ones; those that sentences have come first.
    """

    model: TimedModel
    folder: str
    width: int
    pieces: List[str]


class StudentSize(NamedTuple):
    """
    # Parameters

    embedding : `int`
        Of a piece.
    hidden : `int`
        Of each direction of the LSTM.
    """

    embedding: int
    hidden: int

    def __str__(self) -> str:
        return f"E {self.embedding}, H {self.hidden}"


def save_random_teacher(folder: Path, shape: Shape, sentences: Sequence[Sequence[str]]) -> None:
    """A token classifier and a tokenizer that cuts the words of the sentences as `PIECE` says."""
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    path = folder / "vocab.txt"
    path.write_text("\n".join(_pieces(sentences, shape.pieces)) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(str(path), do_lower_case=False, model_max_length=512)
    tokenizer.save_pretrained(str(folder))
    config = BertConfig(
        vocab_size=shape.pieces,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.width,
        id2label=dict(enumerate(TAGS)),
        label2id={tag: number for number, tag in enumerate(TAGS)},
    )
    BertForTokenClassification(config).save_pretrained(str(folder))


def load_teacher(folder: str, sentences: Sequence[Sequence[str]]) -> Teacher:
    """The one of a folder."""
    from transformers import AutoConfig, AutoTokenizer

    model = TimedHuggingFace.load(folder, CPU)
    model.name = "teacher"
    _with_bytes(model, 4 * model.size.parameters)
    tokenizer = AutoTokenizer.from_pretrained(folder, add_prefix_space=True)
    ids = tokenizer([list(words) for words in sentences], is_split_into_words=True)["input_ids"]
    found = tokenizer.convert_ids_to_tokens(sorted({number for some in ids for number in some}))
    every = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    special = set(tokenizer.all_special_tokens)
    pieces = [piece for piece in dict.fromkeys([*found, *every]) if piece not in special]
    return Teacher(model, folder, AutoConfig.from_pretrained(folder).hidden_size, pieces)


def student(size: StudentSize, teacher: Teacher, num_pieces: Optional[int] = None) -> Archive:
    """
    Word pieces, a bidirectional LSTM, one layer with GELU to the width of the teacher, and a softmax a word, as in
    XtremeDistil (Mukherjee and Hassan Awadallah, ACL 2020).

    # Parameters

    size : `StudentSize`
    teacher : `Teacher`
        Whose pieces and width it has.
    num_pieces : `int`, optional (default = all of the teacher's)
        How many have vectors.
    """
    indexers = {"word_pieces": {"type": "word_pieces", "model_name": teacher.folder}}
    reader = {"type": "conll_tagging", "token_indexers": indexers}
    config = {"dataset_reader": reader, "model": _model(size, teacher.width)}
    vocab = Vocabulary()
    vocab.add_tokens_to_namespace(teacher.pieces[:num_pieces], "word_pieces")
    vocab.add_tokens_to_namespace(TAGS, "labels")
    made = DatasetReader.from_params(Params(copy.deepcopy(reader)))
    model = Model.from_params(Params(copy.deepcopy(config["model"])), vocab=vocab)
    return Archive(model.eval(), Params(config), made, made, None)


def forms(archive: Archive, name: str, folder: Path) -> List[TimedModel]:
    """A student as torch runs it and, where `skd_plugin.serving` is at hand, exported: in 32 and in 8 bits."""
    torch_form = TimedArchive(f"{name}, torch", archive.model, archive.dataset_reader, 0)
    found: List[TimedModel] = [_with_bytes(torch_form, 4 * torch_form.size.parameters)]
    for form, is_int8 in (("onnx", False), ("onnx int8", True)):
        target = folder / form.replace(" ", "-")
        try:
            from skd_plugin.serving import export  # type: ignore[import-not-found,unused-ignore]

            export(archive, target, int8=is_int8)
        except (ImportError, ConfigurationError) as error:
            print(f"{name}, {form}: left out ({error})", file=sys.stderr)
            continue
        exported = TimedOnnx(str(target))
        exported.name = f"{name}, {form}"
        found.append(_with_bytes(exported, (target / "model.onnx").stat().st_size))
    return found


def _with_bytes(model: TimedModel, num_bytes: int) -> TimedModel:
    """Its weights alone are counted: vocabulary and tokenizer are those of all."""
    model.size = model.size._replace(bytes=num_bytes)
    return model


def _model(size: StudentSize, width: int) -> Dict[str, Any]:
    embedder = {"type": "word_pieces", "embedding_dim": size.embedding}
    lstm = {"type": "padded_lstm", "input_size": size.embedding, "hidden_size": size.hidden}
    layer = {"input_dim": 2 * size.hidden, "num_layers": 1, "hidden_dims": width}
    return {
        "type": "distilled_tagger",
        "text_field_embedder": {"token_embedders": {"word_pieces": embedder}},
        "encoder": lstm,
        "feedforward": {**layer, "activations": "gelu"},
    }


def _pieces(sentences: Sequence[Sequence[str]], number: int) -> List[str]:
    """So many pieces: special ones, letters, parts of the words, and others that stand for those of other words."""
    words = sorted({word for words in sentences for word in words})
    found = [*SPECIAL]
    for letter in sorted({letter for word in words for letter in word}):
        found += [letter, f"##{letter}"]
    for word in words:
        starts = range(0, len(word), PIECE)
        found += [("##" if start else "") + word[start : start + PIECE] for start in starts]
    found = list(dict.fromkeys(found))[:number]
    return found + [f"[unused{place}]" for place in range(number - len(found))]
