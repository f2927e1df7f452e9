"""The functions that Step Functions adds to JSONata.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import hashlib
import math
import uuid

from statewright.asl import strict_json
from statewright.asl.jsonata.natives import native
from statewright.asl.jsonata.values import UNDEFINED, Run, Sequence, Value, fail

_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


@native("partition", "<an:a<a>>")
def partition(run: Run, values: Value, size: Value) -> Value:
    if values is UNDEFINED or size is UNDEFINED:
        return UNDEFINED
    width = math.trunc(size)
    if width < 1:
        fail("D3137", message="The second argument of function partition must be a positive integer")
    run.allocate(8 * len(values))
    return [list(values[start : start + width]) for start in range(0, len(values), width)]


@native("range", "<nnn:a<n>>")
def range_(run: Run, first: Value, last: Value, step: Value) -> Value:
    if UNDEFINED in (first, last, step):
        return UNDEFINED
    if not all(float(value).is_integer() for value in (first, last, step)) or step == 0:
        fail(
            "D3137", message="The arguments of function range must be integers and the step must not be zero"
        )
    numbers = range(int(first), int(last) + (1 if step > 0 else -1), int(step))
    if numbers[:1] and (numbers[-1] - numbers[0]) // numbers.step > run.limits.bytes:
        fail("D1013")
    run.allocate(8 * len(numbers))
    # A sequence: AWS answers `1`, not `[1]`, to a range of one number.
    return Sequence(numbers)


@native("hash", "<ss:s>")
def hash_(_run: Run, text: Value, algorithm: Value) -> Value:
    if text is UNDEFINED or algorithm is UNDEFINED:
        return UNDEFINED
    name = _HASHES.get(algorithm)
    if name is None:
        fail("D3137", message=f"The algorithm of function hash must be one of {', '.join(_HASHES)}")
    return hashlib.new(name, text.encode("utf-8", errors="replace"), usedforsecurity=False).hexdigest()


@native("uuid", "<:s>")
def uuid_(_run: Run) -> Value:
    return str(uuid.uuid4())


@native("parse", "<s:x>")
def parse(run: Run, text: Value) -> Value:
    if text is UNDEFINED:
        return text
    run.allocate(8 * len(text))
    try:
        return strict_json.loads(text)
    except ValueError:
        fail("D3137", message="The argument of function parse is not valid JSON")
