"""Types: sets of JSON values, each a union of shapes.

    Type = shapes, or UNKNOWN (nothing is known), or NEVER (no value)
    Shape = Null | Boolean | Number | String | Array | Object | Named (a recursive definition, by name)

A shape's `also` holds refinements that are carried and compared by their text alone: `pattern`, `format`,
`multipleOf`, `not` and the like. What the shape says is then more than what holds, never less; so a type may
stand for what flows in whatever its refinements, and for what is wanted only where they are shown.
Source of the keywords: https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from statewright.typing.provenance import Step, stepped, taken_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from statewright.typing.provenance import Origin

Json = Any
Refinements = frozenset[str]
NOTHING_ELSE: Refinements = frozenset()
INFINITY = float("inf")


@dataclass(frozen=True, slots=True)
class Null:
    """null."""

    also: Refinements = NOTHING_ELSE


@dataclass(frozen=True, slots=True)
class Boolean:
    """true, false or both."""

    values: frozenset[bool] = frozenset({True, False})
    also: Refinements = NOTHING_ELSE


@dataclass(frozen=True, slots=True)
class Number:
    """Numbers between `low` and `high`; of them `values` alone, where they are given.

    `is_integer`: 1.0 is an integer too. `is_low_open`: the bound itself is left out.
    """

    is_integer: bool = False
    low: float = -INFINITY
    high: float = INFINITY
    is_low_open: bool = False
    is_high_open: bool = False
    values: frozenset[int | float] | None = None
    also: Refinements = NOTHING_ELSE


@dataclass(frozen=True, slots=True)
class String:
    """Strings of `low` to `high` characters; of them `values` alone, where they are given.

    `is_opaque`: text with a placeholder (`${Table}`), of which nothing but its kind is known yet.
    """

    values: frozenset[str] | None = None
    low: int = 0
    high: int | None = None
    also: Refinements = NOTHING_ELSE
    is_opaque: bool = False


@dataclass(frozen=True, slots=True)
class Array:
    """Arrays of `low` to `high` items: `prefix` says what the first are, `items` what follows."""

    prefix: tuple[Type, ...]
    items: Type
    low: int = 0
    high: int | None = None
    also: Refinements = NOTHING_ELSE


@dataclass(frozen=True, slots=True)
class Field:
    """A member of an object. `is_presumed`: whether it is there cannot be known here, and is not asked."""

    type: Type
    is_required: bool = True
    is_presumed: bool = False


@dataclass(frozen=True, slots=True)
class Object:
    """Objects with `fields`, and with `rest` behind any other name; NEVER there means that there is no other.

    `is_declared`: its fields were written down by a person; a name that is not among them is a mistake, even
    where the schema is open. `low`, `high`: how many members.
    """

    fields: Mapping[str, Field]
    rest: Type
    is_declared: bool = False
    low: int = 0
    high: int | None = None
    also: Refinements = NOTHING_ELSE

    @property
    def is_closed(self) -> bool:
        return self.rest.is_never


@dataclass(frozen=True, slots=True)
class Named:
    """A definition that contains itself; two of one name in one document are the same."""

    name: str
    unfold: Callable[[], Type] = field(compare=False)


Shape = Null | Boolean | Number | String | Array | Object | Named


@dataclass(frozen=True, slots=True)
class Type:
    """A set of values; `origin` says where they come from, and is not compared."""

    shapes: tuple[Shape, ...] = ()
    is_unknown: bool = False
    origin: Origin = field(default=(), compare=False)

    @property
    def is_never(self) -> bool:
        return not self.shapes and not self.is_unknown

    def since(self, words: str, state: str = "") -> Type:
        """Give the same type as one that begins here: `words` say where."""
        return replace(self, origin=((Step(words, state, is_source=True),),))

    def via(self, words: str, state: str) -> Type:
        """Give the same type after one more step."""
        return self.along(stepped(self.origin, Step(words, state)))

    def along(self, origin: Origin) -> Type:
        """Give the same type with another origin."""
        return self if origin == self.origin else replace(self, origin=origin)

    def under(self, parent: Type) -> Type:
        """Give the same type as a part of another one."""
        return self.along(taken_from(self.origin, parent.origin)) if parent.origin else self


UNKNOWN = Type(is_unknown=True)
NEVER = Type()
NULL = Type((Null(),))
BOOLEAN = Type((Boolean(),))
NUMBER = Type((Number(),))
INTEGER = Type((Number(is_integer=True),))
COUNT = Type((Number(is_integer=True, low=0),))
STRING = Type((String(),))
DATE_TIME = Type((String(also=frozenset({'{"format": "date-time"}'})),))
OPAQUE_STRING = Type((String(is_opaque=True),))
SOME_ARRAY = Type((Array((), UNKNOWN),))
SOME_OBJECT = Type((Object({}, UNKNOWN),))

KIND_NAMES: dict[type[object], str] = {
    Null: "null",
    Boolean: "boolean",
    Number: "number",
    String: "string",
    Array: "array",
    Object: "object",
}
_MOST_UNFOLDINGS = 64


def shapes_of(type_: Type) -> tuple[Shape, ...]:
    """Give a type's shapes with definitions put in place of their names, one level deep."""
    if not any(isinstance(shape, Named) for shape in type_.shapes):
        return type_.shapes
    found: list[Shape] = []
    waiting = list(type_.shapes)
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_UNFOLDINGS:
        shape = waiting.pop(0)
        if not isinstance(shape, Named):
            found.append(shape)
        elif shape.name not in seen:
            seen.add(shape.name)
            waiting[:0] = shape.unfold().shapes
    return tuple(found)


