"""Which contract an object's key belongs to: globs, the longest pattern wins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.shapes import Compression, Format

SUFFIXES: dict[str, Format] = {
    "json": "json",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "csv": "csv",
    "tsv": "tsv",
}


@dataclass(frozen=True)
class Source:
    """A pattern of keys; `format` and `one_line_records` where the contract says them."""

    keys: str
    pattern: re.Pattern[str]
    format: Format | None = None
    one_line_records: bool = False


@dataclass(frozen=True)
class Route:
    """Where a key leads: the contract `<dataset>/<version>`, and how the object is to be read."""

    dataset: str
    contract: str
    format: Format
    compression: Compression
    splittable: bool


def glob(keys: str) -> re.Pattern[str]:
    """Compile a glob: `**` stands for any characters, `*` for any but `/`, all others for themselves."""
    pieces = (".*" if part == "**" else "[^/]*" if part == "*" else re.escape(part) for part in _parts(keys))
    return re.compile("".join(pieces), re.DOTALL)


def _parts(keys: str) -> list[str]:
    return re.findall(r"\*\*|\*|[^*]+", keys)


# The source of an object whose dataset was named: its key says the format by its suffix.
ANY = Source("**", glob("**"))


def best(sources: Iterable[tuple[str, Source]], key: str) -> tuple[str, Source] | None:
    """Return the (name, source) with the longest pattern that matches; equal lengths go by the pattern."""
    matching = [(name, source) for name, source in sources if source.pattern.fullmatch(key)]
    return max(matching, key=lambda found: (len(found[1].keys), found[1].keys), default=None)


def compression_of(key: str) -> Compression:
    """Return the compression that a key's suffix promises."""
    return "gzip" if key.lower().endswith(".gz") else "none"


def format_of(key: str, source: Source) -> Format | None:
    """Return the format by contract, else by suffix (before `.gz`); None where neither says it."""
    if source.format:
        return source.format
    name = key.lower().removesuffix(".gz").rpartition("/")[2]
    return SUFFIXES.get(name.rpartition(".")[2]) if "." in name else None


def is_splittable(format_: Format, compression: Compression, source: Source) -> bool:
    """Return whether byte ranges of the object can be read on their own."""
    if compression != "none" or format_ == "json":
        return False
    return format_ == "jsonl" or source.one_line_records
