"""From texts to trees."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from statewright import asl
from statewright.asl import jsonata, jsonpath, templates, tree
from statewright.asl._resources import parse_resource

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def parse(*states, **top):
    made = {f"S{index}": state for index, state in enumerate(states)}
    return asl.parse(json.dumps({"StartAt": "S0", "States": made, **top}))


def state(**fields):
    return parse({"End": True, **fields}).flow.states["S0"]


def test_a_machine_keeps_its_top_level_fields():
    machine = parse(
        {"Type": "Succeed"}, Comment="c", Version="1.0", TimeoutSeconds=60, QueryLanguage="JSONata"
    )
    assert (machine.comment, machine.version, machine.timeout, machine.language) == (
        "c",
        "1.0",
        60,
        "JSONata",
    )


def test_states_know_where_they_stand():
    machine = asl.parse('{\n "StartAt": "A",\n "States": {\n  "A": {"Type": "Succeed"}\n }\n}')
    at = machine.flow.states["A"].at
    assert (at.pointer, at.line, at.column) == ("/States/A", 4, 8)


def test_the_tree_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        state(Type="Pass").name = "other"


def test_fields_keep_their_written_names_and_compiled_sources():
    task = state(
        Type="Task", Resource=ARN, TimeoutSecondsPath="$.t", Parameters={"a.$": "$.b"}, HeartbeatSeconds=3
    )
    assert task.timeout.name == "TimeoutSecondsPath"
    assert isinstance(task.timeout.source, jsonpath.Path)
    assert task.heartbeat.source == tree.Constant(3)
    assert isinstance(task.payload.template, templates.Template)
    assert task.payload.at.pointer == "/States/S0/Parameters"


def test_jsonata_fields_are_expressions():
    task = state(
        Type="Task",
        QueryLanguage="JSONata",
        Resource=ARN,
        TimeoutSeconds="{% $t %}",
        Output="{% $states.result %}",
    )
    assert isinstance(task.timeout.source, jsonata.Expression)
    assert isinstance(task.output.template, jsonata.Template)


def test_retriers_and_catchers_have_awss_defaults():
    task = state(
        Type="Task",
        Resource=ARN,
        Retry=[{"ErrorEquals": ["A"]}],
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "S0"}],
    )
    (retrier,) = task.retry
    assert (
        retrier.interval,
        retrier.max_attempts,
        retrier.backoff_rate,
        retrier.max_delay,
        retrier.jitter,
    ) == (
        1,
        3,
        2.0,
        None,
        "NONE",
    )
    assert task.targets == ("S0",)


def test_walk_reaches_states_of_inner_flows():
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    deep = {"StartAt": "J", "States": {"J": {"Type": "Pass", "End": True}}}
    machine = parse(
        {"Type": "Parallel", "Branches": [inner], "Next": "S1"},
        {"Type": "Map", "ItemProcessor": deep, "End": True},
    )
    assert [each.name for each in machine.walk()] == ["S0", "I", "S1", "J"]


def test_inner_states_take_the_machines_language_not_the_maps():
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    found = state(Type="Map", QueryLanguage="JSONata", ItemProcessor=inner)
    assert found.language == "JSONata"
    assert found.processor.states["I"].language == "JSONPath"


@pytest.mark.parametrize(
    ("arn", "parts"),
    [
        (ARN, ("lambda", "lambda", "invoke", "")),
        (
            "arn:aws:states:::lambda:invoke.waitForTaskToken",
            ("integration", "lambda", "invoke", "waitForTaskToken"),
        ),
        (
            "arn:aws:states:::states:startExecution.sync:2",
            ("integration", "states", "startExecution", "sync:2"),
        ),
        ("arn:aws:states:::aws-sdk:s3:getObject", ("sdk", "s3", "getObject", "")),
        ("arn:aws:states:us-east-1:000000000000:activity:a", ("activity", "", "", "")),
        ("${Function}", ("other", "", "", "")),
    ],
)
def test_a_resource_is_taken_apart(arn, parts):
    found = parse_resource(arn)
    assert (found.kind, found.service, found.action, found.pattern) == parts


def test_the_projects_own_workflows_parse():
    for path in (Path(__file__).parents[2] / "statemachines").glob("*.asl.json"):
        assert list(asl.parse(path.read_text()).walk())
