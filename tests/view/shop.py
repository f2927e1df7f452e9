"""A project on disk, its functions in worker processes, their logs in files: as the local cloud has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS = ("price_order", "ship")
DESCRIPTION = {
    "name": "shop",
    "functions": {name: {} for name in FUNCTIONS},
    "state_machines": {"sell": {"definition": "statemachines/sell.asl.json"}},
}
PRICING = '''"""Prices an order."""

import logging


class UnknownArticle(ValueError):
    """Nobody sells it."""


def handler(event, context):
    logging.getLogger().warning("pricing %s", event["article"])
    print('{"level": "INFO", "message": "structured", "article": "a1"}')
    if event["article"] == "none":
        raise UnknownArticle("no price for none")
    return {"article": event["article"], "price": 3}
'''
SHIPPING = "async def send(event):\n    return event\n\n\nhandler = send\n"
LAMBDA = "arn:aws:states:::lambda:invoke"
SELL: dict[str, Any] = {
    "StartAt": "PriceOrder",
    "States": {
        "PriceOrder": {
            "Type": "Task",
            "Resource": LAMBDA,
            "Parameters": {"FunctionName": "${PriceOrderArn}", "Payload.$": "$"},
            "ResultSelector": {"price.$": "$.Payload.price"},
            "TimeoutSeconds": 60,
            "Next": "IsCheap",
        },
        "IsCheap": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.prize", "NumericLessThan": 10, "Next": "Done"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    },
}
COMMON = {"$defs": {"article": {"type": "string", "minLength": 2, "description": "An article's number."}}}
PRICE_ORDER = {
    "input": {
        "title": "an order",
        "type": "object",
        "properties": {
            "article": {"$ref": "../common.json#/$defs/article"},
            "count": {"type": "integer", "minimum": 1},
            "how": {"enum": ["post", "courier"]},
            "gift": {"type": "boolean"},
            "notes": {"type": "array", "items": {"type": "string"}},
            "to": {"$ref": "#/$defs/address"},
        },
        "required": ["article"],
        "additionalProperties": False,
    },
    "output": {
        "type": "object",
        "properties": {"article": {"type": "string"}, "price": {"type": "integer"}},
        "required": ["article", "price"],
        "additionalProperties": False,
    },
    "$defs": {
        "address": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    },
}
SIGNATURE = {"input": {"$ref": "../functions/price_order.json#/input"}}


def write_shop(root: Path) -> None:
    """Write the project into a folder."""
    texts = {
        "functions/price_order.py": PRICING,
        "functions/ship.py": SHIPPING,
        "pipeline.json": json.dumps(DESCRIPTION),
        "statemachines/sell.asl.json": json.dumps(SELL, indent=2),
        "schemas/common.json": json.dumps(COMMON),
        "schemas/functions/price_order.json": json.dumps(PRICE_ORDER),
        "schemas/statemachines/sell.json": json.dumps(SIGNATURE),
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
