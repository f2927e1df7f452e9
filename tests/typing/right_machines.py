"""Right machines of many kinds, each with nothing to be found: guards, defaults, reshaping, nested flows.

A case is the states of a machine, the first where it starts. All take an ORDER and call SHOP's functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.typing.jsonata_expressions import record

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any
Case = tuple[str, str, Json]  # name, query language, states

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
MONEY = {"type": "number", "minimum": 0}
LINE = record(
    {"sku": TEXT, "quantity": {"type": "integer", "minimum": 1}, "price": MONEY, "note": TEXT},
    "sku quantity price",
)
ADDRESS = record({"street": TEXT, "city": TEXT, "zip": {"type": ["string", "null"]}}, "street city zip")
ORDER = {
    "input": record(
        {
            "order_id": TEXT,
            "customer": record({"id": TEXT, "email": TEXT, "tier": {"enum": ["gold", "silver", "plain"]}, "address": ADDRESS}, "id email tier"),
            "lines": {"type": "array", "items": LINE, "minItems": 1},
            "tags": {"type": "array", "items": TEXT},
            "coupon": TEXT,
            "express": {"type": "boolean"},
            "discount": {"type": ["number", "null"]},
            "placed_at": {"type": "string", "format": "date-time"},
            "attempt": COUNT,
        },
        "order_id customer lines tags express discount placed_at",
    )
}  # fmt: skip
PAID = {"type": "object", "properties": {"outcome": {"const": "paid"}, "receipt": TEXT}, "required": ["outcome", "receipt"], "additionalProperties": False}  # fmt: skip
DECLINED = {"type": "object", "properties": {"outcome": {"const": "declined"}, "reason": TEXT}, "required": ["outcome", "reason"], "additionalProperties": False}  # fmt: skip
SHOP = {
    "price_line": {
        "input": record({"sku": TEXT, "quantity": {"type": "integer", "minimum": 1}, "tier": TEXT}, "sku quantity"),
        "output": record({"sku": TEXT, "amount": MONEY, "stock": {"type": ["integer", "null"]}}, "sku amount"),
        "errors": ["OutOfStock", "Throttled"],
    },
    "charge": {
        "input": record({"order_id": TEXT, "email": TEXT, "amount": MONEY}, "order_id email amount"),
        "output": {"anyOf": [PAID, DECLINED]},
        "errors": ["CardError", "Throttled"],
    },
    "notify": {
        "input": record({"order_id": TEXT, "text": TEXT, "details": {"type": "object"}}, "order_id text"),
        "output": {"type": "null"},
        "errors": [],
    },
    "status": {
        "input": record({"job": TEXT}, "job"),
        "output": record({"job": TEXT, "status": {"enum": ["RUNNING", "DONE", "FAILED"]}, "progress": {"type": "integer", "minimum": 0, "maximum": 100}}, "job status"),
        "errors": ["Throttled"],
    },
    "start": {
        "input": record({"order_id": TEXT}, "order_id"),
        "output": record({"job": TEXT}, "job"),
        "errors": ["Throttled"],
    },
    "find": {
        "input": record({"id": TEXT}, "id"),
        "output": {"type": "object", "properties": {"found": {"type": "boolean"}, "item": record({"id": TEXT, "stock": COUNT}, "id stock")}, "required": ["found"], "additionalProperties": False},
        "errors": [],
    },
}  # fmt: skip
DONE = {"Type": "Succeed"}


def _jsonata(value: Json, **more: Json) -> Json:
    return {"Type": "Pass", "Output": value, "End": True, **more}


def _task(function: str, payload: Json, **more: Json) -> Json:
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": f"${{{function}}}", "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        **more,
    }
    return call if "Next" in call else {**call, "End": True}


def _call(function: str, payload: Json, **more: Json) -> Json:
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": f"${{{function}}}", "Payload": payload},
        **more,
    }
    return call if "Next" in call else {**call, "End": True}


# Expressions that always yield a value, for any order.
_EXPRESSIONS = """
$states.input.order_id
$states.input.customer.tier
$states.context.Execution.Input.order_id
$lookup($states.input, 'order_id')
$lookup($states.input.customer, 'tier')
$exists($states.input.coupon) ? $states.input.coupon : 'none'
$states.input.coupon ? $states.input.coupon : 'none'
$not($exists($states.input.coupon)) ? 'none' : $states.input.coupon
$type($states.input.discount) = 'number' ? $states.input.discount * 2 : 0
$states.input.discount = null ? 0 : $states.input.discount + 1
$states.input.discount != null ? $states.input.discount + 1 : 0
$boolean($states.input.coupon) ? $uppercase($states.input.coupon) : ''
$string($states.input.coupon) & ''
'coupon: ' & $states.input.coupon
[$states.input.coupon, 'none'][0]
$sum($states.input.lines.quantity)
$sum($states.input.lines.(price * quantity))
$sum($map($states.input.lines, function($line) { $line.price * $line.quantity }))
$reduce($states.input.lines, function($sum, $line) { $sum + $line.price }, 0)
$max($states.input.lines.price)
$round($average($states.input.lines.price), 2)
$count($states.input.tags)
$count($states.input.lines[quantity > 3])
$states.input.lines[0].sku
$states.input.lines[-1].sku
[$states.input.lines.sku]
[$states.input.lines[price > 10].sku]
[$states.input.lines[$exists(note)].note]
$distinct([$states.input.lines.sku])
$sort($states.input.lines, function($a, $b) { $a.price > $b.price })
[$states.input.lines^(>price).sku]
$join($states.input.tags, ', ')
$join($states.input.lines.sku, ',')
$append($states.input.tags, ['new'])
$append($states.input.tags, 'new')
$merge([$states.input, {'status': 'new'}])
$merge([$states.input.customer, {'tier': 'gold'}]).tier
$keys($states.input.customer)
$exists($states.input.customer.address.zip) ? $string($states.input.customer.address.zip) : ''
$exists($states.input.customer.address) ? $states.input.customer.address.city : 'unknown'
$exists($states.input.customer.address.city) ? $states.input.customer.address.city : 'unknown'
{'id': $states.input.order_id, 'n': $count($states.input.lines)}
{'skus': [$states.input.lines.sku], 'first': $states.input.lines[0].sku}
($n := $count($states.input.lines); $n > 1 ? $n - 1 : 0)
($total := function($lines) { $sum($lines.price) }; $total($states.input.lines))
$states.input.express ? 'fast' : 'slow'
$states.input.express = true ? 1 : 2
$states.input.express and $states.input.customer.tier = 'gold'
$states.input.customer.tier in ['gold', 'silver']
'vip' in $states.input.tags
$contains($states.input.order_id, 'X')
$split($states.input.order_id, '-')[0]
$substring($states.input.order_id, 0, 3)
$substringBefore($states.input.customer.email, '@')
$length($states.input.order_id) > 3
$trim($lowercase($states.input.customer.email))
$replace($states.input.order_id, '-', '')
$pad($states.input.order_id, 10)
$match($states.input.order_id, /[0-9]+/).match
$toMillis($states.input.placed_at) < $millis()
$fromMillis($toMillis($states.input.placed_at) + 86400000)
$now()
$uuid()
$random() < 0.5
$hash($states.input.order_id, 'SHA-256')
$parse('{"a": 1}')
$string($states.input)
$string({'id': $states.input.order_id})
$number('12') + 1
$floor($states.input.lines[0].price)
$states.input.lines[0].quantity % 2 = 0
[1..$count($states.input.lines)]
$range(1, 10, 2)
$partition($states.input.tags, 2)
$filter($states.input.lines, function($l) { $l.quantity > 1 })[0].sku ? 'some' : 'none'
[$filter($states.input.lines, function($l) { $l.quantity > 1 })]
[$map($states.input.lines, function($l, $i) { {'index': $i, 'sku': $l.sku} })]
$each($states.input.customer, function($v, $k) { $k })
$sift($states.input.customer, function($v, $k) { $k = 'id' })
$zip([1, 2], ['a', 'b'])
$states.input ~> $string()
$states.input.lines.price ~> $sum
$states.input.order_id ~> $uppercase ~> $length
$states.input.`order_id`
$states.input.customer.*
$states.context.State.Name
$states.context.Execution.StartTime
$states.context.StateMachine.Id
$exists($states.input.attempt) ? $states.input.attempt + 1 : 1
($a := $states.input.attempt; $exists($a) ? $a + 1 : 1)
$states.input.attempt > 3
$map($states.input.lines, function($l) { $exists($l.note) ? $l.note : 'none' })
[$states.input.lines.($exists(note) ? note : 'none')]
($c := $states.input.coupon; $exists($c) ? $uppercase($c) : 'none')
($o := $states.input; $exists($o.coupon) ? $o.coupon : 'none')
($d := $states.input.discount; $type($d) = 'number' ? $d * 2 : 0)
'gold' = $states.input.customer.tier ? 1 : 2
0 < $count($states.input.tags) ? $states.input.tags[0] : 'none'
$count($states.input.tags) = 0 ? 'none' : $states.input.tags[0]
$count($states.input.tags) < 1 ? 'none' : $states.input.tags[0]
$count($states.input.tags) > 0 ? $states.input.tags[0] : 'none'
$exists($states.input.tags[0]) ? $states.input.tags[0] : 'none'
$exists($states.context.Execution.Input.coupon) ? $states.context.Execution.Input.coupon : 'none'
$type($states.input.discount) in ['number', 'string'] ? $states.input.discount + 1 : 0
$type($states.input.discount) = 'null' ? 0 : $states.input.discount + 1
$type($states.input.discount) != 'null' ? $states.input.discount + 1 : 0
$not($type($states.input.discount) = 'null') ? $states.input.discount + 1 : 0
$exists($lookup($states.input, 'coupon')) ? $lookup($states.input, 'coupon') : 'none'
$states.input.coupon != 'X'
$exists($states.input.customer.address) and $states.input.customer.address.city = 'Bern'
$merge([{'coupon': 'none', 'attempt': 0}, $states.input]).coupon
$merge([{'attempt': 0}, $states.input]).attempt + 1
($m := $merge([{'attempt': 0}, $states.input]); $m.attempt + 1)
$append([], $states.input.coupon)
$count($append([], $states.input.coupon))
$sum([$states.input.lines.price, 5])
$max([$states.input.attempt, 1])
$states.input.lines[sku = 'A'] ? 'has' : 'has not'
$exists($states.input.lines[sku = 'A'].note) ? 'noted' : 'plain'
$count($states.input.lines[sku = 'A' and quantity > 1])
$string($states.input.attempt) = '' ? 'first' : 'again'
$boolean($states.input.tags) ? $states.input.tags[0] : 'none'
($states.input.express ? 10 : 5) * 2
$states.input.express ? {'fee': 5} : {'fee': 0}
($states.input.express ? {'fee': 5} : {'fee': 0}).fee
$formatNumber($sum($states.input.lines.price), '#,##0.00')
$formatBase(255, 16)
$number($substringAfter($states.input.order_id, '-')) > 0
$abs(-5) + $power(2, 3) + $sqrt(4) + $ceil(1.2)
$reverse($states.input.tags)
$shuffle($states.input.lines)
$spread($states.input.customer)
$single([1])
$base64encode($states.input.order_id)
$encodeUrlComponent($states.input.order_id)
$states.input.lines{sku: quantity}
$states.input.lines.{'sku': sku, 'total': price * quantity}
[$states.input.lines.{'sku': sku}]
$states.input.customer.tier = 'gold' ? 0.9 : $states.input.customer.tier = 'silver' ? 0.95 : 1
$assert(true, 'never')
$error('never') ? 1 : 2
""".strip().split("\n")  # noqa: E501
_ODD = ("$assert", "$error", "$match", "$states.input.lines.(", "$states.input.attempt > 3")


def expressions() -> Iterator[Case]:
    """Expressions as the output of a state, as a variable, and inside an object."""
    for text in _EXPRESSIONS:
        if not text.startswith(_ODD):
            yield f"output {text}", "JSONata", {"A": _jsonata(f"{{% {text} %}}")}
            assigned = {
                "A": {"Type": "Pass", "Assign": {"x": f"{{% {text} %}}"}, "Next": "B"},
                "B": _jsonata("{% $x %}"),
            }
            yield f"assign {text}", "JSONata", assigned
            yield f"member {text}", "JSONata", {"A": _jsonata({"x": f"{{% {text} %}}"})}


_CONDITIONS = """
$states.input.customer.tier = 'gold'
$states.input.customer.tier in ['gold', 'plain']
$states.input.express
$not($states.input.express)
$exists($states.input.coupon)
$exists($states.input.coupon) and $length($states.input.coupon) > 3
$exists($states.input.coupon) and $states.input.coupon = 'X'
$states.input.coupon = 'X'
$count($states.input.lines) > 3
$states.input.discount != null and $states.input.discount > 0.5
$type($states.input.discount) = 'number' and $states.input.discount > 0.5
$sum($states.input.lines.price) >= 100
$exists($states.input.coupon) and $boolean($states.input.coupon)
$states.input.lines[0].quantity > 1 or $states.input.express
$exists($states.input.lines[price > 100])
$contains($states.input.customer.email, '@')
$not($exists($states.input.attempt)) or $states.input.attempt < 3
$states.context.Execution.Input.express = true
$lookup($states.input, 'express')
$now() > $states.input.placed_at
$match($states.input.order_id, /x/) ? true : false
$states.input.customer.tier != 'plain'
""".strip().split("\n")


def conditions() -> Iterator[Case]:
    """Conditions of a Choice, with Default and with the contrary as another rule."""
    for text in _CONDITIONS:
        rule = {"Condition": f"{{% {text} %}}", "Next": "Y"}
        states = {"A": {"Type": "Choice", "Choices": [rule], "Default": "N"}, "Y": DONE, "N": DONE}
        yield f"condition {text}", "JSONata", states
        parens = {**rule, "Condition": f"{{% ({text}) = true %}}"} if "<" not in text else rule
        yield f"condition ({text})", "JSONata", {**states, "A": {**states["A"], "Choices": [parens]}}


_USE = {
    "coupon": ("$exists($states.input.coupon)", "$states.input.coupon"),
    "zip": ("$exists($states.input.customer.address.zip)", "$states.input.customer.address.city"),
    "number": ("$type($states.input.discount) = 'number'", "$states.input.discount + 1"),
    "not null": ("$states.input.discount != null", "$states.input.discount + 1"),
    "both": ("$exists($states.input.coupon) and $exists($states.input.attempt)", "$states.input.coupon & $string($states.input.attempt)"),
}  # fmt: skip


def guards() -> Iterator[Case]:
    """A value used behind the rule that asks for it, on either side of it."""
    for name, (guard, use) in _USE.items():
        for turned in (False, True):
            text = f"{{% $not({guard}) %}}" if turned else f"{{% {guard} %}}"
            ways = ("Without", "With") if turned else ("With", "Without")
            states = {
                "A": {
                    "Type": "Choice",
                    "Choices": [{"Condition": text, "Next": ways[0]}],
                    "Default": ways[1],
                },
                "With": _jsonata(f"{{% {use} %}}"),
                "Without": _jsonata("none"),
            }
            yield f"guard {name} {turned}", "JSONata", states
        through = {
            "A": {
                "Type": "Choice",
                "Choices": [{"Condition": f"{{% {guard} %}}", "Next": "Wait"}],
                "Default": "Without",
            },
            "Wait": {"Type": "Wait", "Seconds": 1, "Next": "With"},
            "With": _jsonata(f"{{% {use} %}}"),
            "Without": DONE,
        }
        yield f"guard {name} through", "JSONata", through
        kept = {
            "A": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": f"{{% {guard} %}}", "Assign": {"v": f"{{% {use} %}}"}, "Next": "With"}
                ],
                "Default": "Without",
            },
            "With": _jsonata("{% $v %}"),
            "Without": DONE,
        }
        yield f"guard {name} assigned", "JSONata", kept


_PATH_GUARDS: dict[str, tuple[Json, str]] = {
    "present": ({"Variable": "$.coupon", "IsPresent": True}, "$.coupon"),
    "present and": ({"And": [{"Variable": "$.coupon", "IsPresent": True}, {"Variable": "$.coupon", "StringMatches": "X*"}]}, "$.coupon"),
    "present and not": ({"And": [{"Variable": "$.coupon", "IsPresent": True}, {"Not": {"Variable": "$.coupon", "StringEquals": ""}}]}, "$.coupon"),
    "nested": ({"Variable": "$.customer.address.city", "IsPresent": True}, "$.customer.address.city"),
    "parent": ({"Variable": "$.customer.address", "IsPresent": True}, "$.customer.address.city"),
    "parents": ({"And": [{"Variable": "$.customer.address", "IsPresent": True}, {"Variable": "$.customer.address.zip", "IsPresent": True}, {"Variable": "$.customer.address.zip", "IsString": True}]}, "$.customer.address.zip"),
    "both": ({"And": [{"Variable": "$.coupon", "IsPresent": True}, {"Variable": "$.attempt", "IsPresent": True}]}, "$.attempt"),
    "number": ({"Variable": "$.discount", "IsNumeric": True}, "$.discount"),
    "not null": ({"Not": {"Variable": "$.discount", "IsNull": True}}, "$.discount"),
    "either": ({"Not": {"Or": [{"Variable": "$.coupon", "IsPresent": False}, {"Variable": "$.express", "BooleanEquals": True}]}}, "$.coupon"),
}  # fmt: skip


def path_guards() -> Iterator[Case]:
    """The same in JSONPath."""
    for name, (guard, use) in _PATH_GUARDS.items():
        with_ = {"Type": "Pass", "Parameters": {"v.$": use}, "End": True}
        for turned in (False, True):
            rule = {"Not": guard} if turned else guard
            ways = ("Without", "With") if turned else ("With", "Without")
            yield (
                f"path guard {name} {turned}",
                "JSONPath",
                {
                    "A": {"Type": "Choice", "Choices": [{**rule, "Next": ways[0]}], "Default": ways[1]},
                    "With": with_,
                    "Without": DONE,
                },
            )
        absent = {"Type": "Choice", "Choices": [{**guard, "Next": "Wait"}], "Default": "Without"}
        yield (
            f"path guard {name} through",
            "JSONPath",
            {
                "A": absent,
                "Wait": {"Type": "Wait", "Seconds": 1, "Next": "With"},
                "With": with_,
                "Without": DONE,
            },
        )
    default = {
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.coupon", "IsPresent": True, "Next": "Use"}], "Default": "Give"},
        "Give": {"Type": "Pass", "Result": "none", "ResultPath": "$.coupon", "Next": "Use"},
        "Use": {"Type": "Pass", "Parameters": {"v.$": "$.coupon"}, "End": True},
    }  # fmt: skip
    yield "default by Pass", "JSONPath", default
    merged = {
        "A": {"Type": "Pass", "Result": {"coupon": "none", "attempt": 0}, "ResultPath": "$.defaults", "Next": "Merge"},
        "Merge": {"Type": "Pass", "Parameters": {"order.$": "States.JsonMerge($.defaults, $$.Execution.Input, false)"}, "Next": "Use"},
        "Use": {"Type": "Pass", "Parameters": {"v.$": "$.order.coupon", "n.$": "$.order.attempt"}, "End": True},
    }  # fmt: skip
    yield "defaults merged", "JSONPath", merged


_CALLS = """
States.Format('order {}', $.order_id)
States.Format('{} of {}', $.order_id, $.customer.email)
States.Format('{}', States.ArrayLength($.lines))
States.Format('{}/{}', $$.Execution.Name, $$.State.EnteredTime)
States.JsonToString($)
States.JsonToString($.customer)
States.StringToJson(States.JsonToString($.customer))
States.Array($.order_id, $.customer.id)
States.ArrayLength($.lines)
States.ArrayLength($.tags)
States.ArrayContains($.tags, 'vip')
States.ArrayGetItem($.lines, 0)
States.ArrayPartition($.lines, 10)
States.ArrayRange(1, 10, 1)
States.ArrayRange(1, States.ArrayLength($.lines), 1)
States.ArrayUnique($.lines[*].sku)
States.ArrayUnique($.tags)
States.Base64Encode($.order_id)
States.Base64Decode(States.Base64Encode($.order_id))
States.Hash($.order_id, 'SHA-256')
States.JsonMerge($.customer, States.StringToJson('{}'), false)
States.MathAdd(States.ArrayLength($.lines), -1)
States.MathRandom(1, 100)
States.StringSplit($.order_id, '-')
States.UUID()
$.lines[*].sku
$.lines[0].sku
$.lines[0:2]
$.lines[?(@.quantity > 1)]
$.lines[?(@.quantity > 1)].sku
$..sku
$.customer
$$.Execution.Input
$$.Execution.Input.order_id
$$.Execution.Id
$$.State.Name
$$.StateMachine.Name
$$
$
$.lines.length()
""".strip().split("\n")


def calls() -> Iterator[Case]:
    """Paths and intrinsic functions, as a parameter and through a result's place."""
    for text in _CALLS:
        yield (
            f"parameter {text}",
            "JSONPath",
            {"A": {"Type": "Pass", "Parameters": {"x.$": text}, "End": True}},
        )
        placed = {
            "A": {"Type": "Pass", "Parameters": {"x.$": text}, "ResultPath": "$.made", "Next": "B"},
            "B": {"Type": "Pass", "Parameters": {"y.$": "$.made.x", "id.$": "$.order_id"}, "End": True},
        }
        yield f"placed {text}", "JSONPath", placed
        assigned = {
            "A": {"Type": "Pass", "Assign": {"x.$": text}, "Next": "B"},
            "B": {"Type": "Pass", "Parameters": {"y.$": "$x", "id.$": "$.order_id"}, "End": True},
        }
        yield f"assigned {text}", "JSONPath", assigned


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
            "Again": _jsonata("{% $states.context.Execution.Input.coupon & '' %}"),
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
        "ItemProcessor": {"StartAt": "P", "States": {"P": _task("price_line", price)}},
    }
    order_id = "{% $states.context.Execution.Input.order_id %}"
    charge = {
        "order_id": order_id,
        "email": "{% $states.context.Execution.Input.customer.email %}",
        "amount": "{% $states.input.total %}",
    }
    yield "map", "JSONata", {"A": {**lines, "End": True}}
    total = {"total": "{% $sum($states.result.amount) %}", "skus": "{% [$states.result.sku] %}"}
    yield "map sum", "JSONata", {"A": {**lines, "Output": total, "Next": "B"}, "B": _task("charge", charge)}
    assigned = {"A": {**lines, "Assign": {"total": "{% $sum($states.result.amount) %}"}, "Next": "B"}}
    yield "map variable", "JSONata", {**assigned, "B": _task("charge", {**charge, "amount": "{% $total %}"})}
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
    selected["ItemProcessor"] = {"StartAt": "P", "States": {"P": _task("price_line", inner)}}
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
                "ItemProcessor": {"StartAt": "P", "States": {"P": _task("price_line", seen)}},
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
                    "ItemProcessor": {"StartAt": "Q", "States": {"Q": _jsonata("{% $states.input * 2 %}")}},
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
        "ItemProcessor": {"StartAt": "P", "States": {"P": _jsonata("{% $states.input + 1 %}")}},
        "End": True,
    }
    yield "map of numbers", "JSONata", {"A": numbers}
    objects = {
        **lines,
        "Items": {"a": 1, "b": 2},
        "ItemProcessor": {
            "StartAt": "P",
            "States": {"P": _jsonata("{% $states.input.Key & $string($states.input.Value) %}")},
        },
        "End": True,
    }
    yield "map of an object", "JSONata", {"A": objects}
    branches = [
        {"StartAt": "P1", "States": {"P1": _task("start", {"order_id": "{% $states.input.order_id %}"})}},
        {"StartAt": "P2", "States": {"P2": _task("find", {"id": "{% $states.input.order_id %}"})}},
    ]
    parallel = {"Type": "Parallel", "Branches": branches}
    both = {"job": "{% $states.result[0].job %}", "found": "{% $states.result[1].found %}"}
    yield (
        "parallel",
        "JSONata",
        {
            "A": {**parallel, "Output": both, "Next": "B"},
            "B": _task("status", {"job": "{% $states.input.job %}"}),
        },
    )
    yield (
        "parallel merged",
        "JSONata",
        {
            "A": {**parallel, "Output": "{% $merge($states.result) %}", "Next": "B"},
            "B": _task("status", {"job": "{% $states.input.job %}"}),
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
        "A": _task("charge", {**charge, "amount": 5}, Next="B"),
        "B": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.outcome = 'paid' %}", "Next": "Y"}],
            "Default": "N",
        },
        "Y": _jsonata("{% $states.input.receipt %}"),
        "N": _jsonata("{% $states.input.reason %}"),
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
        "A": _task(
            "start",
            {"order_id": "{% $states.input.order_id %}"},
            Assign={"job": "{% $states.result.Payload.job %}"},
            Next="W",
        ),
        "W": {"Type": "Wait", "Seconds": 5, "Next": "S"},
        "S": _task("status", {"job": "{% $job %}"}, Next="C"),
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
        "W": _task(
            "start",
            {"order_id": "{% $states.context.Execution.Input.order_id %}"},
            Assign={"n": "{% $n + 1 %}"},
            Next="C",
        ),
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $n < 3 %}", "Next": "W"}], "Default": "D"},
        "D": _jsonata("{% $n * 2 %}"),
    }
    yield "counting", "JSONata", count
    collect = {
        "A": {"Type": "Pass", "Assign": {"jobs": [], "n": 0}, "Next": "W"},
        "W": _task(
            "start",
            {"order_id": order_id},
            Assign={"jobs": "{% $append($jobs, [$states.result.Payload.job]) %}", "n": "{% $n + 1 %}"},
            Next="C",
        ),
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $n >= 3 %}", "Next": "D"}], "Default": "W"},
        "D": _jsonata("{% $count($jobs) %}"),
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
        "A": _task("charge", {**charge, "amount": 5}, Catch=catch, Next="D"),
        "T": _task("notify", {"order_id": "{% $states.input.order_id %}", "text": "{% $why %}"}),
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
            "A": _task("charge", {**charge, "amount": 5}, Catch=merged, Next="D"),
            "T": _task(
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
            "A": _task("charge", {**charge, "amount": 5}, Catch=plain, Next="D"),
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
        "B": _task("start", {"order_id": "{% $order.order_id %}"}, Next="C"),
        "C": _task("notify", {"order_id": "{% $order.order_id %}", "text": "{% $states.input.job %}"}),
    }
    yield "variables", "JSONata", whole
    enriched = {
        "A": _task(
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
        "C": _jsonata("{% $states.input.item.stock + $count($states.input.lines) %}"),
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
        "C": _jsonata("{% $states.input.order_id %}"),
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
            "C": _jsonata("{% $states.input.Item.name.S %}"),
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
        "A": _call("find", find, **envelope, Next="B"),
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
            "A": _call("find", find, ResultPath="$.lookup", Next="M"),
            "M": {"Type": "Pass", "InputPath": "$.lookup.Payload", "ResultPath": "$.lookup", "Next": "B"},
        },
    )
    yield (
        "output path",
        "JSONPath",
        {
            "A": _call("find", find, OutputPath="$.Payload", Next="B"),
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
            "A": _call("notify", {"order_id.$": "$.order_id", "text": "hello"}, ResultPath=None, Next="C"),
            "C": {"Type": "Pass", "Parameters": {"f.$": "$.order_id"}, "End": True},
        },
    )
    mapped = {
        "Type": "Map",
        "ItemsPath": "$.lines",
        "ItemProcessor": {
            "StartAt": "P",
            "States": {
                "P": _call(
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
                    "P1": _call(
                        "start", {"order_id.$": "$.order_id"}, ResultSelector={"job.$": "$.Payload.job"}
                    )
                },
            },
            {"StartAt": "P2", "States": {"P2": _call("find", find, OutputPath="$.Payload")}},
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
        "A": _call("charge", charge, ResultPath="$.paid", Catch=catch, Next="D"),
        "T": _call("notify", {"order_id.$": "$.order_id", "text.$": "$.error.Error"}),
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
        "A": _call(
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
        "B": _call(
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
        "A": _call(
            "start", {"order_id.$": "$.order_id"}, ResultSelector={"job.$": "$.Payload.job"}, Next="W"
        ),
        "W": {"Type": "Wait", "Seconds": 5, "Next": "S"},
        "S": _call(
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
        "B": _call("start", {"order_id.$": "$.order_id"}, ResultPath=None, Next="I"),
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
