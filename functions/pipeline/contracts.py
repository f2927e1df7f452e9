"""Contracts: one JSON Schema a dataset and version, with the annotation `x-dataset`, compiled once.

`schemas/datasets/<dataset>/<version>.json`; the highest version routes new objects, older ones stay for what
was planned with them. A broken contract is refused when it is loaded.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pipeline import contract_checks, documents, routing
from pipeline.errors import ContractError
from pipeline.rejects import Reject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import jsonschema_rs

    from pipeline.shapes import Tolerance
    from pipeline.values import Record

META_SCHEMA = "contract.json"
VERSION = re.compile(r"[1-9][0-9]{0,5}")
# Nobody reads more, unless the contract says so.
ALERTS_PER_MINUTE = 20
DATASET = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True)
class KeyAttribute:
    """An attribute of a table's key: S is a string, N a number."""

    name: str
    type: Literal["S", "N"]


@dataclass(frozen=True)
class AlertRule:
    """What matches `when` raises the alert; a digest counts those above `per_minute`."""

    name: str
    severity: str
    when: jsonschema_rs.Draft202012Validator
    subject: str
    message: str
    of: Literal["records", "refusals"] = "records"
    per_minute: int = ALERTS_PER_MINUTE


@dataclass(frozen=True)
class TimeToLive:
    """`attribute` becomes the second since the epoch at which an item may go."""

    attribute: str
    source: str
    days: int


@dataclass(frozen=True)
class Contract:
    """One version of a dataset's contract; `name` is `<dataset>/<version>`."""

    name: str
    dataset: str
    version: int
    schema: Mapping[str, Any]
    validator: jsonschema_rs.Draft202012Validator
    sources: tuple[routing.Source, ...]
    queues: tuple[str, ...]
    partition_key: KeyAttribute
    sort_key: KeyAttribute | None
    order: KeyAttribute | None
    rename: Mapping[str, str]
    pseudonymise: tuple[str, ...]
    derive: tuple[Mapping[str, Any], ...]
    tables: Mapping[str, Mapping[str, Any]]
    ttl: TimeToLive | None
    tolerance: Tolerance | None
    alerts: tuple[AlertRule, ...]
    reserved: frozenset[str]

    @property
    def keys(self) -> tuple[KeyAttribute, ...]:
        """The key's attributes, the partition key first."""
        return (self.partition_key,) if self.sort_key is None else (self.partition_key, self.sort_key)

    def first_fault(self, record: Record) -> Reject | None:
        """Return the first rule of the schema that a record breaks, or None."""
        if self.validator.is_valid(record):
            return None
        for error in self.validator.iter_errors(record):
            path = [str(part) if isinstance(part, str) else part for part in error.schema_path]
            place = documents.pointer(error.instance_path)
            return Reject(str(path[-1]) if path else "false", place, self._message(path))
        return None  # pragma: no cover - what is not valid has an error

    def _message(self, path: list[str | int]) -> str:
        wanted = documents.at(self.schema, path)
        said = documents.shown(wanted) if wanted is not None else documents.pointer(path)
        return f"the contract {self.name} wants {path[-1] if path else 'nothing'}: {said}"


@dataclass(frozen=True)
class Catalogue:
    """All contracts of a deployment."""

    contracts: Mapping[str, Contract]

    def contract(self, name: str) -> Contract:
        """Return the contract `<dataset>/<version>`; raises ContractError."""
        found = self.contracts.get(name)
        if found is None:
            raise ContractError(f"datasets/{name}.json", "", "there is no such contract")
        return found

    def route(self, key: str, dataset: str | None = None) -> routing.Route | None:
        """Return where an object's key leads, None where no contract names it (or its format is unknown).

        Of a `dataset` that is named the key decides no more than how the object is read.
        """
        newest = [each for each in newest_of(self.contracts.values()) if dataset in (None, each.dataset)]
        sources = ((contract.name, source) for contract in newest for source in contract.sources)
        found = routing.best(sources, key)
        if found is None and dataset is not None and newest:
            found = newest[0].name, routing.ANY
        if found is None:
            return None
        name, source = found
        format_ = routing.format_of(key, source)
        if format_ is None:
            return None
        compression = routing.compression_of(key)
        splittable = routing.is_splittable(format_, compression, source)
        return routing.Route(self.contracts[name].dataset, name, format_, compression, splittable)

    def has(self, dataset: str) -> bool:
        """Return whether there is a dataset of this name."""
        return any(contract.dataset == dataset for contract in self.contracts.values())

    def one_line_records(self, name: str, key: str) -> bool:
        """Return whether the contract promises that no cell of this object holds a line break."""
        found = routing.best(((name, source) for source in self.contract(name).sources), key)
        return found is not None and found[1].one_line_records


