"""Examples of what a change since an earlier revision breaks: files before, and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.typing.example import Explanation, record

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_ORDERS = "schemas/datasets/orders/1.json"
_PRICE = "schemas/functions/price.json"
_MACHINE = "schemas/statemachines/order.json"
_DEFINITION = "statemachines/order.asl.json"
_KEY = {"partition": {"name": "order_id", "type": "S"}}


def _contract(members: Mapping[str, Json], required: str = "order_id", **said: Json) -> Json:
    return {
        "type": "object",
        "properties": {"order_id": _TEXT, **members},
        "required": required.split(),
        "x-dataset": {"sources": [{"keys": "orders/**"}], "key": _KEY, **said},
    }


def _price(taken: Json, given: Json, *errors: str) -> Json:
    return {"input": taken, "output": given, "errors": list(errors)}


def _definition(payload: Json, name: str = "Price") -> Json:
    task = {
        "Type": "Task",
        "Resource": "${PriceArn}",
        "Arguments": payload,
        "TimeoutSeconds": 60,
        "End": True,
    }
    return {"QueryLanguage": "JSONata", "StartAt": name, "States": {name: task}}


_SKU = record({"sku": _TEXT})
_AMOUNT = record({"amount": _COUNT})
_SENDS_SKU = _definition({"sku": "a"})
_DAY = {"to": "day", "op": "date", "from": "at"}

REVISIONS: dict[str, Explanation] = {
    "SW401": Explanation(
        "Who sends such records finds them in quarantine. Give the contract a new version only when they all"
        " send the new form, or take both.",
        {_ORDERS: _contract({"amount": {"type": "integer"}})},
        {_ORDERS: _contract({"amount": {"type": "number"}, "note": _TEXT})},
        before={_ORDERS: _contract({"amount": {"type": "number"}})},
    ),
    "SW402": Explanation(
        "Items that were written before lack a member, have another type, or another name. Whoever reads the"
        " table meets both. Write them anew, or leave the new member optional.",
        {_ORDERS: _contract({"amount": {"type": "number"}, "currency": _TEXT}, "order_id currency")},
        {_ORDERS: _contract({"amount": {"type": "number"}, "currency": _TEXT})},
        before={_ORDERS: _contract({"amount": {"type": "number"}})},
    ),
    "SW403": Explanation(
        "The key of a table cannot be changed: it is deleted and made anew, and what is in it is lost unless"
        " it is moved. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html",
        {_ORDERS: _contract({"day": _TEXT}, key={**_KEY, "sort": {"name": "day", "type": "S"}})},
        {_ORDERS: _contract({"day": _TEXT})},
        before={_ORDERS: _contract({"day": _TEXT})},
    ),
    "SW404": Explanation(
        "Executions that were planned with a version of a contract read it until they end. Leave it until"
        " none is running any more.",
        {"schemas/datasets/orders/2.json": _contract({})},
        {_ORDERS: _contract({}), "schemas/datasets/orders/2.json": _contract({})},
        before={_ORDERS: _contract({})},
    ),
    "SW405": Explanation(
        "Stored items keep what the earlier rule made; a query finds two meanings under one name. Give what"
        " is made otherwise another name.",
        {_ORDERS: _contract({"at": _TEXT, "paid": _TEXT}, derive=[{**_DAY, "from": "paid"}])},
        {_ORDERS: _contract({"at": _TEXT, "paid": _TEXT}, derive=[_DAY, {**_DAY, "to": "paid_day"}])},
        before={_ORDERS: _contract({"at": _TEXT, "paid": _TEXT}, derive=[_DAY])},
    ),
    "SW406": Explanation(
        "Objects under that pattern are claimed by another contract, by none, or read in another format.",
        {_ORDERS: _contract({}, sources=[{"keys": "shop/**"}])},
        {_ORDERS: _contract({}, sources=[{"keys": "orders/**"}, {"keys": "shop/**"}])},
        before={_ORDERS: _contract({})},
    ),
    "SW409": Explanation(
        "A refinement that is compared by its text alone (a pattern, a format, not, if) has changed. Nobody"
        " but you can say whether the new one takes all that the old one took.",
        {_ORDERS: _contract({"sku": {"type": "string", "pattern": "^[A-Z]+$"}})},
        {_ORDERS: _contract({"sku": {"type": "string", "pattern": "^[A-Z]{3}$"}})},
        before={_ORDERS: _contract({"sku": {"type": "string", "pattern": "^[A-Z]{3}$"}})},
    ),
    "SW411": Explanation(
        "Who called the function before is refused now: running executions, other machines, people. Take the"
        " earlier form as well.",
        {_PRICE: _price(record({"sku": _TEXT, "quantity": _COUNT}), _AMOUNT)},
        {_PRICE: _price(record({"sku": _TEXT}, {"quantity": _COUNT}), _AMOUNT)},
        before={_PRICE: _price(_SKU, _AMOUNT)},
    ),
    "SW412": Explanation(
        "Who reads the answer was made for less: a new alternative, a member that may be absent, a wider"
        " type.",
        {_PRICE: _price(_SKU, record({}, {"amount": _COUNT}))},
        {_PRICE: _price(_SKU, record({"amount": {"type": "integer", "minimum": 1}}))},
        before={_PRICE: _price(_SKU, _AMOUNT)},
    ),
    "SW413": Explanation(
        "An execution that is running keeps its definition, whose Retry and Catch do not name the error.",
        {_PRICE: _price(_SKU, _AMOUNT, "SoldOut", "UnknownSku")},
        {_PRICE: _price(_SKU, _AMOUNT, "UnknownSku")},
        before={_PRICE: _price(_SKU, _AMOUNT, "UnknownSku")},
    ),
    "SW414": Explanation(
        "An execution that is running, or is redriven, calls the function by its name. Leave it until none"
        " does.",
        {"schemas/functions/quote.json": _price(_SKU, _AMOUNT)},
        {_PRICE: _price(_SKU, _AMOUNT), "schemas/functions/quote.json": _price(_SKU, _AMOUNT)},
        before={_PRICE: _price(_SKU, _AMOUNT)},
    ),
    "SW421": Explanation(
        "Who starts the machine as before finds executions that fail: people, rules, other machines.",
        {_MACHINE: {"input": record({"id": _TEXT, "day": _TEXT})}},
        {_MACHINE: {"input": record({"id": _TEXT}, {"day": _TEXT})}},
        before={_MACHINE: {"input": record({"id": _TEXT})}},
    ),
    "SW422": Explanation(
        "Who waits for the machine's output was made for less.",
        {_MACHINE: {"output": record({"status": {"enum": ["done", "refused"]}})}},
        {_MACHINE: {"output": record({"status": {"const": "done"}})}},
        before={_MACHINE: {"output": record({"status": {"const": "done"}})}},
    ),
    "SW423": Explanation(
        "With a state machine its executions end, and their histories go.",
        {"statemachines/orders.asl.json": _definition({"sku": "a"})},
        {_DEFINITION: _SENDS_SKU},
        before={_DEFINITION: _SENDS_SKU},
    ),
    "SW424": Explanation(
        "Running executions keep their definition. But alarms, dashboards, mocks and whoever reads histories"
        " know a state by its name.",
        {_DEFINITION: _definition({"sku": "a"}, "Quote")},
        {_DEFINITION: _definition({"sku": "b"})},
        before={_DEFINITION: _SENDS_SKU},
    ),
    "SW431": Explanation(
        "Running executions keep the definition that they were started with and call the functions of today:"
        " the earlier definition does not fit their signatures.",
        {
            _DEFINITION: _definition({"sku": "a", "quantity": 1}),
            _PRICE: _price(record({"sku": _TEXT, "quantity": _COUNT}), _AMOUNT),
        },
        {
            _DEFINITION: _definition({"sku": "a", "quantity": 1}),
            _PRICE: _price(record({"sku": _TEXT}, {"quantity": _COUNT}), _AMOUNT),
        },
        before={_DEFINITION: _SENDS_SKU, _PRICE: _price(_SKU, _AMOUNT)},
    ),
}
