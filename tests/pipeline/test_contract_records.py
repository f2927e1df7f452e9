"""Records generated from the contracts, cut into any shards: each is there once, and judged as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import contracts
from pipeline.enriching import Enrichment, Item
from tests.pipeline.contract_records import CONTRACTS, SCHEMAS, contract, key_of, values
from tests.pipeline.shards import file_of, read_shards

# Bytes between the records, none of which is a record of any contract.
RUBBISH = st.sampled_from([b"[]", b"{", b"7", b'"x"', b'{"a":1,"a":2}', b"null"])


def broken(record: dict[str, Any], wanted: list[str]) -> bytes:
    """Take away what a contract wants first."""
    return json.dumps({name: value for name, value in record.items() if name != wanted[0]}).encode()


@pytest.mark.parametrize("name", CONTRACTS)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_shard_plan_yields_each_record_once_and_judges_it(name: str, data: st.DataObject) -> None:
    schema = contract(name)
    good = data.draw(st.lists(values(schema), min_size=1, max_size=6))
    lines = [(json.dumps(record).encode(), True) for record in good]
    lines += [(broken(record, schema["required"]), False) for record in good[:2]]
    lines += [(line, False) for line in data.draw(st.lists(RUBBISH, max_size=4))]
    lines = data.draw(st.permutations(lines))
    body = b"".join(line + b"\n" for line, _ in lines)
    cuts = data.draw(st.lists(st.integers(1, len(body) - 1), max_size=4, unique=True).map(sorted))

    shards = read_shards(key_of(name, "jsonl"), body, cuts, piece=data.draw(st.integers(1, 50)))

    found = [each for shard in shards for each in shard.found]
    assert [each.raw for each in found] == [line for line, _ in lines]
    assert [each.reject is None for each in found] == [is_good for _, is_good in lines]
    assert sum(shard.bytes for shard in shards) == len(body)


@pytest.mark.parametrize("name", CONTRACTS)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_record_that_its_contract_accepts_becomes_an_item(name: str, data: st.DataObject) -> None:
    record = data.draw(values(contract(name)))
    body = json.dumps(record).encode()
    key = key_of(name, "jsonl")
    (found,) = read_shards(key, body)[0].found
    assert found.reject is None

    enrichment = Enrichment(
        contracts.catalogue(SCHEMAS).contract(name),
        file_of(key, body),
        lambda: b"key of the pseudonyms",
        lambda record, _: record,
    )
    assert isinstance(enrichment.item(found.value, found.offset), Item)
