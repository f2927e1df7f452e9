"""What a project's own functions say of a file: its plan, bytes of its items, numbers of the gateways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.functions_process import ask
from statewright.project import ProjectError

if TYPE_CHECKING:
    from statewright.project import Project


@dataclass(frozen=True)
class File:
    """A kind of file: so many bytes and records in each, of a dataset, in a format.

    `text` is how many bytes it has unpacked, where that is known.
    """

    dataset: str
    records: int
    size: int
    format: str = "jsonl"
    compression: str = "none"
    text: int | None = None


@dataclass(frozen=True)
class Constants:
    """Numbers of functions/pipeline that decide how many requests a byte takes."""

    range_bytes: int
    part_bytes: int
    buffered_bytes: int
    preview_bytes: int
    batch_items: int
    inline_characters: int
    gzip_ratio: int
    reserve_seconds: int
    max_rounds: int


@dataclass(frozen=True)
class Facts:
    """What the functions say; bytes are those of one record: as it is read, staged, as an item.

    Items are staged in frames: one has `frame_bytes`, to which an item adds `held_bytes`. They come in parts
    of `part_records`, of which each partition's share adds `part_overhead`.

    With `rechunk` the file is cut into chunks first, and these are its shards. `cut` is behind what: "lines",
    "rows" or "values" of its text, which is `unpacked` where the file is a gzip.
    """

    key: str
    shards: int
    shard_bytes: int
    partitions: int
    keep: bool
    constants: Constants
    rechunk: bool
    cut: str
    unpacked: bool
    text_bytes: int
    preview: bool
    ordered: bool
    header: bool
    record_bytes: int
    parsed_bytes: int
    enriched_bytes: int
    processed_bytes: int
    item_bytes: int
    held_bytes: int
    frame_bytes: int
    part_records: int
    part_overhead: int

    @property
    def in_shards(self) -> bool:
        """Whether the shards are child executions of their own: also the only chunk of a file is one."""
        return self.shards > 1 or self.rechunk


class Refused(ProjectError):  # noqa: N818 - what happened
    """The functions take no such file; the message is theirs."""


def facts_of(project: Project, file: File) -> Facts:
    """Ask a project's functions, in a process of their own; raises Refused, ProjectError."""
    asked = {
        "dataset": file.dataset,
        "format": file.format,
        "compression": file.compression,
        "size": file.size,
        "records": file.records,
        "text": file.text,
    }
    return facts_from(ask(project, "statewright.costs.facts_process", "how they cut a file", asked))


def facts_from(said: dict[str, Any]) -> Facts:
    """Return what the process printed; raises Refused."""
    if "refused" in said:
        raise Refused(said["refused"])
    plan = said.pop("plan")
    return Facts(
        shards=plan["shards"],
        shard_bytes=plan["shard_bytes"],
        partitions=plan["partitions"],
        keep=plan["keep"],
        rechunk=plan.get("rechunk", False),
        constants=Constants(**said.pop("constants")),
        **said,
    )
