"""ValidateStateMachineDefinition: what is wrong with a definition, without creating anything.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright import asl
from statewright.api.json_text import MAX_DEPTH, is_too_deep
from statewright.engine.integrations import check_resources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.api.operations.types import Request, Response
    from statewright.asl import Diagnostic
    from statewright.engine import Engine
    from statewright.engine.records import MachineType

DEFAULT_RESULTS = 100


async def validate_state_machine_definition(engine: Engine, request: Request) -> Response:
    """List what is wrong with a definition."""
    definition = request["definition"]
    if is_too_deep(definition):
        return _answer([_too_deep()], DEFAULT_RESULTS)
    found = await engine.call_in_thread(_diagnostics, definition, request.get("type", "STANDARD"))
    if request.get("severity", "ERROR") == "ERROR":
        found = [each for each in found if each.severity == "ERROR"]
    return _answer([_fields(each) for each in found], request.get("maxResults") or DEFAULT_RESULTS)


def _diagnostics(definition: str, machine_type: MachineType) -> Sequence[Diagnostic]:
    machine, found = asl.read(definition)
    if machine is None or any(each.severity == "ERROR" for each in found):
        return found
    try:
        check_resources(machine, machine_type)
    except asl.InvalidDefinition as error:
        return [*found, *error.diagnostics]
    return found


def _answer(diagnostics: Sequence[Response], most: int) -> Response:
    failed = any(each["severity"] == "ERROR" for each in diagnostics)
    return {
        "result": "FAIL" if failed else "OK",
        "diagnostics": list(diagnostics[:most]),
        "truncated": len(diagnostics) > most,
    }


def _fields(diagnostic: Diagnostic) -> Response:
    return {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "location": diagnostic.location,
    }


def _too_deep() -> Response:
    return {
        "severity": "ERROR",
        "code": "SCHEMA_VALIDATION_FAILED",
        "message": f"The definition nests deeper than {MAX_DEPTH} levels",
        "location": "/",
    }
