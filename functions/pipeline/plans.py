"""The plan for an object: byte ranges to read in parallel, partitions of its keys to write in parallel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import ObjectTooLarge

if TYPE_CHECKING:
    from pipeline.routing import Route
    from pipeline.shapes import Plan

MIB = 1024 * 1024
# A child execution of type EXPRESS lives five minutes
# (https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html): a shard takes seconds.
SHARD_BYTES = 32 * MIB
# Their outcomes travel in one payload of 256 KiB, to Notify with those of the partitions.
MAX_SHARDS = 128
# What one invocation reads at most, splittable or not.
MAX_SHARD_BYTES = 256 * MIB
# One writer holds the keys of a partition in memory.
PARTITION_BYTES = 16 * MIB
MAX_PARTITIONS = 512
# What gzip makes of JSON and CSV, on average; only the number of partitions follows from it.
GZIP_RATIO = 8

NOTHING: Plan = {"shards": 0, "shard_bytes": 0, "partitions": 0, "keep": False}


def plan(
    size: int, route: Route, *, shard_bytes: int = SHARD_BYTES, partition_bytes: int = PARTITION_BYTES
) -> Plan:
    """Cut an object of `size` bytes; raises ObjectTooLarge."""
    per_shard = max(shard_bytes, -(-size // MAX_SHARDS)) if route.splittable else size
    if per_shard > MAX_SHARD_BYTES:
        kind = (
            "an object of its format"
            if route.splittable
            else "one that cannot be split (gzip, JSON, CSV with quotes)"
        )
        most = MAX_SHARD_BYTES * (MAX_SHARDS if route.splittable else 1)
        raise ObjectTooLarge(f"{size} bytes; {kind} may have {most}: cut it into several")
    raw = size * GZIP_RATIO if route.compression == "gzip" else size
    shards = max(1, -(-size // per_shard)) if size else 1
    partitions = min(MAX_PARTITIONS, max(1, -(-raw // partition_bytes)))
    return {
        "shards": shards,
        "shard_bytes": max(1, per_shard),
        "partitions": partitions,
        "keep": shards > 1 or partitions > 1,
    }
