"""Answers of workers to tasks that wait for a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.api.operations.bounds import check_nesting

if TYPE_CHECKING:
    from statewright.api.operations.types import Request, Response
    from statewright.engine import Engine


async def send_task_success(engine: Engine, request: Request) -> Response:
    """End the task of a token well."""
    check_nesting(request["output"], "InvalidOutput", "Invalid Output")
    engine.send_task_success(request["taskToken"], request["output"])
    return {}


async def send_task_failure(engine: Engine, request: Request) -> Response:
    """End the task of a token badly."""
    engine.send_task_failure(request["taskToken"], request.get("error"), request.get("cause"))
    return {}


async def send_task_heartbeat(engine: Engine, request: Request) -> Response:
    """Say that the task of a token is still worked on."""
    engine.send_task_heartbeat(request["taskToken"])
    return {}
