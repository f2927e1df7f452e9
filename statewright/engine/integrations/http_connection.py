"""EventBridge connections: what an HTTP Task adds to its request so that the API knows who asks.

EventBridge keeps the parameters of a connection in a secret; the connection itself tells everything but the
secrets in it. Both are read through the engine's clients, as the role of a state machine does on AWS.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.integrations.aws import UnsupportedParameter, call_service
from statewright.engine.integrations.http_encoding import encode, overlay
from statewright.engine.integrations.http_sending import (
    AnswerTooLarge,
    HttpRequest,
    RequestFailed,
    check_url,
    send,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.engine.engine import Engine
    from statewright.engine.integrations.http_encoding import Pairs

Json = Any

_PREFIX = "Events.ConnectionResource"


@dataclass(frozen=True)
class Credentials:
    """What a connection adds to requests: headers, query parameters, members of the body."""

    headers: Pairs
    query: Pairs
    body: Pairs


async def read_connection(engine: Engine, arn: str) -> Credentials:
    """Read a connection and what it adds; raises StateFailure: Events.ConnectionResource.…"""
    described = await _describe(engine, arn)
    state = described.get("ConnectionState")
    if state != "AUTHORIZED":
        error = "AuthInProgress" if state in ("CREATING", "AUTHORIZING") else "InvalidConnectionState"
        raise StateFailure(f"{_PREFIX}.{error}", f"The connection {arn} is {state}.")
    found = _flat(described.get("AuthParameters") or {}) | await _secret(engine, described)
    parameters = found.get("invocationhttpparameters") or {}
    authorization = await _authorization(engine, str(described.get("AuthorizationType")), found, arn)
    return Credentials(
        overlay(_pairs(parameters, "headerparameters"), authorization, fold=True),
        _pairs(parameters, "querystringparameters"),
        _pairs(parameters, "bodyparameters"),
    )


async def _describe(engine: Engine, arn: str) -> Mapping[str, Json]:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "events" or not parts[5].startswith("connection/"):
        raise UnsupportedParameter(f"The value of the field 'ConnectionArn' is no ARN of a connection: {arn}")
    name = parts[5].split("/")[1]
    try:
        described: Mapping[str, Json] = await call_service(
            engine, "events", "describe_connection", {"Name": name}
        )
    except StateFailure as failure:
        error = {
            "EventBridge.ResourceNotFoundException": "ResourceNotFound",
            "EventBridge.AccessDeniedException": "AccessDenied",
        }.get(str(failure.error), "InternalError")
        raise StateFailure(f"{_PREFIX}.{error}", failure.cause) from failure
    return described


async def _secret(engine: Engine, described: Mapping[str, Json]) -> dict[str, Json]:
    """Read the secret of a connection; where EventBridge is emulated there may be none."""
    arn = described.get("SecretArn")
    if not arn:
        return {}
    try:
        answer = await call_service(engine, "secretsmanager", "get_secret_value", {"SecretId": arn})
    except StateFailure as failure:
        raise StateFailure(f"{_PREFIX}.AccessDenied", failure.cause) from failure
    try:
        value = json.loads(answer.get("SecretString") or "")
    except ValueError as error:
        raise _unusable(described.get("ConnectionArn"), "its secret is no JSON") from error
    return _flat(value) if isinstance(value, dict) else {}


_GROUPS = frozenset({"apikeyauthparameters", "basicauthparameters", "oauthparameters", "clientparameters"})


def _flat(parameters: Mapping[str, Json]) -> dict[str, Json]:
    """Give the parameters by name, whatever their style: `ApiKeyName` and `api_key_name` are one."""
    flat: dict[str, Json] = {}
    for name, value in parameters.items():
        key = name.replace("_", "").lower()
        if key in _GROUPS and isinstance(value, dict):
            flat |= _flat(value)
        else:
            flat[key] = _flat(value) if isinstance(value, dict) else value
    return flat


def _pairs(parameters: Mapping[str, Json], kind: str) -> Pairs:
    pairs = []
    for each in parameters.get(kind) or ():
        one = _flat(each)
        if one.get("key") is not None and one.get("value") is not None:
            pairs.append((str(one["key"]), str(one["value"])))
    return pairs


def _unusable(arn: Json, reason: str) -> StateFailure:
    return StateFailure(f"{_PREFIX}.InternalError", f"The connection {arn} cannot be used: {reason}.")


async def _authorization(engine: Engine, kind: str, found: Mapping[str, Json], arn: str) -> Pairs:
    def need(name: str) -> str:
        if found.get(name) is None:
            raise _unusable(arn, f"its secret has no {name}")
        return str(found[name])

    if kind == "API_KEY":
        return [(need("apikeyname"), need("apikeyvalue"))]
    if kind == "BASIC":
        pair = f"{need('username')}:{need('password')}".encode()
        return [("Authorization", f"Basic {base64.b64encode(pair).decode()}")]
    if kind != "OAUTH_CLIENT_CREDENTIALS":
        raise _unusable(arn, f"its AuthorizationType {kind} is not known")
    form = [
        ("grant_type", "client_credentials"),
        ("client_id", need("clientid")),
        ("client_secret", need("clientsecret")),
    ]
    return [("Authorization", await _token(engine, need("authorizationendpoint"), form, found, arn))]


async def _token(engine: Engine, url: str, form: Pairs, found: Mapping[str, Json], arn: str) -> str:
    """Fetch an OAuth token; give the value of the header."""
    check_url(url, "AuthorizationEndpoint")
    more = found.get("oauthhttpparameters") or {}
    method = str(found.get("httpmethod") or "POST").upper()
    query = _pairs(more, "querystringparameters")
    form = overlay(form, _pairs(more, "bodyparameters"))
    headers = _pairs(more, "headerparameters")
    body = None
    if method == "GET":
        query = [*form, *query]
    else:
        body = encode(form).encode()
        headers = overlay([("Content-Type", "application/x-www-form-urlencoded")], headers, fold=True)
    address = f"{url}{'&' if '?' in url else '?'}{encode(query)}" if query else url
    try:
        answer = await send(engine, HttpRequest(method, address, headers, body))
        given = answer.value() if 200 <= answer.status < 300 else None
    except (RequestFailed, AnswerTooLarge, ValueError) as error:
        raise _no_token(arn, f"{type(error).__name__}: {error}") from error
    if not isinstance(given, dict) or not isinstance(given.get("access_token"), str):
        raise _no_token(arn, f"it answered {answer.status} without an access_token")
    kind = str(given.get("token_type") or "Bearer")
    return f"{'Bearer' if kind.lower() == 'bearer' else kind} {given['access_token']}"


def _no_token(arn: str, reason: str) -> StateFailure:
    sentence = f"The authorization endpoint of the connection {arn} gave no token: {reason}"
    return StateFailure(f"{_PREFIX}.InvalidConnectionState", sentence)
