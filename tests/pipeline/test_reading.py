from __future__ import annotations

import gzip
import json
import tracemalloc
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import contracts
from pipeline.errors import CorruptGzip, EmptyFile, MalformedFile, ObjectTooLarge, UnsupportedEncoding
from pipeline.formats import gzip_stream, lines
from tests.pipeline.shards import SCHEMAS, read, read_shards, rejects

if TYPE_CHECKING:
    from pathlib import Path

ORDER = {
    "order_id": "a-1",
    "customer_id": "c",
    "order_date": "1997-01-01",
    "quantity": 1,
    "amount": 11.77,
    "currency": "USD",
}
HEADER = b"order_id,customer_id,order_date,quantity,amount,currency\n"
ROW = b"a-1,c,1997-01-01,1,11.77,USD\n"
BOM = b"\xef\xbb\xbf"


def line(**changes: Any) -> bytes:
    return json.dumps({**ORDER, **changes}).encode() + b"\n"


def raw_line(name: str, value: str) -> bytes:
    """An order with one value as this very text."""
    return line(**{name: "@"}).replace(b'"@"', value.encode())


@pytest.mark.parametrize("body", [b"", BOM, b" \n\t\r\n", BOM + b"\n"])
@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.csv", "x.tsv"])
def test_a_file_of_nothing_is_empty(name: str, body: bytes) -> None:
    with pytest.raises(EmptyFile):
        read(f"orders/{name}", body)


@pytest.mark.parametrize("name", ["x.jsonl.gz", "x.json.gz", "x.csv.gz"])
def test_gzip_of_nothing_is_empty(name: str) -> None:
    with pytest.raises(EmptyFile):
        read(f"orders/{name}", gzip.compress(b"", mtime=0))
    with pytest.raises(EmptyFile):
        read(f"orders/{name}", b"")


def test_a_header_alone_holds_no_record() -> None:
    assert read("orders/x.csv", HEADER) == []
    assert read("orders/x.json", b"[ ]") == []


@pytest.mark.parametrize("start", [b"", BOM])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines_keep_their_place_whatever_ends_them(start: bytes, end: bytes) -> None:
    one, two = line().strip(), line(order_id="a-2").strip()
    body = start + one + end + end + b"  " + end + two
    found = read("orders/x.jsonl", body)
    assert [(each.line, each.raw) for each in found] == [(1, one), (4, two)]
    assert all(body[each.offset :].startswith(each.raw) for each in found)


def test_unicode_line_separators_do_not_end_a_line() -> None:
    body = '{"order_id":"a\u2028b\u0085c","customer_id":"\\u0000"}\n'.encode()
    (found,) = read("orders/x.jsonl", body)
    assert found.value == {"order_id": "a\u2028b\x85c", "customer_id": "\x00"}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("NaN", "syntax"),
        ("Infinity", "syntax"),
        ("01", "syntax"),
        ("1e400", "number"),
        ("1e-131", "number"),
        ("1e99999999999999999999", "number"),
        ("9" * 39, "number"),
        ("9" * 200, "number"),
        ("9" * 5000, "number"),
        ("1." + "3" * 38, "number"),
        ("[" * 40 + "]" * 40, "depth"),
        ("[" * 10_000 + "]" * 10_000, "depth"),
        ('{"a":' * 500 + '"x:y"' + "}" * 500, "depth"),
        ('{"a":' * 980 + '"\\":"' + "}" * 980, "depth"),
        ('{"a":' * 900 + '"\\":"' + "}" * 900, "depth"),
        ('{"a":' * 300 + '"\\":"' + "}" * 300, "depth"),
        ('"\\ud800"', "syntax"),
        ('{"": 1}', "attribute_name"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "repeated_key"),
        ("true", "type"),
        ("-1", "minimum"),
    ],
)
def test_a_value_that_cannot_be_kept_is_rejected(value: str, rule: str) -> None:
    found = read("orders/x.jsonl", line() + raw_line("amount", value))
    assert [each[:2] for each in rejects(found)] == [(2, rule)]


@pytest.mark.parametrize(
    "value",
    ["9" * 38, "1e125", "1e-130", "12345678901234567890", "0.10", "1" + "0" * 125, "0e-200", "-0", "0.0"],
)
def test_a_number_that_fits_keeps_every_digit(value: str) -> None:
    found = read("orders/x.jsonl", raw_line("amount", value))
    assert not rejects(found)
    assert Decimal(found[0].value["amount"]) == Decimal(value)
    assert not isinstance(found[0].value["amount"], float)


