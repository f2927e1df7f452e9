"""Functions as values, and how they are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from statewright.asl.jsonata.signature import Signature
from statewright.asl.jsonata.values import UNDEFINED, EvaluationError, Frame, Function, Run, Value, fail
from statewright.asl.patterns import Match, Pattern, PatternTimeoutError

Evaluate: TypeAlias = Callable[[Value, Frame], Value]


class _Hole:
    """The type of `HOLE`, an argument `?` that a partial application leaves open."""


HOLE = _Hole()


@dataclass(frozen=True, slots=True)
class Thunk:
    """A call in tail position that the caller is to make."""

    function: Value
    arguments: list[Value]
    context: Value
    position: int


@dataclass(frozen=True, slots=True, eq=False)
class Lambda(Function):
    """A function of the expression's own, with what it closes over."""

    names: tuple[str, ...]
    body: Evaluate
    signature: Signature | None
    input: Value
    frame: Frame

    @property
    def arity(self) -> int:
        return len(self.names)

    def invoke(self, arguments: list[Value], context: Value, run: Run) -> Value:
        if self.signature is not None:
            arguments = self.signature.validate(arguments, context)
        padded = arguments + [UNDEFINED] * (len(self.names) - len(arguments))
        return self.body(self.input, Frame(self.frame, run, dict(zip(self.names, padded, strict=False))))


@dataclass(frozen=True, slots=True, eq=False)
class Native(Function):
    """A built-in function; `call` takes the run and the validated arguments."""

    name: str
    signature: Signature
    call: Callable[..., Value]

    @property
    def arity(self) -> int:
        return self.signature.least

    def invoke(self, arguments: list[Value], context: Value, run: Run) -> Value:
        return self.call(run, *self.signature.validate(arguments, context))


@dataclass(frozen=True, slots=True, eq=False)
class Partial(Function):
    """A function with some of its arguments given."""

    function: Function
    given: tuple[Value, ...]

    @property
    def arity(self) -> int:
        return sum(1 for value in self.given if value is HOLE)

    def invoke(self, arguments: list[Value], context: Value, run: Run) -> Value:
        waiting = iter(arguments)
        filled = [next(waiting, UNDEFINED) if value is HOLE else value for value in self.given]
        return apply(self.function, filled, context, run)


@dataclass(frozen=True, slots=True, eq=False)
class Composition(Function):
    """`$f ~> $g`."""

    first: Function
    second: Function

    arity = 1

    def invoke(self, arguments: list[Value], context: Value, run: Run) -> Value:
        inner = apply(self.first, arguments[:1] or [UNDEFINED], context, run)
        return apply(self.second, [inner], context, run)


@dataclass(frozen=True, slots=True, eq=False)
class Transformer(Function):
    """`|pattern|update,delete|`: a function that gives a changed copy of its argument."""

    pattern: Evaluate
    update: Evaluate
    delete: Evaluate | None
    frame: Frame
    position: int

    arity = 1

    def invoke(self, arguments: list[Value], context: Value, run: Run) -> Value:
        (source,) = _TRANSFORM.validate(arguments, context)
        if source is UNDEFINED:
            return source
        copy = deep_copy(source, run)
        matches = self.pattern(copy, self.frame)
        if matches is UNDEFINED:
            return copy
        for match in matches if isinstance(matches, list) else [matches]:
            self._change(match)
        return copy

    def _change(self, match: Value) -> None:
        update = self.update(match, self.frame)
        if update is not UNDEFINED:
            if not isinstance(update, dict):
                raise EvaluationError("T2011", self.position, value=update)
            if isinstance(match, dict):
                match.update(update)
        if self.delete is None:
            return
        unwanted = self.delete(match, self.frame)
        if unwanted is UNDEFINED:
            return
        names = unwanted if isinstance(unwanted, list) else [unwanted]
        if not all(isinstance(name, str) for name in names):
            raise EvaluationError("T2012", self.position, value=unwanted)
        if isinstance(match, dict):
            for name in names:
                match.pop(name, None)


_TRANSFORM = Signature.parse("<(oa):o>", "transform")


@dataclass(frozen=True, slots=True, eq=False)
class Regex(Function):
    """A regular expression: called with a string it gives the first match and a way to the next."""

    pattern: Pattern

    arity = 1

    def matches(self, text: str, run: Run, limit: int | None = None) -> list[Match]:
        """Find the matches; raises D1004 for an empty one, D3142 where that takes longer than the run may."""
        found: list[Match] = []
        try:
            for match in islice(self.pattern.find_all(text, run.deadline), limit):
                if match.start == match.end:
                    fail("D1004", value=text)
                run.allocate(64)
                found.append(match)
        except PatternTimeoutError:
            fail("D3142")
        return found

    def invoke(self, arguments: list[Value], context: Value, run: Run) -> Value:  # noqa: ARG002
        text = arguments[0] if arguments else UNDEFINED
        if not isinstance(text, str):
            return UNDEFINED
        return _match_object(self.matches(text, run), 0)


@dataclass(frozen=True, slots=True, eq=False)
class _NextMatch(Function):
    matches: list[Match]
    index: int

    arity = 0

    def invoke(self, arguments: list[Value], context: Value, run: Run) -> Value:  # noqa: ARG002
        return _match_object(self.matches, self.index)


def _match_object(matches: list[Match], index: int) -> Value:
    if index >= len(matches):
        return UNDEFINED
    match = matches[index]
    return {
        "match": match.text,
        "start": match.start,
        "end": match.end,
        "groups": list(match.groups),
        "next": _NextMatch(matches, index + 1),
    }


def deep_copy(value: Value, run: Run) -> Value:
    """Copy objects and arrays all the way down."""
    run.allocate(8)
    if isinstance(value, dict):
        return {key: deep_copy(member, run) for key, member in value.items()}
    if isinstance(value, list):
        return [deep_copy(item, run) for item in value]
    return value


def apply(function: Value, arguments: list[Value], context: Value, run: Run) -> Value:
    """Call a function, and whatever it hands back from tail position."""
    run.tick()
    run.enter()
    try:
        result = _invoke(function, arguments, context, run)
        while isinstance(result, Thunk):
            result = _continue(result, run)
    finally:
        run.leave()
    return result


def _invoke(function: Value, arguments: list[Value], context: Value, run: Run) -> Value:
    if not isinstance(function, Function):
        fail("T1006")
    return function.invoke(arguments, context, run)


def _continue(thunk: Thunk, run: Run) -> Value:
    try:
        return _invoke(thunk.function, thunk.arguments, thunk.context, run)
    except EvaluationError as error:
        if error.position is None:
            error.position = thunk.position
        raise


def apply_to_item(function: Function, item: Value, place: Value, whole: Value, run: Run) -> Value:
    """Call a function of `$map` and its like with as many of (item, place, whole) as it takes."""
    count = max(1, min(3, function.arity))
    return apply(function, [item, place, whole][:count], None, run)
