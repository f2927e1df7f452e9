"""Proofs that whole blocks of a file are valid, column by column: one call checks thousands of records.

A proof says yes or nothing. What it cannot show goes the general way, record by record, which finds out what
is wrong, or that nothing is. So each check here is at least as strict as the contract:

- the records of a block have the same members, all of them properties of the contract, none twice;
- strings meet their length here, and every other rule before the contract's own validator, each value once;
- numbers have 15 digits at most and no exponent: such ones a float tells apart and keeps in order, and their
  texts are what DynamoDB and an exact decoder make of them.
"""

from __future__ import annotations

import operator
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import quote

import msgspec

from pipeline import documents
from pipeline.columns import LINE, OFFSET, TAB, Columns, Head, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import jsonschema_rs

    from pipeline.contracts import Contract
    from pipeline.formats.lines import Block

# A float keeps 15 digits; a point and a sign are no digits, so this is on the safe side.
NUMBER_CHARACTERS = 15
# Items of longer lines are measured one by one: DynamoDB takes 400 KB.
SHORT_LINE_BYTES = 32 * 1024
# Sets of members that are kept compiled.
SHAPES = 32

_NAME = re.compile(rb'"\s*:')
_ANNOTATIONS = frozenset({"$comment", "default", "deprecated", "description", "examples", "title"})
_OF_RECORDS = _ANNOTATIONS | {
    "$schema", "$defs", "additionalProperties", "properties", "required", "type", "x-dataset"
}  # fmt: skip
_OF_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_OF_NUMBERS = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
_KINDS = {"string": ("S", str), "integer": ("N", int), "number": ("N", float), "boolean": ("B", bool)}
# Bytes that a cell may have to be a JSON string as it stands.
_PLAIN = bytes(set(range(0x20, 0x100)) - set(b'"\\'))
_UNPROVEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Property(NamedTuple):
    """How the values of one property are shown to be valid, all at once."""

    kind: str
    decoder: msgspec.json.Decoder[Any]
    whole: bool
    validator: jsonschema_rs.Draft202012Validator | None

    def holds(self, text: bytes, tokens: Sequence[Any]) -> bool:
        """Return whether each of the values is shown to be valid; raises msgspec.DecodeError."""
        if self.kind == "N" and not self._is_plain(text, tokens):
            return False
        found = values(text, self.decoder)
        return len(found) == len(tokens) and (self.validator is None or self._is_valid(found))

    def _is_plain(self, text: bytes, tokens: Sequence[Any]) -> bool:
        if max(map(len, tokens)) > NUMBER_CHARACTERS or (self.whole and b"." in text):
            return False
        if b"e" in text or b"E" in text or b" " in text:
            return False
        return b"\t-0\t" not in b"\t%b\t" % text

    def _is_valid(self, found: list[Any]) -> bool:
        assert self.validator is not None
        return self.validator.is_valid(list(set(found)))


class Shape:
    """Records that have exactly these members."""

    def __init__(self, names: tuple[str, ...], properties: Sequence[Property]) -> None:
        self._names = names
        self._properties = properties
        kinds = "".join(each.kind for each in properties)
        self._head = Head((*names, LINE, OFFSET), kinds + "NN")
        fields = [(f"f{place}", msgspec.Raw) for place in range(len(names))]
        record = msgspec.defstruct(
            "Record",
            fields,
            rename={field: name for (field, _), name in zip(fields, names, strict=True)},
            forbid_unknown_fields=True,
            gc=False,
        )
        self._decoder = msgspec.json.Decoder(record)
        self._members = [operator.attrgetter(field) for field, _ in fields]

    def of_lines(self, block: Block, lines: list[bytes]) -> Columns | None:
        """Return the records of a block of JSON Lines, None unless each line is shown to be a valid one.

        Each line opens an object and there are as many as lines: with scalars in all of them, one a line.
        """
        records = self._decoder.decode_lines(block.raw)
        if len(records) != block.lines or not _named_once(block.raw, block.lines * len(self._names)):
            return None
        columns = [list(map(member, records)) for member in self._members]
        return self._proven(block, lines, columns, [TAB.join(tokens) for tokens in columns])

    def of_cells(
        self, block: Block, lines: list[bytes], columns: Sequence[Sequence[bytes]]
    ) -> Columns | None:
        """Return the records of plain rows, None unless each is shown to be a valid one."""
        texts = []
        for each, cells in zip(self._properties, columns, strict=True):
            text = TAB.join(cells) if each.kind != "S" else b'"%b"' % b'"\t"'.join(cells)
            if b'""' in text:
                return None  # an empty cell is an absent member
            texts.append(text)
        return self._proven(block, lines, columns, texts)

    def _proven(
        self, block: Block, lines: list[bytes], columns: Sequence[Sequence[Any]], texts: list[bytes]
    ) -> Columns | None:
        for each, text, tokens in zip(self._properties, texts, columns, strict=True):
            if not each.holds(text, tokens):
                return None
        sizes = [len(line) + 1 for line in lines[:-1]]
        numbers = _joined(range(block.number, block.number + block.lines))
        offsets = _joined(accumulate(sizes, initial=block.offset))
        return Columns(self._head, block.lines, (*texts, numbers, offsets))


