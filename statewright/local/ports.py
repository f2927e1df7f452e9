"""Ports on loopback: free ones, and clear words for taken ones."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


class PortTaken(Exception):  # noqa: N818 - what is wrong
    """Another program listens on a port; `option` chooses another one."""

    def __init__(self, port: int, option: str) -> None:
        super().__init__(f"port {port} is taken by another program; choose another with {option} PORT")
        self.port = port
        self.option = option


def check_free(port: int, option: str) -> None:
    """Raise PortTaken where `port` cannot be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((LOOPBACK, port))
            attempt.listen(1)
        except OSError as error:
            raise PortTaken(port, option) from error


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that nothing listens on now."""
    sockets = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
