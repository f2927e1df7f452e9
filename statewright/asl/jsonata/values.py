"""Values while a JSONata expression runs: plain JSON, sequences, functions, and no value at all.

JSON values are Python's own (null is None). `UNDEFINED` is JSONata's "nothing". A `Sequence` is a list that
an expression made by selecting: it dissolves into its single member, or into nothing, where a step ends.
"""

from __future__ import annotations

import json
import math
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeGuard

import jsonata as library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Value = Any

# JavaScript's Number.MAX_SAFE_INTEGER: below it integers and doubles are the same thing.
MAX_SAFE_INTEGER = 2**53 - 1
# From here on JavaScript writes integers with an exponent.
EXPONENT_FROM = 1e21


class Undefined:
    """The type of `UNDEFINED`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()


class EvaluationError(Exception):
    """An error with a code of JSONata's catalogue; the innermost call fills in a missing position."""

    def __init__(self, code: str, position: int | None = None, **inserts: Value) -> None:
        super().__init__(code)
        self.code = code
        self.position = position
        self.inserts = inserts

    @property
    def message(self) -> str:
        """The catalogue's sentence; `{{x}}` takes an insert as JSON, `{{{x}}}` as it is."""
        # The library's catalogue comes from a port in which every "function" became "Object", and ' became ".
        template = OWN_MESSAGES.get(self.code) or library.JException.error_codes.get(self.code, self.code)
        text = template.replace("Object", "function").replace('"', "'")
        for name, value in self.inserts.items():
            text = text.replace("{{{" + name + "}}}", str(value)).replace("{{" + name + "}}", shown(value))
        return text


OWN_MESSAGES = {
    "D1012": "Expression evaluation timeout: Check for infinite loop",
    "D1013": "The expression allocates more memory than is allowed",
    "D1004": "Regular expression matches zero length string",
    "D3142": "The regular expression takes too long on this string",
}


def shown(value: Value) -> str:
    """Write a value into a message, as JSON.stringify would."""
    try:
        return to_json(value)
    except EvaluationError:
        return str(value)


class Sequence(list[Value]):
    """A list made by selecting; `keep_singleton` as `[]` behind a step asks for it."""

    __slots__ = ("keep_singleton", "tuple_stream")

    def __init__(self, items: Iterable[Value] = ()) -> None:
        super().__init__(items)
        self.keep_singleton = False
        self.tuple_stream = False


class ConstructedArray(list[Value]):
    """A list written as `[...]` at the head of a path: steps do not flatten it."""

    __slots__ = ()


class Run:
    """What one evaluation may use: a deadline, a depth of calls, an amount of memory."""

    __slots__ = ("allocated", "deadline", "depth", "limits", "steps", "timestamp")

    def __init__(self, limits: Limits, now: float | None = None) -> None:
        self.limits = limits
        self.deadline = limits.deadline or time.monotonic() + limits.seconds
        self.depth = 0
        self.allocated = 0
        self.steps = 0
        # $now() and $millis() give the same time throughout one evaluation.
        self.timestamp = round((time.time() if now is None else now) * 1000)

    def tick(self) -> None:
        """Count a step; look at the clock now and then."""
        self.steps += 1
        if not self.steps & 0xFF and time.monotonic() > self.deadline:
            raise EvaluationError("D1012")

    def allocate(self, size: int) -> None:
        """Count bytes, roughly: 8 for an item, 1 for a character."""
        self.allocated += size
        if self.allocated > self.limits.bytes:
            raise EvaluationError("D1013")

    def enter(self) -> None:
        self.depth += 1
        if self.depth > self.limits.depth:
            raise EvaluationError("D1011")

    def leave(self) -> None:
        self.depth -= 1


