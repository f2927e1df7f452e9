"""Well-typed expressions by construction: for a wanted schema, something that gives it from what is known.

What is known are places: a path as it is written, and the schema of what is there. The schemas are few:
those of `fits`. A production names what it needs in angle brackets: `(<integer> + <integer>)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tests.typing.jsonata_expressions import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

Json = Any

COUNT = {"type": "integer", "minimum": 0}
INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}
TEXT = {"type": "string"}
TRUTH = {"type": "boolean"}
SIMPLE = {"count": COUNT, "integer": INTEGER, "number": NUMBER, "text": TEXT, "truth": TRUTH}
DEEPEST_PATH = 4


def array_of(items: Json, least: int = 0) -> Json:
    """Give the schema of arrays."""
    return {"type": "array", "items": items, "minItems": least}


@dataclass(frozen=True)
class Place:
    """A path and the schema of what is there; `is_certain`: it is always there."""

    text: str
    schema: Json
    is_certain: bool = True


@dataclass(frozen=True)
class Known:
    """What expressions of a state may name: roots of paths."""

    roots: tuple[Place, ...]

    def having(self, *places: Place) -> Known:
        """Give the same with other or more roots."""
        names = {place.text for place in places}
        return Known((*(root for root in self.roots if root.text not in names), *places))


def fits(schema: Json, wanted: Json) -> bool:
    """Say whether each value of a schema is of a wanted one; no is also said where it is not plain."""
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return wanted == TEXT and all(isinstance(value, str) for value in values)
    if "type" not in wanted:
        return True
    kind, expected = schema.get("type"), wanted["type"]
    if expected == "number":
        return kind in ("number", "integer")
    if kind != expected:
        return False
    if expected == "integer":
        return "minimum" not in wanted or schema.get("minimum", -1) >= wanted["minimum"]
    if expected == "array":
        is_long = schema.get("minItems", 0) >= wanted.get("minItems", 0)
        return is_long and fits(schema["items"], wanted["items"])
    return expected != "object" or _object_fits(schema, wanted)


def _object_fits(schema: Json, wanted: Json) -> bool:
    members = schema["properties"]
    has_all = set(wanted["required"]) <= set(schema["required"])
    return has_all and all(
        name in wanted["properties"] and fits(each, wanted["properties"][name])
        for name, each in members.items()
    )


def places(known: Known) -> list[Place]:
    """Give all paths that are known, of objects and of what is surely in an array."""
    return [place for root in known.roots for place in _below(root, 0)]


def _below(place: Place, depth: int) -> Iterator[Place]:
    yield place
    schema = place.schema
    if depth >= DEEPEST_PATH:
        return
    if schema.get("type") == "object":
        for name, member in schema["properties"].items():
            is_certain = place.is_certain and name in schema["required"]
            yield from _below(Place(f"{place.text}.{name}", member, is_certain), depth + 1)
    elif schema.get("minItems", 0) > 0 and schema["items"].get("type") == "object":
        yield from _below(Place(f"{place.text}[0]", schema["items"], place.is_certain), depth + 1)


def wanted_schema(random: Random, depth: int = 1) -> Json:
    """Give something to want."""
    if depth and random.random() < 0.3:
        return array_of(wanted_schema(random, 0), random.choice([0, 0, 1]))
    if depth and random.random() < 0.3:
        return wanted_record(random, depth - 1)
    return random.choice(list(SIMPLE.values()))


def wanted_record(random: Random, depth: int = 1, names: str = "pqr") -> Json:
    """Give a record to want, of one to three members."""
    chosen = names[: random.randint(1, len(names))]
    return record({name: wanted_schema(random, depth) for name in chosen}, " ".join(chosen))


class Productions:
    """Makes what is wanted in one query language, from a table of productions for each kind."""

    table: ClassVar[dict[str, list[str]]]

    def __init__(self, random: Random) -> None:
        self.random = random
        self._bound = 0

    def make(self, wanted: Json, known: Known, depth: int = 2) -> str:
        """Give an expression that yields a value of the wanted schema."""
        found = [each.text for each in places(known) if each.is_certain and fits(each.schema, wanted)]
        if found and (depth <= 0 or self.random.random() < 0.4):
            return self.random.choice(found)
        if depth > 0 and self.random.random() < 0.85:
            made = self.larger(wanted, known, depth)
            if made is not None:
                return made
        return (
            self.random.choice(found) if found and self.random.random() < 0.5 else self.plain(wanted, known)
        )

    def larger(self, wanted: Json, known: Known, depth: int) -> str | None:
        """Make it by a production; None where there is none."""
        kind = next((name for name, schema in SIMPLE.items() if schema == wanted), None)
        if kind is None:
            return None
        names = {
            "count": ["count"],
            "integer": ["count", "integer"],
            "number": ["count", "integer", "number"],
        }
        table = [each for name in names.get(kind, [kind]) for each in self.table[name]]
        return self.fill(self.random.choice(table), known, depth - 1)

    def fill(self, production: str, known: Known, depth: int) -> str:
        """Put expressions in the places of a production."""
        return re.sub(r"<(\w+)>", lambda match: self.named(match[1], known, depth), production)

    def named(self, name: str, known: Known, depth: int) -> str:
        """Make what a production names."""
        if name in SIMPLE:
            return self.make(SIMPLE[name], known, depth)
        if name.endswith("s") and name[:-1] in SIMPLE:
            return self.make(array_of(SIMPLE[name[:-1]]), known, depth)
        if name == "perhaps":
            found = [each.text for each in places(known) if "." in each.text]
            return self.random.choice(found)
        return self.make(wanted_schema(self.random), known, depth)  # <any>

    def plain(self, wanted: Json, known: Known) -> str:
        """Write it down."""
        raise NotImplementedError


class Jsonata(Productions):
    """Expressions of JSONata."""

    table: ClassVar[dict[str, list[str]]] = {
        "count": [
            "$count(<anys>)", "$length(<text>)", "$abs(<integer>)", "(<count> + <count>)",
            "(<count> * <count>)",
            "$sum(<counts>)", "((<truth>) ? <count> : <count>)", "$max([<count>, <count>])",
            "($q := <count>; $q + 1)", "$reduce(<counts>, function($a, $b){$a + $b}, 0)",
            "$millis()", "(<text> ~> $length)", "(function($n){$n + 1})(<count>)",
        ],
        "integer": [
            "(<integer> - <integer>)", "-<integer>", "$floor(<number>)", "$round(<number>)",
            "$ceil(<number>)",
            "$min([<integer>, <integer>])",
        ],
        "number": [
            "(<number> / 2)", "$average([<number>, <number>])", "(<number> + <number>)", "$random()",
            "$number(<number>)", "(<number> * <number>)", "(<number> % 3)",
        ],
        "text": [
            "(<text> & <any>)", "$string(<any>)", "$uppercase(<text>)", "$trim(<text>)",
            "$substring(<text>, 0, 2)", "$join(<texts>, '-')", "$states.context.Execution.Name",
            "$states.context.State.Name", "$type(<any>)", "$now()", "$substringBefore(<text>, 'a')",
            "$replace(<text>, 'a', 'b')", "$pad(<text>, 5)", "$base64encode(<text>)", "$uuid()",
            "$hash(<text>, 'SHA-256')", "((<truth>) ? <text> : <text>)", "(<text> ~> $lowercase)",
            "$lookup({'a': <text>}, 'a')", "$join($append(<texts>, <text>))",
        ],
        "truth": [
            "(<number> < <number>)", "(<text> <= <text>)", "$exists(<perhaps>)", "(<truth> and <truth>)",
            "(<truth> or <truth>)", "$not(<truth>)", "$contains(<text>, 'a')",
            "(<text> in $append(<texts>, <text>))",
            "$boolean(<any>)", "(<number> >= <number>)", "(<number> != <number>)",
        ],
    }  # fmt: skip

    def named(self, name: str, known: Known, depth: int) -> str:
        if name == "anys":
            return self.make(array_of(self.random.choice([COUNT, TEXT])), known, depth)
        return super().named(name, known, depth)

    def larger(self, wanted: Json, known: Known, depth: int) -> str | None:
        if wanted.get("type") == "array":
            return self._array(wanted, known, depth)
        if wanted.get("type") == "object":
            return self._object(wanted, known, depth)
        return super().larger(wanted, known, depth)

    def _array(self, wanted: Json, known: Known, depth: int) -> str | None:
        items, is_open = wanted["items"], not wanted.get("minItems")
        if items.get("type") == "array":
            return None
        made = self.make(wanted, known, depth - 1)
        forms = [f"$reverse({made})", f"$append({made}, {self.make(wanted, known, depth - 1)})"]
        forms.append(f"[{self.make(items, known, depth - 1)}, {self.make(items, known, depth - 1)}]")
        if items == COUNT:
            forms += ["[1..3]", f"$sort({made})"]
        if items == TEXT and is_open:
            forms += [self.fill("$split(<text>, 'a')", known, depth - 1), "[$keys($states.context)]"]
        if is_open:
            forms += [f"[$distinct({made})]", f"[{made}[0]]", f"[$filter({made}, function($i){{$i = $i}})]"]
            forms += self._mapped(items, known, depth)
        return self.random.choice(forms)

    def _mapped(self, items: Json, known: Known, depth: int) -> list[str]:
        sources = [
            each
            for each in places(known)
            if each.is_certain and each.schema.get("type") == "array" and "anyOf" not in each.schema["items"]
        ]
        if not sources:
            return []
        source = self.random.choice(sources)
        self._bound += 1
        item = Place(f"$i{self._bound}", source.schema["items"])
        inner = self.make(items, known.having(item), depth - 1)
        function = f"function({item.text}){{{inner}}}"
        tested = self.make(TRUTH, known.having(item), depth - 1)
        forms = [
            f"[$map({source.text}, {function})]",
            f"[$map($filter({source.text}, function({item.text}){{{tested}}}), {function})]",
        ]
        if source.schema["items"].get("type") == "object":
            names = [n for n, each in source.schema["items"]["properties"].items() if fits(each, items)]
            forms += [f"[{source.text}.{name}]" for name in names]
        return forms

    def _object(self, wanted: Json, known: Known, depth: int) -> str:
        if self.random.random() < 0.3:
            name = next(iter(wanted["properties"]))
            whole = self.make(wanted, known, depth - 1)
            member = self.make(wanted["properties"][name], known, depth - 1)
            return f"$merge([{whole}, {{'{name}': {member}}}])"
        members = (
            f"'{name}': {self.make(each, known, depth - 1)}" for name, each in wanted["properties"].items()
        )
        return "{" + ", ".join(members) + "}"

    def plain(self, wanted: Json, known: Known) -> str:
        kind = wanted["type"]
        if kind == "array":
            return f"[{self.plain(wanted['items'], known)}]"
        if kind == "object":
            members = (f"'{name}': {self.plain(each, known)}" for name, each in wanted["properties"].items())
            return "{" + ", ".join(members) + "}"
        literals = {"string": ["'a'", "'b-a'", "''"], "boolean": ["true", "false"], "number": ["0.5", "2"]}
        return self.random.choice(literals.get(kind, ["0", "1", "3"]))


class JsonPath(Productions):
    """Paths and intrinsic function calls of JSONPath; `value` makes a payload template's member."""

    table: ClassVar[dict[str, list[str]]] = {
        "count": ["States.ArrayLength(<anys>)", "States.MathAdd(<count>, 1)", "States.MathRandom(0, 9)"],
        "integer": ["States.MathAdd(<integer>, -1)", "States.MathAdd(<integer>, <integer>)"],
        "number": [],
        "text": [
            "States.Format('{}-{}', <text>, <number>)", "States.JsonToString(<any>)",
            "States.Base64Encode(<text>)", "States.Hash(<text>, 'SHA-256')", "States.UUID()", "$$.State.Name",
            "$$.Execution.Name", "$$.Execution.StartTime", "States.Format('{}', <any_simple>)",
        ],
        "truth": ["States.ArrayContains(<counts>, <count>)", "States.ArrayContains(<texts>, <text>)"],
    }  # fmt: skip

    def named(self, name: str, known: Known, depth: int) -> str:
        if name == "anys":
            return self.make(array_of(self.random.choice([COUNT, TEXT])), known, depth)
        if name == "any_simple":
            return self.make(self.random.choice(list(SIMPLE.values())), known, depth)
        return super().named(name, known, depth)

    def larger(self, wanted: Json, known: Known, depth: int) -> str | None:
        if wanted.get("type") == "array":
            return self._array(wanted, known, depth)
        if wanted.get("type") == "object":
            found = [each.text for each in places(known) if each.is_certain and fits(each.schema, wanted)]
            some = self.random.choices(found, k=2) if found else []
            return f"States.JsonMerge({some[0]}, {some[1]}, false)" if found else None
        return super().larger(wanted, known, depth)

    def _array(self, wanted: Json, known: Known, depth: int) -> str:
        items = wanted["items"]
        one, made = self.make(items, known, depth - 1), self.make(wanted, known, depth - 1)
        forms = [f"States.Array({one})", f"States.Array({one}, {one})", f"States.ArrayUnique({made})"]
        if items == COUNT:
            forms.append("States.ArrayRange(0, 4, 2)")
        if items == TEXT and not wanted.get("minItems"):
            forms.append(self.fill("States.StringSplit(<text>, 'a')", known, depth - 1))
        for place in places(known) if not wanted.get("minItems") else ():
            if place.is_certain and place.schema.get("type") == "array":
                forms += self._selected(place, items)
        return self.random.choice(forms)

    @staticmethod
    def _selected(place: Place, items: Json) -> Iterator[str]:
        inner = place.schema["items"]
        if fits(inner, items):
            yield from (f"{place.text}[*]", f"{place.text}[0:2]")
        if inner.get("type") == "object":
            for name, each in inner["properties"].items():
                if name in inner["required"] and fits(each, items):
                    yield f"{place.text}[*].{name}"

    def plain(self, wanted: Json, known: Known) -> str:
        kind = wanted["type"]
        if kind == "array":
            return f"States.Array({self.plain(wanted['items'], known)})"
        if kind == "object":
            return "$$.Execution.Input"
        literals = {"string": ["'a'", "'b-a'"], "boolean": ["true", "false"], "number": ["0.5", "2"]}
        return self.random.choice(literals.get(kind, ["0", "1", "3"]))

    def member(self, name: str, wanted: Json, known: Known, depth: int = 2) -> dict[str, Json]:
        """Give a member of a payload template: written down, a record of its own, or a path or a call."""
        kind = wanted["type"]
        found = [each.text for each in places(known) if each.is_certain and fits(each.schema, wanted)]
        if found and self.random.random() < 0.4:
            return {f"{name}.$": self.random.choice(found)}
        if kind == "object":
            return {name: self.template(wanted, known, depth - 1)}
        if depth <= 0 or (kind != "array" and self.random.random() < 0.25) or wanted == NUMBER:
            literals = {"string": "a", "boolean": True, "number": 0.5, "integer": 1}
            return {name: [_literal(wanted["items"])] if kind == "array" else literals[kind]}
        made = self.larger(wanted, known, depth)
        return {name: _literal(wanted)} if made is None else {f"{name}.$": made}

    def template(self, wanted: Json, known: Known, depth: int = 2) -> dict[str, Json]:
        """Give a payload template of a record."""
        made: dict[str, Json] = {}
        for name, each in wanted["properties"].items():
            made |= self.member(name, each, known, depth)
        return made


def _literal(wanted: Json) -> Json:
    if wanted["type"] == "object":
        return {name: _literal(each) for name, each in wanted["properties"].items()}
    if wanted["type"] == "array":
        return [_literal(wanted["items"])]
    return {"string": "a", "boolean": True, "number": 0.5, "integer": 1}[wanted["type"]]
