"""What each intrinsic function does with its values.

Limits and quirks: executions recorded on AWS, and
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import random
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.asl import strict_json
from statewright.asl._jsonpath_steps import json_equal
from statewright.asl.jsonpath import dump, java_text

if TYPE_CHECKING:
    from collections.abc import Callable

Json = Any

# "up to 10,000 characters", for Base64 and Hash alike.
MAX_CHARACTERS = 10_000
# "The newly generated array can't contain more than 1000 items."
MAX_RANGE = 1000
# Java's int, which the documentation gives as the range of the arguments.
MIN_INT, MAX_INT = -(2**31), 2**31 - 1

HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class FunctionError(ValueError):
    """A function refuses its arguments; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Function:
    """An intrinsic function; `most` is None where any number of arguments is taken."""

    apply: Callable[..., Json]
    least: int
    most: int | None
    is_format: bool = False

    def takes(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)

    @property
    def arity(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


FUNCTIONS: dict[str, Function] = {}


def intrinsic(
    name: str, least: int, most: int | None, *, is_format: bool = False
) -> Callable[[Callable[..., Json]], Callable[..., Json]]:
    def register(apply: Callable[..., Json]) -> Callable[..., Json]:
        FUNCTIONS[f"States.{name}"] = Function(apply, least, most, is_format)
        return apply

    return register


# --- what arguments must be ---


def array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise FunctionError("expected an array")
    return value


def string(value: Json) -> str:
    if not isinstance(value, str):
        raise FunctionError("expected a string")
    return value


def short_string(value: Json) -> str:
    if len(string(value)) > MAX_CHARACTERS:
        raise FunctionError(f"the string is longer than {MAX_CHARACTERS} characters")
    return str(value)


def integer(value: Json) -> int:
    """Round a number as Java's Math.round does: halves go up, also below zero."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise FunctionError("expected a number")
    rounded = value if isinstance(value, int) else math.floor(value + 0.5)
    if not MIN_INT <= rounded <= MAX_INT:
        raise FunctionError(f"expected an integer between {MIN_INT} and {MAX_INT}")
    return rounded


# --- arrays ---


@intrinsic("Array", 0, None)
def make_array(*values: Json) -> list[Json]:
    return list(values)


@intrinsic("ArrayPartition", 2, 2)
def array_partition(values: Json, size: Json) -> list[Json]:
    chunk = integer(size)
    if chunk <= 0:
        raise FunctionError("the chunk size must be a positive integer")
    members = array(values)
    return [members[start : start + chunk] for start in range(0, len(members), chunk)]


@intrinsic("ArrayContains", 2, 2)
def array_contains(values: Json, wanted: Json) -> bool:
    return any(json_equal(member, wanted) for member in array(values))


@intrinsic("ArrayRange", 3, 3)
def array_range(first: Json, last: Json, step: Json) -> list[int]:
    start, stop, stride = integer(first), integer(last), integer(step)
    if stride == 0:
        raise FunctionError("the step must not be zero")
    numbers = range(start, stop + (1 if stride > 0 else -1), stride)
    if len(numbers) > MAX_RANGE:
        raise FunctionError(f"the array would have more than {MAX_RANGE} items")
    return list(numbers)


@intrinsic("ArrayGetItem", 2, 2)
def array_get_item(values: Json, index: Json) -> Json:
    members, position = array(values), integer(index)
    if not 0 <= position < len(members):
        raise FunctionError("the index is out of range")
    return members[position]


@intrinsic("ArrayLength", 1, 1)
def array_length(values: Json) -> int:
    return len(array(values))


@intrinsic("ArrayUnique", 1, 1)
def array_unique(values: Json) -> list[Json]:
    seen: set[str] = set()
    unique: list[Json] = []
    for member in array(values):
        key = json.dumps(_canonical(member), sort_keys=True)
        if key not in seen:
            seen.add(key)
            unique.append(member)
    return unique


def _canonical(value: Json) -> Json:
    """Give equal JSON values the same text: `1.0` and `1` are one number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_canonical(member) for member in value]
    if isinstance(value, dict):
        return {key: _canonical(member) for key, member in value.items()}
    return value


