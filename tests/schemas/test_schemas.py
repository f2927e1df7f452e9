from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from pipeline import contracts

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
FUNCTIONS = sorted((SCHEMAS / "functions").glob("*.json"))
CONTRACTS = sorted((SCHEMAS / "datasets").glob("*/*.json"))


@pytest.mark.parametrize("path", FUNCTIONS, ids=lambda path: path.stem)
def test_a_signature_has_input_output_and_errors(path: Path) -> None:
    signature = json.loads(path.read_text())
    assert signature["title"] == "".join(word.capitalize() for word in path.stem.split("_"))
    assert signature["errors"] == sorted(set(signature["errors"]))
    for side in ("input", "output"):
        jsonschema.Draft202012Validator.check_schema(signature[side])


@pytest.mark.parametrize(
    "path",
    [
        SCHEMAS / "common.json",
        SCHEMAS / "contract.json",
        SCHEMAS / "reports" / "daily_report.json",
        *CONTRACTS,
    ],
    ids=lambda path: path.stem,
)
def test_a_schema_is_one(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.parent.name)
def test_a_contract_fits_the_meta_schema_by_both_validators(path: Path) -> None:
    meta = json.loads((SCHEMAS / "contract.json").read_text())
    contract = json.loads(path.read_text())
    assert jsonschema.Draft202012Validator(meta).is_valid(contract)
    assert jsonschema_rs.Draft202012Validator(meta).is_valid(contract)


def test_every_contract_compiles() -> None:
    assert set(contracts.catalogue(SCHEMAS).contracts) == {"orders/1", "sales/1", "user_activity/1"}


ORDER: dict[str, Any] = {
    "order_id": "a",
    "customer_id": "c",
    "order_date": "2025-01-01",
    "quantity": 1,
    "amount": 1.5,
    "currency": "USD",
}
RECORDS: list[dict[str, Any]] = [
    {},
    {"quantity": 1.0},
    {"quantity": 1.5},
    {"quantity": True},
    {"order_date": "2025-02-30"},
    {"order_date": "2025-1-1"},
    {"amount": "1"},
    {"amount": -0.01},
    {"amount": None},
    {"order_id": ""},
    {"currency": "usd"},
    {"note": "unknown"},
]


@pytest.mark.parametrize("changes", RECORDS)
def test_both_validators_agree_on_orders(changes: dict[str, Any]) -> None:
    contract = json.loads((SCHEMAS / "datasets/orders/1.json").read_text())
    record = {**ORDER, **changes}
    reference = jsonschema.Draft202012Validator(
        contract, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    ours = contracts.catalogue(SCHEMAS).contract("orders/1")
    assert (ours.first_fault(record) is None) is reference.is_valid(record)
