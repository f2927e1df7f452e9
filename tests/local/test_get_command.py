"""An item is printed whole, with all digits, wherever its body lies."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import zstandard

from statewright.local.get_command import BodyBroken, whole

BODY = b'{"order_id":"1","amount":12345678901234567890.123456789,"note":"x"}'


class Bucket:
    """Stands in for S3."""

    def __init__(self, stored: bytes) -> None:
        self._stored = stored

    def get_object(self, **_: str) -> Any:
        return {"Body": BytesIO(self._stored)}


def item(body: bytes) -> dict[str, Any]:
    place = {"bucket": "output", "key": "items/orders/x.json.zst"}
    return {
        "order_id": "1",
        "_body": {**place, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()},
    }


def test_an_item_without_a_body_elsewhere_keeps_all_digits() -> None:
    said = whole({"amount": Decimal("12345678901234567890.123456789"), "tags": {"a"}}, None)
    assert '"amount": 12345678901234567890.123456789' in said


def test_the_body_of_an_item_comes_from_s3_with_all_digits() -> None:
    said = whole(item(BODY), Bucket(zstandard.ZstdCompressor().compress(BODY)))
    assert '"amount": 12345678901234567890.123456789' in said
    assert "_body" not in said


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (b"plain", "is not zstd"),
        (zstandard.ZstdCompressor().compress(BODY)[:-3], "is not zstd"),
        (zstandard.ZstdCompressor().compress(BODY.replace(b"x", b"y")), "has not the checksum"),
    ],
)
def test_a_body_that_is_not_what_was_written_is_an_error(stored: bytes, reason: str) -> None:
    with pytest.raises(BodyBroken, match=reason):
        whole(item(BODY), Bucket(stored))
