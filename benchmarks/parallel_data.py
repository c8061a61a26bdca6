"""
Puts parallel text of several sources together, for training_configs/experiments/mmkd.jsonnet.

    python benchmarks/parallel_data.py data/parallel --captions 12000 --multi30k DIR --tatoeba DIR --questions FILE \\
        --pud DIR

writes `train.tsv` (Multi30k, Tatoeba, and questions of XQuAD), `dev.tsv` (Multi30k, and every other document of PUD),
`test.tsv` (Multi30k) and `pud.tsv` (the other documents of PUD), a column a language: English, and all of PUD. It takes

* of Multi30k `train.de.gz` (its first lines), `val.de.gz`, `test_2016_flickr.de.gz` and so on, the same line by line;
* of Tatoeba `en-de.tsv` and so on, whose first line says the languages;
* of XQuAD a table of questions, whose first line says the languages (so do not test that encoder on XQuAD);
* of PUD `de.tsv` and so on, tables with `sent_id` and `text`, line by line the same.
"""

import argparse
import csv
import gzip
from itertools import chain, islice
from pathlib import Path
from typing import Dict, Iterable, Iterator, List

PIVOT = "en"
OF_MULTI30K = ["de", "fr", "cs"]
Row = Dict[str, str]


def one_line(text: str) -> str:
    """With a blank for any white space."""
    return " ".join(text.split())


def multi30k(folder: Path, split: str) -> Iterator[Row]:
    """Captions in four languages."""
    languages = [PIVOT, *OF_MULTI30K]
    columns = []
    for language in languages:
        with gzip.open(folder / f"{split}.{language}.gz", "rt", encoding="utf-8") as file:
            columns.append([one_line(line) for line in file])
    if len(set(map(len, columns))) > 1:
        raise ValueError(f"{folder}: {split}: files with different numbers of lines")
    for texts in zip(*columns):
        yield dict(zip(languages, texts))


def rows_of(path: Path) -> Iterator[Row]:
    """Of a tab-separated table."""
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield {name: one_line(text) for name, text in row.items()}


def tatoeba(folder: Path, languages: Iterable[str]) -> Iterator[Row]:
    """Pairs of English with each language."""
    for language in languages:
        yield from rows_of(folder / f"{PIVOT}-{language}.tsv")


def pud(folder: Path) -> Dict[str, List[Row]]:
    """Sentences in all languages, by the document that they are of."""
    tables = {path.stem: list(rows_of(path)) for path in sorted(folder.glob("*.tsv"))}
    if len(set(map(len, tables.values()))) != 1:
        raise ValueError(f"{folder}: expected tables with as many sentences each")
    documents: Dict[str, List[Row]] = {}
    for sentences in zip(*tables.values()):
        if len({sentence["sent_id"] for sentence in sentences}) > 1:
            raise ValueError(f"{folder}: tables with different sentences")
        document = sentences[0]["sent_id"][:-3]
        texts = {name: sentence["text"] for name, sentence in zip(tables, sentences)}
        documents.setdefault(document, []).append(texts)
    return documents


def write(path: Path, languages: List[str], rows: Iterable[Row]) -> None:
    """Those columns alone; what a row lacks is empty."""
    with open(path, "w", encoding="utf-8") as file:
        print(*languages, sep="\t", file=file)
        for row in rows:
            print(*(row.get(language, "") for language in languages), sep="\t", file=file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].strip())
    parser.add_argument("folder", type=Path, help="what is written")
    for name in ("multi30k", "tatoeba", "questions", "pud"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--captions", type=int, metavar="N", help="to train on (all)")
    given = parser.parse_args()
    of_pud = list(pud(given.pud).values())
    known = set(chain.from_iterable(of_pud[0])) - {PIVOT}
    others = sorted(known | set(OF_MULTI30K))
    languages = [PIVOT, *others]
    captions = islice(multi30k(given.multi30k, "train"), given.captions)
    train = chain(captions, tatoeba(given.tatoeba, others), rows_of(given.questions))
    dev = chain(multi30k(given.multi30k, "val"), chain.from_iterable(of_pud[::2]))
    given.folder.mkdir(parents=True, exist_ok=True)
    write(given.folder / "train.tsv", languages, train)
    write(given.folder / "dev.tsv", languages, dev)
    test = multi30k(given.multi30k, "test_2016_flickr")
    write(given.folder / "test.tsv", [PIVOT, *OF_MULTI30K], test)
    write(given.folder / "pud.tsv", languages, chain.from_iterable(of_pud[1::2]))


if __name__ == "__main__":
    main()
