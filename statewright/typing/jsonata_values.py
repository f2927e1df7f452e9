"""What a JSONata expression yields: a value that may be absent, a function, or a sequence on its way.

A sequence dissolves where it ends: empty into nothing, one member into that member.
Source: https://docs.jsonata.org/processing
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.typing.lattice import join
from statewright.typing.selection import items_of
from statewright.typing.shapes import NEVER, UNKNOWN, Array, Object, Type, array_of, shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable

Symbol = Any


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression yields.

    `may_be_absent`: perhaps nothing; of the type NEVER it is always nothing. `is_by_count`: it is absent only
    where a selection is empty or an array too short. `is_presumed`: it may be absent for all that is known
    here, and is presumed not to be. `call`: what it does with arguments, where it is a function; `quiet`: the
    same without a report.
    """

    type: Type
    may_be_absent: bool = False
    is_presumed: bool = False
    is_by_count: bool = False
    call: Callable[[list[Value], int], Value] | None = None
    arity: int = 0
    quiet: Callable[[list[Value], int], Value] | None = None

    @property
    def is_open(self) -> bool:
        """Say whether nobody can know here that it is there."""
        return self.is_presumed or self.type.is_unknown

    @property
    def is_absent(self) -> bool:
        return self.type.is_never and self.may_be_absent and self.call is None

    @property
    def is_function(self) -> bool:
        return self.call is not None


ABSENT = Value(NEVER, may_be_absent=True)
ANYTHING = Value(UNKNOWN)


def either(left: Value, right: Value) -> Value:
    """Give what one of two expressions yields."""
    if left.is_function or right.is_function:
        return left if left.is_function else right
    return yields(join(left.type, right.type), left, right)


def yields(type_: Type, *sources: Value) -> Value:
    """Give a value that is absent where one of its sources is."""
    may_be_absent = any(source.may_be_absent for source in sources)
    is_by_count = all(source.is_by_count for source in sources if source.may_be_absent)
    return Value(type_, may_be_absent, any(source.is_open for source in sources), is_by_count)


@dataclass(frozen=True, slots=True)
class Stream:
    """Items on their way: of one type, between `low` and `high` of them.

    `is_raw`: where there is but one result, and it is an array, it stays that array.
    """

    item: Type
    low: int = 0
    high: int | None = None
    is_raw: bool = False

    def settled(self, *, keeps_array: bool = False) -> Value:
        """Give the value that is left at the end."""
        if self.item.is_never or self.high == 0:
            return ABSENT if not self.is_raw else Value(array_of(NEVER), self.low == 0, is_by_count=True)
        may_be_one = self.low <= 1 and not keeps_array
        may_be_many = self.high is None or self.high > 1 or self.is_raw or keeps_array
        found = self.item if may_be_one else NEVER
        if may_be_many:
            least = 0 if self.is_raw else max(self.low, 1 if keeps_array else 2)
            found = join(found, array_of(self.item, least, self.high))
        return Value(found, may_be_absent=self.low == 0, is_by_count=True)


def merged(left: Stream | None, right: Stream | None) -> Stream | None:
    """Give what one of two streams may be."""
    if left is None or right is None:
        return left or right
    high = None if left.high is None or right.high is None else max(left.high, right.high)
    return Stream(join(left.item, right.item), min(left.low, right.low), high, left.is_raw or right.is_raw)


def taken_apart(type_: Type) -> tuple[Type, Stream | None]:
    """Take a type apart: what is no array, and the items of what is one."""
    if type_.is_unknown:
        return type_, None
    single = Type(tuple(s for s in shapes_of(type_) if not isinstance(s, Array)), origin=type_.origin)
    stream: Stream | None = None
    for shape in shapes_of(type_):
        if isinstance(shape, Array):
            items = items_of(shape).under(type_)
            high = 0 if items.is_never else shape.high
            stream = merged(stream, Stream(items, shape.low, high))
    return single, stream


def flattened(type_: Type) -> Type:
    """Give a type with the items of its arrays in their place."""
    single, stream = taken_apart(type_)
    return single if stream is None else join(single, stream.item)


def items_with_counts(value: Value) -> Stream:
    """Give what goes through a filter or a function of arrays: the items of an array, or the value itself."""
    if value.type.is_unknown:
        return Stream(UNKNOWN.under(value.type))
    single, stream = taken_apart(value.type)
    alone = None if single.is_never else Stream(single, 1, 1)
    both = merged(alone, stream)
    if both is None:
        return Stream(NEVER, 0, 0)
    low = 0 if value.may_be_absent or value.is_presumed else both.low
    return Stream(both.item, low, both.high, both.is_raw)


def object_shapes(type_: Type) -> list[Object]:
    """Give the object shapes of a type."""
    return [shape for shape in shapes_of(type_) if isinstance(shape, Object)]