class Limits:
    """Bounds of an evaluation: seconds, nested calls, bytes allocated.

    `deadline`: when it must have ended (as time.monotonic() counts), where several evaluations share it.
    """

    __slots__ = ("bytes", "deadline", "depth", "seconds")

    # Nothing else happens in an engine while it evaluates: other executions and API calls wait so long.
    def __init__(
        self,
        seconds: float = 2.0,
        depth: int = 400,
        size: int = 64 * 2**20,
        deadline: float | None = None,
    ) -> None:
        self.seconds = seconds
        self.depth = depth
        self.bytes = size
        self.deadline = deadline

    def shared(self) -> Limits:
        """Give the same limits for several evaluations that begin now and share the time."""
        return Limits(self.seconds, self.depth, self.bytes, time.monotonic() + self.seconds)


class Frame:
    """A scope of variables."""

    __slots__ = ("bindings", "parent", "run")

    def __init__(self, parent: Frame | None, run: Run, bindings: dict[str, Value] | None = None) -> None:
        self.parent = parent
        self.run = run
        self.bindings: dict[str, Value] = {} if bindings is None else bindings

    def lookup(self, name: str) -> Value:
        frame: Frame | None = self
        while frame is not None:
            if name in frame.bindings:
                return frame.bindings[name]
            frame = frame.parent
        return UNDEFINED


class Function:
    """Anything that can be called; `apply` takes validated arguments."""

    __slots__ = ()

    @property
    def arity(self) -> int:
        raise NotImplementedError

    def invoke(self, arguments: list[Value], context: Value, run: Run) -> Value:
        raise NotImplementedError


def fail(code: str, **inserts: Value) -> NoReturn:
    """Raise an EvaluationError."""
    raise EvaluationError(code, **inserts)


# --- numbers ---


def is_numeric(value: Value) -> TypeGuard[int | float]:
    """Say whether a value is a number; infinities and NaN are errors, as in JSONata."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(value, float) and not math.isfinite(value):
        fail("D1001", value=str(value))
    return True


def number(value: float) -> int | float:
    """Give a result the form that JavaScript prints: 1.0 is 1, and 2**60 has the shortest form's digits."""
    if isinstance(value, int):
        return value if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER else number(to_float(value))
    if not math.isfinite(value):
        fail("D1001", value=str(value))
    if not value.is_integer() or abs(value) >= EXPONENT_FROM:
        return value
    return int(value) if abs(value) <= MAX_SAFE_INTEGER else int(Decimal(repr(value)))


def to_float(value: float) -> float:
    """Convert to a double; integers beyond its range are out of range."""
    try:
        return float(value)
    except OverflowError:
        fail("D1001", value="Infinity")


# --- equality, truth, text ---


def deep_equal(left: Value, right: Value) -> bool:
    """Compare as JSON: `1 = 1.0`, `true != 1`, objects regardless of order."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(deep_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(deep_equal(left[key], right[key]) for key in left)
    if isinstance(left, Function) or isinstance(right, Function):
        return left is right
    return bool(left == right)


def order_key(value: Value) -> Value:
    """Give what a string or number is ordered by: strings by their UTF-16 code units, as in JavaScript."""
    return value.encode("utf-16-be", "surrogatepass") if isinstance(value, str) else value


def truth(value: Value) -> bool:
    """Cast to boolean as `$boolean` does; UNDEFINED counts as false."""
    if isinstance(value, list):
        return truth(value[0]) if len(value) == 1 else any(truth(item) for item in value)
    if isinstance(value, Function) or value is UNDEFINED:
        return False
    return bool(value)


def to_text(value: Value, run: Run, *, pretty: bool = False) -> str:
    """Cast to string as `$string` does."""
    if isinstance(value, str):
        return value
    if isinstance(value, Function):
        return ""
    text = to_json(value, indent=2 if pretty else 0)
    run.allocate(len(text))
    return text


def to_json(value: Value, indent: int = 0, level: int = 0) -> str:
    """Write JSON as `$string` does: JavaScript's form, numbers cut to 15 significant digits."""
    if isinstance(value, dict):
        gap = ": " if indent else ":"
        members = (
            f"{json.dumps(key, ensure_ascii=False)}{gap}{to_json(member, indent, level + 1)}"
            for key, member in value.items()
            if member is not UNDEFINED
        )
        return _bracketed("{", "}", list(members), indent, level)
    if isinstance(value, list):
        return _bracketed("[", "]", [to_json(item, indent, level + 1) for item in value], indent, level)
    if isinstance(value, Function):
        return '""'
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_text(value)
    return "null" if value is UNDEFINED else json.dumps(value, ensure_ascii=False)


