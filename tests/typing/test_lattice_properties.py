"""The lattice held against jsonschema-rs: random schemas of draft 2020-12, random values."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from statewright.typing.lattice import join, meet
from statewright.typing.membership import contains
from statewright.typing.samples import samples
from statewright.typing.schemas import Schemas, to_schema
from statewright.typing.subsumption import compare
from statewright.typing.widening import widen

Json = Any
KINDS = ["null", "boolean", "number", "integer", "string", "array", "object"]
NAMES = st.sampled_from("abc")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 5)
    | st.sampled_from([0.5, 1.0, 2.5])
    | st.sampled_from(["", "a", "ab", "b", "xyz"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
BOUNDS = st.integers(-2, 4)
SIZES = st.integers(0, 3)


def _merged(first: Json, second: Json) -> Json:
    return {**(first if isinstance(first, dict) else {}), **(second if isinstance(second, dict) else {})}


LEAVES = st.one_of(
    st.booleans(),
    st.builds(lambda kind: {"type": kind}, st.sampled_from(KINDS)),
    st.builds(
        lambda kinds: {"type": kinds}, st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True)
    ),
    st.builds(lambda value: {"const": value}, VALUES),
    st.builds(lambda values: {"enum": values}, st.lists(VALUES, min_size=1, max_size=4)),
    st.builds(lambda low, high: {"minimum": low, "maximum": high}, BOUNDS, BOUNDS),
    st.builds(
        lambda low, high, kind: {"type": kind, "exclusiveMinimum": low, "maximum": high},
        BOUNDS,
        BOUNDS,
        st.sampled_from(["integer", "number"]),
    ),
    st.builds(lambda high: {"type": "integer", "exclusiveMaximum": high}, BOUNDS),
    st.builds(lambda low, high: {"minLength": low, "maxLength": high}, SIZES, SIZES),
    st.builds(lambda text: {"type": "string", "pattern": text}, st.sampled_from(["^a", "b"])),
    st.builds(lambda step: {"type": "number", "multipleOf": step}, st.sampled_from([1, 2, 0.5])),
)


def _larger(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    several = st.lists(inner, min_size=1, max_size=3)
    rest = st.one_of(st.just({}), st.builds(lambda schema: {"additionalProperties": schema}, inner))
    return st.one_of(
        st.builds(
            lambda members, required, more: {
                "type": "object",
                "properties": members,
                "required": required,
                **more,
            },
            st.dictionaries(NAMES, inner, max_size=3),
            st.lists(NAMES, max_size=2, unique=True),
            rest,
        ),
        st.builds(
            lambda prefix, items, low, high: {
                "type": "array",
                "prefixItems": prefix,
                "items": items,
                "minItems": low,
                "maxItems": high,
            },
            st.lists(inner, min_size=1, max_size=2),
            inner,
            SIZES,
            SIZES,
        ),
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda items: {"items": items, "minItems": 1, "uniqueItems": True}, inner),
        *(
            st.builds(lambda schemas, word=word: {word: schemas}, several)
            for word in ("anyOf", "oneOf", "allOf")
        ),
        st.builds(lambda schema: {"not": schema}, inner),
        st.builds(lambda one, two, three: {"if": one, "then": two, "else": three}, inner, inner, inner),
        st.builds(
            lambda low, high: {"type": "object", "minProperties": low, "maxProperties": high}, SIZES, SIZES
        ),
        st.builds(lambda schema: {"patternProperties": {"a": schema}, "additionalProperties": False}, inner),
        st.builds(
            lambda schema: {"unevaluatedProperties": False, "anyOf": [{"properties": {"a": schema}}, {}]},
            inner,
        ),
        st.builds(_merged, inner, inner),
    )


SCHEMAS = st.recursive(LEAVES, _larger, max_leaves=6)
MANY = st.lists(VALUES, min_size=8, max_size=25)


@settings(max_examples=150, deadline=None)
@given(SCHEMAS, SCHEMAS, MANY)
def test_what_is_said_to_fit_does_fit(flowing: Json, wanted: Json, values: list[Json]) -> None:
    one, other = Schemas().read(flowing), Schemas().read(wanted)
    if compare(one, other).answer != "yes":
        return
    for value in [*values, *samples(one)]:
        if jsonschema_rs.is_valid(flowing, value):
            assert jsonschema_rs.is_valid(wanted, value)


@settings(max_examples=150, deadline=None)
@given(SCHEMAS, MANY)
def test_membership_is_that_of_the_schema(schema: Json, values: list[Json]) -> None:
    type_ = Schemas().read(schema)
    for value in values:
        answer = contains(type_, value)
        assert answer is None or answer is jsonschema_rs.is_valid(schema, value)


@settings(max_examples=150, deadline=None)
@given(SCHEMAS)
def test_samples_are_values_of_the_schema(schema: Json) -> None:
    for value in samples(Schemas().read(schema)):
        assert jsonschema_rs.is_valid(schema, value)


@settings(max_examples=150, deadline=None)
@given(SCHEMAS, MANY)
def test_a_schema_that_was_written_takes_what_the_first_one_took(schema: Json, values: list[Json]) -> None:
    written = to_schema(Schemas().read(schema))
    for value in values:
        if jsonschema_rs.is_valid(schema, value):
            assert jsonschema_rs.is_valid(written, value)


@settings(max_examples=150, deadline=None)
@given(SCHEMAS, SCHEMAS, MANY)
def test_meet_join_and_widening_lose_no_value(first: Json, second: Json, values: list[Json]) -> None:
    one, other = Schemas().read(first), Schemas().read(second)
    both, either, wider = meet(one, other), join(one, other), widen(one, other)
    for value in values:
        in_first, in_second = jsonschema_rs.is_valid(first, value), jsonschema_rs.is_valid(second, value)
        if in_first and in_second:
            assert contains(both, value) is not False
        if in_first or in_second:
            assert contains(either, value) is not False
            assert contains(wider, value) is not False


@settings(max_examples=60, deadline=None)
@given(st.lists(SCHEMAS, min_size=2, max_size=12))
def test_a_chain_of_types_that_is_widened_ends(schemas: list[Json]) -> None:
    found = Schemas().read(schemas[0])
    for schema in schemas * 3:
        found = widen(found, Schemas().read(schema))
    again = found
    for schema in schemas * 2:
        again = widen(again, Schemas().read(schema))
    assert again == found or again.is_unknown == found.is_unknown


@settings(max_examples=150, deadline=None)
@given(SCHEMAS)
def test_a_type_fits_itself(schema: Json) -> None:
    type_ = Schemas().read(schema)
    assert compare(type_, Schemas().read(schema)).answer != "no"
