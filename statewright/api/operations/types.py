"""What every operation takes and gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from statewright.engine import Engine

Request = Mapping[str, Any]
Response = dict[str, Any]
Operation = Callable[["Engine", Request], Awaitable[Response]]
