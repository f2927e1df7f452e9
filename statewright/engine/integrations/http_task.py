"""`http:invoke`: an HTTP Task calls an HTTPS API with the credentials of an EventBridge connection.

https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.integrations.aws import UnsupportedParameter
from statewright.engine.integrations.http_connection import Credentials, read_connection
from statewright.engine.integrations.http_encoding import (
    ARRAY_FORMATS,
    encode,
    form_pairs,
    listed,
    overlay,
    query_pairs,
)
from statewright.engine.integrations.http_sending import (
    MAX_RESPONSE_BYTES,
    METHODS,
    AnswerTooLarge,
    HttpAnswer,
    HttpRequest,
    RequestFailed,
    check_members,
    check_url,
    send,
    too_large,
)
from statewright.engine.payloads import dump

if TYPE_CHECKING:
    from statewright.engine.integrations.call import TaskCall

Json = Any

PARAMETERS = frozenset(
    {
        "ApiEndpoint",
        "Method",
        "Authentication",
        "InvocationConfig",
        "Headers",
        "QueryParameters",
        "RequestBody",
        "Transform",
    }
)
FORBIDDEN_HEADERS = frozenset(
    [
        "a-im",
        "accept-charset",
        "accept-datetime",
        "accept-encoding",
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-md5",
        "date",
        "expect",
        "forwarded",
        "from",
        "host",
        "http2-settings",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "max-forwards",
        "origin",
        "pragma",
        "proxy-authorization",
        "referer",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "warning",
    ]
)
FORBIDDEN_PREFIXES = ("x-forwarded-", "x-amz-", "x-amzn-")
_BINARY = ("application/octet-stream", "image/", "video/", "audio/")


def check(arguments: dict[str, Json]) -> None:
    """Raise UnsupportedParameter for parameters that no HTTP Task can have."""
    check_members(arguments, PARAMETERS, ("ApiEndpoint", "Method"))
    check_url(str(arguments["ApiEndpoint"]), "ApiEndpoint")
    if arguments["Method"] not in METHODS:
        raise UnsupportedParameter(f"The value of the field 'Method' is not one of {sorted(METHODS)}")
    connection_arn(arguments)
    for name, _ in listed(arguments.get("Headers") or {}, "Headers"):
        lower = name.lower()
        if lower in FORBIDDEN_HEADERS or lower.startswith(FORBIDDEN_PREFIXES):
            raise UnsupportedParameter(f"The 'Headers' field contains unsupported values: [{name}]")
    query_pairs(arguments.get("QueryParameters"))
    array_format(arguments.get("Transform"))


def connection_arn(arguments: dict[str, Json]) -> str:
    """Give the ARN of the connection: in InvocationConfig or, as before 2024, in Authentication."""
    given = [name for name in ("InvocationConfig", "Authentication") if arguments.get(name) is not None]
    if len(given) != 1:
        raise UnsupportedParameter("Exactly one of 'InvocationConfig' and 'Authentication' is required")
    value = arguments[given[0]]
    if not isinstance(value, dict):
        raise UnsupportedParameter(f"The value of the field '{given[0]}' has an invalid format")
    check_members(value, frozenset({"ConnectionArn"}), ("ConnectionArn",), f"{given[0]}.")
    return str(value["ConnectionArn"])


def array_format(transform: Json) -> str | None:
    """Give how arrays are written in a form, None where the body is no form."""
    if transform is None:
        return None
    if not isinstance(transform, dict):
        raise UnsupportedParameter("The value of the field 'Transform' has an invalid format")
    allowed = frozenset({"RequestBodyEncoding", "RequestEncodingOptions"})
    check_members(transform, allowed, (), "Transform.")
    encoding = transform.get("RequestBodyEncoding", "NONE")
    if encoding not in ("NONE", "URL_ENCODED"):
        raise UnsupportedParameter("The field 'Transform.RequestBodyEncoding' must be NONE or URL_ENCODED")
    options = transform.get("RequestEncodingOptions") or {}
    if not isinstance(options, dict):
        raise UnsupportedParameter("The value of 'Transform.RequestEncodingOptions' has an invalid format")
    check_members(options, frozenset({"ArrayFormat"}), (), "Transform.RequestEncodingOptions.")
    found = options.get("ArrayFormat", "INDICES")
    if found not in ARRAY_FORMATS:
        raise UnsupportedParameter(f"The value of 'ArrayFormat' is not one of {sorted(ARRAY_FORMATS)}")
    return found if encoding == "URL_ENCODED" else None


async def invoke(call: TaskCall) -> Json:
    """Perform `http:invoke`; give Headers, ResponseBody, StatusCode, StatusText."""
    check(call.arguments)
    credentials = await read_connection(call.engine, connection_arn(call.arguments))
    request = _request(call, credentials)
    trace = call.execution.http_trace
    if trace is not None:
        trace.request = request if trace.reveals_secrets else _request(call, Credentials([], [], []))
    try:
        answer = await send(call.engine, request)
    except RequestFailed as error:
        raise StateFailure("States.Http.Socket", str(error)) from error
    except AnswerTooLarge as error:
        raise too_large("http") from error
    if trace is not None:
        trace.answer = answer
    if not 200 <= answer.status < 300:
        # AWS gives the status text alone: what the body says is lost.
        raise StateFailure(f"States.Http.StatusCode.{answer.status}", answer.reason)
    return _result(answer)


def _request(call: TaskCall, credentials: Credentials) -> HttpRequest:
    arguments = call.arguments
    headers = list(listed(arguments.get("Headers") or {}, "Headers"))
    headers = overlay(_joined(headers), credentials.headers, fold=True)
    body = _body(arguments, credentials)
    if body is not None:
        headers = overlay([("Content-Type", "application/json; charset=UTF-8")], headers, fold=True)
    own = [
        ("User-Agent", f"Amazon|StepFunctions|HttpInvoke|{call.engine.arns.region}"),
        ("Range", f"bytes=0-{MAX_RESPONSE_BYTES}"),
    ]
    return HttpRequest(
        arguments["Method"], _url(arguments, credentials), overlay(headers, own, fold=True), body
    )


def _joined(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return list(joined.items())


def _url(arguments: dict[str, Json], credentials: Credentials) -> str:
    parts = check_url(str(arguments["ApiEndpoint"]), "ApiEndpoint")
    pairs = overlay(query_pairs(arguments.get("QueryParameters")), credentials.query)
    query = "&".join(each for each in (parts.query, encode(pairs)) if each)
    return parts._replace(query=query, fragment="").geturl()


def _body(arguments: dict[str, Json], credentials: Credentials) -> bytes | None:
    body = arguments.get("RequestBody")
    if credentials.body:
        if not isinstance(body, dict | None):
            raise UnsupportedParameter(
                "A RequestBody that is no object cannot be merged with the connection's"
            )
        body = {**(body or {}), **dict(credentials.body)}
    if body is None:
        return None
    arrays = array_format(arguments.get("Transform"))
    if arrays is not None and isinstance(body, dict):
        return encode(form_pairs(body, arrays)).encode()
    return (body if isinstance(body, str) else dump(body)).encode("utf-8", "surrogatepass")


def _result(answer: HttpAnswer) -> Json:
    kind = answer.header("content-type").lower()
    if answer.body and kind.startswith(_BINARY):
        raise StateFailure("States.Runtime", f"Responses of the content type '{kind}' are not supported")
    try:
        return answer.result()
    except ValueError as error:
        raise StateFailure("States.Runtime", "The response cannot be read as a valid string") from error
