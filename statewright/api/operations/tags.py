"""Tags of state machines and activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.api.errors import ApiError
from statewright.engine.errors import ResourceNotFound, StateMachineDoesNotExist

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from statewright.api.operations.types import Request, Response
    from statewright.engine import Engine

MAX_TAGS = 50  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html


async def tag_resource(engine: Engine, request: Request) -> Response:
    """Add tags to a state machine, or change their values."""
    arn = request["resourceArn"]
    tags = {tag["key"]: tag for tag in _tags(engine, arn)}
    tags.update({tag["key"]: tag for tag in request["tags"]})
    check_tags(list(tags.values()))
    engine.tag_state_machine(arn, list(tags.values()))
    return {}


async def untag_resource(engine: Engine, request: Request) -> Response:
    """Take tags from a state machine."""
    arn = request["resourceArn"]
    gone = set(request["tagKeys"])
    engine.tag_state_machine(arn, [tag for tag in _tags(engine, arn) if tag["key"] not in gone])
    return {}


async def list_tags_for_resource(engine: Engine, request: Request) -> Response:
    """List the tags of a state machine."""
    return {"tags": list(_tags(engine, request["resourceArn"]))}


def check_tags(tags: Sequence[Mapping[str, str]]) -> None:
    """Raise TooManyTags or ValidationException for tags that AWS refuses."""
    if len(tags) > MAX_TAGS:
        raise ApiError("TooManyTags", f"A resource may have {MAX_TAGS} tags at most")
    for tag in tags:
        if tag.get("key", "").lower().startswith("aws:"):
            raise ApiError(
                "ValidationException", "aws: prefixed tag key names are not allowed for external use."
            )


def _tags(engine: Engine, arn: str) -> Sequence[Mapping[str, str]]:
    try:
        return engine.describe_state_machine(arn).tags
    except StateMachineDoesNotExist as error:
        raise ResourceNotFound(f"Resource not found: '{arn}'") from error
