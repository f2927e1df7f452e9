"""Which calls of AWS the functions make for a file, and for a batch of messages, when all goes well.

A count of calls is kept by function and operation, as `("enrich", "s3:GetObject")`. A test holds these counts
to the calls that the functions make: tests/costs/test_calls.py.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.costs.facts import Facts

Calls = Counter[tuple[str, str]]
HEAD, GET, PUT, LIST = "s3:HeadObject", "s3:GetObject", "s3:PutObject", "s3:ListObjectsV2"
CREATE, PART, COMPLETE = "s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload"
UPDATE_ITEM, PUT_ITEM, BATCH_WRITE = "dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:BatchWriteItem"
PUBLISH = "sns:Publish"
# Alerts of a file of which people are told one by one (functions/pipeline/notifying.py), and how many rows of
# `told` are marked at once (functions/pipeline/told.py).
TOLD_SINGLY, MARKED_AT_ONCE = 20, 25
# A writer passes over its items twice: to find the last one of each key, and to write those. What it has read
# stays in memory up to here (functions/pipeline/staged_items.py).
KEPT_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class Ratios:
    """Bytes in S3 by bytes staged: what zstd leaves of lines parsed, enriched and processed, and of text."""

    parsed: float
    enriched: float
    processed: float
    text: float


class Round(NamedTuple):
    """An invocation that cuts a file into chunks: the first and the last one that it writes."""

    first: int
    last: int


@dataclass(frozen=True)
class Load:
    """What is in a file beside its plan: its records, how many are rejected, how many raise an alert."""

    records: int
    rejected: int = 0
    alerts: int = 0

    @property
    def valid(self) -> int:
        """Records that become items."""
        return self.records - self.rejected


def of_file(facts: Facts, size: int, load: Load, ratios: Ratios, rounds: Sequence[Round] = ()) -> Calls:
    """Return the calls for a file that no execution has worked on before.

    One that is cut into chunks first is so in `rounds`.
    """
    calls = of_collecting(facts, size)
    for each in rounds:
        calls += of_round(facts, size, each, ratios)
    for shard in range(facts.shards):
        _parse(calls, facts, shard, size, load, ratios)
        _enrich(calls, facts, load, ratios)
    _write(calls, facts, load, ratios)
    _notify(calls, facts, load)
    if load.rejected:
        # The records, and why they were put aside.
        calls["parse_and_validate", PUT] += 2 * min(facts.shards, load.rejected)
    if load.alerts:
        calls["enrich", PUT] += min(facts.shards, load.alerts)
    return calls


def of_batch(facts: Facts, messages: int, ratios: Ratios) -> Calls:
    """Return the calls for a batch of valid messages of one dataset; SQS's own are those of the pipe."""
    calls: Calls = Counter()
    body = facts.record_bytes * messages
    contents = [body * ratios.parsed, facts.parsed_bytes * messages * ratios.parsed]
    contents.append(facts.enriched_bytes * messages * ratios.enriched)
    handed = [math.ceil(each / 3) * 4 <= facts.constants.inline_characters for each in contents]
    for function, inline in zip(("collect_messages", "parse_and_validate", "enrich"), handed, strict=True):
        calls[function, PUT] += not inline
    for function, reads in (("parse_and_validate", 1), ("enrich", 1), ("write_to_ddb", 1)):
        inline = handed[("parse_and_validate", "enrich", "write_to_ddb").index(function)]
        calls[function, HEAD] += 0 if inline else reads
        calls[function, GET] += 0 if inline else reads * (1 + (function == "write_to_ddb"))
    calls["write_to_ddb", PUT_ITEM] += messages
    calls["write_to_ddb", PUT] += 1
    calls["notify", PUT_ITEM] += 1
    return +calls


def of_collecting(facts: Facts, size: int) -> Calls:
    """Return the calls of CollectData."""
    calls: Calls = Counter()
    calls["collect_data", HEAD] += 1
    calls["collect_data", GET] += bool(facts.preview and size)
    calls["collect_data", UPDATE_ITEM] += 1
    calls["collect_data", PUT] += facts.shards > 1 and not facts.rechunk  # their ranges, for the Map
    return calls


def of_round(facts: Facts, size: int, round_: Round, ratios: Ratios) -> Calls:
    """Return the calls of an invocation that cuts a file into chunks."""
    calls: Calls = Counter()
    calls["rechunk", LIST] += 1  # what is done
    calls["rechunk", GET] += math.ceil(raw_bytes(facts, size, round_) / facts.constants.range_bytes)
    if round_.first and facts.cut == "values":  # does the text begin as an array does?
        calls["rechunk", HEAD] += 1
        calls["rechunk", GET] += 1
    for chunk in range(round_.first, round_.last + 1):
        _upload(calls, "rechunk", facts, chunk_bytes(facts, chunk) * ratios.text)
    calls["rechunk", PUT] += round_.last == facts.shards - 1  # their ranges, for the workflow's Map
    return calls


def raw_bytes(facts: Facts, size: int, round_: Round) -> float:
    """Return how many bytes of the object an invocation reads: of a gzip all from its start."""
    end = min((round_.last + 1) * facts.shard_bytes, facts.text_bytes)
    begin = 0 if facts.unpacked else round_.first * facts.shard_bytes
    return (end - begin) * size / facts.text_bytes


def chunk_bytes(facts: Facts, chunk: int) -> int:
    """Return how much text a chunk has: the last one what is left."""
    return min(facts.shard_bytes, facts.text_bytes - chunk * facts.shard_bytes)


