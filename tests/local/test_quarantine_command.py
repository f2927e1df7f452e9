"""What the commands of the quarantine print."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from statewright.cli import statewright
from statewright.local import quarantine_command
from statewright.local.quarantine_command import CHARACTERS_SHOWN, RECORDS_SHOWN, printable
from tests.local.quarantined import DAY, RUN, strings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local.quarantined import Quarantined

HEADER = "order_id,customer_id,order_date,quantity,amount,currency"


@pytest.fixture
def run(stored: Quarantined, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `statewright quarantine` on a stored quarantine, without a local cloud."""
    monkeypatch.setattr(quarantine_command, "_quarantines", lambda place: stored.quarantines)
    root = stored.names.project.root

    def run(name: str, *arguments: str) -> Result:
        return CliRunner().invoke(statewright, ["quarantine", name, "--project", str(root), *arguments])

    return run


@pytest.mark.parametrize("name", ["list", "show", "replay"])
def test_every_command_explains_itself_with_an_example_and_its_exit_codes(name: str) -> None:
    said = CliRunner().invoke(statewright, ["quarantine", name, "--help"]).output

    assert f"Example:\n    statewright quarantine {name}" in said
    assert "Exit codes: 0" in said


@pytest.mark.parametrize("arguments", [["list"], ["show", "0"], ["replay", "0"]])
def test_without_a_local_cloud_it_says_how_to_start_one(
    stored: Quarantined, tmp_path: Path, arguments: list[str]
) -> None:
    place = ["--project", str(stored.names.project.root), "--state", str(tmp_path / "none")]

    result = CliRunner().invoke(statewright, ["quarantine", *arguments, *place])

    assert result.exit_code == 2
    assert "start it with `statewright up`" in result.output


def test_records_are_counted_by_dataset_rule_and_day(stored: Quarantined, run: Callable[..., Result]) -> None:
    first, second = stored.upload("orders/a.jsonl", b"1"), stored.upload("orders/b.jsonl", b"2")
    stored.put_aside(first, "parse-00000", [{"raw": "1"}, {"raw": "2", "rule": "format"}])
    stored.put_aside(second, "parse-00000", [{"raw": "3"}], day="2026-01-03")
    stored.tell(first, "FAILED", error={"S": "TooManyInvalid"})
    stored.tell(second, "SUCCEEDED", replayed_by={"SS": ["b", "a"]})

    plain = run("list").output
    found = json.loads(run("list", "--json").output)

    assert [" ".join(line.split()) for line in plain.splitlines()[1:]] == [
        f"{DAY} orders {first.file_id[:12]} orders/a.jsonl FAILED TooManyInvalid 2 format 1, type 1 -",
        f"2026-01-03 orders {second.file_id[:12]} orders/b.jsonl SUCCEEDED 1 type 1 2",
        "by dataset: orders 3",
        "by rule: type 2, format 1",
        f"by day: {DAY} 2, 2026-01-03 1",
        "all: 3 records of 2 file(s)",
    ]
    assert (found["records"], found["by_rule"]) == (3, {"type": 2, "format": 1})
    assert [file["replayed_by"] for file in found["files"]] == [[], ["a", "b"]]


def test_a_list_is_narrowed_down_by_rule_and_day(stored: Quarantined, run: Callable[..., Result]) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "1"}, {"raw": "2", "rule": "format"}])

    (file,) = json.loads(run("list", "--rule", "format", "--day", DAY, "--json").output)["files"]

    assert (file["records"], file["rules"]) == (1, {"format": 1})
    assert run("list", "--rule", "enum").output == "No such record.\n"
    assert run("list", "--day", "2026-02-01").output == "No such record.\n"


def test_the_newest_files_are_shown_and_all_are_counted(
    stored: Quarantined, run: Callable[..., Result]
) -> None:
    for number in range(3):
        origin = stored.upload(f"orders/{number}.jsonl", b"1")
        stored.put_aside(origin, "parse-00000", [{"raw": "1"}], day=f"2026-01-0{number + 1}")

    said = run("list", "--limit", "1").output

    assert "2026-01-03  orders" in said
    assert "2026-01-02  orders" not in said
    assert "… and 2 older files; --limit shows more" in said
    assert "all: 3 records of 3 file(s)" in said


def test_no_record_at_all_is_said(run: Callable[..., Result]) -> None:
    result = run("list")

    assert (result.exit_code, result.output) == (0, "No record is in quarantine.\n")


def test_what_a_terminal_would_obey_is_shown_as_escapes(
    stored: Quarantined, run: Callable[..., Result]
) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "\x1b[2J\u202eö"}])

    said = run("show", origin.file_id).output

    assert "  \\x1b[2J\\u202eö\n" in said
    assert printable("ö\t\x07") == "ö\\t\\x07"


def test_long_records_and_many_of_them_are_shown_in_part(
    stored: Quarantined, run: Callable[..., Result]
) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    long: list[dict[str, Any]] = [{"raw": "x" * 3000}, {"raw": "beginning", "cut_from_bytes": 17_000_000}]
    stored.put_aside(origin, "parse-00000", long + [{"raw": "1"}] * RECORDS_SHOWN)

    said = run("show", origin.file_id).output

    assert f"  {'x' * CHARACTERS_SHOWN} … of 3,000 bytes\n" in said
    assert "  beginning … of 17,000,000 bytes (only this beginning was kept)\n" in said
    assert "… and 2 more; --limit shows them" in said
    assert said.count("type at /quantity") == RECORDS_SHOWN


def test_lines_are_those_of_the_file_where_that_is_known(
    stored: Quarantined, run: Callable[..., Result]
) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    place = stored.put_aside(origin, "parse-00002", [{"raw": "1"}])

    assert "byte 10 (line 1 of shard 2): type at /quantity" in run("show", origin.file_id).output
    manifest = json.dumps({"shards": [{"shard": 2, "first_line": 1001}]}).encode()
    told = stored.put(f"quarantine/orders/{DAY}/{origin.file_id}/{RUN}/manifest.json", manifest)
    stored.tell(origin, "SUCCEEDED", quarantine=strings(told, place))
    assert "line 1,001, byte 10: type at /quantity" in run("show", origin.file_id).output
    assert json.loads(run("show", origin.file_id, "--json").output)["file_line"] == 1001


def test_raw_leaves_out_what_was_cut_and_says_so(stored: Quarantined, run: Callable[..., Result]) -> None:
    origin = stored.upload("orders/a.csv", f"{HEADER}\n".encode())
    records = [{"raw": "a-1,ö"}, {"raw": "a-2", "cut_from_bytes": 17_000_000, "offset": 77}, {"raw": "a-3"}]
    stored.put_aside(origin, "parse-00000", records)

    result = run("show", origin.file_id, "--raw")

    assert result.stdout == f"{HEADER}\na-1,ö\na-3\n"
    assert "left out: the record at byte 77" in result.stderr
    assert run("show", origin.file_id, "--raw", "--limit", "1").stdout == f"{HEADER}\na-1,ö\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["show", "0", "--raw", "--json"], "--json or --raw, not both"),
        (["replay", "0", "--rule", "type", "--corrected", __file__], "a corrected file is sent whole"),
        (["replay", "0", "--corrected", "/nowhere"], "does not exist"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    run: Callable[..., Result], arguments: list[str], reason: str
) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert reason in result.output
