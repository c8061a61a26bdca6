"""`allennlp knowledge info`."""

import argparse
import json
from typing import Any, Dict, List, Optional

from allennlp.common.checks import ConfigurationError

from skd_plugin.commands.action import Action
from skd_plugin.commands.stores import opened, progress_bar
from skd_plugin.commands.text import count, size, table
from skd_plugin.knowledge.summary import (
    SourceSummary,
    StoreSummary,
    num_entries,
    summarize,
)


def info(args: argparse.Namespace) -> int:
    """Prints what is inside a store; returns the exit status."""
    with opened(args.store) as store:
        with progress_bar(num_entries(store), "looking at sentences") as progress:
            summary = summarize(store, progress)
    print(_text(summary))
    if args.json:
        try:
            with open(args.json, "w", encoding="utf-8") as file:
                json.dump(_content(summary), file, ensure_ascii=False, indent=2)
        except OSError as error:
            raise ConfigurationError(f"{args.json}: cannot be written: {error.strerror}")
    return 0


def _text(summary: StoreSummary) -> str:
    lines = [
        f"{summary.folder}: {size(summary.bytes)}, schema version {summary.schema_version}",
        f"{size(summary.superseded)} are superseded, damaged or forgotten (merging into a new store leaves them out); "
        f"{size(summary.rest)} are index and free space",
    ]
    if not summary.sources:
        lines.append("It is empty.")
    for name, source in summary.sources.items():
        lines += ["", f"source {name}: {source.description or 'no description'}"]
        lines += [f"  {count(len(source.labels), 'label')}: {', '.join(source.labels)}"]
        lines += [f"  {count(source.sentences, 'sentence')}, {count(source.tokens, 'token')}"]
        if source.damaged:
            lines += [f"  {count(source.damaged, 'sentence')} damaged: see `knowledge verify`"]
        lines += [_fields(source)]
    return "\n".join(lines)


def _fields(source: SourceSummary) -> str:
    rows = [["field", "sentences", "bytes", "bytes a token"]]
    for (name, num_paths), one in sorted(source.fields.items(), key=str):
        title = name if num_paths is None else f"{name} (K {num_paths})"
        rows.append([title, f"{one.sentences:,}", f"{one.bytes:,}", _rate(one.bytes, one.tokens)])
    rows.append(
        ["headers and checksums", "", f"{source.overhead:,}", _rate(source.overhead, source.tokens)]
    )
    rows.append(
        ["all", f"{source.sentences:,}", f"{source.bytes:,}", _rate(source.bytes, source.tokens)]
    )
    return table(rows, indent="  ")


def _rate(num_bytes: int, num_tokens: int) -> str:
    return f"{num_bytes / num_tokens:.2f}" if num_tokens else "-"


def _content(summary: StoreSummary) -> Dict[str, Any]:
    return {
        "store": summary.folder,
        "schema_version": summary.schema_version,
        "bytes": summary.bytes,
        "superseded_bytes": summary.superseded,
        "index_and_free_bytes": summary.rest,
        "sources": [_source(name, source) for name, source in summary.sources.items()],
    }


def _source(name: str, source: SourceSummary) -> Dict[str, Any]:
    fields: List[Dict[str, Any]] = [
        {
            "field": field,
            "num_paths": num_paths,
            "sentences": one.sentences,
            "bytes": one.bytes,
            "bytes_per_token": _quotient(one.bytes, one.tokens),
        }
        for (field, num_paths), one in sorted(source.fields.items(), key=str)
    ]
    return {
        "source": name,
        "description": source.description,
        "labels": source.labels,
        "sentences": source.sentences,
        "damaged": source.damaged,
        "tokens": source.tokens,
        "fields": fields,
        "overhead_bytes": source.overhead,
        "bytes": source.bytes,
        "bytes_per_token": _quotient(source.bytes, source.tokens),
    }


def _quotient(num_bytes: int, num_tokens: int) -> Optional[float]:
    return num_bytes / num_tokens if num_tokens else None


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", type=str, help="folder of an lmdb store")
    parser.add_argument("--json", type=str, metavar="FILE", help="write the same as JSON, too")


INFO = Action(
    "info",
    "show what is inside a store, and how large",
    "Show what is inside a store: who answered, about how many sentences and tokens, in how many bytes. Exit status: "
    "0, or 2 for an error.",
    _add_arguments,
    info,
)
