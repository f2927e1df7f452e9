"""Operations on aliases of state machines.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachineAlias.html and its
neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.api.pages import page
from statewright.engine.records import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.api.operations.types import Request, Response
    from statewright.engine import Engine


async def create_state_machine_alias(engine: Engine, request: Request) -> Response:
    """Create an alias; the same request again gives the same answer."""
    alias = engine.aliases.create(request["name"], _routes(request), request.get("description"))
    return {"stateMachineAliasArn": alias.arn, "creationDate": alias.created_at}


async def describe_state_machine_alias(engine: Engine, request: Request) -> Response:
    """Describe an alias and where it leads."""
    alias = engine.aliases.describe(request["stateMachineAliasArn"])
    return {
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "description": alias.description,
        "routingConfiguration": [
            {"stateMachineVersionArn": route.version_arn, "weight": route.weight} for route in alias.routes
        ],
        "creationDate": alias.created_at,
        "updateDate": alias.updated_at,
    }


async def update_state_machine_alias(engine: Engine, request: Request) -> Response:
    """Change where an alias leads, or its description."""
    alias = engine.aliases.update(
        request["stateMachineAliasArn"],
        routes=_routes(request) if "routingConfiguration" in request else None,
        description=request.get("description"),
    )
    return {"updateDate": alias.updated_at}


async def delete_state_machine_alias(engine: Engine, request: Request) -> Response:
    """Delete an alias; no error where there is none."""
    engine.aliases.delete(request["stateMachineAliasArn"])
    return {}


async def list_state_machine_aliases(engine: Engine, request: Request) -> Response:
    """List the aliases of a state machine, or those that lead to a version, a page at a time."""
    arn = request["stateMachineArn"]
    aliases, token = page(
        engine.aliases.list(arn),
        lambda alias: [alias.created_at, alias.name],
        f"ListStateMachineAliases {arn}",
        request.get("nextToken"),
        request.get("maxResults"),
    )
    listed = [{"stateMachineAliasArn": alias.arn, "creationDate": alias.created_at} for alias in aliases]
    return {"stateMachineAliases": listed, "nextToken": token}


def _routes(request: Request) -> Sequence[Route]:
    return [Route(each["stateMachineVersionArn"], each["weight"]) for each in request["routingConfiguration"]]
