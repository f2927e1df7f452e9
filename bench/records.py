"""CPU from a file's bytes to the bodies of BatchWriteItem, beside its floor and two ordinary ways.

    python -m bench records

Ours is measured twice: in one go (bench.in_memory), and as the functions ParseAndValidate, Enrich and
WriteToDdb, with what they stage, log and sum up, and a dictionary in the place of S3; nothing is sent. The
floor decodes each line (orjson.loads) or row (csv.reader), no more. The ordinary ways make typed items of
records in memory, and stage nothing.
"""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any

import jsonschema
import orjson
from boto3.dynamodb.types import TypeSerializer

from bench import in_memory, kept, orders
from bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUNS = 7
RECORDS = 50_000
# The slower a way is, the fewer records it gets: its time per record is what is compared.
FEWER = {"ordinary": 1_000, "tutorial": 200}
# Files of which one record in so many has a member that the contract does not know: it goes by itself.
ODD = {"one record in twenty": 20, "each record": 1}


def _floor(body: bytes, format_: str) -> None:
    if format_ == "csv":
        for _ in csv.reader(io.StringIO(body.decode())):
            pass
        return
    for line in body.splitlines():
        orjson.loads(line)


def _ordinary_ways() -> dict[str, Callable[[Sequence[bytes]], None]]:
    schema = json.loads(orders.SCHEMA.read_bytes())
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    serializer = TypeSerializer()

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

    return {"ordinary": ordinary, "tutorial": tutorial}


def _odd(body: bytes, each: int) -> bytes:
    """Return a file in which one record of so many has one member more."""
    lines = body.splitlines(keepends=True)
    lines[::each] = [line.replace(b"}\n", b',"more":1}\n') for line in lines[::each]]
    return b"".join(lines)


def _microseconds(work: Callable[[], Any], records: int) -> float:
    started = process_time()
    work()
    return (process_time() - started) / records * 1e6


def main() -> list[Figure]:
    """Measure, in turns."""
    files = {"JSON Lines": "jsonl", "CSV": "csv"}
    bodies = {name: orders.body(format_, RECORDS) for name, format_ in files.items()}
    odd = {name: _odd(bodies["JSON Lines"], each) for name, each in ODD.items()}
    lines = list(orders.lines(max(FEWER.values())))
    ways = _ordinary_ways()
    found: dict[str, list[Any]] = {}
    for _ in range(RUNS):
        for name, format_ in files.items():
            floor = _microseconds(lambda: _floor(bodies[name], format_), RECORDS)  # noqa: B023 - called now
            found.setdefault(f"{name} floor", []).append(floor)
            found.setdefault(f"{name} in memory", []).append(in_memory.seconds(bodies[name], format_))
            found.setdefault(name, []).append(kept.work(bodies[name], format_))
        for name, body in odd.items():
            found.setdefault(name, []).append(kept.work(body, "jsonl"))
        for name, way in ways.items():
            count = FEWER[name]
            found.setdefault(name, []).append(_microseconds(lambda: way(lines[:count]), count))  # noqa: B023
    return _figures(found)


def _figures(found: dict[str, list[Any]]) -> list[Figure]:
    figures = []
    for name, target, floor_is in (("JSON Lines", 9, "orjson.loads"), ("CSV", 6, "csv.reader")):
        floor = median(found[f"{name} floor"])
        value = median(found[f"{name} in memory"]) / RECORDS * 1e6
        figures.append(
            Figure(
                f"{name} to BatchWriteItem's bodies, {floor_is} = 1",
                value / floor,
                target=target,
                note=f"{value:.2f} µs, {floor_is} {floor:.2f}",
            )
        )
        figures.append(_staged("… by three functions, staged, logged, summed up", found[name], floor))
        if name == "JSON Lines":
            figures += [_staged(f"… so, {odd} with an unknown member", found[odd], floor) for odd in ODD]
    ours = median(found["JSON Lines in memory"]) / RECORDS * 1e6
    for name in FEWER:
        value = median(found[name])
        figures.append(Figure(f"{name} way, of JSON Lines, ours = 1", value / ours, note=f"{value:.1f} µs"))
    return figures


def _staged(what: str, runs: Sequence[kept.Seconds], floor: float) -> Figure:
    """Return a figure of what all three functions take."""
    each = {
        stage: median(getattr(run, stage) / run.records * 1e6 for run in runs)
        for stage in ("all", "parse", "enrich", "write")
    }
    said = "{all:.2f} µs: parse {parse:.2f}, enrich {enrich:.2f}, write {write:.2f}".format_map(each)
    return Figure(what, each["all"] / floor, note=said)
