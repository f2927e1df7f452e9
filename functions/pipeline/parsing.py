"""ParseAndValidate: reads a shard, holds each record against the contract, stages it or puts it aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pipeline import contracts, outcomes, reading, refusals, staging, summaries, values
from pipeline.errors import MalformedFile
from pipeline.formats.lines import Tally
from pipeline.quarantine import Quarantine
from pipeline.rejects import Reject, count_reason

if TYPE_CHECKING:
    from pipeline.contracts import Contract
    from pipeline.refusals import Rejected
    from pipeline.settings import Settings
    from pipeline.shapes import Parsed, ParseRequest

_ENCODER = msgspec.json.Encoder(decimal_format="number")
# What these rules reject was no record at all: where the file begins with nothing else, it is something else.
UNREADABLE = frozenset({"syntax", "line_too_long"})


def parse_and_validate(request: ParseRequest, settings: Settings) -> Parsed:
    """Return a shard's counts, and where its records are; raises FileError where the file is at fault.

    What was kept of the shard is returned as it is.
    """
    if request.get("keep") and (kept := outcomes.find_shard(settings, request["file"], request["shard"])):
        return kept
    return _worked(request, settings)


def _worked(request: ParseRequest, settings: Settings) -> Parsed:
    file, shard = request["file"], request["shard"]
    catalogue = contracts.catalogue(settings.schemas)
    contract = catalogue.contract(str(file["contract"]))
    content = request.get("content")
    tally, reasons, read, valid, unreadable = Tally(), dict[str, int](), 0, 0, 0
    rejected: list[Rejected] = []
    summary = summaries.Summary(contract)
    place = staging.parsed_place(settings.staging_bucket, file, shard["index"])
    with (
        staging.LineWriter(place, inline=staging.room_beside(content)) as staged,
        Quarantine(settings.output_bucket, file, "parse", shard["index"]) as quarantine,
    ):
        one_line = catalogue.one_line_records(contract.name, file["key"])
        for candidate in reading.candidates(file, shard, contract, tally, content, one_line_records=one_line):
            read += 1
            reject = judge(contract, candidate.value)
            if reject is None:
                valid += 1
                staged.add(
                    _ENCODER.encode((candidate.line, candidate.offset, candidate.sent, candidate.value))
                )
                continue
            if candidate.sent is not None:
                rejected.append((candidate, reject))
                continue
            unreadable += reject.rule in UNREADABLE
            count_reason(reasons, reject.rule)
            summary.reasons.add(candidate, reject)
            quarantine.put(candidate, reject)
        refused = refusals.refused(settings, file, rejected)
        for candidate, reject in refused.new:
            count_reason(reasons, reject.rule)
            quarantine.put(candidate, reject)
        if shard["start"] == 0 and read and unreadable == read:
            raise MalformedFile(
                f"none of {read} records could be read as {file['format']}; is it what its name says?"
            )
    parsed: Parsed = {
        "shard": shard,
        "read": read,
        "valid": valid,
        "quarantined": quarantine.count,
        "lines": tally.lines,
        "bytes": tally.bytes,
        "reasons": reasons,
        "staged": staged.staged,
        "quarantine": quarantine.written,
    }
    if content is None and quarantine.count:
        summaries.keep(summary, staged.staged, "parse")
    if content is not None:
        parsed["refusals"] = refused.keep(settings)
    return parsed


def judge(contract: Contract, value: Any) -> Reject | None:
    """Return why a value is no record of the contract, or None."""
    if isinstance(value, Reject):
        return value
    return values.check(value) or contract.first_fault(value)
