"""Random JSONata expressions over one schema, and random values of that schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

Json = Any


def record(members: dict[str, Json], required: str) -> Json:
    """Give the schema of closed objects; `required` lists names, a blank between them."""
    return {
        "type": "object",
        "properties": members,
        "required": required.split(),
        "additionalProperties": False,
    }


ITEM = record(
    {
        "x": {"type": "integer", "minimum": 0, "maximum": 3},
        "y": {"type": "string", "minLength": 1, "maxLength": 2},
        "t": {"type": "array", "items": {"type": "string", "enum": ["u", "v"]}, "maxItems": 3},
        "in": record({"z": {"type": "number"}}, "z"),
    },
    "x t in",
)
KINDS = [
    record({"kind": {"const": "A"}, "v": {"type": "integer", "minimum": 0, "maximum": 2}}, "kind v"),
    record({"kind": {"const": "B"}, "v": {"type": "string", "maxLength": 1}}, "kind v"),
]
SCHEMA = record(
    {
        "s": {"type": "string", "maxLength": 3},
        "n": {"type": "integer", "minimum": -2, "maximum": 5},
        "m": {"type": "number", "minimum": 0.5, "maximum": 2.5},
        "o": {"type": "string", "enum": ["p", "q"]},
        "a": {"type": "array", "items": ITEM, "maxItems": 3},
        "b": {"type": "array", "items": ITEM, "minItems": 1, "maxItems": 3},
        "k": {"enum": ["p", "q", "r"]},
        "u": {"type": ["string", "null"], "maxLength": 2},
        "f": {"type": "boolean"},
        "e": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 4}, "maxItems": 3},
        "w": {"anyOf": KINDS},
        "l": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}, "maxItems": 2}},
        "q": record({"i": ITEM}, "i"),
        "h": {"anyOf": [{"type": "array", "items": ITEM, "maxItems": 2}, ITEM]},
    },
    "s n m a b k u f e w l q h",
)
NAMES = list(SCHEMA["properties"])
INNER = ["x", "y", "t", "in", "z", "kind", "v", "i", "in.z"]
TESTS = [
    "I.k = 'p'",
    "I.k in ['p','q']",
    "$exists(I.o)",
    "I.u = null",
    "I.w.kind = 'A'",
    "I.n > 2",
    "I.n <= 0",
    "$count(I.a) > 0",
    "$count(I.a) = 0",
    "I.f",
    "I.o = 'p'",
    "I.o != 'p'",
    "$boolean(I.o)",
    "I.e[0] = 2",
    "I.q.i.y = 'a'",
    "$exists(I.q.i.y)",
    "I.k != 'r'",
    "I.n = 1",
    "I.q.i.x >= 2",
    "I.u",
    "I.a",
    "I.s",
]
CALLS = [
    "$sum",
    "$count",
    "$max",
    "$min",
    "$average",
    "$string",
    "$length",
    "$uppercase",
    "$number",
    "$abs",
    "$floor",
    "$ceil",
    "$round",
    "$boolean",
    "$not",
    "$exists",
    "$type",
    "$keys",
    "$reverse",
    "$sort",
    "$distinct",
    "$merge",
    "$trim",
    "$join",
    "$spread",
    "$single",
    "$clone",
    "$zip",
    "$toMillis",
]
LITERALS = ["1", "0", "'a'", "'p'", "null", "true", "2.5", "[]", "{}", "[1,2]"]
LARGER = [
    "($test) ? E : E",
    "($test) ? E",
    "(E + E)",
    "(E - E)",
    "(E * E)",
    "(E / E)",
    "(E % E)",
    "(E & E)",
    "[E, E]",
    "[E]",
    "{'x': E, 'y': E}",
    "[E, E][0]",
    "[E][-1]",
    "$map(E, function($i){$i.x})",
    "$map(E, function($i){[$i]})",
    "$map(E, function($i){{'r': $i.x}})",
    "$filter(E, function($i){$i.x > 1})",
    "$append(E, E)",
    "$merge([E, {'x': 1}])",
    "[E..E]",
    "($q := E; $q)",
    "(E).x",
    "(E)[0]",
    "$lookup(E, 'x')",
    "$split(E, 'a')",
    "$substring(E, E)",
    "E ~> $string",
    "$partition(E, 2)",
    "$range(E, 3, 1)",
    "-E",
    "E = E",
    "E in E",
    "E < E",
    "$reduce(E, function($a, $b){$a + $b})",
    "$reduce(E, function($a, $b){$append($a, $b.x)}, [])",
    "$reduce(E, function($a, $b, $i){$i > 1 ? $b : $a}, E)",
    "E ~> |$|{'x': E, 'made': x}|",
    "E ~> |i|{'made': 1}, ['x', 'z']|",
    "E ~> |q.i|{'made': E}, 'y'|",
]
ENDINGS = ["", "", "", "", "[0]", "[-1]", "[1]", "[x > 1]", "[y = 'a']", "[]", "^(x)"]


def value_of(schema: Json, random: Random) -> Json:
    """Give a random value of a schema."""
    if "const" in schema or "enum" in schema:
        return random.choice(schema.get("enum") or [schema["const"]])
    if "anyOf" in schema:
        return value_of(random.choice(schema["anyOf"]), random)
    kind = random.choice(schema["type"]) if isinstance(schema["type"], list) else schema["type"]
    low, high = schema.get("minimum", -9), schema.get("maximum", 9)
    if kind == "string":
        return "".join(
            random.choices("ab", k=random.randint(schema.get("minLength", 0), schema.get("maxLength", 3)))
        )
    if kind == "array":
        count = random.randint(schema.get("minItems", 0), schema.get("maxItems", 3))
        return [value_of(schema["items"], random) for _ in range(count)]
    if kind == "object":
        members = schema["properties"].items()
        kept = [(name, each) for name, each in members if name in schema["required"] or random.random() < 0.5]
        return {name: value_of(each, random) for name, each in kept}
    if kind == "integer":
        return random.randint(low, high)
    scalars = {"null": [None], "boolean": [True, False]}
    return random.choice(scalars.get(kind, [low, high, max(low, 1), max(low, 1.5)]))


def path(random: Random) -> str:
    """Give a random path."""
    found = random.choice(["$states.input", "$states.input", "$states.input", "$v"])
    for place in range(random.randint(1, 3)):
        if random.random() < 0.8:
            found += "." + random.choice(INNER if place else NAMES)
        else:
            found += random.choice([".*", ".{'c': x, 'd': y}", ".[x, y]", ".(x + 1)", ".$string(x)"])
        found += random.choice(ENDINGS)
    return found


def test_of(random: Random, depth: int) -> str:
    """Give a random condition."""
    if depth <= 0 or random.random() < 0.4:
        return random.choice(TESTS).replace("I.", "$states.input.")
    form = random.choice(["({}) and ({})", "({}) or ({})", "$not({})"])
    return form.format(*(test_of(random, depth - 1) for _ in range(form.count("{}"))))


def expression(random: Random, depth: int) -> str:
    """Give a random expression."""
    if depth <= 0 or random.random() < 0.3:
        return path(random) if random.random() < 0.75 else random.choice(LITERALS)
    if random.random() < 0.2:
        return f"{random.choice(CALLS)}({expression(random, depth - 1)})"
    parts = random.choice(LARGER).replace("$test", test_of(random, 2)).split("E")
    return parts[0] + "".join(expression(random, depth - 1) + part for part in parts[1:])
