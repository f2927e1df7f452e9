"""What a dataset's contract makes of its records: the type of the items in its table.

record -> pseudonyms -> renames -> derivations -> item
"""

from __future__ import annotations

from typing import Any

Json = Any

_TEXT = {"type": "string"}
_ANY_SCALAR = {"type": ["string", "integer", "boolean"]}


def annotation(contract: Json) -> Json:
    """Give what a contract says besides the schema of its records."""
    said = contract.get("x-dataset") if isinstance(contract, dict) else None
    return said if isinstance(said, dict) else {}


def item_schema(contract: Json) -> Json:
    """Give the schema of an item that a contract makes."""
    said = annotation(contract)
    rename = said.get("rename", {})
    hidden = set(said.get("pseudonymise", ()))
    properties = {
        rename.get(name, name): _TEXT if name in hidden else schema
        for name, schema in contract.get("properties", {}).items()
    }
    required = {rename.get(name, name) for name in contract.get("required", ())}
    for step in said.get("derive", ()):
        sources = [step["from"]] if isinstance(step.get("from"), str) else step.get("from", [])
        if (step["op"] != "lookup" and set(sources) <= required) or "default" in step:
            required.add(step["to"])
        properties[step["to"]] = _derived(step)
    return {"type": "object", "properties": properties, "required": sorted(required)}


def _derived(step: Json) -> Json:
    if step["op"] == "constant":
        return {"const": step["value"]}
    if step["op"] == "lookup":
        return _ANY_SCALAR
    return {"date": {"type": "string", "format": "date"}, "round": {"type": "number"}}.get(step["op"], _TEXT)


def place_of_attribute(contract: Json, attribute: str) -> str:
    """Give the pointer of what makes an attribute: the derivation, or the property behind it."""
    said = annotation(contract)
    for place, step in enumerate(said.get("derive", ())):
        if step["to"] == attribute:
            return f"/x-dataset/derive/{place}"
    back = {new: old for old, new in said.get("rename", {}).items()}
    name = back.get(attribute, attribute)
    return f"/properties/{name}" if name in contract.get("properties", {}) else "/x-dataset"


def makings(contract: Json) -> dict[str, Json]:
    """Give how each attribute is made that is not simply a member of the record."""
    said = annotation(contract)
    rename = said.get("rename", {})
    found: dict[str, Json] = {rename.get(name, name): "pseudonym" for name in said.get("pseudonymise", ())}
    found |= {new: {"renamed from": old} for old, new in rename.items() if new not in found}
    return found | {step["to"]: step for step in said.get("derive", ())}
