"""The types of JSONata expressions, along the tree that the engine compiles.

What is not understood (`@$v`, `#$i`, `%`, partial application, grouping) is unknown, never guessed.
Source: https://docs.jsonata.org
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache, partial, reduce
from typing import TYPE_CHECKING, Any

from statewright.asl import jsonata
from statewright.asl.jsonata import syntax
from statewright.asl.jsonata.natives import NATIVES
from statewright.asl.source import escape
from statewright.typing import jsonata_conditions as conditions
from statewright.typing import jsonata_operators as operators
from statewright.typing.findings import Where
from statewright.typing.jsonata_functions import check_arguments, result_of
from statewright.typing.jsonata_paths import PathWalk
from statewright.typing.jsonata_transforms import transformed
from statewright.typing.jsonata_values import ABSENT, ANYTHING, Stream, Value, either, items_with_counts
from statewright.typing.jsonata_writing import written_out
from statewright.typing.lattice import join, join_all
from statewright.typing.selection import Selected
from statewright.typing.shapes import (
    NEVER,
    SOME_OBJECT,
    UNKNOWN,
    Array,
    Field,
    Object,
    String,
    Type,
    literal,
    shapes_of,
)
from statewright.typing.texts import literal_text, looks_like_jsonata

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statewright.typing.view import Variable, View

Json = Any
Symbol = Any

_MAX_CALLS = 6


@lru_cache(maxsize=4096)
def tree_of(text: str) -> Symbol:
    """Parse an expression once; raises JException."""
    return syntax.parse(text)


@dataclass(frozen=True, slots=True)
class Scope:
    """Variables that an expression binds itself."""

    names: dict[str, Value] = field(default_factory=dict)
    outer: Scope | None = None

    def find(self, name: str) -> Value | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


def expression_value(text: str, view: View, where: Where) -> Value:
    """Give what an expression yields; reports what is wrong inside it."""
    return Evaluator(view, where).value(tree_of(text), ABSENT, Scope())


def expression_type(text: str, view: View, where: Where) -> Type:
    """Give the type of an expression that must yield a value; reports where it may not."""
    value = expression_value(text, view, where)
    if value.is_function:
        view.findings.add("SW104", "the expression yields a function, not a value", where)
        return UNKNOWN
    if value.is_absent:
        view.findings.add("SW101", f"the expression '{_short(text)}' yields nothing", where)
        return UNKNOWN
    if (value.may_be_absent and value.type.is_unknown) or (value.is_presumed and not value.may_be_absent):
        view.findings.add("SW191", f"it cannot be shown that '{_short(text)}' yields a value", where)
    elif value.may_be_absent and value.is_by_count:
        message = f"the expression '{_short(text)}' may yield nothing: an array may be empty or too short"
        view.findings.add("SW103", message, where, actual=value.type)
    elif value.may_be_absent:
        view.findings.add(
            "SW102", f"the expression '{_short(text)}' may yield nothing", where, actual=value.type,
            suggestion="give it another value for that case, or have its source always give it",
        )  # fmt: skip
    return value.type if not value.type.is_never else UNKNOWN


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "…"


def where_in(value: str, pointer: str) -> Where:
    """Give the place of the expression inside a string `{% … %}`."""
    inner = value[2:-2]
    return Where(pointer, 2 + len(inner) - len(inner.lstrip()))


def template_type(value: Json, view: View, pointer: str) -> Type:
    """Give the type of a value whose strings may be expressions."""
    if isinstance(value, dict):
        fields = {
            name: Field(template_type(member, view, f"{pointer}/{escape(name)}"))
            for name, member in value.items()
        }
        return Type((Object(fields, NEVER, is_declared=True),))
    if isinstance(value, list):
        items = tuple(template_type(each, view, f"{pointer}/{place}") for place, each in enumerate(value))
        return Type((Array(items, NEVER, len(items), len(items)),))
    if jsonata.is_expression(value):
        return expression_type(value[2:-2].strip(), view, where_in(value, pointer))
    check_text(value, view, pointer)
    return literal_text(value)


def check_text(value: Json, view: View, pointer: str) -> None:
    """Report a text that was probably meant to be an expression."""
    if isinstance(value, str) and looks_like_jsonata(value, view.variables, NATIVES):
        message = f"'{_short(value)}' is handed on as a text: an expression is the whole text, {{% … %}}"
        view.findings.add("SW106", message, Where(pointer))


class Evaluator:
    """Evaluates one expression on types; `calls` counts how deep calls of its own functions nest."""

    def __init__(self, view: View, where: Where, calls: int = 0) -> None:
        self.view = view
        self.where = where
        self.calls = calls

    def seeing(self, view: View) -> Evaluator:
        """Give an evaluator that knows more."""
        return Evaluator(view, self.where, self.calls)

    def report(self, code: str, message: str, tree: Symbol, **more: Any) -> None:
        """Report at the end of a node's token."""
        length = len(str(tree.value)) if tree.type in ("name", "variable") else 1
        offset = max(0, int(tree.position or 0) - length) + self.where.offset
        self.view.findings.add(code, message, Where(self.where.pointer, offset), **more)

    def value(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        """Give what a node yields with `context` as `$`."""
        method: Callable[[Symbol, Value, Scope], Value] | None = getattr(self, f"_{tree.type}", None)
        found = ANYTHING if method is None else method(tree, context, scope)
        for predicate in tree.predicate or ():
            stream = self.filtered(found, predicate.expr, scope)
            found = stream.settled(keeps_array=bool(tree.keep_array))
        if tree.type != "path" and tree.group is not None:
            return Value(SOME_OBJECT)
        if self.view.present and found.may_be_absent and written_out(tree) in self.view.present:
            return replace(found, may_be_absent=False, is_by_count=False)
        return found

    def type_of(self, tree: Symbol, context: Value, scope: Scope) -> Type:
        """Give a node's type alone."""
        return self.value(tree, context, scope).type

    # --- leaves ---

    def _string(self, tree: Symbol, context: Value, scope: Scope) -> Value:  # noqa: ARG002
        return Value(literal_text(tree.value))

    def _number(self, tree: Symbol, context: Value, scope: Scope) -> Value:  # noqa: ARG002
        number = float(tree.value)
        return Value(literal(int(number) if number.is_integer() else number))

    def _value(self, tree: Symbol, context: Value, scope: Scope) -> Value:  # noqa: ARG002
        return Value(literal(tree.value))

    def _regex(self, tree: Symbol, context: Value, scope: Scope) -> Value:  # noqa: ARG002
        return Value(NEVER, call=lambda _given, _depth: Value(UNKNOWN, may_be_absent=True), arity=1)

    def _variable(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        name = str(tree.value)
        if not name:
            return context
        bound = scope.find(name)
        if bound is not None:
            known = self.view.bound.get(name)
            return bound if known is None or bound.is_function else _narrowed(bound, known)
        if name == "states":
            return Value(self._states())
        if name in NATIVES and name not in self.view.variables:
            arity = NATIVES[name].signature.least
            return Value(NEVER, call=lambda given, _depth: result_of(name, given), arity=max(1, arity))
        if name == "$":
            return ANYTHING
        offset = max(0, int(tree.position) - len(name) - 1) + self.where.offset
        return Value(self.view.variable(name, Where(self.where.pointer, offset)))

    def _states(self) -> Type:
        members: Mapping[str, Type] = {
            "input": self.view.document, "context": self.view.context, **self.view.more,
        }  # fmt: skip
        fields = {name: Field(type_) for name, type_ in members.items()}
        return Type((Object(fields, NEVER, is_declared=True),))

    # --- operators ---

    def _binary(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        operator = str(tree.value)
        left = self.value(tree.lhs, context, scope)
        right_view = self
        if operator in ("and", "or"):
            refined = conditions.refined(self, tree.lhs, scope, is_true=operator == "and")
            right_view = self.hushed() if conditions.is_dead(refined) else self.seeing(refined)
        right = right_view.value(tree.rhs, context, scope)
        return operators.binary(self, tree, operator, left, right)

    def _unary(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        kind = str(tree.value)
        if kind == "-":
            return operators.negated(self, tree, self.value(tree.expression, context, scope))
        if kind == "[":
            return self._array(tree, context, scope)
        return self._object(tree, context, scope)

    def _array(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        prefix: list[Type] = []
        is_exact, low, high = True, 0, 0
        rest: list[Type] = []
        for item in tree.expressions:
            value = self.value(item, context, scope)
            is_nested = str(item.value) == "["
            stream = Stream(value.type, 0 if value.may_be_absent or value.is_open else 1, 1)
            if not is_nested and not value.is_function:
                stream = items_with_counts(value)
            if value.is_absent:
                continue
            is_one = stream.low == stream.high == 1
            is_exact = is_exact and is_one
            prefix += [stream.item] if is_exact else []
            rest += [] if is_exact else [stream.item]
            low += stream.low
            high = -1 if high < 0 or stream.high is None else high + stream.high
        most = None if high < 0 else high
        return Value(Type((Array(tuple(prefix), join_all(rest), low, most),)))

    def _object(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        fields: dict[str, Field] = {}
        rest = NEVER
        for key, member in tree.lhs_object:
            name = self.value(key, context, scope)
            value = self.value(member, context, scope)
            if value.is_absent:
                continue
            text = _only_text(name.type)
            if text is None:
                rest = join(rest, value.type)
                continue
            is_sure = not (value.may_be_absent or name.may_be_absent)
            is_open = value.is_open and is_sure
            fields[text] = Field(value.type, is_sure and not is_open, is_open)
        return Value(Type((Object(fields, rest, is_declared=rest.is_never),)))

    # --- structure ---

    def _condition(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        self.value(tree.condition, context, scope)
        positive = conditions.refined(self, tree.condition, scope, is_true=True)
        negative = conditions.refined(self, tree.condition, scope, is_true=False)
        ways = [(positive, tree.then), (negative, tree._else)]
        # What cannot come about is left out, unless nothing can: then this is never evaluated.
        alive = [way for way in ways if not conditions.is_dead(way[0])] or ways
        found = [
            ABSENT if branch is None else self.seeing(view).value(branch, context, scope)
            for view, branch in alive
        ]
        return reduce(either, found)

    def _block(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        inner = Scope(outer=scope)
        found = ABSENT
        names = [str(each.lhs.value) for each in tree.expressions if each.type == "bind"]
        evaluator = self.seeing(self.view.unbound(names))
        for expression in tree.expressions:
            found = evaluator.value(expression, context, inner)
        return found

    def _bind(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        name = str(tree.lhs.value)
        if tree.rhs.type == "lambda":
            scope.names[name] = Value(NEVER, call=lambda _given, _depth: ANYTHING)
        scope.names[name] = self.value(tree.rhs, context, scope)
        return scope.names[name]

    def _lambda(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        if tree.thunk:
            return self.value(tree.body, context, scope)
        names = [str(argument.value) for argument in tree.arguments]

        def call(given: list[Value], depth: int, view: View = self.view) -> Value:
            if self.calls + depth > _MAX_CALLS:
                return ANYTHING
            padded = [*given, *[ABSENT] * (len(names) - len(given))]
            inner = Evaluator(view.unbound(names), self.where, self.calls + 1)
            return inner.value(tree.body, context, Scope(dict(zip(names, padded, strict=False)), scope))

        quiet = partial(call, view=self.hushed().view)
        return Value(NEVER, call=call, arity=len(names), quiet=quiet)

    def _function(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        return self.call(tree, [], context, scope)

    def call(self, tree: Symbol, first: list[Value], context: Value, scope: Scope) -> Value:
        """Call what a node names, with `first` before its own arguments."""
        name = self._native_name(tree.procedure, scope)
        # Whoever asks whether something exists knows that it may not.
        quiet = self.ignoring("SW101", "SW120", "SW121") if name == "exists" else self
        given = first + [quiet.value(argument, context, scope) for argument in tree.arguments or ()]
        if name is not None:
            self._check_call(name, given, tree)
            parameters = NATIVES[name].signature.parameters
            if parameters and parameters[0].takes_context and len(given) < len(parameters):
                least = NATIVES[name].signature.least
                given = [context, *given] if len(given) <= least and (least or not given) else given
            return result_of(name, given, keeps_array=bool(tree.keep_array))
        function = self.value(tree.procedure, context, scope)
        if function.call is None:
            if function.type.is_unknown and not function.is_absent:
                return ANYTHING
            self.report("SW104", "what is called here is no function", tree.procedure)
            return ANYTHING
        return function.call(given, 1)

    def _native_name(self, procedure: Symbol, scope: Scope) -> str | None:
        if procedure.type != "variable":
            return None
        name = str(procedure.value)
        is_bound = scope.find(name) is not None or name in self.view.variables
        return name if name in NATIVES and not is_bound else None

    def _check_call(self, name: str, given: list[Value], tree: Symbol) -> None:
        def report(place: int, message: str) -> None:
            actual = given[place].type if place < len(given) else None
            self.report("SW104", message, tree.procedure, actual=actual)

        def unproved(_place: int, message: str) -> None:
            self.report("SW191", message, tree.procedure)

        check_arguments(name, given, report, unproved)

    def hushed(self) -> Evaluator:
        """Give an evaluator that reports nothing."""
        return self.seeing(replace(self.view, findings=replace(self.view.findings, wanted="none")))

    def ignoring(self, *codes: str) -> Evaluator:
        """Give an evaluator that does not report some codes."""
        findings = self.view.findings
        ignored = findings.ignored | set(codes)
        return self.seeing(replace(self.view, findings=replace(findings, ignored=ignored)))

    def _partial(self, tree: Symbol, context: Value, scope: Scope) -> Value:  # noqa: ARG002
        return Value(NEVER, call=lambda _given, _depth: ANYTHING, arity=1)

    def _transform(self, tree: Symbol, context: Value, scope: Scope) -> Value:  # noqa: ARG002
        def call(given: list[Value], depth: int) -> Value:  # noqa: ARG001
            return transformed(self, tree, scope, given)

        return Value(NEVER, call=call, arity=1, quiet=call)

    def _apply(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        left = self.value(tree.lhs, context, scope)
        if tree.rhs.type == "function":
            return self.call(tree.rhs, [left], context, scope)
        right = self.value(tree.rhs, context, scope)
        if right.call is None:
            if not right.type.is_unknown:
                self.report("SW104", "what stands behind ~> is no function", tree)
            return ANYTHING
        return right if left.is_function else right.call([left], 1)

    # --- paths ---

    def _path(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        return PathWalk(self, tree, scope).value(context)

    def _name(self, tree: Symbol, context: Value, scope: Scope) -> Value:
        del scope
        return PathWalk.lookup_value(self, tree, context)

    def filtered(self, source: Value, predicate: Symbol, scope: Scope) -> Stream:
        """Give the items that `[predicate]` leaves of a value."""
        stream = items_with_counts(source)
        if predicate.type == "number":
            return self._at_index(source, int(predicate.value // 1))
        wanted = self.value(predicate, Value(stream.item), scope)
        kinds = {type(shape).__name__ for shape in shapes_of(wanted.type)}
        if not wanted.type.is_unknown and kinds == {"Number"}:
            return Stream(stream.item, 0, 1)
        narrowed = conditions.refined_item(self, predicate, stream.item)
        return Stream(narrowed, 0, stream.high)

    def _at_index(self, source: Value, index: int) -> Stream:
        from statewright.typing.selection import select

        if source.type.is_unknown:
            return (
                Stream(UNKNOWN.under(source.type), 0, 1)
                if source.may_be_absent
                else Stream(source.type, 1, 1)
            )
        parts: list[Selected] = []
        for shape in shapes_of(source.type):
            if isinstance(shape, Array):
                parts.append(select(Type((shape,)), index))
            else:
                is_there = index in (0, -1)
                parts.append(Selected(Type((shape,)) if is_there else NEVER, is_there))
        is_certain = all(part.is_certain for part in parts) and not source.may_be_absent
        return Stream(join_all(part.type for part in parts).under(source.type), int(is_certain), 1)


def _narrowed(bound: Value, known: Variable) -> Value:
    return replace(
        bound,
        type=known.type,
        may_be_absent=bound.may_be_absent and not known.is_certain,
        is_presumed=bound.is_presumed and not known.is_certain,
        is_by_count=bound.is_by_count and not known.is_certain,
    )


def _only_text(type_: Type) -> str | None:
    shapes = shapes_of(type_)
    if len(shapes) == 1 and isinstance(shapes[0], String) and shapes[0].values is not None:
        values = shapes[0].values
        return next(iter(values)) if len(values) == 1 else None
    return None
