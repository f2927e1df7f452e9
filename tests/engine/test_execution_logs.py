"""Events of executions in CloudWatch Logs: which, in what form, and that nothing else depends on them."""

from __future__ import annotations

import json
import logging

import pytest

from statewright.engine import execution_logs
from statewright.engine.execution_logs import (
    BATCH_BYTES,
    BATCH_EVENTS,
    EVENT_OVERHEAD_BYTES,
    MAX_LOGGED_BYTES,
    Entry,
    batches_of,
    is_logged,
    log_entry,
)
from statewright.engine.payloads import dump
from statewright.engine.records import ExecutionRecord
from statewright.engine.runner import ROLE

GROUP = "/aws/vendedlogs/states/group"
PASS = {"StartAt": "State_1", "States": {"State_1": {"Type": "Pass", "Result": {"Arg1": 1}, "End": True}}}
FAIL = {"StartAt": "FailState", "States": {"FailState": {"Type": "Fail", "Error": "E", "Cause": "C"}}}
RECORD = ExecutionRecord("arn:e", "e", "arn:m", "RUNNING", 0.0, "{}")


class Logs:
    """CloudWatch Logs with some groups."""

    def __init__(self, groups=(GROUP,), fails=False):
        self.groups, self.fails = groups, fails
        self.streams, self.batches = [], []

    def describe_log_groups(self, **request):
        if self.fails:
            raise ConnectionError("nobody there")
        return {"logGroups": [{"logGroupName": each} for each in self.groups]}

    def create_log_stream(self, **request):
        if self.fails or request["logGroupName"] not in self.groups:
            raise LookupError(request["logGroupName"])
        self.streams.append(request["logStreamName"])

    def put_log_events(self, **request):
        assert request["logStreamName"] in self.streams
        self.batches.append(request["logEvents"])

    @property
    def events(self):
        return [json.loads(each["message"]) for batch in self.batches for each in batch]


def configuration(level="ALL", *, data=False, group=GROUP):
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"
    return {
        "level": level,
        "includeExecutionData": data,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
    }


@pytest.fixture
def logged(in_engine):
    """Run a machine to its end; give what came to be logged, and the execution."""

    def run(definition, settings, kind="STANDARD", logs=None, times=1):
        logs = logs or Logs()

        async def work(engine):
            machine = engine.create_state_machine("m", json.dumps(definition), ROLE, kind, logging=settings)
            for _ in range(times):
                record = engine.start_execution(machine.arn)
                running = engine.running[record.arn]
                record = await running.wait()
            await engine.logs.close()
            return record

        return logs, in_engine(work, clients=lambda service: logs)

    return run


def test_every_event_is_logged_in_awss_form(logged):
    logs, execution = logged(PASS, configuration(data=True))
    common = {"execution_arn": execution.arn, "redrive_count": "0"}
    events = [{**event, "event_timestamp": "t"} for event in logs.events]
    assert events[0] == {
        "id": "1",
        "type": "ExecutionStarted",
        "details": {"input": "{}", "inputDetails": {"truncated": False}, "roleArn": ROLE},
        "previous_event_id": "0",
        "event_timestamp": "t",
        **common,
    }
    assert events[2] == {
        "id": "3",
        "type": "PassStateExited",
        "details": {"name": "State_1", "output": '{"Arg1":1}', "outputDetails": {"truncated": False}},
        "previous_event_id": "2",
        "event_timestamp": "t",
        **common,
    }
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert logs.events[0]["event_timestamp"] == str(round(execution.start_date * 1000))


def test_data_is_left_out_unless_it_is_wanted(logged):
    logs, _ = logged(PASS, configuration())
    assert [event["details"] for event in logs.events] == [
        {"roleArn": ROLE},
        {"name": "State_1"},
        {"name": "State_1"},
        {},
    ]


@pytest.mark.parametrize(
    ("level", "types"),
    [
        ("ALL", ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]),
        ("ERROR", ["FailStateEntered", "ExecutionFailed"]),
        ("FATAL", ["ExecutionFailed"]),
        ("OFF", []),
    ],
)
def test_the_level_says_which_events_are_logged(logged, level, types):
    logs, _ = logged(FAIL, configuration(level))
    assert [event["type"] for event in logs.events] == types


