"""WriteToDdb: puts each key's last record of one partition; counts those that it replaced.

Two passes over the staged items: the first finds the last one of each key, the second writes those. Memory
holds the partition's keys, never its records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pipeline import staging, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.settings import Settings
    from pipeline.shapes import ShardOutcome, WriteRequest, Written

_DECODER = msgspec.json.Decoder(tuple[str, int, msgspec.Raw])


def write_to_ddb(request: WriteRequest, settings: Settings) -> Written:
    """Write a partition; file order is that of the shards, and of the lines within each."""
    partition = request["partition"]
    shards = sorted(request["shards"], key=lambda shard: shard["shard"]["index"])
    last: dict[str, int] = {}
    total = 0
    for total, (key, _, _) in enumerate(_items(shards, partition), 1):
        last[key] = total
    table = settings.table_prefix + str(request["file"]["dataset"])
    written = tables.write_items(table, _last_ones(_items(shards, partition), last))
    return {"partition": partition, "written": written, "superseded": total - written}


def _items(shards: Sequence[ShardOutcome], partition: int) -> Iterator[tuple[str, int, msgspec.Raw]]:
    """Yield (key, line of the file, attributes) of a partition in file order."""
    before = 0
    for shard in shards:
        for staged in staging.read_partition(shard["staged"], partition):
            key, line, item = _DECODER.decode(staged)
            yield key, before + line, item
        before += shard["lines"]


def _last_ones(items: Iterator[tuple[str, int, msgspec.Raw]], last: dict[str, int]) -> Iterator[bytes]:
    for position, (key, line, item) in enumerate(items, 1):
        if last[key] == position:
            yield bytes(item)[:-1] + b',"_line":{"N":"%d"}}' % line
