"""Pages of a list: tokens say behind what the next one begins, and are refused when they are not ours."""

from __future__ import annotations

import base64
import binascii
import bisect
import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeVar

from statewright.api.errors import invalid_token

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")

DEFAULT_PAGE = 100  # AWS's default where maxResults is absent or 0


def page(
    items: Sequence[Item], place: Callable[[Item], Any], scope: str, token: str | None, size: int | None
) -> tuple[Sequence[Item], str | None]:
    """Return the page that `token` asks for (the first without one) and the token of the next.

    `place` gives what the items are sorted by, each its own: a number, a text, or a list of them. A token
    names the place of the last item of the page before: what is added or taken away meanwhile neither
    repeats nor hides another item. It holds for the `scope` that it was made for (the operation and what
    was listed). Raises InvalidToken.
    """
    start = 0 if token is None else _first_behind(items, place, last_place(token, scope))
    end = start + (size or DEFAULT_PAGE)
    more = end < len(items)
    return items[start:end], _token(scope, place(items[end - 1])) if more else None


def _first_behind(items: Sequence[Item], place: Callable[[Item], Any], last: Any) -> int:
    try:
        return bisect.bisect_right(items, last, key=place)
    except TypeError as error:  # a place of another kind
        raise invalid_token() from error


def _token(scope: str, last: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([_digest(scope), last]).encode()).decode()


def last_place(token: str, scope: str) -> Any:
    """Return the place of the last item of the page before; raises InvalidToken."""
    try:
        found, last = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise invalid_token() from error
    if found != _digest(scope):
        raise invalid_token()
    return last


def _digest(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()[:16]
