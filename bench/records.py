"""CPU per record from JSON Lines to DynamoDB-ready bytes, beside its floor and two ordinary ways.

    python -m bench records

Each line is the median of alternating runs in this one process; what counts is the ratio, since machines
differ and timings are noisy. No network and no emulator take part.
"""

from __future__ import annotations

import gzip
import json
import sys
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any

import jsonschema
import msgspec
from boto3.dynamodb.types import TypeSerializer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[1]
RUNS = 7
# The slower a way is, the fewer records it gets: its time per record is what is compared.
RECORDS = {"floor": 20_000, "ours": 20_000, "ordinary": 1_000, "tutorial": 200}
WAYS = {
    "floor": "msgspec decodes each line, nothing else",
    "ours": "parse, check, stage, enrich, type (functions/pipeline)",
    "ordinary": "json, a compiled jsonschema validator, boto3's TypeSerializer",
    "tutorial": "json, jsonschema.validate() per record, boto3's TypeSerializer",
}


def ways(schema: dict[str, Any]) -> dict[str, Callable[[Sequence[bytes]], None]]:
    """Return each way of turning lines into typed items, by its name."""
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    serializer = TypeSerializer()

    def floor(lines: Sequence[bytes]) -> None:
        for line in lines:
            msgspec.json.decode(line)

    def ordinary(lines: Sequence[bytes]) -> None:
        for line in lines:
            record = json.loads(line, parse_float=Decimal)
            validator.validate(record)
            json.dumps(serializer.serialize(record))

    def tutorial(lines: Sequence[bytes]) -> None:
        for line in lines:
            record = json.loads(line, parse_float=Decimal)
            jsonschema.validate(record, schema)
            json.dumps(serializer.serialize(record))

    return {"floor": floor, "ours": ours(), "ordinary": ordinary, "tutorial": tutorial}


def ours() -> Callable[[Sequence[bytes]], None]:
    """Return the pipeline's own way: what its functions do to each record, without their network."""
    sys.path.insert(0, str(ROOT / "functions"))
    from pipeline import contracts, enriching, parsing, writing
    from pipeline.formats import json_values

    contract = contracts.catalogue(ROOT / "schemas").contract("orders/1")
    file: Any = {"key": "orders/bench.jsonl", "id": "0" * 32, "format": "jsonl"}
    enrichment = enriching.Enrichment(contract, file, lambda: b"", lambda record, _: record)
    encoder = msgspec.json.Encoder(decimal_format="number")
    decoder = msgspec.json.Decoder(float_hook=Decimal)

    def work(lines: Sequence[bytes]) -> None:
        for number, line in enumerate(lines, 1):
            record = json_values.decode(line, number)
            if parsing.judge(contract, record) is not None:
                raise ValueError(f"line {number} of the sample is no valid order")
            _, offset, _, staged = decoder.decode(encoder.encode((number, number, None, record)))
            item = enrichment.item(staged, offset)
            if not isinstance(item, enriching.Item):
                raise TypeError(f"line {number} of the sample becomes no item")
            _ = writing.StagedItem(item.key, number, msgspec.Raw(item.encoded)).item

    return work


def microseconds(work: Callable[[Sequence[bytes]], None], lines: Sequence[bytes]) -> float:
    """Return the CPU time of one run, in microseconds per record."""
    started = process_time()
    work(lines)
    return (process_time() - started) / len(lines) * 1e6


def main() -> None:
    """Measure, print the table."""
    schema = json.loads((ROOT / "schemas/datasets/orders/1.json").read_bytes())
    with gzip.open(ROOT / "samples/good/orders.jsonl.gz") as packed:
        lines = packed.read().splitlines()
    compared = ways(schema)
    figures: dict[str, list[float]] = {name: [] for name in compared}
    for _ in range(RUNS):
        for name, work in compared.items():
            figures[name].append(microseconds(work, lines[: RECORDS[name]]))
    medians = {name: median(found) for name, found in figures.items()}
    table = Table("way", "what it does", "µs per record", "× floor", "× ours", title="CPU per order")
    for name, value in medians.items():
        ratios = (f"{value / medians[other]:,.1f}" for other in ("floor", "ours"))
        table.add_row(name, WAYS[name], f"{value:,.1f}", *ratios)
    Console(width=120).print(table)
