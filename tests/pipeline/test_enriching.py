from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import contracts, derivations, items
from pipeline.alerts import worded
from pipeline.enriching import Enrichment, Item
from pipeline.rejects import Reject
from tests.pipeline.shards import file_of
from tests.pipeline.test_contracts import ORDERS, changed, folder, write

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["folder"]
RECORD = {
    "order_id": "a",
    "customer_id": "c",
    "order_date": "2025-08-18",
    "quantity": 1,
    "amount": Decimal("2.675"),
    "currency": "USD",
}


def enriched(folder: Path, record: dict[str, Any], contract: Any) -> Any:
    write(folder, contract)
    contracts.catalogue.cache_clear()
    catalogue = contracts.catalogue(folder)
    enrichment = Enrichment(
        catalogue.contract("orders/1"),
        file_of("orders/x.csv", b"", catalogue),
        lambda: b"key",
        lambda record, _: record,
    )
    return enrichment.item(dict(record), 7)


def rejected(folder: Path, record: dict[str, Any], contract: Any) -> tuple[str, str]:
    answer = enriched(folder, record, contract)
    assert isinstance(answer, Reject)
    return answer.rule, answer.pointer


STEPS: list[tuple[dict[str, Any], Any]] = [
    ({"op": "date", "from": "order_date"}, "2025-08-18"),
    ({"op": "round", "from": "amount", "digits": 2}, Decimal("2.68")),
    ({"op": "round", "from": "amount", "digits": 0}, Decimal(3)),
    ({"op": "round", "from": "quantity", "digits": 2}, 1),
    ({"op": "constant", "value": True}, True),
    ({"op": "lookup", "from": "currency", "table": "reference/currencies.json"}, "United States dollar"),
    ({"op": "join", "from": ["order_id", "quantity", "amount"], "separator": "#"}, "a#1#2.675"),
    ({"op": "date", "from": "absent"}, None),
    ({"op": "round", "from": "absent", "digits": 1}, None),
    ({"op": "lookup", "from": "absent", "table": "reference/currencies.json"}, None),
    ({"op": "join", "from": ["order_id", "absent"], "separator": "#"}, None),
]


@pytest.mark.parametrize(("step", "value"), STEPS)
def test_a_derivation_adds_its_attribute(folder: Path, step: dict[str, Any], value: Any) -> None:
    contract = changed(derive=[{"to": "derived", **step}])
    contract["properties"] = {**ORDERS["properties"], "absent": {}}
    item = enriched(folder, RECORD, contract)
    assert isinstance(item, Item)
    assert item.record.get("derived") == value


def test_rounding_in_place_and_half_to_even(folder: Path) -> None:
    contract = changed(derive=[{"to": "amount", "op": "round", "from": "amount", "digits": 1}])
    assert enriched(folder, {**RECORD, "amount": Decimal("0.25")}, contract).record["amount"] == Decimal(
        "0.2"
    )


@pytest.mark.parametrize(
    ("step", "changes", "rule"),
    [
        ({"op": "date", "from": "order_id"}, {}, "date"),
        ({"op": "date", "from": "quantity"}, {}, "date"),
        ({"op": "date", "from": "order_date"}, {"order_date": "2025-13-01"}, "date"),
        ({"op": "round", "from": "order_id", "digits": 1}, {}, "round"),
        ({"op": "round", "from": "amount", "digits": 1}, {"amount": True}, "round"),
        (
            {"op": "lookup", "from": "currency", "table": "reference/currencies.json"},
            {"currency": "XXX"},
            "lookup",
        ),
        ({"op": "lookup", "from": "quantity", "table": "reference/currencies.json"}, {}, "lookup"),
        ({"op": "join", "from": ["order_id", "amount"], "separator": "#"}, {"amount": [1]}, "join"),
    ],
)
def test_a_derivation_that_cannot_be_made_rejects_the_record(
    folder: Path, step: dict[str, Any], changes: dict[str, Any], rule: str
) -> None:
    found = rejected(folder, {**RECORD, **changes}, changed(derive=[{"to": "derived", **step}]))
    assert found[0] == rule


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-08-18", "2025-08-18"),
        ("2025-08-18T23:30:00-02:00", "2025-08-19"),
        ("2025-08-18t19:00:00z", "2025-08-18"),
        ("2025-08-18 19:00:00.123456+00:00", "2025-08-18"),
        ("20250818", None),
        ("0001-01-01T00:00:00+23:00", None),
        (12, None),
    ],
)
def test_the_day_of_a_text(text: object, day: str | None) -> None:
    found = derivations.day(text)
    assert (found and found.isoformat()) == day


