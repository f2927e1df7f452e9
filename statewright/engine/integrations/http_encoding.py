"""Parameters of HTTP requests: forms and query strings as Step Functions writes them.

https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#url-encode-request-body
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from statewright.engine.integrations.aws import MAX_DEPTH, UnsupportedParameter
from statewright.engine.payloads import dump

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Json = Any
Pairs = list[tuple[str, str]]

ARRAY_FORMATS = frozenset({"INDICES", "REPEAT", "COMMAS", "BRACKETS"})


def encode(pairs: Sequence[tuple[str, str]]) -> str:
    """Write pairs as a query string or a form; a blank is %20, as in AWS's examples."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def form_pairs(body: Mapping[str, Json], array_format: str = "INDICES") -> Pairs:
    """Flatten an object for a form: `{"a": {"b": [1]}}` is `a[b][0]=1`. Raises UnsupportedParameter."""
    return [pair for name, value in body.items() for pair in _flatten(name, value, array_format, 1)]


def _flatten(name: str, value: Json, array_format: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > MAX_DEPTH:
        raise UnsupportedParameter("The RequestBody nests too deep for URL_ENCODED")
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flatten(f"{name}[{key}]", inner, array_format, depth + 1)
    elif isinstance(value, list) and array_format == "COMMAS":
        yield name, ",".join(scalar(each) for each in value)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            mark = {"INDICES": f"[{index}]", "BRACKETS": "[]"}.get(array_format, "")
            yield from _flatten(name + mark, each, array_format, depth + 1)
    else:
        yield name, scalar(value)


def scalar(value: Json) -> str:
    """Write a value as one text: texts as they are, null as nothing, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else dump(value)


def query_pairs(given: Json) -> Pairs:
    """Read QueryParameters: an object of texts, numbers or lists of them, or a query string."""
    if given is None:
        return []
    if isinstance(given, str):
        return parse_qsl(given.removeprefix("?"), keep_blank_values=True)
    return list(listed(given, "QueryParameters"))


def listed(given: Json, field: str) -> Iterator[tuple[str, str]]:
    """Give the pairs of an object whose values are texts or lists of texts; null is left out."""
    if not isinstance(given, dict):
        raise UnsupportedParameter(f"The value of the field '{field}' has an invalid format")
    for name, value in given.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict | list):
                raise UnsupportedParameter(f"The value of the field '{field}' has an invalid format")
            if each is not None:
                yield name, scalar(each)


def overlay(own: Sequence[tuple[str, str]], other: Sequence[tuple[str, str]], *, fold: bool = False) -> Pairs:
    """Put other pairs over one's own of the same name; `fold`: names of headers, whatever their case."""
    taken = {name.lower() if fold else name for name, _ in other}
    return [
        *(pair for pair in own if (pair[0].lower() if fold else pair[0]) not in taken),
        *other,
    ]
