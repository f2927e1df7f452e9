"""Syntax tree -> closures: `evaluate(input, frame) -> value`, compiled once and shared by every run.

The semantics are those of JSONata 2.0.6 (https://docs.jsonata.org), whose evaluator alone defines sequences,
singletons and flattening.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from statewright.asl.jsonata import paths
from statewright.asl.jsonata.calls import HOLE, Composition, Lambda, Partial, Regex, Thunk, Transformer, apply
from statewright.asl.jsonata.operators import OPERATORS
from statewright.asl.jsonata.signature import Signature
from statewright.asl.jsonata.values import (
    UNDEFINED,
    ConstructedArray,
    EvaluationError,
    Frame,
    Function,
    Sequence,
    Value,
    is_numeric,
    lookup,
    number,
    settle,
    truth,
)

Evaluate: TypeAlias = Callable[[Value, Frame], Value]
Symbol = Any


class Scope:
    """The variables that are bound where an expression stands, known while compiling."""

    def __init__(self, parent: Scope | None = None, names: set[str] | None = None) -> None:
        self.parent = parent
        self.names = set() if names is None else names

    def binds(self, name: str) -> bool:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return True
            scope = scope.parent
        return False


class Compiler:
    """Compiles one expression; `free` collects the variables that it does not bind itself."""

    def __init__(self, builtins: frozenset[str]) -> None:
        self.free: set[str] = set()
        self.builtins = builtins

    def compile(self, tree: Symbol, scope: Scope) -> Evaluate:
        """Compile a node with its predicates and grouping."""
        method = getattr(self, f"_{tree.type}", None)
        if method is None:
            raise EvaluationError("S0206", tree.position, token=tree.type)
        evaluate: Evaluate = method(tree, scope)
        for predicate in tree.predicate or ():
            evaluate = _filtered(evaluate, self.filter(predicate.expr, scope))
        if tree.type != "path" and tree.group is not None:
            evaluate = _grouped(evaluate, self.group(tree.group, tree.group.lhs_object, scope))
        if tree.type in _NEVER_SEQUENCES and not tree.predicate:
            return evaluate
        return _settled(evaluate, keeps_array=bool(tree.keep_array))

    # --- leaves ---

    def _string(self, tree: Symbol, scope: Scope) -> Evaluate:  # noqa: ARG002
        value = tree.value
        return lambda _input, _frame: value

    def _number(self, tree: Symbol, scope: Scope) -> Evaluate:  # noqa: ARG002
        value = number(float(tree.value))
        return lambda _input, _frame: value

    _value = _string

    def _regex(self, tree: Symbol, scope: Scope) -> Evaluate:  # noqa: ARG002
        regex = Regex(tree.value)
        return lambda _input, _frame: regex

    def _name(self, tree: Symbol, scope: Scope) -> Evaluate:  # noqa: ARG002
        name = str(tree.value)
        return lambda source, _frame: lookup(source, name)

    def _wildcard(self, tree: Symbol, scope: Scope) -> Evaluate:  # noqa: ARG002
        return paths.wildcard

    def _descendant(self, tree: Symbol, scope: Scope) -> Evaluate:  # noqa: ARG002
        return paths.descendants

    def _parent(self, tree: Symbol, scope: Scope) -> Evaluate:  # noqa: ARG002
        label = tree.slot.label
        return lambda _input, frame: frame.lookup(label)

    def _variable(self, tree: Symbol, scope: Scope) -> Evaluate:
        name = str(tree.value)
        if not name:
            return lambda source, _frame: source
        if not scope.binds(name) and name != "$" and name not in self.builtins:
            self.free.add(name)
        return lambda _input, frame: frame.lookup(name)

    # --- operators ---

    def _binary(self, tree: Symbol, scope: Scope) -> Evaluate:
        left, right = self.compile(tree.lhs, scope), self.compile(tree.rhs, scope)
        operator = str(tree.value)
        position = tree.position
        if operator == "and":
            return lambda source, frame: truth(left(source, frame)) and truth(right(source, frame))
        if operator == "or":
            return lambda source, frame: truth(left(source, frame)) or truth(right(source, frame))
        operate = OPERATORS.get(operator)
        if operate is None:
            raise EvaluationError("S0204", position, token=operator)

        def evaluate(source: Value, frame: Frame) -> Value:
            first = left(source, frame)
            second = right(source, frame)
            try:
                return operate(first, second, operator, frame)
            except EvaluationError as error:
                if error.position is None:
                    error.position = position
                raise

        return evaluate

    def _unary(self, tree: Symbol, scope: Scope) -> Evaluate:
        kind = str(tree.value)
        if kind == "-":
            return _negated(self.compile(tree.expression, scope), tree.position)
        if kind == "[":
            return self.array(tree, scope)
        if kind == "{":
            return _grouped(lambda source, _frame: source, self.group(tree, tree.lhs_object, scope))
        raise EvaluationError("S0211", tree.position, token=kind)

    def array(self, tree: Symbol, scope: Scope) -> Evaluate:
        items = [(self.compile(item, scope), str(item.value) == "[") for item in tree.expressions]
        is_head = bool(tree.consarray)

        def evaluate(source: Value, frame: Frame) -> Value:
            found: list[Value] = []
            for item, is_nested in items:
                value = item(source, frame)
                if value is UNDEFINED:
                    continue
                frame.run.allocate(8 * len(value) if isinstance(value, list) else 8)
                if isinstance(value, list) and not is_nested:
                    found.extend(value)
                else:
                    found.append(value)
            return ConstructedArray(found) if is_head else found

        return evaluate

    def group(self, tree: Symbol, pairs: Any, scope: Scope) -> paths.Group:
        compiled = tuple((self.compile(key, scope), self.compile(value, scope)) for key, value in pairs)
        return paths.Group(compiled, tree.position)

    # --- structure ---

    def _condition(self, tree: Symbol, scope: Scope) -> Evaluate:
        condition, then = self.compile(tree.condition, scope), self.compile(tree.then, scope)
        otherwise = self.compile(tree._else, scope) if tree._else is not None else _nothing
        return lambda source, frame: (
            then(source, frame) if truth(condition(source, frame)) else otherwise(source, frame)
        )

    def _block(self, tree: Symbol, scope: Scope) -> Evaluate:
        inner = Scope(scope)
        expressions = [self.compile(expression, inner) for expression in tree.expressions]
        if len(expressions) == 1 and not inner.names:
            return expressions[0]

        def evaluate(source: Value, frame: Frame) -> Value:
            result: Value = UNDEFINED
            own = Frame(frame, frame.run)
            for expression in expressions:
                result = expression(source, own)
            return result

        return evaluate

    def _bind(self, tree: Symbol, scope: Scope) -> Evaluate:
        name = str(tree.lhs.value)
        if tree.rhs.type == "lambda":  # a function may call itself
            scope.names.add(name)
        value = self.compile(tree.rhs, scope)
        scope.names.add(name)

        def evaluate(source: Value, frame: Frame) -> Value:
            result = value(source, frame)
            frame.bindings[name] = result
            return result

        return evaluate

    def _lambda(self, tree: Symbol, scope: Scope) -> Evaluate:
        if tree.thunk:
            return self.thunk(tree.body, scope)
        names = tuple(str(argument.value) for argument in tree.arguments)
        body = self.compile(tree.body, Scope(scope, set(names)))
        signature = None if tree.signature is None else Signature.of_library(tree.signature, "lambda")
        return lambda source, frame: Lambda(names, body, signature, source, frame)

    def thunk(self, call: Symbol, scope: Scope) -> Evaluate:
        """Compile a call in tail position: it is handed back to the caller's loop instead of nesting."""
        procedure, arguments = self.procedure(call, scope), self.arguments(call, scope)
        position = call.position

        def evaluate(source: Value, frame: Frame) -> Value:
            frame.run.tick()
            function = procedure(source, frame)
            return Thunk(function, [argument(source, frame) for argument in arguments], source, position)

        return evaluate

    def _function(self, tree: Symbol, scope: Scope) -> Evaluate:
        call = self.call(tree, scope)
        return lambda source, frame: call(source, frame, [])

    def call(self, tree: Symbol, scope: Scope) -> Callable[[Value, Frame, list[Value]], Value]:
        procedure, arguments = self.procedure(tree, scope), self.arguments(tree, scope)
        position = tree.position

        def evaluate(source: Value, frame: Frame, first: list[Value]) -> Value:
            function = procedure(source, frame)
            values = first + [argument(source, frame) for argument in arguments]
            try:
                return apply(function, values, source, frame.run)
            except EvaluationError as error:
                if error.position is None:
                    error.position = position
                raise

        return evaluate

    def arguments(self, tree: Symbol, scope: Scope) -> list[Evaluate]:
        return [self.compile(argument, scope) for argument in tree.arguments or ()]

    def procedure(self, tree: Symbol, scope: Scope) -> Evaluate:
        """Compile what is called; `sum(x)` for `$sum(x)` gets a hint."""
        procedure = self.compile(tree.procedure, scope)
        if tree.procedure.type != "path":
            return procedure
        name, position = str(tree.procedure.steps[0].value), tree.position

        def evaluate(source: Value, frame: Frame) -> Value:
            function = procedure(source, frame)
            if function is UNDEFINED and frame.lookup(name) is not UNDEFINED:
                raise EvaluationError("T1005", position, token=name)
            return function

        return evaluate

    def _partial(self, tree: Symbol, scope: Scope) -> Evaluate:
        procedure = self.procedure(tree, scope)
        arguments = [
            None if argument.type == "operator" and argument.value == "?" else self.compile(argument, scope)
            for argument in tree.arguments
        ]
        position = tree.position

        def evaluate(source: Value, frame: Frame) -> Value:
            values = [HOLE if argument is None else argument(source, frame) for argument in arguments]
            function = procedure(source, frame)
            if not isinstance(function, Function):
                raise EvaluationError("T1008", position)
            return Partial(function, tuple(values))

        return evaluate

    def _apply(self, tree: Symbol, scope: Scope) -> Evaluate:
        left, position = self.compile(tree.lhs, scope), tree.position
        if tree.rhs.type == "function":
            call = self.call(tree.rhs, scope)
            return lambda source, frame: call(source, frame, [left(source, frame)])
        right = self.compile(tree.rhs, scope)

        def evaluate(source: Value, frame: Frame) -> Value:
            value = left(source, frame)
            function = right(source, frame)
            if not isinstance(function, Function):
                raise EvaluationError("T2006", position)
            if isinstance(value, Function):
                return Composition(value, function)
            return apply(function, [value], None, frame.run)

        return evaluate

    def _transform(self, tree: Symbol, scope: Scope) -> Evaluate:
        pattern, update = self.compile(tree.pattern, scope), self.compile(tree.update, scope)
        delete = self.compile(tree.delete, scope) if tree.delete is not None else None
        return lambda _input, frame: Transformer(pattern, update, delete, frame, tree.position)

    # --- paths ---

    def _path(self, tree: Symbol, scope: Scope) -> Evaluate:
        inner = Scope(scope)
        path = paths.Path(
            tuple(self.step(step, inner) for step in tree.steps),
            is_absolute=tree.steps[0].type == "variable",
            keeps_singleton=bool(tree.keep_singleton_array),
            is_tuple=tree.tuple is not None,
            group=None if tree.group is None else self.group(tree.group, tree.group.lhs_object, inner),
        )
        names = _plain_reference(tree)
        if names is None:
            return path.evaluate
        return _reference(str(tree.steps[0].value), names, path.evaluate)

    def step(self, tree: Symbol, scope: Scope) -> paths.Step:
        for name in (tree.focus, tree.index):
            if name is not None:
                scope.names.add(str(name))
        for stage in tree.stages or ():
            if stage.type == "index":
                scope.names.add(str(stage.value))
        terms = None
        if tree.type == "sort":
            terms = tuple(
                (self.compile(term.expression, scope), bool(term.descending)) for term in tree.terms
            )
        return paths.Step(
            evaluate=_nothing if terms is not None else self.compile(tree, scope),
            terms=terms,
            stages=tuple(self.stage(stage, scope) for stage in tree.stages or ()),
            is_tuple=tree.tuple is not None,
            is_constructed=bool(tree.consarray),
            focus=None if tree.focus is None else str(tree.focus),
            index=None if tree.index is None else str(tree.index),
            ancestor=None if tree.ancestor is None else tree.ancestor.label,
            position=tree.position,
        )

    def stage(self, tree: Symbol, scope: Scope) -> paths.Filter | str:
        return str(tree.value) if tree.type == "index" else self.filter(tree.expr, scope)

    def filter(self, tree: Symbol, scope: Scope) -> paths.Filter:
        if tree.type == "number":
            return paths.Filter(None, math.floor(tree.value))
        return paths.Filter(self.compile(tree, scope), 0)


