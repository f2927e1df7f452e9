"""Who may call a server on loopback: programs of this machine, not the web pages that its browsers show.

A page can send requests to a loopback address (through a name of its own that resolves to it, or straight);
its Host or its Origin gives it away.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_loopback(host: str) -> bool:
    """Tell whether the host of a Host header or an origin names this machine's loopback interface.

    `sync-` is the prefix that AWS's clients put in front for StartSyncExecution and TestState.
    """
    name = (urlsplit(f"//{host}").hostname or "").removeprefix("sync-")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def refusal(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return why a request with these (lower-case) headers is not served, None where it is."""
    found = {name: value.decode("latin-1") for name, value in headers}
    if not is_loopback(found.get(b"host", "")):
        return "Only loopback host names are served"
    origin = found.get(b"origin")
    if origin is not None and not is_loopback(urlsplit(origin).netloc):
        return "Requests of web pages are not served"
    return None
