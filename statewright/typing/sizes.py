"""How large values of a type can be, as JSON: 256 KiB is what a state may take, give or assign.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

import json

from statewright.typing.shapes import Array, Boolean, Named, Null, Number, Object, Shape, String, Type

PAYLOAD_BYTES = 256 * 2**10
_DEPTH = 12


def size_within_reach(type_: Type) -> int:
    """Give a size in bytes that some value of a type has: as large as its bounds allow, in plain letters.

    What has no bound counts as small as it may be, so that what is said can happen is declared to.
    """
    return 0 if type_.is_unknown else max((_size(shape, 0) for shape in type_.shapes), default=0)


def _reach(type_: Type, depth: int) -> int:
    if type_.is_unknown or depth > _DEPTH:
        return 1
    return max((_size(shape, depth) for shape in type_.shapes), default=0)


def _size(shape: Shape, depth: int) -> int:
    if isinstance(shape, Object):
        return _size_of_object(shape, depth)
    if isinstance(shape, Array):
        return _size_of_array(shape, depth)
    if isinstance(shape, String):
        if shape.values is not None:
            return max(_bytes(json.dumps(value, ensure_ascii=False)) for value in shape.values)
        return 2 + (shape.low if shape.high is None or shape.also else shape.high)
    return {Null: 4, Boolean: 4, Number: 1, Named: 1}[type(shape)]


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))  # JSON can hold halves of characters


def _size_of_object(shape: Object, depth: int) -> int:
    members = [
        len(name) + 4 + _reach(member.type, depth + 1)
        for name, member in shape.fields.items()
        if not member.type.is_never
    ]
    if shape.high is not None and len(members) > shape.high:
        members = sorted(members)[-shape.high :] if shape.high else []
    return 2 + sum(members)


def _size_of_array(shape: Array, depth: int) -> int:
    known = [1 + _reach(item, depth + 1) for item in shape.prefix]
    most = shape.low if shape.high is None or shape.also else shape.high
    if most <= len(known):
        return 2 + sum(known[:most])
    return 2 + sum(known) + (most - len(known)) * (1 + _reach(shape.items, depth + 1))
