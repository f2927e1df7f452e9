"""`statewright summary` over what the functions wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from statewright.cli import statewright
from statewright.local.place_options import Connection, Place
from tests.functions.cloud import OUTPUT, ROOT, client, cloud, ingest
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from click.testing import Result

    from tests.functions.cloud import Cloud

__all__ = ["cloud"]


class Names:
    """The names of the functions' tests."""

    def bucket(self, name: str) -> str:
        return f"statewright-{name}"

    def of(self, name: str) -> str:
        return f"statewright-{name}"

    def tables(self) -> dict[str, Any]:
        return {"files": None}


@pytest.fixture(autouse=True)
def connected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Place, "running", lambda self: None)
    monkeypatch.setattr(Connection, "to", lambda project, record: Connection(Names(), client))  # type: ignore[arg-type]


def summary(*arguments: str) -> Result:
    return CliRunner().invoke(statewright, ["summary", "--project", str(ROOT), *arguments])


def sent(cloud: Cloud, key: str, *records: dict[str, Any]) -> str:
    """Ingest records; return the file's id."""
    cloud.put(key, json_lines(*records))
    return str(ingest(key).collected["file"]["id"])


def lines(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.output.splitlines()]


def test_counts_reasons_and_fields_are_told(cloud: Cloud) -> None:
    good = [order(number, amount=number / 4) for number in range(3)]
    file_id = sent(cloud, "orders/x.jsonl", *good, order(9, quantity=-1))
    said = lines(summary("orders/x.jsonl"))
    assert said[0].endswith(f"file id {file_id}")
    assert said[1] == "read 4 = written 3 + superseded 0 + quarantined 1; alerts 0; 75.0000 % kept"
    offset = len(json_lines(*good))
    assert f"1 minimum quantity line 4, byte {offset} the contract orders/1 wants minimum: 0" in said
    assert "amount number 3 0 0 to 0.5; p05 0, p50 0.25, p95 0.5; mean 0.25, sum 0.75" in said
    assert "order_date date 3 0 2025-08-18 to 2025-08-18" in said
    assert "customer_id string 3 0 1 different, 1 characters at most; most often c 3" in said


def test_a_file_is_found_by_the_first_digits_of_its_id(cloud: Cloud) -> None:
    file_id = sent(cloud, "orders/x.jsonl", order(1))
    assert summary(file_id[:8], "--json").output == summary("orders/x.jsonl", "--json").output
    assert json.loads(summary(file_id, "--json").output)["file"]["id"] == file_id


def test_of_a_key_the_newest_version_is_told_of(cloud: Cloud) -> None:
    sent(cloud, "orders/x.jsonl", order(1))
    newest = sent(cloud, "orders/x.jsonl", order(2))
    assert json.loads(summary("orders/x.jsonl", "--json").output)["file"]["id"] == newest


def test_an_id_that_several_files_begin_with_is_refused(cloud: Cloud) -> None:
    file_id = sent(cloud, "orders/x.jsonl", order(1))
    cloud.s3.put_object(Bucket=OUTPUT, Key=f"reports/{file_id[:5]}{'0' * 27}_summary.json", Body=b"{}")
    result = summary(file_id[:5])
    assert result.exit_code == 2
    assert f"  {file_id}" in result.output


@pytest.mark.parametrize(
    ("name", "told"),
    [("orders/nowhere.jsonl", "there is no object"), ("0123", "the ledger has no file 0123")],
)
def test_what_is_not_there_has_no_summary(cloud: Cloud, name: str, told: str) -> None:
    result = summary(name)
    assert result.exit_code == 1
    assert told in result.output


def test_a_file_that_was_catalogued_has_none(cloud: Cloud) -> None:
    cloud.put("notes.txt", b"x")
    ingest("notes.txt")
    result = summary("notes.txt")
    assert result.exit_code == 1
    assert "notes.txt is CATALOGUED: only files that were ingested have a summary" in result.output


def test_values_cannot_write_to_the_terminal(cloud: Cloud) -> None:
    records = [order(number, customer_id="\x1b[31m[bold]red") for number in range(2)]
    sent(cloud, "orders/x.jsonl", *records)
    output = summary("orders/x.jsonl").output
    assert "\x1b" not in output
    assert "\\x1b[31m[bold]red 2" in output
