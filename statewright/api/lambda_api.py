"""The part of Lambda's API that callers of functions need: Invoke, GetFunction, ListFunctions.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from statewright.api.errors import ApiError
from statewright.api.http import error_response, json_response, read_body
from statewright.api.pages import page
from statewright.engine.functions import (
    MAX_REQUEST_BYTES,
    FunctionDescription,
    FunctionDirectory,
    FunctionNotFound,
    FunctionThrottled,
    PayloadTooLarge,
    function_arn,
    function_name,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request

    from statewright.engine.functions import FunctionBackend, FunctionResult

_log = logging.getLogger(__name__)

JSON = "application/json"
EPOCH = "1970-01-01T00:00:00.000+0000"  # local functions have no date of their own


def lambda_routes(functions: FunctionBackend, region: str) -> list[Route]:
    """Return the routes of the Lambda API over a backend."""
    api = LambdaApi(functions, region)
    base = "/2015-03-31/functions"
    return [
        Route(f"{base}/{{name}}/invocations", _guarded(api.invoke), methods=["POST"]),
        Route(f"{base}/{{name}}/configuration", _guarded(api.get_configuration), methods=["GET"]),
        Route(f"{base}/{{name}}", _guarded(api.get_function), methods=["GET"]),
        Route(base, _guarded(api.list_functions), methods=["GET"]),
        Route(f"{base}/", _guarded(api.list_functions), methods=["GET"]),
        Route("/{rest:path}", _guarded(_refuse), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]


class LambdaApi:
    """Requests of the Lambda API, answered by a backend."""

    def __init__(self, functions: FunctionBackend, region: str) -> None:
        self._functions = functions
        self._region = region

    async def invoke(self, request: Request) -> Response:
        """Invoke."""
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind not in MAX_REQUEST_BYTES:
            raise ApiError(
                "ValidationException",
                f"1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy "
                "constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
            )
        name = _qualified(request)
        # One byte more than is allowed, so that the backend can say what is too large.
        payload = await read_body(request, MAX_REQUEST_BYTES[kind] + 1)
        try:
            result = await self._functions.invoke(name, payload, invocation_type=kind)
        except FunctionNotFound as error:
            raise ApiError("ResourceNotFoundException", str(error), 404) from error
        except FunctionThrottled as error:
            raise ApiError("TooManyRequestsException", str(error), 429) from error
        except PayloadTooLarge as error:
            raise ApiError("RequestEntityTooLargeException", str(error), 413) from error
        return _invocation_response(result, tail=request.headers.get("x-amz-log-type") == "Tail")

    async def get_function(self, request: Request) -> Response:
        """GetFunction."""
        found = self._find(request)
        code = {"RepositoryType": "S3", "Location": ""}
        return json_response({"Configuration": self._configuration(found), "Code": code, "Tags": {}}, JSON)

    async def get_configuration(self, request: Request) -> Response:
        """GetFunctionConfiguration."""
        return json_response(self._configuration(self._find(request)), JSON)

    async def list_functions(self, request: Request) -> Response:
        """ListFunctions, with Marker and MaxItems."""
        size = request.query_params.get("MaxItems", "50")
        if not size.isascii() or not size.isdigit() or not 1 <= int(size[:6]) <= 10_000:
            raise ApiError("InvalidParameterValueException", "MaxItems must be between 1 and 10000")
        functions, marker = page(
            self._descriptions(),
            lambda each: each.name,
            "ListFunctions",
            request.query_params.get("Marker"),
            min(int(size), 50),  # Lambda returns 50 a page at most
        )
        listed: dict[str, Any] = {"Functions": [self._configuration(each) for each in functions]}
        if marker is not None:
            listed["NextMarker"] = marker
        return json_response(listed, JSON)

    def _descriptions(self) -> Sequence[FunctionDescription]:
        known = isinstance(self._functions, FunctionDirectory)
        return self._functions.describe_functions() if known else ()  # type: ignore[attr-defined]

    def _find(self, request: Request) -> FunctionDescription:
        wanted = _qualified(request)
        for each in self._descriptions():
            if each.name == function_name(wanted):
                return each
        raise ApiError(
            "ResourceNotFoundException",
            f"Function not found: {function_arn(wanted, region=self._region)}",
            404,
        )

    def _configuration(self, function: FunctionDescription) -> dict[str, Any]:
        return {
            "FunctionName": function.name,
            "FunctionArn": function_arn(function.name, region=self._region),
            "Runtime": "python3.13",
            "Role": "arn:aws:iam::000000000000:role/local",
            "Handler": function.handler,
            "CodeSize": 0,
            "Description": "",
            "Timeout": max(1, round(function.timeout_seconds)),
            "MemorySize": function.memory_mb,
            "LastModified": EPOCH,
            "Version": "$LATEST",
            "PackageType": "Zip",
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }


def _qualified(request: Request) -> str:
    """Return the function that a request names, with the qualifier of its query."""
    name: str = request.path_params["name"]
    qualifier = request.query_params.get("Qualifier")
    return name if qualifier is None else f"{name}:{qualifier}"


def _invocation_response(result: FunctionResult, *, tail: bool) -> Response:
    headers = {"x-amzn-RequestId": result.request_id, "X-Amz-Executed-Version": result.executed_version}
    if result.function_error is not None:
        headers["X-Amz-Function-Error"] = result.function_error
    if tail and result.status_code == 200:
        headers["X-Amz-Log-Result"] = base64.b64encode(result.log).decode()
    if result.status_code == 204:
        return Response(None, 204, headers)
    return Response(result.payload, result.status_code, headers, JSON)


async def _refuse(request: Request) -> Response:
    raise ApiError(
        "UnsupportedOperationException",
        f"{request.method} {request.url.path} is not supported by this endpoint",
        501,
    )


def _guarded(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Turn an ApiError of an endpoint into Lambda's form of an error."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ApiError as error:
            return _error(error)
        except Exception:  # noqa: BLE001 - a mistake of this program, or a Lambda endpoint out of reach
            _log.exception("%s %s failed", request.method, request.url.path)
            return _error(ApiError("ServiceException", "Internal error; see the server's log", 500))

    return guarded


def _error(error: ApiError) -> Response:
    response = error_response(error, JSON)
    content = {"Type": "User", "Message": error.message, "message": error.message}
    shaped = json_response(content, JSON, error.status)
    shaped.headers["x-amzn-ErrorType"] = response.headers["x-amzn-ErrorType"]
    return shaped
