"""Outcomes that are kept: a new start after a failure does what is missing, and nothing stale is used."""

from __future__ import annotations

import functools
import json
import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import contracts, enriching, entry, executions, ledger, outcomes, parsing, plans, writing
from pipeline.errors import ServiceRefused, ServiceUnavailable
from pipeline.rejects import Reject
from pipeline.settings import settings
from tests.functions.cloud import (
    OUTPUT,
    RAW,
    SCHEMAS,
    STAGING,
    STARTED_AT,
    client,
    invoke,
    work_on_shard,
    write_partition,
)
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.cloud import Cloud

KEY = "orders/x.jsonl"
RECORDS = [
    *(
        order(number, amount=2000 if number == 5 else 7, quantity=-1 if number == 8 else 1)
        for number in range(36)
    ),
    order(1, _line=3),
    order(2, amount=8),
]
BODY = json_lines(*RECORDS)
RUN = re.compile(
    "(?<=[0-9a-f]{32})/[0-9a-f]{12}(-[0-9]+)?(?=[/.])"
)  # a folder, or a name: ranges/<id>/<run>.json
COUNTS = {"read": 38, "written": 35, "superseded": 1, "quarantined": 2, "alerts": 1}


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans of four shards and several partitions for an object as small as BODY."""
    planned(monkeypatch, shards=4)


def planned(monkeypatch: pytest.MonkeyPatch, shards: int, partitions: int = 3) -> None:
    small = functools.partial(
        PLAN, shard_bytes=-(-len(BODY) // shards), partition_bytes=-(-len(BODY) // partitions)
    )
    monkeypatch.setattr(plans, "plan", small)


PLAN = plans.plan


@dataclass
class Run:
    """What one execution did: the shards and partitions that it worked on, and Notify's counts."""

    parsed: list[int] = field(default_factory=list)
    enriched: list[int] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    failed: bool = False
    file: Any = None
    counts: Any = None


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the functions in the workflow's order; what fails lets the others finish."""
    now = Run()

    def noting(work: Any, noted: str, where: str) -> Any:
        def noting_it(request: Any, *rest: Any) -> Any:
            part = request[where]["index"] if where == "shard" else request[where]
            getattr(now, noted).append(part)
            if (noted, part) in broken:
                raise ServiceRefused("S3 GetObject", "AccessDenied")
            return work(request, *rest)

        return noting_it

    broken: set[tuple[str, int]] = set()
    for module, noted, where in (
        (parsing, "parsed", "shard"),
        (enriching, "enriched", "shard"),
        (writing, "written", "partition"),
    ):
        monkeypatch.setattr(module, "_worked", noting(module._worked, noted, where))

    def start(execution: str, *failing: tuple[str, int]) -> Run:
        nonlocal now
        now = Run()
        broken.clear()
        broken.update(failing)
        who = {"execution": {"id": execution, "started_at": STARTED_AT}}
        collected = invoke("collect_data", {"s3Bucket": RAW, "s3Key": KEY, **who})
        assert collected["outcome"] == "work"
        file, plan = collected["file"], collected["plan"]
        now.file = file
        shards = all_of(work_on_shard, range(plan["shards"]), file, plan)
        if len(shards) == plan["shards"]:
            written = all_of(write_partition, range(plan["partitions"]), file, plan, shards)
            if len(written) == plan["partitions"]:
                said = invoke("notify", {"file": file, "shards": shards, "partitions": written, **who})
                now.counts = said["counts"]
                return now
        now.failed = True
        ledger.change("statewright-files", file["id"], execution, {"status": ledger.FAILED})
        return now

    return start


def all_of(work: Any, parts: Any, *given: Any) -> list[Any]:
    """Return what those parts say that end well, as a Map that tolerates failures does."""
    said = []
    for part in parts:
        try:
            said.append(work(*given, part))
        except ServiceRefused:
            continue
    return said