def test_the_time_to_live_is_a_second_since_the_epoch(folder: Path) -> None:
    contract = changed(ttl={"attribute": "expires_at", "from": "order_date", "days": 1})
    assert (
        enriched(folder, {**RECORD, "order_date": "1970-01-02"}, contract).record["expires_at"] == 2 * 86_400
    )
    assert rejected(folder, {**RECORD, "order_date": "x"}, contract) == ("ttl", "/order_date")
    assert "expires_at" not in enriched(folder, {**RECORD, "order_date": None}, contract).record


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("order_id", ""),
        ("order_id", None),
        ("order_id", 7),
        ("order_id", "x" * 2049),
        ("order_id", True),
        ("quantity", "1"),
        ("quantity", True),
    ],
)
def test_a_key_that_dynamodb_would_refuse_rejects_the_record(folder: Path, key: str, value: Any) -> None:
    type_ = "S" if key == "order_id" else "N"
    contract = changed(key={"partition": {"name": key, "type": type_}})
    assert rejected(folder, {**RECORD, key: value}, contract) == ("key", f"/{key}")


def test_equal_numbers_are_equal_keys(folder: Path) -> None:
    contract = changed(
        key={"partition": {"name": "amount", "type": "N"}, "sort": {"name": "order_id", "type": "S"}}
    )
    keys = {
        enriched(folder, {**RECORD, "amount": amount}, contract).key
        for amount in (1, Decimal("1.0"), Decimal("1E+0"))
    }
    assert keys == {'["1","a"]'}


def test_pseudonyms_are_made_before_anything_is_derived(folder: Path) -> None:
    contract = changed(
        pseudonymise=["customer_id", "quantity"],
        derive=[{"to": "both", "op": "join", "from": ["customer_id", "order_id"], "separator": "#"}],
    )
    item = enriched(folder, RECORD, contract)
    assert item.record["both"] == item.record["customer_id"] + "#a"
    assert len(item.record["quantity"]) == 64
    assert enriched(folder, {**RECORD, "customer_id": None}, contract).record["customer_id"] is None


def test_every_type_has_its_form_in_an_item(folder: Path) -> None:
    item = enriched(
        folder,
        {**RECORD, "extra": [None, True, 1, Decimal("1.50"), {"a": "b"}, Decimal("1." + "0" * 60)]},
        ORDERS,
    )
    extra = items.typed(json.loads(item.encoded, parse_float=Decimal)["extra"])
    assert extra == {
        "L": [{"NULL": True}, {"BOOL": True}, {"N": "1"}, {"N": "1.50"}, {"M": {"a": {"S": "b"}}}, {"N": "1"}]
    }
    assert items.size([None, True, 12, "é", {"a": 1}]) == 3 + 5 + 1 + 1 + 3 + 2 + (3 + 1 + 1 + 3)


def test_an_item_just_below_the_limit_fits_by_dynamodbs_rules() -> None:
    record = {"a": ["\\" * 1000] * 300}
    assert items.fits(record, 700_000)
    assert not items.fits({"a": "x" * 410_000}, 410_010)


def test_messages_show_values_of_any_type() -> None:
    record = {"a": Decimal("1.5"), "b": "x" * 300, "c": True, "d": None}
    assert worded("{a} {c} {d} {e} {a.b}", record) == "1.5 true - - -"
    assert len(worded("{b}", record)) == 256