@pytest.mark.parametrize(
    ("event_type", "least"),
    [
        ("ExecutionTimedOut", "FATAL"),
        ("ExecutionAborted", "FATAL"),
        ("LambdaFunctionTimedOut", "ERROR"),
        ("TaskStateAborted", "ERROR"),
        ("MapIterationFailed", "ERROR"),
        ("EvaluationFailed", "ERROR"),
        ("TaskStateEntered", "ALL"),
        ("ExecutionRedriven", "ALL"),
        ("MapRunSucceeded", "ALL"),
    ],
)
def test_each_type_of_event_has_its_level(event_type, least):
    levels = ("FATAL", "ERROR", "ALL")
    wanted = levels[levels.index(least) :]
    assert [level for level in levels if is_logged(level, event_type)] == list(wanted)
    assert not is_logged("OFF", event_type)


def test_an_express_execution_is_known_by_its_log_alone(logged):
    logs, execution = logged(FAIL, configuration(), kind="EXPRESS")
    assert logs.events[-1]["details"] == {"error": "E", "cause": "C"}
    assert logs.events[-1]["execution_arn"] == execution.arn
    assert ":express:" in execution.arn


def test_executions_of_a_machine_share_a_stream_named_after_it(logged):
    logs, _ = logged(PASS, configuration(), times=3)
    (stream,) = logs.streams
    assert stream.startswith("states/m/")
    assert len(logs.events) == 12


@pytest.mark.parametrize("logs", [Logs(groups=()), Logs(fails=True), None])
def test_an_execution_does_not_depend_on_its_log(logged, logs, caplog):
    with caplog.at_level(logging.CRITICAL):
        found, execution = logged(PASS, configuration(), logs=logs)
    assert execution.status == "SUCCEEDED"
    assert found.batches == [] or logs is None


def test_a_log_group_that_went_and_came_again_is_written_to(in_engine):
    logs = Logs()
    event = {"id": 1, "type": "T", "timestamp": 0, "previousEventId": 0}

    async def work(engine):
        machine = engine.create_state_machine("m", json.dumps(PASS), ROLE, logging=configuration())
        listen = engine.logs.listener(machine, RECORD)
        for groups in ((GROUP,), (), (GROUP,)):
            logs.groups = groups
            if not groups:
                logs.streams.clear()
            listen(event)
            await engine.logs.close()

    in_engine(work, clients=lambda service: logs)
    assert len(logs.events) == 2


def test_a_payload_that_is_too_long_for_a_log_is_cut():
    def entry(text):
        event = {"id": 1, "type": "T", "timestamp": 0, "previousEventId": 0}
        event["stateExitedEventDetails"] = {"output": text, "outputDetails": {"truncated": False}}
        return log_entry(event, RECORD, with_data=True)["details"]

    longest = "a" * (MAX_LOGGED_BYTES - 2)  # and its quotes
    assert entry(longest) == {"output": longest, "outputDetails": {"truncated": False}}
    cut = entry(longest + "a")
    assert cut["outputDetails"] == {"truncated": True}
    assert len(cut["output"]) == MAX_LOGGED_BYTES


def test_entries_are_sent_in_requests_of_the_size_that_cloudwatch_takes():
    def entries(count, size):
        return [Entry("g", "s", 0, "m" * size)] * count

    assert [len(batch) for batch in batches_of(entries(BATCH_EVENTS + 1, 1))] == [BATCH_EVENTS, 1]
    half = BATCH_BYTES // 2 - EVENT_OVERHEAD_BYTES
    assert [len(batch) for batch in batches_of(entries(3, half))] == [2, 1]
    assert [len(batch) for batch in batches_of(entries(2, half + 1))] == [1, 1]
    assert batches_of([]) == []


def test_what_waits_to_be_logged_is_bounded(in_engine, monkeypatch, caplog):
    logs = Logs()
    event = {"id": 1, "type": "T", "timestamp": 0, "previousEventId": 0}
    size = len(dump(log_entry(event, RECORD, with_data=False)))
    monkeypatch.setattr(execution_logs, "MAX_WAITING_CHARACTERS", 3 * size)

    async def work(engine):
        machine = engine.create_state_machine("m", json.dumps(PASS), ROLE, logging=configuration())
        listen = engine.logs.listener(machine, RECORD)
        for _ in range(2):  # what has been sent makes room
            for _ in range(5):
                listen(event)
            await engine.logs.close()

    in_engine(work, clients=lambda service: logs)
    assert len(logs.events) == 6
    assert caplog.text.count("is dropped") == 4
