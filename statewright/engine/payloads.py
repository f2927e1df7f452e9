"""JSON texts at the engine's border: read with AWS's complaints, written as AWS does, within its limits."""

from __future__ import annotations

import json
import re
from typing import Any

from statewright.asl import strict_json
from statewright.engine.errors import InvalidExecutionInput

Json = Any

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_PAYLOAD_BYTES = 262_144
MAX_HISTORY_EVENTS = 25_000
# Not AWS's: there 25,000 events of 256 KiB may be 6 GB, which here would be this machine's memory.
MAX_HISTORY_CHARACTERS = 256 * 2**20
MAX_NESTING = 500  # of what a state gives

_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_TOKEN = re.compile(r"[A-Za-z_$][\w$]*")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def dump(value: Json) -> str:
    """Write a value as AWS does: compact, in UTF-8."""
    return _encode(value)


def is_too_large(text: str, limit: int = MAX_PAYLOAD_BYTES) -> bool:
    """Say whether a text is above 256 KiB, or another limit, in UTF-8."""
    if len(text) * 4 <= limit:
        return False
    return len(text) > limit or len(text.encode("utf-8", "replace")) > limit


def load(text: str) -> Json:
    """Read JSON strictly: no NaN, no Infinity; raises ValueError, also for what nests too deep."""
    return strict_json.loads(text)


def load_input(text: str) -> Json:
    """Read an execution's input; raises InvalidExecutionInput with Jackson's words, which AWS passes on."""
    if not text.strip():
        raise InvalidExecutionInput("Invalid State Machine Execution Input: 'Invalid execution input.'")
    if is_too_large(text):
        limit = "The input exceeds the maximum number of bytes service limit."
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{limit}'")
    try:
        return load(text)
    except json.JSONDecodeError as error:
        raise InvalidExecutionInput(
            f"Invalid State Machine Execution Input: '{jackson_words(error)}'"
        ) from error
    except ValueError as error:
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from error


def jackson_words(error: json.JSONDecodeError) -> str:
    """Say what is wrong with a JSON text as Jackson says it."""
    found = error.doc[error.pos : error.pos + 1]
    if not found:
        return "Unexpected end-of-input"
    token = _TOKEN.match(error.doc, error.pos)
    if "property name" in error.msg:
        wanted = "was expecting double-quote to start field name"
        return f"Unexpected character ('{found}' (code {ord(found)})): {wanted}"
    if token and error.msg.startswith("Expecting value"):
        return f"Unrecognized token '{token.group()}': was expecting {_VALUES}"
    sentences = {
        "Expecting ',' delimiter": "was expecting comma to separate Object entries",
        "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
        "Expecting value": f"expected a valid value {_VALUES}",
    }
    return f"Unexpected character ('{found}' (code {ord(found)})): {sentences.get(error.msg, error.msg)}"
