"""Lambda: `lambda:invoke`, and functions whose ARN is the Task's Resource.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.functions import FunctionNotFound, FunctionThrottled, PayloadTooLarge
from statewright.engine.integrations.aws import UnsupportedParameter, http_metadata
from statewright.engine.payloads import dump, load

if TYPE_CHECKING:
    from statewright.engine.engine import Engine
    from statewright.engine.functions import FunctionResult
    from statewright.engine.integrations.call import TaskCall

Json = Any

PARAMETERS = frozenset({"FunctionName", "Payload", "InvocationType", "Qualifier", "LogType", "ClientContext"})
_UNTYPED = "The cause could not be determined because Lambda did not return an error type."


async def invoke(call: TaskCall) -> Json:
    """Perform `lambda:invoke`."""
    arguments = call.arguments
    for name in arguments:
        if name not in PARAMETERS:
            raise UnsupportedParameter(f'The field "{name}" is not supported by Step Functions')
    if "FunctionName" not in arguments:
        raise UnsupportedParameter("The field 'FunctionName' is required but was missing")
    function = str(arguments["FunctionName"])
    if "Qualifier" in arguments:
        function = f"{function}:{arguments['Qualifier']}"
    kind = str(arguments.get("InvocationType", "RequestResponse"))
    answer = await _invoke(call.engine, function, _payload(arguments.get("Payload")), kind)
    payload = _result(answer)
    request_id = answer.request_id or str(uuid.uuid4())
    headers = {
        "X-Amz-Executed-Version": answer.executed_version,
        "x-amzn-RequestId": request_id,
        "Content-Length": str(len(answer.payload)),
        "Content-Type": "application/json",
    }
    log = {"LogResult": base64.b64encode(answer.log).decode()} if arguments.get("LogType") == "Tail" else {}
    return {
        "ExecutedVersion": answer.executed_version,
        **log,
        "Payload": payload,
        **http_metadata(answer.status_code, headers, request_id),
        "StatusCode": answer.status_code,
    }


async def invoke_function(engine: Engine, arn: str, value: Json) -> Json:
    """Call the function of an ARN with a value; give what it returned."""
    return _result(await _invoke(engine, arn, dump(value).encode(), "RequestResponse"))


def _payload(value: Json) -> bytes:
    """Write the payload: nothing is an empty object, and a text that is JSON goes as it is."""
    if value is None:
        return b"{}"
    if isinstance(value, str):
        try:
            load(value)
        except ValueError:
            return dump(value).encode()
        return value.encode()
    return dump(value).encode()


async def _invoke(engine: Engine, function: str, payload: bytes, kind: str) -> FunctionResult:
    try:
        return await engine.functions.invoke(function, payload, invocation_type=kind)
    except FunctionNotFound as error:
        raise _service_failure("ResourceNotFoundException", str(error), 404) from error
    except FunctionThrottled as error:
        raise _service_failure("TooManyRequestsException", str(error), 429) from error
    except PayloadTooLarge as error:
        raise _service_failure("RequestTooLargeException", str(error), 413) from error
    except OSError as error:
        raise StateFailure("Lambda.SdkClientException", f"{type(error).__name__}: {error}") from error


def _service_failure(name: str, message: str, status: int) -> StateFailure:
    place = (
        f"(Service: AWSLambda; Status Code: {status}; Error Code: {name};"
        f" Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return StateFailure(f"Lambda.{name}", f"{message} {place}")


def _result(answer: FunctionResult) -> Json:
    """Read what a function returned; raises StateFailure where it failed."""
    text = answer.payload.decode("utf-8", "replace")
    try:
        value = load(text) if text else ""
    except ValueError:
        value = text
    if answer.function_error is None:
        return value
    if isinstance(value, dict) and isinstance(value.get("errorType"), str):
        raise StateFailure(value["errorType"], text)
    raise StateFailure("Lambda.Unknown", f"{_UNTYPED} Returned payload: {text}")
