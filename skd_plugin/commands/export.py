"""`allennlp export ARCHIVE FOLDER`: a student as a folder that tags by itself."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from allennlp.commands.subcommand import Subcommand
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.models import Archive, load_archive

from skd_plugin.commands.action import runner
from skd_plugin.commands.export_check import comparison
from skd_plugin.commands.text import size
from skd_plugin.serving import OnnxTagger, export
from skd_plugin.serving.folder import GRAPH


@Subcommand.register("export")
class ExportCommand(Subcommand):
    """Writes the archive of a student as a graph of ONNX, with all that it needs to tag."""

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Write a student (distilled_crf_tagger or distilled_tagger) as a folder from which "
            "skd_plugin.serving.OnnxTagger tags: the model and its search for the best tags as one ONNX graph, the "
            "vocabulary, and the tokenizer if it reads word pieces. The graph is compared with the archive first. Exit "
            "status: 0; 2 for an error; 130 if interrupted."
        )
        subparser = parser.add_parser(
            self.name, description=description, help="Write a student as an ONNX graph."
        )
        subparser.add_argument("archive_file", type=str, help="path of a model.tar.gz")
        subparser.add_argument("folder", type=str, help="what is written; new or empty")
        subparser.add_argument(
            "--int8", action="store_true", help="round weights to 8 bits: smaller and faster"
        )
        subparser.add_argument(
            "--force", action="store_true", help="replace the export that is in the folder"
        )
        subparser.add_argument(
            "--check",
            type=str,
            metavar="FILE",
            help="labelled sentences, as of `allennlp evaluate`, by which the export is compared with the archive",
        )
        if_interrupted = "interrupted; the folder is written as a whole or not at all."
        subparser.set_defaults(func=runner("allennlp export", run, if_interrupted))
        return subparser


def run(args: argparse.Namespace) -> int:
    """Returns the exit status."""
    archive = _archive(args.archive_file)
    folder = Path(args.folder)
    export(archive, folder, args.int8, args.force)
    print(f"{folder}: {size((folder / GRAPH).stat().st_size)} of weights and graph")
    if args.check:
        with TemporaryDirectory() as temporary:
            taggers = {"ONNX int8" if args.int8 else "ONNX": OnnxTagger(folder)}
            if args.int8:
                export(archive, temporary)
                taggers = {"ONNX": OnnxTagger(temporary), **taggers}
            print(comparison(archive, taggers, args.check))
    return 0


def _archive(path: str) -> Archive:
    try:
        return load_archive(cached_path(path), cuda_device=-1)
    except (FileNotFoundError, ValueError) as error:
        raise ConfigurationError(f"{path}: expected the archive of a model ({error})")
