"""Enrich: turns valid records into items of their table, sorted into partitions of their keys.

Pseudonyms come first, so that nothing can be derived from what they hide; then renames, derivations, the time
to live, lineage, alerts. What cannot become an item is put aside with the bytes that it came from.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pipeline import contracts, derivations, items, outcomes, reading, staging
from pipeline.alerts import AlertLog, raised
from pipeline.documents import pointer
from pipeline.errors import StagedDataBroken
from pipeline.formats.lines import Tally
from pipeline.pseudonyms import content_hash, pseudonym, pseudonym_key
from pipeline.quarantine import Quarantine
from pipeline.rejects import Reject, count_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.contracts import AlertRule, Contract
    from pipeline.settings import Settings
    from pipeline.shapes import Enriched, EnrichRequest, File, Location, Shard
    from pipeline.values import Record

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder()


class Item(NamedTuple):
    """An item that can be written: its key as a text, its attributes, and the alerts that it raised."""

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
        contract, file, functools.partial(pseudonym_key, settings.pseudonym_key_parameter)
    )
    place = staging.enriched_place(settings.staging_bucket, file, shard["index"])
    enriched, rejects = 0, dict[int, Reject]()
    with (
        staging.PartitionWriter(place) as staged,
        AlertLog(settings.output_bucket, file, shard["index"]) as alert_log,
    ):
        for staged_line in staging.read_lines(request["parsed"]["staged"]):
            line, offset, record = _DECODER.decode(staged_line)
            item = enrichment.item(record, offset)
            if isinstance(item, Reject):
                rejects[offset] = item
                continue
            enriched += 1
            partition = items.partition_of(item.key, request["partitions"])
            staged.add(partition, _ENCODER.encode((item.key, line, msgspec.Raw(item.encoded))))
            for rule in item.alerts:
                alert_log.put(rule, item.record, item.key, line)
    one_line = catalogue.one_line_records(contract.name, file["key"])
    quarantined = _put_aside(settings, file, shard, contract, rejects, one_line_records=one_line)
    return {
        "enriched": enriched,
        "quarantined": len(rejects),
        "alerts": alert_log.count,
        "staged": place,
        "quarantine_enrich": quarantined,
        "alerts_object": alert_log.written,
        "reasons_enrich": _reasons(rejects),
    }


def _reasons(rejects: dict[int, Reject]) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for reject in rejects.values():
        count_reason(reasons, reject.rule)
    return reasons


def _put_aside(
    settings: Settings,
    file: File,
    shard: Shard,
    contract: Contract,
    rejects: dict[int, Reject],
    *,
    one_line_records: bool,
) -> Location | None:
    """Quarantine the records at the given offsets: the shard is read again, for their bytes."""
    with Quarantine(settings.output_bucket, file, "enrich", shard["index"]) as quarantine:
        if not rejects:
            return None
        found = reading.candidates(file, shard, contract, Tally(), one_line_records=one_line_records)
        for candidate in found:
            if reject := rejects.get(candidate.offset):
                quarantine.put(candidate, reject)
    if quarantine.count != len(rejects):
        raise StagedDataBroken(f"{quarantine.count} of {len(rejects)} rejected records were found again")
    return quarantine.written


class Enrichment:
    """A contract's enrichment, compiled; `key` gives the key of pseudonyms where the contract needs one."""

    def __init__(self, contract: Contract, file: File, key: Callable[[], bytes]) -> None:
        self._contract = contract
        self._hidden = contract.pseudonymise
        self._key = key() if self._hidden else b""
        self._steps = [derivations.compiled(step, contract.tables) for step in contract.derive]
        self._lineage = {"_s3_key": file["key"], "_file_id": file["id"], "_contract": contract.name}

    def item(self, record: Record, offset: int) -> Item | Reject:
        """Return the item of a valid record, or why it cannot be one."""
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
        alerts = raised(contract.alerts, record)
        if alerts:
            record["_alerts"] = [rule.name for rule in alerts]
        encoded = _ENCODER.encode(items.typed_record(record))
        if not items.fits(record, len(encoded)):
            return Reject("item_size", "", f"the item is above DynamoDB's {items.MAX_ITEM_BYTES} bytes")
        return Item(key, encoded, record, alerts)
