"""WriteToDdb: puts each key's last record of one partition; counts those that gave way.

Passes over the staged items: the first finds which keys repeat; if some do, the next one finds the last item
of each; the last pass writes. Memory holds the partition's keys, never its records. Where the contract names
an ordering attribute, the last record is the one with the most in it, and an item of the table that has more
stays. Of messages the last is the one that was sent last; one that repeats what is in the table, or is older,
gives way to it.

A writer that an EXPRESS execution waits for hands over before that ends: it says how many items are left, and
the next one passes over those that are done. It reads all of them again, since the log of what was written
holds the whole partition: the writer that finishes it leaves that object. Where items have a rank, nobody
hands over: that the table has an item does not tell whether it is this partition's, so how many were written
is known by one writer alone.
"""

from __future__ import annotations

import functools
import time
from collections import Counter, deque
from datetime import datetime
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline import contracts, outcomes, processed, staged_items, tables
from pipeline.errors import StagedDataBroken
from pipeline.formats import messages
from pipeline.items import typed
from pipeline.tables import Batch, Condition, Put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from decimal import Decimal

    from pipeline.contracts import KeyAttribute
    from pipeline.settings import Settings
    from pipeline.shapes import File, WriteRequest, Written
    from pipeline.staged_items import Part, StagedItem

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
EXPRESS_SECONDS = 300
# No batch is begun later than this before the end: the child's Task gives up 20 s before it, and each of the
# batches under way may be followed by the longest rest (pipeline.pacing).
RESERVE_SECONDS = 60
_ENCODER = msgspec.json.Encoder()
_NEWER = "#order {} :order"
_NEW = "attribute_not_exists(#key) OR attribute_not_exists(#order) OR "
_SENT = "attribute_not_exists(#sent) OR #sent < :sent AND #digest <> :digest"


def write_to_ddb(request: WriteRequest, settings: Settings, seconds_left: Callable[[], float]) -> Written:
    """Write a partition, unless that was done; file order is that of the shards, and of the lines in each.

    `left` in the answer asks to be invoked again, with `written` as what is `done`.
    """
    is_over = _ending(request, seconds_left)
    if not request.get("keep"):
        return _worked(request, settings, is_over)
    file = request["file"]
    kept = outcomes.find_partition(settings, file, request["partition"])
    if kept is not None:
        return kept
    written = _worked(request, settings, is_over)
    if "left" not in written:
        outcomes.keep_partition(settings, file, written)
    return written


def _ending(request: WriteRequest, seconds_left: Callable[[], float]) -> Callable[[], bool] | None:
    """Return what says whether it is time to hand over: before the execution ends, and this invocation."""
    if "started_at" not in request:
        return None
    end = datetime.fromisoformat(request["started_at"]).timestamp() + EXPRESS_SECONDS
    if end < time.time():  # no such execution lives: it began by another clock, as in virtual time
        return lambda: seconds_left() < RESERVE_SECONDS
    return lambda: min(end - time.time(), seconds_left()) < RESERVE_SECONDS