def is_unknown(type_: Type) -> bool:
    """Say whether a type is unknown, also behind a name."""
    if type_.is_unknown:
        return True
    return any(isinstance(shape, Named) and shape.unfold().is_unknown for shape in type_.shapes)


def of_kind(type_: Type, kind: type[Shape]) -> Type:
    """Give the part of a type that is of one kind; UNKNOWN stays so."""
    if type_.is_unknown:
        return type_
    return Type(tuple(s for s in shapes_of(type_) if isinstance(s, kind)), origin=type_.origin)


def without_kind(type_: Type, kind: type[Shape]) -> Type:
    """Give the part of a type that is not of one kind."""
    if type_.is_unknown:
        return type_
    return Type(tuple(s for s in shapes_of(type_) if not isinstance(s, kind)), origin=type_.origin)


def kinds(type_: Type) -> frozenset[str]:
    """Name the kinds of values in a type; all of them where it is unknown."""
    if type_.is_unknown:
        return frozenset(KIND_NAMES.values())
    return frozenset(KIND_NAMES[type(shape)] for shape in shapes_of(type_) if not isinstance(shape, Named))


def literal(value: Json) -> Type:
    """Give the type of one value."""
    return Type((_literal(value),))


def _literal(value: Json) -> Shape:
    if value is None:
        return Null()
    if isinstance(value, bool):
        return Boolean(frozenset({value}))
    if isinstance(value, int | float):
        return Number(is_integer=float_is_integer(value), low=value, high=value, values=frozenset({value}))
    if isinstance(value, str):
        return String(values=frozenset({value}), low=len(value), high=len(value))
    if isinstance(value, list):
        return Array(tuple(literal(each) for each in value), NEVER, len(value), len(value))
    return Object({name: Field(literal(member)) for name, member in value.items()}, NEVER)


def float_is_integer(value: float) -> bool:
    return isinstance(value, int) or value.is_integer()


def array_of(items: Type, low: int = 0, high: int | None = None) -> Type:
    """Give the type of arrays whose items are of one type."""
    if items.is_never:
        return Type((Array((), NEVER, 0, 0),)) if low == 0 else NEVER
    return Type((Array((), items, low, high),))


def object_of(fields: Mapping[str, Type], optional: Iterable[str] = (), rest: Type = NEVER) -> Type:
    """Give the type of objects with these fields."""
    left_out = frozenset(optional)
    members = {name: Field(type_, name not in left_out) for name, type_ in fields.items()}
    return Type((Object(members, rest, is_declared=True),))


def strings(*values: str) -> Type:
    """Give the type of some strings."""
    return Type((String(frozenset(values), min(map(len, values)), max(map(len, values))),))


def integers(low: float, high: float = INFINITY) -> Type:
    """Give the type of integers between two bounds, both included."""
    return Type((Number(is_integer=True, low=low, high=high),))
