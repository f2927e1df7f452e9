"""Examples of findings about operation and deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.typing.example import Explanation, record

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any

_TEXT = {"type": "string"}
_DONE = {"Type": "Succeed"}
_PRICE = {
    "price": {
        "input": record({"order_id": _TEXT}),
        "output": record({"amount": {"type": "number"}}),
        "errors": ["OutOfStock"],
    }
}
_LINES = {"type": "array", "items": {"type": "string", "maxLength": 100}}
_ALL_RETRIED = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]


def _call(**more: Json) -> dict[str, Json]:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "${PriceArn}", "Payload": {"order_id": "7"}},
        "TimeoutSeconds": 70,
    }
    return {**task, **more}


def _wait_for_answer(**more: Json) -> dict[str, Json]:
    body = {"token": "{% $states.context.Task.Token %}"}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": "${OrdersUrl}", "MessageBody": body},
        **more,
        "End": True,
    }


def _map(**more: Json) -> dict[str, Json]:
    return {
        "Type": "Map",
        "Items": "{% $states.input.lines %}",
        **more,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each",
            "States": {"Each": _call(End=True)},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Arguments": {"Bucket": "${OutputBucket}", "Prefix": "results"},
        },
        "End": True,
    }


def _path_task(**more: Json) -> dict[str, Json]:
    return {
        "Type": "Task",
        "Resource": "${PriceArn}",
        "Parameters": {"order_id.$": "$.order_id"},
        "ResultPath": "$.price",
        "TimeoutSeconds": 70,
        **more,
    }


def _two_steps(catch: Json) -> dict[str, Json]:
    kept = {"ErrorEquals": ["OutOfStock"], "ResultPath": "$.error", "Next": "Tell"}
    return {
        "First": _path_task(Catch=[kept], Next="Second"),
        "Second": _path_task(Catch=[catch], End=True),
        "Tell": {"Type": "Pass", "Next": "Finish"},
        "Finish": _DONE,
    }


def _rounds(**more: Json) -> dict[str, Json]:
    return {
        "Start": {"Type": "Pass", "Assign": {"round": 1}, "Next": "IsEnough"},
        "IsEnough": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $round > 3 %}", "Next": "Finish"}],
            "Default": "Work",
        },
        "Work": {"Type": "Pass", **more, "Next": "IsEnough"},
        "Finish": _DONE,
    }


def _policy(action: str) -> Json:
    return {"machine": {"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}}


_PIPELINE = {"name": "shop", "functions": {"price": {"timeout_seconds": 60}}}

OPERATIONS: Mapping[str, Explanation] = {
    "SW133": Explanation(
        "Another call of the same function in this machine retries or catches an error that the function"
        " raises; this call does not, and fails the execution with it. Or: of a flow's"
        " states one alone has no Catch, where at least three others catch all errors.",
        {"Start": _call(Retry=_ALL_RETRIED, Next="Again"), "Again": _call(End=True)},
        {"Start": _call(Retry=_ALL_RETRIED, Next="Again"), "Again": _call(Retry=_ALL_RETRIED, End=True)},
        functions=_PRICE,
    ),
    "SW134": Explanation(
        "Lambda fails now and then for reasons of its own (Lambda.ServiceException,"
        " Lambda.AWSLambdaException, Lambda.SdkClientException, Lambda.TooManyRequestsException), and"
        " AWS asks for a Retry. Most Lambda Tasks of this machine have one.",
        {
            "Start": _call(Retry=_ALL_RETRIED, Next="Again"),
            "Again": _call(Retry=_ALL_RETRIED, Next="Last"),
            "Last": _call(End=True),
        },
        {
            "Start": _call(Retry=_ALL_RETRIED, Next="Again"),
            "Again": _call(Retry=_ALL_RETRIED, Next="Last"),
            "Last": _call(Retry=[{"ErrorEquals": ["Lambda.ServiceException"]}], End=True),
        },
        functions={"price": {"input": record({"order_id": _TEXT})}},
    ),
    "SW201": Explanation(
        "Without TimeoutSeconds a Task may take 99,999,999 seconds. It is a warning for a Task that waits for"
        " somebody's answer, and where two of three Tasks of the machine have one; else a note. A"
        " TimeoutSeconds of the whole machine is a bound, too.",
        {"Start": _wait_for_answer()},
        {"Start": _wait_for_answer(TimeoutSeconds=3600)},
    ),
    "SW202": Explanation(
        "AWS demands that HeartbeatSeconds is below TimeoutSeconds; a heartbeat that is due later is never"
        " missed.",
        {"Start": _wait_for_answer(TimeoutSeconds="{% 60 %}", HeartbeatSeconds=600)},
        {"Start": _wait_for_answer(TimeoutSeconds="{% 600 %}", HeartbeatSeconds=60)},
    ),
    "SW203": Explanation(
        "A function whose Task has given up goes on, and a Retry starts it a second time beside the first. A"
        " Task that waits much longer than its function may run (twice as long and a minute) waits for"
        " nothing. The function's own timeout is timeout_seconds in pipeline.json. In an EXPRESS execution,"
        " which ends after five minutes, a longer function is not asked.",
        {"Start": _call(TimeoutSeconds=30, End=True)},
        {"Start": _call(TimeoutSeconds=70, End=True)},
        functions=_PRICE,
        pipeline=_PIPELINE,
    ),
    "SW204": Explanation(
        "What a state takes, gives or gets back is 256 KiB at most (States.DataLimitExceeded). The sizes are"
        " those that maxLength and maxItems allow, with plain letters; what has no bound counts as small as"
        " it may be. Results of a Distributed Map that nothing bounds are a note. Send a reference to stored"
        " data, or declare the bounds that hold.",
        {
            "Start": {
                "Type": "Pass",
                "Output": {"lines": "{% $append($states.input.lines, $states.input.lines) %}"},
                "End": True,
            }
        },
        {"Start": {"Type": "Pass", "Output": {"lines": "{% $states.input.lines %}"}, "End": True}},
        machine={"input": record({"lines": {**_LINES, "maxItems": 2000}})},
    ),
    "SW205": Explanation(
        "A Distributed Map of Tasks without MaxConcurrency (or with 0) runs up to 10,000 executions at"
        " once: more than Lambda and most services take. For an inline Map, which runs 40 at once, it is a"
        " note. Few items need no bound.",
        {"Start": _map()},
        {"Start": _map(MaxConcurrency=20)},
        functions=_PRICE,
        machine={"input": record({"lines": _LINES})},
    ),
    "SW206": Explanation(
        "A Catch without ResultPath (JSONPath) or Output (JSONata) hands on Error and Cause alone. It is a"
        " warning where the same state gets the input with the error from elsewhere, else a note.",
        _two_steps({"ErrorEquals": ["OutOfStock"], "Next": "Tell"}),
        _two_steps({"ErrorEquals": ["OutOfStock"], "ResultPath": "$.error", "Next": "Tell"}),
        functions=_PRICE,
        machine={"input": record({"order_id": _TEXT})},
        language="JSONPath",
    ),
    "SW207": Explanation(
        "No way leads out of the loop. It is a warning where a way leads out and is never taken: the exits"
        " ask what nothing in the loop changes, or the loop is a Catch that leads back to its Task and"
        " nothing counts the rounds.",
        _rounds(Output="{% $states.input %}"),
        _rounds(Assign={"round": "{% $round + 1 %}"}),
    ),
    "SW208": Explanation(
        "A thousand attempts, or intervals that add up to a year, are no bound: the execution ends before."
        " Intervals double by default: MaxDelaySeconds bounds them.",
        {"Start": _call(Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 40}], End=True)},
        {
            "Start": _call(
                Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 40, "MaxDelaySeconds": 60}], End=True
            )
        },
        functions=_PRICE,
    ),
    "SW209": Explanation(
        "An EXPRESS execution lives five minutes, waits for no answers (.sync, .waitForTaskToken,"
        " activities) and has no Distributed Map. Which machine is EXPRESS is said in pipeline.json, and in a"
        " Distributed Map's ProcessorConfig.",
        {"Start": _wait_for_answer(TimeoutSeconds=60)},
        {"Start": _call(End=True)},
        functions=_PRICE,
        pipeline={
            "name": "shop",
            "functions": {"price": {"timeout_seconds": 60}},
            "queues": {"orders": {}},
            "state_machines": {"machine": {"definition": "machine.asl.json", "type": "EXPRESS"}},
        },
    ),
    "SW301": Explanation(
        "pipeline.json describes a function, or functions/ has a signature of one, that no state calls and no"
        " other part of pipeline.json names. Asked where the whole project is checked: without a PATH.",
        {"Start": _DONE},
        {"Start": _call(End=True)},
        functions=_PRICE,
        pipeline=_PIPELINE,
    ),
    "SW302": Explanation(
        "Nothing in pipeline.json has this name, so that the definition cannot be deployed.",
        {"Start": _call(Arguments={"FunctionName": "${PricesArn}", "Payload": {"order_id": "7"}}, End=True)},
        {"Start": _call(End=True)},
        functions=_PRICE,
        pipeline=_PIPELINE,
    ),
    "SW303": Explanation(
        "The role with which the machine runs does not allow what its states do: they fail with an error of"
        " the service when they get there. Asked with --iam.",
        {"Start": _call(End=True)},
        {"Start": _call(End=True)},
        functions=_PRICE,
        roles=(_policy("lambda:GetFunction"), _policy("lambda:InvokeFunction")),
    ),
}
