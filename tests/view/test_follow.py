"""Following the data where a deployment is known: names, items, places in the graph."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest

from statewright.local.places import CloudRecord
from statewright.local.quarantines import QuarantinedFile, Quarantines
from statewright.project import read_project
from statewright.view import deployment
from statewright.view.deployment import deployment_of
from statewright.view.endpoint import Endpoint, find_endpoint
from statewright.view.follow import MAX_FOLLOWED_FILES, Follower, NotFollowedError, plain
from statewright.view.graph_places import (
    MAX_SEARCHED_CHILDREN,
    child_of,
    place_in_graph,
    shard_of,
    told_first,
)
from statewright.view.watch import Watch
from tests.view.orders import BAD, RELEASE
from tests.view.shop import write_shop
from tests.view.test_security import ask

NAMES = SimpleNamespace(of={"parse_and_validate": "parse", "enrich": "validate", "write_to_ddb": "none"}.get)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A project as the folder that the view is started in."""
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("OUTPUT_BUCKET", "FILES_TABLE", "RAW_BUCKET"):
        monkeypatch.delenv(name, raising=False)
    return read_project(tmp_path)


def far(**members):
    return Endpoint(None, "AWS eu-west-1", is_local=False, **members)


# --- which deployment ---


def test_given_the_projects_own_cloud_its_deployment_is_known_and_no_others(shop, monkeypatch) -> None:
    record = CloudRecord(1, "http://127.0.0.1:4566", "http://127.0.0.1:8083", "2026-11-21T00:00:00Z")
    monkeypatch.setattr(deployment, "read_record", lambda places: record)
    found = deployment_of(Endpoint(None, "http://127.0.0.1:8083/", is_local=True))
    assert found.names.bucket("output") == f"{shop.description.name}-output"
    assert deployment_of(Endpoint(None, "http://127.0.0.1:9999", is_local=True)) is None
    assert deployment_of(far(service=print)) is None


def test_given_the_exported_names_on_aws_they_are_used(shop, monkeypatch) -> None:
    made = []
    monkeypatch.setenv("OUTPUT_BUCKET", "shop-output-eu")
    assert deployment_of(far(service=made.append)) is None
    monkeypatch.setenv("FILES_TABLE", "shop-files")
    found = deployment_of(far(service=made.append))
    assert (found.names.bucket("output"), found.names.of("files")) == ("shop-output-eu", "shop-files")
    found.clients("s3"), found.clients("s3")
    assert made == ["s3"]
    assert deployment_of(far()) is None


def test_given_no_project_nothing_is_followed(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert deployment_of(far(service=print)) is None


def test_given_an_unknown_deployment_the_page_says_so_and_offers_nothing(page_server) -> None:
    headers = {"X-Statewright-Token": page_server.token}
    assert json.loads(ask(page_server, "/api/place", headers)[2])["follows"] is False
    for path in ("files", "file?q=ab", "item?dataset=orders&key=[]", "place?execution=x&stage=parse"):
        status, _, text = ask(page_server, f"/api/follow/{path}", headers)
        assert status == 400
        assert "not known" in json.loads(text)["error"]


# --- files ---


@pytest.mark.parametrize("count", [MAX_FOLLOWED_FILES, MAX_FOLLOWED_FILES + 1])
def test_given_many_files_in_quarantine_the_newest_are_listed_and_all_counted(monkeypatch, count) -> None:
    found = [
        QuarantinedFile("orders", f"day {number:05}", f"{number:032x}", ("key",)) for number in range(count)
    ]
    monkeypatch.setattr(Quarantines, "files", lambda _: found)
    told = Follower(Ledger()).files()
    assert (len(told["files"]), told["total"]) == (MAX_FOLLOWED_FILES, count)
    assert told["files"][0]["day"] == found[-1].day


# --- items ---


class Ledger:
    """A follower's deployment whose ledger has one row."""

    def __init__(self, **row):
        self.names = SimpleNamespace(
            of=lambda name: name, bucket=lambda name: name, tables=lambda: {"files": None}
        )
        self._row = row

    def clients(self, service):
        return self

    def batch_get_item(self, RequestItems):  # noqa: N803 - boto's name
        return {"Responses": {"files": [{name: {"S": text} for name, text in self._row.items()}]}}


@pytest.mark.parametrize(
    "text",
    [
        '{"_file_id": "f1", "_offset": 57, "order_id": "a-1"}',
        '{"_file_id": {"S": "f1"}, "_offset": {"N": "57"}, "order_id": {"S": "a-1"}}',
        '{"Item": {"_file_id": {"S": "f1"}, "_offset": {"N": "57"}, "order_id": {"S": "a-1"}}}',
    ],
)
def test_given_an_item_that_was_pasted_its_lineage_leads_to_the_ledgers_row(text) -> None:
    told = Follower(Ledger(file_id="f1", execution="arn:e")).pasted(text)
    assert told["lineage"] == {"_file_id": "f1", "_offset": 57}
    assert told["row"] == {"file_id": "f1", "execution": "arn:e"}
    assert told["item"]["order_id"] == "a-1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        "{",
        "[" * 100_000,
        "{}",
        '{"_file_id": 7}',
        '{"_file_id": {"N": "x"}}',
        '{"a": {"M": 1}}',
    ],
)
def test_given_what_is_no_item_it_is_said(text) -> None:
    with pytest.raises(NotFollowedError):
        Follower(Ledger()).pasted(text)


