"""Enrich: turns valid records into items of their table, sorted into partitions of their keys.

Pseudonyms come first, so that nothing can be derived from what they hide; then renames, derivations, the time
to live, lineage, alerts. What cannot become an item is put aside with the bytes that it came from.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pipeline import (
    column_enriching,
    columns,
    contracts,
    derivations,
    items,
    outcomes,
    oversize,
    reading,
    refusals,
    staging,
    summaries,
)
from pipeline.alerts import AlertLog, alert_of, raised, rules_of
from pipeline.columns import LINE, OFFSET
from pipeline.documents import pointer
from pipeline.errors import StagedDataBroken
from pipeline.formats.lines import Tally
from pipeline.formats.messages import message_of
from pipeline.pseudonyms import content_hash, pseudonym, pseudonym_key
from pipeline.quarantine import Quarantine
from pipeline.rejects import Reject, count_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.columns import Columns
    from pipeline.contracts import AlertRule, Contract
    from pipeline.refusals import Rejected
    from pipeline.settings import Settings
    from pipeline.shapes import Enriched, EnrichRequest, File, Location, Refusal
    from pipeline.values import Record

_DECODER = msgspec.json.Decoder(tuple[int, int, str | None, dict[str, Any]], float_hook=Decimal)
_RECORDS = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
# Of the hash by which a writer tells that a message repeats what is in the table.
DIGEST_DIGITS = 22


class Item(NamedTuple):
    """An item that can be written: its key as a text, its attributes as JSON, and the alerts it raised."""

    key: str
    encoded: bytes
    record: Record
    alerts: Sequence[AlertRule]


def enrich(request: EnrichRequest, settings: Settings) -> Enriched:
    """Return a shard's counts, and where its items are: what was kept of them, or what comes of work."""
    if "before" in request["parsed"]:
        return request["parsed"]["before"]
    enriched = _worked(request, settings)
    if request.get("keep"):
        outcomes.keep_shard(settings, request["file"], request["parsed"], enriched)
    return enriched


def _worked(request: EnrichRequest, settings: Settings) -> Enriched:
    file, shard = request["file"], request["shard"]
    catalogue = contracts.catalogue(settings.schemas)
    contract = catalogue.contract(str(file["contract"]))
    enrichment = Enrichment(
        contract,
        file,
        functools.partial(pseudonym_key, settings.pseudonym_key_parameter),
        functools.partial(oversize.move, bucket=settings.output_bucket),
    )
    place = staging.enriched_place(settings.staging_bucket, file, shard["index"])
    summary = summaries.Summary(contract)
    with (
        staging.PartitionWriter(place, inline=staging.room_beside(request.get("content"))) as staged,
        AlertLog(settings.output_bucket, file, shard["index"]) as alert_log,
    ):
        work = Work(enrichment, request["partitions"], staged, alert_log, summary)
        for frame in staging.read_frames(request["parsed"]["staged"]):
            if columns.is_columns(frame):
                work.on_columns(columns.decoded(frame))
                continue
            for staged_line in frame.split(b"\n")[:-1]:
                work.on_record(*_DECODER.decode(staged_line), len(staged_line))
    aside = _put_aside(settings, request, contract, work.rejects, summary)
    if "content" not in request:
        summaries.keep(summary, staged.staged, "enrich")
    answer: Enriched = {
        "enriched": work.enriched,
        "quarantined": aside.records,
        "alerts": alert_log.count,
        "staged": staged.staged,
        "quarantine_enrich": aside.place,
        "alerts_object": alert_log.written,
        "reasons_enrich": aside.reasons,
    }
    if "content" in request:
        answer["refusals_enrich"] = aside.refusals
    return answer


class Work:
    """What becomes of a shard's records, one by one or as columns."""

    def __init__(
        self,
        enrichment: Enrichment,
        partitions: int,
        staged: staging.PartitionWriter,
        alert_log: AlertLog,
        summary: summaries.Summary,
    ) -> None:
        self.enriched = 0
        self.rejects: dict[int, Reject] = {}
        self._enrichment = enrichment
        self._partitions = partitions
        self._staged = staged
        self._alert_log = alert_log
        self._summary = summary

    def on_record(self, line: int, offset: int, sent: str | None, record: Record, size: int) -> None:
        """Stage the item of a record that was staged in `size` bytes, or keep why there is none."""
        item = self._enrichment.item(record, offset, sent)
        if isinstance(item, Reject):
            self.rejects[offset] = item
            return
        self.enriched += 1
        if sent is None:
            self._summary.add(item.record, size)
        partition = items.partition_of(columns.key_text(item.key), self._partitions)
        self._staged.add(partition, _ENCODER.encode((item.key, line, offset, msgspec.Raw(item.encoded))))
        message = None if sent is None else message_of(sent)
        for rule in item.alerts:
            self._summary.alerts[rule.name] += 1
            self._alert_log.put(alert_of(rule, item.record, item.key, line, message))

    def on_columns(self, found: Columns) -> None:
        """Stage what becomes items as it is; the others go the general way."""
        in_columns = self._enrichment.in_columns
        if in_columns is None:
            made = column_enriching.Enriched(None, list(range(found.records)))
        else:
            made = in_columns.enriched(found)
        if made.items is not None:
            self.enriched += made.items.records
            self._summary.add_columns(made.items.records, functools.partial(_text, made.items))
            for partition, part in _sorted(made.items, self._partitions):
                self._staged.add_columns(partition, part)
        if made.others:
            self._on_each(found.selected(made.others))

    def _on_each(self, found: Columns) -> None:
        texts = [found.tokens(place) for place in range(len(found.texts))]
        numbers, offsets = (map(int, found.tokens(found.head.names.index(name))) for name in (LINE, OFFSET))
        for line, offset, tokens in zip(numbers, offsets, zip(*texts, strict=True), strict=True):
            text = columns.record(found, tokens)
            self.on_record(line, offset, None, _RECORDS.decode(text), len(text))


