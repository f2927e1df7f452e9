"""Every field of every state type, in both query languages: kept in the tree, or refused by name.

The table is the specification's (https://states-language.net) and the developer guide's
(https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html).
"""

from __future__ import annotations

import ast
import dataclasses
import json
from pathlib import Path

import pytest

from statewright import asl
from statewright.asl import tree

LANGUAGES = ("JSONPath", "JSONata")
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
FLOW = {"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}
DISTRIBUTED = {**FLOW, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
LISTING = {"Resource": "arn:aws:states:::s3:listObjectsV2"}
OBJECT = {"Resource": "arn:aws:states:::s3:getObject"}

# What a state of each type cannot do without.
LEAST = {
    "Pass": {"End": True},
    "Task": {"Resource": FUNCTION, "End": True},
    "Wait": {"Seconds": 1, "End": True},
    "Choice": {},
    "Succeed": {},
    "Fail": {},
    "Parallel": {"Branches": [FLOW], "End": True},
    "Map": {"ItemProcessor": DISTRIBUTED, "End": True},
}
RULES = {
    "JSONPath": [{"Variable": "$.a", "IsPresent": True, "Next": "Last"}],
    "JSONata": [{"Condition": "{% true %}", "Next": "Last"}],
}
WORKERS = ("Task", "Parallel", "Map")
FLOWING = ("Pass", "Task", "Wait", "Parallel", "Map")  # these have Next or End
NOT_FAIL = (*FLOWING, "Choice", "Succeed")
PATHS, QUERIES = ("JSONPath",), ("JSONata",)

# Field: a value of it, the types of state that have it, and the query languages in which they do.
FIELDS = {
    "Comment": ("why", tuple(LEAST), LANGUAGES),
    "QueryLanguage": ("JSONata", tuple(LEAST), QUERIES),
    "InputPath": ("$.a", NOT_FAIL, PATHS),
    "OutputPath": ("$.a", NOT_FAIL, PATHS),
    "Output": ({"a": 1}, NOT_FAIL, QUERIES),
    "Assign": ({"a": 1}, (*FLOWING, "Choice"), LANGUAGES),
    "Parameters": ({"a": 1}, ("Pass", *WORKERS), PATHS),
    "Arguments": ({"a": 1}, ("Task", "Parallel"), QUERIES),
    "ResultSelector": ({"a": 1}, WORKERS, PATHS),
    "ResultPath": ("$.r", ("Pass", *WORKERS), PATHS),
    "Result": (1, ("Pass",), PATHS),
    "Retry": ([{"ErrorEquals": ["States.ALL"]}], WORKERS, LANGUAGES),
    "Catch": ([{"ErrorEquals": ["States.ALL"], "Next": "Last"}], WORKERS, LANGUAGES),
    "TimeoutSeconds": (9, ("Task",), LANGUAGES),
    "TimeoutSecondsPath": ("$.a", ("Task",), PATHS),
    "HeartbeatSeconds": (5, ("Task",), LANGUAGES),
    "HeartbeatSecondsPath": ("$.a", ("Task",), PATHS),
    "Credentials": ({"RoleArn": "arn:aws:iam::000000000000:role/r"}, ("Task",), LANGUAGES),
    "Default": ("Last", ("Choice",), LANGUAGES),
    "Error": ("E", ("Fail",), LANGUAGES),
    "ErrorPath": ("$.a", ("Fail",), PATHS),
    "Cause": ("because", ("Fail",), LANGUAGES),
    "CausePath": ("States.Format('{}', $.a)", ("Fail",), PATHS),
    "Items": ([1], ("Map",), QUERIES),
    "ItemsPath": ("$.a", ("Map",), PATHS),
    "ItemSelector": ({"a": 1}, ("Map",), LANGUAGES),
    "MaxConcurrency": (3, ("Map",), LANGUAGES),
    "MaxConcurrencyPath": ("$.a", ("Map",), PATHS),
    "ToleratedFailureCount": (1, ("Map",), LANGUAGES),
    "ToleratedFailureCountPath": ("$.a", ("Map",), PATHS),
    "ToleratedFailurePercentage": (1, ("Map",), LANGUAGES),
    "ToleratedFailurePercentagePath": ("$.a", ("Map",), PATHS),
    "ItemReader": (LISTING, ("Map",), LANGUAGES),
    "ItemBatcher": ({"MaxItemsPerBatch": 2}, ("Map",), LANGUAGES),
    "ResultWriter": ({"Resource": "arn:aws:states:::s3:putObject"}, ("Map",), LANGUAGES),
    "Label": ("each", ("Map",), LANGUAGES),
    "Branches": ([], ("Parallel",), LANGUAGES),
    "Choices": ([], ("Choice",), LANGUAGES),
    "Resource": (FUNCTION, ("Task",), LANGUAGES),
    "ItemProcessor": (DISTRIBUTED, ("Map",), LANGUAGES),
    "Iterator": (DISTRIBUTED, ("Map",), PATHS),
    "Seconds": (1, ("Wait",), LANGUAGES),
    "SecondsPath": ("$.a", ("Wait",), PATHS),
    "Timestamp": ("2026-01-01T00:00:00Z", ("Wait",), LANGUAGES),
    "TimestampPath": ("$.a", ("Wait",), PATHS),
    "Next": ("Last", FLOWING, LANGUAGES),
    "End": (True, FLOWING, LANGUAGES),
    "ProcessorConfig": ({"Mode": "INLINE"}, (), ()),
    "Nonsense": (1, (), ()),
}
# What a field stands in for: it goes when the field comes.
REPLACED = {
    "SecondsPath": "Seconds",
    "Timestamp": "Seconds",
    "TimestampPath": "Seconds",
    "Iterator": "ItemProcessor",
    "Next": "End",
}
# The older name of another field: the tree is the same.
OTHER_NAMES = {"Iterator"}


def machine(kind, language, **fields):
    state = {"Type": kind, **LEAST[kind]}
    if kind == "Choice":
        state["Choices"] = RULES[language]
    for name, value in fields.items():
        state.pop(REPLACED.get(name, ""), None)
        state[name] = value
    # The top level stays JSONPath's where the state names its own language.
    own = {} if "QueryLanguage" in fields else {"QueryLanguage": language}
    last = {"Type": "Succeed"}
    leads = {"Type": "Choice", "Choices": RULES["JSONPath" if not own else language], "Default": "A"}
    states = {"Before": leads, "A": state, "Last": last}
    return json.dumps({"StartAt": "Before", **own, "States": states})


def shape(text):
    """The state in the tree, without positions."""

    def plain(value):
        if dataclasses.is_dataclass(value) and type(value).__module__ == tree.__name__:
            parts = {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
            return {name: part for name, part in parts.items() if name not in ("at", "resource_at")}
        if isinstance(value, tuple | list):
            return [plain(each) for each in value]
        if isinstance(value, dict):
            return {name: plain(each) for name, each in value.items()}
        return getattr(value, "text", None) or repr(value)

    return plain(asl.parse(text).flow.states["A"])


def cases():
    for name, (value, kinds, languages) in FIELDS.items():
        for kind in LEAST:
            for language in LANGUAGES:
                if name == "QueryLanguage" and language == "JSONPath":
                    continue
                yield pytest.param(
                    name, value, kind, language, kind in kinds and language in languages,
                    id=f"{kind}-{language}-{name}",
                )  # fmt: skip


@pytest.mark.parametrize(("name", "value", "kind", "language", "is_right"), list(cases()))
def test_each_field_is_kept_in_the_tree_or_refused_by_name(name, value, kind, language, is_right):
    text = machine(kind, language, **{name: value})
    if not is_right:
        told = [found.message + (found.pointer or "") for found in asl.diagnose(text)]
        assert any(name in each for each in told), told
    elif value == []:
        assert asl.diagnose(text) != []
    elif name in LEAST[kind] or name in OTHER_NAMES:
        assert asl.diagnose(text) == []
    else:
        without = machine(kind, "JSONPath" if name == "QueryLanguage" else language)
        assert shape(text) != shape(without)


def _attributes(folder):
    for path in sorted(Path(folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                yield node.attr


def test_what_the_tree_keeps_the_engine_reads():
    read = set(_attributes(Path(asl.__file__).parents[1] / "engine"))
    kept = {
        field.name
        for kind in vars(tree).values()
        if dataclasses.is_dataclass(kind)
        for field in dataclasses.fields(kind)
    }
    # A Comment and the Version of the language mean nothing to who runs it.
    assert kept - read <= {"comment", "version"}


def _map(**fields):
    return {"Type": "Map", "ItemProcessor": DISTRIBUTED, "End": True, **fields}


def _reading(**config):
    return _map(ItemReader={**OBJECT, "ReaderConfig": config})


def _retrying(**fields):
    return {"Type": "Task", "Resource": FUNCTION, "End": True, "Retry": [{"ErrorEquals": ["E"], **fields}]}


def _catching(**fields):
    catcher = {"ErrorEquals": ["E"], "Next": "Last", **fields}
    return {"Type": "Task", "Resource": FUNCTION, "End": True, "Catch": [catcher]}


def _choosing(condition):
    def choosing(**fields):
        rule = {**condition, "Next": "Last", **fields}
        return {"Type": "Choice", "Choices": [rule], "Default": "Last"}

    return choosing


def _processor(**config):
    processor = {**FLOW, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD", **config}}
    return _map(ItemProcessor=processor)


def _branch(**fields):
    return {"Type": "Parallel", "Branches": [{**FLOW, **fields}], "End": True}


# An object inside a state: how to make it, and what it has in each query language.
INNER = {
    "Retry": (
        _retrying,
        {
            "IntervalSeconds": 2,
            "MaxAttempts": 5,
            "BackoffRate": 1.5,
            "MaxDelaySeconds": 9,
            "JitterStrategy": "FULL",
        },
        {},
        {},
    ),
    "Catch": (_catching, {"Assign": {"a": 1}}, {"ResultPath": "$.e"}, {"Output": 1}),
    "ItemReader": (
        lambda **fields: _map(ItemReader={**LISTING, **fields}),
        {"ReaderConfig": {"MaxItems": 1}},
        {"Parameters": {"Bucket": "b"}},
        {"Arguments": {"Bucket": "b"}},
    ),
    "ReaderConfig of CSV": (
        lambda **config: _reading(
            InputType="CSV", CSVHeaderLocation="GIVEN", **{"CSVHeaders": ["h"], **config}
        ),
        {"CSVHeaders": ["a"], "CSVDelimiter": "PIPE", "MaxItems": 1},
        {"MaxItemsPath": "$.a"},
        {},
    ),
    "ReaderConfig of JSON": (
        lambda **config: _reading(InputType="JSON", **config),
        {"ItemsPointer": "/a", "MaxItems": 1},
        {"MaxItemsPath": "$.a"},
        {},
    ),
    "ItemBatcher": (
        lambda **fields: _map(ItemBatcher={"MaxItemsPerBatch": 1, **fields}),
        {"MaxInputBytesPerBatch": 1000, "BatchInput": {"a": 1}},
        {"MaxInputBytesPerBatchPath": "$.a"},
        {},
    ),
    "ResultWriter": (
        lambda **fields: _map(ResultWriter={"Resource": "arn:aws:states:::s3:putObject", **fields}),
        {"WriterConfig": {"OutputType": "JSONL"}},
        {"Parameters": {"Bucket": "b"}},
        {"Arguments": {"Bucket": "b"}},
    ),
    "WriterConfig": (
        lambda **config: _map(ResultWriter={"WriterConfig": config}),
        {"OutputType": "JSONL", "Transformation": "FLATTEN"},
        {},
        {},
    ),
    "ProcessorConfig": (_processor, {"ExecutionType": "EXPRESS"}, {}, {}),
    "Branch": (_branch, {"Comment": "why"}, {}, {}),
    "rule of paths": (
        _choosing({"Variable": "$.a", "IsPresent": True}),
        {"Assign": {"a": 1}},
        {},
        {"Output": None, "Condition": None},
    ),
    "rule of queries": (
        _choosing({"Condition": "{% true %}"}),
        {"Assign": {"a": 1}},
        {"Variable": None, "IsPresent": None, "And": None, "Or": None, "Not": None},
        {"Output": 1},
    ),
}
ONLY_IN = {"rule of paths": PATHS, "rule of queries": QUERIES}


def _document(language, state):
    rules = RULES[language]
    states = {"Before": {"Type": "Choice", "Choices": rules, "Default": "A"}, "A": state}
    states["Last"] = {"Type": "Succeed"}
    return json.dumps({"StartAt": "Before", "QueryLanguage": language, "States": states})


def inner_cases():
    for place, (_, both, paths, queries) in INNER.items():
        for language in ONLY_IN.get(place, LANGUAGES):
            own = paths if language == "JSONPath" else queries
            other = queries if language == "JSONPath" else paths
            for name, value in {**both, **own}.items():
                yield pytest.param(place, language, name, value, True, id=f"{place}-{language}-{name}")
            for name, value in {**other, "Nonsense": 1}.items():
                yield pytest.param(place, language, name, value, False, id=f"{place}-{language}-no-{name}")


@pytest.mark.parametrize(("place", "language", "name", "value", "is_right"), list(inner_cases()))
def test_each_field_inside_a_state_is_kept_or_refused_by_name(place, language, name, value, is_right):
    make = INNER[place][0]
    text = _document(language, make(**{name: value}))
    if not is_right:
        told = [found.message for found in asl.diagnose(text)]
        assert any(name in each for each in told), told
    elif place == "Branch":
        assert asl.parse(text).flow.states["A"].branches[0].comment == value
    else:
        assert shape(text) != shape(_document(language, make()))


@pytest.mark.parametrize(
    ("config", "refused"),
    [
        ({"InputType": "JSON", "CSVDelimiter": "PIPE"}, "CSVDelimiter"),
        ({"InputType": "JSONL", "CSVHeaders": ["a"]}, "CSVHeaders"),
        ({"InputType": "JSONL", "CSVHeaderLocation": "FIRST_ROW"}, "CSVHeaderLocation"),
        ({"InputType": "JSONL", "ItemsPointer": "/a"}, "ItemsPointer"),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "ItemsPointer": "/a"}, "ItemsPointer"),
        ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}, "CSVHeaders"),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "CSVHeaders": ["a"]}, "CSVHeaders"),
        ({"InputType": "CSV", "CSVHeaders": ["a"]}, "CSVHeaderLocation"),
        ({"InputType": "JSON", "ItemsPointer": "no-pointer"}, "ItemsPointer"),
        ({"ItemsPointer": "/a"}, "InputType"),
    ],
)
def test_settings_of_a_reader_that_would_have_no_effect_are_refused(config, refused):
    told = [found.message for found in asl.diagnose(_document("JSONPath", _reading(**config)))]
    assert any(refused in each for each in told), told


