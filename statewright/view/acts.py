"""What can be done to executions: start, stop, redrive, try one state again."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statewright.view.endpoint import Endpoint

Json = Any

# What endpoints answer to an operation that they do not have; a bare 500 is moto's.
_UNKNOWN_CODES = ("UnknownOperationException", "UnknownOperation", "NotImplemented", "InvalidAction")
_UNKNOWN = {*_UNKNOWN_CODES, "404", "500", "501"}
_TEST_SECONDS = 60.0


class ActRefusedError(Exception):
    """An act that is not done; `status` is the answer's."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Acts:
    """The acts of one endpoint; those that it turned out not to have are in `missing`."""

    def __init__(self, endpoint: Endpoint, *, allow_writes: bool) -> None:
        self._endpoint = endpoint
        self.is_allowed = endpoint.is_local or allow_writes
        self.missing: set[str] = set()

    def available(self) -> list[str]:
        """Return the names of the acts that can be tried."""
        return [name for name in ACTS if name not in self.missing] if self.is_allowed else []

    async def do(self, name: str, told: Mapping[str, Json]) -> dict[str, Json]:
        """Do an act; raises ActRefusedError and botocore's errors."""
        if not self.is_allowed:
            raise ActRefusedError(
                f"{self._endpoint.url} is not local: `statewright view --allow-writes` may act there",
                403,
            )
        act = ACTS.get(name)
        if act is None:
            raise ActRefusedError(f"There is no act {name}", 404)
        try:
            return await asyncio.to_thread(act, self._endpoint.client, told)
        except ClientError as error:
            if _is_unknown(error):
                self.missing.add(name)
                raise ActRefusedError(f"This endpoint cannot {name}", 501) from error
            raise


def _is_unknown(error: ClientError) -> bool:
    told = error.response
    status = str(told.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    code = str(told.get("Error", {}).get("Code", ""))
    return code in _UNKNOWN or status in ("404", "501") or "not been implemented" in str(error)


def _start(client: Any, told: Mapping[str, Json]) -> dict[str, Json]:
    # A name of its own, as AWS gives: on moto all executions without one have the same ARN.
    name = _text(told, "name") if told.get("name") else str(uuid.uuid4())
    members = {"stateMachineArn": _text(told, "machine"), "input": _json_text(told, "input"), "name": name}
    return {"execution": client.start_execution(**members)["executionArn"]}


def _stop(client: Any, told: Mapping[str, Json]) -> dict[str, Json]:
    client.stop_execution(executionArn=_text(told, "execution"), cause="Stopped in the graph view")
    return {}


def _redrive(client: Any, told: Mapping[str, Json]) -> dict[str, Json]:
    client.redrive_execution(executionArn=_text(told, "execution"))
    return {}


def _try_state(client: Any, told: Mapping[str, Json]) -> dict[str, Json]:
    """Run one state of a definition with an input of its own; a mock stands in for what it calls.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
    """
    members: dict[str, Json] = {
        "definition": _json_text(told, "definition"),
        "stateName": _text(told, "state"),
        "input": _json_text(told, "input"),
        "inspectionLevel": "DEBUG",
    }
    for name, member in (("role", "roleArn"), ("variables", "variables")):
        if told.get(name):
            members[member] = _text(told, name)
    if told.get("mock"):
        members["mock"] = _mock(told["mock"])
        if told.get("context"):  # which is taken beside a mock alone
            members["context"] = _json_text(told, "context")
    answer = client.test_state(**members)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def _mock(mock: Json) -> dict[str, Json]:
    """Return a mock as TestState takes it: {"result": JSON text} or {"errorOutput": {"error", "cause"}}."""
    if not isinstance(mock, dict):
        raise ActRefusedError("A mock is an object with result or errorOutput")
    made: dict[str, Json] = {}
    if "result" in mock:
        made["result"] = _json_text(mock, "result")
    if isinstance(mock.get("errorOutput"), dict):
        made["errorOutput"] = {
            name: str(mock["errorOutput"][name]) for name in ("error", "cause") if name in mock["errorOutput"]
        }
    made["fieldValidationMode"] = "NONE"
    return made


def _text(told: Mapping[str, Json], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise ActRefusedError(f"{name} is missing")
    return value


def _json_text(told: Mapping[str, Json], name: str) -> str:
    text = _text(told, name)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ActRefusedError(f"{name} is no JSON: {error}") from error
    return text


ACTS: dict[str, Callable[[Any, Mapping[str, Json]], dict[str, Json]]] = {
    "start": _start,
    "stop": _stop,
    "redrive": _redrive,
    "try": _try_state,
}