@pytest.fixture
def schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Deploy schemas with a change; none undoes it."""

    def deploy(name: str = "plain", **changes: Any) -> None:
        folder = tmp_path / name
        if not folder.exists():
            shutil.copytree(SCHEMAS, folder)
            contract = json.loads((folder / "datasets/orders/1.json").read_text())
            contract["x-dataset"].update(changes)
            (folder / "datasets/orders/1.json").write_text(json.dumps(contract))
        monkeypatch.setenv("SCHEMAS_DIR", str(folder))
        settings.cache_clear()

    return deploy


def items(cloud: Cloud) -> list[Any]:
    return sorted(cloud.items("orders"), key=lambda item: item["order_id"]["S"])


def clean_run(cloud: Cloud, run: Any) -> tuple[list[Any], dict[str, bytes]]:
    """Return items and staged data of a run in which nothing failed, and forget that it was."""
    assert run("clean").counts == COUNTS
    there = items(cloud), objects(cloud)
    for bucket in (STAGING, OUTPUT):
        for name in cloud.keys(bucket):
            cloud.s3.delete_object(Bucket=bucket, Key=name)
    for item in cloud.items("orders"):
        cloud.dynamodb.Table("statewright-orders").delete_item(Key={"order_id": item["order_id"]["S"]})
    for row in cloud.files.scan()["Items"]:
        cloud.files.delete_item(Key={"file_id": row["file_id"]})
    return there


def everything(cloud: Cloud) -> dict[str, bytes]:
    """Return all objects of both buckets."""
    return {
        f"{bucket}/{name}": cloud.s3.get_object(Bucket=bucket, Key=name)["Body"].read()
        for bucket in (STAGING, OUTPUT)
        for name in cloud.keys(bucket)
    }


FOUR_SHARDS = {"shards": 4, "shard_bytes": -(-len(BODY) // 4), "partitions": 3, "keep": True}


def objects(cloud: Cloud) -> dict[str, bytes]:
    """Return all objects of both buckets but for outcomes, whatever run they are of.

    Executions of one work leave the same bytes.
    """
    found: dict[str, bytes] = {}
    for name, body in everything(cloud).items():
        if "/outcomes/" in name:
            continue
        if name.endswith("/manifest.json"):
            body = re.sub(rb"/[0-9a-f]{12}(-[0-9]+)?/|(?<=\"run\":)\"[0-9a-f-]+\"", b"/", body)
        assert found.setdefault(RUN.sub("", name), body) == body
    return found


# --- only what is missing ---


@pytest.mark.parametrize("function", ["parsed", "enriched"])
@pytest.mark.usefixtures("plan")
def test_a_new_start_works_on_the_shard_that_failed_only(cloud: Cloud, run: Any, function: str) -> None:
    cloud.put(KEY, BODY)
    clean = clean_run(cloud, run)

    first = run("one", (function, 2))
    assert (first.failed, first.parsed, first.written) == (True, [0, 1, 2, 3], [])
    assert items(cloud) == []
    again = run("two")

    assert (again.parsed, again.enriched) == ([2], [2])
    assert again.counts == COUNTS
    assert (items(cloud), objects(cloud)) == clean
    row = cloud.row(again.file["id"])
    assert (row["status"], row["shards_kept"], "partitions_kept" in row) == ("SUCCEEDED", 3, False)


@pytest.mark.usefixtures("plan")
def test_a_new_start_writes_the_partition_that_failed_only(cloud: Cloud, run: Any) -> None:
    cloud.put(KEY, BODY)
    clean = clean_run(cloud, run)

    first = run("one", ("written", 1))
    assert (first.failed, sorted(first.written)) == (True, [0, 1, 2])
    again = run("two")

    assert (again.parsed, again.enriched, again.written) == ([], [], [1])
    assert again.counts == COUNTS
    assert (items(cloud), objects(cloud)) == clean
    row = cloud.row(again.file["id"])
    assert (row["shards_kept"], row["partitions_kept"]) == (4, 2)


@pytest.mark.usefixtures("plan")
def test_what_was_kept_stays_kept_over_any_number_of_failures(cloud: Cloud, run: Any) -> None:
    cloud.put(KEY, BODY)
    clean = clean_run(cloud, run)

    worked = [
        run("one", ("parsed", 0), ("parsed", 1), ("enriched", 3)).parsed,
        run("two", ("parsed", 0), ("enriched", 1)).parsed,
        run("three", ("enriched", 0)).parsed,
        run("four", ("written", 0), ("written", 2)).parsed,
        run("five", ("written", 2)).parsed,
    ]
    last = run("six")

    assert worked == [[0, 1, 2, 3], [0, 1, 3], [0, 1], [0], []]
    assert (last.parsed, last.written, last.counts) == ([], [2], COUNTS)
    assert (items(cloud), objects(cloud)) == clean


@pytest.mark.usefixtures("plan")
def test_partitions_of_one_shard_are_kept_too(
    cloud: Cloud, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(monkeypatch, shards=1)
    cloud.put(KEY, BODY)

    run("one", ("written", 2))
    again = run("two")

    assert (again.parsed, again.written, again.counts) == ([0], [2], COUNTS)


def test_a_plain_chain_keeps_nothing(cloud: Cloud, run: Any) -> None:
    cloud.put(KEY, BODY)
    first = run("one", ("written", 0))
    assert run("two").written == [0]
    assert not [name for name in cloud.keys(STAGING) if "/outcomes/" in name]
    assert not {"work", "shards_kept"} & cloud.row(first.file["id"]).keys()


@pytest.mark.usefixtures("plan")
def test_a_first_start_costs_one_small_object_a_part(cloud: Cloud, run: Any) -> None:
    cloud.put(KEY, BODY)
    run("one")
    kept = [name for name in cloud.keys(STAGING) if "/outcomes/" in name]
    assert len(kept) == 4 + 3
    assert all(cloud.s3.head_object(Bucket=STAGING, Key=name)["ContentLength"] < 2048 for name in kept)


# --- nothing stale ---


@pytest.mark.usefixtures("plan")
def test_a_contract_that_changed_begins_anew(cloud: Cloud, run: Any, schemas: Any) -> None:
    cloud.put(KEY, BODY)
    schemas("old")
    run("one", ("parsed", 2))

    schemas("new", alerts=[])
    again = run("two")

    assert (again.parsed, again.counts) == ([0, 1, 2, 3], {**COUNTS, "alerts": 0})
    assert again.file["run"] == outcomes.run_of("two")


PLAIN = {"shards": 1, "shard_bytes": len(BODY), "partitions": 1, "keep": False}
NO_ITEM = [{"to": "day", "op": "date", "from": "customer_id"}]


@pytest.mark.parametrize("shards", [1, 4])
def test_a_function_that_outlives_its_execution_overwrites_nothing_under_another_contract(
    cloud: Cloud, run: Any, schemas: Any, monkeypatch: pytest.MonkeyPatch, shards: int
) -> None:
    planned(monkeypatch, shards=shards, partitions=shards)
    cloud.put(KEY, BODY)
    schemas("old", derive=NO_ITEM)
    first = run("one", ("enriched", 0))
    schemas("new")
    again = run("two")
    there = everything(cloud)
    schemas("old")

    late = work_on_shard(first.file, PLAIN if shards == 1 else FOUR_SHARDS, 0)

    assert (again.counts, late["enriched"]) == (COUNTS, 0)
    now = everything(cloud)
    assert now.keys() > there.keys()
    assert {name: now[name] for name in there} == there
    named = cloud.row(again.file["id"])["quarantine"]
    assert sum(len(cloud.lines(place(uri))) for uri in named[1:]) == COUNTS["quarantined"]


def place(uri: str) -> dict[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"bucket": bucket, "key": key}


@pytest.mark.usefixtures("plan")
def test_a_function_that_outlives_its_execution_overwrites_nothing_where_only_the_code_changed(
    cloud: Cloud, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.put(KEY, BODY)
    first = run("one", ("enriched", 1))
    again = run("two")
    there = {name: body for name, body in everything(cloud).items() if f"/{again.file['run']}/" in name}
    monkeypatch.setattr(parsing, "judge", lambda *_: Reject("type", "", "as older code has it"))
    monkeypatch.setattr(contracts.Catalogue, "proof", lambda *_: None)

    late = invoke(
        "parse_and_validate",
        {"file": first.file, "shard": {"index": 1, "start": 0, "end": len(BODY)}, "keep": True},
    )

    assert (late["valid"], again.counts) == (0, COUNTS)
    now = everything(cloud)
    assert there
    assert {name: now[name] for name in there} == there


@pytest.mark.usefixtures("plan")
def test_a_contract_that_changed_and_changed_back_begins_anew(cloud: Cloud, run: Any, schemas: Any) -> None:
    cloud.put(KEY, BODY)
    schemas("old")
    clean = clean_run(cloud, run)
    run("one", ("written", 1))
    schemas("new", derive=[{"to": "shop", "op": "constant", "value": 1}])
    run("two", ("written", 2))
    schemas("old")

    again = run("three")

    assert (again.parsed, again.written, again.counts) == ([0, 1, 2, 3], [0, 1, 2], COUNTS)
    assert items(cloud) == clean[0]


@pytest.mark.usefixtures("plan")
def test_functions_that_were_deployed_while_a_file_was_worked_on_find_only_their_own(
    cloud: Cloud, run: Any, schemas: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.put(KEY, BODY)
    schemas("old")
    first = run("one", ("written", 1))
    file = {**first.file, "run": f"{first.file['run']}-1"}
    shard = {"index": 0, "start": 0, "end": -(-len(BODY) // 4)}
    assert outcomes.find_shard(settings(), file, shard)

    schemas("new", alerts=[])

    assert outcomes.find_shard(settings(), file, shard) is None
    assert outcomes.find_partition(settings(), file, 0) is None


@pytest.mark.usefixtures("plan")
def test_another_plan_begins_anew(cloud: Cloud, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.put(KEY, BODY)
    clean = clean_run(cloud, run)
    run("one", ("written", 1))
    planned(monkeypatch, shards=2, partitions=5)
    other = run("two", ("written", 4))
    planned(monkeypatch, shards=4)

    again = run("three")

    assert (other.parsed, other.written) == ([0, 1], [0, 1, 2, 3, 4])
    assert (again.parsed, again.written, again.counts) == ([0, 1, 2, 3], [0, 1, 2], COUNTS)
    assert items(cloud) == clean[0]


@pytest.mark.usefixtures("plan")
def test_another_version_of_the_object_begins_anew(cloud: Cloud, run: Any) -> None:
    cloud.put(KEY, BODY)
    run("one", ("parsed", 2))
    cloud.put(KEY, BODY.replace(b'"c-1"', b'"c-2"'))

    again = run("two")

    assert (again.parsed, again.counts) == ([0, 1, 2, 3], COUNTS)


@pytest.mark.usefixtures("plan")
def test_another_key_of_the_pseudonyms_begins_anew(cloud: Cloud, run: Any, schemas: Any) -> None:
    cloud.put(KEY, BODY)
    schemas("hidden", pseudonymise=["customer_id"])
    run("one", ("parsed", 2))
    client("ssm").put_parameter(
        Name="/statewright/pseudonym_key", Value="1e" * 32, Type="SecureString", Overwrite=True
    )

    assert run("two", ("parsed", 1)).parsed == [0, 1, 2, 3]
    assert run("three").parsed == [1]


@pytest.mark.usefixtures("plan")
def test_other_code_begins_anew(cloud: Cloud, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.put(KEY, BODY)
    run("one", ("parsed", 2))
    monkeypatch.setattr(outcomes, "FORMAT", outcomes.FORMAT + 1)
    assert run("two").parsed == [0, 1, 2, 3]


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize("text", [b"", b"{}", b'{"run": 1}', b"\xff\xfe", b"[]"])
def test_an_outcome_that_cannot_be_read_is_none(cloud: Cloud, run: Any, text: bytes) -> None:
    cloud.put(KEY, BODY)
    run("one", ("written", 2))
    for name in cloud.keys(STAGING):
        if name.endswith(("shard-00001.json", "partition-00000.json")):
            cloud.s3.put_object(Bucket=STAGING, Key=name, Body=text)

    again = run("two")

    assert (again.parsed, sorted(again.written), again.counts) == ([1], [0, 2], COUNTS)


# --- what outcomes speak of is gone ---


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize(
    "gone",
    ["/enriched/00000", "parse-00000.jsonl.gz", "/00000.jsonl.gz", "00000-enrich", "00000-parse"],
)
def test_a_shard_whose_objects_are_gone_is_worked_on_anew(cloud: Cloud, run: Any, gone: str) -> None:
    cloud.put(KEY, BODY)
    clean = clean_run(cloud, run)
    run("one", ("parsed", 3))
    (found,) = [
        (bucket, name) for bucket in (STAGING, OUTPUT) for name in cloud.keys(bucket) if name.endswith(gone)
    ]
    cloud.s3.delete_object(Bucket=found[0], Key=found[1])

    again = run("two")

    assert (again.parsed, again.counts) == ([0, 3], COUNTS)
    assert (items(cloud), objects(cloud)) == clean


@pytest.mark.usefixtures("plan")
def test_when_the_staging_bucket_is_empty_all_is_done_anew(cloud: Cloud, run: Any) -> None:
    cloud.put(KEY, BODY)
    run("one", ("written", 1))
    for name in cloud.keys(STAGING):
        cloud.s3.delete_object(Bucket=STAGING, Key=name)

    again = run("two")

    assert (again.parsed, again.written, again.counts) == ([0, 1, 2, 3], [0, 1, 2], COUNTS)
    assert "shards_kept" not in cloud.row(again.file["id"])


# --- the same execution, and the one after a dead one ---


@pytest.mark.usefixtures("plan")
def test_a_state_that_is_tried_again_finds_its_own_outcome_and_counts_as_worked(
    cloud: Cloud, run: Any
) -> None:
    cloud.put(KEY, BODY)
    run("one", ("parsed", 2))
    again = run("two", ("written", 0), ("written", 1), ("written", 2))
    own, earlier = (work_on_shard(again.file, FOUR_SHARDS, index) for index in (2, 1))

    assert (again.parsed, own["kept"], earlier["kept"]) == ([2], False, True)


@pytest.mark.usefixtures("plan")
def test_a_claim_that_is_tried_again_goes_on_with_its_series(cloud: Cloud, run: Any) -> None:
    cloud.put(KEY, BODY)
    first = run("one", ("parsed", 2))
    request = {"s3Bucket": RAW, "s3Key": KEY, "execution": {"id": "two", "started_at": STARTED_AT}}

    runs = [invoke("collect_data", request)["file"]["run"] for _ in range(3)]

    assert runs == [f"{first.file['run']}-1"] * 3
    assert cloud.row(first.file["id"])["run"] == runs[0]


@pytest.mark.usefixtures("plan")
def test_a_claim_whose_answer_was_lost_goes_on_with_the_series_all_the_same(
    cloud: Cloud, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.put(KEY, BODY)
    run("one", ("parsed", 2))
    claim = ledger.claim

    def unanswered(*given: Any) -> None:
        monkeypatch.setattr(ledger, "claim", claim)
        claim(*given)
        raise ServiceUnavailable("cut after the effect")

    monkeypatch.setattr(ledger, "claim", unanswered)
    request = {"s3Bucket": RAW, "s3Key": KEY, "execution": {"id": "two", "started_at": STARTED_AT}}
    with pytest.raises(ServiceUnavailable):
        invoke("collect_data", request)

    assert run("two").parsed == [2]


@pytest.mark.usefixtures("plan")
def test_a_claim_that_arrives_late_leaves_the_series_as_it_is(cloud: Cloud, run: Any) -> None:
    cloud.put(KEY, BODY)
    run("one", ("parsed", 2))
    request = {"s3Bucket": RAW, "s3Key": KEY, "execution": {"id": "two", "started_at": STARTED_AT}}
    file = invoke("collect_data", request)["file"]
    row = cloud.row(file["id"])
    late = {name: value for name, value in row.items() if not name.endswith("_before")}

    ledger.claim("statewright-files", {**late, "run": outcomes.run_of("two")})

    assert cloud.row(file["id"]) == row


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize(("number", "next_"), [(9998, "-9999"), (9999, "")])
def test_a_series_ends_where_its_numbers_end(cloud: Cloud, run: Any, number: int, next_: str) -> None:
    cloud.put(KEY, BODY)
    first = run("one", ("parsed", 2)).file
    cloud.files.update_item(
        Key={"file_id": first["id"]},
        UpdateExpression="SET run = :run",
        ExpressionAttributeValues={":run": f"{first['run']}-{number}"},
    )

    again = run("two")

    assert again.file["run"] == (f"{first['run']}{next_}" if next_ else outcomes.run_of("two"))
    assert again.counts == COUNTS


def test_a_claim_leaves_the_links_of_replays_and_nothing_else_of_the_execution_before(
    cloud: Cloud, run: Any
) -> None:
    cloud.put(KEY, BODY)
    first = run("one", ("written", 0)).file
    clean = cloud.row(first["id"])
    cloud.files.update_item(
        Key={"file_id": first["id"]},
        UpdateExpression="ADD replayed_by :replay SET shard_error = :x, taken_over_from = :x, seconds = :x",
        ExpressionAttributeValues={":replay": {"f" * 32}, ":x": "x"},
    )

    request = {"s3Bucket": RAW, "s3Key": KEY, "execution": {"id": "two", "started_at": STARTED_AT}}
    invoke("collect_data", request)

    row = cloud.row(first["id"])
    assert row["replayed_by"] == {"f" * 32}
    assert row.keys() - {"replayed_by"} == clean.keys()


@pytest.mark.usefixtures("plan")
def test_an_execution_that_takes_over_from_a_dead_one_goes_on_with_its_series(
    cloud: Cloud, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.put(KEY, BODY)
    first = run("one", ("enriched", 1))
    cloud.files.update_item(
        Key={"file_id": first.file["id"]},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": ledger.PROCESSING},
    )
    monkeypatch.setattr(executions, "end_of", lambda *_: datetime.now(UTC))

    again = run("two")

    assert (again.parsed, again.counts) == ([1], COUNTS)
    row = cloud.row(first.file["id"])
    assert (row["taken_over_from"], row["shards_kept"]) == ("one", 3)


def test_what_was_kept_is_not_counted_again() -> None:
    parsed = {"read": 5, "valid": 5, "quarantined": 0, "before": {}}
    assert entry.counts_of("parse_and_validate", parsed) == {"ShardsKept": 1}
    assert entry.counts_of("enrich", {"enriched": 5, "kept": True}) == {}
    assert entry.counts_of("write_to_ddb", {"written": 5, "kept": True}) == {"PartitionsKept": 1}


def test_what_is_handed_over_is_counted_by_the_one_that_finishes_it() -> None:
    assert entry.counts_of("write_to_ddb", {"written": 5, "left": 2}) == {"PartitionsHandedOver": 1}
