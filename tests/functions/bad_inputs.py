"""Bad input at its edges: each kind by its name, the object's bytes, and how the workflow ends with it."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

from tests.functions.objects_sent import json_lines, order

BOM = b"\xef\xbb\xbf"
HEADER = b"order_id,customer_id,order_date,quantity,amount,currency\n"
ONE, TWO = json_lines(order(1)), json_lines(order(2))


@dataclass(frozen=True)
class Ends:
    """An object that is ingested: its rejects as (line, rule, pointer), attributes of the item `o-3`."""

    read: int
    rejects: tuple[tuple[int, str, str], ...] = ()
    superseded: int = 0
    item: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fails:
    """An object that cannot be ingested: the error, and what its cause says."""

    error: str
    says: str = ""


@dataclass(frozen=True)
class Catalogued:
    """An object that no contract claims."""


Outcome = Ends | Fails | Catalogued


def csv_row(number: int, **cells: str) -> bytes:
    """Return an order as a row of CSV; the given cells stand there as they are."""
    return ",".join(str(cell) for cell in {**order(number), **cells}.values()).encode() + b"\n"


def holding(value: str | bytes, name: str = "amount") -> bytes:
    """Return order 3 as a line of JSON, with one value as this very text."""
    text = value.encode() if isinstance(value, str) else value
    return json_lines(order(3, **{name: "@"})).replace(b'"@"', text)


def noting(value: str | bytes) -> bytes:
    return holding(value, "note")


def refused(rule: str, pointer: str = "") -> Ends:
    """The second line is put aside, the first is written."""
    return Ends(2, ((2, rule, pointer),))


def refused_row(rule: str, pointer: str = "") -> Ends:
    """The row under the first is put aside."""
    return Ends(2, ((3, rule, pointer),))


def kept(**attributes: str) -> Ends:
    """Both are written, the second with these texts."""
    return Ends(2, item={name: {"S": value} for name, value in attributes.items()})


def amounting_to(number: str) -> Ends:
    return Ends(2, item={"amount": {"N": number}})


# The second of two lines; the first is an order.
LINES: list[tuple[str, bytes, Ends]] = [
    ("nesting 10,000 deep", noting("[" * 10_000 + "]" * 10_000), refused("depth")),
    ("nesting 10,000 deep, never closed", noting("[" * 10_000), refused("depth")),
    ("nesting 33 deep", noting("[" * 32 + "]" * 32), refused("depth", "/note")),
    ("keys repeated", holding('1, "amount": 2'), refused("repeated_key", "/amount")),
    ("keys repeated, one escaped", holding('1, "\\u0061mount": 2'), refused("repeated_key", "/amount")),
    ("keys repeated inside", noting('{"a": 1, "a": 1}'), refused("repeated_key")),
    ("NaN", holding("NaN"), refused("syntax")),
    ("-Infinity", holding("-Infinity"), refused("syntax")),
    ("an integer beyond 64 bits", holding(str(2**64 + 1)), amounting_to(str(2**64 + 1))),
    ("an integer of 38 digits", holding("9" * 38), amounting_to("9" * 38)),
    ("an integer beyond 38 digits", holding("9" * 39), refused("number", "/amount")),
    ("an integer of 5,000 digits", holding("9" * 5000), refused("number")),
    ("1e400", holding("1e400"), refused("number", "/amount")),
    ("1e-400", holding("1e-400"), refused("number", "/amount")),
    ("1e999999999999999999999", holding("1e999999999999999999999"), refused("number")),
    ("a lone surrogate, escaped", noting('"\\ud800"'), refused("syntax")),
    ("a pair of surrogates", noting('"\\ud83d\\ude00"'), kept(note="😀")),
    ("NUL, escaped", noting('"a\\u0000b"'), kept(note="a\0b")),
    ("NUL as it is", noting(b'"a\0b"'), refused("syntax")),
    ("U+2028 in a string", noting('"a\u2028b\u2029c"'), kept(note="a\u2028b\u2029c")),
    ("an empty string as key of the item", holding('""', "order_id"), refused("minLength", "/order_id")),
    ("an empty string as name", holding('1, "": 2'), refused("attribute_name")),
    ("an empty string as name inside", noting('{"": 2}'), refused("attribute_name", "/note")),
    ("an unknown member", holding('"x"', "colour"), kept(colour="x")),
    ("a value that is no object", b"[1, 2]\n", refused("type")),
    ("a line of 10 MB", noting(b'"' + b"x" * 10_000_000 + b'"'), Ends(2)),
    ("a line of 10 MB that is no JSON", b"x" * 10_000_000 + b"\n", refused("syntax")),
    ("a line of 17 MB", noting(b'"' + b"x" * 17_000_000 + b'"'), refused("line_too_long")),
]
# The second row under the header; the first is an order.
ROWS: list[tuple[str, bytes, Ends]] = [
    ("a ragged row, too short", b"a,c,2025-08-18,1,10.5\n", refused_row("ragged_row")),
    ("a ragged row, too long", csv_row(3).strip() + b",more\n", refused_row("ragged_row")),
    ("a row of nothing but commas", b",,,,,\n", refused_row("required")),
    ("quotes inside an unquoted cell", csv_row(3, customer_id='c "x" d'), kept(customer_id='c "x" d')),
    ("text behind a quoted cell", csv_row(3, customer_id='"c"d'), refused_row("syntax")),
    ("a quote that never ends", csv_row(3, customer_id='"c'), refused_row("syntax")),
    ("a newline inside quotes", csv_row(3, customer_id='"c\nd"'), kept(customer_id="c\nd")),
    ("a lone carriage return", csv_row(3, customer_id="c\rd"), refused_row("syntax")),
    ("NaN in a cell", csv_row(3, amount="NaN"), refused_row("type", "/amount")),
    ("an integer beyond 64 bits in a cell", csv_row(3, amount=str(2**70)), amounting_to(str(2**70))),
    ("an integer beyond 38 digits in a cell", csv_row(3, amount="9" * 39), refused_row("number", "/amount")),
    ("1e400 in a cell", csv_row(3, amount="1e400"), refused_row("number", "/amount")),
    ("NUL in a cell", csv_row(3, customer_id="c\0d"), kept(customer_id="c\0d")),
    ("U+2028 in a cell", csv_row(3, customer_id="c\u2028d"), kept(customer_id="c\u2028d")),
    ("an empty cell as key of the item", csv_row(3, order_id=""), refused_row("required")),
    ("a quoted empty cell as key of the item", csv_row(3, order_id='""'), refused_row("required")),
    ("a cell of 10 MB", csv_row(3, customer_id="x" * 10_000_000), refused_row("maxLength", "/customer_id")),
    ("blank lines between rows", b"\n\r\n" + csv_row(3), kept(order_id="o-3")),
]
NOTHING: list[tuple[str, str, bytes, Outcome]] = [
    *(
        (f"an empty object: .{suffix}", f"x.{suffix}", b"", Fails("EmptyFile"))
        for suffix in ("jsonl", "json", "csv", "tsv", "jsonl.gz")
    ),
    ("an empty object in gzip", "x.jsonl.gz", gzip.compress(b""), Fails("EmptyFile")),
    *(
        (f"only a BOM: .{suffix}", f"x.{suffix}", BOM, Fails("EmptyFile"))
        for suffix in ("jsonl", "json", "csv")
    ),
    ("only a BOM in gzip", "x.csv.gz", gzip.compress(BOM), Fails("EmptyFile")),
    ("only blank lines", "x.jsonl", b"\n \r\n\t\n", Fails("EmptyFile")),
    ("only a header", "x.csv", HEADER, Ends(0)),
    ("only a header, no final newline", "x.csv", BOM + HEADER.strip(), Ends(0)),
    ("an array of nothing", "x.json", b"[]", Ends(0)),
]
LINE_ENDS: list[tuple[str, str, bytes, Outcome]] = [
    ("no final newline: .jsonl", "x.jsonl", (ONE + TWO).strip(), Ends(2)),
    ("no final newline: .csv", "x.csv", HEADER + (csv_row(1) + csv_row(2)).strip(), Ends(2)),
    ("no final newline in gzip", "x.jsonl.gz", gzip.compress((ONE + TWO).strip()), Ends(2)),
    ("CRLF: .jsonl", "x.jsonl", (ONE + TWO).replace(b"\n", b"\r\n"), Ends(2)),
    ("CRLF: .csv", "x.csv", (HEADER + csv_row(1) + csv_row(2)).replace(b"\n", b"\r\n"), Ends(2)),
    ("CRLF after a BOM", "x.csv", BOM + (HEADER + csv_row(1)).replace(b"\n", b"\r\n"), Ends(1)),
    (
        "blank lines",
        "x.jsonl",
        b"\n\n" + ONE + b" \t\r\n" + b"no record\n\n" + TWO + b"\n\n",
        Ends(3, ((5, "syntax", ""),)),
    ),
]
DEEP = b"[" * 10_000 + b"]" * 10_000
DOCUMENTS: list[tuple[str, str, bytes, Outcome]] = [
    ("a record's key repeated", "x.jsonl", ONE + TWO + ONE + b"\n" + ONE, Ends(4, superseded=2)),
    ("nesting 10,000 deep in an array", "x.json", b"[" + ONE + b"," + DEEP + b"]", refused("depth")),
    ("nesting 10,000 deep in a file", "x.json", b"[" * 10_000, Fails("MalformedFile", "does not end")),
    ("a value of 17 MB in an array", "x.json", b'["' + b"x" * 17_000_000 + b'"]', Fails("MalformedFile")),
    (
        "one line that is no record",
        "x.jsonl",
        b"\0" * 100 + b"\n",
        Fails("MalformedFile", "none of 1 records"),
    ),
    (
        "an unknown column",
        "x.csv",
        HEADER.strip() + b",colour\n" + csv_row(3).strip() + b",red\n",
        Ends(1, item={"colour": {"S": "red"}}),
    ),
    ("a column that lacks", "x.csv", HEADER[9:] + csv_row(3)[4:], Fails("MalformedFile", "lacks order_id")),
    ("a column twice", "x.csv", HEADER.strip() + b",quantity\n", Fails("MalformedFile", "twice")),
    ("a column without a name", "x.csv", HEADER.strip() + b",\n", Fails("MalformedFile", "no name")),
]
TWO_MEMBERS = gzip.compress(ONE) + gzip.compress(TWO)
BOMB = gzip.compress(ONE + b"\0" * 64_000_000)
GZIP: list[tuple[str, str, bytes, Outcome]] = [
    ("two gzip members", "x.jsonl.gz", TWO_MEMBERS, Ends(2)),
    (
        "a record that two gzip members share",
        "x.jsonl.gz",
        gzip.compress(ONE[:20]) + gzip.compress(ONE[20:] + TWO),
        Ends(2),
    ),
    ("gzip cut short", "x.jsonl.gz", gzip.compress(ONE + TWO)[:-9], Fails("CorruptGzip", "cut short")),
    ("gzip cut short in its header", "x.jsonl.gz", gzip.compress(ONE)[:5], Fails("CorruptGzip", "cut short")),
    ("gzip cut short in its second member", "x.jsonl.gz", TWO_MEMBERS[:-9], Fails("CorruptGzip", "member 2")),
    (
        "gzip with a wrong checksum",
        "x.jsonl.gz",
        TWO_MEMBERS[:-8] + b"\0" * 8,
        Fails("CorruptGzip", "broken"),
    ),
    ("gzip with rubbish behind it", "x.jsonl.gz", TWO_MEMBERS + b"rubbish", Fails("CorruptGzip", "member 3")),
    ("a gzip bomb of one line", "x.jsonl.gz", BOMB, refused("line_too_long")),
]
INDENTED = json.dumps([order(1)], indent=1).encode()
SUFFIXES: list[tuple[str, str, bytes, Outcome]] = [
    ("wrong suffix: gzip as .jsonl", "x.jsonl", TWO_MEMBERS, Fails("MalformedFile", "the content is gzip")),
    ("wrong suffix: text as .gz", "x.jsonl.gz", ONE, Fails("CorruptGzip", "not gzip")),
    (
        "wrong suffix: CSV as .jsonl",
        "x.jsonl",
        HEADER + csv_row(1),
        Fails("MalformedFile", "none of 2 records"),
    ),
    ("wrong suffix: JSON Lines as .csv", "x.csv", ONE + TWO, Fails("MalformedFile", "lacks")),
    ("wrong suffix: CSV as .json", "x.json", HEADER + csv_row(1), Fails("MalformedFile")),
    ("wrong suffix: an indented array as .jsonl", "x.jsonl", INDENTED, Fails("MalformedFile", "none of")),
    ("wrong suffix: commas as .tsv", "x.tsv", HEADER + csv_row(1), Fails("MalformedFile", "lacks")),
    ("wrong suffix: one that nobody knows", "x.txt", ONE, Catalogued()),
]
LATIN = "café".encode("latin-1")
ENCODINGS: list[tuple[str, str, bytes, Outcome]] = [
    (
        "wrong encoding: Latin-1",
        "x.jsonl",
        ONE + noting(b'"%s"' % LATIN),
        Fails("UnsupportedEncoding", "Latin-1"),
    ),
    (
        "wrong encoding: Latin-1 in CSV",
        "x.csv",
        HEADER + csv_row(1) + LATIN + csv_row(2),
        Fails("UnsupportedEncoding", "Latin-1"),
    ),
    (
        "wrong encoding: UTF-16",
        "x.jsonl",
        ONE.decode().encode("utf-16"),
        Fails("UnsupportedEncoding", "UTF-16"),
    ),
    (
        "wrong encoding: UTF-16 without a mark",
        "x.csv",
        (HEADER + csv_row(1)).decode().encode("utf-16-le"),
        Fails("MalformedFile"),
    ),
    ("wrong encoding: half a character at the end", "x.jsonl", ONE + b'{"\xc3', Fails("UnsupportedEncoding")),
    (
        "wrong encoding: a lone surrogate as UTF-8 would have it",
        "x.jsonl",
        ONE + noting(b'"\xed\xa0\x80"'),
        Fails("UnsupportedEncoding"),
    ),
]
KEYS = [
    ("a key with spaces", "orders/ a  b .jsonl"),
    ("a key with plus signs", "orders/a+b++c.jsonl"),
    ("a key with percent signs", "orders/100%25 %2F%.jsonl"),
    ("a key with emoji", "orders/🛒/é\u2028.jsonl"),
    ("a key of 1,024 bytes", f"orders/{'é' * 505}k.jsonl"),
    ("a key with quotes, braces and dots", "orders/..a/{% $x %}/'\"\\${}.jsonl"),
]
CASES: list[tuple[str, str, bytes, Outcome]] = [
    *((name, "orders/x.jsonl", ONE + line, ends) for name, line, ends in LINES),
    *((name, "orders/x.csv", HEADER + csv_row(1) + row, ends) for name, row, ends in ROWS),
    *(
        (name, f"orders/{key}", body, outcome)
        for kind in (NOTHING, LINE_ENDS, DOCUMENTS, GZIP, SUFFIXES, ENCODINGS)
        for name, key, body, outcome in kind
    ),
    *((name, key, ONE + TWO, Ends(2)) for name, key in KEYS),
]
