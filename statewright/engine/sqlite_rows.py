"""Records as rows of a SQLite store, and back."""

from __future__ import annotations

import dataclasses
import json
import logging
import zlib
from typing import TYPE_CHECKING, Any

from statewright import asl
from statewright.engine.listing import place_in_list
from statewright.engine.records import (
    ExecutionRecord,
    MapRunCounts,
    MapRunRecord,
    Publication,
    StateMachineRecord,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any

log = logging.getLogger(__name__)

_SUMMARY = [
    field.name
    for field in dataclasses.fields(ExecutionRecord)
    if field.name not in ("input", "output", "cause")
]


def execution_row(record: ExecutionRecord) -> tuple[Json, ...]:
    """Give all columns but the progress."""
    summary = json.dumps({name: getattr(record, name) for name in _SUMMARY})
    data = json.dumps([record.input, record.output, record.cause])
    place = place_in_list(record)[0]
    machine = None if record.map_run_arn else record.state_machine_arn
    return record.arn, machine, record.map_run_arn, record.status, place, summary, data


def read_execution(summary: str, data: str) -> ExecutionRecord:
    """Read an execution from its columns `summary` and `data`."""
    text, output, cause = json.loads(data)
    return ExecutionRecord(**json.loads(summary), input=text, output=output, cause=cause)


def read_map_run(text: str) -> MapRunRecord:
    """Read a map run from its column `value`."""
    value = json.loads(text)
    counts = {name: MapRunCounts(**value[name]) for name in ("item_counts", "execution_counts")}
    return MapRunRecord(**{**value, **counts})


def read_state_machine(value: Mapping[str, Json]) -> StateMachineRecord | None:
    """Read a state machine; None for one that this version of the engine refuses."""
    try:
        machine = asl.parse(value["definition"])
    except asl.InvalidDefinition as error:
        log.warning("%s in the store is not valid any more: %s", value["arn"], error)
        return None
    given = {name: each for name, each in value.items() if each is not None}
    if "created_with" in given:
        given["created_with"] = Publication(**given["created_with"])
    return StateMachineRecord(**{**given, "tags": tuple(given["tags"])}, machine=machine)


def counted(counts: MapRunCounts, name: str, more: int) -> MapRunCounts:
    """Give counts with so many more of a kind."""
    changed: dict[str, int] = {name: getattr(counts, name) + more, "total": counts.total + more}
    return dataclasses.replace(counts, **changed)


def pack(value: Json) -> bytes:
    """Write a value small."""
    return zlib.compress(json.dumps(value).encode(), 1)


def unpack(packed: bytes) -> Json:
    """Read what `pack` wrote."""
    return json.loads(zlib.decompress(packed))
