"""Connections to one address that stay open: those of http.client, which cost half the CPU of botocore's."""

from __future__ import annotations

import http.client
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import urlsplit

from pipeline import aws

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest


class Answer(NamedTuple):
    """What came back."""

    status_code: int
    content: bytes


class Exchange:
    """A request that was sent over a connection, which is free again once the answer was read."""

    def __init__(self, connections: Connections, connection: http.client.HTTPConnection) -> None:
        self._connections = connections
        self._connection = connection

    @property
    def sock(self) -> socket.socket | None:
        """Where the answer arrives."""
        return self._connection.sock

    def answer(self) -> Answer:
        """Wait for the answer; raises botocore's ReadTimeoutError and ConnectionClosedError."""
        with self._connections.failing(self._connection):
            response = self._connection.getresponse()
            answer = Answer(response.status, response.read())
        self._connections.idle.append(self._connection)
        return answer

    def close(self) -> None:
        """Give the answer up."""
        self._connection.close()


class Connections:
    """As many as are in use at once; `certificates` is a file of those that are trusted."""

    def __init__(self, url: str, certificates: str) -> None:
        self._url = url
        parts = urlsplit(url)
        self._address = (str(parts.hostname), parts.port)
        self._context = ssl.create_default_context(cafile=certificates) if parts.scheme == "https" else None
        self.idle: list[http.client.HTTPConnection] = []

    def begin(self, request: AWSPreparedRequest) -> Exchange:
        """Send a request, its body bytes.

        Raises botocore's EndpointConnectionError, ReadTimeoutError and ConnectionClosedError.
        """
        connection, body = self._open(), cast("bytes", request.body)
        with self.failing(connection):
            connection.request(str(request.method), "/", body, dict(request.headers))
        return Exchange(self, connection)

    @contextmanager
    def failing(self, connection: http.client.HTTPConnection) -> Iterator[None]:
        """Close a connection that fails; what it raises is botocore's."""
        from botocore import exceptions

        try:
            yield
        except TimeoutError as error:
            connection.close()
            raise exceptions.ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise exceptions.ConnectionClosedError(endpoint_url=self._url, error=error) from error

    def _open(self) -> http.client.HTTPConnection:
        """Return a connection that is idle and was not closed at the other end, or a new one."""
        from urllib3.util.wait import wait_for_read

        while True:
            try:
                connection = self.idle.pop()
            except IndexError:
                return self._new()
            # Nothing is to be read of one that is idle but its end.
            if connection.sock is not None and not wait_for_read(connection.sock, timeout=0):
                return connection
            connection.close()

    def _new(self) -> http.client.HTTPConnection:
        from botocore.exceptions import EndpointConnectionError

        host, port = self._address
        connection = (
            http.client.HTTPConnection(host, port, timeout=aws.CONNECT_SECONDS)
            if self._context is None
            else http.client.HTTPSConnection(host, port, timeout=aws.CONNECT_SECONDS, context=self._context)
        )
        try:
            connection.connect()
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        connection.sock.settimeout(aws.READ_SECONDS)
        return connection