def test_given_values_of_dynamodb_numbers_stay_what_they_are() -> None:
    assert plain({"a": Decimal("11.77"), "b": [Decimal(3)], "c": {"x"}, "d": None}) == {
        "a": 11.77,
        "b": [3],
        "c": ["x"],
        "d": None,
    }
    assert plain(Decimal(2**60)) == str(2**60)
    assert plain(Decimal("0.1234567890123456789")) == "0.1234567890123456789"


# --- places in the graph ---


def placed(cloud, execution, stage, shard=0):
    endpoint = find_endpoint(cloud.url)

    async def run():
        watch = Watch(endpoint, execution)
        try:
            await watch.refresh()
            return await place_in_graph(endpoint, NAMES, watch, stage, shard)
        finally:
            watch.close()

    return asyncio.run(run())


def test_given_a_stage_its_state_is_the_one_that_calls_its_function(cloud) -> None:
    RELEASE.set()
    execution = cloud.start("orders-pipeline", BAD)
    cloud.ended(execution)
    assert placed(cloud, execution, "parse") == {"execution": execution, "state": "ParseFile", "note": None}
    found = placed(cloud, execution, "write")
    assert found["state"] is None
    assert "No state" in found["note"]


def test_given_a_state_that_was_not_reached_it_is_said(cloud) -> None:
    execution = cloud.start("orders-pipeline", {"file_count": 0})
    cloud.ended(execution)
    found = placed(cloud, execution, "parse")
    assert (found["state"], found["note"]) == (None, "The execution did not come so far")


def test_given_shards_in_a_distributed_map_the_child_of_the_shard_is_found(cloud) -> None:
    parse = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "parse", "Payload.$": "$"},
        "End": True,
    }
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    processor = {"ProcessorConfig": config, "StartAt": "ParseShard", "States": {"ParseShard": parse}}
    shards = {"Type": "Map", "ItemProcessor": processor, "End": True}
    cloud.machine("sharded", {"StartAt": "Shards", "States": {"Shards": shards}})
    execution = cloud.start("sharded", [{"shard": {"index": index}} for index in range(4)])
    cloud.ended(execution)
    found = placed(cloud, execution, "parse", 2)
    assert found["state"] == "ParseShard"
    child = cloud.client.describe_execution(executionArn=found["execution"])
    assert json.loads(child["input"])["shard"]["index"] == 2
    for shard in (9, None):
        lost = placed(cloud, execution, "parse", shard)
        assert (lost["execution"], lost["state"]) == (execution, "Shards")
        assert "which one is not told" in lost["note"]


@pytest.mark.parametrize(
    ("plan", "shard"),
    [
        ({"shards": 3, "shard_bytes": 50}, 2),
        ({"shards": 1, "shard_bytes": 0}, 0),
        ({}, 0),
        ({"shards": 3, "shard_bytes": 0}, None),
        ({"shards": "3", "shard_bytes": "50"}, None),
    ],
)
def test_given_a_plan_the_shard_of_a_byte_follows_from_it(plan, shard) -> None:
    assert shard_of(plan, 100) == shard


class Children:
    """An endpoint with the children of a map run, by pages; each has a shard of the index in its ARN."""

    def __init__(self, count):
        self.arns = [f"arn:child:{index}" for index in range(count)]

    def list_executions(self, mapRunArn, maxResults, nextToken="0"):  # noqa: N803 - boto's names
        end = int(nextToken) + maxResults
        more = {"nextToken": str(end)} if end < len(self.arns) else {}
        return {"executions": [{"executionArn": arn} for arn in self.arns[int(nextToken) : end]], **more}

    def describe_execution(self, executionArn):  # noqa: N803
        return {"input": json.dumps({"shard": {"index": int(executionArn.rpartition(":")[2])}})}


@pytest.mark.parametrize(
    ("shard", "is_found"), [(MAX_SEARCHED_CHILDREN - 1, True), (MAX_SEARCHED_CHILDREN, False)]
)
def test_given_many_children_so_many_are_asked_and_no_more(shard, is_found) -> None:
    endpoint = Endpoint(Children(MAX_SEARCHED_CHILDREN + 50), "http://127.0.0.1:1", is_local=True)
    found = asyncio.run(child_of(endpoint, "arn:run", shard))
    assert found == (f"arn:child:{shard}" if is_found else None)


def test_given_an_execution_its_file_is_the_first_that_it_tells_of(cloud) -> None:
    cloud.machine("filed", {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    told, untold = ({"file": {"id": "f1"}}, {"file": "f1"})
    found = []
    for given in (told, untold):
        execution = cloud.start("filed", given)
        cloud.ended(execution)
        endpoint = find_endpoint(cloud.url)

        async def run(endpoint=endpoint, execution=execution):
            watch = Watch(replace(endpoint), execution)
            try:
                await watch.refresh()
                return told_first(watch, "file")
            finally:
                watch.close()

        found.append(asyncio.run(run()))
    assert found == [{"id": "f1"}, {}]