def _worked(request: WriteRequest, settings: Settings, is_over: Callable[[], bool] | None) -> Written:
    file, partition = request["file"], request["partition"]
    shards = sorted(request["shards"], key=lambda shard: shard["shard"]["index"])
    staged = staged_items.Partition(shards, partition)
    table = settings.table_prefix + str(file["dataset"])
    ordered = contracts.order_of(settings.schemas, str(file["contract"]))
    rank = _rank_of(file, ordered.order)
    with processed.Writer(processed.place(settings.output_bucket, file, partition)) as log:
        if rank is None:
            total, distinct, last = last_offsets(staged.parts)
            done = request.get("done", 0)
            batches = _logged(chosen(staged.parts(), last), log)
            in_time = takewhile(lambda _: not (is_over and is_over()), batches)
            # Only the last batch has fewer items, and who has put that one does not hand over.
            to_put = islice(in_time, done // tables.BATCH_ITEMS, None)
            written = done + tables.write_items(table, to_put, is_over)
            if written < distinct:
                log.drop()
                return _unfinished(partition, written, total, distinct)
        else:
            total, places = _newest(_items(staged), rank)
            newest = (each for place, each in enumerate(_items(staged)) if place in places)
            condition = _condition(file, ordered)
            by_message = None
            if file["format"] == "messages":
                group = functools.partial(_items, staged)
                by_message = _put_by(settings, file, condition.names, group)
            put = functools.partial(tables.put_items, table, condition, ours=by_message)
            written = _write_newer(put, file, ordered.order, newest, log)
    return {"partition": partition, "written": written, "superseded": total - written}


def _unfinished(partition: int, written: int, total: int, distinct: int) -> Written:
    return {
        "partition": partition,
        "written": written,
        "superseded": total - distinct,
        "left": distinct - written,
    }


def _logged(parts: Iterable[Part], log: processed.Writer) -> Iterator[Batch]:
    """Yield full batches, and what is left in the end; log what they hold."""
    begun = Batch(0, b"")
    for part in parts:
        log.add(part.text())
        for batch in part.batches(tables.BATCH_ITEMS - begun.items):
            begun = tables.joined(begun, batch) if begun.items else batch
            if begun.items == tables.BATCH_ITEMS:
                yield begun
                begun = Batch(0, b"")
    if begun.items:
        yield begun


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


def _items(staged: staged_items.Partition) -> Iterator[StagedItem]:
    """Yield the items of a partition in file order, of a contract whose items have a rank."""
    for part in staged.parts():
        if not isinstance(part, staged_items.Records):
            raise StagedDataBroken("items that have a rank are staged as columns")
        yield from part.found


Rank = tuple[Any, ...]


def _rank_of(file: File, order: KeyAttribute | None) -> Callable[[StagedItem], Rank] | None:
    """Return what says which of two items is newer, None where that is the one that comes later."""
    by_time = file["format"] == "messages"
    if order is None and not by_time:
        return None

    def rank(item: StagedItem) -> Rank:
        record = item.record
        place = () if order is None else (_comparable(record[order.name]),)
        return (*place, record["_sent"] if by_time else item.offset)

    return rank


def _comparable(value: str | int | Decimal) -> bytes | int | Decimal:
    """Return what DynamoDB compares: numbers by value, strings by their bytes in UTF-8."""
    return value.encode() if isinstance(value, str) else value


def last_offsets(parts: Callable[[], Iterable[Part]]) -> tuple[int, int, dict[bytes, int]]:
    """Return the number of items, of keys, and at which byte the last item begins of each key that repeats.

    Which do is found in a few calls for thousands of keys.
    """
    total, repeated = 0, set[bytes]()
    seen: dict[bytes, None] = {}  # of thousands of keys a set holds more memory
    for part in parts():
        keys = part.keys()
        here = dict.fromkeys(keys)
        if len(here) < len(keys):
            repeated.update(key for key, count in Counter(keys).items() if count > 1)
        repeated.update(seen.keys() & here.keys())
        seen |= here
        total += len(keys)
    distinct = len(seen)
    del seen
    last: dict[bytes, int] = {}
    for part in parts() if repeated else ():
        for key, offset in zip(part.keys(), part.offsets(), strict=True):
            if key in repeated and last.get(key, -1) < offset:
                last[key] = offset
    return total, distinct, last


def chosen(parts: Iterable[Part], last: Mapping[bytes, int]) -> Iterator[Part]:
    """Yield the items that are the last ones of their keys, as `last_offsets` has found them."""
    if not last:
        yield from parts
        return
    for part in parts:
        both = enumerate(zip(part.keys(), part.offsets(), strict=True))
        places = [place for place, (key, offset) in both if last.get(key, offset) == offset]
        if places:
            yield part.at(places)


def _newest(items: Iterable[StagedItem], rank: Callable[[StagedItem], Rank]) -> tuple[int, set[int]]:
    """Return the number of items, and the place of each key's newest one; of equals the last."""
    total, newest, places = 0, dict[str, Rank](), dict[str, int]()
    for place, each in enumerate(items):
        total, found = place + 1, rank(each)
        if each.key not in newest or newest[each.key] <= found:
            newest[each.key], places[each.key] = found, place
    return total, set(places.values())
