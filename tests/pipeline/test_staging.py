from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import objects, staging
from pipeline.errors import StagedDataBroken
from tests.functions.cloud import STAGING
from tests.functions.streams import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functions.cloud import Cloud

PLACE: Any = {"bucket": STAGING, "key": "x"}


class Store:
    """Objects in a dictionary, behind the functions that staging calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.body = b""
        monkeypatch.setattr(objects, "put", self.put)
        monkeypatch.setattr(objects, "size_of", lambda _: len(self.body))
        monkeypatch.setattr(objects, "read_staged", self.read)

    def put(self, place: Any, body: bytes, content_type: str) -> None:
        self.body = body

    def read(self, place: Any, start: int, end: int) -> Iterator[bytes]:
        for first in range(start, end, 1000):
            yield self.body[first : min(first + 1000, end)]


LINES = st.lists(
    st.tuples(st.integers(0, 3), st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b" "))),
    max_size=60,
)


@given(LINES, st.integers(1, 300), st.integers(1, 300))
def test_each_partition_comes_back_in_its_order(
    lines: list[tuple[int, bytes]], frame: int, buffered: int
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        Store(monkeypatch)
        monkeypatch.setattr(staging, "FRAME_BYTES", frame)
        with staging.PartitionWriter(PLACE, buffered) as writer:
            for partition, line in lines:
                writer.add(partition, line)
        for partition in range(5):
            wanted = [line for number, line in lines if number == partition]
            assert lines_of(PLACE, partition) == wanted


@given(
    st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b" ")), max_size=50),
    st.integers(1, 200),
)
def test_lines_come_back_in_their_order(lines: list[bytes], frame: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        Store(monkeypatch)
        monkeypatch.setattr(staging, "FRAME_BYTES", frame)
        with staging.LineWriter(PLACE) as writer:
            for line in lines:
                writer.add(line)
        assert list(staging.read_lines(PLACE)) == lines


def test_a_long_index_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(monkeypatch)
    monkeypatch.setattr(staging, "TAIL_BYTES", 100)
    with staging.PartitionWriter(PLACE) as writer:
        for partition in range(500):
            writer.add(partition, b"%d" % partition)
    assert len(store.body) > 1000
    assert [lines_of(PLACE, partition) for partition in (0, 499)] == [[b"0"], [b"499"]]


def test_a_reader_asks_for_its_own_frames_only(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = random.Random(1)
    with staging.PartitionWriter(PLACE) as writer:
        for number in range(3000):
            writer.add(number % 8, noise.randbytes(800).replace(b"\n", b" "))
    asked: list[int] = []
    real = objects.s3().get_object

    def get_object(**request: Any) -> Any:
        start, end = request["Range"].removeprefix("bytes=").split("-")
        asked.append(int(end) - int(start) + 1)
        return real(**request)

    monkeypatch.setattr(objects.s3(), "get_object", get_object)
    assert len(lines_of(PLACE, 3)) == 375
    assert sum(asked) < objects.size_of(PLACE) / 6 + staging.TAIL_BYTES


@pytest.mark.parametrize("damage", ["cut", "no index", "short", "index", "frame", "end", "frame end"])
def test_damage_is_noticed(monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    store = Store(monkeypatch)
    with staging.PartitionWriter(PLACE) as writer:
        writer.add(0, b"line")
    good = store.body
    store.body = {
        "cut": good[:-1],
        "no index": b"",
        "short": b"{}" + (99).to_bytes(8, "little") + staging.MAGIC,
        "index": b"{]" + (2).to_bytes(8, "little") + staging.MAGIC,
        "frame": b"\xff" * 10 + good[10:],
        "end": good.replace(b"line\n", b"line "),
        "frame end": good.replace(b"[[0,", b"[[0,")[:],
    }[damage]
    if damage == "frame end":
        length = staging._index(staging._source(PLACE))["0"][0][1]
        monkeypatch.setattr(staging, "_index", lambda _: {"0": [(0, length - 2)]})
    with pytest.raises(StagedDataBroken):
        lines_of(PLACE, 0)
