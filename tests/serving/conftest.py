"""Students and their exports."""

from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from allennlp.models import Archive

from skd_plugin.serving import OnnxTagger, export
from tests.serving.students import trained


@pytest.fixture(scope="session")
def archive_of(
    tmp_path_factory: pytest.TempPathFactory, tiny_transformer: Path
) -> Callable[[str], Archive]:
    """The archive of a kind of student."""
    folder = tmp_path_factory.mktemp("students")
    return lambda kind: trained(kind, folder, tiny_transformer)


@pytest.fixture(scope="session")
def folder_of(
    tmp_path_factory: pytest.TempPathFactory, archive_of: Callable[[str], Archive]
) -> Callable[..., Path]:
    """The export of a kind of student."""
    folder, written = tmp_path_factory.mktemp("exports"), {}  # type: ignore[var-annotated]

    def find(kind: str, int8: bool = False) -> Path:
        key = f"{kind} int8" if int8 else kind
        if key not in written:
            written[key] = folder / key.replace(" ", "-")
            export(archive_of(kind), written[key], int8)
        return written[key]

    return find


@pytest.fixture(scope="session")
def tagger_of(folder_of: Callable[..., Path]) -> Callable[..., OnnxTagger]:
    """A tagger from the export of a kind of student."""
    taggers: Dict[Any, OnnxTagger] = {}

    def find(kind: str, int8: bool = False) -> OnnxTagger:
        if (kind, int8) not in taggers:
            taggers[kind, int8] = OnnxTagger(folder_of(kind, int8), threads=1)
        return taggers[kind, int8]

    return find
