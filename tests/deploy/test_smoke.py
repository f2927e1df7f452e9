"""What the smoke test finds wrong with a deployment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from statewright.deploy import smoke
from statewright.local.following import Outcome, Upload
from statewright.project import read_project

ROOT = Path(__file__).resolve().parents[2]
UPLOAD = Upload(Path("orders.jsonl"), "raw", "orders/smoke/run.jsonl", "v1", 0.0)


def outcome(**changed: Any) -> Outcome:
    told = {"status": "SUCCEEDED", "counts": dict(smoke.EXPECTED), **changed}
    return Outcome("f", "raw", "k", "id", execution="arn", seconds=1.0, **told)


def items(**of_the_first: Any) -> list[dict[str, Any]]:
    made = [
        {"order_id": {"S": f"smoke-run-{number}"}, "_file_id": {"S": UPLOAD.file_id}, "quantity": {"N": "1"}}
        for number in range(smoke.GOOD)
    ]
    made[0] |= {"quantity": {"N": "2"}, **of_the_first}
    return made


def test_its_file_has_good_records_a_replaced_one_and_a_refused_one() -> None:
    records = [json.loads(line) for line in smoke.lines("run")]

    assert len(records) == smoke.EXPECTED["read"]
    assert len({each["order_id"] for each in records}) == smoke.GOOD + 1
    assert [each["order_id"] for each in records if "amount" not in each] == [f"smoke-run-{smoke.GOOD}"]


def test_a_deployment_that_works_has_no_fault() -> None:
    assert smoke._faults_of(outcome()) == smoke._faults_in_table(items(), UPLOAD) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "FAILED", "error": "MalformedFile", "cause": "c"}, "is FAILED: MalformedFile c"),
        ({"status": "CATALOGUED"}, "is CATALOGUED"),
        ({"counts": {**smoke.EXPECTED, "written": 19}}, "written is 19, expected 20"),
    ],
)
def test_an_execution_that_ended_otherwise_is_a_fault(changed: dict[str, Any], said: str) -> None:
    faults = smoke._faults_of(outcome(**changed))

    assert len(faults) == 1
    assert said in faults[0]


def test_items_that_are_missing_strange_or_outdated_are_faults() -> None:
    missing = smoke._faults_in_table(items()[:-1], UPLOAD)
    strange = smoke._faults_in_table(items(_file_id={"S": "another"}), UPLOAD)
    outdated = smoke._faults_in_table(items(quantity={"N": "1"}), UPLOAD)

    assert missing == ["the table has 19 of this run's items, expected 20"]
    assert strange == ["1 items do not name the file that they came from"]
    assert outdated == ["the first record was not replaced by the later one with its key"]


def test_a_project_without_the_dataset_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pipeline.json").write_text('{"name": "shop"}')

    with pytest.raises(smoke.NoDeployment, match="no dataset 'orders'"):
        smoke.find_deployment(read_project(tmp_path), {})


def test_the_names_are_those_of_the_environment() -> None:
    environment = dict.fromkeys(smoke.WANTED, "x") | {"RAW_BUCKET": "shop-raw-0", "FILES_TABLE": "shop-files"}

    deployed = smoke.find_deployment(read_project(ROOT), environment)

    assert (deployed.bucket("raw"), deployed.of("files")) == ("shop-raw-0", "shop-files")
    assert deployed.state_machine_arn("ingest") == "x"
