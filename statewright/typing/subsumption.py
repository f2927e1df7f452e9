"""Does everything that flows belong to what is wanted? Yes, no with the first difference, or unknown.

`yes` is proved: each value of the one type is a value of the other. `no` is proved as well, but for what an
open schema might hold besides its fields: undeclared members are not held against a closed object.
`unknown` is all the rest: unknown types, refinements of which the one does not name the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from statewright.typing.lattice import are_told_apart, field_of, item_at, left_also, meet
from statewright.typing.membership import contains
from statewright.typing.rendering import show, show_names
from statewright.typing.samples import samples
from statewright.typing.shapes import (
    KIND_NAMES,
    Array,
    Boolean,
    Field,
    Named,
    Null,
    Number,
    Object,
    Shape,
    String,
    Type,
    is_unknown,
    kinds,
    literal,
    shapes_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = Literal["yes", "no", "unknown"]
# What is different; the last three are refinements of a kind that is right.
Kind = Literal["type", "value", "missing", "optional", "excess", "range", "length", "refinement"]
Place = tuple[str | int, ...]
Assumptions = frozenset[tuple[str, str]]

DEEPEST = 60
_MOST_PIECES = 32


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference: where in the value, of what kind, and in words.

    `name` is the member that is missing or too much, `others` are the names that it might have meant.
    """

    kind: Kind
    where: Place
    words: str
    name: str | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, and the difference where it is no."""

    answer: Answer
    difference: Difference | None = None


YES = Verdict("yes")
NOT_KNOWN = Verdict("unknown")


def compare(flowing: Type, wanted: Type) -> Verdict:
    """Say whether each value that flows is wanted."""
    return _compare(flowing, wanted, (), frozenset(), 0)


def _no(kind: Kind, where: Place, words: str, name: str | None = None, *others: str) -> Verdict:
    return Verdict("no", Difference(kind, where, words, name, others))


def _compare(flowing: Type, wanted: Type, where: Place, assumed: Assumptions, depth: int) -> Verdict:
    if flowing is wanted or wanted.is_unknown or flowing.is_never:
        return YES
    if depth > DEEPEST:
        return NOT_KNOWN
    names = _recursive_names(flowing, wanted)
    if names is not None:
        if names in assumed:
            return YES
        assumed |= {names}
    if is_unknown(wanted):
        return YES
    if is_unknown(flowing):
        return NOT_KNOWN
    answer = YES
    for shape in shapes_of(flowing):
        verdict = _fits(shape, wanted, where, assumed, depth)
        if verdict.answer == "no":
            return verdict
        if verdict.answer == "unknown":
            answer = verdict
    return answer


def _recursive_names(flowing: Type, wanted: Type) -> tuple[str, str] | None:
    if len(flowing.shapes) != 1 or len(wanted.shapes) != 1:
        return None
    one, other = flowing.shapes[0], wanted.shapes[0]
    if isinstance(one, Named) and isinstance(other, Named):
        return one.name, other.name
    return None


def _fits(shape: Shape, wanted: Type, where: Place, assumed: Assumptions, depth: int) -> Verdict:
    candidates = [each for each in shapes_of(wanted) if type(each) is type(shape)]
    if not candidates:
        if wanted.is_never:
            return _no("type", where, "no value is allowed here")
        found, expected = KIND_NAMES[type(shape)], " or ".join(sorted(kinds(wanted)))
        return _no("type", where, f"{_a(found)} where {_a(expected)} is wanted")
    candidates = _likely(shape, candidates)
    verdicts = []
    for each in candidates:
        verdict = _fits_one(shape, each, where, assumed, depth)
        if verdict.answer == "yes":
            return YES
        verdicts.append(verdict)
    if len(candidates) == 1:
        return verdicts[0]
    return _fits_in_pieces(shape, wanted, where, assumed, depth, verdicts)


def _a(kind: str) -> str:
    if kind == "null":
        return kind
    return ("an " if kind[0] in "aeiou" else "a ") + kind


def _likely(shape: Shape, candidates: list[Shape]) -> list[Shape]:
    """Leave out the alternatives that a discriminating field rules out, unless none is left."""
    if not isinstance(shape, Object) or len(candidates) < 2:
        return candidates
    kept: list[Shape] = [
        each for each in candidates if isinstance(each, Object) and not are_told_apart(shape, each)
    ]
    return kept or candidates


def _fits_in_pieces(
    shape: Shape, wanted: Type, where: Place, assumed: Assumptions, depth: int, verdicts: list[Verdict]
) -> Verdict:
    """Where no alternative takes a shape as a whole, see whether each piece of it finds one that does."""
    pieces = list(_pieces(shape))
    if pieces:
        found = [_fits(piece, wanted, where, assumed, depth + 1) for piece in pieces]
        for verdict in found:
            if verdict.answer == "no":
                return verdict
        return YES if all(verdict.answer == "yes" for verdict in found) else NOT_KNOWN
    if any(verdict.answer == "unknown" for verdict in verdicts):
        return NOT_KNOWN
    if any(contains(wanted, sample) is False for sample in samples(Type((shape,)))):
        return _nearest(verdicts)
    if all(meet(Type((shape,)), Type((each,))).is_never for each in shapes_of(wanted)):
        return _nearest(verdicts)
    return NOT_KNOWN


def _nearest(verdicts: list[Verdict]) -> Verdict:
    """Give the difference to the alternative that fits best: the one that differs deepest."""
    return max(verdicts, key=lambda verdict: len(verdict.difference.where) if verdict.difference else 0)


def _pieces(shape: Shape) -> Iterator[Shape]:
    """Take a shape with few values apart, or an object at a field with few values."""
    if isinstance(shape, Boolean) and len(shape.values) > 1:
        yield from (replace(shape, values=frozenset({value})) for value in shape.values)
    elif isinstance(shape, String | Number) and shape.values is not None and len(shape.values) > 1:
        for value in sorted(shape.values):
            piece = literal(value).shapes[0]
            assert isinstance(piece, String | Number)
            yield replace(piece, also=shape.also)
    elif isinstance(shape, Object):
        for name, member in shape.fields.items():
            parts = _field_pieces(member)
            if 1 < len(parts) <= _MOST_PIECES:
                for part in parts:
                    yield replace(shape, fields={**shape.fields, name: replace(member, type=part)})
                return


def _field_pieces(member: Field) -> list[Type]:
    if not member.is_required or member.type.is_unknown:
        return []
    parts: list[Type] = []
    for shape in shapes_of(member.type):
        values = getattr(shape, "values", None)
        if values is not None and len(values) > 1:
            parts += [Type((piece,)) for piece in _pieces(shape)]
        else:
            parts.append(Type((shape,)))
    return parts


# --- one shape against one of its kind ---


def _fits_one(shape: Shape, wanted: Shape, where: Place, assumed: Assumptions, depth: int) -> Verdict:
    verdict = _FITS[type(shape)](shape, wanted, where, assumed, depth)
    missing = left_also(wanted) - left_also(shape)
    if verdict.answer == "no" or not missing:
        return verdict
    if _is_plain(shape):
        shown = ", ".join(sorted(missing))
        return _no("refinement", where, f"nothing shows that {show(Type((shape,)))} meets {shown}")
    return NOT_KNOWN


def _is_plain(shape: Shape) -> bool:
    """Say whether a shape is all of its kind, so that some value fails any refinement."""
    return shape == String() or shape == Number()


def _null(_shape: Null, _wanted: Null, _where: Place, _assumed: Assumptions, _depth: int) -> Verdict:
    return YES


def _boolean(shape: Boolean, wanted: Boolean, where: Place, _assumed: Assumptions, _depth: int) -> Verdict:
    if shape.values <= wanted.values:
        return YES
    unwanted = min(shape.values - wanted.values)
    return _no("value", where, f"{str(unwanted).lower()} is not allowed")


def _number(shape: Number, wanted: Number, where: Place, _assumed: Assumptions, _depth: int) -> Verdict:
    values = shape.values
    if values is None and shape.is_integer and 0 <= shape.high - shape.low < _MOST_PIECES:
        values = frozenset(range(int(shape.low), int(shape.high) + 1))
    if values is not None:
        unwanted = sorted(
            value for value in values if contains(Type((replace(wanted, also=frozenset()),)), value) is False
        )
        return _no("value", where, f"{unwanted[0]} is not {show(Type((wanted,)))}") if unwanted else YES
    if wanted.values is not None:
        return _no("value", where, f"{show(Type((shape,)))} where one of {show(Type((wanted,)))} is wanted")
    if wanted.is_integer and not shape.is_integer:
        return _no("range", where, "a number that need not be an integer where an integer is wanted")
    is_low = (shape.low, shape.is_low_open) >= (wanted.low, wanted.is_low_open)
    is_high = (-shape.high, shape.is_high_open) >= (-wanted.high, wanted.is_high_open)
    if is_low and is_high:
        return YES
    return _no("range", where, f"{show(Type((shape,)))} where {show(Type((wanted,)))} is wanted")


def _string(shape: String, wanted: String, where: Place, _assumed: Assumptions, _depth: int) -> Verdict:
    if shape.is_opaque:
        is_plain = wanted.values is None and wanted.low == 0 and wanted.high is None
        return YES if is_plain else NOT_KNOWN
    if shape.values is not None:
        unwanted = sorted(
            v for v in shape.values if contains(Type((replace(wanted, also=frozenset()),)), v) is False
        )
        if not unwanted:
            return YES
        others = () if wanted.values is None else tuple(sorted(wanted.values))
        return _no("value", where, f"'{unwanted[0]}' is not {show(Type((wanted,)))}", unwanted[0], *others)
    if wanted.values is not None:
        if shape.also:
            return NOT_KNOWN
        return _no("value", where, f"any string where {show(Type((wanted,)))} is wanted")
    is_high = wanted.high is None or (shape.high is not None and shape.high <= wanted.high)
    if shape.low >= wanted.low and is_high:
        return YES
    if shape.also:  # a pattern or a format may bound the length too
        return NOT_KNOWN
    return _no("length", where, f"{show(Type((shape,)))} where {show(Type((wanted,)))} is wanted")


def _array(shape: Array, wanted: Array, where: Place, assumed: Assumptions, depth: int) -> Verdict:
    answer = YES
    for place in range(max(len(shape.prefix), len(wanted.prefix)) + 1):
        if shape.high is not None and place >= shape.high:
            break
        item, expected = item_at(shape, place), item_at(wanted, place)
        is_there = place < shape.low
        if expected.is_never and not item.is_never:
            continue  # the length says so
        verdict = _compare(
            item, expected, (*where, place if place < len(shape.prefix) else "*"), assumed, depth + 1
        )
        if verdict.answer == "no" and (is_there or not shape.also):
            return verdict
        if verdict.answer != "yes":
            answer = NOT_KNOWN
    high = len(wanted.prefix) if wanted.items.is_never and wanted.high is None else wanted.high
    is_short = high is None or (shape.high is not None and shape.high <= high)
    if shape.low >= wanted.low and is_short:
        return answer
    if shape.also:
        return NOT_KNOWN
    return _no(
        "length", where, f"{show_length(shape)} where {show_length(replace(wanted, high=high))} are wanted"
    )


def show_length(shape: Array) -> str:
    """Say how many items an array may have."""
    if shape.high is None:
        return f"{shape.low} or more items"
    return f"{shape.low} items" if shape.low == shape.high else f"{shape.low} to {shape.high} items"


def _object(shape: Object, wanted: Object, where: Place, assumed: Assumptions, depth: int) -> Verdict:
    answer = YES
    for verdict in _members(shape, wanted, where, assumed, depth):
        if verdict.answer == "no":
            return verdict if not shape.also else NOT_KNOWN
        if verdict.answer == "unknown":
            answer = verdict
    if answer is YES and _size(shape, wanted) is not YES:
        return NOT_KNOWN
    return answer


def _size(shape: Object, wanted: Object) -> Verdict:
    low = max(shape.low, sum(member.is_required for member in shape.fields.values()))
    high = shape.high
    if shape.is_closed and (high is None or len(shape.fields) < high):
        high = len(shape.fields)
    is_short = wanted.high is None or (high is not None and high <= wanted.high)
    return YES if low >= wanted.low and is_short else NOT_KNOWN


def _members(
    shape: Object, wanted: Object, where: Place, assumed: Assumptions, depth: int
) -> Iterator[Verdict]:
    for name, member in wanted.fields.items():
        if member.is_required:
            yield _presence(shape, wanted, name, where)
    for name, member in shape.fields.items():
        expected = field_of(wanted, name)
        if member.type.is_never:
            continue
        if expected.type.is_never:
            yield _excess(shape, wanted, name, where, member)
            continue
        yield _compare(member.type, expected.type, (*where, name), assumed, depth + 1)
    if shape.is_closed:
        return
    for name, member in wanted.fields.items():
        if (
            name not in shape.fields
            and _compare(shape.rest, member.type, where, assumed, depth + 1).answer != "yes"
        ):
            yield NOT_KNOWN
    rest = _compare(shape.rest, wanted.rest, (*where, "*"), assumed, depth + 1)
    yield rest if rest.answer == "yes" or (not wanted.is_closed and not shape.rest.is_unknown) else NOT_KNOWN


def _presence(shape: Object, wanted: Object, name: str, where: Place) -> Verdict:
    member = field_of(shape, name)
    if member.is_required:
        return YES
    if member.is_presumed:
        return NOT_KNOWN
    others = tuple(each for each in shape.fields if each not in wanted.fields)
    if name in shape.fields and not member.type.is_never:
        return _no("optional", where, f"'{name}' is wanted and may be absent", name, *others)
    if not shape.is_closed and not shape.fields:
        return NOT_KNOWN
    return _no("missing", where, f"'{name}' is missing; there is {show_names(shape)}", name, *others)


def _excess(shape: Object, wanted: Object, name: str, where: Place, member: Field) -> Verdict:
    others = tuple(each for each in wanted.fields if each not in shape.fields)
    if not member.is_required and member.is_presumed:
        return NOT_KNOWN
    return _no("excess", where, f"'{name}' is not allowed; allowed is {show_names(wanted)}", name, *others)


_FITS: dict[type[Shape], Callable[..., Verdict]] = {
    Null: _null,
    Boolean: _boolean,
    Number: _number,
    String: _string,
    Array: _array,
    Object: _object,
}
