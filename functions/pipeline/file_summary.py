"""A file's summary, `reports/<file id>_summary.json`: schemas/reports/file_summary.json says what is in it.

It follows from the file, its contract and its sums alone: who writes it again writes the same.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline import contracts, objects, processed, summaries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.settings import Settings
    from pipeline.shapes import Counts, File, Location, ShardOutcome, Written
    from pipeline.summaries import Summary

FORMAT = 1
# Nobody reads more; what is left out is counted.
MAX_SHOWN_REASONS = 20
OF_THE_EXECUTION = {"run", "chunks"}
_MILLIONTH = Decimal("0.000001")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def merged(settings: Settings, file: File, shards: Sequence[ShardOutcome]) -> Summary:
    """Return the summary of all shards, which come in the order of the file; raises StagedDataBroken."""
    contract = contracts.catalogue(settings.schemas).contract(str(file["contract"]))
    summary, before = summaries.Summary(contract), 0
    for shard in shards:
        if shard["quarantine"]:
            summary.merge(summaries.read(shard["staged"], "parse"), before)
        summary.merge(summaries.read(shard["staged"], "enrich"), before)
        before += shard["lines"]
    return summary


def put(
    settings: Settings, file: File, summary: Summary, counts: Counts, partitions: Sequence[Written]
) -> str:
    """Write a file's summary; return its URI."""
    place: Location = {"bucket": settings.output_bucket, "key": f"reports/{file['id']}_summary.json"}
    said = told(file, summary, counts) | {"processed": _processed(settings, file, partitions)}
    objects.put(place, msgspec.json.format(_ENCODER.encode(said), indent=2) + b"\n", "application/json")
    return objects.uri(place)


def told(file: File, summary: Summary, counts: Counts) -> dict[str, Any]:
    """Return what a summary says of a file's records."""
    reasons = summary.reasons.ordered()
    shown, others = reasons[:MAX_SHOWN_REASONS], reasons[MAX_SHOWN_REASONS:]
    return {
        "format": FORMAT,
        "file": {name: value for name, value in file.items() if name not in OF_THE_EXECUTION},
        "counts": counts,
        "success_rate": _success_rate(counts),
        "reasons": [
            {
                "rule": each.rule,
                "field": each.field or None,
                "count": each.count,
                "example": {
                    "line": each.line,
                    "offset": each.offset,
                    "pointer": each.pointer,
                    "message": each.message,
                },
            }
            for each in shown
        ],
        "other_reasons": {"kinds": len(others), "count": sum(each.count for each in others)},
        "fields": [_field(summary, field) for field in summary.fields],
    }


def _field(summary: Summary, field: summaries.Field) -> dict[str, Any]:
    values = summary.values[field.name]
    return {
        "name": field.name,
        "attribute": field.attribute,
        "kind": field.kind,
        "pseudonym": field.pseudonym,
        "count": values.count,
        "missing": summary.records - values.count,
        **values.said(),
    }


def _success_rate(counts: Counts) -> Decimal | None:
    """Return the share of records that were not put aside, in millionths, never rounded up to all."""
    if not counts["read"]:
        return None
    kept = Decimal(counts["read"] - counts["quarantined"])
    return (kept / counts["read"]).quantize(_MILLIONTH, rounding=ROUND_DOWN)


def _processed(settings: Settings, file: File, partitions: Sequence[Written]) -> dict[str, Any]:
    """Return what the names of the objects begin with that hold the written records, and their number."""
    prefix = objects.uri(processed.place(settings.output_bucket, file, 0)).removesuffix("00000.ndjson.zst")
    return {"prefix": prefix, "objects": sum(part["written"] > 0 for part in partitions)}
