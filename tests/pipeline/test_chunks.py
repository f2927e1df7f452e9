"""Chunks hold what the object holds: every byte once, every record at its place, however they are cut."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.errors import CorruptGzip, EmptyFile, FileError, MalformedFile, ObjectTooLarge
from pipeline.formats import cuts, gzip_stream
from tests.pipeline.chunked import read_chunks
from tests.pipeline.shards import read_shards
from tests.pipeline.test_properties import TEXTURE, outcomes

if TYPE_CHECKING:
    from tests.pipeline.shards import ReadShard

CELLS = st.lists(
    st.sampled_from(
        [b"\n", b"\r\n", b'"', b'""', b",", b"a", b'"b\nc"', b'"d,e"', b'",\n', b'"f"\n', b" ", b"x" * 30]
    ),
    max_size=40,
).map(b"".join)
HEADER = b"order_id,customer_id,order_date,quantity,amount,currency\n"
TWO_LINES_OF_HEADER = HEADER.replace(b"currency", b'currency,"of\ntwo"')
VALUES = st.lists(
    st.sampled_from([b"{}", b'{"order_id":"a"}', b"[1,[2]]", b'"s"', b"12", b"nonsense", b'"a\\"]"']),
    max_size=20,
)
SPACE = st.sampled_from([b"", b" ", b"\n", b"\r\n "])


def tried(read: Any) -> Any:
    """Return the records with their places, or the error."""
    try:
        shards: list[ReadShard] = read()
    except FileError as error:
        return type(error), re.sub(r" \(line \d+\)", "", str(error))
    return outcomes(shards), sum(each.lines for each in shards), sum(each.bytes for each in shards)


def hold_against_the_whole(key: str, body: bytes, **sizes: int) -> Any:
    """Read an object cut into chunks, and in one piece; both say the same."""
    whole = tried(lambda: read_shards(key, body))
    assert tried(lambda: read_chunks(key, body, **sizes)) == whole
    return whole


SIZES = st.fixed_dictionaries(
    {"chunk_bytes": st.integers(1, 60), "piece": st.integers(1, 50), "chunks_at_once": st.integers(2, 5)}
)


@given(TEXTURE, SIZES, st.booleans())
@settings(max_examples=150)
def test_lines_in_chunks_are_those_of_the_object(body: bytes, sizes: dict[str, int], twice: bool) -> None:
    text = b"{}\n" + body
    packed = gzip.compress(text[:9]) + gzip.compress(text[9:]) if twice else gzip.compress(text)
    _, *sums = hold_against_the_whole("orders/x.jsonl.gz", packed, **sizes)
    if b"\xff" not in text:
        assert sums == [text.count(b"\n") + (not text.endswith(b"\n")), len(text)]


@given(
    CELLS, st.sampled_from([HEADER, TWO_LINES_OF_HEADER, b"\n \n" + HEADER, b"\xef\xbb\xbf" + HEADER]), SIZES
)
@settings(max_examples=300)
def test_rows_in_chunks_are_those_of_the_object(body: bytes, header: bytes, sizes: dict[str, int]) -> None:
    hold_against_the_whole("orders/x.csv", header + body, **sizes)


@given(CELLS, st.integers(1, 60), st.integers(1, 50), st.integers(1, 30))
@settings(max_examples=300)
def test_rows_are_cut_at_the_same_places_wherever_one_goes_on(
    body: bytes, chunk: int, piece: int, window: int
) -> None:
    text = HEADER + body

    def borders_from(start: int) -> list[int]:
        pieces = (text[at : at + piece] for at in range(start, len(text), piece))
        feed, found = cuts.Feed(pieces, start, lambda _: None, start + chunk, is_blank=not start), []
        for border in cuts.borders("csv", feed, "", one_line_records=False):
            if border >= feed.wanted:
                feed.emit_to(border)
                feed.wanted = border + chunk
                found.append(border)
        return found

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(cuts, "_WINDOW_BYTES", window)
        try:
            first = borders_from(0)
        except FileError:
            return
        for at, border in enumerate(first):
            assert borders_from(border) == first[at + 1 :]


@given(VALUES, SPACE, st.booleans(), SIZES)
@settings(max_examples=300)
def test_values_in_chunks_are_those_of_the_object(
    values: list[bytes], space: bytes, of_an_array: bool, sizes: dict[str, int]
) -> None:
    if of_an_array:
        body = space + b"[" + space + (space + b"," + space).join(values) + space + b"]" + space
    else:
        body = (space or b" ").join(values)
    hold_against_the_whole("orders/x.json", body, **sizes)


@example(
    b"\n\xef\xbb\xbf[]\n", "json", {"chunk_bytes": 5, "piece": 1, "chunks_at_once": 2}
)  # no mark: not the first
@given(TEXTURE, st.sampled_from(["jsonl", "json", "csv", "json.gz"]), SIZES)
@settings(max_examples=300)
def test_any_bytes_in_chunks_are_read_as_they_are_in_one_piece_or_refused(
    body: bytes, suffix: str, sizes: dict[str, int]
) -> None:
    if suffix.endswith("gz"):
        body = gzip.compress(body)
    try:
        chunked = read_chunks(f"orders/x.{suffix}", body, **sizes)
    except FileError:
        with pytest.raises(FileError):
            read_shards(f"orders/x.{suffix}", body)
        return
    whole = read_shards(f"orders/x.{suffix}", body)
    assert outcomes(chunked) == outcomes(whole)
    assert sum(each.bytes for each in chunked) == whole[0].bytes


@pytest.mark.parametrize(
    ("key", "body", "error"),
    [
        ("orders/x.jsonl.gz", gzip.compress(b"{}\n" * 100, mtime=0)[:-9], CorruptGzip),
        ("orders/x.json", b"[{}, {}, {}, {", MalformedFile),
        ("orders/x.json", b"[{}, {}] {}", MalformedFile),
        ("orders/x.json", b" \n ", EmptyFile),
        ("orders/x.jsonl.gz", gzip.compress(b" \n\n \n\n\n\n", mtime=0), EmptyFile),
    ],
)
def test_what_is_broken_is_so_before_a_chunk_is_read(key: str, body: bytes, error: type[FileError]) -> None:
    with pytest.raises(error):
        read_chunks(key, body, 4)


def test_a_text_above_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.plans.MAX_TEXT_BYTES", 300)
    assert read_chunks("orders/x.jsonl.gz", gzip.compress(b"{}\n" * 100), 30)
    with pytest.raises(ObjectTooLarge, match="more than 300 bytes"):
        read_chunks("orders/x.jsonl.gz", gzip.compress(b"{}\n" * 101), 30)


def test_one_invocation_reads_so_much_of_a_gzip_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzip_stream.decompress, "__defaults__", (300,))
    read_shards("orders/x.jsonl.gz", gzip.compress(b"{}\n" * 100))
    with pytest.raises(ObjectTooLarge):
        read_shards("orders/x.jsonl.gz", gzip.compress(b"{}\n" * 101))
