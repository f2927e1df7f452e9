"""Map: its items, what each becomes, and the array of what comes out.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from statewright.asl.tree import Constant, Field, Map, Payload, Task
from statewright.typing.contexts import item_context, machine_context
from statewright.typing.findings import Where
from statewright.typing.flow import Entry, run_flow
from statewright.typing.lattice import join, join_all
from statewright.typing.map_storage import check_source, check_target
from statewright.typing.path_types import is_array_or_object
from statewright.typing.rendering import show
from statewright.typing.selection import items_of
from statewright.typing.shapes import (
    INTEGER,
    NEVER,
    STRING,
    UNKNOWN,
    Array,
    Object,
    Type,
    array_of,
    is_unknown,
    object_of,
    shapes_of,
)
from statewright.typing.shapes import Field as Member

if TYPE_CHECKING:
    from statewright.typing.states import Visit
    from statewright.typing.view import View

_LISTED = object_of(
    {"Etag": STRING, "Key": STRING, "LastModified": INTEGER, "Size": INTEGER, "StorageClass": STRING}
)
_WRITTEN = object_of(
    {"MapRunArn": STRING, "ResultWriterDetails": object_of({"Bucket": STRING, "Key": STRING})}
)
# Iterations of an inline Map that AWS runs at once; so few need no bound of their own.
_MOST_AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class Items:
    """What a Map goes through: items of one type, so many of them; `key` where they may be members.

    `is_mixed`: they may be items of an array as well.
    """

    item: Type
    low: int = 0
    high: int | None = None
    key: Type | None = None
    is_mixed: bool = False


def map_result(visit: Visit) -> Type:
    """Give the type of a Map's result; NEVER where none of its iterations can end well."""
    state = visit.state
    assert isinstance(state, Map)
    view = visit.view.of(visit.selected_input())
    items = _read_items(visit, state, view) if state.reader is not None else _find_items(visit, state, view)
    visit.check_integer(state.max_concurrency, view, 0)
    visit.check_integer(state.tolerated_count, view, 0)
    visit.check_kind(state.tolerated_percentage, view, frozenset({"number"}))
    _check_bounds(visit, state, items)
    context = item_context(view.context, items.item, items.key)
    value = _item_input(visit, state, replace(view, context=context), items)
    if state.batcher is not None:
        value = _batched(visit, state, view, value)
    output = _run(visit, state, context, value, items)
    if output.is_never:
        return array_of(NEVER) if items.low == 0 else NEVER
    return _result(visit, state, view, output, items)


def _check_bounds(visit: Visit, state: Map, items: Items) -> None:
    """Many items at once, and what becomes of all their results.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    """
    findings = visit.view.findings
    where = Where(state.at.pointer)
    is_bounded = items.high is not None and items.high <= _MOST_AT_ONCE
    at_once = None if state.max_concurrency is None else state.max_concurrency.source
    if not is_bounded and (at_once is None or (isinstance(at_once, Constant) and not at_once.value)):
        if state.mode == "DISTRIBUTED" and any(isinstance(each, Task) for each in state.processor.walk()):
            message = f"{state.name} has no MaxConcurrency: it runs up to 10,000 executions at once"
            findings.add("SW205", message, where)
        elif state.mode == "INLINE":
            message = f"{state.name} has no MaxConcurrency: it runs up to 40 iterations at once"
            findings.add("SW205", message, where, severity="note")
    if items.high is None and state.mode == "DISTRIBUTED" and state.writer is None and _keeps_results(state):
        message = (
            f"nothing bounds how many results {state.name} gives: they may pass 256 KiB; set ResultWriter"
        )
        findings.add("SW204", message, where, severity="note")


def _keeps_results(state: Map) -> bool:
    if state.result_path is not None:
        return not isinstance(state.result_path.source, Constant)
    return state.output is None and state.result_selector is None