# --- encoding, hashing, identifiers ---


@intrinsic("Base64Encode", 1, 1)
def base64_encode(text: Json) -> str:
    return base64.b64encode(_utf8(short_string(text))).decode("ascii")


@intrinsic("Base64Decode", 1, 1)
def base64_decode(text: Json) -> str:
    try:
        return base64.b64decode(short_string(text), validate=True).decode("utf-8", errors="replace")
    except (binascii.Error, ValueError) as error:
        raise FunctionError("the string is not Base64") from error


@intrinsic("Hash", 2, 2)
def hash_text(data: Json, algorithm: Json) -> str:
    name = HASHES.get(string(algorithm))
    if name is None:
        raise FunctionError(f"the algorithm must be one of {', '.join(HASHES)}")
    return hashlib.new(name, _utf8(short_string(data)), usedforsecurity=False).hexdigest()


def _utf8(text: str) -> bytes:
    """Encode as Java does: a lone surrogate becomes `?`."""
    return text.encode("utf-8", errors="replace")


@intrinsic("UUID", 0, 0)
def make_uuid() -> str:
    return str(uuid.uuid4())


# --- JSON ---


@intrinsic("JsonMerge", 3, 3)
def json_merge(left: Json, right: Json, is_deep: Json) -> dict[str, Json]:
    if is_deep is not False:
        raise FunctionError("only shallow merging is supported: the third argument must be false")
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise FunctionError("expected two JSON objects")
    return left | right


@intrinsic("StringToJson", 1, 1)
def string_to_json(text: Json) -> Json:
    if not string(text).strip():
        return None
    try:
        return strict_json.loads(text)
    except ValueError as error:
        raise FunctionError("the string is not valid JSON") from error


@intrinsic("JsonToString", 1, 1)
def json_to_string(value: Json) -> str:
    return dump(value)


# --- numbers ---


@intrinsic("MathRandom", 2, 3)
def math_random(first: Json, last: Json, *seed: Json) -> int:
    start, stop = integer(first), integer(last)
    if start >= stop:
        raise FunctionError("the start must be less than the end")
    # A seed makes the number repeatable; AWS's generator is not published, so the number itself differs.
    generator = random.Random(*(integer(value) for value in seed))  # noqa: S311
    return generator.randrange(start, stop)


@intrinsic("MathAdd", 2, 2)
def math_add(left: Json, right: Json) -> int:
    return integer(integer(left) + integer(right))


# --- strings ---


@intrinsic("StringSplit", 2, 2)
def string_split(text: Json, separators: Json) -> list[str]:
    """Split at any of the separators' characters; empty parts vanish."""
    if not string(separators):
        return [string(text)] if text else []
    return [part for part in re.split(f"[{re.escape(separators)}]", string(text)) if part]


@intrinsic("Format", 1, None, is_format=True)
def format_text(template: Json, *values: Json) -> str:
    """Put the values into the template's `{}`; `\\{`, `\\}`, `\\'` and `\\\\` stand for themselves."""
    parts: list[str] = []
    waiting = list(reversed(values))
    tokens = iter(re.findall(r"\\.|\{\}|.", string(template), re.DOTALL))
    for part in tokens:
        if part == "{}":
            if not waiting:
                raise FunctionError("the template has more placeholders than there are arguments")
            parts.append(java_text(waiting.pop()))
        elif part in ("{", "}"):
            raise FunctionError("a brace that is no placeholder must be escaped")
        else:
            parts.append(part[1:] if len(part) == 2 else part)
    if waiting:
        raise FunctionError("the template has fewer placeholders than there are arguments")
    return "".join(parts)
