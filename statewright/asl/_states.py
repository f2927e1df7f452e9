"""Reading states: one function a type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl import tree
from statewright.asl._choice_rules import read_rule
from statewright.asl._errors import read_catchers, read_retriers
from statewright.asl._maps import read_map
from statewright.asl._reader import MISSING, Reader
from statewright.asl._resources import parse_resource
from statewright.asl.timestamps import is_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

Json = Any
Common = dict[str, Any]

LANGUAGES = ("JSONPath", "JSONata")
MAX_NAME_LENGTH = 80


def read_flow(reader: Reader) -> tree.Flow | None:
    """Read StartAt and States of a machine, branch or processor; closes the reader."""
    missing = [name for name in ("States", "StartAt") if not reader.has(name)]
    if missing:
        reader.complain(f"These fields are required: [{', '.join(missing)}]")
    comment = reader.text("Comment")
    start_at = reader.text("StartAt")
    states = reader.object("States")
    reader.close()
    if states is None or start_at is None:
        return None
    if not states.value:
        states.complain("States must not be empty")
        return None
    found = {}
    for name, value in states.value.items():
        pointer = states.inner(name)
        if not isinstance(value, dict):
            reader.report.add("Expected value of type Object", pointer)
            continue
        state = read_state(name, Reader(reader.report, pointer, value, reader.report.language))
        if state is not None:
            found[name] = state
    return tree.Flow(reader.at, start_at, found, comment)


def read_state(name: str, reader: Reader) -> tree.State | None:
    """Read one state of any type."""
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        reader.complain(f"The name of a state has 1 to {MAX_NAME_LENGTH} characters")
    if not reader.require("Type"):
        return None
    kind = reader.text("Type")
    read = _READERS.get(kind or "")
    if read is None:
        reader.complain(f"The field 'Type' should have one of these values: [{', '.join(_READERS)}]", "Type")
        return None
    _read_language(reader)
    common: Common = {
        "name": name,
        "at": reader.at,
        "language": reader.language,
        "comment": reader.text("Comment"),
    }
    state = read(reader, common)
    reader.close()
    return state


def _read_language(reader: Reader) -> None:
    language = reader.one_of("QueryLanguage", LANGUAGES, reader.report.language)
    if language == "JSONPath" and reader.report.language == "JSONata":
        reader.complain("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
        return
    reader.language = "JSONata" if language == "JSONata" else "JSONPath"


def _read_next(reader: Reader, common: Common) -> None:
    target = reader.text("Next")
    ends = reader.boolean("End")
    if reader.has("Next") and reader.has("End") and ends:
        reader.complain("Only one of these fields is allowed: [Next, End]")
    if target is None and not ends:
        reader.complain("These fields are required: [Next] or [End]")
    common["next"] = target


def _read_input_output(reader: Reader, common: Common) -> None:
    """InputPath and OutputPath (JSONPath) or Output (JSONata)."""
    reader.only_in("JSONPath", "InputPath", "OutputPath", "Parameters", "ResultSelector", "ResultPath")
    reader.only_in("JSONata", "Output", "Arguments")
    if reader.language == "JSONata":
        common["output"] = reader.payload("Output")
    else:
        common["input_path"] = reader.path("InputPath")
        common["output_path"] = reader.path("OutputPath")


def _read_result(reader: Reader, common: Common) -> None:
    if reader.language == "JSONPath":
        common["result_path"] = reader.path("ResultPath", reference=True)


def _read_worker(reader: Reader, common: Common) -> None:
    _read_input_output(reader, common)
    _read_next(reader, common)
    _read_result(reader, common)
    common["assign"] = reader.assignments()
    if reader.language == "JSONPath":
        common["result_selector"] = reader.payload("ResultSelector", is_object=True)
    common["retry"] = read_retriers(reader)
    common["catch"] = read_catchers(reader)


def _read_arguments(reader: Reader) -> tree.Payload | None:
    return reader.payload("Arguments" if reader.language == "JSONata" else "Parameters")


def _pass(reader: Reader, common: Common) -> tree.State:
    _read_input_output(reader, common)
    _read_next(reader, common)
    _read_result(reader, common)
    reader.only_in("JSONPath", "Result")
    parameters, result = None, MISSING
    if reader.language == "JSONPath":
        parameters = reader.payload("Parameters")
        result = reader.take("Result")
    constant = None if result is MISSING else tree.Constant(result)
    return tree.Pass(**common, assign=reader.assignments(), parameters=parameters, result=constant)


def _task(reader: Reader, common: Common) -> tree.State | None:
    _read_worker(reader, common)
    is_complete = reader.require("Resource")
    arn = reader.text("Resource")
    payload = _read_arguments(reader)
    timeout = reader.quantity("TimeoutSeconds", minimum=1)
    heartbeat = reader.quantity("HeartbeatSeconds", minimum=1)
    _check_heartbeat(reader, timeout, heartbeat)
    credentials = reader.payload("Credentials", is_object=True)
    if credentials is not None:
        _check_credentials(reader, credentials.value)
    if arn is None or not is_complete:
        return None
    return tree.Task(
        **common,
        resource=parse_resource(arn),
        resource_at=reader.report.source.location(reader.inner("Resource")),
        payload=payload,
        timeout=timeout,
        heartbeat=heartbeat,
        credentials=credentials,
    )


def _check_credentials(reader: Reader, value: dict[str, Json]) -> None:
    roles = {"RoleArn", "RoleArn.$"} & set(value)
    if not roles:
        reader.complain("The field 'RoleArn' is required but was missing", "Credentials")
        return
    for name in sorted(set(value) - roles):
        reader.complain(f"Field '{name}' is not supported", "Credentials")
    if not isinstance(value.get("RoleArn", ""), str):
        reader.complain("Expected value of type String", "Credentials")


def _check_heartbeat(reader: Reader, timeout: tree.Field | None, heartbeat: tree.Field | None) -> None:
    if timeout is None or heartbeat is None:
        return
    if not (isinstance(timeout.source, tree.Constant) and isinstance(heartbeat.source, tree.Constant)):
        return
    if heartbeat.source.value >= timeout.source.value:
        reader.complain("HeartbeatSeconds must be smaller than TimeoutSeconds", "HeartbeatSeconds")


def _choice(reader: Reader, common: Common) -> tree.State:
    _read_input_output(reader, common)
    reader.require("Choices")
    readers = reader.objects("Choices")
    if not readers and reader.has("Choices"):
        reader.complain("Expected a list of at least one rule", "Choices")
    rules = tuple(rule for rule in map(read_rule, readers) if rule is not None)
    return tree.Choice(**common, assign=reader.assignments(), rules=rules, default=reader.text("Default"))


def _wait(reader: Reader, common: Common) -> tree.State:
    _read_input_output(reader, common)
    _read_next(reader, common)
    names = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
    if sum(reader.has(name) for name in names) != 1:
        reader.complain(f"Exactly one of these fields is required: [{', '.join(names)}]")
    seconds = reader.quantity("Seconds", minimum=0)
    timestamp = None
    if reader.has("TimestampPath") or reader.has("Timestamp"):
        timestamp = _timestamp(reader)
    return tree.Wait(**common, assign=reader.assignments(), seconds=seconds, timestamp=timestamp)


def _timestamp(reader: Reader) -> tree.Field | None:
    reader.only_in("JSONPath", "TimestampPath")
    if reader.has("TimestampPath"):
        return reader.path("TimestampPath")
    field = reader.text_or_path("Timestamp")
    if field is not None and isinstance(field.source, tree.Constant) and not is_timestamp(field.source.value):
        reader.complain("String does not match RFC3339 timestamp", "Timestamp")
    return field


def _succeed(reader: Reader, common: Common) -> tree.State:
    _read_input_output(reader, common)
    return tree.Succeed(**common)


def _fail(reader: Reader, common: Common) -> tree.State:
    return tree.Fail(**common, error=reader.text_or_path("Error"), cause=reader.text_or_path("Cause"))


def _parallel(reader: Reader, common: Common) -> tree.State:
    _read_worker(reader, common)
    reader.require("Branches")
    branches = tuple(flow for flow in map(read_flow, reader.objects("Branches")) if flow is not None)
    if not branches and reader.value.get("Branches") == []:
        reader.complain("Value cannot be empty", "Branches")
    return tree.Parallel(**common, branches=branches, payload=_read_arguments(reader))


def _map(reader: Reader, common: Common) -> tree.State | None:
    _read_worker(reader, common)
    return read_map(reader, common, read_flow)


_READERS: dict[str, Callable[[Reader, Common], tree.State | None]] = {
    "Task": _task,
    "Wait": _wait,
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
    "Choice": _choice,
    "Parallel": _parallel,
    "Map": _map,
}
