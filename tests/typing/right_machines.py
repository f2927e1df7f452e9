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
            "customer": record(
                {
                    "id": TEXT,
                    "email": TEXT,
                    "tier": {"enum": ["gold", "silver", "plain"]},
                    "address": ADDRESS,
                },
                "id email tier",
            ),
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
}
PAID = {
    "type": "object",
    "properties": {"outcome": {"const": "paid"}, "receipt": TEXT},
    "required": ["outcome", "receipt"],
    "additionalProperties": False,
}
DECLINED = {
    "type": "object",
    "properties": {"outcome": {"const": "declined"}, "reason": TEXT},
    "required": ["outcome", "reason"],
    "additionalProperties": False,
}
SHOP = {
    "price_line": {
        "input": record(
            {"sku": TEXT, "quantity": {"type": "integer", "minimum": 1}, "tier": TEXT}, "sku quantity"
        ),
        "output": record(
            {"sku": TEXT, "amount": MONEY, "stock": {"type": ["integer", "null"]}}, "sku amount"
        ),
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
        "output": record(
            {
                "job": TEXT,
                "status": {"enum": ["RUNNING", "DONE", "FAILED"]},
                "progress": {"type": "integer", "minimum": 0, "maximum": 100},
            },
            "job status",
        ),
        "errors": ["Throttled"],
    },
    "start": {
        "input": record({"order_id": TEXT}, "order_id"),
        "output": record({"job": TEXT}, "job"),
        "errors": ["Throttled"],
    },
    "find": {
        "input": record({"id": TEXT}, "id"),
        "output": {
            "type": "object",
            "properties": {
                "found": {"type": "boolean"},
                "item": record({"id": TEXT, "stock": COUNT}, "id stock"),
            },
            "required": ["found"],
            "additionalProperties": False,
        },
        "errors": [],
    },
}
DONE = {"Type": "Succeed"}


def output(value: Json, **more: Json) -> Json:
    """Give a Pass in JSONata."""
    return {"Type": "Pass", "Output": value, "End": True, **more}


def task(function: str, payload: Json, **more: Json) -> Json:
    """Give a call of a function in JSONata, whose answer is the state's output."""
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": f"${{{function}}}", "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        **more,
    }
    return state if "Next" in state else {**state, "End": True}


def call(function: str, payload: Json, **more: Json) -> Json:
    """Give a call of a function in JSONPath."""
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": f"${{{function}}}", "Payload": payload},
        **more,
    }
    return state if "Next" in state else {**state, "End": True}


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
""".strip().split("\n")
_ODD = ("$assert", "$error", "$match", "$states.input.lines.(", "$states.input.attempt > 3")


def expressions() -> Iterator[Case]:
    """Expressions as the output of a state, as a variable, and inside an object."""
    for text in _EXPRESSIONS:
        if not text.startswith(_ODD):
            yield f"output {text}", "JSONata", {"A": output(f"{{% {text} %}}")}
            assigned = {
                "A": {"Type": "Pass", "Assign": {"x": f"{{% {text} %}}"}, "Next": "B"},
                "B": output("{% $x %}"),
            }
            yield f"assign {text}", "JSONata", assigned
            yield f"member {text}", "JSONata", {"A": output({"x": f"{{% {text} %}}"})}


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
    "both": (
        "$exists($states.input.coupon) and $exists($states.input.attempt)",
        "$states.input.coupon & $string($states.input.attempt)",
    ),
}


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
                "With": output(f"{{% {use} %}}"),
                "Without": output("none"),
            }
            yield f"guard {name} {turned}", "JSONata", states
        through = {
            "A": {
                "Type": "Choice",
                "Choices": [{"Condition": f"{{% {guard} %}}", "Next": "Wait"}],
                "Default": "Without",
            },
            "Wait": {"Type": "Wait", "Seconds": 1, "Next": "With"},
            "With": output(f"{{% {use} %}}"),
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
            "With": output("{% $v %}"),
            "Without": DONE,
        }
        yield f"guard {name} assigned", "JSONata", kept


_PATH_GUARDS: dict[str, tuple[Json, str]] = {
    "present": ({"Variable": "$.coupon", "IsPresent": True}, "$.coupon"),
    "present and": (
        {
            "And": [
                {"Variable": "$.coupon", "IsPresent": True},
                {"Variable": "$.coupon", "StringMatches": "X*"},
            ]
        },
        "$.coupon",
    ),
    "present and not": (
        {
            "And": [
                {"Variable": "$.coupon", "IsPresent": True},
                {"Not": {"Variable": "$.coupon", "StringEquals": ""}},
            ]
        },
        "$.coupon",
    ),
    "nested": ({"Variable": "$.customer.address.city", "IsPresent": True}, "$.customer.address.city"),
    "parent": ({"Variable": "$.customer.address", "IsPresent": True}, "$.customer.address.city"),
    "parents": (
        {
            "And": [
                {"Variable": "$.customer.address", "IsPresent": True},
                {"Variable": "$.customer.address.zip", "IsPresent": True},
                {"Variable": "$.customer.address.zip", "IsString": True},
            ]
        },
        "$.customer.address.zip",
    ),
    "both": (
        {"And": [{"Variable": "$.coupon", "IsPresent": True}, {"Variable": "$.attempt", "IsPresent": True}]},
        "$.attempt",
    ),
    "number": ({"Variable": "$.discount", "IsNumeric": True}, "$.discount"),
    "not null": ({"Not": {"Variable": "$.discount", "IsNull": True}}, "$.discount"),
    "either": (
        {
            "Not": {
                "Or": [
                    {"Variable": "$.coupon", "IsPresent": False},
                    {"Variable": "$.express", "BooleanEquals": True},
                ]
            }
        },
        "$.coupon",
    ),
}


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
        "A": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.coupon", "IsPresent": True, "Next": "Use"}],
            "Default": "Give",
        },
        "Give": {"Type": "Pass", "Result": "none", "ResultPath": "$.coupon", "Next": "Use"},
        "Use": {"Type": "Pass", "Parameters": {"v.$": "$.coupon"}, "End": True},
    }
    yield "default by Pass", "JSONPath", default
    merged = {
        "A": {
            "Type": "Pass",
            "Result": {"coupon": "none", "attempt": 0},
            "ResultPath": "$.defaults",
            "Next": "Merge",
        },
        "Merge": {
            "Type": "Pass",
            "Parameters": {"order.$": "States.JsonMerge($.defaults, $$.Execution.Input, false)"},
            "Next": "Use",
        },
        "Use": {
            "Type": "Pass",
            "Parameters": {"v.$": "$.order.coupon", "n.$": "$.order.attempt"},
            "End": True,
        },
    }
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
