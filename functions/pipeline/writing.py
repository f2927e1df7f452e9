"""WriteToDdb: puts each key's last record of one partition; counts those that gave way.

Two passes over the staged items: the first finds the last one of each key, the second writes those. Memory
holds the partition's keys, never its records. Where the contract names an ordering attribute, the last record
is the one with the most in it, and an item of the table that has more stays.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pipeline import contracts, outcomes, staging, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.contracts import KeyAttribute
    from pipeline.settings import Settings
    from pipeline.shapes import ShardOutcome, WriteRequest, Written

_DECODER = msgspec.json.Decoder(tuple[str, int, msgspec.Raw])
_ATTRIBUTES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TYPED = msgspec.json.Decoder(dict[str, str])


class StagedItem(NamedTuple):
    """An item of a partition: its key, its line in the file, its attributes as DynamoDB's JSON."""

    key: str
    line: int
    attributes: msgspec.Raw


def write_to_ddb(request: WriteRequest, settings: Settings) -> Written:
    """Write a partition, unless that was done; file order is that of the shards, and of the lines in each."""
    if not request.get("keep"):
        return _worked(request, settings)
    file = request["file"]
    kept = outcomes.find_partition(settings, file, request["partition"])
    if kept is not None:
        return kept
    written = _worked(request, settings)
    outcomes.keep_partition(settings, file, written)
    return written


def _worked(request: WriteRequest, settings: Settings) -> Written:
    file, partition = request["file"], request["partition"]
    shards = sorted(request["shards"], key=lambda shard: shard["shard"]["index"])
    table = settings.table_prefix + str(file["dataset"])
    ordered = contracts.order_of(settings.schemas, str(file["contract"]))
    if ordered is None:
        total, last = _last_positions(_items(shards, partition))
        written = tables.write_items(table, map(_item, _chosen(_items(shards, partition), last)))
    else:
        key, order = ordered
        total, last = _newest_positions(_items(shards, partition), order)
        items = ((_item(each), _order(each, order)) for each in _chosen(_items(shards, partition), last))
        written = tables.write_newer_items(table, key.name, order.name, items)
    return {"partition": partition, "written": written, "superseded": total - written}


def _items(shards: Sequence[ShardOutcome], partition: int) -> Iterator[StagedItem]:
    """Yield the items of a partition in file order."""
    before = 0
    for shard in shards:
        for staged in staging.read_partition(shard["staged"], partition):
            key, line, attributes = _DECODER.decode(staged)
            yield StagedItem(key, before + line, attributes)
        before += shard["lines"]


def _last_positions(items: Iterable[StagedItem]) -> tuple[int, dict[str, int]]:
    """Return the number of items, and the position of each key's last one."""
    total, last = 0, dict[str, int]()
    for total, each in enumerate(items, 1):
        last[each.key] = total
    return total, last


def _newest_positions(items: Iterable[StagedItem], order: KeyAttribute) -> tuple[int, dict[str, int]]:
    """Return the number of items, and the position of each key's newest one; of equals the last."""
    total, newest = 0, dict[str, tuple[bytes | Decimal, int]]()
    for total, each in enumerate(items, 1):
        rank = _rank(_order(each, order), order)
        if each.key not in newest or newest[each.key][0] <= rank:  # type: ignore[operator]
            newest[each.key] = rank, total
    return total, {key: position for key, (_, position) in newest.items()}


def _rank(value: bytes, order: KeyAttribute) -> bytes | Decimal:
    """Return what DynamoDB compares: numbers by value, strings by their bytes in UTF-8."""
    text = _TYPED.decode(value)[order.type]
    return Decimal(text) if order.type == "N" else text.encode()


def _order(item: StagedItem, order: KeyAttribute) -> bytes:
    return bytes(_ATTRIBUTES.decode(item.attributes)[order.name])


def _chosen(items: Iterable[StagedItem], positions: dict[str, int]) -> Iterator[StagedItem]:
    return (each for position, each in enumerate(items, 1) if positions[each.key] == position)


def _item(item: StagedItem) -> bytes:
    return bytes(item.attributes)[:-1] + b',"_line":{"N":"%d"}}' % item.line