def test_a_message_says_rule_and_place_and_nothing_of_the_record() -> None:
    (found,) = read("orders/x.jsonl", line(currency="secret"))
    assert found.reject is not None
    assert (found.reject.rule, found.reject.pointer) == ("pattern", "/currency")
    assert found.reject.message == 'the contract orders/1 wants pattern: "^[A-Z]{3}$"'


def test_a_name_that_comes_twice_is_named() -> None:
    body = line().replace(b'"quantity": 1', b'"quantity": 1, "quantity" : 2')
    assert rejects(read("orders/x.jsonl", line() + body)) == [(2, "repeated_key", "/quantity")]
    time = line(order_id='with ": colons:')
    assert rejects(read("orders/x.jsonl", time)) == []


def test_a_value_that_is_no_object_is_rejected() -> None:
    found = read("orders/x.jsonl", line() + b"[1]\n12\n")
    assert rejects(found) == [(2, "type", ""), (3, "type", "")]


def test_a_line_beyond_the_longest_is_rejected_by_its_beginning() -> None:
    long = line(order_id="x" * 17 * 1024 * 1024)
    found = read("orders/x.jsonl", line() + long + line())
    assert rejects(found) == [(2, "line_too_long", "")]
    assert len(found[1].raw) == lines.KEPT_BYTES
    assert found[2].offset == len(line()) + len(long)


def test_a_line_of_ten_megabytes_is_read() -> None:
    found = read("orders/x.jsonl", line(note="x" * 10_000_000), piece=70_000)
    assert not rejects(found)


@pytest.mark.parametrize(
    ("body", "offset", "suspicion"),
    [
        (line() + "José".encode("latin-1") + b"\n", len(line()) + 3, "Latin-1"),
        (line() + b'{"order_id": "\x93"}\n', len(line()) + 14, "Windows-1252"),
        (line() + b'{"\xc3', len(line()) + 2, "Latin-1"),
        ("x".encode("utf-16"), 0, "UTF-16 byte order mark"),
        ("x".encode("utf-32"), 0, "UTF-32 byte order mark"),
        ("é".encode("utf-16-le") + b"\n", 0, "UTF-16 suspected"),
    ],
)
def test_other_encodings_are_named_with_their_place(body: bytes, offset: int, suspicion: str) -> None:
    with pytest.raises(UnsupportedEncoding, match=suspicion) as raised:
        read("orders/x.jsonl", body)
    assert raised.value.offset == offset


def test_latin1_in_csv_is_named_with_its_place() -> None:
    with pytest.raises(UnsupportedEncoding) as raised:
        read("orders/x.csv", HEADER + b'"a\nb\xe9",c\n')
    assert raised.value.offset == len(HEADER) + 4
    with pytest.raises(UnsupportedEncoding):
        read("orders/x.csv", b"\xe9," + HEADER)


@pytest.mark.parametrize("magic", [gzip.compress(b"x", mtime=0), b"\x28\xb5\x2f\xfdxxxx", b"PK\x03\x04xxxx"])
def test_a_packed_file_that_its_name_hides_is_malformed(magic: bytes) -> None:
    with pytest.raises(MalformedFile, match="the content is"):
        read("orders/x.jsonl", magic)


def test_all_members_of_a_gzip_are_read() -> None:
    body = (
        gzip.compress(line(), mtime=0)
        + gzip.compress(b"")
        + gzip.compress(line(order_id="a-2"))
        + b"\0" * 100
    )
    for piece in (1, 7, 1 << 20):
        assert [each.line for each in read("orders/x.jsonl.gz", body, piece=piece)] == [1, 2]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (line(), "not gzip"),
        (gzip.compress(line(), mtime=0)[:-1], "cut short"),
        (gzip.compress(line(), mtime=0)[:5], "cut short"),
        (gzip.compress(line(), mtime=0)[:-6] + b"\0" * 6, "broken"),
        (gzip.compress(line(), mtime=0) + b"rubbish", "member 2"),
    ],
)
def test_a_broken_gzip_is_told_from_a_good_one(body: bytes, says: str) -> None:
    with pytest.raises(CorruptGzip, match=says):
        read("orders/x.jsonl.gz", body)


