"""The production workflow on the engine, with functions that answer as the real ones do."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from pipeline.errors import Throttled
from statewright.engine import LocalFunctions
from tests.functions.test_payloads import largest_file, longest_shards

REGION = "us-east-1"
RUN = "0" * 12
ROLE = "arn:aws:iam::000000000000:role/statewright"
DEFINITION = Path(__file__).parents[2] / "statemachines" / "ingest.asl.json"


CLAIMED = {"file_id": {"S": "raw/k"}, "run": {"S": RUN}, "status": {"S": "PROCESSING"}}


@pytest.fixture
def cloud(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = {name: boto3.client(name, region_name=REGION) for name in ("dynamodb", "sqs", "sns", "s3")}
        made["s3"].create_bucket(Bucket="staging")
        made["dynamodb"].create_table(
            TableName="files",
            KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        made["dynamodb"].put_item(TableName="files", Item=CLAIMED)
        yield made


@pytest.fixture
def definition(cloud):
    queue = cloud["sqs"].create_queue(QueueName="dead-letters")["QueueUrl"]
    topic = cloud["sns"].create_topic(Name="notifications")["TopicArn"]
    known = {"FilesTable": "files", "DeadLettersUrl": queue, "NotificationsArn": topic}
    known["StagingBucket"] = "staging"
    text = DEFINITION.read_text()
    for name in re.findall(r"\$\{(\w+)\}", text):
        text = text.replace("${" + name + "}", known.get(name, name.removesuffix("Arn")))
    return json.loads(text)


def file():
    return {
        "id": "raw/k",
        "run": RUN,
        "bucket": "raw",
        "key": "k",
        "size": 100,
        "dataset": "orders",
        "contract": "orders/1",
        "day": "2025-01-01",
    }


def collected(plan, file_=None):
    size = plan["shard_bytes"]
    ranges = [
        {"index": index, "start": index * size, "end": min(100, (index + 1) * size)}
        for index in range(plan["shards"])
    ]
    boto3.client("s3", region_name=REGION).put_object(
        Bucket="staging", Key=f"ranges/raw/k/{RUN}.json", Body=json.dumps(ranges)
    )
    return {"outcome": "work", "file": file_ or file(), "plan": plan}


def functions(*, shards=3, partitions=2, broken=None, read=1, invalid=0, tolerance=None):
    calls = []

    def answering(name, answer):
        def handler(event, context):
            calls.append((name, event))
            if name == broken:
                raise RuntimeError("broken")
            return answer(event)

        return handler

    plan = {"shards": shards, "shard_bytes": 40, "partitions": partitions, "keep": True}
    if tolerance is not None:
        plan["tolerance"] = tolerance
    answers = {
        "CollectData": lambda event: collected(plan),
        "ParseAndValidate": lambda event: {
            "shard": event["shard"],
            "staged": {"key": "s"},
            "read": read,
            "quarantined": invalid,
        },
        "Enrich": lambda event: {"quarantined": 0, "enriched": 1},
        "WriteToDdb": lambda event: {"written": 1},
        "Notify": lambda event: {"told": True},
    }
    return {name: answering(name, answer) for name, answer in answers.items()}, calls


def test_the_workflow_is_accepted_and_its_shards_run_as_child_executions(execute, definition, cloud):
    handlers, calls = functions()
    outcome = execute(
        definition, {"s3Bucket": "raw", "s3Key": "k"}, functions=handlers, clients=cloud.__getitem__
    )
    assert outcome.status == "SUCCEEDED", outcome.cause
    assert outcome.output == {"told": True}
    assert outcome.types.count("MapRunSucceeded") == 2
    names = [name for name, _ in calls]
    assert (names.count("ParseAndValidate"), names.count("Enrich"), names.count("WriteToDdb")) == (3, 3, 2)
    ends = sorted(event["shard"]["end"] for name, event in calls if name == "ParseAndValidate")
    assert ends == [40, 80, 100]


def test_a_failing_shard_ends_the_execution_failed_after_people_are_told(execute, definition, cloud):
    handlers, _ = functions(broken="ParseAndValidate")
    outcome = execute(
        definition, {"s3Bucket": "raw", "s3Key": "k"}, functions=handlers, clients=cloud.__getitem__
    )
    assert outcome.status == "FAILED"
    assert outcome.error == "RuntimeError"
    assert outcome.states[-4:] == ["RecordFailure", "SendToDeadLetters", "TellPeople", "Failed"]
    row = cloud["dynamodb"].get_item(TableName="files", Key={"file_id": {"S": "raw/k"}})["Item"]
    assert row["status"] == {"S": "FAILED"}
    queue = cloud["sqs"].get_queue_url(QueueName="dead-letters")["QueueUrl"]
    (message,) = cloud["sqs"].receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(message["Body"])
    assert body["input"] == {"s3Bucket": "raw", "s3Key": "k"}
    assert body["error"] == outcome.error


def test_a_failure_that_is_recorded_twice_keeps_the_error_of_the_shard(execute, definition, cloud):
    handlers, _ = functions(broken="ParseAndValidate")
    recorded = []

    class CutOff:
        """A client whose first answer to RecordFailure is lost, after the effect."""

        meta = cloud["dynamodb"].meta

        def update_item(self, **arguments):
            answer = cloud["dynamodb"].update_item(**arguments)
            if "#day" in arguments["ExpressionAttributeNames"]:
                recorded.append(answer)
            if len(recorded) == 1:
                recorded.append(None)
                raise EndpointConnectionError(endpoint_url="https://dynamodb")
            return answer

    clients = {**cloud, "dynamodb": CutOff()}
    outcome = execute(
        definition, {"s3Bucket": "raw", "s3Key": "k"}, functions=handlers, clients=clients.__getitem__
    )
    assert len(recorded) == 3
    assert outcome.error == "RuntimeError"
    row = cloud["dynamodb"].get_item(TableName="files", Key={"file_id": {"S": "raw/k"}})["Item"]
    assert row["error"] == {"S": "RuntimeError"}


def test_a_row_that_another_execution_holds_by_now_is_left_alone(execute, definition, cloud):
    row = {"file_id": {"S": "raw/k"}, "execution": {"S": "another"}, "status": {"S": "SUCCEEDED"}}
    cloud["dynamodb"].put_item(TableName="files", Item=row)
    handlers, _ = functions(shards=1, partitions=1, broken="Notify")
    outcome = execute(
        definition, {"s3Bucket": "raw", "s3Key": "k"}, functions=handlers, clients=cloud.__getitem__
    )
    assert (outcome.status, outcome.error) == ("FAILED", "RuntimeError")
    assert outcome.states[-4:] == ["RecordFailure", "SendToDeadLetters", "TellPeople", "Failed"]
    assert outcome.types.count("TaskFailed") == 2  # Notify, and the row's condition, which is not tried again
    assert cloud["dynamodb"].get_item(TableName="files", Key={"file_id": {"S": "raw/k"}})["Item"] == row


@pytest.mark.parametrize(("after", "end"), [("duplicate", "AlreadyIngested"), ("work", "Notify")])
def test_an_object_in_other_hands_is_waited_for(execute, definition, cloud, after, end):
    handlers, _ = functions(shards=1, partitions=1)
    collect, asked = handlers["CollectData"], []

    def collect_later(event, context):
        asked.append({name: value for name, value in event.items() if name != "execution"})
        answer = collect(event, context)
        return {**answer, "outcome": "in_progress" if len(asked) < 5 else after}

    request = {"s3Bucket": "raw", "s3Key": "k"}
    handlers["CollectData"] = collect_later
    outcome = execute(definition, request, functions=handlers, clients=cloud.__getitem__)
    assert outcome.status == "SUCCEEDED", outcome.cause
    assert outcome.states.count("WaitForTheOther") == 4
    assert outcome.states[-1] == end
    assert asked == [request] * 5


def test_the_wait_for_other_hands_ends_after_an_hour(execute, definition, cloud):
    handlers, calls = functions()
    taken = {"outcome": "in_progress", "file": file(), "plan": dict.fromkeys(("shards", "partitions"), 0)}
    handlers["CollectData"] = lambda event, context: calls.append(event) or taken
    outcome = execute(
        definition, {"s3Bucket": "raw", "s3Key": "k"}, functions=handlers, clients=cloud.__getitem__
    )
    assert (outcome.status, outcome.states[-1]) == ("SUCCEEDED", "AlreadyIngested")
    assert 60 < len(calls) < 120


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize(
    ("tolerance", "invalid", "is_tolerated"),
    [
        (None, 100, True),
        ({"count": 0}, 0, True),
        ({"share": 0}, 0, True),
        ({"count": 30}, 10, True),
        ({"count": 29}, 30, False),
        ({"share": 0.29}, 29, True),
        ({"share": 0.29}, 30, False),
        ({"count": 1000, "share": 0.07}, 8, False),
        ({"count": 5, "share": 1}, 8, False),
    ],
)
def test_a_file_with_more_invalid_records_than_tolerated_fails_before_a_record_is_written(
    execute, definition, cloud, shards, tolerance, invalid, is_tolerated
):
    handlers, calls = functions(
        shards=shards, partitions=shards, read=100, invalid=invalid, tolerance=tolerance
    )
    outcome = execute(
        definition, {"s3Bucket": "raw", "s3Key": "k"}, functions=handlers, clients=cloud.__getitem__
    )
    wrote = any(name == "WriteToDdb" for name, _ in calls)
    if is_tolerated:
        assert (outcome.status, wrote) == ("SUCCEEDED", True), outcome.cause
        return
    assert (outcome.status, outcome.error, wrote) == ("FAILED", "TooManyInvalid", False)
    assert outcome.cause.startswith(
        f"{shards * invalid} of {shards * 100} records are invalid; the contract orders/1 tolerates "
    )
    assert outcome.cause.endswith("/quarantine/orders/2025-01-01/raw/k/")
    row = cloud["dynamodb"].get_item(TableName="files", Key={"file_id": {"S": "raw/k"}})["Item"]
    assert (row["status"], row["error"]) == ({"S": "FAILED"}, {"S": "TooManyInvalid"})
    assert row["counts"] == counted(read=shards * 100, quarantined=shards * invalid)
    assert "may_have_written_at" not in row


def counted(**counts):
    return {"M": {name: {"N": str(count)} for name, count in counts.items()}}


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize(
    ("broken", "is_read"),
    [
        ("CollectData", False),
        ("ParseAndValidate", False),
        ("Enrich", False),
        ("WriteToDdb", True),
        ("Notify", True),
    ],
)
def test_a_failure_leaves_the_numbers_of_a_file_that_was_read_to_its_end(
    execute, definition, cloud, shards, broken, is_read
):
    handlers, _ = functions(shards=shards, partitions=shards, read=10, invalid=3, broken=broken)
    run(execute, definition, cloud, handlers)
    rows = cloud["dynamodb"].scan(TableName="files")["Items"]
    (row,) = (row for row in rows if row["status"]["S"] == "FAILED")
    wanted = counted(read=10 * shards, quarantined=3 * shards) if is_read else {"M": {}}
    assert row["counts"] == wanted
    assert row.get("may_have_written_at") == (row["processed_at"] if is_read else None)


@pytest.mark.parametrize(("broken", "parts"), [("Enrich", {1}), ("WriteToDdb", {1})])
@pytest.mark.parametrize(
    "change", [{"run": {"S": "1" * 12}}, {"status": {"S": "FAILED"}}, {"status": {"S": "SUCCEEDED"}}]
)
def test_a_child_that_is_late_leaves_the_row_of_another_execution_alone(
    execute, definition, cloud, broken, parts, change
):
    handlers, _ = functions(shards=3, partitions=2)
    row = {**CLAIMED, **change, "execution": {"S": "another"}}
    cloud["dynamodb"].put_item(TableName="files", Item=row)
    outcome = run(execute, definition, cloud, failing(handlers, broken, parts))
    assert (outcome.status, outcome.error) == ("FAILED", f"{PARTS[broken]}Failed")
    assert cloud["dynamodb"].get_item(TableName="files", Key={"file_id": {"S": "raw/k"}})["Item"] == row


PARTS = {"Enrich": "Shards", "WriteToDdb": "Partitions"}


@pytest.mark.parametrize("read", [0, 100])
def test_a_file_without_records_is_within_any_tolerance(execute, definition, cloud, read):
    handlers, _ = functions(shards=1, partitions=1, read=read, tolerance={"count": 0, "share": 0})
    outcome = execute(
        definition, {"s3Bucket": "raw", "s3Key": "k"}, functions=handlers, clients=cloud.__getitem__
    )
    assert outcome.status == "SUCCEEDED", outcome.cause


# --- fan-outs of which a part fails ---


def failing(handlers, name, parts):
    """Let a function fail for some shards or partitions."""
    whole = handlers[name]

    def partly(event, context):
        answer = whole(event, context)
        part = event["shard"]["index"] if "shard" in event else event["partition"]
        if part in parts:
            raise RuntimeError(f"part {part} is broken")
        return answer

    return {**handlers, name: partly}


def run(execute, definition, cloud, handlers):
    return execute(
        definition, {"s3Bucket": "raw", "s3Key": "k"}, functions=handlers, clients=cloud.__getitem__
    )


def assert_failed_once(outcome, cloud, error, cause):
    assert (outcome.status, outcome.error) == ("FAILED", error)
    assert cause in outcome.cause
    assert outcome.states[-4:] == ["RecordFailure", "SendToDeadLetters", "TellPeople", "Failed"]
    assert outcome.states.count("TellPeople") == 1
    row = cloud["dynamodb"].get_item(TableName="files", Key={"file_id": {"S": "raw/k"}})["Item"]
    assert (row["status"], row["error"]) == ({"S": "FAILED"}, {"S": error})
    assert row.get("shard_error", row["error"]) == row["error"]
    queue = cloud["sqs"].get_queue_url(QueueName="dead-letters")["QueueUrl"]
    assert len(cloud["sqs"].receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]) == 1


@pytest.mark.parametrize("name", ["ParseAndValidate", "Enrich"])
@pytest.mark.parametrize("parts", [{1}, {0, 2, 49}])
def test_shards_that_fail_let_the_others_finish_and_nothing_is_written(
    execute, definition, cloud, name, parts
):
    handlers, calls = functions(shards=50)
    outcome = run(execute, definition, cloud, failing(handlers, name, parts))
    assert_failed_once(outcome, cloud, "RuntimeError", "is broken")
    enriched = {event["shard"]["index"] for called, event in calls if called == "Enrich"}
    assert enriched >= set(range(50)) - parts
    assert not {"WriteToDdb", "Notify"} & {called for called, _ in calls}


def test_a_file_that_is_broken_in_every_shard_ends_before_all_are_tried(execute, definition, cloud):
    handlers, calls = functions(shards=128, broken="ParseAndValidate")
    outcome = run(execute, definition, cloud, handlers)
    assert_failed_once(outcome, cloud, "RuntimeError", "broken")
    assert 3 < sum(name == "ParseAndValidate" for name, _ in calls) < 100


@pytest.mark.parametrize("parts", [{0}, {1, 4}, set(range(3))])
def test_partitions_that_fail_let_the_others_finish(execute, definition, cloud, parts):
    handlers, calls = functions(partitions=60)
    outcome = run(execute, definition, cloud, failing(handlers, "WriteToDdb", parts))
    assert_failed_once(outcome, cloud, "RuntimeError", "is broken")
    assert {event["partition"] for name, event in calls if name == "WriteToDdb"} == set(range(60))
    assert "Notify" not in {name for name, _ in calls}


@pytest.mark.parametrize("shards", [2, 50, 120])
def test_inputs_of_partitions_that_fail_never_exceed_what_the_map_may_return(
    execute, definition, cloud, shards
):
    handlers, _ = functions(shards=shards, partitions=30)
    parse = handlers["ParseAndValidate"]
    large = {**handlers, "ParseAndValidate": lambda *given: {**parse(*given), "reasons": {"x" * 1700: 1}}}
    outcome = run(execute, definition, cloud, failing(large, "WriteToDdb", set(range(30))))
    assert_failed_once(outcome, cloud, "RuntimeError", "is broken")


def test_causes_of_shards_are_cut_in_the_maps_result_and_whole_in_the_ledger(execute, definition, cloud):
    handlers, _ = functions(shards=128)
    answer = handlers["ParseAndValidate"]

    def wordy(event, context):
        if event["shard"]["index"] < 3:
            raise RuntimeError("x" * 30_000)
        return {**answer(event, context), "reasons": {"x" * 1700: 1}}

    outcome = run(execute, definition, cloud, {**handlers, "ParseAndValidate": wordy})
    assert_failed_once(outcome, cloud, "RuntimeError", "x" * 20_000)


@pytest.mark.parametrize("key", ["\x01" * 1024, "k" * 1024, "\U0001f600" * 256])
def test_the_largest_outcomes_and_failures_of_shards_fit_the_maps_result(execute, definition, cloud, key):
    file_ = {**largest_file(), "id": "raw/k", "run": RUN, "key": key}
    outcomes = [json.loads(json.dumps(each)) for each in longest_shards(largest_file())]
    handlers, _ = functions()
    plan = {"shards": 128, "shard_bytes": 2**28, "partitions": 512, "keep": True}
    handlers["CollectData"] = lambda event, context: collected(plan, file_)
    handlers["ParseAndValidate"] = lambda event, context: {
        "shard": event["shard"],
        "quarantined": 1,
        "read": 1,
    }

    def enrich(event, context):
        index = event["shard"]["index"]
        if index < definition["States"]["ParseShards"]["ToleratedFailureCount"]:
            raise RuntimeError("\x01" * 2000)
        return outcomes[index]

    handlers["Enrich"] = enrich
    outcome = run(execute, definition, cloud, handlers)
    assert (outcome.status, outcome.error) == ("FAILED", "RuntimeError")
    assert "ShardsFailed" in outcome.states


def test_without_the_ledger_the_numbers_of_failed_shards_are_told(execute, definition, cloud):
    cloud["dynamodb"].delete_table(TableName="files")
    handlers, _ = functions(shards=3)
    outcome = run(execute, definition, cloud, failing(handlers, "Enrich", {1, 2}))
    assert (outcome.status, outcome.error) == ("FAILED", "ShardsFailed")
    assert outcome.cause.startswith("2 of 3 shards failed")
    assert outcome.states[-4:] == ["RecordFailure", "SendToDeadLetters", "TellPeople", "Failed"]


def test_shards_and_partitions_are_told_where_outcomes_are_kept_and_plain_chains_are_not(
    execute, definition, cloud
):
    for shards, partitions in ((1, 1), (3, 1), (1, 3), (3, 3)):
        handlers, calls = functions(shards=shards, partitions=partitions)
        outcome = run(execute, definition, cloud, handlers)
        assert outcome.status == "SUCCEEDED", outcome.cause
        for name, event in calls:
            many = {"ParseAndValidate": shards, "Enrich": shards, "WriteToDdb": partitions}.get(name, 1)
            assert event.get("keep") == (True if many > 1 else None)


def test_what_was_kept_of_a_shard_passes_through_enrich(execute, definition, cloud):
    handlers, calls = functions(shards=3)
    parse, enrich = handlers["ParseAndValidate"], handlers["Enrich"]
    kept = {"enriched": 7, "quarantined": 2, "kept": True}

    def parsing(event, context):
        answer = parse(event, context)
        return {**answer, "kept": kept} if event["shard"]["index"] == 1 else answer

    def enriching(event, context):
        return event["parsed"].get("kept") or enrich(event, context)

    outcome = run(execute, definition, cloud, {**handlers, "ParseAndValidate": parsing, "Enrich": enriching})
    assert outcome.status == "SUCCEEDED", outcome.cause
    (notified,) = [event for name, event in calls if name == "Notify"]
    assert [shard.get("kept") for shard in notified["shards"]] == [None, True, None]
    assert [shard["quarantined"] for shard in notified["shards"]] == [0, 2, 0]


# --- writers that hand over ---

ITEMS = 100


def handing_over(handlers, puts):
    """Let each writer put so many items of its partition as `puts` says, and hand over the others."""

    def write(event, context):
        handlers["WriteToDdb"](event, context)
        assert event["started_at"]
        written = min(ITEMS, event["done"] + puts(event))
        answer = {"partition": event["partition"], "written": written, "superseded": 1}
        return answer | ({"left": ITEMS - written} if written < ITEMS else {})

    return {**handlers, "WriteToDdb": write}


def rounds_of(calls):
    """Return how many items were done of each partition whenever it was written, in that order."""
    rounds = {}
    for name, event in calls:
        if name == "WriteToDdb":
            rounds.setdefault(event["partition"], []).append(event["done"])
    return rounds


def test_partitions_are_handed_over_until_all_is_written(execute, definition, cloud):
    handlers, calls = functions(partitions=5)
    several = handing_over(handlers, lambda event: 100 if event["partition"] < 2 else 10 * event["partition"])
    outcome = run(execute, definition, cloud, several)
    assert outcome.status == "SUCCEEDED", outcome.cause
    assert rounds_of(calls) == {0: [0], 1: [0], 2: [0, 20, 40, 60, 80], 3: [0, 30, 60, 90], 4: [0, 40, 80]}
    assert outcome.states.count("WritePartitions") == 5
    (notified,) = [event for name, event in calls if name == "Notify"]
    assert sorted(each["partition"] for each in notified["partitions"]) == [0, 1, 2, 3, 4]
    assert all(each["written"] == ITEMS and "left" not in each for each in notified["partitions"])


def test_a_writer_that_puts_nothing_is_invoked_again_while_others_go_on(execute, definition, cloud):
    handlers, calls = functions(partitions=2)
    late = handing_over(
        handlers, lambda event: 25 if event["partition"] else 100 * (len(rounds_of(calls)[0]) == 4)
    )
    outcome = run(execute, definition, cloud, late)
    assert outcome.status == "SUCCEEDED", outcome.cause
    assert rounds_of(calls) == {0: [0, 0, 0, 0], 1: [0, 25, 50, 75]}


def test_a_round_in_which_no_writer_puts_an_item_is_the_last_one(execute, definition, cloud):
    handlers, calls = functions(partitions=3)
    stuck = handing_over(handlers, lambda event: 100 if event["partition"] == 1 else 40 * (not event["done"]))
    outcome = run(execute, definition, cloud, stuck)
    assert_failed_once(outcome, cloud, "TableTooSlow", "2 of 3 partitions are not written")
    assert rounds_of(calls) == {0: [0, 40], 1: [0], 2: [0, 40]}


@pytest.mark.parametrize(("items", "status"), [(1000, "SUCCEEDED"), (1001, "FAILED")])
def test_the_thousandth_round_is_the_last_one(execute, definition, cloud, monkeypatch, items, status):
    monkeypatch.setitem(globals(), "ITEMS", items)
    handlers, calls = functions(partitions=2)
    slow = handing_over(handlers, lambda event: items if event["partition"] else 1)
    outcome = run(execute, definition, cloud, slow)
    assert (outcome.status, outcome.error) == (status, "TableTooSlow" if status == "FAILED" else None)
    assert len(rounds_of(calls)[0]) == 1000


def test_what_is_handed_over_beside_a_partition_that_fails_is_written_to_its_end(execute, definition, cloud):
    cloud["dynamodb"].delete_table(TableName="files")
    handlers, calls = functions(partitions=3)
    one_breaks = failing(
        handing_over(handlers, lambda event: 50 + 50 * event["partition"]), "WriteToDdb", {2}
    )
    outcome = run(execute, definition, cloud, one_breaks)
    assert (outcome.status, outcome.error) == ("FAILED", "PartitionsFailed")
    assert outcome.cause.startswith("1 of 3 partitions failed")
    assert rounds_of(calls) == {0: [0, 50], 1: [0], 2: [0]}


def test_the_largest_files_may_hand_over_every_partition(execute, definition, cloud):
    handlers, calls = functions()
    plan = {"shards": 128, "shard_bytes": 2**28, "partitions": 512, "keep": True}
    outcomes = [json.loads(json.dumps(each)) for each in longest_shards(largest_file())]
    file_ = {**largest_file(), "id": "raw/k", "run": RUN}
    large = {
        **handlers,
        "CollectData": lambda event, context: collected(plan, file_),
        "Enrich": lambda event, context: outcomes[event["shard"]["index"]],
    }
    outcome = run(execute, definition, cloud, handing_over(large, lambda event: 60))
    assert outcome.status == "SUCCEEDED", outcome.cause
    assert rounds_of(calls) == {partition: [0, 60] for partition in range(512)}


def test_an_execution_that_is_stopped_after_a_round_goes_on_with_what_is_done(definition, cloud, in_engine):
    handlers, calls = functions(partitions=2)
    halves, stopped = handing_over(handlers, lambda event: 50), []

    def write(event, context):
        answer = halves["WriteToDdb"](event, context)
        if event["done"] and not stopped:
            raise Throttled("the Task is tried again until the execution is stopped")
        return answer

    async def stop_and_go_on(engine):
        machine = engine.create_state_machine("ingest", json.dumps(definition), ROLE)
        arn = engine.start_execution(machine.arn, json.dumps({"s3Bucket": "raw", "s3Key": "k"}), "one").arn
        while not any(event["done"] for name, event in calls if name == "WriteToDdb"):
            await asyncio.sleep(0.001)
        await engine.stop_execution(arn)
        stopped.append(len(calls))
        engine.redrives.redrive(arn)
        return await engine.wait_for_execution(arn)

    functions_ = LocalFunctions({**halves, "WriteToDdb": write})
    ended = in_engine(stop_and_go_on, functions=functions_, clients=cloud.__getitem__)
    assert ended.status == "SUCCEEDED", ended.cause
    assert rounds_of(calls[stopped[0] :]) == {0: [50], 1: [50]}
