"""ItemReader: the items of a Distributed Map, read from S3.

Read here: JSON, JSON Lines and CSV objects, and listings of objects. Manifests and inventories are refused
when the machine is created (`integrations.check_resources`).
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.integrations.aws import call_service
from statewright.engine.payloads import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statewright.asl.tree import ItemReader, Map
    from statewright.engine.step import Step

Json = Any

READER_FAILED = "States.ItemReaderFailed"
MAX_ITEMS = 100_000_000
_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


def reader_failure(cause: str) -> StateFailure:
    """The error of items that cannot be read."""
    return StateFailure(READER_FAILED, cause)


async def read_items(step: Step, state: Map, value: Json) -> list[Json]:
    """Read the items of a Map with an ItemReader; raises StateFailure.

    An ItemsPath beside an ItemReader has no effect, as recorded on AWS.
    """
    reader = state.reader
    assert reader is not None
    most = _max_items(step, reader, value)
    arguments = {} if reader.payload is None else step.template(reader.payload, value)
    if not isinstance(arguments, dict):
        raise reader_failure("The arguments of the ItemReader must be an object.")
    if reader.resource.action == "listObjectsV2":
        return await _list_objects(step, arguments, most)
    body = await _read_object(step, arguments)
    items = _PARSERS[reader.config.get("InputType", "JSON")](body, reader.config)
    if not isinstance(items, list):
        raise reader_failure("Attempting to map over non-iterable node.")
    return items[:most]


def _max_items(step: Step, reader: ItemReader, value: Json) -> int:
    if reader.max_items is None:
        return MAX_ITEMS
    most: int = step.number(reader.max_items, value)
    if most < 0:
        raise reader_failure("field MaxItems must be positive")
    return min(most, MAX_ITEMS) or MAX_ITEMS


async def _read_object(step: Step, arguments: Mapping[str, Json]) -> bytes:
    answer = await call_service(step.execution.engine, "s3", "get_object", dict(arguments))
    body: bytes = await step.execution.engine.call_in_thread(answer["Body"].read)
    return body


async def _list_objects(step: Step, arguments: Mapping[str, Json], most: int) -> list[Json]:
    found: list[Json] = []
    request = dict(arguments)
    while len(found) < most:
        answer = await call_service(step.execution.engine, "s3", "list_objects_v2", request)
        for each in answer.get("Contents", ()):
            entry = {
                "Etag": each["ETag"],
                "Key": each["Key"],
                "LastModified": each["LastModified"].timestamp(),
                "Size": each["Size"],
                "StorageClass": each.get("StorageClass", "STANDARD"),
            }
            found.append(entry)
        if not answer.get("IsTruncated"):
            break
        request["ContinuationToken"] = answer["NextContinuationToken"]
    return found[:most]


def _json(body: bytes, config: Mapping[str, Json]) -> Json:
    try:
        value = load(body.decode("utf-8-sig"))
    except ValueError as error:
        raise reader_failure("Unable to parse the JSON input.") from error
    pointer = config.get("ItemsPointer", "")
    for name in pointer.split("/")[1:]:
        key = name.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, dict) or key not in value:
            raise reader_failure(f"The ItemsPointer '{pointer}' points to nothing.")
        value = value[key]
    return value


def _json_lines(body: bytes, _: Mapping[str, Json]) -> Json:
    lines = body.decode("utf-8-sig", "replace").split("\n")
    try:
        return [json.loads(line) for line in lines if line.strip()]
    except ValueError as error:
        raise reader_failure("Unable to parse a line of the JSON Lines input.") from error


def _csv(body: bytes, config: Mapping[str, Json]) -> Json:
    delimiter = _DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    text = io.StringIO(body.decode("utf-8-sig", "replace"))
    rows = [row for row in csv.reader(text, delimiter=delimiter) if row]
    if config.get("CSVHeaderLocation") == "GIVEN":
        headers = list(config.get("CSVHeaders", ()))
    else:
        if not rows:
            return []
        headers, rows = rows[0], rows[1:]
    if len(set(headers)) < len(headers):
        raise reader_failure("CSV headers cannot contain duplicates.")
    return [_row(headers, row) for row in rows]


def _row(headers: list[str], row: list[str]) -> Json:
    """Cells beyond the headers are left out, headers beyond the cells are empty."""
    cells = [*row, *([""] * (len(headers) - len(row)))]
    return dict(zip(headers, cells, strict=False))


_PARSERS: dict[str, Callable[[bytes, Mapping[str, Json]], Json]] = {
    "JSON": _json,
    "JSONL": _json_lines,
    "CSV": _csv,
}