def test_a_gzip_bomb_stays_within_memory_and_limit() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, mtime=0)
    tracemalloc.start()
    size = sum(map(len, gzip_stream.decompress([bomb])))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 200_000_000
    assert peak < 8_000_000
    with pytest.raises(ObjectTooLarge):
        list(gzip_stream.decompress([bomb], limit=1_000_000))


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([ORDER, ORDER]).encode(),
        json.dumps([ORDER, ORDER], indent=2).encode() + b"\n",
        line() + line(),
        line().strip() + line().strip(),
        BOM + json.dumps(ORDER, indent=1).encode() + b"\n\n" + line(),
        b"\r\n [" + line() + b",\r\n" + line() + b"]\n ",
    ],
)
@pytest.mark.parametrize("piece", [1, 5, 1 << 20])
def test_json_holds_an_array_or_a_sequence(body: bytes, piece: int) -> None:
    found = read("orders/x.json", body, piece=piece)
    assert len(found) == 2
    assert not rejects(found)
    assert all(body[each.offset :].startswith(each.raw) for each in found)
    assert [each.line for each in found] == [body.count(b"\n", 0, each.offset) + 1 for each in found]


def test_one_broken_element_of_an_array_is_put_aside() -> None:
    body = b'[{"a": "[{\\"", "b": NaN}, 12, "x", null, ' + line() + b"]"
    found = read("orders/x.json", body)
    assert [reject[1] for reject in rejects(found)] == ["syntax", "type", "type", "type"]
    assert len(found) == 5


@pytest.mark.parametrize(
    "body",
    [
        b'{"order_id": "1", \n',
        b'[{"a": 1}',
        b'[{"a": 1},',
        b"[1 2]",
        b"[1,]",
        b"[,1]",
        b"[1] 2",
        b"}",
        b'{"a": 1}]',
        b'["abc',
        b"[1}",
    ],
)
def test_json_that_cannot_be_cut_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedFile, match="near byte"):
        read("orders/x.json", body)


def test_a_value_beyond_the_longest_is_malformed() -> None:
    with pytest.raises(MalformedFile, match="longer than"):
        read("orders/x.json", b'["' + b"x" * 20_000_000, piece=1_000_000)


@pytest.mark.parametrize("body", [b'["%s", 1]', b'"%s"', b"%s"])
def test_a_value_may_have_as_many_bytes_as_a_line(body: bytes) -> None:
    room = lines.MAX_LINE_BYTES - body.count(b'"')
    with pytest.raises(MalformedFile, match="longer than"):
        read("orders/x.json", body % (b"x" * (room + 1)))
    assert len(read("orders/x.json", body % (b"x" * room))[0].raw) == lines.MAX_LINE_BYTES


def test_quotes_commas_and_line_breaks_inside_cells_are_kept() -> None:
    body = HEADER + b'"a,""1""","c\r\nd",1997-01-01,1,11.77,USD\r\n' + ROW
    found = read("orders/x.csv", body)
    assert found[0].value["order_id"] == 'a,"1"'
    assert found[0].value["customer_id"] == "c\r\nd"
    assert [(each.line, each.offset) for each in found] == [(2, len(HEADER)), (4, body.rindex(ROW))]
    assert found[0].raw == body[len(HEADER) : body.rindex(ROW) - 1]


def test_tabs_separate_cells_of_tsv() -> None:
    found = read("orders/x.tsv", HEADER.replace(b",", b"\t") + ROW.replace(b",", b"\t"))
    assert found[0].value["amount"] == Decimal("11.77")


