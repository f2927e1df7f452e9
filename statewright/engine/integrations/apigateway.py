"""`apigateway:invoke`: a Task calls an API of API Gateway, on AWS or on this machine.

Without a signature alone (AuthType NO_AUTH); IAM_ROLE and RESOURCE_POLICY are refused.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from statewright.engine.errors import StateFailure
from statewright.engine.integrations.aws import UnsupportedParameter, client_of
from statewright.engine.integrations.http_encoding import encode, listed
from statewright.engine.integrations.http_sending import (
    METHODS,
    AnswerTooLarge,
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
        "Headers",
        "Stage",
        "Path",
        "QueryParameters",
        "RequestBody",
        "AllowNullValues",
        "AuthType",
    }
)
FORBIDDEN_HEADERS = frozenset(
    [
        "authorization",
        "connection",
        "content-md5",
        "expect",
        "host",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "transfer-encoding",
        "trailer",
        "upgrade",
        "via",
        "www-authenticate",
    ]
)
FORBIDDEN_PREFIXES = ("x-forwarded", "x-amz", "x-amzn")
_AWS_HOST = re.compile(r"(?P<id>[0-9a-z]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")


def check(arguments: dict[str, Json]) -> None:
    """Raise UnsupportedParameter for parameters that API Gateway's integration does not take."""
    check_members(arguments, PARAMETERS, ("ApiEndpoint", "Method"))
    if arguments["Method"] not in METHODS:
        raise UnsupportedParameter(f"The value of the field 'Method' is not one of {sorted(METHODS)}")
    if arguments.get("AuthType", "NO_AUTH") != "NO_AUTH":
        raise UnsupportedParameter("An 'AuthType' other than NO_AUTH is not supported by this engine")
    for field in ("Headers", "QueryParameters"):
        values = arguments.get(field) or {}
        if not isinstance(values, dict) or not all(isinstance(each, list) for each in values.values()):
            raise UnsupportedParameter(f"The value of the field '{field}' has an invalid format")
        list(listed(values, field))
    found = [
        name.lower()
        for name in arguments.get("Headers") or {}
        if name.lower() in FORBIDDEN_HEADERS or name.lower().startswith(FORBIDDEN_PREFIXES)
    ]
    if found:
        raise UnsupportedParameter(f"The 'Headers' field contains unsupported values: [{', '.join(found)}]")


async def invoke(call: TaskCall) -> Json:
    """Perform `apigateway:invoke`; give Headers, ResponseBody, StatusCode, StatusText."""
    check(call.arguments)
    arguments = call.arguments
    headers = list(listed(arguments.get("Headers") or {}, "Headers"))
    # Without a body AWS sends an empty object.
    body = arguments.get("RequestBody")
    sent = dump({} if body is None else body).encode() if arguments["Method"] not in ("GET", "HEAD") else None
    if sent is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    url = _url(call)
    check_url(url, "ApiEndpoint")
    try:
        answer = await send(call.engine, HttpRequest(arguments["Method"], url, headers, sent))
    except RequestFailed as error:
        raise StateFailure("ApiGateway.SdkClientException", str(error)) from error
    except AnswerTooLarge as error:
        raise too_large("apigateway") from error
    if not 200 <= answer.status < 300:
        raise StateFailure(f"ApiGateway.{answer.status}", answer.body.decode("utf-8", "replace"))
    try:
        return answer.result()
    except ValueError as error:
        raise StateFailure("States.Runtime", "The response cannot be read as a valid string") from error


def _url(call: TaskCall) -> str:
    """Put the address together.

    An API of AWS's name is called at the endpoint that API Gateway's client has, where that is another than
    AWS's: emulators serve `/_aws/execute-api/<id>/<stage>/<path>`. A host on loopback is called by http.
    """
    arguments = call.arguments
    endpoint = str(arguments["ApiEndpoint"])
    own = [str(arguments[name]).strip("/") for name in ("Stage", "Path") if arguments.get(name)]
    path = "/".join(quote(each, safe="/:@$-_.~") for each in own)
    query = encode(list(listed(arguments.get("QueryParameters") or {}, "QueryParameters")))
    tail = f"{path}{'?' if query else ''}{query}"
    match = _AWS_HOST.fullmatch(endpoint)
    elsewhere = _emulator(call) if match else None
    if match and elsewhere:
        return f"{elsewhere}/_aws/execute-api/{match['id']}/{tail}"
    host = endpoint if "://" in endpoint else f"{_scheme(endpoint)}://{endpoint}"
    return f"{host.rstrip('/')}/{tail}"


def _emulator(call: TaskCall) -> str | None:
    if call.engine.clients is None:
        return None
    url = str(client_of(call.engine, "apigateway").meta.endpoint_url).rstrip("/")
    host = urlsplit(url).hostname or ""
    return None if host.endswith(("amazonaws.com", "amazonaws.com.cn")) else url


def _scheme(endpoint: str) -> str:
    try:
        check_url(f"http://{endpoint}", "ApiEndpoint")
    except UnsupportedParameter:
        return "https"
    return "http"
