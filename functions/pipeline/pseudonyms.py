"""Pseudonyms: a keyed hash stands for a value, the same one everywhere, and leads back to nobody."""

from __future__ import annotations

import functools
import hashlib
import hmac
from typing import Any

import msgspec

from pipeline.aws import calling, ssm
from pipeline.values import canonical

_ENCODER = msgspec.json.Encoder(decimal_format="number", order="deterministic")


@functools.cache
def pseudonym_key(parameter: str) -> bytes:
    """Return the key from Systems Manager's parameter, read once a process."""
    with calling("SSM GetParameter"):
        answer = ssm().get_parameter(Name=parameter, WithDecryption=True)
    return answer["Parameter"]["Value"].encode()


def key_version(parameter: str) -> str:
    """Return what changes whenever the key does, without the key."""
    with calling("SSM GetParameter"):
        found = ssm().get_parameter(Name=parameter)["Parameter"]
    return f"{found['Version']} of {found['LastModifiedDate'].isoformat()}"


def pseudonym(key: bytes, value: Any) -> str:
    """Return the HMAC-SHA256 of a value: of a string's text, of any other value's canonical JSON."""
    text = value.encode() if isinstance(value, str) else _ENCODER.encode(canonical(value))
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def content_hash(record: dict[str, Any]) -> str:
    """Return the SHA-256 of a record's canonical JSON: names sorted, numbers in their one form."""
    return hashlib.sha256(_ENCODER.encode(canonical(record))).hexdigest()
