"""Connections to one address that stay open: those of http.client, which cost half the CPU of botocore's."""

from __future__ import annotations

import http.client
import ssl
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from pipeline import aws

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest


class Answer(NamedTuple):
    """What came back."""

    status_code: int
    content: bytes


class Connections:
    """As many as are in use at once; `certificates` is the path of a bundle of those to trust."""

    def __init__(self, url: str, certificates: str) -> None:
        self._url = url
        parts = urlsplit(url)
        self._address = (str(parts.hostname), parts.port)
        self._context = ssl.create_default_context(cafile=certificates) if parts.scheme == "https" else None
        self._idle = LifoQueue[http.client.HTTPConnection]()

    def send(self, request: AWSPreparedRequest) -> Answer:
        """Send a request, its body bytes, and wait for the answer.

        Raises botocore's EndpointConnectionError, ReadTimeoutError and ConnectionClosedError.
        """
        from botocore import exceptions

        connection, headers = self._connection(), dict(request.headers)
        body: Any = request.body
        try:
            connection.request(str(request.method), "/", body, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.read())
        except TimeoutError as error:
            connection.close()
            raise exceptions.ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise exceptions.ConnectionClosedError(endpoint_url=self._url, error=error) from error
        self._idle.put(connection)
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        """Return an open connection: one that is idle and not closed at the other end, or a new one."""
        from urllib3.util.wait import wait_for_read

        while True:
            try:
                connection = self._idle.get_nowait()
            except Empty:
                return self._connected()
            # Nothing is to be read of one that is idle but its end.
            if connection.sock is not None and not wait_for_read(connection.sock, timeout=0):
                return connection
            connection.close()

    def _connected(self) -> http.client.HTTPConnection:
        from botocore.exceptions import EndpointConnectionError

        wait: Any = {"timeout": aws.CONNECT_SECONDS}
        connection: Any = (
            http.client.HTTPConnection(*self._address, **wait)
            if self._context is None
            else http.client.HTTPSConnection(*self._address, **wait, context=self._context)
        )
        try:
            connection.connect()
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        connection.sock.settimeout(aws.READ_SECONDS)
        return connection  # type: ignore[no-any-return]
