"""Enrich: turns valid records into items of their table, sorted into partitions of their keys.

Pseudonyms come first, so that nothing can be derived from what they hide; then renames, derivations, the time
to live, lineage, alerts. What cannot become an item is put aside with the bytes that it came from.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pipeline import contracts, derivations, items, outcomes, oversize, reading, refusals, staging, summaries
from pipeline.alerts import AlertLog, alert_of, raised, rules_of
from pipeline.documents import pointer
from pipeline.errors import StagedDataBroken
from pipeline.formats.lines import Tally
from pipeline.formats.messages import message_of
from pipeline.pseudonyms import content_hash, pseudonym, pseudonym_key
from pipeline.quarantine import Quarantine
from pipeline.rejects import Reject, count_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.contracts import AlertRule, Contract
    from pipeline.refusals import Rejected
    from pipeline.settings import Settings
    from pipeline.shapes import Enriched, EnrichRequest, File, Location, Refusal
    from pipeline.values import Record

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
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
    enriched, rejects, summary = 0, dict[int, Reject](), summaries.Summary(contract)
    with (
        staging.PartitionWriter(place, inline=staging.room_beside(request.get("content"))) as staged,
        AlertLog(settings.output_bucket, file, shard["index"]) as alert_log,
    ):
        for staged_line in staging.read_lines(request["parsed"]["staged"]):
            line, offset, sent, record = _DECODER.decode(staged_line)
            item = enrichment.item(record, offset, sent)
            if isinstance(item, Reject):
                rejects[offset] = item
                continue
            enriched += 1
            if sent is None:
                summary.add(item.record, len(staged_line))
            partition = items.partition_of(item.key, request["partitions"])
            staged.add(partition, _ENCODER.encode((item.key, line, msgspec.Raw(item.encoded))))
            message = None if sent is None else message_of(sent)
            for rule in item.alerts:
                summary.alerts[rule.name] += 1
                alert_log.put(alert_of(rule, item.record, item.key, line, message))
    aside = _put_aside(settings, request, contract, rejects, summary)
    if "content" not in request:
        summaries.keep(summary, staged.staged, "enrich")
    answer: Enriched = {
        "enriched": enriched,
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
