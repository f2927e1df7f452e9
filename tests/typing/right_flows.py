"""Right machines with flows inside them: Maps, Parallels, loops, catches, services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.typing.right_machines import DONE, Case, call, output, task

if TYPE_CHECKING:
    from collections.abc import Iterator


def execution_inputs() -> Iterator[Case]:
    """The execution's own input, guarded in a Choice and used later."""
    rule = {"Condition": "{% $exists($states.context.Execution.Input.coupon) %}", "Next": "Use"}
    yield (
        "execution input",
        "JSONata",
        {
            "A": {"Type": "Choice", "Choices": [rule], "Default": "No"},
            "Use": {
                "Type": "Pass",
                "Output": "{% $states.context.Execution.Input.coupon %}",
                "Next": "Again",
            },
            "Again": output("{% $states.context.Execution.Input.coupon & '' %}"),
            "No": DONE,
        },
    )
    path_rule = {"Variable": "$$.Execution.Input.coupon", "IsPresent": True, "Next": "Use"}
    yield (
        "execution input by path",
        "JSONPath",
        {
            "A": {"Type": "Choice", "Choices": [path_rule], "Default": "No"},
            "Use": {"Type": "Pass", "Parameters": {"c.$": "$$.Execution.Input.coupon"}, "End": True},
            "No": DONE,
        },
    )


