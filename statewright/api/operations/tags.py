"""Tags of state machines and activities."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from statewright.api.errors import ApiError
from statewright.engine.errors import ActivityDoesNotExist, ResourceNotFound, StateMachineDoesNotExist
from statewright.engine.names import check_arn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from statewright.api.operations.types import Request, Response
    from statewright.engine import Engine

MAX_TAGS = 50  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html


async def tag_resource(engine: Engine, request: Request) -> Response:
    """Add tags to a state machine or activity, or change their values."""
    arn = request["resourceArn"]
    tags = {tag["key"]: tag for tag in _tags(engine, arn)}
    tags.update({tag["key"]: tag for tag in request["tags"]})
    check_tags(list(tags.values()))
    _save(engine, arn, list(tags.values()))
    return {}


async def untag_resource(engine: Engine, request: Request) -> Response:
    """Take tags from a state machine or activity."""
    arn = request["resourceArn"]
    gone = set(request["tagKeys"])
    _save(engine, arn, [tag for tag in _tags(engine, arn) if tag["key"] not in gone])
    return {}


async def list_tags_for_resource(engine: Engine, request: Request) -> Response:
    """List the tags of a state machine or activity."""
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
    check_arn(arn, "stateMachine", "activity")
    try:
        if _is_activity(arn):
            return engine.activities.describe(arn).tags
        return engine.describe_state_machine(arn).tags
    except (ActivityDoesNotExist, StateMachineDoesNotExist) as error:
        raise ResourceNotFound(f"Resource not found: '{arn}'") from error


def _save(engine: Engine, arn: str, tags: Sequence[Mapping[str, str]]) -> None:
    if _is_activity(arn):
        tagged = dataclasses.replace(engine.activities.describe(arn), tags=tuple(tags))
        engine.store.save_activity(tagged)
    else:
        engine.tag_state_machine(arn, tags)


def _is_activity(arn: str) -> bool:
    return arn.split(":")[5] == "activity"
