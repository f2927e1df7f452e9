"""Operations on activities: queues of tasks that workers of one's own poll.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.api.operations.encryption import check_encryption
from statewright.api.operations.tags import check_tags
from statewright.api.pages import page

if TYPE_CHECKING:
    from statewright.api.operations.types import Request, Response
    from statewright.engine import Engine
    from statewright.engine.records import ActivityRecord


async def create_activity(engine: Engine, request: Request) -> Response:
    """Create an activity; the same name again gives the one that exists."""
    check_encryption("CreateActivity", request)
    check_tags(request.get("tags", ()))
    record = engine.activities.create(request["name"], request.get("tags", ()))
    return {"activityArn": record.arn, "creationDate": record.created_at}


async def delete_activity(engine: Engine, request: Request) -> Response:
    """Delete an activity; no error where there is none."""
    engine.activities.delete(request["activityArn"])
    return {}


async def describe_activity(engine: Engine, request: Request) -> Response:
    """Describe an activity."""
    return _fields(engine.activities.describe(request["activityArn"]))


async def list_activities(engine: Engine, request: Request) -> Response:
    """List the activities, a page at a time."""
    records, token = page(
        engine.activities.list(),
        lambda record: record.name,
        "ListActivities",
        request.get("nextToken"),
        request.get("maxResults"),
    )
    return {"activities": [_fields(record) for record in records], "nextToken": token}


async def get_activity_task(engine: Engine, request: Request) -> Response:
    """Wait up to a minute for a task of an activity."""
    task = await engine.activities.poll(request["activityArn"], request.get("workerName"))
    return {"taskToken": task.task_token, "input": task.input}


def _fields(record: ActivityRecord) -> Response:
    return {"activityArn": record.arn, "name": record.name, "creationDate": record.created_at}
