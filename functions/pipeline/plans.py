"""The plan for an object: byte ranges to read in parallel, partitions of its keys to write in parallel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import ObjectTooLarge
from pipeline.formats.rows import DELIMITERS

if TYPE_CHECKING:
    from pipeline.routing import Route
    from pipeline.shapes import File, Plan, Shard

MIB = 1024 * 1024
# A child execution of type EXPRESS lives five minutes
# (https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html): a shard takes seconds.
SHARD_BYTES = 32 * MIB
# Their outcomes travel in one payload of 256 KiB, to Notify with those of the partitions.
MAX_SHARDS = 128
# What one invocation reads at most; what cannot be split and has more is cut into chunks first.
MAX_SHARD_BYTES = 256 * MIB
# Chunks are shards: so large that their number bounds no text that is to be expected.
CHUNK_BYTES = 128 * MIB
# Text that cannot be split, once it is unpacked.
MAX_TEXT_BYTES = MAX_SHARDS * CHUNK_BYTES
# One writer holds all keys of a partition in memory, and has five minutes for its items. A row of CSV may
# be a third as long as the same record in JSON.
PARTITION_BYTES = 8 * MIB
ROWS_PARTITION_BYTES = 3 * MIB
MAX_PARTITIONS = 512
# What gzip makes of JSON and CSV, on average; only the number of partitions follows from it, and whether
# the text is cut into chunks at once. Where it is wrong, that shows while the object is read.
GZIP_RATIO = 8

NOTHING: Plan = {"shards": 0, "shard_bytes": 0, "partitions": 0, "keep": False}


def plan(
    size: int, route: Route, *, shard_bytes: int = SHARD_BYTES, partition_bytes: int | None = None
) -> Plan:
    """Plan for an object of `size` bytes; raises ObjectTooLarge."""
    if not route.splittable:
        return _plan_of_one_piece(size, route, partition_bytes)
    per_shard = max(shard_bytes, -(-size // MAX_SHARDS))
    if per_shard > MAX_SHARD_BYTES:
        raise too_large(size, MAX_SHARD_BYTES * MAX_SHARDS)
    shards = max(1, -(-size // per_shard))
    partitions = partitions_of(size, route.format, partition_bytes)
    keep = shards > 1 or partitions > 1
    return {"shards": shards, "shard_bytes": per_shard, "partitions": partitions, "keep": keep}


def _plan_of_one_piece(size: int, route: Route, partition_bytes: int | None) -> Plan:
    text = size * GZIP_RATIO if route.compression == "gzip" else size
    partitions = partitions_of(text, route.format, partition_bytes)
    plan: Plan = {"shards": 1, "shard_bytes": max(1, size), "partitions": partitions, "keep": partitions > 1}
    if text <= MAX_SHARD_BYTES:
        return plan
    if size > MAX_TEXT_BYTES:
        raise too_large(size, MAX_TEXT_BYTES)
    return {**plan, "shard_bytes": CHUNK_BYTES, "keep": True, "rechunk": True}


def partitions_of(text: int, format_: str, partition_bytes: int | None = None) -> int:
    """Return how many writers share the keys of so many bytes of text in a format."""
    usual = ROWS_PARTITION_BYTES if format_ in DELIMITERS else PARTITION_BYTES
    return min(MAX_PARTITIONS, max(1, -(-text // (partition_bytes or usual))))


def too_large(size: int, most: int) -> ObjectTooLarge:
    """Return the error of an object that has more bytes than may be."""
    return ObjectTooLarge(f"{size} bytes; an object of its format may have {most}: cut it into several")


def ranges(plan: Plan, size: int) -> list[Shard]:
    """Return the shards of an object that can be split."""
    per_shard = plan["shard_bytes"]
    return [
        {"index": index, "start": index * per_shard, "end": min((index + 1) * per_shard, size)}
        for index in range(plan["shards"])
    ]


def text_size(file: File) -> int:
    """Return how many bytes the shards of a file have together."""
    return file["chunks"]["bytes"] if "chunks" in file else file["size"]
