"""Choices that tell: rules, and what is known where they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.typing.jsonata_expressions import KINDS, record
from tests.typing.typed_expressions import INTEGER, NUMBER, TEXT, TRUTH, Known, fits, places, wanted_record

if TYPE_CHECKING:
    from tests.typing.typed_machines import Machine

Json = Any
States = dict[str, Json]


def beside(schema: Json, name: str, member: Json) -> Json:
    if schema.get("type") != "object":
        return record({name: member}, name)
    required = " ".join(dict.fromkeys([*schema["required"], name]))
    return record({**schema["properties"], name: member}, required)


def is_object(schema: Json) -> bool:
    return bool(schema.get("type") == "object")


def _narrowings(m: Machine, known: Known) -> list[tuple[Json, Known]]:
    """Give rules that tell something, with what is known where they hold."""
    found: list[tuple[Json, Known]] = []
    for place in places(known):
        if not place.text.startswith(m.root + ".") or "[" in place.text:
            continue
        keys = tuple(place.text[len(m.root) + 1 :].split("."))
        schema = m.input(known)
        parent = _at(schema, keys[:-1])
        is_reached = _is_certain(schema, keys[:-1])
        if parent is not None and is_reached and keys[-1] not in parent["required"]:
            rule = {"Variable": place.text, "IsPresent": True}
            if m.is_jsonata:
                rule = {"Condition": f"{{% $exists({place.text}) %}}"}
            found.append((rule, m.entering(known, _changed(schema, keys, place.schema))))
        if place.schema.get("anyOf") == KINDS and place.is_certain:
            variant = m.random.choice(place.schema["anyOf"])
            kind = variant["properties"]["kind"]["const"]
            rule = {"Variable": f"{place.text}.kind", "StringEquals": kind}
            if m.is_jsonata:
                rule = {"Condition": f"{{% {place.text}.kind = '{kind}' %}}"}
            found.append((rule, m.entering(known, _changed(schema, keys, variant))))
        if isinstance(place.schema.get("type"), list) and place.is_certain:
            rule = {"Variable": place.text, "IsString": True}
            if m.is_jsonata:
                rule = {"Condition": f"{{% {place.text} != null %}}"}
            found.append((rule, m.entering(known, _changed(schema, keys, TEXT))))
    return found


def _at(schema: Json, keys: tuple[str, ...]) -> Json | None:
    for key in keys:
        schema = schema.get("properties", {}).get(key, {})
    return schema if is_object(schema) else None


def _is_certain(schema: Json, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if key not in schema.get("required", ()):
            return False
        schema = schema["properties"][key]
    return True


def _changed(schema: Json, keys: tuple[str, ...], member: Json) -> Json:
    key, *rest = keys
    inner = member if not rest else _changed(schema["properties"][key], tuple(rest), member)
    return beside(schema, key, inner)


def _rule(m: Machine, known: Known) -> tuple[Json, Known]:
    told = _narrowings(m, known)
    if told and m.random.random() < 0.7:
        return m.random.choice(told)
    if m.is_jsonata:
        return {"Condition": m.expression(TRUTH, known)}, known
    return _comparison(m, known), known


def _comparison(m: Machine, known: Known) -> Json:
    tests: list[tuple[Json, dict[str, Json]]] = [
        (NUMBER, {"NumericGreaterThan": 1}),
        (INTEGER, {"NumericLessThanEquals": 2}),
        (TEXT, {"StringMatches": "a*"}),
        (TEXT, {"StringLessThan": "b"}),
        (TRUTH, {"BooleanEquals": True}),
    ]
    found = [
        {"Variable": place.text, **test}
        for place in places(known)
        for wanted, test in tests
        if place.is_certain and fits(place.schema, wanted) and place.text not in ("$", "$$")
    ]
    some = m.random.choices(found, k=2)
    return m.random.choice([some[0], {"And": some}, {"Or": some}, {"Not": some[0]}])


def choice(m: Machine, states: States, name: str, following: str, known: Known, depth: int) -> Known:
    rule, told = _rule(m, known)
    wanted, then, other = wanted_record(m.random), m.name(), m.name()
    if m.random.random() < 0.4:  # a guard: what is not so, fails
        states[other] = {"Type": "Fail", "Error": "NotSo"}
        states[name] = {"Type": "Choice", "Choices": [{**rule, "Next": following}], "Default": other}
        return told
    states[name] = {"Type": "Choice", "Choices": [{**rule, "Next": then}], "Default": other}
    states[then] = {"Type": "Pass", **m.making(wanted, told), "Next": following}
    states[other] = {"Type": "Pass", **m.making(wanted, known), "Next": following}
    return m.entering(known, wanted)
