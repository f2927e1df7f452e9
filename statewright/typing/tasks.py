"""Task: what it sends held against what it calls, and what comes back.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from statewright.asl.source import escape
from statewright.typing import services
from statewright.typing.deployment import read_deployment
from statewright.typing.findings import Where, is_one_slip, meant, pointed, suggestion_for
from statewright.typing.integrations import check_resource
from statewright.typing.job_answers import HTTP, answer_of
from statewright.typing.jsonata_values import object_shapes
from statewright.typing.selection import part_at, select
from statewright.typing.shapes import (
    COUNT,
    INTEGER,
    NEVER,
    SOME_OBJECT,
    STRING,
    UNKNOWN,
    Field,
    Object,
    Type,
    is_unknown,
    kinds,
    object_of,
    strings,
)
from statewright.typing.signatures import is_function_arn, names_of
from statewright.typing.subsumption import compare
from statewright.typing.texts import PLACEHOLDER

if TYPE_CHECKING:
    from statewright.asl.tree import Payload, Task
    from statewright.typing.findings import Severity
    from statewright.typing.flow import Surroundings
    from statewright.typing.signatures import Signature

Json = Any

_PARENT = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
_WEAK = ("range", "length", "refinement")
_INVOKE = object_of(
    {
        "FunctionName": STRING,
        "Payload": UNKNOWN,
        "InvocationType": strings("RequestResponse", "Event", "DryRun"),
        "Qualifier": STRING,
        "LogType": strings("None", "Tail"),
        "ClientContext": UNKNOWN,
    },
    optional=["Payload", "InvocationType", "Qualifier", "LogType", "ClientContext"],
)
_START = object_of(
    {"StateMachineArn": STRING, "Input": UNKNOWN, "Name": STRING, "TraceHeader": STRING},
    optional=["Input", "Name", "TraceHeader"],
)


def task_result(state: Task, payload: Type, around: Surroundings) -> Type:
    """Check what a Task sends; give the type of what it gets."""
    resource = state.resource
    check_resource(state, around.findings)
    if resource.pattern == "waitForTaskToken":
        _check_token(state, around)
    if resource.kind in ("lambda", "other") and _is_function(resource.arn):
        return _function_result(state, resource.arn, payload, state.at.pointer, around)
    target = f"{resource.service}:{resource.action}" if resource.kind == "integration" else ""
    if target == "lambda:invoke":
        return _invoke_result(state, payload, around)
    if target == "states:startExecution":
        return _execution_result(state, payload, around)
    model = services.modelled(resource)
    if target in ("http:invoke", "apigateway:invoke") and not resource.pattern:
        return HTTP.since(f"the result of {state.name} ({target})", state.name)
    if model is None:
        _check_operation(state, around)
        return answer_of(resource).since(f"the result of {state.name}", state.name)
    _check_arguments(state, payload, services.input_type(model), around)
    _check_one_of(state, payload, around)
    if resource.pattern:
        return answer_of(resource).since(f"the answer that {state.name} waits for", state.name)
    found = services.output_type(model, has_metadata=resource.kind != "sdk")
    return found.since(f"the result of {state.name} ({resource.service}:{resource.action})", state.name)


def _is_function(arn: str) -> bool:
    return ":lambda:" in arn or bool(PLACEHOLDER.fullmatch(arn))


def payload_pointer(state: Task, *names: str | int) -> str:
    """Give the pointer of a member of what a Task sends, or of what is nearest to it."""
    if state.payload is None:
        return state.at.pointer
    pointer, value = state.payload.at.pointer, state.payload.value
    for name in names:
        if isinstance(value, dict) and (name in value or f"{name}.$" in value):
            key = name if name in value else f"{name}.$"
            pointer, value = f"{pointer}/{escape(str(key))}", value[key]
        elif isinstance(value, list) and isinstance(name, int) and name < len(value):
            pointer, value = f"{pointer}/{name}", value[name]
        else:
            break
    return pointer


# --- functions ---


def _function_result(state: Task, name: str, payload: Type, pointer: str, around: Surroundings) -> Type:
    signature = _signature(state, name, pointer, around)
    if signature is None:
        return UNKNOWN.since(f"the result of {state.name}", state.name)
    _check_input(state, payload, signature, (), around)
    return signature.output.since(f"the result of {state.name} ({signature.file})", state.name)


def _signature(state: Task, name: str, pointer: str, around: Surroundings) -> Signature | None:
    if name.startswith("arn:") and "${" not in name and not is_function_arn(name):
        around.findings.add("SW112", f"{name} is no ARN of a function", Where(pointer))
        return None
    found = around.signatures.function(name)
    if found is None:
        message = f"{state.name} calls {name}, which has no signature: what it takes and gives is unknown"
        bare, known = name.rpartition(":")[2].strip("${}"), around.signatures.names("functions")
        is_slip = any(is_one_slip(each, other) for each in names_of(name) for other in known)
        is_told = "${" in name and read_deployment(around.signatures.folder) is not None  # by SW302
        severity: Severity | None = "warning" if is_slip and not is_told else None
        around.findings.add(
            "SW190", message, Where(pointer), severity=severity, suggestion=meant(bare, known)
        )
    return found


def _check_input(
    state: Task, payload: Type, signature: Signature, names: tuple[str, ...], around: Surroundings
) -> None:
    verdict = compare(payload, signature.input)
    if verdict.answer == "unknown":
        message = f"it cannot be shown that {state.name} gives {signature.name} what it takes"
        where = Where(payload_pointer(state, *names))
        around.findings.add("SW191", message, where, expected=signature.input, actual=payload)
    elif verdict.difference is not None:
        difference = verdict.difference
        where = Where(payload_pointer(state, *names, *difference.where, *_named(difference.name)))
        message = f"{state.name} gives {signature.name} what it does not take: {pointed(difference)}"
        around.findings.add(
            "SW115" if difference.kind in _WEAK else "SW110", message, where,
            expected=part_at(signature.input, difference.where), actual=part_at(payload, difference.where),
            difference=pointed(difference), suggestion=suggestion_for(difference),
        )  # fmt: skip


def _named(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)


def _literal_member(payload: Payload | None, name: str) -> str | None:
    """Give the text of a member that is written down, None for one that is worked out."""
    if payload is None or not isinstance(payload.value, dict):
        return None
    value = payload.value.get(name)
    return value if isinstance(value, str) and not value.startswith("{%") else None


def _invoke_result(state: Task, payload: Type, around: Surroundings) -> Type:
    _check_arguments(state, payload, _INVOKE, around)
    name = _literal_member(state.payload, "FunctionName")
    signature = None
    if name is not None:
        signature = _signature(state, name, payload_pointer(state, "FunctionName"), around)
    if signature is not None:
        _check_input(state, _sent(payload), signature, ("Payload",), around)
    if state.resource.pattern:
        return UNKNOWN.since(f"the answer that {state.name} waits for", state.name)
    is_waited_for = _literal_member(state.payload, "InvocationType") in (None, "RequestResponse")
    returned = UNKNOWN if signature is None or not is_waited_for else signature.output
    origin = f"the result of {state.name}" + (f" ({signature.file})" if signature else "")
    presumed = {name: Field(UNKNOWN, is_required=False, is_presumed=True) for name in _EXTRAS}
    fields = {
        "ExecutedVersion": Field(STRING),
        "Payload": Field(returned.since(origin, state.name)),
        "StatusCode": Field(INTEGER),
        **presumed,
    }
    return Type((Object(fields, NEVER, is_declared=True),)).since(origin, state.name)


_EXTRAS = ("LogResult", "SdkHttpMetadata", "SdkResponseMetadata", "FunctionError")


def _sent(payload: Type) -> Type:
    """Give what a function gets: nothing is an empty object, and a text that is JSON goes as what it says."""
    sent = select(payload, "Payload")
    if sent.type.is_never:
        return object_of({})
    if not sent.is_certain or (not is_unknown(sent.type) and kinds(sent.type) & {"null", "string"}):
        return UNKNOWN.under(sent.type)
    return sent.type


# --- executions of other machines ---


def _execution_result(state: Task, payload: Type, around: Surroundings) -> Type:
    _check_arguments(state, payload, _START, around)
    name = _literal_member(state.payload, "StateMachineArn")
    child = None if name is None else around.signatures.machine(name)
    if child is not None:
        _check_child(state, payload, child, around)
    origin = f"the result of {state.name}"
    if state.resource.pattern == "sync:2":
        output = UNKNOWN if child is None else child.output.since(f"{origin} ({child.file})", state.name)
        return _execution(output, UNKNOWN).since(origin, state.name)
    if state.resource.pattern == "sync":
        return _execution(STRING, STRING).since(origin, state.name)
    if state.resource.pattern:
        return UNKNOWN.since(f"the answer that {state.name} waits for", state.name)
    fields = {"ExecutionArn": Field(STRING), "StartDate": Field(UNKNOWN)}
    extras = {name: Field(UNKNOWN, is_required=False, is_presumed=True) for name in _EXTRAS}
    return Type((Object({**fields, **extras}, NEVER, is_declared=True),)).since(origin, state.name)


def _execution(output: Type, given: Type) -> Type:
    presumed = {
        "Input": given, "InputDetails": SOME_OBJECT, "OutputDetails": SOME_OBJECT, "StopDate": UNKNOWN,
        "TraceHeader": STRING, "MapRunArn": STRING, "RedriveCount": COUNT, "RedriveDate": UNKNOWN,
        "RedriveStatus": STRING, "RedriveStatusReason": STRING, "StateMachineVersionArn": STRING,
        "StateMachineAliasArn": STRING, "Error": STRING, "Cause": STRING,
    }  # fmt: skip
    certain = {
        "ExecutionArn": STRING, "Name": STRING, "Output": output, "StartDate": UNKNOWN,
        "StateMachineArn": STRING, "Status": strings("SUCCEEDED"),
    }  # fmt: skip
    fields = {name: Field(type_) for name, type_ in certain.items()}
    fields |= {name: Field(type_, is_required=False, is_presumed=True) for name, type_ in presumed.items()}
    return Type((Object(fields, NEVER, is_declared=True),))


def _without_parent(sent: Type, wanted: Type) -> Type:
    """Leave out the member by which AWS links an execution to the one that started it.

    A machine need not name it. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html
    """
    if any(_PARENT in shape.fields for shape in object_shapes(wanted)):
        return sent
    shapes = tuple(
        replace(shape, fields={name: each for name, each in shape.fields.items() if name != _PARENT})
        if isinstance(shape, Object)
        else shape
        for shape in sent.shapes
    )
    return replace(sent, shapes=shapes)


def _check_child(state: Task, payload: Type, child: Signature, around: Surroundings) -> None:
    given = select(payload, "Input")
    sent = object_of({}) if given.type.is_never else given.type
    if not is_unknown(sent) and kinds(sent) & {"string"}:
        return
    verdict = compare(_without_parent(sent, child.input), child.input)
    if verdict.difference is not None:
        difference = verdict.difference
        message = (
            f"{state.name} starts {child.name} with an input that it does not take: {pointed(difference)}"
        )
        where = Where(payload_pointer(state, "Input", *difference.where))
        around.findings.add(
            "SW115" if difference.kind in _WEAK else "SW116", message, where,
            expected=part_at(child.input, difference.where), actual=part_at(sent, difference.where),
            difference=pointed(difference), suggestion=suggestion_for(difference),
        )  # fmt: skip


# --- services ---


def _check_operation(state: Task, around: Surroundings) -> None:
    resource = state.resource
    known = services.operations(resource)
    if known is None and resource.kind == "sdk":
        suggestion = services.service_like(resource.service)
        if suggestion is not None:
            message = f"the SDK has no service {resource.service}"
            around.findings.add("SW118", message, Where(state.resource_at.pointer), suggestion=suggestion)
    if known is None or resource.kind != "sdk":
        return
    message = f"{resource.service} has no operation {resource.action}"
    where = Where(state.resource_at.pointer)
    around.findings.add("SW118", message, where, suggestion=meant(resource.action, known))


def _check_token(state: Task, around: Surroundings) -> None:
    """The token is in the context object: a payload that does not name it cannot hand it on."""
    if state.payload is None:
        return
    text = json.dumps(state.payload.value)
    if not re.search(r"Task\.Token|\$\$\.Task|context\.Task|\$\$\"|\$states\.context[^.]", text):
        message = f"{state.name} waits for a task token that it does not hand on: nobody can answer it"
        around.findings.add("SW117", message, Where(state.payload.at.pointer))


def _check_one_of(state: Task, payload: Type, around: Surroundings) -> None:
    resource = state.resource
    names = services.ONE_OF.get((resource.service, resource.action), ())
    sent = () if is_unknown(payload) else object_shapes(payload)
    if names and sent and all(shape.is_closed and not shape.fields.keys() & set(names) for shape in sent):
        message = f"{resource.service}:{resource.action} wants one of {', '.join(names)}"
        around.findings.add("SW112", message, Where(payload_pointer(state)))


def _check_arguments(state: Task, payload: Type, wanted: Type, around: Surroundings) -> None:
    if is_unknown(payload) or not object_shapes(payload):
        return
    verdict = compare(payload, wanted)
    difference = verdict.difference
    if difference is None or difference.kind in _WEAK:
        return
    action = f"{state.resource.service}:{state.resource.action}"
    message = f"the arguments do not fit {action}: {pointed(difference)}"
    where = Where(payload_pointer(state, *difference.where, *_named(difference.name)))
    around.findings.add(
        "SW112", message, where,
        expected=part_at(wanted, difference.where), actual=part_at(payload, difference.where),
        difference=pointed(difference), suggestion=suggestion_for(difference),
    )  # fmt: skip
