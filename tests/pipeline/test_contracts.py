from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import contracts, documents
from pipeline.errors import ContractError
from tests.pipeline.shards import SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = json.loads((SCHEMAS / "datasets/orders/1.json").read_text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("contract.json", "common.json"):
        shutil.copy(SCHEMAS / name, tmp_path)
    shutil.copytree(SCHEMAS / "reference", tmp_path / "reference")
    return tmp_path


def write(folder: Path, contract: Any, name: str = "datasets/orders/1.json") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(contract if isinstance(contract, str) else json.dumps(contract))


def changed(**said: Any) -> dict[str, Any]:
    """The contract of orders with other members of x-dataset."""
    return {**ORDERS, "x-dataset": {**ORDERS["x-dataset"], **said}}


BROKEN: list[tuple[str, Any, str, str]] = [
    ("no JSON", "{", "", "is not JSON"),
    ("no annotation", {**ORDERS, "x-dataset": None}, "/x-dataset", "object"),
    ("no object", "[]", "", "'type'"),
    ("a member that nobody knows", changed(tolerable={"share": 1.0}), "/x-dataset", "additionalProperties"),
    (
        "a tolerance of more than all",
        changed(tolerance={"share": 1.5}),
        "/x-dataset/tolerance/share",
        "maximum",
    ),
    ("a tolerance of nothing", changed(tolerance={}), "/x-dataset/tolerance", "minProperties"),
    (
        "a tolerance of half a record",
        changed(tolerance={"count": 0.5}),
        "/x-dataset/tolerance/count",
        "integer",
    ),
    ("no schema", {**ORDERS, "properties": {"a": {"type": "strong"}}}, "/properties/a/type", "JSON Schema"),
    (
        "a pattern that does not compile",
        {**ORDERS, "properties": {**ORDERS["properties"], "x": {"pattern": "("}}},
        "/properties/x/pattern",
        "JSON Schema",
    ),
    (
        "a foreign reference",
        {**ORDERS, "properties": {**ORDERS["properties"], "x": {"$ref": "https://example.com/"}}},
        "",
        "outside the",
    ),
    (
        "a reference that leads nowhere",
        {**ORDERS, "properties": {**ORDERS["properties"], "x": {"$ref": "#/$defs/none"}}},
        "",
        "JSON Schema",
    ),
    ("a rename of nothing", changed(rename={"none": "x"}), "/x-dataset/rename/none", "no record has 'none'"),
    (
        "two attributes of one name",
        changed(rename={"amount": "quantity"}),
        "/x-dataset/rename/amount",
        "second attribute",
    ),
    ("a pseudonym of nothing", changed(pseudonymise=["none"]), "/x-dataset/pseudonymise/0", "no record"),
    (
        "a key of nothing",
        changed(key={"partition": {"name": "none", "type": "S"}}),
        "/x-dataset/key/partition/name",
        "no record",
    ),
    (
        "one attribute as both keys",
        changed(
            key={"partition": {"name": "order_id", "type": "S"}, "sort": {"name": "order_id", "type": "S"}}
        ),
        "/x-dataset/key/sort/name",
        "already",
    ),
    (
        "an order of nothing",
        changed(order={"name": "none", "type": "S"}),
        "/x-dataset/order/name",
        "no record",
    ),
    (
        "an order by the key",
        changed(order={"name": "order_id", "type": "S"}),
        "/x-dataset/order/name",
        "part of the key",
    ),
    (
        "a derivation from nothing",
        changed(derive=[{"to": "x", "op": "date", "from": "none"}]),
        "/x-dataset/derive/0/from",
        "no record",
    ),
    (
        "a join with nothing",
        changed(derive=[{"to": "x", "op": "join", "from": ["order_id", "none"], "separator": "#"}]),
        "/x-dataset/derive/0/from",
        "no record",
    ),
    (
        "a derivation over a property",
        changed(derive=[{"to": "amount", "op": "content_hash"}]),
        "/x-dataset/derive/0/to",
        "already",
    ),
    ("a derivation nobody knows", changed(derive=[{"to": "x", "op": "magic"}]), "/x-dataset/derive/0", ""),
    (
        "a table that is not there",
        changed(derive=[{"to": "x", "op": "lookup", "from": "currency", "table": "reference/none.json"}]),
        "",
        "no such file",
    ),
    (
        "a time to live from nothing",
        changed(ttl={"attribute": "x", "from": "none", "days": 1}),
        "/x-dataset/ttl/from",
        "no record",
    ),
    (
        "a time to live over a property",
        changed(ttl={"attribute": "amount", "from": "order_date", "days": 1}),
        "/x-dataset/ttl/attribute",
        "already",
    ),
    (
        "an alert twice",
        changed(alerts=ORDERS["x-dataset"]["alerts"][:1] * 2),
        "/x-dataset/alerts/1/name",
        "second alert",
    ),
    (
        "an alert that shows nothing",
        changed(alerts=[{**ORDERS["x-dataset"]["alerts"][0], "message": "{none}"}]),
        "/x-dataset/alerts/0/message",
        "no record",
    ),
    (
        "an alert of no schema",
        changed(alerts=[{**ORDERS["x-dataset"]["alerts"][0], "when": {"type": 7}}]),
        "/x-dataset/alerts/0/when/type",
        "JSON Schema",
    ),
    (
        "one pattern twice",
        changed(sources=[{"keys": "orders/**"}, {"keys": "orders/**"}]),
        "/x-dataset/sources/1/keys",
        "this pattern too",
    ),
    (
        "a lineage name as a property",
        {**ORDERS, "properties": {**ORDERS["properties"], "_line": {}}},
        "/properties/_line",
        "own",
    ),
]


@pytest.mark.parametrize(
    ("contract", "pointer", "reason"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_broken_contract_is_refused_with_file_pointer_and_reason(
    folder: Path, contract: Any, pointer: str, reason: str
) -> None:
    write(folder, contract)
    with pytest.raises(ContractError) as raised:
        contracts.catalogue(folder)
    assert raised.value.pointer == pointer
    assert reason in raised.value.reason
    assert raised.value.file in ("datasets/orders/1.json", "reference/none.json")


def test_a_lookup_table_is_a_flat_object(folder: Path) -> None:
    (folder / "reference/currencies.json").write_text('{"USD": {"name": "dollar"}}')
    write(folder, ORDERS)
    with pytest.raises(ContractError, match="flat JSON object"):
        contracts.catalogue(folder)


@pytest.mark.parametrize(
    "name",
    [
        "datasets/orders/one.json",
        "datasets/orders/01.json",
        "datasets/Or-ders/1.json",
        "datasets/orders/1.yaml",
    ],
)
def test_a_contract_of_another_name_is_refused(folder: Path, name: str) -> None:
    write(folder, ORDERS, name)
    with pytest.raises(ContractError, match="is called"):
        contracts.catalogue(folder)


def test_two_datasets_cannot_share_a_pattern(folder: Path) -> None:
    write(folder, ORDERS)
    write(folder, ORDERS, "datasets/refunds/1.json")
    with pytest.raises(ContractError, match=r"orders/1\.json has this pattern too"):
        contracts.catalogue(folder)


def test_two_datasets_cannot_share_a_queue(folder: Path) -> None:
    write(folder, ORDERS)
    write(folder, changed(sources=[{"keys": "refunds/**"}]), "datasets/refunds/1.json")
    with pytest.raises(ContractError, match=r"refunds/1\.json#/x-dataset/queues/0: .*has this queue too"):
        contracts.catalogue(folder)


def test_an_alert_of_refusals_shows_nothing_of_what_was_refused(folder: Path) -> None:
    rule = {**ORDERS["x-dataset"]["alerts"][1], "message": "{amount}"}
    write(folder, changed(alerts=[rule]))
    with pytest.raises(ContractError, match="no record has 'amount'"):
        contracts.catalogue(folder)


def test_the_highest_version_routes_and_older_ones_stay(folder: Path) -> None:
    for version in (1, 2, 10):
        write(folder, ORDERS, f"datasets/orders/{version}.json")
    catalogue = contracts.catalogue(folder)
    route = catalogue.route("orders/x.csv")
    assert route is not None
    assert route.contract == "orders/10"
    assert catalogue.contract("orders/2").version == 2
    with pytest.raises(ContractError, match="no such contract"):
        catalogue.contract("orders/3")


def test_references_between_documents_of_the_folder_are_followed(folder: Path) -> None:
    properties = {**ORDERS["properties"], "where": {"$ref": "../../common.json#/$defs/location"}}
    write(folder, {**ORDERS, "properties": properties})
    contract = contracts.catalogue(folder).contract("orders/1")
    record = {
        "order_id": "a",
        "customer_id": "c",
        "order_date": "2025-01-01",
        "quantity": 1,
        "amount": 1,
        "currency": "USD",
    }
    assert contract.first_fault(record) is None
    fault = contract.first_fault({**record, "where": {"bucket": "abc"}})
    assert fault is not None
    assert (fault.rule, fault.pointer) == ("required", "/where")


@pytest.mark.parametrize(
    ("key", "contract", "format_", "compression", "splittable"),
    [
        ("orders/x.jsonl", "orders/1", "jsonl", "none", True),
        ("orders/2025/x.NDJSON.GZ", "orders/1", "jsonl", "gzip", False),
        ("orders/x.json", "orders/1", "json", "none", False),
        ("orders/x.tsv", "orders/1", "tsv", "none", False),
        ("raw/x.csv", "sales/1", "csv", "none", False),
        ("raw/a/b.csv", "sales/1", "csv", "none", False),
        ("year=2025/month=08/day=18/x.json", "user_activity/1", "json", "none", False),
    ],
)
def test_a_key_leads_to_its_contract(
    key: str, contract: str, format_: str, compression: str, splittable: bool
) -> None:
    route = contracts.catalogue(SCHEMAS).route(key)
    assert route is not None
    assert (route.contract, route.format, route.compression, route.splittable) == (
        contract,
        format_,
        compression,
        splittable,
    )


@pytest.mark.parametrize(
    "key",
    [
        "x.jsonl",
        "order/x.jsonl",
        "orders",
        "orders/x",
        "orders/x.txt",
        "raw/x.json",
        "year=1/month=1/x.json",
        "year=1/month=1/day=1/a/x.json",
        "xorders/a.csv",
        "orders/.gz",
    ],
)
def test_a_key_of_no_contract_leads_nowhere(key: str) -> None:
    assert contracts.catalogue(SCHEMAS).route(key) is None


def test_the_longest_pattern_wins_and_may_name_the_format(folder: Path) -> None:
    write(folder, ORDERS)
    write(
        folder,
        changed(
            sources=[{"keys": "orders/eu/*.dat", "format": "csv", "newline_in_quotes": False}], queues=[]
        ),
        "datasets/eu/1.json",
    )
    catalogue = contracts.catalogue(folder)
    route = catalogue.route("orders/eu/x.dat")
    assert route is not None
    assert (route.dataset, route.format, route.splittable) == ("eu", "csv", True)
    assert catalogue.one_line_records("eu/1", "orders/eu/x.dat")
    assert not catalogue.one_line_records("eu/1", "elsewhere")
    other = catalogue.route("orders/us/x.csv")
    assert other is not None
    assert other.dataset == "orders"


def test_a_document_outside_the_folder_is_not_read(folder: Path) -> None:
    for name in ("../secret.json", "/etc/passwd"):
        with pytest.raises(ContractError, match="outside the folder"):
            documents.load(folder, name)
