from __future__ import annotations

import csv
import gzip
import io
import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import values
from pipeline.errors import FileError
from pipeline.formats import gzip_stream, json_values
from pipeline.pseudonyms import content_hash
from pipeline.rejects import Reject
from tests.pipeline.shards import ReadShard, read, read_shards

# Few letters: line breaks, brackets and marks meet often.
TEXTURE = st.lists(
    st.sampled_from(
        [
            b"\n",
            b"\r\n",
            b'{"a":1}',
            b"{}",
            b"[",
            b"]",
            b",",
            b'"',
            b" ",
            b"x" * 30,
            b"\xef\xbb\xbf",
            b"\xff",
            b"\0",
        ]
    ),
    max_size=30,
).map(b"".join)
SPLITTABLE = st.lists(
    st.sampled_from([b"\n", b"\r\n", b'{"order_id":"a"}\n', b"[1]\n", b"nonsense\n", b"{}", b" ", b"x" * 30]),
    max_size=40,
).map(b"".join)


def outcomes(shards: list[ReadShard]) -> list[Any]:
    """Give every record its line in the file, as the writer does."""
    before, all_ = 0, []
    for shard in shards:
        all_ += [(before + each.line, each.offset, each.raw, each.value) for each in shard.found]
        before += shard.lines
    return all_


@given(SPLITTABLE, st.data(), st.integers(1, 40))
def test_any_shard_plan_yields_each_record_once(body: bytes, data: st.DataObject, piece: int) -> None:
    body = b"{}\n" + body
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6, unique=True)))
    cuts = [cut for cut in cuts if 0 < cut < len(body)]

    whole = read_shards("orders/x.jsonl", body)
    shards = read_shards("orders/x.jsonl", body, cuts, piece=piece)

    assert outcomes(shards) == outcomes(whole)
    assert sum(shard.bytes for shard in shards) == len(body)
    assert sum(shard.lines for shard in shards) == body.count(b"\n") + (not body.endswith(b"\n"))


@given(
    TEXTURE | st.binary(max_size=80),
    st.sampled_from(["jsonl", "json", "csv", "tsv", "jsonl.gz"]),
    st.booleans(),
)
@settings(max_examples=400)
def test_any_bytes_end_in_accounted_bytes_or_a_clear_error(body: bytes, suffix: str, pack: bool) -> None:
    if suffix.endswith("gz") and pack:
        body = gzip.compress(body)
    try:
        (shard,) = read_shards(f"orders/x.{suffix}", body, piece=7)
    except FileError:
        return
    offsets = [each.offset for each in shard.found]
    assert offsets == sorted(set(offsets))
    if not suffix.endswith("gz"):
        assert shard.bytes == len(body)
        for each in shard.found:
            assert body[each.offset : each.offset + len(each.raw)] == each.raw


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=12) | st.integers()


@given(NUMBERS | st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_is_kept_exactly_or_refused(number: Decimal | int) -> None:
    value = json_values.decode(str(number).encode(), 0)
    assert not isinstance(value, (float, Reject))
    assert value == number
    exact = Decimal(number)
    digits = str(exact.as_tuple().digits and "".join(map(str, exact.as_tuple().digits))).strip("0")
    kept = len(digits) <= 38 and (not exact or -130 <= exact.adjusted() <= 125)
    assert values.fits(value) is kept
    if kept:
        again = msgspec.json.Encoder(decimal_format="number").encode(value)
        assert json_values.decode(again, 0) == number
        assert values.plain(Decimal(number)) == number


@given(st.integers(-(10**37), 10**37), st.decimals(-(10**20), 10**20, places=9))
def test_a_cell_of_csv_holds_the_number_that_json_would(quantity: int, amount: Decimal) -> None:
    fields = {"order_id": "a", "customer_id": "c", "order_date": "2025-01-01", "currency": "USD"}
    names = [*fields, "quantity", "amount"]
    text = io.StringIO()
    csv.writer(text).writerows([names, [*fields.values(), str(quantity), format(amount, "f")]])
    (row,) = read("orders/x.csv", text.getvalue().encode())
    body = json.dumps(fields)[:-1] + f', "quantity": {quantity}, "amount": {amount:f}}}'
    (record,) = read("orders/x.jsonl", body.encode())
    assert row.value == record.value
    assert row.reject == record.reject


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=8))
def test_any_text_comes_through_csv(pairs: list[tuple[str, str]]) -> None:
    header = ["order_id", "customer_id", "order_date", "quantity", "amount", "currency"]
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([header, *([*pair, "2025-01-01", "1", "1", "USD"] for pair in pairs)])
    try:
        body = text.getvalue().encode()
    except UnicodeEncodeError:
        return
    found = read("orders/x.csv", body, piece=3)
    wanted = [{name: cell for name, cell in zip(header, pair, strict=False) if cell} for pair in pairs]
    assert [{name: each.value[name] for name in header[:2] if name in each.value} for each in found] == wanted


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.integers(1, 50), st.integers(0, 20))
def test_gzip_members_come_out_as_they_went_in(members: list[bytes], piece: int, padding: int) -> None:
    packed = b"".join(gzip.compress(member) for member in members) + b"\0" * padding
    pieces = [packed[start : start + piece] for start in range(0, len(packed), piece)]
    assert b"".join(gzip_stream.decompress(pieces)) == b"".join(members) == gzip.decompress(packed)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_gzip_cut_anywhere_is_refused(content: bytes, data: st.DataObject) -> None:
    packed = gzip.compress(content)
    cut = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(FileError):
        list(gzip_stream.decompress([packed[:cut]]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4), st.randoms())
def test_the_content_hash_knows_neither_order_nor_notation(record: dict[str, Any], random: Any) -> None:
    names = list(record)
    random.shuffle(names)
    shuffled = {name: record[name] for name in names}
    try:
        text = msgspec.json.encode(record)
    except UnicodeEncodeError:
        return
    assert content_hash(shuffled) == content_hash(json.loads(text, parse_int=Decimal))


@given(st.lists(JSON, max_size=6), st.integers(1, 9), st.sampled_from([None, 1]))
def test_values_are_cut_where_json_cuts_them(documents: list[Any], piece: int, indent: int | None) -> None:
    array = json.dumps(documents, indent=indent).encode()
    found = read("orders/x.json", array, piece=piece)
    assert [json.loads(each.raw) for each in found] == documents


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=6))
def test_repeated_names_are_found_whatever_their_values(pairs: list[tuple[str, int]]) -> None:
    text = "{" + ",".join(f'"{name}" : {value}' for name, value in pairs) + "}"
    repeated = json_values.repeated_key(text.encode(), json.loads(text))
    assert (repeated is None) is (len({name for name, _ in pairs}) == len(pairs))