def _text(found: Columns, field: summaries.Field) -> bytes | None:
    """Return the column of a field, None where the records have no such one."""
    names = found.head.names
    return found.texts[names.index(field.attribute)] if field.attribute in names else None


def _sorted(found: Columns, partitions: int) -> Iterator[tuple[int, Columns]]:
    """Yield the records of each partition."""
    if partitions == 1:
        yield 0, found
        return
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, key in enumerate(found.keys()):
        places[items.partition_of(key, partitions)].append(place)
    texts = [found.tokens(column) for column in range(len(found.texts))]
    for partition, chosen in places.items():
        joined = tuple(columns.TAB.join([tokens[place] for place in chosen]) for tokens in texts)
        yield partition, found._replace(records=len(chosen), texts=joined)


class Aside(NamedTuple):
    """What was put aside: where, how many records, for which reasons; and which messages go back."""

    place: Location | None
    records: int
    reasons: dict[str, int]
    refusals: list[Refusal]


def _put_aside(
    settings: Settings,
    request: EnrichRequest,
    contract: Contract,
    rejects: dict[int, Reject],
    summary: summaries.Summary,
) -> Aside:
    """Quarantine the records at the given offsets: the shard is read again, for their bytes."""
    if not rejects:
        return Aside(None, 0, {}, [])
    file, shard = request["file"], request["shard"]
    rejected: Iterable[Rejected] = _rejected(settings, request, contract, rejects)
    refused = refusals.refused(settings, file, rejected) if "content" in request else None
    reasons: dict[str, int] = {}
    with Quarantine(settings.output_bucket, file, "enrich", shard["index"]) as quarantine:
        for candidate, reject in rejected if refused is None else refused.new:
            count_reason(reasons, reject.rule)
            summary.reasons.add(candidate, reject)
            quarantine.put(candidate, reject)
    kept = refused.keep(settings) if refused is not None else []
    return Aside(quarantine.written, quarantine.count, reasons, kept)


def _rejected(
    settings: Settings, request: EnrichRequest, contract: Contract, rejects: dict[int, Reject]
) -> Iterator[Rejected]:
    """Yield the records at the given offsets; raises StagedDataBroken where one is not found again."""
    file, seen = request["file"], 0
    one_line = contracts.catalogue(settings.schemas).one_line_records(contract.name, file["key"])
    for candidate in reading.candidates(
        file, request["shard"], contract, Tally(), request.get("content"), one_line_records=one_line
    ):
        if reject := rejects.get(candidate.offset):
            seen += 1
            yield candidate, reject
    if seen != len(rejects):
        raise StagedDataBroken(f"{seen} of {len(rejects)} rejected records were found again")


class Enrichment:
    """A contract's enrichment, compiled.

    `key` gives the key of pseudonyms where the contract needs one; `move` stores the attributes of an item
    that DynamoDB cannot hold, and returns those that it keeps.
    """

    def __init__(
        self,
        contract: Contract,
        file: File,
        key: Callable[[], bytes],
        move: Callable[[Record, Contract], Record],
    ) -> None:
        self._contract = contract
        self._alerts = rules_of(contract, "records")
        self._move = move
        self._hidden = contract.pseudonymise
        self._key = key() if self._hidden else b""
        self._steps = [derivations.compiled(step, contract.tables) for step in contract.derive]
        self._lineage = {"_file_id": file["id"], "_contract": contract.name}
        if file["format"] != "messages":
            self._lineage["_s3_key"] = file["key"]
        self.in_columns = column_enriching.compiled(contract, self._lineage)

    def item(self, record: Record, offset: int, sent: str | None = None) -> Item | Reject:
        """Return the item of a valid record, or why it cannot be one; `sent` is the rank of its message."""
        contract = self._contract
        if not contract.reserved.isdisjoint(record):
            taken = min(contract.reserved & record.keys())
            return Reject(
                "reserved_name", pointer([taken]), f"the contract {contract.name} gives this name itself"
            )
        for name in self._hidden:
            if record.get(name) is not None:
                record[name] = pseudonym(self._key, record[name])
        renamed = {contract.rename.get(name, name): value for name, value in record.items()}
        hashed = functools.partial(content_hash, record)
        for step in self._steps:
            if reject := step(renamed, hashed):
                return reject
        if reject := self._add_time_to_live(renamed):
            return reject
        if sent is not None:
            renamed |= {"_sent": sent, "_digest": content_hash(renamed)[:DIGEST_DIGITS]}
        renamed.update(self._lineage)
        renamed["_offset"] = offset
        return self._finished(renamed)

    def _add_time_to_live(self, record: Record) -> Reject | None:
        ttl = self._contract.ttl
        if ttl is None or record.get(ttl.source) is None:
            return None
        found = derivations.moment(record[ttl.source])
        if found is None:
            return Reject(
                "ttl", pointer([ttl.source]), f"{ttl.attribute} needs a date or date-time (ISO 8601)"
            )
        record[ttl.attribute] = int(found.timestamp()) + ttl.days * 86_400
        return None

    def _finished(self, record: Record) -> Item | Reject:
        contract = self._contract
        key = items.key_of(record, contract)
        if isinstance(key, Reject):
            return key
        if reject := items.order_fault(record, contract):
            return reject
        alerts = raised(self._alerts, record)
        if alerts:
            record["_alerts"] = [rule.name for rule in alerts]
        encoded = _ENCODER.encode(record)
        if not items.fits(record, len(encoded)):
            encoded = _ENCODER.encode(self._move(record, contract))
        return Item(key, encoded, record, alerts)
