"""DynamoDB's items: typed values in its JSON form, keys in one form, sizes by its rules.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from pipeline.documents import pointer
from pipeline.rejects import Reject
from pipeline.values import MAX_DIGITS, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.contracts import Contract, KeyAttribute
    from pipeline.values import Record

MAX_ITEM_BYTES = 400 * 1024
# The writer adds `_line` to each item, when it knows how many lines came before.
LINE_ATTRIBUTE_BYTES = 32
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys
MAX_KEY_BYTES = (2048, 1024)


def typed(value: Any) -> dict[str, Any]:
    """Return a JSON value as DynamoDB's JSON has it."""
    return _TYPED[type(value)](value)


def typed_record(record: Record) -> dict[str, Any]:
    """Return a record as the attributes of an item."""
    return {name: _TYPED[type(value)](value) for name, value in record.items()}


def _number(value: int | Decimal) -> dict[str, Any]:
    text = str(value)
    return {"N": text if len(text) <= MAX_DIGITS else str(plain(Decimal(value)))}


_TYPED: dict[type, Callable[[Any], dict[str, Any]]] = {
    str: lambda value: {"S": value},
    int: _number,
    Decimal: _number,
    bool: lambda value: {"BOOL": value},
    type(None): lambda _: {"NULL": True},
    dict: lambda value: {"M": typed_record(value)},
    list: lambda value: {"L": [typed(inner) for inner in value]},
}


def size(value: Any) -> int:
    """Return the bytes that a value takes in DynamoDB, rounded up where AWS says "approximately"."""
    if isinstance(value, str):
        return len(value.encode())
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, (int, Decimal)):
        return (len(str(value)) + 1) // 2 + 2
    if isinstance(value, list):
        return 3 + sum(1 + size(inner) for inner in value)
    return 3 + sum(1 + len(name.encode()) + size(inner) for name, inner in value.items())


def fits(record: Record, encoded_bytes: int) -> bool:
    """Return whether a record fits an item; half of its JSON at least is what DynamoDB counts.

    The worst are lists of digits: two bytes of JSON each, four of DynamoDB's.
    """
    if 2 * encoded_bytes <= MAX_ITEM_BYTES - LINE_ATTRIBUTE_BYTES:
        return True
    exact = sum(len(name.encode()) + size(value) for name, value in record.items())
    return exact <= MAX_ITEM_BYTES - LINE_ATTRIBUTE_BYTES


def key_of(record: Record, contract: Contract) -> str | Reject:
    """Return an item's key as a text that is equal for keys that are equal to DynamoDB."""
    parts = []
    for attribute, limit in zip(contract.keys, MAX_KEY_BYTES, strict=False):
        value = record.get(attribute.name)
        if reject := _fault(attribute, value, limit, "key"):
            return reject
        parts.append(value if isinstance(value, str) else str(plain(Decimal(value or 0))))
    return msgspec.json.encode(parts).decode()


def order_fault(record: Record, contract: Contract) -> Reject | None:
    """Return why a record cannot be ordered among those of its key, or None."""
    order = contract.order
    if order is None:
        return None
    return _fault(order, record.get(order.name), MAX_KEY_BYTES[1], "order")


def _fault(attribute: KeyAttribute, value: Any, limit: int, rule: Literal["key", "order"]) -> Reject | None:
    place = pointer([attribute.name])
    if value is None:
        return Reject(rule, place, f"the {rule} attribute {attribute.name} is absent")
    wanted = (str,) if attribute.type == "S" else (int, Decimal)
    if not isinstance(value, wanted) or isinstance(value, bool):
        kind = f"DynamoDB's type {attribute.type}"
        return Reject(rule, place, f"the {rule} attribute {attribute.name} is not of {kind}")
    if isinstance(value, str) and not 0 < len(value.encode()) <= limit:
        return Reject(rule, place, f"the {rule} attribute {attribute.name} is empty or above {limit} bytes")
    return None


def partition_of(key: str, partitions: int) -> int:
    """Return the partition of a key: equal keys meet in one writer."""
    return zlib.crc32(key.encode()) % partitions
