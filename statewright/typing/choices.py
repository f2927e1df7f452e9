"""Choice: its conditions, what they tell of values, and the ways out.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from statewright.asl import jsonata, jsonpath
from statewright.asl.tree import Both, Choice, Comparison, Condition, Constant, Field, Not
from statewright.typing import jsonata_conditions, jsonata_types, path_types
from statewright.typing.findings import Where, meant
from statewright.typing.flow import Exit
from statewright.typing.lattice import join, meet
from statewright.typing.narrowing import anything, excluding, narrow, none, only
from statewright.typing.rendering import show
from statewright.typing.selection import select
from statewright.typing.shapes import (
    BOOLEAN,
    NULL,
    NUMBER,
    STRING,
    Number,
    Object,
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

    from statewright.asl.tree import ChoiceRule
    from statewright.typing.states import Visit

_KINDS = {"String": STRING, "Numeric": NUMBER, "Boolean": BOOLEAN, "Timestamp": STRING}
_TESTED = {
    "IsNull": NULL,
    "IsString": STRING,
    "IsNumeric": NUMBER,
    "IsBoolean": BOOLEAN,
    "IsTimestamp": STRING,
}


def choice_exits(visit: Visit) -> list[Exit]:
    """Give the ways out of a Choice: by each rule that may hold, and by Default."""
    state = visit.state
    assert isinstance(state, Choice)
    view = visit.view.of(visit.selected_input())
    exits: list[Exit] = []
    is_understood = True
    for rule in state.rules:
        if _is_dead(view):
            break
        before = view
        held, view = _judge(rule, view, visit)
        is_understood &= view != before or _is_dead(held)
        if not _is_dead(held):
            exits.append(_by_rule(visit, state, rule, held))
    if state.default is None and not _is_dead(view):
        _report_left(state, view, is_certain=is_understood or len(state.rules) == 1)
    if state.default is not None and not _is_dead(view):
        exits.append(replace(visit.finish(view.document, view), target=state.default))
    return exits


def _report_left(state: Choice, view: View, *, is_certain: bool) -> None:
    """What no rule takes fails with States.NoChoiceMatched; one rule alone would be no choice."""
    message = f"{state.name} has no Default, and no rule need hold: States.NoChoiceMatched"
    where = Where(state.at.pointer)
    view.findings.add("SW107", message, where, severity=None if is_certain else "note")


def _is_dead(view: View) -> bool:
    return view.document.is_never or any(variable.type.is_never for variable in view.variables.values())


def _by_rule(visit: Visit, state: Choice, rule: ChoiceRule, view: View) -> Exit:
    if state.language == "JSONPath":
        variables = visit.assign(rule.assign, view)
        return Exit(rule.next, visit.selected_output(view.document, view), variables)
    variables = visit.assign(rule.assign, view)
    payload = rule.output or state.output
    return Exit(rule.next, view.document if payload is None else visit.template(payload, view), variables)


def _judge(rule: ChoiceRule, view: View, visit: Visit) -> tuple[View, View]:
    """Give what is known where a rule holds, and where it does not."""
    condition = rule.condition
    if not isinstance(condition, Field):
        _look(condition, view)
        return _known(condition, view, is_true=True), _known(condition, view, is_true=False)
    if isinstance(condition.source, Constant):
        dead = replace(view, document=Type())
        return (view, dead) if condition.source.value else (dead, view)
    assert isinstance(condition.source, jsonata.Expression)
    where = visit.expression_at(condition.at.pointer)
    text = condition.source.text
    found = jsonata_types.expression_type(text, view, where)
    if found.is_unknown:
        view.findings.add("SW191", "it cannot be shown that the condition is boolean", where)
    unwanted = frozenset() if found.is_unknown else kinds(found) - {"boolean"}
    if unwanted:
        message = f"the condition may be {' or '.join(sorted(unwanted))} where it must be boolean"
        view.findings.add("SW113", message, where, actual=found)
    evaluator = jsonata_types.Evaluator(view, where).hushed()
    tree, scope = jsonata_types.tree_of(text), jsonata_types.Scope()
    outcomes = [
        replace(jsonata_conditions.refined(evaluator, tree, scope, is_true=is_true), findings=view.findings)
        for is_true in (True, False)
    ]
    return outcomes[0], outcomes[1]


# --- JSONPath ---


def _look(condition: Condition, view: View, *, is_turned: bool = False) -> View:
    """Report what is wrong with a condition; give what is known behind it where it holds."""
    if isinstance(condition, Both):
        for each in condition.conditions:
            _look(each, view, is_turned=is_turned)
            view = _known(each, view, is_true=condition.operator == "And")
        return view
    if isinstance(condition, Not):
        return _look(condition.condition, view, is_turned=not is_turned)
    assert isinstance(condition, Comparison)
    if condition.operator == "IsPresent":
        _check_presence(condition, view)
        return view
    where = Where(condition.at.pointer)
    found = path_types.path_type(condition.variable, view, where)
    if isinstance(condition.operand, jsonpath.Path):
        operand = path_types.path_type(condition.operand, view, where)
    else:
        operand = literal(condition.operand.value)
    tested = _TESTED.get(condition.operator, NULL)
    if tested != NULL and _constant(condition) and not is_turned:
        _check_test(condition, found, tested, view)
    if condition.operator not in _TESTED:
        _check_comparison(condition, found, operand, view)
    return view


def _check_test(condition: Comparison, found: Type, wanted: Type, view: View) -> None:
    if found.is_unknown or found.is_never or view.document.is_never or not meet(found, wanted).is_never:
        return
    message = f"{condition.operator} never holds: {condition.variable.text} is {show(found)}"
    view.findings.add(
        "SW105", message, Where(condition.at.pointer), actual=found, severity="warning", is_always=True
    )


def _check_presence(condition: Comparison, view: View) -> None:
    """A name that can never be there is a mistake, also where only its presence is asked."""
    path = condition.variable
    if path.keys is None or path.root != "$":
        return
    found = view.document
    for key in path.keys:
        selected = select(found, key)
        is_closed = all(not isinstance(shape, Object) or shape.is_closed for shape in shapes_of(found))
        if selected.type.is_never and selected.names and isinstance(key, str) and is_closed:
            message = f"{path.text} is never present: there is {', '.join(selected.names[:8])}"
            suggestion = meant(key, selected.names)
            view.findings.add(
                "SW105", message, Where(condition.at.pointer), actual=found, suggestion=suggestion
            )
        if selected.type.is_never:
            return
        found = selected.type


def _kind_of(operator: str) -> Type:
    return next(type_ for prefix, type_ in _KINDS.items() if operator.startswith(prefix))


def _check_comparison(condition: Comparison, found: Type, operand: Type, view: View) -> None:
    if found.is_unknown or view.document.is_never:
        return
    wanted = _kind_of(condition.operator)
    where = Where(condition.at.pointer)
    for type_ in (found, operand):
        if not type_.is_unknown and meet(type_, wanted).is_never and not type_.is_never:
            shown = " or ".join(sorted(kinds(wanted)))
            message = (
                f"{condition.operator} never holds: {condition.variable.text} is {show(found)}, not a {shown}"
            )
            view.findings.add("SW105", message, where, actual=found, expected=wanted, is_always=True)
            return
    is_equality = condition.operator.removesuffix("Path") in (
        "StringEquals",
        "NumericEquals",
        "BooleanEquals",
    )
    if is_equality and not operand.is_unknown and meet(found, operand).is_never:
        message = f"{condition.operator} never holds: {condition.variable.text} is never {show(operand)}"
        strings = [
            value for shape in shapes_of(found) if isinstance(shape, String) for value in shape.values or ()
        ]
        texts = [
            value for shape in shapes_of(operand) if isinstance(shape, String) for value in shape.values or ()
        ]
        suggestion = meant(texts[0], strings) if texts else None
        view.findings.add(
            "SW105", message, where,
            actual=found, expected=operand, suggestion=suggestion, is_always=True,
        )  # fmt: skip


def _known(condition: Condition, view: View, *, is_true: bool) -> View:
    if isinstance(condition, Not):
        return _known(condition.condition, view, is_true=not is_true)
    if isinstance(condition, Both):
        return _known_of_all(condition, view, is_true=is_true)
    assert isinstance(condition, Comparison)
    if condition.operator == "IsPresent":
        is_present = bool(_constant(condition)) is is_true
        return _narrowed(
            view, condition.variable, anything if is_present else none, keeps_absent=not is_present
        )
    keep = _kept(condition, is_true=is_true)
    return _narrowed(view, condition.variable, keep, keeps_absent=False)


def _known_of_all(condition: Both, view: View, *, is_true: bool) -> View:
    if (condition.operator == "And") is is_true:
        for each in condition.conditions:
            view = _known(each, view, is_true=is_true)
        return view
    found: View | None = None
    for each in condition.conditions:
        one = _known(each, view, is_true=is_true)
        found = one if found is None else _joined(found, one)
        view = _known(each, view, is_true=not is_true)
    return view if found is None else found


def _joined(left: View, right: View) -> View:
    if left.document.is_never:
        return right
    if right.document.is_never:
        return left
    return replace(
        left,
        document=join(left.document, right.document),
        variables=join_variables(left.variables, right.variables),
    )


def _constant(condition: Comparison) -> object:
    return condition.operand.value if isinstance(condition.operand, Constant) else None


def _kept(condition: Comparison, *, is_true: bool) -> Callable[[Type], Type]:
    operator = condition.operator
    tested = _TESTED.get(operator)
    if tested is not None:
        is_so = bool(_constant(condition)) is is_true
        if operator == "IsTimestamp":
            return only(STRING) if is_so else anything
        return only(tested) if is_so else excluding(tested)
    if isinstance(condition.operand, jsonpath.Path):
        return only(_kind_of(operator)) if is_true else anything
    operand = literal(condition.operand.value)
    if operator in ("StringEquals", "NumericEquals", "BooleanEquals"):
        return only(operand) if is_true else excluding(operand)
    if not operator.startswith("Numeric"):
        return only(_kind_of(operator)) if is_true else anything
    return _within(operator.removeprefix("Numeric"), condition.operand.value, is_true=is_true)


def _within(order: str, limit: float, *, is_true: bool) -> Callable[[Type], Type]:
    if not is_true:
        order = {
            "LessThan": "GreaterThanEquals", "LessThanEquals": "GreaterThan",
            "GreaterThan": "LessThanEquals", "GreaterThanEquals": "LessThan",
        }[order]  # fmt: skip
    is_open = not order.endswith("Equals")
    if order.startswith("Less"):
        wanted = Type((Number(high=limit, is_high_open=is_open),))
    else:
        wanted = Type((Number(low=limit, is_low_open=is_open),))
    if is_true:
        return only(wanted)
    # What is no number makes the comparison false, too.
    return lambda type_: type_ if type_.is_unknown else _numbers_only(type_, wanted)


def _numbers_only(type_: Type, wanted: Type) -> Type:
    others = tuple(shape for shape in shapes_of(type_) if not isinstance(shape, Number))
    numbers = meet(of_kind(type_, Number), wanted)
    return replace(type_, shapes=(*others, *numbers.shapes))


def _narrowed(view: View, path: jsonpath.Path, keep: Callable[[Type], Type], *, keeps_absent: bool) -> View:
    if path.keys is None or path.function is not None:
        return view
    if path.root == "$$":
        if path.keys[:2] != ("Execution", "Input"):
            return view
        inner = path.keys[2:]
        return view.of_execution(
            lambda type_: narrow(type_, inner, keep, keeps_absent=keeps_absent, maps_arrays=False)
        )
    if path.variable is None:
        found = narrow(view.document, path.keys, keep, keeps_absent=keeps_absent, maps_arrays=False)
        return replace(view, document=found)
    known = view.variables.get(path.variable)
    if known is None:
        return view
    is_presence = keep is anything and not keeps_absent
    found = narrow(known.type, path.keys, keep, keeps_absent=keeps_absent, maps_arrays=False)
    if keeps_absent and not known.is_certain and found.is_never:
        return view
    changed = replace(known, type=found, is_certain=known.is_certain or is_presence)
    return replace(view, variables={**view.variables, path.variable: changed})
