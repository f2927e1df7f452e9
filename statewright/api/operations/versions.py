"""Operations on versions of state machines.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html and its
neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.api.pages import page
from statewright.engine.versions import number_of

if TYPE_CHECKING:
    from statewright.api.operations.types import Request, Response
    from statewright.engine import Engine


async def publish_state_machine_version(engine: Engine, request: Request) -> Response:
    """Make a version of a state machine as it is now, or give the one that there is."""
    version = engine.versions.publish(
        request["stateMachineArn"], request.get("revisionId"), request.get("description")
    )
    return {"stateMachineVersionArn": version.arn, "creationDate": version.created_at}


async def delete_state_machine_version(engine: Engine, request: Request) -> Response:
    """Delete a version that no alias leads to; no error where there is none."""
    engine.versions.delete(request["stateMachineVersionArn"])
    return {}


async def list_state_machine_versions(engine: Engine, request: Request) -> Response:
    """List the versions of a state machine, the newest first, a page at a time."""
    arn = request["stateMachineArn"]
    versions, token = page(
        engine.versions.list(arn),
        lambda version: -number_of(version.arn),
        f"ListStateMachineVersions {arn}",
        request.get("nextToken"),
        request.get("maxResults"),
    )
    listed = [
        {"stateMachineVersionArn": version.arn, "creationDate": version.created_at} for version in versions
    ]
    return {"stateMachineVersions": listed, "nextToken": token}
