"""WriteToDdb: puts each key's last record of one partition; counts those that gave way.

Two passes over the staged items: the first finds the last one of each key, the second writes those. Memory
holds the partition's keys, never its records. Where the contract names an ordering attribute, the last record
is the one with the most in it, and an item of the table that has more stays. Of messages the last is the one
that was sent last; one that repeats what is in the table, or is older, gives way to it.
"""

from __future__ import annotations

import functools
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pipeline import contracts, outcomes, oversize, processed, staging, tables
from pipeline.formats import messages
from pipeline.items import typed, typed_record
from pipeline.tables import Condition, Put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pipeline.contracts import KeyAttribute
    from pipeline.settings import Settings
    from pipeline.shapes import File, ShardOutcome, WriteRequest, Written
    from pipeline.values import Record

_DECODER = msgspec.json.Decoder(tuple[str, int, msgspec.Raw])
_RECORDS = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ENCODER = msgspec.json.Encoder()
_NEWER = "#order {} :order"
_NEW = "attribute_not_exists(#key) OR attribute_not_exists(#order) OR "
_MOVED = b'"%b":' % oversize.BODY.encode()
_SENT = "attribute_not_exists(#sent) OR #sent < :sent AND #digest <> :digest"


class StagedItem(NamedTuple):
    """An item of a partition: its key, its line in the file, its attributes as JSON."""

    key: str
    line: int
    attributes: msgspec.Raw

    @property
    def record(self) -> Record:
        """Its attributes."""
        return _RECORDS.decode(self.attributes)

    @property
    def item(self) -> bytes:
        """Its attributes as DynamoDB's JSON."""
        return _ENCODER.encode(typed_record({**self.record, "_line": self.line}))

    @property
    def json(self) -> bytes:
        """Its attributes as JSON, all of them, also where the item keeps a part."""
        attributes = bytes(self.attributes)
        if _MOVED in attributes and (place := self.record.get(oversize.BODY)):
            attributes = oversize.whole(place)
        return attributes[:-1] + b',"_line":%d}' % self.line


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
    rank = _rank_of(file, ordered.order)
    total, last = _last_positions(_items(shards, partition), rank)
    chosen = _chosen(_items(shards, partition), last)
    with processed.Writer(processed.place(settings.output_bucket, file, partition)) as log:
        if rank is None:
            written = tables.write_items(table, _logged(chosen, log))
        else:
            condition = _condition(file, ordered)
            by_message = None
            if file["format"] == "messages":
                group = functools.partial(_items, shards, partition)
                by_message = _put_by(settings, file, condition.names, group)
            put = functools.partial(tables.put_items, table, condition, ours=by_message)
            written = _write_newer(put, file, ordered.order, chosen, log)
    return {"partition": partition, "written": written, "superseded": total - written}


def _logged(items: Iterable[StagedItem], log: processed.Writer) -> Iterator[bytes]:
    for each in items:
        log.add(each.json)
        yield each.item


def _write_newer(
    put: Callable[[Iterable[Put]], Iterator[bool]],
    file: File,
    order: KeyAttribute | None,
    items: Iterable[StagedItem],
    log: processed.Writer,
) -> int:
    """Put items that are newer than what the table has; return how many were."""
    waiting: deque[StagedItem] = deque()

    def puts() -> Iterator[Put]:
        for each in items:
            waiting.append(each)
            yield _put(each, file, order)

    written = 0
    for newer in put(puts()):
        each = waiting.popleft()
        if newer:
            written += 1
            log.add(each.json)
    return written


def _condition(file: File, ordered: contracts.Ordered) -> Condition:
    names = {"#key": ordered.key.name}
    if ordered.order is not None:
        names["#order"] = ordered.order.name
    if file["format"] != "messages":
        return Condition(_NEW + _NEWER.format("<="), names)
    names |= {"#sent": "_sent", "#digest": "_digest"}
    if ordered.order is None:
        return Condition(f"attribute_not_exists(#key) OR {_SENT}", names)
    return Condition(f"{_NEW}{_NEWER.format('<')} OR {_NEWER.format('=')} AND ({_SENT})", names)


def _put(item: StagedItem, file: File, order: KeyAttribute | None) -> Put:
    record = item.record
    values = {} if order is None else {":order": record[order.name]}
    if file["format"] == "messages":
        values |= {":sent": record["_sent"], ":digest": record["_digest"]}
    return Put(item.item, {name: _ENCODER.encode(typed(value)) for name, value in values.items()})


def _put_by(
    settings: Settings, file: File, names: Mapping[str, str], group: Callable[[], Iterable[StagedItem]]
) -> Callable[[Put, Mapping[str, Any]], bool | Condition]:
    """Return what tells whether the item that is there was put by an earlier try with the same messages.

    A try with all of them has the same group: what it put is ours. A group that failed half-way sends its
    messages back, and they come in others: what it put is taken over, unless it told of it to the end.
    """
    ended = functools.cache(functools.partial(processed.is_there, settings.output_bucket, file))
    ours = functools.cache(lambda: frozenset(item.record["_sent"] for item in group()))
    equal = [f"{name} = :{name[1:]}" for name in names if name not in ("#key", "#sent")]
    taken_over = Condition(
        " AND ".join(["#sent <= :sent", *equal]), {name: names[name] for name in names if name != "#key"}
    )

    def is_ours(put: Put, there: Mapping[str, Any]) -> bool | Condition:
        if "_sent" not in there or "_file_id" not in there:
            return False
        sent, by = there["_sent"]["S"], there["_file_id"]["S"]
        if by == file["id"]:
            return bool(there["_sent"] == msgspec.json.decode(put.values[":sent"]))
        return sent in ours() and not ended(by, messages.sent_at(sent)) and taken_over

    return is_ours


def _items(shards: Sequence[ShardOutcome], partition: int) -> Iterator[StagedItem]:
    """Yield the items of a partition in file order."""
    before = 0
    for shard in shards:
        for staged in staging.read_partition(shard["staged"], partition):
            key, line, attributes = _DECODER.decode(staged)
            yield StagedItem(key, before + line, attributes)
        before += shard["lines"]


Rank = tuple[Any, ...]


def _rank_of(file: File, order: KeyAttribute | None) -> Callable[[StagedItem], Rank] | None:
    """Return what says which of two items is newer, None where that is the one that comes later."""
    by_time = file["format"] == "messages"
    if order is None and not by_time:
        return None

    def rank(item: StagedItem) -> Rank:
        record = item.record
        place = () if order is None else (_comparable(record[order.name]),)
        return (*place, record["_sent"]) if by_time else place

    return rank


def _comparable(value: str | int | Decimal) -> bytes | int | Decimal:
    """Return what DynamoDB compares: numbers by value, strings by their bytes in UTF-8."""
    return value.encode() if isinstance(value, str) else value


def _last_positions(
    items: Iterable[StagedItem], rank: Callable[[StagedItem], Rank] | None
) -> tuple[int, dict[str, int]]:
    """Return the number of items, and the position of each key's newest one; of equals the last."""
    total, last = 0, dict[str, int]()
    if rank is None:
        for total, each in enumerate(items, 1):
            last[each.key] = total
        return total, last
    newest: dict[str, Rank] = {}
    for total, each in enumerate(items, 1):
        found = rank(each)
        if each.key not in newest or newest[each.key] <= found:
            newest[each.key], last[each.key] = found, total
    return total, last


def _chosen(items: Iterable[StagedItem], positions: Mapping[str, int]) -> Iterator[StagedItem]:
    return (each for position, each in enumerate(items, 1) if positions[each.key] == position)
