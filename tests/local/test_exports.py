"""Processed records become Parquet: each once, typed by the contract, no digit lost."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import zstandard
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contract_checks import LINEAGE as WRITTEN
from pipeline.values import fits
from statewright.local import exports
from statewright.local.export_command import export
from statewright.local.parquet_columns import DIGITS, LINEAGE, MORE, SCALE, Column, columns_of, row_of

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an optional extra")

if TYPE_CHECKING:
    from pathlib import Path

    from statewright.local.clients import Clients

CONTRACT: dict[str, Any] = {
    "properties": {
        "id": {"type": "string"},
        "on": {"type": "string", "format": "date"},
        "quantity": {"type": "integer"},
        "amount": {"type": "number"},
        "price": {"type": "number", "multipleOf": 0.01},
        "paid": {"type": ["boolean", "null"]},
        "tags": {"type": "array"},
        "either": {"type": ["string", "integer"]},
        "email": {"type": "integer"},
    },
    "x-dataset": {
        "rename": {"on": "day"},
        "pseudonymise": ["email"],
        "derive": [
            {"to": "name", "op": "lookup"},
            {"to": "euros", "op": "round", "digits": 0},
            {"to": "shop", "op": "constant", "value": 7},
        ],
        "ttl": {"attribute": "expires", "from": "on", "days": 1},
    },
}
COLUMNS = columns_of(CONTRACT)
JSON = msgspec.json.Encoder(decimal_format="number")


def read(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def test_columns_have_the_types_of_the_contract() -> None:
    assert COLUMNS[:13] == [
        Column("id", "string"),
        Column("day", "date"),
        Column("quantity", "int64"),
        Column("amount", "decimal", SCALE),
        Column("price", "decimal", 2),
        Column("paid", "bool"),
        Column("tags", "json"),
        Column("either", "json"),
        Column("email", "string"),
        Column("name", "string"),
        Column("euros", "decimal", 0),
        Column("shop", "int64"),
        Column("expires", "int64"),
    ]


def test_lineage_has_a_column_for_all_that_the_pipeline_writes() -> None:
    assert {*LINEAGE} == {*WRITTEN} - {"_body"}


def test_a_record_is_read_back_typed_and_exact(tmp_path: Path) -> None:
    record = {
        "id": "a",
        "day": "2026-03-01",
        "quantity": 3,
        "amount": Decimal("12345678901234567890.123456789"),
        "price": Decimal("1.10"),
        "paid": True,
        "tags": ["x", {"deep": Decimal("0.1")}],
        "either": "text",
        "_alerts": ["large_order"],
        "_line": 7,
        "unknown": {"to": "the contract"},
    }
    assert exports.write(tmp_path / "x", [JSON.encode(record)], COLUMNS) == 1
    (row,) = read(tmp_path / "x")
    expected = {
        **record,
        "day": date(2026, 3, 1),
        "tags": '["x",{"deep":0.1}]',
        "either": '"text"',
        MORE: '{"unknown":{"to":"the contract"}}',
    }
    del expected["unknown"]
    assert {name: value for name, value in row.items() if value is not None} == expected


@pytest.mark.parametrize(
    "record",
    [
        {"quantity": 2**63},
        {"quantity": Decimal("1.5")},
        {"amount": Decimal("0.1234567891")},
        {"amount": 10 ** (DIGITS - SCALE)},
        {"price": Decimal("0.001")},
        {"day": "20260301"},
        {"name": 3},
        {"paid": "yes"},
        {"_alerts": [1]},
    ],
)
def test_what_a_column_cannot_hold_exactly_is_in_more(record: dict[str, Any], tmp_path: Path) -> None:
    exports.write(tmp_path / "x", [JSON.encode(record)], COLUMNS)
    (row,) = read(tmp_path / "x")
    assert msgspec.json.decode(row[MORE], type=dict[str, Any]) == json.loads(JSON.encode(record))
    assert all(row[name] is None for name in record)


@given(st.decimals(allow_nan=False, allow_infinity=False).filter(fits) | st.integers().filter(fits))
def test_no_number_is_rounded(number: Decimal | int) -> None:
    row = row_of({"amount": number}, COLUMNS)
    more = json.loads(row[MORE] or "{}", parse_float=Decimal, parse_int=Decimal)
    assert number == (more["amount"] if row["amount"] is None else row["amount"])


def test_all_numbers_that_fit_are_written(tmp_path: Path) -> None:
    numbers = ["0", "-0.000000001", "9" * 29, "-" + "9" * 29 + "." + "9" * 9, "1E+28", "100"]
    lines = [JSON.encode({"amount": Decimal(number)}) for number in numbers]
    exports.write(tmp_path / "x", lines, COLUMNS)
    assert [row["amount"] for row in read(tmp_path / "x")] == [Decimal(number) for number in numbers]


def test_row_groups_are_cut_by_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROW_GROUP_BYTES", 100)
    lines = [JSON.encode({"id": "x" * 60}) for _ in range(5)]
    exports.write(tmp_path / "x", lines, COLUMNS)
    assert parquet.ParquetFile(tmp_path / "x").metadata.num_row_groups == 3


def test_a_day_is_one_file_however_often_it_is_exported(clients: Clients, tmp_path: Path) -> None:
    clients("s3").create_bucket(Bucket="exported")
    compress = zstandard.ZstdCompressor().compress
    for name in ("a", "b"):
        body = compress(JSON.encode({"id": name}) + b"\n") + compress(JSON.encode({"id": name * 2}) + b"\n")
        key = f"processed/dataset=shop/day=2026-03-01/{name}-00000.ndjson.zst"
        clients("s3").put_object(Bucket="exported", Key=key, Body=body)

    assert exports.days_of(clients, "exported", "shop") == ["2026-03-01"]
    for _ in range(2):
        done = exports.export_day(clients, "exported", "shop", "2026-03-01", COLUMNS, None)
    assert done.place == "s3://exported/parquet/dataset=shop/day=2026-03-01/records.parquet"
    assert done.records == 4
    body = (
        clients("s3").get_object(Bucket="exported", Key=done.place.partition("exported/")[2])["Body"].read()
    )
    (tmp_path / "x").write_bytes(body)
    assert sorted(row["id"] for row in read(tmp_path / "x")) == ["a", "aa", "b", "bb"]

    local = exports.export_day(clients, "exported", "shop", "2026-03-01", COLUMNS, tmp_path)
    assert len(read(tmp_path / "dataset=shop/day=2026-03-01/records.parquet")) == local.records == 4


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nothing"], "no dataset 'nothing'; there are: orders"),
        (["orders", "--day", "yesterday"], "is no day"),
    ],
)
def test_what_cannot_be_exported_is_refused(arguments: list[str], reason: str) -> None:
    ran = CliRunner().invoke(export, arguments)
    assert ran.exit_code == 2
    assert reason in ran.output


def test_without_pyarrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "is_available", lambda: False)
    ran = CliRunner().invoke(export, ["orders"])
    assert ran.exit_code == 2
    assert "pip install 'statewright[parquet]'" in ran.output