def flows() -> Iterator[Case]:
    """Maps, Parallels, loops, catches, services."""
    price = {"sku": "{% $states.input.sku %}", "quantity": "{% $states.input.quantity %}"}
    lines = {
        "Type": "Map",
        "Items": "{% $states.input.lines %}",
        "ItemProcessor": {"StartAt": "P", "States": {"P": task("price_line", price)}},
    }
    order_id = "{% $states.context.Execution.Input.order_id %}"
    charge = {
        "order_id": order_id,
        "email": "{% $states.context.Execution.Input.customer.email %}",
        "amount": "{% $states.input.total %}",
    }
    yield "map", "JSONata", {"A": {**lines, "End": True}}
    total = {"total": "{% $sum($states.result.amount) %}", "skus": "{% [$states.result.sku] %}"}
    yield "map sum", "JSONata", {"A": {**lines, "Output": total, "Next": "B"}, "B": task("charge", charge)}
    assigned = {"A": {**lines, "Assign": {"total": "{% $sum($states.result.amount) %}"}, "Next": "B"}}
    yield "map variable", "JSONata", {**assigned, "B": task("charge", {**charge, "amount": "{% $total %}"})}
    selected = {
        **lines,
        "ItemSelector": {
            "line": "{% $states.context.Map.Item.Value %}",
            "n": "{% $states.context.Map.Item.Index %}",
            "tier": "{% $states.input.customer.tier %}",
        },
    }
    inner = {
        "sku": "{% $states.input.line.sku %}",
        "quantity": "{% $states.input.line.quantity %}",
        "tier": "{% $states.input.tier %}",
    }
    selected["ItemProcessor"] = {"StartAt": "P", "States": {"P": task("price_line", inner)}}
    yield "map selector", "JSONata", {"A": {**selected, "End": True}}
    outer = {"A": {"Type": "Pass", "Assign": {"tier": "{% $states.input.customer.tier %}"}, "Next": "M"}}
    seen = {**price, "tier": "{% $tier %}"}
    yield (
        "map sees variable",
        "JSONata",
        {
            **outer,
            "M": {
                **lines,
                "ItemProcessor": {"StartAt": "P", "States": {"P": task("price_line", seen)}},
                "End": True,
            },
        },
    )
    nested = {
        "Type": "Map",
        "Items": [[1, 2], [3]],
        "ItemProcessor": {
            "StartAt": "I",
            "States": {
                "I": {
                    "Type": "Map",
                    "Items": "{% $states.input %}",
                    "ItemProcessor": {"StartAt": "Q", "States": {"Q": output("{% $states.input * 2 %}")}},
                    "Output": "{% $sum($states.result) %}",
                    "End": True,
                }
            },
        },
        "Output": "{% $sum($states.result) %}",
        "End": True,
    }
    yield "nested maps", "JSONata", {"A": nested}
    filtered = {**lines, "Items": "{% [$states.input.lines[quantity > 1]] %}", "End": True}
    yield "map of a filter", "JSONata", {"A": filtered}
    numbers = {
        **lines,
        "Items": "{% [1..3] %}",
        "ItemProcessor": {"StartAt": "P", "States": {"P": output("{% $states.input + 1 %}")}},
        "End": True,
    }
    yield "map of numbers", "JSONata", {"A": numbers}
    objects = {
        **lines,
        "Items": {"a": 1, "b": 2},
        "ItemProcessor": {
            "StartAt": "P",
            "States": {"P": output("{% $states.input.Key & $string($states.input.Value) %}")},
        },
        "End": True,
    }
    yield "map of an object", "JSONata", {"A": objects}
    branches = [
        {"StartAt": "P1", "States": {"P1": task("start", {"order_id": "{% $states.input.order_id %}"})}},
        {"StartAt": "P2", "States": {"P2": task("find", {"id": "{% $states.input.order_id %}"})}},
    ]
    parallel = {"Type": "Parallel", "Branches": branches}
    both = {"job": "{% $states.result[0].job %}", "found": "{% $states.result[1].found %}"}
    yield (
        "parallel",
        "JSONata",
        {
            "A": {**parallel, "Output": both, "Next": "B"},
            "B": task("status", {"job": "{% $states.input.job %}"}),
        },
    )
    yield (
        "parallel merged",
        "JSONata",
        {
            "A": {**parallel, "Output": "{% $merge($states.result) %}", "Next": "B"},
            "B": task("status", {"job": "{% $states.input.job %}"}),
        },
    )
    yield (
        "parallel arguments",
        "JSONata",
        {
            "A": {
                **parallel,
                "Arguments": {"order_id": "{% $states.input.order_id %}", "more": 1},
                "End": True,
            }
        },
    )
    paid = {
        "A": task("charge", {**charge, "amount": 5}, Next="B"),
        "B": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.outcome = 'paid' %}", "Next": "Y"}],
            "Default": "N",
        },
        "Y": output("{% $states.input.receipt %}"),
        "N": output("{% $states.input.reason %}"),
    }
    yield "alternatives", "JSONata", paid
    turned = {
        **paid,
        "B": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.outcome != 'paid' %}", "Next": "N"}],
            "Default": "Y",
        },
    }
    yield "alternatives turned", "JSONata", turned
    exhaustive = {
        **paid,
        "B": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.outcome = 'paid' %}", "Next": "Y"},
                {"Condition": "{% $states.input.outcome = 'declined' %}", "Next": "N"},
            ],
        },
    }
    yield "alternatives without default", "JSONata", exhaustive
    by_receipt = {
        **paid,
        "B": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $exists($states.input.receipt) %}", "Next": "Y"}],
            "Default": "N",
        },
    }
    yield "alternatives by presence", "JSONata", by_receipt
    poll = {
        "A": task(
            "start",
            {"order_id": "{% $states.input.order_id %}"},
            Assign={"job": "{% $states.result.Payload.job %}"},
            Next="W",
        ),
        "W": {"Type": "Wait", "Seconds": 5, "Next": "S"},
        "S": task("status", {"job": "{% $job %}"}, Next="C"),
        "C": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.status = 'DONE' %}", "Next": "D"},
                {"Condition": "{% $states.input.status = 'FAILED' %}", "Next": "F"},
            ],
            "Default": "W",
        },
        "D": DONE,
        "F": {"Type": "Fail", "Error": "JobFailed", "Cause": "{% 'job ' & $job & ' failed' %}"},
    }
    yield "polling", "JSONata", poll
    count = {
        "A": {"Type": "Pass", "Assign": {"n": 0}, "Next": "W"},
        "W": task(
            "start",
            {"order_id": "{% $states.context.Execution.Input.order_id %}"},
            Assign={"n": "{% $n + 1 %}"},
            Next="C",
        ),
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $n < 3 %}", "Next": "W"}], "Default": "D"},
        "D": output("{% $n * 2 %}"),
    }
    yield "counting", "JSONata", count
    collect = {
        "A": {"Type": "Pass", "Assign": {"jobs": [], "n": 0}, "Next": "W"},
        "W": task(
            "start",
            {"order_id": order_id},
            Assign={"jobs": "{% $append($jobs, [$states.result.Payload.job]) %}", "n": "{% $n + 1 %}"},
            Next="C",
        ),
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $n >= 3 %}", "Next": "D"}], "Default": "W"},
        "D": output("{% $count($jobs) %}"),
    }
    yield "collecting", "JSONata", collect
    catch = [
        {
            "ErrorEquals": ["CardError"],
            "Assign": {"why": "{% $states.errorOutput.Error %}"},
            "Output": "{% $states.input %}",
            "Next": "T",
        }
    ]
    caught = {
        "A": task("charge", {**charge, "amount": 5}, Catch=catch, Next="D"),
        "T": task("notify", {"order_id": "{% $states.input.order_id %}", "text": "{% $why %}"}),
        "D": DONE,
    }
    yield "catch with assign", "JSONata", caught
    merged = [
        {
            "ErrorEquals": ["States.ALL"],
            "Output": "{% $merge([$states.input, {'error': $states.errorOutput}]) %}",
            "Next": "T",
        }
    ]
    yield (
        "catch merged",
        "JSONata",
        {
            **caught,
            "A": task("charge", {**charge, "amount": 5}, Catch=merged, Next="D"),
            "T": task(
                "notify",
                {
                    "order_id": "{% $states.input.order_id %}",
                    "text": "{% $states.input.error.Error %}",
                    "details": "{% $states.input.error %}",
                },
            ),
        },
    )
    plain = [{"ErrorEquals": ["States.ALL"], "Next": "F"}]
    yield (
        "catch plain",
        "JSONata",
        {
            "A": task("charge", {**charge, "amount": 5}, Catch=plain, Next="D"),
            "F": {
                "Type": "Fail",
                "Error": "{% $states.input.Error %}",
                "Cause": "{% $exists($states.input.Cause) ? $states.input.Cause : 'none' %}",
            },
            "D": DONE,
        },
    )
    whole = {
        "A": {"Type": "Pass", "Assign": {"order": "{% $states.input %}"}, "Next": "B"},
        "B": task("start", {"order_id": "{% $order.order_id %}"}, Next="C"),
        "C": task("notify", {"order_id": "{% $order.order_id %}", "text": "{% $states.input.job %}"}),
    }
    yield "variables", "JSONata", whole
    enriched = {
        "A": task(
            "find",
            {"id": "{% $states.input.order_id %}"},
            Output="{% $merge([$states.input, $states.result.Payload]) %}",
            Next="B",
        ),
        "B": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.found and $exists($states.input.item) %}", "Next": "C"}
            ],
            "Default": "D",
        },
        "C": output("{% $states.input.item.stock + $count($states.input.lines) %}"),
        "D": DONE,
    }
    yield "enriched input", "JSONata", enriched
    wait = {
        "A": {
            "Type": "Wait",
            "Timestamp": "{% $fromMillis($toMillis($states.input.placed_at) + 1000) %}",
            "Next": "B",
        },
        "B": {"Type": "Wait", "Seconds": "{% $states.input.express ? 1 : 60 %}", "Next": "C"},
        "C": output("{% $states.input.order_id %}"),
    }
    yield "waits", "JSONata", wait
    put = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:putItem",
        "Arguments": {
            "TableName": "orders",
            "Item": {
                "id": {"S": "{% $states.input.order_id %}"},
                "n": {"N": "{% $string($count($states.input.lines)) %}"},
                "tags": {"L": "{% [$states.input.tags.{'S': $}] %}"},
                "express": {"BOOL": "{% $states.input.express %}"},
            },
        },
        "End": True,
    }
    yield "dynamodb", "JSONata", {"A": put}
    get = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Arguments": {"TableName": "orders", "Key": {"id": {"S": "{% $states.input.order_id %}"}}},
        "Next": "B",
    }
    yield (
        "dynamodb get",
        "JSONata",
        {
            "A": get,
            "B": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $exists($states.input.Item) %}", "Next": "C"}],
                "Default": "D",
            },
            "C": output("{% $states.input.Item.name.S %}"),
            "D": DONE,
        },
    )
    queue = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {
            "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/000000000000/q",
            "MessageBody": "{% $states.input %}",
        },
        "End": True,
    }
    yield "sqs", "JSONata", {"A": queue}
    yield (
        "sqs text",
        "JSONata",
        {"A": {**queue, "Arguments": {**queue["Arguments"], "MessageBody": "{% $string($states.input) %}"}}},
    )
    publish = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {
            "TopicArn": "arn:aws:sns:eu-west-1:000000000000:t",
            "Message": {"id": "{% $states.input.order_id %}"},
            "Subject": "{% 'order ' & $states.input.order_id %}",
        },
        "End": True,
    }
    yield "sns", "JSONata", {"A": publish}
    events = {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents",
        "Arguments": {
            "Entries": [
                {
                    "Source": "shop",
                    "DetailType": "Placed",
                    "Detail": {"id": "{% $states.input.order_id %}"},
                    "EventBusName": "default",
                }
            ]
        },
        "End": True,
    }
    yield "events", "JSONata", {"A": events}
    s3 = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
        "Arguments": {
            "Bucket": "b",
            "Key": "{% $states.input.order_id & '.json' %}",
            "Body": "{% $states.input %}",
        },
        "End": True,
    }
    yield "s3", "JSONata", {"A": s3}
    token = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "TimeoutSeconds": 600,
        "Arguments": {
            "FunctionName": "approve",
            "Payload": {"token": "{% $states.context.Task.Token %}", "id": "{% $states.input.order_id %}"},
        },
        "End": True,
    }
    yield "token", "JSONata", {"A": token}
    child = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {
            "StateMachineArn": "arn:aws:states:eu-west-1:000000000000:stateMachine:other",
            "Input": {
                "id": "{% $states.input.order_id %}",
                "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "{% $states.context.Execution.Id %}",
            },
        },
        "Output": "{% $states.result.Output %}",
        "End": True,
    }
    yield "child", "JSONata", {"A": child}