def _bracketed(opening: str, closing: str, parts: list[str], indent: int, level: int) -> str:
    if not parts or not indent:
        return opening + ",".join(parts) + closing
    inner = "\n" + " " * (indent * (level + 1))
    return opening + inner + ("," + inner).join(parts) + "\n" + " " * (indent * level) + closing


def _number_text(value: float) -> str:
    if not math.isfinite(to_float(value)):
        fail("D3001")
    short = number(float(f"{to_float(value):.15g}"))
    return str(short) if isinstance(short, int) else javascript_float(short)


def javascript_float(value: float) -> str:
    """Write a float as JavaScript does: 1e+21, 1e-7, 0.000001."""
    text = repr(value)
    if "e" not in text:
        return text.removesuffix(".0")
    mantissa, exponent = text.split("e")
    power = int(exponent)
    if -7 < power < 21:
        return format(Decimal(text), "f")
    return f"{mantissa.removesuffix('.0')}e{'+' if power > 0 else '-'}{abs(power)}"


# --- selection ---


def lookup(source: Value, key: str) -> Value:
    """Give the member of an object, or those of every object in an array."""
    if isinstance(source, dict):
        return source.get(key, UNDEFINED)
    if not isinstance(source, list):
        return UNDEFINED
    found = Sequence()
    for item in source:
        member = lookup(item, key)
        if isinstance(member, list):
            found.extend(member)
        elif member is not UNDEFINED:
            found.append(member)
    return found


def append(left: Value, right: Value, run: Run) -> Value:
    """Concatenate as `$append` does."""
    if left is UNDEFINED:
        return right
    if right is UNDEFINED:
        return left
    first = left if isinstance(left, list) else [left]
    second = right if isinstance(right, list) else [right]
    run.allocate(8 * (len(first) + len(second)))
    return [*first, *second]


def settle(value: Value) -> Value:
    """Let a sequence dissolve where it ends: empty into nothing, one member into that member."""
    if not isinstance(value, Sequence) or value.tuple_stream:
        return value
    if not value:
        return UNDEFINED
    return value[0] if len(value) == 1 and not value.keep_singleton else value


def plain(value: Value, on_function: Callable[[], NoReturn]) -> Value:
    """Turn a result into plain JSON; the same object where it is plain already."""
    return value if _is_plain(value) else _to_plain(value, on_function)


_SCALARS = frozenset({str, int, bool, type(None)})


def _is_plain(value: Value) -> bool:
    waiting: list[Iterable[Value]] = [(value,)]
    while waiting:
        for item in waiting.pop():
            kind = type(item)
            if kind in _SCALARS:
                continue
            if kind is dict:
                waiting.append(item.values())
            elif kind is list:
                waiting.append(item)
            elif kind is not float or item.is_integer():
                return False
    return True


def _to_plain(value: Value, on_function: Callable[[], NoReturn]) -> Value:
    if isinstance(value, dict):
        return {key: _to_plain(member, on_function) for key, member in value.items()}
    if isinstance(value, list):
        # JSON.stringify writes an undefined item as null.
        return [None if item is UNDEFINED else _to_plain(item, on_function) for item in value]
    if isinstance(value, float):
        # Whatever passes through keeps its digits; only the form is JavaScript's.
        return int(value) if value.is_integer() and abs(value) <= MAX_SAFE_INTEGER else value
    if isinstance(value, Function):
        on_function()
    return value
