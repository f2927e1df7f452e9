"""From the text of a definition to its tree."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from statewright.asl import diagnostics as d
from statewright.asl._reader import Reader, Report
from statewright.asl._states import LANGUAGES, read_flow
from statewright.asl._variables import check_variables
from statewright.asl.source import JsonSyntaxError, SourceText
from statewright.asl.tree import Flow, StateMachine, inner_flows
from statewright.asl.validate import check_flow

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = Any


@lru_cache(
    maxsize=4
)  # a server parses in a thread first, and finds the tree here where it creates the machine
def parse(text: str) -> StateMachine:
    """Read a definition; raises InvalidDefinition with everything that is wrong with it."""
    machine, found = read(text)
    if machine is None or any(each.severity == "ERROR" for each in found):
        raise d.InvalidDefinition(found)
    return machine


def parse_state(text: str, name: str) -> StateMachine:
    """Read the definition of one state; give a machine of this state alone, which leads to states not there.

    Places are those inside the machine: "/States/<name>/Type". Raises InvalidDefinition.
    """
    _, found = _source(text)
    if found:
        raise d.InvalidDefinition(found)
    quoted = json.dumps(name)
    source = SourceText(f'{{"StartAt":{quoted},"States":{{{quoted}:{text}}}}}')
    report = Report(source)
    machine = _read_whole(report)
    if machine is not None and not report.found:
        for inner in inner_flows(machine.flow.states[name]):
            check_flow(inner, report)
    if machine is None or report.found:
        raise d.InvalidDefinition(report.found)
    return machine


def diagnose(text: str) -> Sequence[d.Diagnostic]:
    """Give everything that is wrong with a definition, nothing where it is right."""
    return read(text)[1]


def read(text: str) -> tuple[StateMachine | None, Sequence[d.Diagnostic]]:
    """Read as much of a definition as there is; give its tree, where there is one, and its diagnostics."""
    source, found = _source(text)
    if source is None:
        return None, found
    report = Report(source)
    machine = _read_whole(report)
    if machine is not None and not report.found:
        check_flow(machine.flow, report)
    if machine is not None and not report.found:
        check_variables(machine.flow, report)
    return machine, report.found


def _source(text: str) -> tuple[SourceText | None, Sequence[d.Diagnostic]]:
    if not text.strip():
        return None, [d.Diagnostic(d.SCHEMA, "Definition must be a valid JSON object", None)]
    try:
        source = SourceText(text)
    except JsonSyntaxError as error:
        return None, [_syntax_diagnostic(text, error)]
    if not isinstance(source.value, dict):
        return None, [d.Diagnostic(d.SCHEMA, "Definition must be a valid JSON object", None)]
    return source, []


def _read_whole(report: Report) -> StateMachine | None:
    machine = _read_machine(report, report.source.value)
    for pointer in report.source.duplicates:
        report.add(f"Duplicate field '{pointer.rpartition('/')[2]}'", pointer, d.JSON)
    return machine


def _syntax_diagnostic(text: str, error: JsonSyntaxError) -> d.Diagnostic:
    # Jackson shows the start of the text only.
    shown = text if len(text) <= 500 else text[:500] + '"[truncated ' + str(len(text) - 500) + " chars]"
    place = f'[Source: (String)"{shown}"; line: {error.line}, column: {error.column}]'
    message = f"{error.message}\n at {place}"
    return d.Diagnostic(d.JSON, message, None, error.line, error.column, location=place)


def _read_machine(report: Report, value: dict[str, Json]) -> StateMachine | None:
    reader = Reader(report, "", value, "JSONPath")
    language = reader.one_of("QueryLanguage", LANGUAGES, "JSONPath")
    report.language = reader.language = "JSONata" if language == "JSONata" else "JSONPath"
    version = reader.one_of("Version", ("1.0",), "1.0") if reader.has("Version") else None
    timeout = reader.number("TimeoutSeconds", minimum=1)
    flow: Flow | None = read_flow(reader)
    if flow is None:
        return None
    return StateMachine(flow, report.language, report.source, flow.comment, version, timeout)
