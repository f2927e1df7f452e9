"""Operations on state machines.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html and its neighbours.
Encryption with a customer's key is refused by name. Tracing configurations are kept and described; nothing is
sent to X-Ray.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright import asl
from statewright.api.errors import ApiError
from statewright.api.operations.bounds import check_nesting
from statewright.api.operations.encryption import check_encryption
from statewright.api.operations.tags import check_tags
from statewright.api.pages import page
from statewright.engine.records import Publication

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.api.operations.types import Request, Response
    from statewright.engine import Engine
    from statewright.engine.records import MachineType, StateMachineRecord


async def create_state_machine(engine: Engine, request: Request) -> Response:
    """Create a state machine; the same request again gives the same answer."""
    _check_settings("CreateStateMachine", request)
    await engine.logs.check_destination(request.get("loggingConfiguration", {}))
    check_tags(request.get("tags", ()))
    machine_type = request.get("type", "STANDARD")
    await _parse(engine, request["definition"], machine_type)
    record = engine.create_state_machine(
        request["name"],
        request["definition"],
        request["roleArn"],
        machine_type,
        logging=_logging(request),
        tracing=request.get("tracingConfiguration"),
        encryption=request.get("encryptionConfiguration"),
        tags=request.get("tags", ()),
        publication=_publication(request),
    )
    version = engine.versions.of_current_revision(record) if request.get("publish") else None
    return {
        "stateMachineArn": record.arn,
        "creationDate": record.created_at,
        "stateMachineVersionArn": None if version is None else version.arn,
    }


async def update_state_machine(engine: Engine, request: Request) -> Response:
    """Change a state machine."""
    _check_settings("UpdateStateMachine", request)
    await engine.logs.check_destination(request.get("loggingConfiguration", {}))
    if "definition" in request:
        machine_type = engine.describe_state_machine(request["stateMachineArn"]).type
        await _parse(engine, request["definition"], machine_type)
    record = engine.update_state_machine(
        request["stateMachineArn"],
        definition=request.get("definition"),
        role_arn=request.get("roleArn"),
        logging=_logging(request),
        tracing=request.get("tracingConfiguration"),
        encryption=request.get("encryptionConfiguration"),
    )
    publication = _publication(request)
    version = publication and engine.versions.publish(record.arn, description=publication.description)
    return {
        "updateDate": record.updated_at,
        "revisionId": record.revision_id,
        "stateMachineVersionArn": version and version.arn,
    }


async def _parse(engine: Engine, definition: str, machine_type: MachineType) -> None:
    """Read a definition while the engine goes on with its executions."""
    check_nesting(definition, "InvalidDefinition", "Invalid State Machine Definition")
    await engine.call_in_thread(engine.parse, definition, machine_type)


async def delete_state_machine(engine: Engine, request: Request) -> Response:
    """Delete a state machine; no error where there is none."""
    engine.delete_state_machine(request["stateMachineArn"])
    return {}


async def describe_state_machine(engine: Engine, request: Request) -> Response:
    """Describe a state machine or a version of one."""
    record = engine.versions.describe(request["stateMachineArn"])
    return {
        "stateMachineArn": record.arn,
        "name": record.name,
        "status": record.status,
        "type": record.type,
        "creationDate": record.created_at,
        "description": record.description,
        **definition_fields(record, request),
    }


async def list_state_machines(engine: Engine, request: Request) -> Response:
    """List the state machines, a page at a time."""
    records, token = page(
        engine.list_state_machines(),
        lambda record: record.name,
        "ListStateMachines",
        request.get("nextToken"),
        request.get("maxResults"),
    )
    listed = [
        {
            "stateMachineArn": record.arn,
            "name": record.name,
            "type": record.type,
            "creationDate": record.created_at,
        }
        for record in records
    ]
    return {"stateMachines": listed, "nextToken": token}


def definition_fields(record: StateMachineRecord, request: Request) -> Response:
    """Return what both descriptions of a state machine say of its definition and settings.

    AWS gives an empty object for a definition that was not asked for.
    """
    wanted = request.get("includedData") != "METADATA_ONLY"
    return {
        "definition": record.definition if wanted else "{}",
        "roleArn": record.role_arn,
        "loggingConfiguration": record.logging,
        "tracingConfiguration": record.tracing,
        "encryptionConfiguration": record.encryption,
        "revisionId": record.revision_id,
        "variableReferences": (asl.variable_references(record.machine) or None) if wanted else None,
    }


def _logging(request: Request) -> Mapping[str, Any] | None:
    configuration = request.get("loggingConfiguration")
    if configuration is None:
        return None
    return {"level": "OFF", "includeExecutionData": False, **configuration}


def _publication(request: Request) -> Publication | None:
    return Publication(request.get("versionDescription")) if request.get("publish") else None


def _check_settings(operation: str, request: Request) -> None:
    if "versionDescription" in request and not request.get("publish"):
        raise ApiError("ValidationException", "Version description can only be set when publish is true")
    check_encryption(operation, request)
    configuration = request.get("loggingConfiguration", {})
    destinations = configuration.get("destinations", ())
    if len(destinations) > 1 or (configuration.get("level", "OFF") != "OFF" and not destinations):
        raise ApiError(
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        )