def test_a_listing_takes_no_settings_of_a_file():
    state = _map(ItemReader={**LISTING, "ReaderConfig": {"InputType": "CSV", "MaxItems": 1}})
    (found,) = asl.diagnose(_document("JSONPath", state))
    assert found.message == "Field 'InputType' is not supported by s3:listObjectsV2"


def test_an_inline_map_has_no_execution_type():
    processor = {**FLOW, "ProcessorConfig": {"Mode": "INLINE", "ExecutionType": "EXPRESS"}}
    (found,) = asl.diagnose(_document("JSONPath", _map(ItemProcessor=processor)))
    assert found.message == "Field 'ExecutionType' is not supported by an INLINE Map"


@pytest.mark.parametrize("label", ["", "a b", "a*", "a:b", "a/\\b", "a\n", "x" * 41, "{a}"])
def test_a_label_that_cannot_be_part_of_an_arn_is_refused(label):
    (found,) = asl.diagnose(_document("JSONPath", _map(Label=label)))
    assert "Label" in found.message


def test_labels_are_unique_in_the_whole_machine():
    states = {"A": {**_map(Label="Each"), "Next": "B"}, "B": _map(Label="Each")}
    del states["A"]["End"]
    states["B"]["ItemProcessor"] = {**DISTRIBUTED, "StartAt": "Y", "States": {"Y": {"Type": "Succeed"}}}
    (found,) = asl.diagnose(json.dumps({"StartAt": "A", "States": states}))
    assert found.message == "Duplicate Label: Each"
    assert found.pointer == "/States/B/Label"


@pytest.mark.parametrize(
    ("name", "value", "is_right"),
    [
        ("Comment", "why", True),
        ("Version", "1.0", True),
        ("Version", "2.0", False),
        ("TimeoutSeconds", 5, True),
        ("TimeoutSecondsPath", "$.a", False),
        ("QueryLanguage", "JSONata", True),
        ("QueryLanguage", "SQL", False),
        ("ProcessorConfig", {}, False),
        ("Assign", {}, False),
    ],
)
def test_each_field_of_the_machine_itself_is_kept_or_refused_by_name(name, value, is_right):
    text = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}, name: value})
    if is_right:
        attribute = {"TimeoutSeconds": "timeout", "QueryLanguage": "language"}.get(name, name.lower())
        assert getattr(asl.parse(text), attribute) == value
    else:
        (found,) = asl.diagnose(text)
        assert name in found.message + (found.pointer or "")
