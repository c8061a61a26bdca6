"""`allennlp train-tokenizer DATA -s FOLDER`: word pieces of one's own."""

import argparse
import json
from typing import Any, Dict, Iterable, Iterator

from allennlp.commands.subcommand import Subcommand
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance
from allennlp.data.fields import TextField

from skd_plugin.commands.action import positive, runner

SPECIAL = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}


@Subcommand.register("train-tokenizer")
class TrainTokenizerCommand(Subcommand):
    """Finds the word pieces of a corpus, for the token indexer `word_pieces`."""

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Find the word pieces (WordPiece) of a corpus in any languages, and write them to a folder that the token "
            "indexer `word_pieces` takes as its model_name. Exit status: 0; 2 for an error; 130 if interrupted."
        )
        subparser = parser.add_parser(
            self.name, description=description, help="Find the word pieces of a corpus."
        )
        subparser.add_argument("data", type=str, help="what the reader takes, as a path or JSON")
        subparser.add_argument(
            "-s", "--serialization-dir", required=True, type=str, help="folder that is written"
        )
        subparser.add_argument(
            "--size", type=positive(int), default=8000, metavar="N", help="most pieces (8000)"
        )
        subparser.add_argument(
            "--lowercase", action="store_true", help="make no difference between a and A"
        )
        subparser.add_argument(
            "--reader",
            default="parallel_text",
            help="a reader's name, or the JSON of its config (default: parallel_text)",
        )
        if_interrupted = "interrupted; nothing was written."
        subparser.set_defaults(func=runner("allennlp train-tokenizer", train, if_interrupted))
        return subparser


def train(args: argparse.Namespace) -> int:
    """Returns the exit status."""
    reader = DatasetReader.from_params(Params(_config(args.reader)))
    tokenizer = trained(words_of(reader.read(args.data)), args.size, args.lowercase)
    tokenizer.save_pretrained(args.serialization_dir)
    print(f"{args.serialization_dir}: {len(tokenizer)} pieces")
    return 0


def _config(reader: str) -> Dict[str, Any]:
    if not reader.startswith("{"):
        return {"type": reader}
    try:
        config: Dict[str, Any] = json.loads(reader)
    except ValueError as error:
        raise ConfigurationError(f"--reader {reader}: expected a name or JSON ({error})")
    return config


def words_of(instances: Iterable[Instance]) -> Iterator[str]:
    """The words of all text in instances; `ConfigurationError` if there are none."""
    is_empty = True
    for instance in instances:
        for field in instance.fields.values():
            if isinstance(field, TextField):
                is_empty = False
                yield from (token.ensure_text() for token in field.tokens)
    if is_empty:
        raise ConfigurationError("the data have no text; expected some")


def trained(words: Iterable[str], size: int, lowercase: bool = False) -> Any:
    """A fast tokenizer of Hugging Face transformers, with at most so many pieces."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token=SPECIAL["unk"]))
    steps = [normalizers.NFC(), *([normalizers.Lowercase()] if lowercase else [])]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=list(SPECIAL.values()), show_progress=False
    )
    tokenizer.train_from_iterator(words, trainer)
    special = {f"{name}_token": token for name, token in SPECIAL.items()}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
