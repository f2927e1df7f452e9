"""Random small machines: they end, their histories are well formed, and the same comes out again."""

from __future__ import annotations

import json
import re
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statewright.engine import run_with_history

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
PAIRS = {"Pass", "Succeed", "Choice", "Wait", "Task", "Parallel", "Map"}

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
paths = st.sampled_from(["$", "$.a", "$.b.c", "$.a[0]", "$$.State.Name", "$x"])


def functions():
    def handler(event, context):
        if isinstance(event, dict) and "a" in event:
            raise ValueError("a")
        return event

    return {"f": handler}


@st.composite
def bodies(draw, depth):
    kinds = ["Pass", "Pass", "Wait", "Task", "Fail", "Succeed"] + (["Parallel", "Map"] if depth else [])
    kind = draw(st.sampled_from(kinds))
    state = {"Type": kind}
    if kind == "Pass":
        state |= draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "Result": values,
                    "ResultPath": st.sampled_from(["$", "$.a", "$.b.c", None]),
                    "InputPath": paths,
                    "Parameters": st.dictionaries(st.sampled_from(["a.$", "b.$"]), paths, max_size=2),
                    "Assign": st.dictionaries(st.sampled_from(["x", "y"]), values, max_size=2),
                },
            )
        )
    elif kind == "Wait":
        state["Seconds"] = draw(st.integers(0, 1000))
    elif kind == "Fail":
        state["Error"] = draw(st.sampled_from(["E", "F"]))
    elif kind == "Parallel":
        state["Branches"] = draw(st.lists(flows(depth - 1), min_size=1, max_size=3))
    elif kind == "Map":
        state["ItemProcessor"] = draw(flows(depth - 1))
        state["MaxConcurrency"] = draw(st.integers(0, 3))
        state |= draw(st.fixed_dictionaries({}, optional={"ItemsPath": paths}))
    else:
        state["Resource"] = ARN
        if kind == "Succeed":
            del state["Resource"]
    if kind in ("Task", "Parallel", "Map"):
        retrier = {"ErrorEquals": ["States.ALL"], "MaxAttempts": draw(st.integers(0, 2))}
        state |= draw(
            st.fixed_dictionaries(
                {}, optional={"Retry": st.just([retrier]), "ResultPath": st.sampled_from(["$", "$.a", None])}
            )
        )
    return state


@st.composite
def flows(draw, depth):
    made = draw(st.lists(bodies(depth), min_size=1, max_size=4))
    prefix = draw(st.uuids(version=4)).hex
    names = [f"{prefix[:12]}-{index}" for index in range(len(made))]
    states = {}
    for index, state in enumerate(made):
        follower = names[index + 1] if index + 1 < len(names) else None
        if state["Type"] in ("Fail", "Succeed"):
            states[names[index]] = state
            break
        states[names[index]] = {**state, **({"Next": follower} if follower else {"End": True})}
        if state["Type"] in ("Task", "Parallel", "Map") and follower and draw(st.booleans()):
            states[names[index]]["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": follower}]
    return {"StartAt": names[0], "States": states}


def check(history, status):
    ids = {event["id"] for event in history}
    entered, left = Counter(), Counter()
    for event in history:
        assert event["previousEventId"] == 0 or event["previousEventId"] in ids
        assert event["previousEventId"] < event["id"]
        kind = event["type"]
        if kind.endswith("StateEntered"):
            entered[event["stateEnteredEventDetails"]["name"]] += 1
        if kind.endswith("StateExited"):
            left[event["stateExitedEventDetails"]["name"]] += 1
            json.loads(event["stateExitedEventDetails"]["output"])
    assert history[0]["type"] == "ExecutionStarted"
    assert history[-1]["type"] == {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed"}[status]
    assert not left - entered
    if status == "SUCCEEDED" and not any(event["type"].endswith("Failed") for event in history):
        assert entered == left


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(flows(2), values)
def test_a_random_machine_ends_and_its_history_is_well_formed(definition, value):
    record, history = run_with_history(definition, value, functions=functions(), virtual_time=True)
    assert record.status in ("SUCCEEDED", "FAILED")
    assert "Internal error" not in (record.cause or "")
    check(history, record.status)


def told(record):
    """Return how an execution ended; the ids of invocations, which a caught error's cause holds, differ."""
    output = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", record.output or "")
    return record.status, output, record.error


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(flows(1), values)
def test_a_random_machine_gives_the_same_again(definition, value):
    first, _ = run_with_history(definition, value, functions=functions(), virtual_time=True)
    second, _ = run_with_history(definition, value, functions=functions(), virtual_time=True)
    assert told(first) == told(second)
