"""Calls to AWS services through botocore's models: names in PascalCase, errors as AWS names them.

The optimised integrations word their errors as the first AWS SDK for Java does, `aws-sdk:` as the second.
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import base64
import datetime
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.model import ListShape, MapShape, Shape, StructureShape

from statewright.engine.errors import StateFailure
from statewright.engine.payloads import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statewright.engine.engine import Engine

Json = Any

MAX_DEPTH = 60
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


class UnsupportedParameter(ValueError):  # noqa: N818 - what happened
    """A parameter that the service's operation does not have."""


@dataclass(frozen=True)
class Dialect:
    """How errors of one service are named and worded.

    `prefix`: before the error's name ("DynamoDB"); `service`: in the cause ("AmazonDynamoDBv2"); `fallback`:
    the name of errors that the service's model does not have; `is_sdk`: worded as `aws-sdk:` ones are.
    """

    prefix: str
    service: str
    fallback: str
    is_sdk: bool = False


def sdk_dialect(service_id: str) -> Dialect:
    """Give the dialect of an `aws-sdk:` service: "DynamoDB" becomes "DynamoDb"."""
    name = "".join(word.capitalize() for word in _WORD.findall(service_id))
    return Dialect(name, name, f"{name}Exception", is_sdk=True)


# --- names of members ---


def to_request(shape: Shape | None, value: Json, depth: int = 0) -> Json:
    """Turn a payload into what botocore takes; raises UnsupportedParameter."""
    if depth > MAX_DEPTH:
        raise UnsupportedParameter("The parameters nest too deep")
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return _structure(shape, value, depth)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_request(shape.member, each, depth + 1) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: to_request(shape.value, each, depth + 1) for name, each in value.items()}
    if shape is not None and shape.type_name == "string" and isinstance(value, dict | list):
        return dump(value)
    if shape is not None and shape.type_name == "blob":
        return dump(value).encode()  # a text too: as recorded, an object written so holds its quotes
    return value


def _structure(shape: StructureShape, value: dict[str, Json], depth: int) -> dict[str, Json]:
    members = {name.lower(): name for name in shape.members}
    request = {}
    for name, inner in value.items():
        known = members.get(name.lower())
        if known is None:
            raise UnsupportedParameter(f'The field "{name}" is not supported by Step Functions')
        if inner is None:  # to AWS's Java SDK a null is a parameter that was not given
            continue
        request[known] = to_request(shape.members[known], inner, depth + 1)
    return request


def in_iso(moment: datetime.datetime) -> str:
    """Write a moment as `aws-sdk:` integrations do."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def in_millis(moment: datetime.datetime) -> int:
    """Write a moment as the optimised integrations do: milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def from_response(
    shape: Shape | None, value: Json, moment: Callable[[datetime.datetime], Json] = in_iso
) -> Json:
    """Turn botocore's answer into JSON with members in PascalCase; keys of maps stay as they are."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            name[:1].upper() + name[1:]: from_response(shape.members[name], inner, moment)
            for name, inner in value.items()
            if name in shape.members
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [from_response(shape.member, each, moment) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: from_response(shape.value, each, moment) for name, each in value.items()}
    if shape is not None and shape.type_name == "timestamp" and isinstance(value, int | float):
        value = datetime.datetime.fromtimestamp(value, datetime.UTC)
    if isinstance(value, datetime.datetime):
        return moment(value)
    if isinstance(value, bytes | bytearray):
        return _text_of(bytes(value))
    return value


def _text_of(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def http_metadata(status: int, headers: Mapping[str, str], request_id: str) -> dict[str, Json]:
    """Give what AWS adds to the results of optimised integrations."""
    every = {name: [value] for name, value in headers.items()}
    return {
        "SdkHttpMetadata": {"AllHttpHeaders": every, "HttpHeaders": dict(headers), "HttpStatusCode": status},
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def metadata_of(response: Mapping[str, Json]) -> dict[str, Json]:
    """Give the HTTP metadata of a boto response."""
    found = response.get("ResponseMetadata", {})
    return http_metadata(
        found.get("HTTPStatusCode", 200), found.get("HTTPHeaders", {}), found.get("RequestId", "")
    )


# --- calls ---


def client_of(engine: Engine, service: str) -> Any:
    """Give the boto client of a service; raises StateFailure where the engine has none."""
    if engine.clients is None:
        raise StateFailure(
            "States.TaskFailed",
            f"No clients of AWS services are configured, so '{service}' cannot be called.",
        )
    return engine.clients(service)


def operation_of(client: Any, action: str) -> str:
    """Give botocore's operation for an action ("getItem"); raises StateFailure."""
    wanted = action.lower()
    for name in client.meta.service_model.operation_names:
        if name.lower() == wanted:
            return str(name)
    raise StateFailure("States.Runtime", f"The service has no action '{action}'.")