def newest_of(contracts: Any) -> list[Contract]:
    """Return each dataset's highest version."""
    newest: dict[str, Contract] = {}
    for contract in contracts:
        if contract.dataset not in newest or newest[contract.dataset].version < contract.version:
            newest[contract.dataset] = contract
    return list(newest.values())


class Ordered(NamedTuple):
    """A contract's partition key, and its ordering attribute where it names one."""

    key: KeyAttribute
    order: KeyAttribute | None


@functools.cache
def order_of(folder: Path, name: str) -> Ordered:
    """Return what a writer needs of a contract, which is not compiled for that."""
    said = documents.load(folder, f"datasets/{name}.json")["x-dataset"]
    order = KeyAttribute(**said["order"]) if "order" in said else None
    return Ordered(KeyAttribute(**said["key"]["partition"]), order)


@functools.cache
def catalogue(folder: Path) -> Catalogue:
    """Load and compile every contract of a folder of schemas; raises ContractError."""
    contracts: dict[str, Contract] = {}
    for path in sorted((folder / "datasets").glob("*/*")):
        name = path.relative_to(folder).as_posix()
        if (
            path.suffix != ".json"
            or not VERSION.fullmatch(path.stem)
            or not DATASET.fullmatch(path.parent.name)
        ):
            raise ContractError(name, "", "a contract is called datasets/<dataset>/<version>.json")
        contract = load_contract(folder, path.parent.name, int(path.stem))
        contracts[contract.name] = contract
    newest = [(f"datasets/{contract.name}.json", contract) for contract in newest_of(contracts.values())]
    contract_checks.check_owners(
        "sources", ((file, [source.keys for source in contract.sources]) for file, contract in newest)
    )
    contract_checks.check_owners("queues", ((file, contract.queues) for file, contract in newest))
    return Catalogue(contracts)


@functools.cache
def quotas_of(folder: Path, name: str) -> Mapping[str, int]:
    """Return how many alerts of each rule of a contract are told one by one in a minute."""
    rules = documents.load(folder, f"datasets/{name}.json")["x-dataset"].get("alerts", ())
    return {rule["name"]: rule.get("per_minute", ALERTS_PER_MINUTE) for rule in rules}


def load_contract(folder: Path, dataset: str, version: int) -> Contract:
    """Load and compile one contract; raises ContractError with file, JSON pointer and reason."""
    file = f"datasets/{dataset}/{version}.json"
    schema = documents.load(folder, file)
    contract_checks.check_meta(folder, META_SCHEMA, file, schema)
    validator = documents.compiled(schema, folder, file)
    said = schema["x-dataset"]
    tables = {
        step["table"]: documents.load(folder, step["table"])
        for step in said.get("derive", ())
        if step["op"] == "lookup"
    }
    contract_checks.check_names(file, schema, tables)
    return Contract(
        name=f"{dataset}/{version}",
        dataset=dataset,
        version=version,
        schema=schema,
        validator=validator,
        sources=tuple(_source(source) for source in said["sources"]),
        queues=tuple(said.get("queues", ())),
        partition_key=KeyAttribute(**said["key"]["partition"]),
        sort_key=KeyAttribute(**said["key"]["sort"]) if "sort" in said["key"] else None,
        order=KeyAttribute(**said["order"]) if "order" in said else None,
        rename=said.get("rename", {}),
        pseudonymise=tuple(said.get("pseudonymise", ())),
        derive=tuple(said.get("derive", ())),
        tables=tables,
        ttl=_time_to_live(said.get("ttl")),
        tolerance=said.get("tolerance"),
        alerts=tuple(
            _alert(folder, file, index, alert) for index, alert in enumerate(said.get("alerts", ()))
        ),
        reserved=contract_checks.reserved_names(schema),
    )


def _source(said: Mapping[str, Any]) -> routing.Source:
    keys = said["keys"]
    one_line = said.get("newline_in_quotes") is False
    return routing.Source(keys, routing.glob(keys), said.get("format"), one_line)


def _time_to_live(said: Mapping[str, Any] | None) -> TimeToLive | None:
    return TimeToLive(said["attribute"], said["from"], said["days"]) if said else None


def _alert(folder: Path, file: str, index: int, said: Mapping[str, Any]) -> AlertRule:
    try:
        when = documents.compiled(said["when"], folder, file)
    except ContractError as error:
        raise ContractError(file, f"/x-dataset/alerts/{index}/when{error.pointer}", error.reason) from error
    subject = said.get("subject", said["name"])
    return AlertRule(
        said["name"],
        said["severity"],
        when,
        subject,
        said["message"],
        said.get("of", "records"),
        said.get("per_minute", ALERTS_PER_MINUTE),
    )
