"""Records that were refused: listed, shown, corrected, sent again."""

from __future__ import annotations

import gzip
import json
import shutil
from typing import TYPE_CHECKING, Any

from statewright.local.ports import free_ports
from tests.e2e.clouds import ROOT, command

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.e2e.clouds import Cloud

HEADER = "order_id,customer_id,order_date,quantity,amount,currency\n"


def quarantine(cloud: Cloud, name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return command("quarantine", name, "--state", cloud.state, *arguments)


def listed(cloud: Cloud, key: str) -> dict[str, Any]:
    """Return what the list tells of the newest version of a key."""
    files = json.loads(quarantine(cloud, "list", "--json").stdout)["files"]
    return next(file for file in files if file["file_key"] == key)  # type: ignore[no-any-return]


def replayed(cloud: Cloud, file_id: str, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
    """Replay a file's records; return the outcome."""
    done = quarantine(cloud, "replay", file_id, "--json", *arguments)
    assert done.returncode == code, done.stderr
    (outcome,) = json.loads(done.stdout)
    return outcome  # type: ignore[no-any-return]


def versions(cloud: Cloud, prefix: str) -> int:
    found = cloud.client("s3").list_object_versions(Bucket=cloud.env["RAW_BUCKET"], Prefix=prefix)
    return len(found.get("Versions", []))


def item(cloud: Cloud, order_id: str) -> dict[str, Any]:
    key = {"order_id": {"S": order_id}}
    found = cloud.client("dynamodb").get_item(TableName=cloud.env["ORDERS_TABLE"], Key=key)
    return found.get("Item", {})  # type: ignore[no-any-return]


def test_records_are_listed_shown_corrected_and_sent_again_once(cloud: Cloud, tmp_path: Path) -> None:
    key = "orders/to_correct.csv"
    rows = ["q-1,c,2026-01-02,1,2,USD\n", 'q-2,"c,d",2026-02-30,1,2,USD\n', "q-3,c,2026-01-02,one,2,USD\n"]
    cloud.ingest(key, (HEADER + "".join(rows)).encode())

    found = listed(cloud, key)
    file_id = found["file_id"]
    assert (found["status"], found["rules"], found["records"]) == ("SUCCEEDED", {"format": 1, "type": 1}, 2)
    assert key in quarantine(cloud, "list", "--rule", "format", "--dataset", "orders").stdout
    shown = quarantine(cloud, "show", file_id[:12]).stdout
    assert "line 3, byte 82: format at /order_date" in shown
    assert f"  {rows[1]}" in shown
    raw = quarantine(cloud, "show", file_id, "--rule", "format", "--raw").stdout
    assert raw == HEADER + rows[1]

    (tmp_path / "corrected.csv").write_text(raw.replace("02-30", "02-28"))
    first = replayed(cloud, file_id, "--corrected", tmp_path / "corrected.csv")
    before = item(cloud, "q-2")
    second = replayed(cloud, file_id, "--corrected", tmp_path / "corrected.csv")

    assert (first["status"], first["counts"]["written"]) == ("SUCCEEDED", 1)
    assert (before["order_date"], before["customer_id"]) == ({"S": "2026-02-28"}, {"S": "c,d"})
    assert (second["status"], second["duplicate_of"]) == ("ALREADY_INGESTED", first["execution"])
    assert second["counts"] == first["counts"]
    assert item(cloud, "q-2") == before
    assert versions(cloud, f"orders/replays/{file_id}/") == 1
    (row,) = cloud.ledger(first["key"])
    assert (row["replay_of"], row["file_id"]) == (file_id, first["file_id"])
    assert listed(cloud, key)["replayed_by"] == [first["file_id"]]


def test_records_as_they_are_arrive_as_they_are(cloud: Cloud) -> None:
    key = "orders/as_they_are.json.gz"
    broken = '{"order_id": "j-1",\n "amount": 1.10,\n "note": "no\ttab"}'
    other = '["no", "order"]'
    cloud.ingest(key, gzip.compress(f"[{broken},\n{other}, 3]".encode()))
    origin = listed(cloud, key)

    outcome = replayed(cloud, origin["file_id"])

    again = quarantine(cloud, "show", outcome["file_id"], "--json").stdout.splitlines()
    assert outcome["counts"]["read"] == outcome["counts"]["quarantined"] == 3
    assert outcome["key"].endswith(".json")
    assert [json.loads(line)["raw"] for line in again] == [broken, other, "3"]


def test_a_replay_that_fails_says_so_and_is_tried_anew_the_next_time(cloud: Cloud, tmp_path: Path) -> None:
    key = "orders/fails_again.jsonl"
    cloud.ingest(key, b'{"order_id": "f-1"}\n')
    file_id = listed(cloud, key)["file_id"]
    (tmp_path / "corrected.jsonl").write_text("no JSON\n")

    first = replayed(cloud, file_id, "--corrected", tmp_path / "corrected.jsonl", code=1)
    second = replayed(cloud, file_id, "--corrected", tmp_path / "corrected.jsonl", code=1)

    assert first["error"] == second["error"] == "MalformedFile"
    assert first["file_id"] == second["file_id"]
    assert first["execution"] != second["execution"]


def test_what_is_not_there_is_unusable_input(cloud: Cloud) -> None:
    done = quarantine(cloud, "replay", "f" * 32)

    assert (done.returncode, done.stdout) == (2, "")
    assert "`statewright quarantine list` names them" in done.stderr


def test_the_same_records_are_sent_again_after_their_contract_changed(
    own_state: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    for folder in ("functions", "schemas", "statemachines"):
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pipeline.json", project)
    ports = [str(port) for port in free_ports(2)]

    def run(*arguments: str | Path) -> str:
        done = command(*arguments, "--project", project, "--state", own_state)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def replay() -> dict[str, Any]:
        (outcome,) = json.loads(run("quarantine", "replay", file_id, "--json"))
        return outcome  # type: ignore[no-any-return]

    (tmp_path / "small.csv").write_text(HEADER + "s-1,c,2026-01-02,1,2,usd\n")
    run("up", "--port", ports[0], "--sfn-port", ports[1])
    run("ingest", tmp_path / "small.csv", "--dataset", "orders")
    (file_id,) = (file["file_id"] for file in json.loads(run("quarantine", "list", "--json"))["files"])
    under_the_old = [replay(), replay()]
    contract = (project / "schemas/datasets/orders/1.json").read_text()
    (project / "schemas/datasets/orders/2.json").write_text(contract.replace("^[A-Z]{3}$", "^[A-Za-z]{3}$"))
    run("down")
    run("up", "--port", ports[0], "--sfn-port", ports[1])
    under_the_new = [replay(), replay()]

    assert [each["status"] for each in under_the_old] == ["SUCCEEDED", "ALREADY_INGESTED"]
    assert [each["counts"]["quarantined"] for each in under_the_old] == [1, 1]
    assert [each["status"] for each in under_the_new] == ["SUCCEEDED", "ALREADY_INGESTED"]
    assert [each["counts"]["written"] for each in under_the_new] == [1, 1]