@pytest.mark.parametrize(
    ("row", "rule", "pointer"),
    [
        (b"a,c,1997-01-01,1,11.77\n", "ragged_row", ""),
        (b"a,c,1997-01-01,1,11.77,USD,more\n", "ragged_row", ""),
        (b"a,c,1997-01-01,1_0,11.77,USD\n", "type", "/quantity"),
        (b"a,c,1997-01-01, 1,11.77,USD\n", "type", "/quantity"),
        ("a,c,1997-01-01,٣,11.77,USD\n".encode(), "type", "/quantity"),
        (b"a,c,1997-01-01,007,11.77,USD\n", "type", "/quantity"),
        (b"a,c,1997-01-01,1.5,11.77,USD\n", "type", "/quantity"),
        (b"a,c,1997-01-01,1," + b"9" * 1100 + b",USD\n", "number", "/amount"),
        (b"a,c,1997-01-01,1,0." + b"9" * 1100 + b",USD\n", "number", "/amount"),
        (b"a,c,1997-01-01,1,1e400,USD\n", "number", "/amount"),
        (b"a,c,1997-01-01,1,nan,USD\n", "type", "/amount"),
        (b"a,c,1997-01-01,,11.77,USD\n", "required", ""),
        (b'"a"b,c,1997-01-01,1,11.77,USD\n', "syntax", ""),
        (b"a,c\rd,1997-01-01,1,11.77,USD\n", "syntax", ""),
        (b'a,c,1997-01-01,1,11.77,"USD\n', "syntax", ""),
    ],
)
def test_a_row_that_does_not_fit_is_put_aside(row: bytes, rule: str, pointer: str) -> None:
    found = read("orders/x.csv", HEADER + ROW + row)
    assert rejects(found) == [(3, rule, pointer)]


def test_quotes_inside_an_unquoted_cell_and_unknown_columns_are_kept() -> None:
    found = read("orders/x.csv", HEADER.strip() + b",note\n" + ROW.strip() + b',say "hi"\n\n')
    assert found[0].value["note"] == 'say "hi"'
    assert len(found) == 1


def test_a_row_that_never_ends_is_put_aside_without_filling_memory() -> None:
    endless = b'"a' + b"x\n" * 50_002
    found = read("orders/x.csv", HEADER + ROW + endless + ROW)
    assert rejects(found)[:2] == [(3, "line_too_long", ""), (50_004, "ragged_row", "")]
    assert found[-1].reject is None


def test_a_row_on_too_long_a_line_is_put_aside() -> None:
    long = b"x" * 17_000_000 + b"\n"
    assert rejects(read("orders/x.csv", HEADER + long + ROW)) == [(2, "line_too_long", "")]
    assert rejects(read("orders/x.csv", HEADER + b'"a\n' + long + ROW)) == [(2, "line_too_long", "")]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (b"a,b\n", "lacks order_id"),
        (b"order_id," + HEADER, "'order_id' stands twice"),
        (HEADER.strip() + b",x,x\n", "place 7 stands twice"),
        (HEADER.strip() + b",\n", "place 7 has no name"),
        (b'"order_id\n', "no header"),
        (line(), "lacks"),
    ],
)
def test_a_header_that_does_not_fit_makes_the_file_malformed(header: bytes, says: str) -> None:
    with pytest.raises(MalformedFile, match=says):
        read("orders/x.csv", header + ROW)


def test_a_shard_that_lies_inside_one_line_holds_nothing() -> None:
    body = line() + line(note="x" * 1000) + line()
    middle = len(line()) + 300
    shards = read_shards("orders/x.jsonl", body, [middle, middle + 100], piece=10)
    assert [len(shard.found) for shard in shards] == [2, 0, 1]
    assert [shard.lines for shard in shards] == [2, 0, 1]
    assert sum(shard.bytes for shard in shards) == len(body)


def test_cells_take_the_narrowest_type_that_the_contract_allows(tmp_path: Path) -> None:
    properties = {
        "flag": {"type": "boolean"},
        "count": {"type": ["null", "integer"]},
        "mixed": {"type": ["string", "number"]},
        "list": {"type": "array"},
        "any": {},
        "no": False,
    }
    contract = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "x-dataset": {"sources": [{"keys": "t/**"}], "key": {"partition": {"name": "any", "type": "S"}}},
    }
    (tmp_path / "datasets/t").mkdir(parents=True)
    (tmp_path / "datasets/t/1.json").write_text(json.dumps(contract))
    (tmp_path / "contract.json").write_text((SCHEMAS / "contract.json").read_text())
    body = b"flag,count,mixed,list,any\ntrue,12,1.50,,0\nfalse,,x,,1e5\nTrue,,,,\n,1.0,,,\n,,,[1],\n"
    found = read("t/x.csv", body, catalogue=contracts.catalogue(tmp_path))
    assert found[0].value == {"flag": True, "count": 12, "mixed": Decimal("1.50"), "any": "0"}
    assert found[1].value == {"flag": False, "mixed": "x", "any": "1e5"}
    assert rejects(found) == [(4, "type", "/flag"), (5, "type", "/count"), (6, "type", "/list")]
