"""Functions behind a Lambda endpoint over HTTP, such as another emulator or a test's own server."""

from __future__ import annotations

import asyncio
import base64
import binascii
import http.client
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from statewright.engine.functions import (
    FunctionNotFound,
    FunctionResult,
    FunctionThrottled,
    PayloadTooLarge,
    check_payload_size,
)

if TYPE_CHECKING:
    from concurrent.futures import Executor

# The longest that a Lambda function may run, and a little for the way there and back.
LONGEST_SECONDS = 900.0 + 30.0
# Invocations that wait for the endpoint at once; each takes a thread while it waits.
CONCURRENCY = 64
# Seconds before another attempt after a connection broke, at most.
RETRY_WAITS = (0.1, 0.4)


class HttpFunctions:
    """A FunctionBackend that sends invocations to a Lambda endpoint, unsigned.

    Raises ValueError for an endpoint that is no http(s) URL; `invoke` raises OSError where the endpoint
    cannot be reached. Blocking requests run in `executor`, by default in 64 threads of its own.
    """

    def __init__(self, endpoint_url: str, *, executor: Executor | None = None) -> None:
        parts = urlsplit(endpoint_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"not an http(s) URL: {endpoint_url}")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._executor = executor or ThreadPoolExecutor(CONCURRENCY, "lambda-endpoint")

    async def invoke(
        self,
        function: str,
        payload: bytes,
        *,
        invocation_type: str = "RequestResponse",
        timeout: float | None = None,
    ) -> FunctionResult:
        """Invoke the function at the endpoint; see FunctionBackend.invoke."""
        check_payload_size(payload, invocation_type)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._executor, self._try, function, payload, invocation_type, timeout
        )

    def _try(
        self, function: str, payload: bytes, invocation_type: str, timeout: float | None
    ) -> FunctionResult:
        """Send the request, and again where the connection breaks, as AWS's SDKs do.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        """
        for wait in RETRY_WAITS:
            try:
                return self._request(function, payload, invocation_type, timeout)
            except ConnectionError:  # a small server's queue of connections is full
                time.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - spreads load
        return self._request(function, payload, invocation_type, timeout)

    def _request(
        self, function: str, payload: bytes, invocation_type: str, timeout: float | None
    ) -> FunctionResult:
        connect = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = connect(self._host, self._port, timeout=timeout or LONGEST_SECONDS)
        path = f"{self._prefix}/2015-03-31/functions/{quote(function, safe='')}/invocations"
        headers = {"Content-Type": "application/json", "X-Amz-Invocation-Type": invocation_type}
        if invocation_type == "RequestResponse":
            headers["X-Amz-Log-Type"] = "Tail"
        try:
            connection.request("POST", path, payload, headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        return _result(function, payload, invocation_type, response, body)


def _result(
    function: str, payload: bytes, invocation_type: str, response: http.client.HTTPResponse, body: bytes
) -> FunctionResult:
    match response.status:
        case 404:
            raise FunctionNotFound(function)
        case 413:
            raise PayloadTooLarge(len(payload), invocation_type)
        case 429:
            raise FunctionThrottled(function)
        case status if status >= 300:
            raise OSError(f"the Lambda endpoint answered {status} for {function}")
    return FunctionResult(
        response.status,
        body,
        response.getheader("X-Amz-Function-Error"),
        response.getheader("X-Amz-Executed-Version") or "$LATEST",
        response.getheader("x-amzn-RequestId") or "",
        _decode_log(response.getheader("X-Amz-Log-Result") or ""),
    )


def _decode_log(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""  # another emulator's idea of a log is no reason to lose the answer
