"""The items of a Map without a reader, and what each item becomes as an input.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl import jsonata, jsonpath
from statewright.asl.tree import Field, Map, Payload
from statewright.engine.items.item import Items
from statewright.engine.payloads import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.engine.step import Step

Json = Any


def find_items(step: Step, state: Map, value: Json) -> Items:
    """Find the items of a Map without a reader; raises StateFailure where they are no array or object.

    Objects are for a Distributed Map alone: AWS's page on ItemsPath knows no such difference, but executions
    and tested states recorded on AWS fail where the items of an INLINE Map are an object.
    """
    kinds = (list, dict) if state.mode == "DISTRIBUTED" else (list,)
    if isinstance(state.items, Payload):
        items = step.template(state.items, None)
    elif isinstance(state.items, Field):
        assert isinstance(state.items.source, jsonata.Expression)
        items = step.expression(state.items.source, "Items")
        if not isinstance(items, kinds):
            raise step.wrong_type(state.items.source, "Items", "array", items)
    else:
        items = value if state.items_path is None else step.value(state.items_path, value)
    if isinstance(items, kinds):
        return Items(items)
    if state.language == "JSONata":
        raise step.query_error(f"Map state input must be an array but was: {dump(items)}")
    path = "$"
    if state.items_path is not None and isinstance(state.items_path.source, jsonpath.Path):
        path = state.items_path.source.text.replace("$$", "$", 1)
    raise step.runtime_error(f'Reference path "{path}" must point to array.')


def item_input(step: Step, state: Map, value: Json, item: Mapping[str, Json]) -> Json:
    """Apply ItemSelector to one item, of which `item` is the context object's entry.

    Without one, the member of an object becomes `{"Key": …, "Value": …}`: AWS passes "the pair".
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html
    """
    if state.item_selector is None:
        if "Key" in item:
            return {"Key": item["Key"], "Value": item["Value"]}
        return item["Value"]
    outer = step.map_item
    step.map_item = item
    step.forget_context()
    try:
        return step.template(state.item_selector, value)
    finally:
        step.map_item = outer
        step.forget_context()