def _find_items(visit: Visit, state: Map, view: View) -> Items:
    where = Where(state.at.pointer)
    if isinstance(state.items, Payload):
        found, where = visit.template(state.items, view), Where(state.items.at.pointer)
    elif isinstance(state.items, Field):
        found, where = visit.value(state.items, view), visit.expression_at(state.items.at.pointer)
    elif state.items_path is not None:
        found, where = visit.value(state.items_path, view), Where(state.items_path.at.pointer)
    else:
        found = view.document
    if is_unknown(found):
        view.findings.add("SW191", "it cannot be shown that the items are an array or an object", where)
        return Items(UNKNOWN)
    is_expression = isinstance(state.items, Field)
    if is_expression:  # an object as such is taken, one that an expression yields is not
        is_right = all(isinstance(shape, Array) for shape in shapes_of(found))
    else:
        is_right = is_array_or_object(found)
    if not is_right:
        wanted = "an array" if is_expression else "an array or an object"
        message = f"the items of a Map must be {wanted}, not {show(found)}"
        view.findings.add("SW113", message, where, actual=found)
    return _items(found)


def _items(type_: Type) -> Items:
    found, key, lows, highs, has_array = NEVER, None, [], [], False
    for shape in shapes_of(type_):
        if isinstance(shape, Array):
            has_array = True
            found = join(found, items_of(shape).under(type_))
            lows.append(shape.low)
            highs.append(shape.high)
        elif isinstance(shape, Object):
            key = STRING
            found = join(found, join_all((*(member.type for member in shape.fields.values()), shape.rest)))
            lows.append(0)
            highs.append(None)
    known = [high for high in highs if high is not None]
    if not lows:
        return Items(UNKNOWN)
    high = max(known) if len(known) == len(highs) else None
    return Items(found, min(lows), high, key, is_mixed=key is not None and has_array)


def _read_items(visit: Visit, state: Map, view: View) -> Items:
    reader = state.reader
    assert reader is not None
    check_source(visit, reader, view)
    visit.check_integer(reader.max_items, view, 0)
    if reader.resource.action == "listObjectsV2" and "Transformation" not in reader.config:
        return Items(_LISTED.since(f"the objects that {state.name} lists", state.name))
    if reader.config.get("InputType") == "CSV":
        headers = reader.config.get("CSVHeaders")
        row = Type((Object({}, STRING),)) if headers is None else object_of(dict.fromkeys(headers, STRING))
        return Items(row.since(f"the rows that {state.name} reads", state.name))
    return Items(UNKNOWN.since(f"the items that {state.name} reads", state.name))


def _item_input(visit: Visit, state: Map, view: View, items: Items) -> Type:
    if state.item_selector is not None:
        return visit.template(state.item_selector, view)
    if items.key is None:
        return items.item
    pair = Type((Object({"Key": Member(STRING), "Value": Member(items.item)}, NEVER, is_declared=True),))
    return join(pair, items.item) if items.is_mixed else pair


def _batched(visit: Visit, state: Map, view: View, item: Type) -> Type:
    batcher = state.batcher
    assert batcher is not None
    visit.check_integer(batcher.max_items, view, 1)
    visit.check_integer(batcher.max_bytes, view, 1)
    fields = {"Items": array_of(item, 1)}
    if batcher.batch_input is not None:
        fields["BatchInput"] = visit.template(batcher.batch_input, view)
    return object_of(fields)


def _run(visit: Visit, state: Map, context: Type, value: Type, items: Items) -> Type:
    if value.is_never or items.item.is_never:
        return NEVER
    variables = visit.entry.variables
    if state.mode == "DISTRIBUTED":
        context = _child_context(context, value)
        variables = {}
    inner = visit.around.inside(context)
    return run_flow(
        state.processor,
        Entry(value.via(f"an item of {state.name}", state.name), variables),
        inner,
    ).output


def _child_context(context: Type, value: Type) -> Type:
    """A child execution has an execution and an input of its own."""
    (shape,), (own,) = context.shapes, machine_context(value).shapes
    assert isinstance(shape, Object)
    assert isinstance(own, Object)
    return replace(context, shapes=(replace(shape, fields={**shape.fields, **own.fields}),))


def _result(visit: Visit, state: Map, view: View, output: Type, items: Items) -> Type:
    origin = f"the iterations of {state.name}", state.name
    low, high = items.low, items.high
    if state.mode == "DISTRIBUTED":
        writer = state.writer
        if writer is not None:
            check_target(visit, writer, view)
            return _WRITTEN.since(*origin) if writer.resource is not None else UNKNOWN
        if state.batcher is not None:
            low = min(low, 1)
        if state.tolerated_count is not None or state.tolerated_percentage is not None:
            low = 0
    return array_of(output, low, high).via(*origin)
