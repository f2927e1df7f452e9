"""What a contract must be beyond JSON: its meta-schema, and names that lead somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from pipeline import documents
from pipeline.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

# What the pipeline itself writes into each item.
LINEAGE = (
    "_s3_key",
    "_line",
    "_offset",
    "_file_id",
    "_contract",
    "_alerts",
    "_sent",
    "_digest",
    "_body",
)
# What an alert may say of a message that was refused; never what is in it.
REFUSAL = frozenset({"message", "rule", "pointer", "reason"})
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_meta(folder: Path, meta_schema: str, file: str, schema: Any) -> None:
    """Hold a contract against the meta-schema; raises ContractError at the deepest fault."""
    meta = documents.load(folder, meta_schema)
    validator = documents.compiled(meta, folder, meta_schema)
    faults = list(validator.iter_errors(schema))
    if not faults:
        return
    fault = max(faults, key=lambda error: len(error.instance_path))
    keyword = str(fault.schema_path[-1])
    wanted = documents.at(meta, list(fault.schema_path))
    reason = f"breaks {keyword!r} of the meta-schema"
    if wanted is not None and keyword != "oneOf":
        reason += f": {documents.shown(wanted)}"
    raise ContractError(file, documents.pointer(fault.instance_path), reason)


def item_names(schema: Mapping[str, Any]) -> list[str]:
    """Return the attributes that an item may have by contract, in the order in which they come to be."""
    said = schema["x-dataset"]
    rename = said.get("rename", {})
    return [
        *(rename.get(name, name) for name in schema["properties"]),
        *(step["to"] for step in said.get("derive", ())),
        *((said["ttl"]["attribute"],) if "ttl" in said else ()),
        *LINEAGE,
    ]


def reserved_names(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the names that the contract gives away itself: a record that brings one is put aside."""
    return frozenset(item_names(schema)) - (frozenset(schema["properties"]) - set(LINEAGE))


def check_names(file: str, schema: Mapping[str, Any], tables: Mapping[str, Any]) -> None:
    """Refuse names that lead nowhere or clash; raises ContractError."""
    said = schema["x-dataset"]
    properties = schema["properties"]
    for name in properties:
        if name in LINEAGE:
            raise ContractError(
                file, documents.pointer(["properties", name]), "is a name of the pipeline's own"
            )
    for name in said.get("rename", {}):
        if name not in properties:
            raise _dangling(file, ["rename", name], name)
    for index, name in enumerate(said.get("pseudonymise", ())):
        if name not in properties:
            raise _dangling(file, ["pseudonymise", index], name)
    known = _check_renames(file, schema)
    _check_derivations(file, said.get("derive", ()), known, tables)
    _check_key(file, schema, known)
    _check_ttl(file, said, known)
    _check_alerts(file, said.get("alerts", ()), known)


def _dangling(file: str, path: Sequence[str | int], name: str) -> ContractError:
    return ContractError(file, documents.pointer(["x-dataset", *path]), f"no record has {name!r}")


def _check_renames(file: str, schema: Mapping[str, Any]) -> set[str]:
    rename = schema["x-dataset"].get("rename", {})
    known: set[str] = set()
    for name in schema["properties"]:
        after = rename.get(name, name)
        if after in known or after in LINEAGE:
            place = documents.pointer(["x-dataset", "rename", name])
            raise ContractError(file, place, f"a second attribute would be called {after!r}")
        known.add(after)
    return known


def _check_derivations(
    file: str, steps: Sequence[Mapping[str, Any]], known: set[str], tables: Mapping[str, Any]
) -> None:
    for index, step in enumerate(steps):
        path: list[str | int] = ["derive", index]
        sources = step.get("from", ())
        for name in [sources] if isinstance(sources, str) else sources:
            if name not in known:
                raise _dangling(file, [*path, "from"], name)
        if step["op"] == "lookup":
            _check_table(file, step["table"], tables[step["table"]])
        in_place = step["op"] == "round" and step["to"] == sources
        if (step["to"] in known and not in_place) or step["to"] in LINEAGE:
            place = documents.pointer(["x-dataset", *path, "to"])
            raise ContractError(file, place, f"there is an attribute {step['to']!r} already")
        known.add(step["to"])


def _check_table(file: str, name: str, table: Any) -> None:
    scalars = (str, int, bool)
    if not isinstance(table, dict) or not all(isinstance(value, scalars) for value in table.values()):
        raise ContractError(name, "", f"is not a flat JSON object of strings, as {file} looks it up")


def _check_key(file: str, schema: Mapping[str, Any], known: set[str]) -> None:
    key = schema["x-dataset"]["key"]
    for part, attribute in key.items():
        if attribute["name"] not in known:
            raise _dangling(file, ["key", part, "name"], attribute["name"])
    names = [attribute["name"] for attribute in key.values()]
    if len(set(names)) < len(names):
        raise ContractError(file, "/x-dataset/key/sort/name", "is the partition key already")
    order = schema["x-dataset"].get("order")
    if order is not None and order["name"] not in known:
        raise _dangling(file, ["order", "name"], order["name"])
    if order is not None and order["name"] in names:
        raise ContractError(file, "/x-dataset/order/name", "is part of the key: equal keys are equal in it")


def _check_ttl(file: str, said: Mapping[str, Any], known: set[str]) -> None:
    ttl = said.get("ttl")
    if ttl is None:
        return
    if ttl["from"] not in known:
        raise _dangling(file, ["ttl", "from"], ttl["from"])
    if ttl["attribute"] in known or ttl["attribute"] in LINEAGE:
        raise ContractError(
            file, "/x-dataset/ttl/attribute", f"there is an attribute {ttl['attribute']!r} already"
        )
    known.add(ttl["attribute"])


def _check_alerts(file: str, alerts: Sequence[Mapping[str, Any]], known: set[str]) -> None:
    names: set[str] = set()
    for index, alert in enumerate(alerts):
        if alert["name"] in names:
            raise ContractError(file, f"/x-dataset/alerts/{index}/name", "a second alert has this name")
        names.add(alert["name"])
        names_known = REFUSAL if alert.get("of") == "refusals" else known
        for text in ("subject", "message"):
            for name in PLACEHOLDER.findall(alert.get(text, "")):
                if name not in names_known:
                    raise _dangling(file, ["alerts", index, text], name)


def check_owners(kind: Literal["sources", "queues"], owned: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Refuse two contracts with one pattern, or with one queue: neither would come first."""
    owners: dict[str, str] = {}
    for file, names in owned:
        for index, name in enumerate(names):
            if name in owners:
                place = f"/x-dataset/{kind}/{index}" + ("/keys" if kind == "sources" else "")
                thing = "pattern" if kind == "sources" else "queue"
                raise ContractError(file, place, f"{owners[name]} has this {thing} too")
            owners[name] = file