# Nodes whose value is no sequence unless a predicate makes it one.
_NEVER_SEQUENCES = frozenset({"string", "number", "value", "regex", "lambda", "partial", "transform"})


def _nothing(_input: Value, _frame: Frame) -> Value:
    return UNDEFINED


def _settled(evaluate: Evaluate, *, keeps_array: bool) -> Evaluate:
    if not keeps_array:
        return lambda source, frame: settle(evaluate(source, frame))

    def kept(source: Value, frame: Frame) -> Value:
        value = evaluate(source, frame)
        if isinstance(value, Sequence) and not value.tuple_stream:
            value.keep_singleton = True
        return settle(value)

    return kept


def _filtered(evaluate: Evaluate, predicate: paths.Filter) -> Evaluate:
    return lambda source, frame: predicate.apply(evaluate(source, frame), frame)


def _grouped(evaluate: Evaluate, group: paths.Group) -> Evaluate:
    return lambda source, frame: group.apply(evaluate(source, frame), frame)


def _negated(evaluate: Evaluate, position: int) -> Evaluate:
    def negate(source: Value, frame: Frame) -> Value:
        value = evaluate(source, frame)
        if value is UNDEFINED:
            return value
        if not is_numeric(value):
            raise EvaluationError("D1002", position, value=value, token="-")  # noqa: S106
        return number(-value)

    return negate


# --- the fast path for `$states.input.a.b` ---


def _plain_reference(tree: Symbol) -> tuple[str, ...] | None:
    """Give the names of a path that is a variable and names alone, or None."""
    head, *rest = tree.steps
    if head.type != "variable" or not head.value or tree.keep_singleton_array or tree.group or tree.tuple:
        return None
    if not all(_is_plain_step(step) for step in tree.steps) or any(step.type != "name" for step in rest):
        return None
    return tuple(str(step.value) for step in rest)


def _is_plain_step(step: Symbol) -> bool:
    extras = (step.predicate, step.stages, step.group, step.focus, step.index, step.ancestor, step.tuple)
    return not step.keep_array and not step.consarray and all(extra is None for extra in extras)


def _reference(variable: str, names: tuple[str, ...], general: Evaluate) -> Evaluate:
    """Follow names through objects; arrays on the way are the general path's business."""

    def evaluate(source: Value, frame: Frame) -> Value:
        value = frame.lookup(variable)
        for name in names:
            if type(value) is not dict:
                return general(source, frame) if isinstance(value, list) else UNDEFINED
            if name not in value:
                return UNDEFINED
            value = value[name]
        return general(source, frame) if isinstance(value, list) and type(value) is not list else value

    return evaluate
