"""What each code means, with a wrong and a right definition; tests hold both against the checker.

An example is the states of a machine (the first is where it starts), with the signatures that it needs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from statewright.typing.example import Explanation, record
from statewright.typing.findings import CODES
from statewright.typing.operation_examples import OPERATIONS
from statewright.typing.revision_examples import REVISIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any


def definition_of(states: Mapping[str, Json] | str, language: str) -> str:
    """Write the definition of an example."""
    if isinstance(states, str):
        return states
    machine = {"QueryLanguage": language, "StartAt": next(iter(states)), "States": states}
    return json.dumps(machine, indent=2, ensure_ascii=False)


def explain(code: str) -> str | None:
    """Explain a code for a person; None where there is no such code."""
    known, example = CODES.get(code), EXPLANATIONS.get(code)
    if known is None or example is None:
        return None
    parts = [f"{code} ({known.severity}): {known.title}", "", example.why, ""]
    shown = [("Wrong", example.wrong), ("Right", example.right)]
    suffix = f" ({example.language}):"
    if example.before:
        shown, suffix = [("Before", example.before), *shown], ":"
    if example.roles is not None:
        shown += [("Wrong role", example.roles[0]), ("Right role", example.roles[1])]
    for title, states in shown:
        text = states if isinstance(states, str) else json.dumps(states, indent=2, ensure_ascii=False)
        parts += [f"{title}{suffix}", "", *(f"    {line}" for line in text.split("\n")), ""]
    for title, types in (
        ("functions/{}.json", example.functions),
        ("statemachines/{}.json", example.machines),
    ):
        for name, signature in types.items():
            parts += [f"With {title.format(name)}: {json.dumps(signature)}", ""]
    if example.pipeline:
        parts += [f"With pipeline.json: {json.dumps(example.pipeline)}", ""]
    if example.machine:
        parts += [f"With the machine's own signature: {json.dumps(example.machine)}", ""]
    return "\n".join(parts).rstrip()


_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_ORDER = {"input": record({"order_id": _TEXT, "total": {"type": "number"}}, {"coupon": _TEXT})}
_PRICE = {
    "price": {
        "input": record({"order_id": _TEXT, "quantity": {"type": "integer", "minimum": 1}}),
        "output": record({"amount": {"type": "number"}}),
        "errors": ["OutOfStock"],
    }
}
_DONE = {"Type": "Succeed"}


def _call(payload: Json, **more: Json) -> dict[str, Json]:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "${PriceArn}", "Payload": payload},
        "End": True,
    }
    return {**task, **more}


def _pass(**more: Json) -> dict[str, Json]:
    return {"Type": "Pass", "End": True, **more}


EXPLANATIONS: dict[str, Explanation] = {
    "SW001": Explanation(
        "AWS refuses to create this state machine, or the field has no effect. The message says"
        " what it wants.",
        {"Start": {"Type": "Pass"}},
        {"Start": _pass()},
    ),
    "SW002": Explanation(
        "The file is no JSON, or an object has one name twice, of which AWS keeps one and drops the other.",
        '{"StartAt": "A", "States": {"A": {"Type": "Succeed"},}}',
        '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
    ),
    "SW003": Explanation(
        "Next, Default and StartAt name states of the same flow; a state to which no way leads is never run.",
        {"Start": {"Type": "Pass", "Next": "Finish"}, "Finished": _DONE},
        {"Start": {"Type": "Pass", "Next": "Finished"}, "Finished": _DONE},
    ),
    "SW004": Explanation(
        "No state of the flow ends it: there is no Succeed, no Fail and no End.",
        {"Ping": {"Type": "Pass", "Next": "Pong"}, "Pong": {"Type": "Pass", "Next": "Ping"}},
        {"Ping": {"Type": "Pass", "Next": "Pong"}, "Pong": _pass()},
    ),
    "SW005": Explanation(
        "The name of a state is unique in the whole machine, also across branches and processors.",
        {
            "Work": {
                "Type": "Parallel",
                "Branches": [{"StartAt": "Work", "States": {"Work": _DONE}}],
                "End": True,
            }
        },
        {
            "Work": {
                "Type": "Parallel",
                "Branches": [{"StartAt": "Half", "States": {"Half": _DONE}}],
                "End": True,
            }
        },
    ),
    "SW101": Explanation(
        "No value that can come here has what the path names: a typing error, a field of another state, or a"
        " result that has replaced the input (ResultPath). JSONPath fails with States.Runtime, which no Catch"
        " sees; a JSONata expression yields nothing and fails with States.QueryEvaluationError.",
        {"Start": _pass(Output="{% $states.input.orderid %}")},
        {"Start": _pass(Output="{% $states.input.order_id %}")},
        machine=_ORDER,
    ),
    "SW102": Explanation(
        "The value is optional, or only some of the ways here give it. Ask for it in a Choice"
        " before (IsPresent,"
        " $exists), or give another value for that case.",
        {"Start": _pass(Output="{% $states.input.coupon %}")},
        {"Start": _pass(Output="{% $exists($states.input.coupon) ? $states.input.coupon : 'none' %}")},
        machine=_ORDER,
    ),
    "SW103": Explanation(
        "The array may be shorter, or no item may match. Declare minItems where it never is, test"
        " for the item"
        " before, or give another value for that case.",
        {"Start": _pass(Parameters={"first.$": "$.items[0]"})},
        {"Start": _pass(Parameters={"all.$": "$.items[0:1]"})},
        machine={"input": record({"items": {"type": "array", "items": _TEXT}})},
        language="JSONPath",
    ),
    "SW104": Explanation(
        "The function or operator fails on such a value.",
        {"Start": _pass(Output="{% $states.input.order_id * 2 %}")},
        {"Start": _pass(Output="{% $states.input.total * 2 %}")},
        machine=_ORDER,
    ),
    "SW105": Explanation(
        "The types on both sides have no value in common, so that the rule is dead: another kind of"
        " value, or a"
        " value that is not among those declared.",
        {
            "Start": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.total = '0' %}", "Next": "Free"}],
                "Default": "Free",
            },
            "Free": _DONE,
        },
        {
            "Start": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.total = 0 %}", "Next": "Free"}],
                "Default": "Free",
            },
            "Free": _DONE,
        },
        machine=_ORDER,
    ),
    "SW106": Explanation(
        "A name without '.$' hands its text on as it stands, and so does a text without {% %}.",
        {"Start": _pass(Parameters={"order": "$.order_id"})},
        {"Start": _pass(Parameters={"order.$": "$.order_id"})},
        machine=_ORDER,
        language="JSONPath",
    ),
    "SW107": Explanation(
        "A Choice in which no rule holds fails with States.NoChoiceMatched. It is a warning where the types"
        " show what is left, and where there is one rule alone; else a note.",
        {
            "Start": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.total > 9 %}", "Next": "Big"}],
            },
            "Big": _DONE,
        },
        {
            "Start": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $states.input.total > 9 %}", "Next": "Big"},
                    {"Condition": "{% $states.input.total <= 9 %}", "Next": "Small"},
                ],
            },
            "Big": _DONE,
            "Small": _DONE,
        },
        machine=_ORDER,
    ),
    "SW110": Explanation(
        "What the state sends is not what the function's schema takes: a field is missing, is too"
        " much, may be"
        " absent, or has another type.",
        {"Start": _call({"order_id": "{% $states.input.order_id %}"})},
        {"Start": _call({"order_id": "{% $states.input.order_id %}", "quantity": 1})},
        functions=_PRICE,
        machine=_ORDER,
    ),
    "SW111": Explanation(
        "The machine's signature declares an output; this way through the machine gives something else.",
        {"Start": _pass(Output={"order": "{% $states.input.order_id %}"})},
        {"Start": _pass(Output={"id": "{% $states.input.order_id %}"})},
        machine={**_ORDER, "output": record({"id": _TEXT})},
    ),
    "SW112": Explanation(
        "The service's operation has no such parameter, requires another one, or wants another"
        " type. Names are"
        " written in PascalCase.",
        {
            "Start": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Arguments": {"QueueURL": "${QueueUrl}", "MessageBody": "hello"},
                "End": True,
            }
        },
        {
            "Start": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Arguments": {"QueueUrl": "${QueueUrl}", "MessageBody": "hello"},
                "End": True,
            }
        },
    ),
    "SW113": Explanation(
        "Seconds are integers, Items an array or an object, a Condition a boolean, Error and Cause texts.",
        {"Start": {"Type": "Wait", "Seconds": "{% $states.input.order_id %}", "End": True}},
        {"Start": {"Type": "Wait", "Seconds": "{% $length($states.input.order_id) %}", "End": True}},
        machine=_ORDER,
    ),
    "SW114": Explanation(
        "ResultPath writes into the state's input, which must be an object on the way to the place.",
        {"Start": _pass(Result=1, ResultPath="$.order_id.length")},
        {"Start": _pass(Result=1, ResultPath="$.length")},
        machine=_ORDER,
        language="JSONPath",
    ),
    "SW115": Explanation(
        "The kind of the value is right, and nothing shows that it meets the refinement. Declare it where the"
        " value comes from, or test it.",
        {
            "Start": _call(
                {"order_id": "{% $states.input.order_id %}", "quantity": "{% $states.input.count %}"}
            )
        },
        {
            "Start": _call(
                {"order_id": "{% $states.input.order_id %}", "quantity": "{% $states.input.count + 1 %}"}
            )
        },
        functions=_PRICE,
        machine={"input": record({"order_id": _TEXT, "count": _COUNT})},
    ),
    "SW116": Explanation(
        "The machine that the state starts has a signature, and the Input does not fit it.",
        {
            "Start": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Arguments": {"StateMachineArn": "${ShipArn}", "Input": {"order": "7"}},
                "End": True,
            }
        },
        {
            "Start": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Arguments": {"StateMachineArn": "${ShipArn}", "Input": {"order_id": "7"}},
                "End": True,
            }
        },
        machines={"ship": {"input": record({"order_id": _TEXT})}},
    ),
    "SW117": Explanation(
        "The task ends when somebody sends its token back, and it sends the token to nobody.",
        {
            "Start": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Arguments": {"QueueUrl": "${QueueUrl}", "MessageBody": "approve"},
                "TimeoutSeconds": 3600,
                "End": True,
            }
        },
        {
            "Start": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Arguments": {
                    "QueueUrl": "${QueueUrl}",
                    "MessageBody": {"token": "{% $states.context.Task.Token %}"},
                },
                "TimeoutSeconds": 3600,
                "End": True,
            }
        },
    ),
    "SW118": Explanation(
        "The name of an operation is the API's, its first letter small. An ItemReader reads with"
        " s3:getObject or s3:listObjectsV2, a ResultWriter writes with s3:putObject.",
        {
            "Start": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:s3:headObjekt",
                "Arguments": {"Bucket": "b", "Key": "k"},
                "End": True,
            }
        },
        {
            "Start": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
                "Arguments": {"Bucket": "b", "Key": "k"},
                "End": True,
            }
        },
    ),
    "SW120": Explanation(
        "A variable is seen by the states after the one that assigns it, and by the flows inside"
        " those; what a"
        " branch or an iteration assigns is not seen outside, and nothing is seen in a Distributed Map.",
        {"Start": _pass(Output="{% $total %}")},
        {
            "Start": {"Type": "Pass", "Assign": {"total": 1}, "Next": "Finish"},
            "Finish": _pass(Output="{% $total %}"),
        },
    ),
    "SW121": Explanation(
        "One of the ways here does not assign the variable. Assign it on each, or before they part.",
        {
            "Start": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": "{% $states.input.total > 9 %}",
                        "Assign": {"big": True},
                        "Next": "Finish",
                    }
                ],
                "Default": "Finish",
            },
            "Finish": _pass(Output="{% $big %}"),
        },
        {
            "Start": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": "{% $states.input.total > 9 %}",
                        "Assign": {"big": True},
                        "Next": "Finish",
                    }
                ],
                "Default": "Finish",
                "Assign": {"big": False},
            },
            "Finish": _pass(Output="{% $big %}"),
        },
        machine=_ORDER,
    ),
    "SW130": Explanation(
        "The function's signature lists the errors that it raises, and this is none of them: the Retry or the"
        " Catch never matches.",
        {
            "Start": _call(
                {"order_id": "1", "quantity": 1}, Retry=[{"ErrorEquals": ["OutOfStocks"], "MaxAttempts": 1}]
            )
        },
        {
            "Start": _call(
                {"order_id": "1", "quantity": 1}, Retry=[{"ErrorEquals": ["OutOfStock"], "MaxAttempts": 1}]
            )
        },
        functions=_PRICE,
    ),
    "SW131": Explanation(
        "Names that begin with States. are AWS's own, and this one does not exist.",
        {
            "Start": _call(
                {"order_id": "1", "quantity": 1},
                Retry=[{"ErrorEquals": ["States.TimeOut"], "MaxAttempts": 1}],
            )
        },
        {
            "Start": _call(
                {"order_id": "1", "quantity": 1},
                Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}],
            )
        },
        functions=_PRICE,
    ),
    "SW132": Explanation(
        "An earlier Retry or Catch takes the error, or it is States.Runtime, which is never caught.",
        {"Start": _call({"order_id": "1", "quantity": 1}, Retry=[{"ErrorEquals": ["States.Runtime"]}])},
        {"Start": _call({"order_id": "1", "quantity": 1}, Retry=[{"ErrorEquals": ["States.Timeout"]}])},
        functions=_PRICE,
    ),
    "SW190": Explanation(
        "Nothing is known of what the function takes and gives. Write functions/<name>.json with"
        " input, output and errors. It is a warning where a function that has a signature differs from it by"
        " one letter.",
        {"Start": _call({"order_id": "1"})},
        {"Start": _call({"order_id": "1", "quantity": 1})},
        functions={},
    ),
    "SW191": Explanation(
        "Something unknown flows into a place that wants a type. Shown with --notes only.",
        {"Start": _call("{% $states.input %}")},
        {"Start": _call({"order_id": "{% $states.input.order_id %}", "quantity": 1})},
        functions=_PRICE,
        machine={},
    ),
    "SW192": Explanation(
        "suppressions.json names a finding that is not there any more: take the entry out. A"
        " suppression has a"
        " code, a machine, a pointer and a reason.",
        '[{"code": "SW101", "machine": "orders", "pointer": "/States/Gone", "reason": "It is new."}]',
        "[]",
    ),
}
EXPLANATIONS.update(OPERATIONS)
EXPLANATIONS.update(REVISIONS)
# The right example of these has the signature that the wrong one lacks.
LACKING: Mapping[str, tuple[Mapping[str, Json], Mapping[str, Json]]] = {
    "SW190": (_PRICE, {}),
    "SW191": (_PRICE, _ORDER),
}
