"""Pages of a list: tokens that say after what the next one begins, and are refused when they are not ours."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, TypeVar

from statewright.api.errors import invalid_token

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")

DEFAULT_PAGE = 100  # AWS's default where maxResults is absent or 0


def page(
    items: Sequence[Item], key: Callable[[Item], str], scope: str, token: str | None, size: int | None
) -> tuple[Sequence[Item], str | None]:
    """Return the page that `token` asks for (the first without one) and the token of the next.

    A token names the last item of the page before, by its `key`: what is added to the list meanwhile
    neither repeats nor hides an item. It holds for the `scope` that it was made for (the operation and
    what was listed). Raises InvalidToken.
    """
    start = 0 if token is None else _position(items, key, _last_key(token, scope)) + 1
    end = start + (size or DEFAULT_PAGE)
    more = end < len(items)
    return items[start:end], _token(scope, key(items[end - 1])) if more else None


def _position(items: Sequence[Item], key: Callable[[Item], str], wanted: str) -> int:
    for index, item in enumerate(items):
        if key(item) == wanted:
            return index
    raise invalid_token()


def _token(scope: str, last: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([_digest(scope), last]).encode()).decode()


def _last_key(token: str, scope: str) -> str:
    try:
        found, last = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise invalid_token() from error
    if found != _digest(scope) or not isinstance(last, str):
        raise invalid_token()
    return last


def _digest(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()[:16]
