"""JSONata's operators on types, and what a condition that has come out true or false tells of values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from statewright.typing.findings import meant
from statewright.typing.jsonata_values import ABSENT, Stream, Value, flattened, yields
from statewright.typing.lattice import join, join_all, meet, number_within
from statewright.typing.narrowing import anything, excluding, falsy, narrow, none, only, truthy
from statewright.typing.rendering import show
from statewright.typing.shapes import (
    BOOLEAN,
    INFINITY,
    NUMBER,
    UNKNOWN,
    Array,
    Number,
    String,
    Type,
    kinds,
    literal,
    of_kind,
    shapes_of,
)
from statewright.typing.view import View, join_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.typing.jsonata_types import Evaluator, Scope

Symbol = Any


def binary(evaluator: Evaluator, tree: Symbol, operator: str, left: Value, right: Value) -> Value:
    """Give what an operator yields; reports operands that it cannot take."""
    if operator in ("and", "or"):
        return Value(BOOLEAN)
    if operator in ("=", "!="):
        _check_equality(evaluator, tree, left, right)
        return Value(BOOLEAN)
    if operator == "in":
        _check_equality(evaluator, tree, left, Value(flattened(right.type), right.may_be_absent))
        return Value(BOOLEAN)
    if operator == "&":
        return Value(_concatenated(left, right))
    if operator in ("<", "<=", ">", ">="):
        return _ordered(evaluator, tree, operator, left, right)
    if operator == "..":
        return _range(evaluator, tree, left, right)
    return _arithmetic(evaluator, tree, operator, left, right)


def _check_equality(evaluator: Evaluator, tree: Symbol, left: Value, right: Value) -> None:
    if left.is_function or right.is_function or left.type.is_unknown or right.type.is_unknown:
        return
    if left.type.is_never or right.type.is_never or not meet(left.type, right.type).is_never:
        return
    message = f"{show(left.type)} is never equal to {show(right.type)}"
    suggestion = None
    for one, other in ((left.type, right.type), (right.type, left.type)):
        values = [shape.values for shape in shapes_of(one) if isinstance(shape, String) and shape.values]
        others = [shape.values for shape in shapes_of(other) if isinstance(shape, String) and shape.values]
        if suggestion is None and len(values) == 1 and len(values[0] or ()) == 1 and others:
            suggestion = meant(next(iter(values[0] or ())), sorted(others[0] or ()))
    evaluator.report(
        "SW105", message, tree,
        actual=left.type, expected=right.type, suggestion=suggestion, is_always=True,
    )  # fmt: skip


def _unwanted(value: Value, wanted: frozenset[str]) -> frozenset[str]:
    if value.is_function:
        return frozenset({"function"})
    return frozenset() if value.type.is_unknown else kinds(value.type) - wanted


def _check_operands(
    evaluator: Evaluator, tree: Symbol, operator: str, wanted: frozenset[str], *values: Value
) -> bool:
    is_right = True
    for side, value in zip(("left", "right"), values, strict=False):
        if value.type.is_unknown:
            evaluator.report("SW191", f"it cannot be shown that '{operator}' takes its {side} side", tree)
        found = _unwanted(value, wanted)
        if found:
            is_right = False
            shown = " or ".join(sorted(found))
            takes = " or ".join(sorted(wanted))
            message = f"the {side} side of '{operator}' may be {shown}, where it takes {takes}"
            evaluator.report("SW104", message, tree, actual=value.type)
    return is_right


def _numbers(type_: Type) -> Number | None:
    """Give the hull of the numbers in a type."""
    numbers = of_kind(type_, Number)
    if numbers.is_unknown:
        return Number()
    shapes = [shape for shape in shapes_of(numbers) if isinstance(shape, Number)]
    if not shapes:
        return None
    is_integer = all(shape.is_integer for shape in shapes)
    return Number(is_integer, min(s.low for s in shapes), max(s.high for s in shapes))


def _arithmetic(evaluator: Evaluator, tree: Symbol, operator: str, left: Value, right: Value) -> Value:
    _check_operands(evaluator, tree, operator, frozenset({"number"}), left, right)
    if left.is_absent or right.is_absent:
        return ABSENT
    one, other = _numbers(left.type), _numbers(right.type)
    if one is None or other is None:
        return yields(NUMBER, left, right)
    return yields(Type((_computed(operator, one, other),)), left, right)


def _computed(operator: str, left: Number, right: Number) -> Number:
    is_integer = left.is_integer and right.is_integer
    if operator == "+":
        return Number(
            is_integer, _plus(left.low, right.low, -INFINITY), _plus(left.high, right.high, INFINITY)
        )
    if operator == "-":
        return Number(
            is_integer, _plus(left.low, -right.high, -INFINITY), _plus(left.high, -right.low, INFINITY)
        )
    if operator == "*":
        products = [_times(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
        return Number(is_integer, min(products), max(products))
    if operator == "/" and (right.low > 0 or right.high < 0):
        quotients = [_over(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
        return Number(low=min(quotients), high=max(quotients))
    if operator == "%" and left.low >= 0:
        return Number(is_integer, 0, left.high)
    return Number(is_integer and operator == "%")


def _plus(left: float, right: float, bound: float) -> float:
    if left in (INFINITY, -INFINITY) or right in (INFINITY, -INFINITY):
        return bound
    return left + right


def _times(left: float, right: float) -> float:
    return 0 if left == 0 or right == 0 else left * right


def _over(left: float, right: float) -> float:
    if right in (INFINITY, -INFINITY):
        return 0
    return left / right


def negated(evaluator: Evaluator, tree: Symbol, value: Value) -> Value:
    """Give the type of `-x`."""
    _check_operands(evaluator, tree, "-", frozenset({"number"}), value)
    number = _numbers(value.type)
    if number is None:
        return yields(NUMBER, value)
    values = None
    shapes = shapes_of(value.type)
    if len(shapes) == 1 and isinstance(shapes[0], Number) and shapes[0].values is not None:
        values = frozenset(-each for each in shapes[0].values)
    return yields(Type((Number(number.is_integer, -number.high, -number.low, values=values),)), value)


def _ordered(evaluator: Evaluator, tree: Symbol, operator: str, left: Value, right: Value) -> Value:
    is_right = _check_operands(evaluator, tree, operator, frozenset({"number", "string"}), left, right)
    if is_right and not left.type.is_unknown and not right.type.is_unknown:
        one, other = kinds(left.type), kinds(right.type)
        if one and other and one != other:
            message = f"'{operator}' compares {' or '.join(sorted(one))} with {' or '.join(sorted(other))}"
            evaluator.report("SW104", message, tree, actual=left.type, expected=right.type)
    return yields(BOOLEAN, left, right)


def _range(evaluator: Evaluator, tree: Symbol, left: Value, right: Value) -> Value:
    _check_operands(evaluator, tree, "..", frozenset({"number"}), left, right)
    one, other = _numbers(left.type), _numbers(right.type)
    for side, number, value in (("left", one, left), ("right", other, right)):
        if number is not None and not number.is_integer and not value.type.is_unknown:
            message = f"the {side} side of '..' may be a number that is no integer"
            evaluator.report("SW104", message, tree, actual=value.type)
    if one is None or other is None:
        return Value(UNKNOWN)
    item = number_within(Number(True, one.low, other.high))
    if item is None:
        return ABSENT
    least, most = other.low - one.high + 1, other.high - one.low + 1
    low = (
        0
        if least in (-INFINITY, INFINITY) or left.may_be_absent or right.may_be_absent
        else max(0, int(least))
    )
    high = None if most in (-INFINITY, INFINITY) else max(0, int(most))
    return Stream(Type((item,)), low, high).settled()


def _concatenated(left: Value, right: Value) -> Type:
    lows, highs, texts = 0, 0, [""]
    for value in (left, right):
        if value.is_absent:
            continue
        shapes = shapes_of(value.type)
        strings = [shape for shape in shapes if isinstance(shape, String)]
        if value.type.is_unknown or len(strings) != 1 or len(shapes) != 1:
            lows, highs, texts = lows, -1, []
            continue
        (shape,) = strings
        lows += 0 if value.may_be_absent else shape.low
        highs = -1 if highs < 0 or shape.high is None else highs + shape.high
        only_value = sorted(shape.values or ()) if not value.may_be_absent else []
        texts = [text + more for text in texts for more in only_value] if len(only_value) <= 4 else []
    if texts and len(texts) <= 16 and highs >= 0:
        values = frozenset(texts)
        return Type((String(values, min(map(len, values)), max(map(len, values))),))
    return Type((String(None, lows, None if highs < 0 else highs),))


# --- what a condition tells ---


Reference = tuple[str, tuple[str, ...]]


def _reference(tree: Symbol, scope: Scope) -> Reference | None:
    """Give root and names of a plain path such as `$states.input.a` or `$order.id`."""
    if tree.type == "variable" and not tree.predicate and tree.value and scope.find(str(tree.value)) is None:
        return str(tree.value), ()
    if tree.type != "path" or tree.group is not None or tree.tuple is not None:
        return None
    head, *rest = tree.steps
    extras = [step for step in tree.steps if step.stages or step.predicate or step.focus or step.index]
    if head.type != "variable" or not head.value or extras or any(step.type != "name" for step in rest):
        return None
    if scope.find(str(head.value)) is not None:
        return None
    return str(head.value), tuple(str(step.value) for step in rest)


def _changed(view: View, reference: Reference, change: Callable[[Type, tuple[str, ...]], Type]) -> View:
    root, names = reference
    if root == "states":
        if names[:1] == ("input",):
            return replace(view, document=change(view.document, names[1:]))
        if names and names[0] in view.more:
            more = {**view.more, names[0]: change(view.more[names[0]], names[1:])}
            return replace(view, more=more)
        return view
    known = view.variables.get(root)
    if known is None:
        return view
    narrowed = replace(known, type=change(known.type, names))
    return replace(view, variables={**view.variables, root: narrowed})


def _narrowed(
    view: View, reference: Reference | None, keep: Callable[[Type], Type], *, keeps_absent: bool
) -> View:
    if reference is None:
        return view
    return _changed(
        view,
        reference,
        lambda type_, names: narrow(type_, names, keep, keeps_absent=keeps_absent, maps_arrays=True),
    )


def refined(evaluator: Evaluator, tree: Symbol, scope: Scope, *, is_true: bool) -> View:
    """Give what is known where a condition has come out so."""
    return _refined(evaluator, evaluator.view, tree, scope, is_true=is_true)


def _refined(evaluator: Evaluator, view: View, tree: Symbol, scope: Scope, *, is_true: bool) -> View:
    if tree.predicate:
        return view
    if tree.type == "block" and len(tree.expressions) == 1:
        return _refined(evaluator, view, tree.expressions[0], scope, is_true=is_true)
    if tree.type == "binary":
        return _refined_by_operator(evaluator, view, tree, scope, is_true=is_true)
    if tree.type == "function" and tree.procedure.type == "variable" and tree.arguments:
        return _refined_by_function(evaluator, view, tree, scope, is_true=is_true)
    reference = _reference(tree, scope)
    if is_true:
        return _narrowed(view, reference, truthy, keeps_absent=False)
    return _narrowed(view, reference, falsy, keeps_absent=True)


def _refined_by_operator(
    evaluator: Evaluator, view: View, tree: Symbol, scope: Scope, *, is_true: bool
) -> View:
    operator = str(tree.value)
    if operator in ("and", "or"):
        if (operator == "and") is is_true:  # both have come out so
            first = _refined(evaluator, view, tree.lhs, scope, is_true=is_true)
            return _refined(evaluator, first, tree.rhs, scope, is_true=is_true)
        one = _refined(evaluator, view, tree.lhs, scope, is_true=is_true)
        other = _refined(evaluator, view, tree.lhs, scope, is_true=not is_true)
        return _joined(one, _refined(evaluator, other, tree.rhs, scope, is_true=is_true))
    quiet = evaluator.hushed().seeing(replace(view, findings=evaluator.hushed().view.findings))
    if operator in ("=", "!=", "in"):
        values = flattened(quiet.type_of(tree.rhs, ABSENT, scope))
        is_literal = _is_literal(values)
        if not is_literal:
            return view
        reference = _counted(tree.lhs, scope) or _reference(tree.lhs, scope)
        if _counted(tree.lhs, scope) is not None:
            return _by_count(view, tree, operator, values, scope, is_true=is_true)
        is_equal = (operator != "!=") is is_true
        if not is_equal and not _is_each_excluded(tree.rhs, values):
            return view
        # A comparison with nothing is false, with either sign.
        return _narrowed(
            view, reference, only(values) if is_equal else excluding(values), keeps_absent=not is_true
        )
    if operator in ("<", "<=", ">", ">="):
        return _refined_by_order(quiet, view, tree, scope, is_true=is_true)
    return view


def _is_each_excluded(tree: Symbol, values: Type) -> bool:
    """Say whether a comparison that is false rules every one of the values out."""
    if tree.type == "unary" and str(tree.value) == "[":
        return all(item.type in ("string", "number", "value") for item in tree.expressions)
    count = sum(len(getattr(shape, "values", None) or (None,)) for shape in shapes_of(values))
    return count == 1


def _is_literal(type_: Type) -> bool:
    shapes = shapes_of(type_)
    return bool(shapes) and not type_.is_unknown and all(
        not isinstance(shape, String | Number) or shape.values is not None for shape in shapes
    ) and not any(type(shape).__name__ in ("Array", "Object") for shape in shapes)  # fmt: skip


def _counted(tree: Symbol, scope: Scope) -> Reference | None:
    is_count = (
        tree.type == "function" and tree.procedure.type == "variable" and tree.procedure.value == "count"
    )
    return _reference(tree.arguments[0], scope) if is_count and len(tree.arguments or ()) == 1 else None


def _by_count(view: View, tree: Symbol, operator: str, values: Type, scope: Scope, *, is_true: bool) -> View:
    is_zero = values == literal(0)
    is_empty = (operator == "=") is is_true
    reference = _counted(tree.lhs, scope)
    if not is_zero:
        return view
    if is_empty:
        return _narrowed(view, reference, anything, keeps_absent=True)
    return _narrowed(view, reference, _filled, keeps_absent=False)


def _filled(type_: Type) -> Type:
    if type_.is_unknown:
        return type_
    arrays = meet(of_kind(type_, Array), Type((Array((), UNKNOWN, 1),)))
    others = tuple(shape for shape in shapes_of(type_) if not isinstance(shape, Array))
    return replace(type_, shapes=(*others, *arrays.shapes))


def _refined_by_order(quiet: Evaluator, view: View, tree: Symbol, scope: Scope, *, is_true: bool) -> View:
    limit = _numbers(quiet.type_of(tree.rhs, ABSENT, scope))
    operator = str(tree.value)
    counted = _counted(tree.lhs, scope)
    if counted is not None and limit is not None and is_true and operator in (">", ">="):
        least = limit.low if operator == ">=" else limit.low + 1
        return _narrowed(view, counted, _filled, keeps_absent=False) if least >= 1 else view
    reference = _reference(tree.lhs, scope)
    if limit is None or reference is None:
        return view
    if not is_true:
        operator = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[operator]
    if operator in ("<", "<="):
        wanted = Number(high=limit.high, is_high_open=operator == "<")
    else:
        wanted = Number(low=limit.low, is_low_open=operator == ">")
    found = Type((wanted,))
    return _narrowed(view, reference, only(found), keeps_absent=not is_true)


def _refined_by_function(
    evaluator: Evaluator, view: View, tree: Symbol, scope: Scope, *, is_true: bool
) -> View:
    name, first = str(tree.procedure.value), tree.arguments[0]
    if name == "not" and not is_true and not _is_never_absent(first):
        return view  # $not of nothing is nothing, which counts as false
    if name in ("not", "boolean"):
        return _refined(evaluator, view, first, scope, is_true=is_true is (name == "boolean"))
    reference = _reference(first, scope)
    if name == "exists" and is_true:
        return _certain(_narrowed(view, reference, anything, keeps_absent=False), reference)
    if name == "exists":
        return _narrowed(view, reference, none, keeps_absent=True)
    return view


def _is_never_absent(tree: Symbol) -> bool:
    """Say whether an expression is true or false, whatever is absent in it."""
    if tree.type == "block" and len(tree.expressions) == 1:
        return _is_never_absent(tree.expressions[0])
    if tree.type == "binary":
        return str(tree.value) in ("=", "!=", "in", "and", "or")
    is_call = tree.type == "function" and tree.procedure.type == "variable"
    return is_call and str(tree.procedure.value) == "exists"


def _certain(view: View, reference: Reference | None) -> View:
    """A variable that exists is assigned."""
    known = None if reference is None else view.variables.get(reference[0])
    if reference is None or known is None or known.is_certain:
        return view
    return replace(view, variables={**view.variables, reference[0]: replace(known, is_certain=True)})


def _joined(left: View, right: View) -> View:
    return replace(
        left,
        document=join(left.document, right.document),
        variables=join_variables(left.variables, right.variables),
        more={name: join_all((type_, right.more[name])) for name, type_ in left.more.items()},
    )


def refined_item(evaluator: Evaluator, predicate: Symbol, item: Type) -> Type:
    """Narrow the items that a predicate such as `[status = 'open']` lets through."""
    if predicate.type == "binary" and str(predicate.value) == "and":
        return refined_item(evaluator, predicate.rhs, refined_item(evaluator, predicate.lhs, item))
    names = (
        _item_names(predicate.lhs)
        if predicate.type == "binary" and str(predicate.value) in ("=", "in")
        else None
    )
    if names is None or item.is_unknown:
        return item
    from statewright.typing.jsonata_types import Scope

    values = flattened(evaluator.hushed().type_of(predicate.rhs, Value(item), Scope()))
    if not _is_literal(values):
        return item
    found = narrow(item, names, only(values), keeps_absent=False, maps_arrays=True)
    return item if found.is_never else found


def _item_names(tree: Symbol) -> tuple[str, ...] | None:
    if tree.type != "path" or any(step.type != "name" or step.stages for step in tree.steps):
        return None
    return tuple(str(step.value) for step in tree.steps)
