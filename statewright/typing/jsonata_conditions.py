"""What a JSONata condition that has come out true or false tells of values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from statewright.typing.jsonata_operators import numbers_in
from statewright.typing.jsonata_values import ABSENT, Value, flattened
from statewright.typing.jsonata_writing import written_out
from statewright.typing.lattice import join, join_all, meet, union
from statewright.typing.narrowing import anything, excluding, falsy, narrow, none, only, truthy
from statewright.typing.shapes import (
    BOOLEAN,
    NULL,
    NUMBER,
    SOME_ARRAY,
    SOME_OBJECT,
    STRING,
    UNKNOWN,
    Array,
    Number,
    String,
    Type,
    literal,
    of_kind,
    shapes_of,
)
from statewright.typing.view import Variable, View, join_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.typing.jsonata_types import Evaluator, Scope

Symbol = Any
_KINDS = {
    "null": NULL, "boolean": BOOLEAN, "number": NUMBER, "string": STRING, "array": SOME_ARRAY,
    "object": SOME_OBJECT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reference:
    """A plain path: its root, the names behind; `bound` where the expression itself has bound the root."""

    root: str
    names: tuple[str, ...]
    bound: Value | None = None


def _reference(tree: Symbol, scope: Scope) -> Reference | None:
    """Give root and names of a plain path such as `$states.input.a` or `$order.id`."""
    if tree.type == "variable" and not tree.predicate and tree.value:
        return _rooted(str(tree.value), (), scope)
    if tree.type != "path" or tree.group is not None or tree.tuple is not None:
        return None
    head, *rest = tree.steps
    extras = [step for step in tree.steps if step.stages or step.predicate or step.focus or step.index]
    if head.type != "variable" or not head.value or extras or any(step.type != "name" for step in rest):
        return None
    return _rooted(str(head.value), tuple(str(step.value) for step in rest), scope)


def _indexed(tree: Symbol, scope: Scope) -> Reference | None:
    """Give the array of which an index picks an item, in `$states.input.rows[0]` or `$rows[0]`."""
    if tree.type == "variable" and tree.value and _is_index(tree.predicate):
        return _rooted(str(tree.value), (), scope)
    if tree.type != "path" or not _is_index(tree.steps[-1].stages):
        return None
    head, *rest = tree.steps
    extras = [step for step in tree.steps[:-1] if step.stages or step.predicate or step.focus or step.index]
    if head.type != "variable" or not head.value or extras or any(step.type != "name" for step in rest):
        return None
    return _rooted(str(head.value), tuple(str(step.value) for step in rest), scope)


def _is_index(stages: Symbol) -> bool:
    return bool(stages) and len(stages) == 1 and getattr(stages[0].expr, "type", None) == "number"


def _rooted(root: str, names: tuple[str, ...], scope: Scope) -> Reference | None:
    bound = scope.find(root)
    return None if bound is not None and bound.is_function else Reference(root, names, bound)


def _changed(
    view: View,
    reference: Reference,
    change: Callable[[Type, tuple[str, ...]], Type],
    *,
    is_there: bool,
) -> View:
    root, names = reference.root, reference.names
    if reference.bound is not None:
        own = view.bound.get(root) or Variable(reference.bound.type, not reference.bound.may_be_absent)
        own = Variable(change(own.type, names), own.is_certain or is_there)
        return replace(view, bound={**view.bound, root: own})
    if root == "states":
        if names[:1] == ("input",):
            return replace(view, document=change(view.document, names[1:]))
        if names[:3] == ("context", "Execution", "Input"):
            return view.of_execution(lambda type_: change(type_, names[3:]))
        if names and names[0] in view.more:
            more = {**view.more, names[0]: change(view.more[names[0]], names[1:])}
            return replace(view, more=more)
        return view
    known = view.variables.get(root)
    if known is None:
        return view
    narrowed = replace(known, type=change(known.type, names), is_certain=known.is_certain or is_there)
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
        is_there=not keeps_absent,
    )


def refined(evaluator: Evaluator, tree: Symbol, scope: Scope, *, is_true: bool) -> View:
    """Give what is known where a condition has come out so."""
    return _refined(evaluator, evaluator.view, tree, scope, is_true=is_true)


def is_dead(view: View) -> bool:
    """Say whether no value is left for something that a condition has spoken of: it never comes out so."""
    variables = (*view.variables.values(), *view.bound.values())
    known = (view.document, *view.more.values(), *(each.type for each in variables))
    return any(type_.is_never for type_ in known)


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
        return _narrowed(_present(view, tree), reference, truthy, keeps_absent=False)
    return _narrowed(view, reference, falsy, keeps_absent=True)


def _present(view: View, tree: Symbol) -> View:
    """What counts as true is there: it is known again by its words."""
    text = written_out(tree)
    return view if text is None else replace(view, present=view.present | {text})


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
    tree, operator = _turned(tree, operator)
    if operator in ("=", "!=", "in"):
        values = flattened(quiet.type_of(tree.rhs, ABSENT, scope))
        is_literal = _is_literal(values)
        if not is_literal:
            return view
        reference = _counted(tree.lhs, scope) or _reference(tree.lhs, scope)
        if _counted(tree.lhs, scope) is not None:
            return _by_count(view, tree, operator, values, scope, is_true=is_true)
        is_equal = (operator != "!=") is is_true
        asked = _argument_of(tree.lhs, "type")
        if asked is not None:
            return _by_kind(view, _reference(asked, scope), values, is_equal=is_equal)
        if not is_equal and not _is_each_excluded(tree.rhs, values):
            return view
        # A comparison with nothing is false, with either sign.
        return _narrowed(
            view, reference, only(values) if is_equal else excluding(values), keeps_absent=not is_true
        )
    if operator in ("<", "<=", ">", ">="):
        return _refined_by_order(quiet, view, tree, scope, is_true=is_true)
    return view


@dataclass(frozen=True, slots=True)
class _Turned:
    """A comparison with its sides changed."""

    lhs: Symbol
    rhs: Symbol
    value: str


def _turned(tree: Symbol, operator: str) -> tuple[Symbol, str]:
    """Write `3 < $count(x)` as `$count(x) > 3`."""
    other = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator)
    if other is None or tree.lhs.type not in ("string", "number", "value"):
        return tree, operator
    return _Turned(tree.rhs, tree.lhs, other), other


def _argument_of(tree: Symbol, name: str) -> Symbol | None:
    """Give the only argument of a call of a built-in function."""
    is_call = tree.type == "function" and tree.procedure.type == "variable" and tree.procedure.value == name
    return tree.arguments[0] if is_call and len(tree.arguments or ()) == 1 else None


def _by_kind(view: View, reference: Reference | None, names: Type, *, is_equal: bool) -> View:
    """`$type(x) = 'number'`: of nothing it is nothing, which equals no name."""
    texts = {text for shape in shapes_of(names) if isinstance(shape, String) for text in shape.values or ()}
    kinds = [_KINDS[text] for text in texts if text in _KINDS]
    if not kinds or len(kinds) < len(texts):
        return view
    keep = only(union(kinds)) if is_equal else excluding(union(kinds))
    return _narrowed(view, reference, keep, keeps_absent=not is_equal)


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
    asked = _argument_of(tree, "count")
    return None if asked is None else _reference(asked, scope)


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
    limit = numbers_in(quiet.type_of(tree.rhs, ABSENT, scope))
    operator = str(tree.value)
    counted = _counted(tree.lhs, scope)
    if counted is not None and not is_true:
        operator = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[operator]
    if counted is not None and limit is not None and operator in (">", ">="):
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
    if name == "exists" and is_true and reference is None:
        return _narrowed(_present(view, first), _indexed(first, scope), _filled, keeps_absent=False)
    if name == "exists" and is_true:
        return _narrowed(view, reference, anything, keeps_absent=False)
    if name == "exists":
        return _narrowed(view, reference, none, keeps_absent=True)
    return _present(view, tree) if is_true else view


def _is_never_absent(tree: Symbol) -> bool:
    """Say whether an expression is true or false, whatever is absent in it."""
    if tree.type == "block" and len(tree.expressions) == 1:
        return _is_never_absent(tree.expressions[0])
    if tree.type == "binary":
        return str(tree.value) in ("=", "!=", "in", "and", "or")
    is_call = tree.type == "function" and tree.procedure.type == "variable"
    return is_call and str(tree.procedure.value) == "exists"


def _joined(left: View, right: View) -> View:
    return replace(
        left,
        document=join(left.document, right.document),
        variables=join_variables(left.variables, right.variables),
        bound={
            name: each
            for name, each in join_variables(left.bound, right.bound).items()
            if name in left.bound and name in right.bound
        },
        present=left.present & right.present,
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
