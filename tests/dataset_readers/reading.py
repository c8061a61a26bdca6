"""What the tests of readers share."""

from pathlib import Path
from typing import Any, Iterable, Iterator, List, Union

from allennlp.data import DatasetReader, Instance

from skd_plugin.dataset_readers import UNLABELED, Sentence, TaggingDatasetReader


class SlashReader(TaggingDatasetReader):
    """A user's reader: `word/tag word/tag`, a sentence a line, and `#` before an unlabelled one."""

    def read_sentences(self, path: str) -> Iterator[Sentence]:
        for _, line in self.open_lines(path):
            if line.startswith("#"):
                yield Sentence(line[1:].split())
            else:
                words, tags = zip(*(item.split("/") for item in line.split()))
                yield Sentence(list(words), list(tags))


def write(folder: Path, content: Union[str, bytes], name: str = "file.txt") -> str:
    """Writes a file; its path."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(reader: DatasetReader, source: Any) -> List[Sentence]:
    """The sentences that the instances of a reader hold."""
    return [
        Sentence(
            [token.text for token in instance["tokens"].tokens],
            None if instance["tags"].labels[0] == UNLABELED else list(instance["tags"].labels),
            instance["metadata"]["language"],
        )
        for instance in reader.read(source)
    ]


def words_of(instances: Iterable[Instance]) -> List[str]:
    """Sentences, as their words in a string."""
    return [" ".join(instance["metadata"]["words"]) for instance in instances]
