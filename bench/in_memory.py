"""From a file's bytes to the bodies of its requests, by the functions' own code, with nothing in between.

Records are parsed, validated, enriched, one is found for each key, and each becomes DynamoDB's JSON; but
nothing is staged from function to function, nothing is logged or summed up.
"""

from __future__ import annotations

from collections import Counter
from time import process_time
from typing import TYPE_CHECKING, Any, cast

from bench import kept
from pipeline import contracts, enriching, parsing, reading, staged_items, tables, writing
from pipeline.columns import Columns
from pipeline.formats.lines import Tally
from pipeline.rejects import Reject

if TYPE_CHECKING:
    from pipeline.staged_items import Part


class _Unstaged:
    """Holds what Enrich would stage."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    def add(self, _: int, line: bytes) -> None:
        self.parts.append(staged_items.part_of(line + b"\n", 0))

    def add_columns(self, _: int, found: Columns) -> None:
        self.parts.append(staged_items.Rows(found, 0))


class _Unasked:
    """Stands for the summary and the log of alerts."""

    def __init__(self) -> None:
        self.alerts = Counter[str]()

    def __getattr__(self, _: str) -> Any:
        return lambda *_: None


def seconds(body: bytes, format_: str) -> float:
    """Return the CPU seconds that a file of orders takes, all of which are valid."""
    file, shard = kept.keep(body, format_)
    settings = kept.settings_of_nothing()
    started = process_time()
    catalogue = contracts.catalogue(settings.schemas)
    contract = catalogue.contract(file["contract"])
    staged, unasked = _Unstaged(), cast("Any", _Unasked())
    enrichment = enriching.Enrichment(contract, file, bytes, lambda record, _: record)
    work = enriching.Work(enrichment, 1, cast("Any", staged), unasked, unasked)
    proof = catalogue.proof(contract.name)
    for found in reading.records(file, shard, contract, Tally(), None, proof, one_line_records=False):
        if isinstance(found, Columns):
            work.on_columns(found)
        elif isinstance(found.value, Reject) or parsing.judge(contract, found.value):
            raise ValueError(f"line {found.line} of the sample is no valid order")
        else:
            work.on_record(found.line, found.offset, None, found.value, found.size)
    _, distinct, last = writing.last_offsets(lambda: staged.parts)
    chosen = writing.chosen(staged.parts, last)
    batches = (batch for part in chosen for batch in part.batches(tables.BATCH_ITEMS))
    ready = kept.ready(settings.table_prefix + "orders", batches, None)
    if not ready == distinct == work.enriched:
        raise ValueError(f"{work.enriched} items of {distinct} keys, {ready} in requests")
    return process_time() - started
