from __future__ import annotations

import pytest

from pipeline import plans
from pipeline.errors import ObjectTooLarge
from pipeline.routing import Route

LINES = Route("orders", "orders/1", "jsonl", "none", splittable=True)
ROWS = Route("sales", "sales/1", "csv", "none", splittable=True)
ARRAY = Route("orders", "orders/1", "json", "none", splittable=False)
GZIP = Route("orders", "orders/1", "jsonl", "gzip", splittable=False)
MIB = plans.MIB


@pytest.mark.parametrize(
    ("size", "route", "shards", "partitions"),
    [
        (0, LINES, 1, 1),
        (1, LINES, 1, 1),
        (8 * MIB, LINES, 1, 1),
        (32 * MIB, LINES, 1, 4),
        (32 * MIB + 1, LINES, 2, 5),
        (4096 * MIB, LINES, 128, 512),
        (8192 * MIB + 1, LINES, 128, 512),
        (32768 * MIB, LINES, 128, 512),
        (3 * MIB, ROWS, 1, 1),
        (3 * MIB + 1, ROWS, 1, 2),
        (32 * MIB + 1, ROWS, 2, 11),
        (256 * MIB, ARRAY, 1, 32),
        (32 * MIB, GZIP, 1, 32),
        (760_818, GZIP, 1, 1),
    ],
)
def test_a_plan_covers_the_object(size: int, route: Route, shards: int, partitions: int) -> None:
    plan = plans.plan(size, route)
    assert (plan["shards"], plan["partitions"]) == (shards, partitions)
    assert plan["shards"] * plan["shard_bytes"] >= size
    assert not size or (plan["shards"] - 1) * plan["shard_bytes"] < size


@pytest.mark.parametrize(("size", "route"), [(256 * MIB, ARRAY), (32 * MIB, GZIP)])
def test_what_cannot_be_split_and_is_too_much_for_one_invocation_is_cut_into_chunks(
    size: int, route: Route
) -> None:
    assert "rechunk" not in plans.plan(size, route)
    plan = plans.plan(size + 1, route)
    assert (plan["rechunk"], plan["keep"]) == (True, True)


@pytest.mark.parametrize(
    ("size", "route"),
    [
        (plans.MAX_SHARDS * plans.MAX_SHARD_BYTES, LINES),
        (plans.MAX_TEXT_BYTES, ARRAY),
        (plans.MAX_TEXT_BYTES, GZIP),
    ],
)
def test_what_no_plan_covers_is_too_large(size: int, route: Route) -> None:
    assert plans.plan(size, route)["shards"] >= 1
    with pytest.raises(ObjectTooLarge, match="cut it into several"):
        plans.plan(size + 1, route)


def test_ranges_cover_the_object_without_a_gap() -> None:
    size = 100 * MIB + 7
    ranges = plans.ranges(plans.plan(size, LINES), size)
    assert [each["index"] for each in ranges] == [0, 1, 2, 3]
    assert [each["start"] for each in ranges] == [0, *(each["end"] for each in ranges[:-1])]
    assert ranges[-1]["end"] == size
