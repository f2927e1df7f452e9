"""TestState: one state, run alone.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.api.operations.bounds import check_nesting
from statewright.engine.single_state import Configuration, MockInput, StateCase, run_state

if TYPE_CHECKING:
    from statewright.api.operations.types import Request, Response
    from statewright.engine import Engine
    from statewright.engine.single_state import StateOutcome


async def test_state(engine: Engine, request: Request) -> Response:
    """Run a state and tell how it ends; at the levels DEBUG and TRACE with its data flow."""
    _check_bounds(request)
    outcome = await run_state(engine, _case(request))
    return _response(outcome, request.get("inspectionLevel", "INFO"))


def _case(request: Request) -> StateCase:
    given = {
        "state_name": request.get("stateName"),
        "role_arn": request.get("roleArn"),
        "context": request.get("context"),
    }
    configuration = request.get("stateConfiguration", {})
    return StateCase(
        request["definition"],
        input=request.get("input", "{}"),
        variables=request.get("variables", "{}"),
        mock=_mock(request),
        configuration=Configuration(
            configuration.get("retrierRetryCount"),
            configuration.get("errorCausedByState"),
            configuration.get("mapIterationFailureCount"),
            configuration.get("mapItemReaderData"),
        ),
        reveals_secrets=request.get("revealSecrets", False),
        **given,
    )


def _mock(request: Request) -> MockInput | None:
    mock = request.get("mock")
    if mock is None:
        return None
    error = mock.get("errorOutput", {})
    return MockInput(
        mock.get("result"),
        "errorOutput" in mock,
        error.get("error"),
        error.get("cause"),
        mock.get("fieldValidationMode", "STRICT"),
    )


def _check_bounds(request: Request) -> None:
    check_nesting(request["definition"], "InvalidDefinition", "Invalid State Machine Definition")
    check_nesting(request.get("input", ""), "InvalidExecutionInput", "Invalid State Machine Execution Input")
    configuration = request.get("stateConfiguration", {})
    texts: dict[str, Any] = {
        "variables": request.get("variables"),
        "context": request.get("context"),
        "mock.result": request.get("mock", {}).get("result"),
        "stateConfiguration.mapItemReaderData": configuration.get("mapItemReaderData"),
    }
    for name, text in texts.items():
        check_nesting(text or "", "ValidationException", f"Invalid {name}")


# What DEBUG leaves out of TRACE.
_EXCHANGE = frozenset({"request", "response"})


def _response(outcome: StateOutcome, level: str) -> Response:
    shown = {name: value for name, value in outcome.inspection.items() if name not in _EXCHANGE}
    if level == "TRACE":
        shown = dict(outcome.inspection)
    return {
        "status": outcome.status,
        "output": outcome.output,
        "error": outcome.error,
        "cause": outcome.cause,
        "nextState": outcome.next_state,
        "inspectionData": None if level == "INFO" else shown,
    }
