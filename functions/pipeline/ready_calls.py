"""Calls of DynamoDB whose body is ready: what botocore's client does anew for each of them is done once.

A client checks and serialises parameters, resolves an endpoint and composes a user agent for every call: more
than half of a BatchWriteItem's CPU. Credentials, signature, errors and the event `before-send` are botocore's
here as there. A call is retried as in its standard mode, but where the service throttles: writers have a pace
of their own.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

import functools
import random
import select
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pipeline import aws
from pipeline.connections import Connections, Exchange

if TYPE_CHECKING:
    import socket
    from collections.abc import Collection, Mapping

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.hooks import BaseEventHooks
    from botocore.httpsession import URLLib3Session

    from pipeline.connections import Answer

LONGEST_WAIT_SECONDS = 20.0


class Line(NamedTuple):
    """The way to a service: what its client knows, and connections with the client's limits."""

    url: str
    region: str
    service: str
    target: str
    headers: Mapping[str, str]
    credentials: Any
    events: BaseEventHooks
    connections: Connections | URLLib3Session


@functools.lru_cache(maxsize=1)
def _line(client: Any) -> Line:
    meta = client.meta
    about, url = meta.service_model.metadata, f"{meta.endpoint_url}/"
    return Line(
        url,
        meta.region_name,
        meta.service_model.signing_name,
        about["targetPrefix"],
        {
            "Content-Type": f"application/x-amz-json-{about['jsonVersion']}",
            "User-Agent": meta.config.user_agent,
        },
        aws.session().get_credentials(),
        meta.events,
        _connections(url),
    )


def _connections(url: str) -> Connections | URLLib3Session:
    """Return connections of our own, behind a proxy those of botocore."""
    from botocore.httpsession import URLLib3Session, get_cert_path
    from botocore.utils import get_environ_proxies

    bundle = aws.session().get_config_variable("ca_bundle")
    if proxies := get_environ_proxies(url):
        return URLLib3Session(verify=bundle or True, proxies=proxies, timeout=aws.READ_SECONDS)
    return Connections(url, bundle or str(get_cert_path(True)))


class Call:
    """A call that has begun: an operation of DynamoDB, its parameters as JSON."""

    def __init__(self, operation: str, body: bytes) -> None:
        from botocore.exceptions import BotoCoreError

        self._line = _line(aws.dynamodb())
        self.operation = operation
        self.body = body
        self._sent: Exchange | Answer | AWSResponse | Exception | None = None
        try:
            self._sent = _sent(self._line, operation, body)
        except BotoCoreError as error:
            self._sent = error

    @property
    def sock(self) -> socket.socket | None:
        """Where the answer arrives, None where it has."""
        return self._sent.sock if isinstance(self._sent, Exchange) else None

    def answer(self) -> dict[str, Any]:
        """Wait for the answer and return it; what failed and may work next time is tried again.

        Raises ClientError and BotoCoreError, as a client's method does.
        """
        from botocore.exceptions import ClientError, HTTPClientError
        from botocore.exceptions import ConnectionError as NotConnected

        for left in reversed(range(aws.ATTEMPTS)):
            try:
                return self._received()
            except ClientError as error:
                if not left or error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    raise
            except (NotConnected, HTTPClientError):
                if not left:
                    raise
            longest = min(LONGEST_WAIT_SECONDS, 2.0 ** (aws.ATTEMPTS - left - 1))
            time.sleep(random.uniform(0, longest))  # noqa: S311 - full jitter, no secret
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Give the call up, whose answer nobody waits for."""
        if isinstance(self._sent, Exchange):
            self._sent.close()

    def _received(self) -> dict[str, Any]:
        sent, self._sent = self._sent, None
        if sent is None:
            sent = _sent(self._line, self.operation, self.body)
        if isinstance(sent, Exception):
            raise sent
        return _answer(self.operation, sent.answer() if isinstance(sent, Exchange) else sent)


def ready(calls: Collection[Call]) -> list[Call]:
    """Wait until one of the calls, of which there is at least one, has an answer; return all that have."""
    waiting = {call.sock.fileno(): call for call in calls if call.sock}
    if there := [call for call in calls if not call.sock]:
        return there
    arriving = select.poll()
    for number in waiting:
        arriving.register(number, select.POLLIN)
    arrived = arriving.poll(1000 * aws.READ_SECONDS)
    # Where none has, reading the first one is what fails.
    return [waiting[number] for number, _ in arrived] or [*waiting.values()][:1]


def _sent(line: Line, operation: str, body: bytes) -> Exchange | Answer | AWSResponse:
    request = _signed(line, operation, body)
    for _, answer in line.events.emit(f"before-send.{line.service}.{operation}", request=request):
        if answer is not None:
            return answer  # type: ignore[no-any-return]
    if isinstance(line.connections, Connections):
        return line.connections.begin(request)
    return line.connections.send(request)


def _signed(line: Line, operation: str, body: bytes) -> AWSPreparedRequest:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    headers = {**line.headers, "X-Amz-Target": f"{line.target}.{operation}"}
    request = AWSRequest("POST", line.url, headers, body)
    frozen = line.credentials and line.credentials.get_frozen_credentials()
    SigV4Auth(frozen, line.service, line.region).add_auth(request)
    return request.prepare()


def _answer(operation: str, response: Answer | AWSResponse) -> dict[str, Any]:
    """Return an answer's members; raises ClientError with those of an error.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
    """
    from botocore.exceptions import ClientError, HTTPClientError

    try:
        said = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.DecodeError as error:
        if response.status_code < 300:
            raise HTTPClientError(error=error) from error
        said = {}
    if response.status_code < 300:
        return said
    code = str(said.pop("__type", response.status_code)).rpartition("#")[2]
    message = str(said.pop("message", said.pop("Message", "")))
    status = {"HTTPStatusCode": response.status_code}
    told: Any = {**said, "Error": {"Code": code, "Message": message}, "ResponseMetadata": status}
    raise ClientError(told, operation)