def _parse(calls: Calls, facts: Facts, shard: int, size: int, load: Load, ratios: Ratios) -> None:
    if facts.rechunk:
        _read_chunk(calls, facts, shard, ratios)
    else:
        _read_range(calls, facts, shard, size)
    _upload(
        calls, "parse_and_validate", facts, facts.parsed_bytes * load.valid / facts.shards * ratios.parsed
    )


def _read_chunk(calls: Calls, facts: Facts, chunk: int, ratios: Ratios) -> None:
    packed = chunk_bytes(facts, chunk) * ratios.text
    # Of the first chunk, what the file begins with: a header, or an array.
    again = bool(chunk and (facts.header or facts.cut == "values"))
    calls["parse_and_validate", HEAD] += 1 + again
    calls["parse_and_validate", GET] += math.ceil(packed / facts.constants.range_bytes) + again


def _read_range(calls: Calls, facts: Facts, shard: int, size: int) -> None:
    start = shard * facts.shard_bytes
    end = size if facts.shards == 1 else min(start + facts.shard_bytes, size)
    begun = start - 1 if start else 0  # a shard looks at the byte before it: is it a line's end?
    gets = math.ceil((end - begun) / facts.constants.range_bytes)
    gets += end < size  # where the shard's last line ends
    gets += bool(start and facts.header)
    calls["parse_and_validate", GET] += gets


def _enrich(calls: Calls, facts: Facts, load: Load, ratios: Ratios) -> None:
    staged = facts.parsed_bytes * load.valid / facts.shards * ratios.parsed
    calls["enrich", HEAD] += 1
    calls["enrich", GET] += math.ceil(staged / facts.constants.range_bytes)
    _upload(calls, "enrich", facts, facts.enriched_bytes * load.valid / facts.shards * ratios.enriched)
    calls["enrich", PUT] += 1 + (facts.keep and facts.in_shards)  # the shard's part of the summary


def _write(calls: Calls, facts: Facts, load: Load, ratios: Ratios) -> None:
    pairs = readings(facts, load, ratios) * facts.partitions * facts.shards
    calls["write_to_ddb", HEAD] += pairs
    calls["write_to_ddb", GET] += pairs + pairs * ranges_read(facts, load, ratios)
    items = load.valid / facts.partitions
    if facts.ordered:
        calls["write_to_ddb", PUT_ITEM] += load.valid
    else:
        calls["write_to_ddb", BATCH_WRITE] += batches(facts, load)
    for _ in range(facts.partitions if load.valid else 0):
        _upload(calls, "write_to_ddb", facts, facts.processed_bytes * items * ratios.processed)
    calls["write_to_ddb", PUT] += facts.partitions if facts.keep and facts.partitions > 1 else 0


def readings(facts: Facts, load: Load, ratios: Ratios) -> int:
    """Return how often a writer reads its partition from S3."""
    packed = facts.enriched_bytes * load.valid / facts.partitions * ratios.enriched
    return 1 if packed <= KEPT_BYTES else 2


def batches(facts: Facts, load: Load) -> int:
    """Return how many batches of items are written, where some are half full.

    Of columns it is the last one of each frame, and there is one more: of the lines that ranges have cut.
    """
    begun = facts.partitions / 2 if facts.partitions > 1 else 0.0
    if facts.part_overhead:
        begun = (frames(facts, load) + 1) * facts.shards * facts.partitions / 2
    return math.ceil(load.valid / facts.constants.batch_items + begun)


def frames(facts: Facts, load: Load) -> int:
    """Return in how many frames a partition's items of one shard are staged.

    A frame is written when its partition has enough, or when all of them together have too much.
    """
    in_shard = load.valid / facts.shards
    part = max(1.0, min(facts.part_records, in_shard) / facts.partitions)
    added = part * facts.held_bytes + facts.part_overhead
    held = in_shard / facts.partitions / part * added
    frame = math.ceil(facts.frame_bytes / added) * added
    if facts.partitions * frame > facts.constants.buffered_bytes:
        frame = min(frame, facts.constants.buffered_bytes / facts.partitions)
    return math.ceil(held / frame) if held else 0


def ranges_read(facts: Facts, load: Load, ratios: Ratios) -> int:
    """Return in how many requests a partition's part of one shard is read, once.

    One partition's frames lie side by side, and are read in ranges. Of several, each frame is read alone.
    """
    if facts.partitions > 1:
        return frames(facts, load)
    held = facts.enriched_bytes * load.valid / facts.shards
    return math.ceil(held * ratios.enriched / facts.constants.range_bytes)


def _notify(calls: Calls, facts: Facts, load: Load) -> None:
    singles = min(load.alerts, TOLD_SINGLY)
    calls["notify", UPDATE_ITEM] += 1 + (2 * singles + 1 if singles else 0)
    calls["notify", BATCH_WRITE] += math.ceil(singles / MARKED_AT_ONCE)
    calls["notify", PUBLISH] += 1 + singles
    logs = min(facts.shards, singles)
    parts = facts.shards + min(facts.shards, load.rejected)
    calls["notify", HEAD] += logs + parts
    calls["notify", GET] += logs + parts
    calls["notify", PUT] += 1 + bool(load.rejected)


def _upload(calls: Calls, function: str, facts: Facts, size: float) -> None:
    part = facts.constants.part_bytes
    if size < part:
        calls[function, PUT] += 1
        return
    calls[function, CREATE] += 1
    calls[function, PART] += math.ceil(size / part)
    calls[function, COMPLETE] += 1
