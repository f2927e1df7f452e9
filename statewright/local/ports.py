"""Ports on loopback: free ones, and clear words for taken ones."""

from __future__ import annotations

import errno
import random
import socket

LOOPBACK = "127.0.0.1"
FREE_PORTS = range(20_000, 32_000)


class PortTaken(Exception):  # noqa: N818 - what is wrong
    """A port cannot be listened on, mostly as another program does; `option` chooses another one."""

    def __init__(self, port: int, option: str, error: OSError) -> None:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken by another program" if taken else f"cannot be used ({error.strerror})"
        super().__init__(f"port {port} {reason}; choose another with {option} PORT")
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
            raise PortTaken(port, option, error) from error


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that nothing uses now; raises OSError where there are too few.

    They lie below the range from which systems take the local ports of outgoing connections: one of those
    would be taken again by the time that a server wants it.
    """
    found: list[int] = []
    for port in random.sample(FREE_PORTS, len(FREE_PORTS)):
        if len(found) == count:
            return found
        try:
            check_free(port, "")
        except PortTaken:
            continue
        found.append(port)
    raise OSError(errno.EADDRINUSE, "no free port on loopback")
