"""Proofs that records of a file are valid, column by column: one call checks thousands of them.

A proof says yes or nothing. What it cannot show goes the general way, record by record, which finds out what
is wrong, or that nothing is. So each check here is at least as strict as the contract:

- records are shown together that have the same members, all of them properties of the contract, none twice;
- strings meet their length here, and every other rule before the contract's own validator, each value once;
- numbers have no exponent, and no more digits than DynamoDB keeps: their texts are what DynamoDB and an exact
  decoder make of them. A float keeps them in order; one of many digits that meets a bound is not shown.
"""

from __future__ import annotations

import operator
import re
from itertools import accumulate, compress
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import quote

import msgspec

from pipeline import documents
from pipeline.columns import LINE, OFFSET, TAB, Columns, Head, values
from pipeline.values import MAX_DIGITS, MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import jsonschema_rs

    from pipeline.contracts import Contract
    from pipeline.formats.lines import Block

# A float tells numbers of so many digits apart; a point and a sign are none, so this is on the safe side.
FLOAT_CHARACTERS = 15
# Items of longer lines are measured one by one: DynamoDB takes 400 KB.
SHORT_LINE_BYTES = 32 * 1024
# Records that have the same members are shown together where there are so many of them in a block.
LEAST_ALIKE = 16
# Values that are not shown are searched for, by halves, as long as no more halves fail than one for so many
# records: then up to one in twelve is found.
RECORDS_A_FAILURE = 2
# Decoders that are kept, each for records with other members.
DECODERS = 32

_NAME = re.compile(rb'"\s*:')
_ANNOTATIONS = frozenset({"$comment", "default", "deprecated", "description", "examples", "title"})
_OF_RECORDS = _ANNOTATIONS | {
    "$schema", "$defs", "additionalProperties", "properties", "required", "type", "x-dataset"
}  # fmt: skip
_OF_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_OF_NUMBERS = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
_KINDS = {"string": ("S", str), "integer": ("N", int), "number": ("N", float), "boolean": ("B", bool)}
# What msgspec can give a field to, and an item an attribute.
_FIELD_NAME = re.compile(rf'[^"\\\x00-\x1f]{{1,{MAX_NAME}}}')
# Bytes that a cell may have to be a JSON string as it stands.
_PLAIN = bytes(set(range(0x20, 0x100)) - set(b'"\\'))
_UNPROVEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Proven(NamedTuple):
    """Records of a block that are shown to be valid, and the places of its other lines."""

    columns: list[Columns]
    others: list[int]


class Property(NamedTuple):
    """How the values of one property are shown to be valid, all at once."""

    kind: str
    decoder: msgspec.json.Decoder[Any]
    whole: bool
    bounds: frozenset[float]
    validator: jsonschema_rs.Draft202012Validator | None

    def holds(self, text: bytes, tokens: Sequence[Any]) -> bool:
        """Return whether each of the values is shown to be valid."""
        if self.kind != "S" and b" " in text:
            return False
        try:
            found = values(text, self.decoder)
        except _UNPROVEN:
            return False
        if len(found) != len(tokens) or (self.kind == "N" and not self._is_plain(text, tokens, found)):
            return False
        return self.validator is None or self.validator.is_valid(list(set(found)))

    def _is_plain(self, text: bytes, tokens: Sequence[Any], found: list[Any]) -> bool:
        longest = max(map(len, tokens))
        if longest > FLOAT_CHARACTERS and (longest > MAX_DIGITS or not self.bounds.isdisjoint(found)):
            return False
        if b"e" in text or b"E" in text or (self.whole and b"." in text):
            return False
        return b"\t-0\t" not in b"\t%b\t" % text


class _Alike(NamedTuple):
    """Records of a block that have the same members: their places, and a list of tokens for each member."""

    names: tuple[str, ...]
    places: Sequence[int]
    columns: Sequence[Sequence[Any]]


