from __future__ import annotations

import pytest

from pipeline import plans
from pipeline.errors import ObjectTooLarge
from pipeline.routing import Route

LINES = Route("orders", "orders/1", "jsonl", "none", splittable=True)
ARRAY = Route("orders", "orders/1", "json", "none", splittable=False)
GZIP = Route("orders", "orders/1", "jsonl", "gzip", splittable=False)
MIB = plans.MIB


@pytest.mark.parametrize(
    ("size", "route", "shards", "partitions"),
    [
        (0, LINES, 1, 1),
        (1, LINES, 1, 1),
        (32 * MIB, LINES, 1, 2),
        (32 * MIB + 1, LINES, 2, 3),
        (4096 * MIB, LINES, 128, 256),
        (8192 * MIB + 1, LINES, 128, 512),
        (32768 * MIB, LINES, 128, 512),
        (256 * MIB, ARRAY, 1, 16),
        (256 * MIB, GZIP, 1, 128),
        (760_818, GZIP, 1, 1),
    ],
)
def test_a_plan_covers_the_object(size: int, route: Route, shards: int, partitions: int) -> None:
    plan = plans.plan(size, route)
    assert (plan["shards"], plan["partitions"]) == (shards, partitions)
    assert plan["shards"] * plan["shard_bytes"] >= size
    assert not size or (plan["shards"] - 1) * plan["shard_bytes"] < size


@pytest.mark.parametrize(
    ("size", "route"), [(32768 * MIB + 1, LINES), (256 * MIB + 1, ARRAY), (256 * MIB + 1, GZIP)]
)
def test_what_no_plan_covers_is_too_large(size: int, route: Route) -> None:
    with pytest.raises(ObjectTooLarge, match="cut it into several"):
        plans.plan(size, route)
