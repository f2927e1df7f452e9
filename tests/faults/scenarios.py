"""What is ingested while calls fail: objects, the workflow's input, the plan, the contract."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.functions.cloud import RAW, SCHEMAS
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from pathlib import Path

Json = Any
BAD = (order(90, quantity=-1), order(91, currency="usd"), order(92, _line=1), {"order_id": 7})
NONSENSE = b"no record at all\n"


@dataclass(frozen=True)
class Scenario:
    """An object and how it is worked on; `extension` goes into the contract; a clean run `ends` so.

    One with `chunk_bytes` is cut into chunks of that size first. Where a writer `hands_over` it puts a few
    items, and leaves the others to the next one.
    """

    name: str
    key: str
    body: bytes
    shards: int = 1
    partitions: int = 1
    ends: str = "SUCCEEDED"
    chunk_bytes: int | None = None
    hands_over: bool = False
    contract: str = "orders/1"
    extension: dict[str, Json] = field(default_factory=dict)

    @property
    def input(self) -> dict[str, Json]:
        return {"s3Bucket": RAW, "s3Key": self.key}

    @property
    def table(self) -> str:
        return f"statewright-{self.contract.partition('/')[0]}"

    def schemas(self, folder: Path) -> Path:
        """Write the schemas, the contract with its extension; return their folder."""
        if not self.extension:
            return SCHEMAS
        made = folder / self.name.replace(" ", "-")
        shutil.copytree(SCHEMAS, made)
        path = made / "datasets" / f"{self.contract}.json"
        contract = json.loads(path.read_text(encoding="utf-8"))
        contract["x-dataset"] |= self.extension
        path.write_text(json.dumps(contract), encoding="utf-8")
        return made


def mixed_orders(count: int) -> bytes:
    """Return orders with duplicates, some that raise an alert, some that are quarantined at each stage."""
    good = [order(number % (count - 4), amount=5000 if number == 7 else 10.5) for number in range(count)]
    return json_lines(*good[: count // 2], *BAD) + NONSENSE + json_lines(*good[count // 2 :])


SALES = b"""name,email,amount,date
A,a@example.com,1,2025-08-18
B,b@example.com,2.50,2025-08-18
A,a@example.com,1,2025-08-18
C,no address,3,2025-08-18
D,d@example.com,4
E,e@example.com,5,2025-08-19
"""

PLAIN = Scenario("plain chain", "orders/plain.jsonl", mixed_orders(32))
FANNED_OUT = Scenario("fan-out", "orders/fanned.jsonl", mixed_orders(20), shards=3, partitions=2)
HIDDEN = Scenario("pseudonyms", "sales/hidden.csv", SALES, contract="sales/1")
ORDERED = Scenario(
    "ordered",
    "orders/ordered.jsonl",
    json_lines(*(order(1, quantity=quantity) for quantity in (3, 9, 4)), order(2), *BAD),
    extension={"order": {"name": "quantity", "type": "N"}},
)
TOO_MANY_INVALID = Scenario(
    "too many invalid",
    "orders/invalid.jsonl",
    json_lines(order(1), *BAD),
    ends="FAILED",
    extension={"tolerance": {"count": 2}},
)
GOOD = json_lines(*(order(number) for number in range(10)))
# The first of its three shards holds nothing but one line that cannot be read.
BROKEN_SHARD = Scenario(
    "broken shard",
    "orders/broken.jsonl",
    b"x" * (-(-len(GOOD) // 2) - 1) + b"\n" + GOOD,
    shards=3,
    partitions=2,
    ends="FAILED",
)
RECHUNKED = Scenario("chunks", "orders/chunks.json.gz", gzip.compress(mixed_orders(12)), chunk_bytes=1200)
HANDED_OVER = Scenario(
    "handed over", "orders/handed.jsonl", mixed_orders(24), shards=2, partitions=2, hands_over=True
)
# The longest first: they are tried side by side.
SCENARIOS = (FANNED_OUT, HANDED_OVER, PLAIN, RECHUNKED, HIDDEN, ORDERED, TOO_MANY_INVALID, BROKEN_SHARD)
