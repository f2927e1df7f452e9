"""One JSON text, decoded exactly: all digits, no name twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from pipeline import values
from pipeline.documents import pointer
from pipeline.formats import encoding
from pipeline.rejects import Reject

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_PLACE = re.compile(r"\(byte (\d+)\)")
_NAME = re.compile(rb'"\s*:')


def decode(raw: bytes, offset: int) -> Any:
    """Return the value of one JSON text, or a Reject; raises UnsupportedEncoding."""
    try:
        return _DECODER.decode(raw)
    except (msgspec.ValidationError, InvalidOperation):
        return Reject("number", "", values.NUMBER)
    except RecursionError:
        return _too_deep()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        encoding.text(raw, offset)
        place = _PLACE.search(str(error))
        near = (
            f", near byte {place[1]} of the record"
            if place
            else ", it ends early or holds half a surrogate pair"
        )
        return Reject("syntax", "", f"not JSON (RFC 8259){near}")


def repeated_key(raw: bytes, value: Any) -> Reject | None:
    """Return a Reject where an object names a member twice: decoding kept the last of them only.

    Each name ends in a quote, then a colon: where there are no more of these than members, none was lost.
    """
    if raw.count(b":") == len(value):
        return None
    try:
        if len(_NAME.findall(raw)) == values.count_keys(value):
            return None
        found = _repeated_names(raw)
    except RecursionError:
        return _too_deep()
    if not found:
        return None
    place = pointer(found[:1]) if found[0] in value else ""
    return Reject("repeated_key", place, "an object names this member twice")


def _repeated_names(raw: bytes) -> list[str]:
    found: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> None:
        counted = Counter(name for name, _ in pairs)
        found.extend(name for name, count in counted.items() if count > 1)

    json.loads(raw, object_pairs_hook=collect, parse_int=str, parse_float=str)
    return found


def _too_deep() -> Reject:
    return Reject("depth", "", f"nested deeper than {values.MAX_DEPTH} levels")