class Proof:
    """A contract's proof: how its properties are shown to be valid, and decoders of its records.

    What is proven follows from a block alone, so work that is done again stages the same bytes.
    """

    def __init__(self, contract: Contract, folder: Path) -> None:
        self._required = frozenset(contract.schema.get("required", ()))
        found = {name: _property(contract, name, folder) for name in contract.schema["properties"]}
        self._properties = {
            name: each for name, each in found.items() if each is not None and _FIELD_NAME.fullmatch(name)
        }
        self._decoders: dict[tuple[str, ...], msgspec.json.Decoder[Any]] = {}

    @property
    def has_all_that_is_required(self) -> bool:
        """Whether any record can be shown to be valid."""
        return self._required <= self._properties.keys()

    def of_lines(self, block: Block) -> Proven | None:
        """Return what is shown of a block of JSON Lines, None where it is nothing."""
        lines = _lines_of(block)
        if lines is None:
            return None
        alike = self._alike(block, lines)
        whole = self._proven(block, lines, [alike], only_whole=True) if alike else None
        return whole or self._proven(block, lines, self._by_members(lines))

    def _alike(self, block: Block, lines: list[bytes]) -> _Alike | None:
        """Return the records of a block if all have the members of the first, each once.

        Each line opens an object and there are as many as lines: if all of them hold scalars, one a line.
        """
        if {line[:1] for line in lines} != {b"{"}:
            return None
        try:
            first = msgspec.json.decode(lines[0], type=dict[str, msgspec.Raw])
            names = tuple(name for name in self._properties if name in first)
            records = self._decoder(names, optional=False).decode_lines(block.raw)
        except _UNPROVEN:
            return None
        if len(records) != len(lines) or not _named_once(block.raw, len(lines) * len(names)):
            return None
        return _Alike(names, range(len(lines)), _columns(records, len(names)))

    def _by_members(self, lines: list[bytes]) -> list[_Alike]:
        """Return records by their members; a line that is none, or names one twice, has none."""
        names = tuple(self._properties)
        decode = self._decoder(names, optional=True).decode
        records = [_decoded(decode, line) for line in lines]
        groups = _grouped(names, _columns(records, len(names)))
        if _names_in(b"\n".join(lines)) == sum(len(each.names) * len(each.places) for each in groups):
            return groups
        once = [[_names_in(lines[place]) == len(each.names) for place in each.places] for each in groups]
        return [_only(each, kept) for each, kept in zip(groups, once, strict=True)]

    def of_rows(self, block: Block, names: Sequence[str], delimiter: bytes) -> Proven | None:
        """Return what is shown of a block of CSV, None where it is nothing.

        Without quotes a line is a row. Each line end becomes a cell of its own: where these stand at the same
        distance, each row has as many cells as the header.
        """
        lines = _lines_of(block)
        if lines is None or not self._properties.keys() >= set(names):
            return None
        text = b"\n".join(lines)
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").removesuffix(b"\r")
        if text.translate(None, _PLAIN).strip(b"\n" if delimiter != TAB else b"\n\t"):
            return None
        text = text.replace(b"\n", b"%b\n%b" % (delimiter, delimiter))
        cells = text.split(delimiter)
        width = len(names) + 1
        if len(cells) != block.lines * width - 1 or cells[width - 1 :: width].count(b"\n") != block.lines - 1:
            return None
        columns = [cells[place::width] for place in range(len(names))]
        around = text[:1] + text[-1:]
        if delimiter * 2 in text or delimiter in around or not text:  # an empty cell is an absent member
            return self._proven(block, lines, _grouped(tuple(names), columns), quoted=True)
        return self._proven(block, lines, [_Alike(tuple(names), range(len(lines)), columns)], quoted=True)

    def _proven(
        self,
        block: Block,
        lines: list[bytes],
        groups: Sequence[_Alike],
        *,
        quoted: bool = False,
        only_whole: bool = False,
    ) -> Proven | None:
        """Return those records that are shown to be valid, None where these are none.

        With `quoted` strings are without their quotes; with `only_whole` all records of a group are, or none.
        """
        found: list[Columns] = []
        for each in groups:
            if each.names and len(each.places) >= LEAST_ALIKE and self._required.issubset(each.names):
                most = 0 if only_whole else len(each.places) // RECORDS_A_FAILURE
                found += self._valid(block, lines, each, most, quoted=quoted)
        if not found:
            return None
        shown = sum(each.records for each in found)
        return Proven(found, [] if shown == len(lines) else _others(block, found))

    def _valid(
        self, block: Block, lines: list[bytes], alike: _Alike, most_failures: int, *, quoted: bool
    ) -> list[Columns]:
        """Return the records whose values are all shown to be valid, none where too many checks fail."""
        properties = [self._properties[name] for name in alike.names]
        texts, faults, failures = [], set[int](), 0
        for prop, tokens in zip(properties, alike.columns, strict=True):
            texts.append(_text(prop, tokens, quoted=quoted))
            waiting = [] if prop.holds(texts[-1], tokens) else [(0, len(tokens))]
            while waiting:
                start, end = waiting.pop()
                some = tokens[start:end]
                if prop.holds(_text(prop, some, quoted=quoted), some):
                    continue
                failures += 1
                if failures > most_failures:
                    return []
                if end - start == 1:
                    faults.add(start)
                else:
                    waiting += [(start, (start + end) // 2), ((start + end) // 2, end)]
        if faults:
            alike = _only(alike, [at not in faults for at in range(len(alike.places))])
            columns = zip(properties, alike.columns, strict=True)
            texts = [_text(prop, tokens, quoted=quoted) for prop, tokens in columns]
        if not alike.places:
            return []
        head = Head((*alike.names, LINE, OFFSET), "".join(each.kind for each in properties) + "NN")
        begins: Iterable[int] = accumulate((len(line) + 1 for line in lines[:-1]), initial=block.offset)
        if len(alike.places) < len(lines):
            every = list(begins)
            begins = [every[place] for place in alike.places]
        numbers = _joined(block.number + place for place in alike.places)
        return [Columns(head, len(alike.places), (*texts, numbers, _joined(begins)))]

    def _decoder(self, names: tuple[str, ...], *, optional: bool) -> msgspec.json.Decoder[Any]:
        """Return a decoder of records with these members; of optional ones an absent one is empty."""
        key = ("optional" if optional else "all", *names)
        if key not in self._decoders:
            if len(self._decoders) >= DECODERS:
                self._decoders.clear()  # what is proven is the same whatever was proven before
            given = (msgspec.Raw, msgspec.Raw()) if optional else (msgspec.Raw,)
            record = msgspec.defstruct(
                "Record",
                [(f"f{place}", *given) for place in range(len(names))],
                rename={f"f{place}": name for place, name in enumerate(names)},
                forbid_unknown_fields=not optional,
                gc=False,
            )
            self._decoders[key] = msgspec.json.Decoder(record)
        return self._decoders[key]


def _decoded(decode: Callable[[bytes], Any], line: bytes) -> Any:
    """Return what a line holds, or what an object without members does."""
    try:
        return decode(line)
    except _UNPROVEN:
        return decode(b"{}")


def _columns(records: Sequence[Any], members: int) -> list[list[Any]]:
    return [list(map(operator.attrgetter(f"f{place}"), records)) for place in range(members)]


def _grouped(names: tuple[str, ...], columns: Sequence[Sequence[Any]]) -> list[_Alike]:
    """Return records by the members that they have: one that is absent has an empty token."""
    lengths = [list(map(len, tokens)) for tokens in columns]
    present = [any(each) for each in lengths]
    mixed = [each for each, some in zip(lengths, present, strict=True) if some and 0 in each]
    kept = [(name, tokens) for name, tokens, some in zip(names, columns, present, strict=True) if some]
    if not mixed:
        every = range(len(columns[0]) if columns else 0)
        return [_Alike(tuple(name for name, _ in kept), every, [tokens for _, tokens in kept])]
    groups: dict[tuple[bool, ...], list[int]] = {}
    for place, has in enumerate(zip(*(map(bool, each) for each in mixed), strict=True)):
        groups.setdefault(has, []).append(place)
    found = []
    for places in groups.values():
        members = [(name, tokens) for name, tokens in kept if len(tokens[places[0]])]
        chosen = [[tokens[place] for place in places] for _, tokens in members]
        found.append(_Alike(tuple(name for name, _ in members), places, chosen))
    return found


def _others(block: Block, found: Sequence[Columns]) -> list[int]:
    """Return the places of the lines of a block that are not among the records found."""
    shown = {int(number) - block.number for each in found for number in each.tokens(len(each.texts) - 2)}
    return [place for place in range(block.lines) if place not in shown]


def _only(alike: _Alike, kept: Sequence[bool]) -> _Alike:
    """Return the records of which `kept` says so."""
    columns = [list(compress(tokens, kept)) for tokens in alike.columns]
    return _Alike(alike.names, list(compress(alike.places, kept)), columns)


def _text(prop: Property, tokens: Sequence[Any], *, quoted: bool) -> bytes:
    """Return the column of some tokens."""
    return b'"%b"' % b'"\t"'.join(tokens) if quoted and prop.kind == "S" else TAB.join(tokens)


def _joined(numbers: Iterable[int]) -> bytes:
    return msgspec.json.encode(list(numbers))[1:-1].replace(b",", TAB)


def _named_once(raw: bytes, members: int) -> bool:
    """Return whether no object names a member twice, given how many members they have together.

    Each name ends in a quote, then a colon: where there are no more of these than members, none was lost.
    """
    return raw.count(b":") == members or _names_in(raw) == members


def _names_in(raw: bytes) -> int:
    return len(_NAME.findall(raw))


def proof_of(contract: Contract, folder: Path) -> Proof | None:
    """Return a contract's proof, None where it says more of a record than what its members are."""
    schema = contract.schema
    simple = _OF_RECORDS.issuperset(schema) and schema.get("type", "object") == "object"
    proof = Proof(contract, folder) if simple else None
    return proof if proof and proof.has_all_that_is_required else None


def _lines_of(block: Block) -> list[bytes] | None:
    """Return the lines of a block, None where one is too long to be judged with others."""
    lines = block.raw.removesuffix(b"\n").split(b"\n")
    return lines if not block.cut and max(map(len, lines)) <= SHORT_LINE_BYTES else None


def _property(contract: Contract, name: str, folder: Path) -> Property | None:
    schema = contract.schema["properties"][name]
    said = set(schema) - _ANNOTATIONS - {"type"} if isinstance(schema, dict) else {"false"}
    types = schema.get("type") if isinstance(schema, dict) else None
    kinds = [types] if isinstance(types, str) else [each for each in types or () if each != "null"]
    if len(kinds) != 1 or kinds[0] not in _KINDS:
        return None
    kind, python = _KINDS[kinds[0]]
    bounds = _OF_LENGTHS if kind == "S" else _OF_NUMBERS
    meta = _meta(schema, bounds, python)
    others = said - (bounds.keys() if meta is not None else set())
    if kind == "B":
        others = said
    if others and kind != "S":
        return None
    validator = _validator(contract, name, folder) if others else None
    constrained: Any = Annotated[python, msgspec.Meta(**meta)] if meta else python
    limits = frozenset(map(float, meta.values())) if meta and python is float else frozenset()
    return Property(kind, msgspec.json.Decoder(list[constrained]), python is int, limits, validator)


def _meta(schema: Mapping[str, Any], bounds: Mapping[str, str], python: type) -> dict[str, Any] | None:
    """Return msgspec's words for the bounds of a value, None where it has none for them."""
    meta = {ours: schema[theirs] for theirs, ours in bounds.items() if theirs in schema}
    numbers = (int, float) if python is float else (int,)
    for bound in meta.values():
        if type(bound) not in numbers or len(repr(bound)) > FLOAT_CHARACTERS:
            return None
    twice = {"ge", "gt"} <= meta.keys() or {"le", "lt"} <= meta.keys()
    return None if twice else meta


def _validator(contract: Contract, name: str, folder: Path) -> jsonschema_rs.Draft202012Validator:
    """Compile what the contract says of one property, for a list of values."""
    file = f"datasets/{contract.name}.json"
    place = quote(documents.pointer(["properties", name]))
    schema = {"items": {"$ref": f"{documents.BASE}{file}#{place}"}}
    return documents.compiled(schema, folder, f"proofs/{contract.name}")
