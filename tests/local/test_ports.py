"""Free and taken ports."""

from __future__ import annotations

import errno
import socket

import pytest

from statewright.local.ports import PortTaken, check_free, free_ports


def test_free_ports_differ_and_are_free() -> None:
    ports = free_ports(3)

    assert len(set(ports)) == 3
    for port in ports:
        check_free(port, "--port")


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_is_named_with_the_option_that_chooses_another(address: str) -> None:
    with socket.create_server((address, 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortTaken, match=rf"port {port} is taken .* --sfn-port PORT"):
            check_free(port, "--sfn-port")


def test_a_port_that_may_not_be_used_is_told_as_such() -> None:
    error = PortTaken(80, "--port", PermissionError(errno.EACCES, "Permission denied"))

    assert str(error) == "port 80 cannot be used (Permission denied); choose another with --port PORT"
