"""Operations on the runs of Distributed Maps.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.api.errors import ApiError
from statewright.api.pages import page

if TYPE_CHECKING:
    from statewright.api.operations.types import Request, Response
    from statewright.engine import Engine
    from statewright.engine.records import MapRunCounts, MapRunRecord


async def describe_map_run(engine: Engine, request: Request) -> Response:
    """Describe a map run with the counts of its items and child executions."""
    run = engine.describe_map_run(request["mapRunArn"])
    return {
        "mapRunArn": run.arn,
        "executionArn": run.execution_arn,
        "status": run.status,
        "startDate": run.start_date,
        "stopDate": run.stop_date,
        "maxConcurrency": run.max_concurrency,
        "toleratedFailurePercentage": run.tolerated_failure_percentage,
        "toleratedFailureCount": run.tolerated_failure_count,
        "itemCounts": _counts(run.item_counts),
        "executionCounts": _counts(run.execution_counts),
        "redriveCount": run.redrive_count,
        "redriveDate": run.redrive_date,
    }


async def list_map_runs(engine: Engine, request: Request) -> Response:
    """List the map runs of an execution, a page at a time."""
    arn = request["executionArn"]
    runs, token = page(
        sorted(engine.list_map_runs(arn), key=_place),
        _place,
        f"ListMapRuns {arn}",
        request.get("nextToken"),
        request.get("maxResults"),
    )
    listed = [
        {
            "executionArn": run.execution_arn,
            "mapRunArn": run.arn,
            "stateMachineArn": run.state_machine_arn,
            "startDate": run.start_date,
            "stopDate": run.stop_date,
        }
        for run in runs
    ]
    return {"mapRuns": listed, "nextToken": token}


async def update_map_run(engine: Engine, request: Request) -> Response:
    """Change the limits of a map run while it runs."""
    limits = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage")
    if not any(limit in request for limit in limits):
        raise ApiError("ValidationException", f"At least one of {', '.join(limits)} must be specified")
    engine.update_map_run(
        request["mapRunArn"],
        max_concurrency=request.get("maxConcurrency"),
        tolerated_failure_count=request.get("toleratedFailureCount"),
        tolerated_failure_percentage=request.get("toleratedFailurePercentage"),
    )
    return {}


def _place(run: MapRunRecord) -> list[float | str]:
    return [run.start_date, run.arn]


def _counts(counts: MapRunCounts) -> Response:
    return {
        "pending": counts.pending,
        "running": counts.running,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "timedOut": counts.timed_out,
        "aborted": counts.aborted,
        "total": counts.total,
        "resultsWritten": counts.results_written,
        "failuresNotRedrivable": counts.failures_not_redrivable,
        "pendingRedrive": counts.pending_redrive,
    }