async def call_service(engine: Engine, service: str, method: str, arguments: Mapping[str, Json]) -> Json:
    """Call a boto method as `aws-sdk:` integrations do; give boto's own answer. Raises StateFailure."""
    return await engine.call_in_thread(call_now, client_of(engine, service), method, arguments)


def call_now(client: Any, method: str, arguments: Mapping[str, Json], **more: Json) -> Json:
    """Call a boto method in this thread as `aws-sdk:` integrations do; give boto's own answer.

    `more` is passed to boto as it is (a Body that is a file). Raises StateFailure, UnsupportedParameter.
    """
    model = client.meta.service_model
    operation = model.operation_model(client.meta.method_to_api_mapping[method])
    request = {**to_request(operation.input_shape, dict(arguments)), **more}
    return _invoke(client, operation, sdk_dialect(str(model.service_id)), request)


async def perform(
    engine: Engine, service: str, action: str, arguments: Mapping[str, Json], dialect: Dialect | None = None
) -> Json:
    """Perform an action with arguments in Step Functions' names; give the result in them.

    Raises StateFailure with AWS's name and words, UnsupportedParameter.
    """
    client = client_of(engine, service)
    model = client.meta.service_model
    operation = model.operation_model(operation_of(client, action))
    dialect = dialect or sdk_dialect(str(model.service_id))
    request = to_request(operation.input_shape, dict(arguments))
    answer = await _call(engine, client, operation, dialect, request)
    body = answer.get(getattr(operation.output_shape, "serialization", {}).get("payload", ""))
    if hasattr(body, "read"):
        payload = operation.output_shape.serialization["payload"]
        answer = {**answer, payload: await engine.call_in_thread(body.read)}
    result = from_response(operation.output_shape, answer, in_iso if dialect.is_sdk else in_millis)
    if not dialect.is_sdk:
        result |= metadata_of(answer)
    return result


async def _call(engine: Engine, client: Any, operation: Any, dialect: Dialect, request: Json) -> Json:
    return await engine.call_in_thread(_invoke, client, operation, dialect, request)


def _invoke(client: Any, operation: Any, dialect: Dialect, request: Json) -> Json:
    method: Callable[..., Any] = getattr(client, xform_name(operation.name))
    missing = [name for name in getattr(operation.input_shape, "required_members", ()) if name not in request]
    if missing:
        raise _validation_failure(dialect, missing)
    try:
        return method(**request)
    except ClientError as error:
        raise service_failure(client, dialect, error.response) from error
    except ParamValidationError as error:
        raise _failure(dialect, dialect.fallback, str(error), 400, "ValidationException") from error
    except BotoCoreError as error:
        name = "SdkClientException"
        raise StateFailure(f"{dialect.prefix}.{name}", f"{type(error).__name__}: {error}") from error


def _validation_failure(dialect: Dialect, missing: list[str]) -> StateFailure:
    words = "; ".join(
        f"Value null at '{name[:1].lower() + name[1:]}' failed to satisfy constraint: Member must not be null"
        for name in missing
    )
    count = f"{len(missing)} validation error{'s' if len(missing) > 1 else ''} detected"
    return _failure(dialect, dialect.fallback, f"{count}: {words}", 400, "ValidationException")


def service_failure(client: Any, dialect: Dialect, response: Mapping[str, Json]) -> StateFailure:
    """Name and word an error that a service answered with."""
    found = response.get("Error", {})
    code = str(found.get("Code", ""))
    metadata = response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 400)
    name, code = _exception_name(client, code)
    extended = metadata.get("HostId")
    return _failure(
        dialect,
        name or dialect.fallback,
        str(found.get("Message", "")),
        status,
        code,
        metadata.get("RequestId"),
        extended,
    )


def _exception_name(client: Any, code: str) -> tuple[str | None, str]:
    """Give the Java name of an error that the model has ("NoSuchKey" is NoSuchKeyException), and its code."""
    model = client.meta.service_model
    for shape in model.error_shapes:
        if code in (shape.name, shape.error_code):
            name = str(shape.name)
            return name if name.endswith("Exception") else f"{name}Exception", str(shape.error_code)
    return None, code


def _failure(
    dialect: Dialect,
    name: str,
    message: str,
    status: int,
    code: str,
    request_id: str | None = None,
    extended: str | None = None,
) -> StateFailure:
    request_id = request_id or str(uuid.uuid4())
    if dialect.is_sdk:
        more = f", Extended Request ID: {extended}" if extended or dialect.prefix == "S3" else ""
        place = f"(Service: {dialect.service}, Status Code: {status}, Request ID: {request_id}{more})"
    else:
        place = (
            f"(Service: {dialect.service}; Status Code: {status}; Error Code: {code};"
            f" Request ID: {request_id}; Proxy: null)"
        )
    return StateFailure(f"{dialect.prefix}.{name}", f"{message} {place}")
