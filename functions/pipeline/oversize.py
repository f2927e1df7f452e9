"""Items above DynamoDB's 400 KB: the whole goes to S3, compressed; the item keeps what it is found by.

`_body` of such an item says where: bucket, key, the bytes of its JSON, and their SHA-256. The object is named
by that digest, so it is written as often as one likes, and nothing that another item needs is replaced.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import zstandard

from pipeline import contract_checks, objects
from pipeline.errors import StagedDataBroken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.contracts import Contract
    from pipeline.shapes import Location
    from pipeline.values import Record

BODY = "_body"
# Attributes of up to so many bytes stay in the item, as long as all of them together have room.
KEPT_VALUE_BYTES = 1024
KEPT_BYTES = 64 * 1024
CONTENT_TYPE = "application/zstd"
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def body_of(record: Record) -> bytes:
    """Return an item's attributes as JSON, exact to the last digit."""
    return _ENCODER.encode(record)


def move(record: Record, contract: Contract, bucket: str) -> Record:
    """Store an item's attributes in S3; return what the item keeps, and where the whole is."""
    body = body_of(record)
    digest = hashlib.sha256(body).hexdigest()
    place: Location = {"bucket": bucket, "key": f"items/{contract.dataset}/{digest}.json.zst"}
    objects.put(place, zstandard.ZstdCompressor(level=3).compress(body), CONTENT_TYPE)
    return {**_kept(record, contract), BODY: {**place, "bytes": len(body), "sha256": digest}}


def whole(place: Mapping[str, Any]) -> bytes:
    """Return an item's attributes as JSON from where `_body` says they are; raises StagedDataBroken."""
    found: Location = {"bucket": place["bucket"], "key": place["key"]}
    packed = objects.find(found)
    if packed is None:
        raise StagedDataBroken(f"{objects.uri(found)} is not there")
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=place["bytes"])


def _kept(record: Record, contract: Contract) -> Record:
    """Return the key, what the pipeline itself writes, and the scalars that have room."""
    wanted = {attribute.name for attribute in contract.keys} | set(contract_checks.LINEAGE)
    if contract.order is not None:
        wanted.add(contract.order.name)
    if contract.ttl is not None:
        wanted.add(contract.ttl.attribute)
    kept = {name: value for name, value in record.items() if name in wanted}
    room = KEPT_BYTES
    for name, value in record.items():
        length = _length(name, value)
        if name not in kept and length <= min(KEPT_VALUE_BYTES, room):
            kept[name] = value
            room -= length
    return {name: value for name, value in record.items() if name in kept}


def _length(name: str, value: Any) -> int:
    """Return the bytes of a scalar and its name; more than there is room for what is none."""
    if isinstance(value, (str, int, Decimal)):
        return len(name.encode()) + len(str(value).encode())
    return len(name.encode()) + 1 if value is None else KEPT_BYTES + 1
