"""What a request asks for: its members, read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request


class BadQueryError(ValueError):
    """A request that names nothing that is here."""


def needed(request: Request, name: str) -> str:
    """Return a member of the query; raises BadQueryError where it is missing."""
    value = request.query_params.get(name)
    if not value:
        raise BadQueryError(f"{name} is missing")
    return value


def number(request: Request, name: str, digits: int = 9) -> int | None:
    """Return a natural number of the query, None without one; raises BadQueryError for what is none."""
    value = request.query_params.get(name)
    if value is None or value == "":
        return None
    if not value.isascii() or not value.isdigit() or len(value) > digits:
        raise BadQueryError(f"{name} is no number")
    return int(value)