def path_flows() -> Iterator[Case]:
    """The same in JSONPath."""
    find = {"id.$": "$.order_id"}
    envelope = {"ResultSelector": {"found.$": "$.Payload.found"}, "ResultPath": "$.lookup"}
    selected = {
        "A": call("find", find, **envelope, Next="B"),
        "B": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.lookup.found", "BooleanEquals": True, "Next": "C"}],
            "Default": "C",
        },
        "C": {"Type": "Pass", "Parameters": {"id.$": "$.order_id", "f.$": "$.lookup.found"}, "End": True},
    }
    yield "selector", "JSONPath", selected
    yield (
        "path instead",
        "JSONPath",
        {
            **selected,
            "A": call("find", find, ResultPath="$.lookup", Next="M"),
            "M": {"Type": "Pass", "InputPath": "$.lookup.Payload", "ResultPath": "$.lookup", "Next": "B"},
        },
    )
    yield (
        "output path",
        "JSONPath",
        {
            "A": call("find", find, OutputPath="$.Payload", Next="B"),
            "B": {
                "Type": "Choice",
                "Choices": [
                    {
                        "And": [
                            {"Variable": "$.found", "BooleanEquals": True},
                            {"Variable": "$.item", "IsPresent": True},
                        ],
                        "Next": "C",
                    }
                ],
                "Default": "D",
            },
            "C": {"Type": "Pass", "InputPath": "$.item", "Parameters": {"n.$": "$.stock"}, "End": True},
            "D": DONE,
        },
    )
    yield (
        "direct arn",
        "JSONPath",
        {
            "A": {
                "Type": "Task",
                "Resource": "arn:aws:lambda:eu-west-1:000000000000:function:find",
                "Parameters": find,
                "ResultPath": "$.lookup",
                "Next": "C",
            },
            "C": {"Type": "Pass", "Parameters": {"f.$": "$.lookup.found"}, "End": True},
        },
    )
    yield (
        "discarded",
        "JSONPath",
        {
            "A": call("notify", {"order_id.$": "$.order_id", "text": "hello"}, ResultPath=None, Next="C"),
            "C": {"Type": "Pass", "Parameters": {"f.$": "$.order_id"}, "End": True},
        },
    )
    mapped = {
        "Type": "Map",
        "ItemsPath": "$.lines",
        "ItemProcessor": {
            "StartAt": "P",
            "States": {
                "P": call(
                    "price_line", {"sku.$": "$.sku", "quantity.$": "$.quantity"}, OutputPath="$.Payload"
                )
            },
        },
    }
    yield (
        "map",
        "JSONPath",
        {
            "A": {**mapped, "ResultPath": "$.prices", "Next": "C"},
            "C": {
                "Type": "Pass",
                "Parameters": {"n.$": "States.ArrayLength($.prices)", "first.$": "$.prices[0].amount"},
                "End": True,
            },
        },
    )
    selector = {
        **mapped,
        "ItemSelector": {
            "sku.$": "$$.Map.Item.Value.sku",
            "quantity.$": "$$.Map.Item.Value.quantity",
            "index.$": "$$.Map.Item.Index",
            "tier.$": "$.customer.tier",
        },
    }
    yield "map selector", "JSONPath", {"A": {**selector, "End": True}}
    old = {
        "Type": "Map",
        "ItemsPath": "$.lines",
        "Parameters": {"sku.$": "$$.Map.Item.Value.sku", "quantity.$": "$$.Map.Item.Value.quantity"},
        "Iterator": mapped["ItemProcessor"],
        "End": True,
    }
    yield "map of old", "JSONPath", {"A": old}
    parallel = {
        "Type": "Parallel",
        "Branches": [
            {
                "StartAt": "P1",
                "States": {
                    "P1": call(
                        "start", {"order_id.$": "$.order_id"}, ResultSelector={"job.$": "$.Payload.job"}
                    )
                },
            },
            {"StartAt": "P2", "States": {"P2": call("find", find, OutputPath="$.Payload")}},
        ],
    }
    yield (
        "parallel",
        "JSONPath",
        {
            "A": {**parallel, "ResultPath": "$.parts", "Next": "C"},
            "C": {
                "Type": "Pass",
                "Parameters": {"j.$": "$.parts[0].job", "f.$": "$.parts[1].found"},
                "End": True,
            },
        },
    )
    yield (
        "parallel selector",
        "JSONPath",
        {
            "A": {**parallel, "ResultSelector": {"job.$": "$[0].job", "found.$": "$[1].found"}, "Next": "C"},
            "C": {"Type": "Pass", "Parameters": {"j.$": "$.job"}, "End": True},
        },
    )
    catch = [{"ErrorEquals": ["CardError"], "ResultPath": "$.error", "Next": "T"}]
    charge = {"order_id.$": "$.order_id", "email.$": "$.customer.email", "amount": 5}
    caught = {
        "A": call("charge", charge, ResultPath="$.paid", Catch=catch, Next="D"),
        "T": call("notify", {"order_id.$": "$.order_id", "text.$": "$.error.Error"}),
        "D": DONE,
    }
    yield "catch", "JSONPath", caught
    parsed = {
        **caught,
        "T": {
            "Type": "Pass",
            "Parameters": {"c.$": "States.StringToJson($.error.Cause)"},
            "ResultPath": "$.cause",
            "Next": "U",
        },
        "U": {
            "Type": "Pass",
            "Parameters": {"m.$": "$.cause.c.errorMessage", "id.$": "$.order_id"},
            "End": True,
        },
    }
    yield "catch parsed", "JSONPath", parsed
    lost = {
        **caught,
        "A": call(
            "charge",
            charge,
            ResultPath="$.paid",
            Catch=[{"ErrorEquals": ["States.ALL"], "Next": "F"}],
            Next="D",
        ),
        "F": {"Type": "Fail", "ErrorPath": "$.Error", "CausePath": "$.Cause"},
    }
    lost.pop("T")
    yield "catch to fail", "JSONPath", lost
    variables = {
        "A": {"Type": "Pass", "Assign": {"id.$": "$.order_id", "n": 0}, "Next": "B"},
        "B": call(
            "start",
            {"order_id.$": "$id"},
            Assign={"job.$": "$.Payload.job", "n.$": "States.MathAdd($n, 1)"},
            Next="C",
        ),
        "C": {
            "Type": "Choice",
            "Choices": [{"Variable": "$n", "NumericLessThan": 3, "Next": "B"}],
            "Default": "D",
        },
        "D": {"Type": "Pass", "Parameters": {"j.$": "$job"}, "End": True},
    }
    yield "variables", "JSONPath", variables
    poll = {
        "A": call("start", {"order_id.$": "$.order_id"}, ResultSelector={"job.$": "$.Payload.job"}, Next="W"),
        "W": {"Type": "Wait", "Seconds": 5, "Next": "S"},
        "S": call(
            "status",
            {"job.$": "$.job"},
            ResultSelector={"status.$": "$.Payload.status"},
            ResultPath="$.state",
            Next="C",
        ),
        "C": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.state.status", "StringEquals": "DONE", "Next": "D"},
                {"Variable": "$.state.status", "StringEquals": "FAILED", "Next": "F"},
            ],
            "Default": "W",
        },
        "D": DONE,
        "F": {"Type": "Fail", "Error": "JobFailed"},
    }
    yield "polling", "JSONPath", poll
    counter = {
        "A": {"Type": "Pass", "Result": {"index": 0, "count": 3}, "ResultPath": "$.iterator", "Next": "C"},
        "C": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.iterator.index", "NumericLessThanPath": "$.iterator.count", "Next": "B"}
            ],
            "Default": "D",
        },
        "B": call("start", {"order_id.$": "$.order_id"}, ResultPath=None, Next="I"),
        "I": {
            "Type": "Pass",
            "Parameters": {"index.$": "States.MathAdd($.iterator.index, 1)", "count.$": "$.iterator.count"},
            "ResultPath": "$.iterator",
            "Next": "C",
        },
        "D": DONE,
    }
    yield "counting", "JSONPath", counter
    mixed = {
        "A": {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": {"n": "{% $count($states.input.lines) %}", "id": "{% $states.input.order_id %}"},
            "Next": "B",
        },
        "B": {"Type": "Pass", "Parameters": {"m.$": "States.MathAdd($.n, 1)", "id.$": "$.id"}, "End": True},
    }
    yield "mixed languages", "JSONPath", mixed
    comparisons = {
        "A": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.placed_at", "IsTimestamp": True, "Next": "D"},
                {"Variable": "$.customer.tier", "StringEqualsPath": "$.order_id", "Next": "D"},
                {"Variable": "$.placed_at", "TimestampLessThan": "2030-01-01T00:00:00Z", "Next": "D"},
                {"Variable": "$.order_id", "StringMatches": "A-*", "Next": "D"},
                {"Variable": "$.lines[0].quantity", "NumericGreaterThan": 3, "Next": "D"},
            ],
            "Default": "D",
        },
        "D": DONE,
    }
    yield "comparisons", "JSONPath", comparisons
    every = {
        "A": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.customer.tier", "StringEquals": t, "Next": "D"}
                for t in ("gold", "silver", "plain")
            ],
        },
        "D": DONE,
    }
    yield "every tier", "JSONPath", every
    yes_no = {
        "A": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.express", "BooleanEquals": True, "Next": "D"},
                {"Variable": "$.express", "BooleanEquals": False, "Next": "D"},
            ],
        },
        "D": DONE,
    }
    yield "yes and no", "JSONPath", yes_no
    ranges = {
        "A": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.lines[0].price", "NumericLessThan": 10, "Next": "D"},
                {"Variable": "$.lines[0].price", "NumericGreaterThanEquals": 10, "Next": "D"},
            ],
        },
        "D": DONE,
    }
    yield "ranges", "JSONPath", ranges
    wait = {
        "A": {"Type": "Wait", "TimestampPath": "$.placed_at", "Next": "B"},
        "B": {"Type": "Wait", "SecondsPath": "$.lines[0].quantity", "Next": "D"},
        "D": DONE,
    }
    yield "waits", "JSONPath", wait
    body = {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": "${QueueUrl}", "MessageBody.$": "$"},
            "ResultPath": None,
            "Next": "B",
        },
        "B": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {"TopicArn": "${TopicArn}", "Message.$": "States.Format('{} placed', $.order_id)"},
            "End": True,
        },
    }
    yield "services", "JSONPath", body
    put = {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Parameters": {
                "TableName": "t",
                "Item": {
                    "id": {"S.$": "$.order_id"},
                    "n": {"N.$": "States.Format('{}', States.ArrayLength($.lines))"},
                    "tags": {"SS.$": "$.tags"},
                    "raw": {"S.$": "States.JsonToString($)"},
                },
            },
            "ResultPath": None,
            "End": True,
        }
    }
    yield "dynamodb", "JSONPath", put
    get = {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:getItem",
            "Parameters": {"TableName": "t", "Key": {"id": {"S.$": "$.order_id"}}},
            "ResultPath": "$.row",
            "Next": "B",
        },
        "B": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.row.Item", "IsPresent": True, "Next": "C"}],
            "Default": "D",
        },
        "C": {"Type": "Pass", "Parameters": {"n.$": "$.row.Item.name.S"}, "End": True},
        "D": DONE,
    }
    yield "dynamodb get", "JSONPath", get
    sdk = {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Parameters": {"Bucket": "b", "Key.$": "States.Format('{}.json', $.order_id)"},
            "ResultSelector": {"body.$": "States.StringToJson($.Body)"},
            "ResultPath": "$.file",
            "Next": "C",
        },
        "C": {"Type": "Pass", "Parameters": {"x.$": "$.file.body.anything"}, "End": True},
    }
    yield "sdk", "JSONPath", sdk
    nothing = {
        "A": {"Type": "Pass", "InputPath": None, "Next": "B"},
        "B": {"Type": "Pass", "Result": {"a": [1, {"b": 2}]}, "Next": "C"},
        "C": {
            "Type": "Pass",
            "Parameters": {"b.$": "$.a[1].b", "all.$": "$.a[*]", "last.$": "$.a[-1]"},
            "End": True,
        },
    }
    yield "literals", "JSONPath", nothing
