"""One machine, right in both query languages, with its functions' signatures: what mutants are made of."""

from __future__ import annotations

from typing import Any

from tests.typing.jsonata_expressions import record

Json = Any
TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
LINE = record({"sku": TEXT, "quantity": {"type": "integer", "minimum": 1}}, "sku quantity")
MACHINE = {
    "input": record(
        {
            "order_id": TEXT,
            "customer": record({"email": TEXT, "tier": {"enum": ["gold", "plain"]}}, "email tier"),
            "lines": {"type": "array", "items": LINE, "minItems": 1},
            "coupon": TEXT,
        },
        "order_id customer lines",
    ),
    "output": record({"order_id": TEXT, "status": {"enum": ["placed", "refused"]}}, "order_id status"),
}
FUNCTIONS = {
    "price_line": {
        "input": record(
            {"sku": TEXT, "quantity": {"type": "integer", "minimum": 1}, "tier": TEXT}, "sku quantity tier"
        ),
        "output": record({"sku": TEXT, "amount": COUNT}, "sku amount"),
        "errors": ["UnknownSku", "Throttled"],
    },
    "charge": {
        "input": record(
            {
                "order_id": TEXT,
                "email": TEXT,
                "prices": {"type": "array", "items": record({"sku": TEXT, "amount": COUNT}, "sku amount")},
            },
            "order_id email prices",
        ),
        "output": record({"outcome": {"enum": ["paid", "declined"]}, "receipt": TEXT}, "outcome"),
        "errors": ["CardError"],
    },
}

_RETRY = [
    {"ErrorEquals": ["Throttled"], "MaxAttempts": 2},
    {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1},
]

JSONATA: dict[str, Json] = {
    "QueryLanguage": "JSONata",
    "StartAt": "Begin",
    "States": {
        "Begin": {
            "Type": "Pass",
            "Assign": {
                "order_id": "{% $states.input.order_id %}",
                "tier": "{% $states.input.customer.tier %}",
            },
            "Next": "PriceLines",
        },
        "PriceLines": {
            "Type": "Map",
            "Items": "{% $states.input.lines %}",
            "ItemSelector": {"line": "{% $states.context.Map.Item.Value %}", "tier": "{% $tier %}"},
            "ItemProcessor": {
                "StartAt": "PriceLine",
                "States": {
                    "PriceLine": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke",
                        "Arguments": {
                            "FunctionName": "${PriceLineArn}",
                            "Payload": {
                                "sku": "{% $states.input.line.sku %}",
                                "quantity": "{% $states.input.line.quantity %}",
                                "tier": "{% $states.input.tier %}",
                            },
                        },
                        "Retry": _RETRY,
                        "Output": "{% $states.result.Payload %}",
                        "End": True,
                    }
                },
            },
            "Assign": {"total": "{% $sum($states.result.amount) %}"},
            "Output": {"prices": "{% $states.result %}", "email": "{% $states.input.customer.email %}"},
            "Next": "IsFree",
        },
        "IsFree": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $total = 0 %}", "Next": "Placed"}],
            "Default": "Charge",
        },
        "Charge": {
            "Type": "Task",
            "Resource": "${ChargeArn}",
            "Arguments": {
                "order_id": "{% $order_id %}",
                "email": "{% $states.input.email %}",
                "prices": "{% $states.input.prices %}",
            },
            "TimeoutSeconds": "{% $total > 100 ? 60 : 30 %}",
            "Catch": [
                {
                    "ErrorEquals": ["CardError"],
                    "Assign": {"why": "{% $states.errorOutput.Error %}"},
                    "Next": "Tell",
                }
            ],
            "Next": "WasPaid",
        },
        "WasPaid": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": "{% $states.input.outcome = 'paid' and $exists($states.input.receipt) %}",
                    "Next": "Placed",
                }
            ],
            "Default": "Refused",
        },
        "Tell": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Arguments": {"TopicArn": "${TopicArn}", "Message": "{% $order_id & ': ' & $why %}"},
            "Next": "Refused",
        },
        "Placed": {"Type": "Succeed", "Output": {"order_id": "{% $order_id %}", "status": "placed"}},
        "Refused": {"Type": "Succeed", "Output": {"order_id": "{% $order_id %}", "status": "refused"}},
    },
}

JSONPATH: dict[str, Json] = {
    "QueryLanguage": "JSONPath",
    "StartAt": "PriceLines",
    "States": {
        "PriceLines": {
            "Type": "Map",
            "ItemsPath": "$.lines",
            "ItemSelector": {"line.$": "$$.Map.Item.Value", "tier.$": "$.customer.tier"},
            "ItemProcessor": {
                "StartAt": "PriceLine",
                "States": {
                    "PriceLine": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke",
                        "Parameters": {
                            "FunctionName": "${PriceLineArn}",
                            "Payload": {
                                "sku.$": "$.line.sku",
                                "quantity.$": "$.line.quantity",
                                "tier.$": "$.tier",
                            },
                        },
                        "Retry": _RETRY,
                        "OutputPath": "$.Payload",
                        "End": True,
                    }
                },
            },
            "ResultPath": "$.prices",
            "Next": "Count",
        },
        "Count": {
            "Type": "Pass",
            "Parameters": {
                "count.$": "States.ArrayLength($.prices)",
                "label.$": "States.Format('order {}', $.order_id)",
            },
            "ResultPath": "$.made",
            "Next": "HasMany",
        },
        "HasMany": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        {"Variable": "$.made.count", "NumericGreaterThan": 9},
                        {"Variable": "$.customer.tier", "StringEquals": "plain"},
                    ],
                    "Next": "Refused",
                }
            ],
            "Default": "Charge",
        },
        "Charge": {
            "Type": "Task",
            "Resource": "${ChargeArn}",
            "Parameters": {"order_id.$": "$.order_id", "email.$": "$.customer.email", "prices.$": "$.prices"},
            "ResultSelector": {"outcome.$": "$.outcome"},
            "ResultPath": "$.charged",
            "Catch": [{"ErrorEquals": ["CardError"], "ResultPath": "$.failure", "Next": "Tell"}],
            "Next": "WasPaid",
        },
        "WasPaid": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.charged.outcome", "StringEquals": "paid", "Next": "HasCoupon"}],
            "Default": "Refused",
        },
        "HasCoupon": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.coupon", "IsPresent": True, "Next": "UseCoupon"}],
            "Default": "Placed",
        },
        "UseCoupon": {
            "Type": "Pass",
            "Parameters": {"code.$": "$.coupon"},
            "ResultPath": "$.used",
            "Next": "Placed",
        },
        "Tell": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {
                "QueueUrl": "${QueueUrl}",
                "MessageBody": {"id.$": "$.order_id", "why.$": "$.failure.Error"},
            },
            "ResultPath": None,
            "Next": "Refused",
        },
        "Placed": {
            "Type": "Pass",
            "Parameters": {"order_id.$": "$.order_id", "status": "placed"},
            "End": True,
        },
        "Refused": {
            "Type": "Pass",
            "Parameters": {"order_id.$": "$.order_id", "status": "refused"},
            "End": True,
        },
    },
}
