"""Asks a project's functions about a file: `python -m statewright.costs.facts_process`.

It reads {"dataset", "format", "compression", "size", "records", "text"} and prints what `facts.Facts` holds.
A record of the contract is made up, of the length that the file's have on average, and goes through the
contract's own enrichment: so an item has the bytes that its derivations and its lineage give it.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from decimal import Decimal
from typing import Any

from statewright.local.project_contracts import project_contracts

FILE_ID = "0" * 32
RUN = "0" * 12
OF_FORMATS = {"date": "2026-11-21", "date-time": "2026-11-21T12:00:00Z", "email": "ada@example.com"}
OF_TYPES: dict[str, Any] = {"integer": 12, "number": 123.45, "boolean": True, "object": {}, "array": []}
FILLER = "more"
# Behind what a text of a format is cut, where it is not behind rows, or lines that are rows.
CUT = {"jsonl": "lines", "json": "values"}
# Where the numbers are that decide how many requests a byte takes.
CONSTANTS = {
    "range_bytes": ("pipeline.objects", "RANGE_BYTES"),
    "part_bytes": ("pipeline.objects", "PART_BYTES"),
    "buffered_bytes": ("pipeline.staging", "BUFFERED_BYTES"),
    "preview_bytes": ("pipeline.collecting", "PREVIEW_BYTES"),
    "batch_items": ("pipeline.tables", "BATCH_ITEMS"),
    "inline_characters": ("pipeline.staging", "MAX_INLINE_CHARACTERS"),
    "gzip_ratio": ("pipeline.plans", "GZIP_RATIO"),
    "reserve_seconds": ("pipeline.rechunking", "RESERVE_SECONDS"),
    "max_rounds": ("pipeline.rechunking", "MAX_ROUNDS"),
}


class Unplanned(Exception):  # noqa: N818 - what is wrong
    """The functions take no such file."""


def main() -> int:
    """Print the facts, or {"refused"} where the functions take no such file."""
    contracts, schemas = project_contracts("statewright.costs.facts_process")
    try:
        said = facts(contracts.catalogue(schemas), json.load(sys.stdin))
    except Unplanned as error:
        said = {"refused": str(error)}
    sys.stdout.write(json.dumps(said))
    return 0


def facts(catalogue: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a file; raises Unplanned."""
    plans, errors = importlib.import_module("pipeline.plans"), importlib.import_module("pipeline.errors")
    route = _route(catalogue, asked)
    contract = catalogue.contract(route.contract)
    constants = {name: getattr(importlib.import_module(place), n) for name, (place, n) in CONSTANTS.items()}
    unpacked = route.compression == "gzip"
    text = asked.get("text") or asked["size"] * (constants["gzip_ratio"] if unpacked else 1)
    length = max(1, text // max(1, asked["records"]))
    try:
        plan = plans.plan(asked["size"], route)
        if plan.get("rechunk"):
            plan = _in_chunks(plan, route, text, length)
    except errors.ObjectTooLarge as error:
        raise Unplanned(str(error)) from error
    key = _key(catalogue, asked)
    one_line = catalogue.one_line_records(contract.name, key)
    return {
        "key": key,
        "plan": plan,
        "constants": constants,
        "cut": CUT.get(route.format, "lines" if one_line else "rows"),
        "unpacked": unpacked,
        "text_bytes": text,
        "preview": not contract.pseudonymise,
        "ordered": contract.order is not None,
        "header": route.format in ("csv", "tsv"),
        **_sizes(contract, route, length),
    }


def _in_chunks(plan: dict[str, Any], route: Any, text: int, length: int) -> dict[str, Any]:
    """Return the plan as Rechunk leaves it: chunks end where a record does; raises ObjectTooLarge."""
    plans = importlib.import_module("pipeline.plans")
    if text > plans.MAX_TEXT_BYTES:
        raise plans.too_large(text, plans.MAX_TEXT_BYTES)
    chunk = -(-plans.CHUNK_BYTES // length) * length
    partitions = plans.partitions_of(text, route.format)
    return {**plan, "shards": -(-text // chunk), "shard_bytes": chunk, "partitions": partitions, "keep": True}


def _key(catalogue: Any, asked: dict[str, Any]) -> str:
    """Return a key of the dataset; raises Unplanned where the contract names no folder."""
    for contract in catalogue.contracts.values():
        if contract.dataset == asked["dataset"]:
            for source in contract.sources:
                if source.keys.endswith("/**") and not set(source.keys[:-3]) & set("*?["):
                    end = ".gz" if asked["compression"] == "gzip" else ""
                    return f"{source.keys[:-2]}2026/11/21/part-00000.{asked['format']}{end}"
    raise Unplanned(f"no folder belongs to the dataset {asked['dataset']!r}")


def _route(catalogue: Any, asked: dict[str, Any]) -> Any:
    route = catalogue.route(_key(catalogue, asked))
    if route is None or route.dataset != asked["dataset"]:
        raise Unplanned(f"the dataset {asked['dataset']!r} has no files of the format {asked['format']}")
    return route


def record_of(contract: Any, format_: str, length: int) -> dict[str, Any]:
    """Return a record of a contract whose line has about `length` bytes."""
    said = contract.schema.get("properties", {})
    record = {name: _value(said.get(name, {})) for name in contract.schema.get("required", said)}
    missing = length - len(line_of(record, format_))
    if missing > len(FILLER) + 6:
        record[FILLER] = "x" * (missing - (1 if format_ in ("csv", "tsv") else len(FILLER) + 6))
    return record


def _value(said: dict[str, Any]) -> Any:
    if "const" in said or "enum" in said:
        return said.get("const", next(iter(said.get("enum", [""]))))
    kind = said.get("type", "string")
    kind = kind if isinstance(kind, str) else next((each for each in kind if each != "null"), "string")
    if kind in OF_TYPES:
        return OF_TYPES[kind]
    return OF_FORMATS.get(said.get("format", ""), "ABC" if "pattern" in said else "0123456789")


def line_of(record: dict[str, Any], format_: str) -> str:
    """Return a record as a file has it, with its line's end."""
    if format_ in ("csv", "tsv"):
        return ",".join(str(value) for value in record.values()) + "\n"
    return json.dumps(record, separators=(",", ":")) + "\n"


def _sizes(contract: Any, route: Any, length: int) -> dict[str, Any]:
    """Return the bytes of a record on its way: as it is read, staged, enriched, and as an item."""
    enriching, items = (importlib.import_module(f"pipeline.{name}") for name in ("enriching", "items"))
    record = record_of(contract, route.format, length)
    parsed = len(json.dumps((100_000, 10_000_000, None, record), separators=(",", ":")))
    file = {
        "id": FILE_ID,
        "key": f"{route.dataset}/2026/11/21/part-00000.{route.format}",
        "format": route.format,
    }
    enrichment = enriching.Enrichment(contract, file, lambda: b"0" * 32, lambda kept, _: kept)
    found = enrichment.item(json.loads(json.dumps(record), parse_float=Decimal), 10_000_000)
    if not isinstance(found, enriching.Item):
        raise Unplanned(f"a record of {contract.name} cannot be made up here: {found.rule}, {found.message}")
    item = {**json.loads(found.encoded, parse_float=Decimal), "_line": 100_000}
    return {
        **_frames(contract, record, route, len(found.key) + len(found.encoded) + 12),
        "record_bytes": len(line_of(record_of(contract, route.format, length), route.format)),
        "parsed_bytes": parsed,
        "enriched_bytes": len(found.key) + len(found.encoded) + 12,
        "processed_bytes": len(found.encoded) + len(',"_line":100000') + 1,
        "item_bytes": sum(len(name.encode()) + items.size(value) for name, value in item.items()),
    }


def _frames(contract: Any, record: dict[str, Any], route: Any, line: int) -> dict[str, int]:
    """Return how items are staged: the bytes of one that count, those of a frame, what each part adds.

    As columns where the functions know how and the contract allows it, else as lines; values of JSON are
    always judged one by one.
    """
    staging = importlib.import_module("pipeline.staging")
    lines = {"held_bytes": line, "frame_bytes": staging.FRAME_BYTES, "part_records": 1, "part_overhead": 0}
    if route.format == "json" or importlib.util.find_spec("pipeline.column_enriching") is None:
        return lines
    if importlib.import_module("pipeline.column_enriching").compiled(contract, {}) is None:
        return lines
    looked_up = {step["to"]: "US Dollar" for step in contract.derive if step["op"] == "lookup"}
    texts = {**record, **looked_up, "_line": 100_000, "_offset": 10_000_000}
    block = importlib.import_module("pipeline.formats.lines").BLOCK_BYTES
    return {
        "held_bytes": sum(len(json.dumps(value)) + 1 for value in texts.values()),
        "frame_bytes": staging.FRAME_BYTES,
        "part_records": max(1, block // len(line_of(record, route.format))),
        "part_overhead": 0,
    }


if __name__ == "__main__":
    sys.exit(main())
