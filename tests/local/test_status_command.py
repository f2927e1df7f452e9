"""`statewright status`: what it says, how far it counts, and how it is shown ever anew."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from statewright.local import status_command
from statewright.local.status_command import status, view_of

DAY = {
    "day": "2026-11-21",
    "files": {"FAILED": 1, "SUCCEEDED": 2},
    "counts": {"read": 10, "written": 7, "superseded": 1, "quarantined": 1},
    "failed": {"files": 1, "read": 5, "quarantined": 2},
    "holds": False,
    "violations": [{"key": "orders/\x1b[2Jevil.csv", "file_id": "0" * 32, "reason": "read 4, accounted 3"}],
    "violated": 3,
}
FOUND: dict[str, Any] = {
    "executions": {"ingest": {"FAILED": 1, "RUNNING": 1200}, "daily_report": {}},
    "queues": {
        "dead_letters": {"waiting": 1, "in_flight": 0},
        "transactions": {"waiting": 0, "in_flight": 0},
    },
    "tables": {"files": {"items": 3, "more": False}, "orders": {"items": 10_000, "more": True}},
    "day": DAY,
    "files": [
        {
            "processed_at": "2026-11-21T08:00:00.000Z",
            "file_key": "orders/\x1b]0;title\x07a.csv",
            "dataset": "orders",
            "status": "FAILED",
            "error": "MalformedFile",
            "cause": "no header",
            "execution": "arn",
        }
    ],
}


def shown(found: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(view_of(found, "The local cloud is up."))
    file: Any = console.file
    return str(file.getvalue())


def test_it_tells_executions_queues_tables_the_days_sums_and_the_last_files() -> None:
    lines = shown(FOUND).splitlines()

    assert [line.strip() for line in lines][:12] == [
        "The local cloud is up.",
        "executions of ingest: 1 FAILED, 1,200 RUNNING",
        "executions of daily_report: none yet",
        "messages in dead_letters: 1 waiting, 0 in flight",
        "items of tables: 3 files, 10,000+ orders",
        "files of 2026-11-21: 1 FAILED, 2 SUCCEEDED",
        "records of 2026-11-21: read 10 ≠ written 7 + superseded 1 + quarantined 1",
        "in files that failed after they were read: read 5, of these in quarantine 2 (files: 1)",
        "RECORDS ARE NOT ACCOUNTED FOR:",
        rf"orders/\x1b[2Jevil.csv ({'0' * 32}): read 4, accounted 3",
        "and 2 more files",
        "",
    ]
    assert "MalformedFile" in lines[-1]


def test_names_from_outside_move_no_terminal() -> None:
    assert not {"\x1b", "\x07"} & set(shown(FOUND))


class Table:
    """A table of DynamoDB that says so many items a page."""

    def __init__(self, items: int, page: int) -> None:
        self.items, self.page, self.asked = items, page, 0

    def scan(self, Limit: int, ExclusiveStartKey: int = 0, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.asked += 1
        end = min(self.items, ExclusiveStartKey + min(self.page, Limit))
        answer = {"Count": end - ExclusiveStartKey}
        return answer if end == self.items else {**answer, "LastEvaluatedKey": end}


@pytest.mark.parametrize(
    ("items", "page", "told", "asked"),
    [
        (0, 100, {"items": 0, "more": False}, 1),
        (250, 100, {"items": 250, "more": False}, 3),
        (10_000, 10_000, {"items": 10_000, "more": False}, 1),
        (10_001, 10_000, {"items": 10_000, "more": True}, 1),
        (1_000_000, 4_000, {"items": 10_000, "more": True}, 3),
    ],
)
def test_items_are_counted_to_ten_thousand(items: int, page: int, told: Any, asked: int) -> None:
    table = Table(items, page)

    assert status_command._count_items(table, "orders") == told
    assert table.asked == asked


def test_it_is_shown_anew_until_somebody_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses, looks = [], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    def look() -> dict[str, Any]:
        looks.append(None)
        return FOUND

    monkeypatch.setattr(status_command.time, "sleep", sleep)
    monkeypatch.setattr(status_command, "console", lambda: Console(file=io.StringIO()))

    status_command._watch(look, "The local cloud is up.", 0.5)

    assert (len(looks), pauses) == (3, [0.5, 0.5, 0.5])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--watch"], "--watch is for a terminal"),
        (["--watch", "--json"], "--watch is for a terminal"),
        (["--watch", "0.1"], "0.5<=x<=3600"),
    ],
)
def test_what_cannot_be_watched_is_refused(arguments: list[str], said: str, tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    done = CliRunner().invoke(status, ["--project", str(root), "--state", str(tmp_path), *arguments])

    assert done.exit_code == 2
    assert said in done.output