def _joined(numbers: Iterable[int]) -> bytes:
    return msgspec.json.encode(list(numbers))[1:-1].replace(b",", TAB)


def _named_once(raw: bytes, members: int) -> bool:
    """Return whether no object names a member twice, given how many members they have together.

    Each name ends in a quote, then a colon: where there are no more of these than members, none was lost.
    """
    return raw.count(b":") == members or len(_NAME.findall(raw)) == members


class Proof:
    """A contract's proof: the shapes that its records were found to have.

    What is proven follows from a block alone, so work that is done again stages the same bytes.
    """

    def __init__(self, contract: Contract, folder: Path) -> None:
        self._contract = contract
        self._folder = folder
        self._shapes: dict[tuple[str, ...], Shape | None] = {}

    def of_lines(self, block: Block) -> Columns | None:
        """Return the records of a block of JSON Lines, None unless all are shown to be valid."""
        lines = _lines_of(block)
        if lines is None or {line[:1] for line in lines} != {b"{"}:
            return None
        try:
            first = msgspec.json.decode(lines[0], type=dict[str, msgspec.Raw])
            names = tuple(name for name in self._contract.schema["properties"] if name in first)
            shape = self.shape(names) if len(names) == len(first) else None
            return shape.of_lines(block, lines) if shape is not None else None
        except _UNPROVEN:
            return None

    def of_rows(self, block: Block, names: Sequence[str], delimiter: bytes) -> Columns | None:
        """Return the records of a block of CSV, None unless all are shown to be valid.

        Without quotes a line is a row. Each line end becomes a cell of its own: where these stand at the same
        distance, each row has as many cells as the header.
        """
        lines, shape = _lines_of(block), self.shape(tuple(names))
        if shape is None or lines is None:
            return None
        text = b"\n".join(lines)
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").removesuffix(b"\r")
        if text.translate(None, _PLAIN).strip(b"\n" if delimiter != TAB else b"\n\t"):
            return None
        cells = text.replace(b"\n", b"%b\n%b" % (delimiter, delimiter)).split(delimiter)
        width = len(names) + 1
        if len(cells) != block.lines * width - 1 or cells[width - 1 :: width].count(b"\n") != block.lines - 1:
            return None
        try:
            return shape.of_cells(block, lines, [cells[place::width] for place in range(len(names))])
        except _UNPROVEN:
            return None

    def shape(self, names: tuple[str, ...]) -> Shape | None:
        """Return the shape of records with these members, None where it is not compiled."""
        if names not in self._shapes:
            if len(self._shapes) >= SHAPES:
                self._shapes.clear()  # what is proven is the same whatever was proven before
            self._shapes[names] = self._compiled(names)
        return self._shapes[names]

    def _compiled(self, names: tuple[str, ...]) -> Shape | None:
        schema = self._contract.schema
        if not names or not set(schema.get("required", ())) <= set(names) <= set(schema["properties"]):
            return None
        properties = [_property(self._contract, name, self._folder) for name in names]
        known = [each for each in properties if each is not None]
        return Shape(names, known) if len(known) == len(names) else None


def proof_of(contract: Contract, folder: Path) -> Proof | None:
    """Return a contract's proof, None where it says more of a record than what its members are."""
    schema = contract.schema
    simple = _OF_RECORDS.issuperset(schema) and schema.get("type", "object") == "object"
    return Proof(contract, folder) if simple else None


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
    return Property(kind, msgspec.json.Decoder(list[constrained]), python is int, validator)


def _meta(schema: Mapping[str, Any], bounds: Mapping[str, str], python: type) -> dict[str, Any] | None:
    """Return msgspec's words for the bounds of a value, None where it has none for them."""
    meta = {ours: schema[theirs] for theirs, ours in bounds.items() if theirs in schema}
    numbers = (int, float) if python is float else (int,)
    for bound in meta.values():
        if type(bound) not in numbers or len(repr(bound)) > NUMBER_CHARACTERS:
            return None
    twice = {"ge", "gt"} <= meta.keys() or {"le", "lt"} <= meta.keys()
    return None if twice else meta


def _validator(contract: Contract, name: str, folder: Path) -> jsonschema_rs.Draft202012Validator:
    """Compile what the contract says of one property, for a list of values."""
    file = f"datasets/{contract.name}.json"
    place = quote(documents.pointer(["properties", name]))
    schema = {"items": {"$ref": f"{documents.BASE}{file}#{place}"}}
    return documents.compiled(schema, folder, f"proofs/{contract.name}")
