"""The types of JSONPath values: paths, intrinsic function calls, payload templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl import _jsonpath_steps as steps
from statewright.asl import intrinsics, jsonpath
from statewright.asl.source import escape
from statewright.typing.findings import Where, meant
from statewright.typing.intrinsic_types import result_of
from statewright.typing.lattice import join_all
from statewright.typing.path_names import names_asked, names_below, names_of_items
from statewright.typing.rendering import few
from statewright.typing.selection import children, select
from statewright.typing.shapes import (
    COUNT,
    NEVER,
    NUMBER,
    STRING,
    UNKNOWN,
    Array,
    Field,
    Object,
    Type,
    array_of,
    literal,
    of_kind,
    shapes_of,
)
from statewright.typing.texts import literal_text, looks_like_jsonpath

if TYPE_CHECKING:
    from statewright.typing.selection import Selected
    from statewright.typing.view import View

Json = Any
_MOST_NAMES = 8


def path_type(path: jsonpath.Path, view: View, where: Where) -> Type:
    """Give the type of what a path finds; reports where it may find nothing."""
    start = _root(path, view, where)
    if path.keys is None:
        found = _indefinite(path, start, view, where)
    else:
        found = start
        for depth, key in enumerate(path.keys):
            selected = select(found, key)
            _report(path, depth, selected, found, view, where)
            if selected.type.is_never:
                return UNKNOWN
            found = selected.type
    return found if path.function is None else _applied(path.function, found)


def _root(path: jsonpath.Path, view: View, where: Where) -> Type:
    if path.root == "$":
        return view.document
    return view.context if path.root == "$$" else view.variable(path.root, where)


def presence(path: jsonpath.Path, view: View) -> Selected | None:
    """Say how surely a definite path finds something; None where that cannot be said."""
    if path.keys is None:
        return None
    if path.variable is not None:
        known = view.variables.get(path.variable)
        if known is None or not known.is_certain:
            return None
        found = known.type
    else:
        found = view.document if path.root == "$" else view.context
    selected = None
    is_certain = True
    for key in path.keys:
        selected = select(found, key)
        is_certain = is_certain and selected.is_certain and not selected.is_presumed
        found = selected.type
        if found.is_never:
            return selected
    return None if selected is None or not is_certain else selected


def _walked(path: jsonpath.Path, depth: int) -> str:
    assert path.keys is not None
    root = "$" if path.root == "$" else "$$" if path.root == "$$" else f"${path.root}"
    return root + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path.keys[:depth])


def _report(
    path: jsonpath.Path, depth: int, selected: Selected, parent: Type, view: View, where: Where
) -> None:
    if selected.is_presumed:
        view.findings.add("SW191", f"it cannot be shown that {path.text} is there", where)
    if selected.is_certain:
        return
    assert path.keys is not None
    key, holder = path.keys[depth], _walked(path, depth)
    shown = _walked(path, depth + 1)
    if isinstance(key, int) and not selected.wrong:
        if selected.type.is_never:
            view.findings.add("SW101", f"{shown} points beyond the end of {holder}", where, actual=parent)
        else:
            view.findings.add("SW103", f"{shown} may point beyond the end of {holder}", where, actual=parent)
        return
    wanted = "an array" if isinstance(key, int) else "an object"
    if selected.wrong and not selected.names:
        kinds = " or ".join(selected.wrong)
        verb = "is" if selected.type.is_never else "may be"
        code = "SW101" if selected.type.is_never else "SW102"
        message = f"{shown} points to nothing: {holder} {verb} {kinds}, not {wanted}"
        view.findings.add(code, message, where, actual=parent)
        return
    if selected.type.is_never:
        names = few(selected.names, _MOST_NAMES) or "no field"
        message = f"{shown} points to nothing: {holder} has {names}"
        view.findings.add("SW101", message, where, actual=parent, suggestion=meant(str(key), selected.names))
        return
    view.findings.add(
        "SW102", f"{shown} may be absent", where, actual=parent,
        suggestion="test it with IsPresent in a Choice before, or have its source always give it",
    )  # fmt: skip


# --- paths that select several nodes ---


def _indefinite(path: jsonpath.Path, start: Type, view: View, where: Where) -> Type:
    item, low = start, 1
    high: int | None = 1
    before: Any = None
    above = start
    for step in path.steps:
        _check_names(
            path, step, before, above if isinstance(before, steps.Descendants) else item, view, where
        )
        above, before = item, step
        item, low, high = _step(step, item, low, high)
        if item.is_never and high != 0:
            names = getattr(step, "names", None)
            if names:
                message = f"{path.text} selects nothing: no value there has {', '.join(map(repr, names))}"
                view.findings.add("SW101", message, where, actual=start)
            return array_of(NEVER)
    return array_of(item, low, high)


def _check_names(path: jsonpath.Path, step: Any, before: Any, item: Type, view: View, where: Where) -> None:
    """Report names that no item of a filter has, and names that nothing below `..` has."""
    asked: list[str] = []
    known: frozenset[str] | None = None
    if isinstance(step, steps.Filter):
        asked, known = list(names_asked(step.condition)), names_of_items(item)
    elif isinstance(before, steps.Descendants) and isinstance(step, steps.Names):
        asked, known = list(step.names), names_below(item)
    for name in asked if known is not None else ():
        if name not in (known or ()):
            message = f"{path.text} selects nothing: no value there has '{name}'"
            view.findings.add(
                "SW101", message, where, actual=item, suggestion=meant(name, sorted(known or ()))
            )


Nodes = tuple[Type, int, int | None]


def _step(step: Any, item: Type, low: int, high: int | None) -> Nodes:
    if item.is_unknown or isinstance(step, steps.Descendants):
        return UNKNOWN, 0, None
    if isinstance(step, steps.Names) and step.is_definite:
        selected = select(item, step.names[0])
        is_sure = selected.is_certain and not selected.is_presumed
        return selected.type, low if is_sure else 0, high
    if isinstance(step, steps.Names):
        return _named(step.names, of_kind(item, Object)), 0, high
    if isinstance(step, steps.Filter):
        rest = of_kind(item, Object)
        inside, _, most = children(of_kind(item, Array))
        kept = join_all((rest, of_kind(inside, Object), of_kind(inside, Array)))
        return kept, 0, None if high != 1 else max(most or 0, 1) if most is not None else None
    if isinstance(step, steps.Wildcard):
        inside, least, most = children(item)
        return inside, least * low, None if high is None or most is None else most * high
    inside, _, _ = children(of_kind(item, Array))  # slices, and several indices
    return inside, 0, None


def _named(names: tuple[str, ...], item: Type) -> Type:
    fields = {}
    for name in names:
        selected = select(item, name)
        if not selected.type.is_never:
            is_sure = selected.is_certain and not selected.is_presumed
            fields[name] = Field(selected.type, is_sure, selected.is_presumed)
    return Type((Object(fields, NEVER, is_declared=True),))


def _applied(function: tuple[str, int | None], value: Type) -> Type:
    name, _ = function
    if name in ("length", "size"):
        return COUNT
    if name == "keys":
        return array_of(STRING)
    if name == "concat":
        return STRING
    return children(value)[0] if name in ("first", "last", "index") else NUMBER


# --- calls and templates ---


def source_type(source: jsonpath.Path | intrinsics.Call, view: View, where: Where) -> Type:
    """Give the type of a path or a call."""
    return (
        path_type(source, view, where)
        if isinstance(source, jsonpath.Path)
        else call_type(source, view, where)
    )


def call_type(call: intrinsics.Call, view: View, where: Where) -> Type:
    """Give the type of what an intrinsic function returns; reports arguments of the wrong type."""
    arguments = [
        literal(argument.value)
        if isinstance(argument, intrinsics.Constant)
        else source_type(argument, view, where)
        for argument in call.arguments
    ]
    return result_of(call, arguments, view, where)


def template_type(value: Json, view: View, pointer: str) -> Type:
    """Give the type of a payload template's value."""
    if isinstance(value, dict):
        fields: dict[str, Field] = {}
        for key, member in value.items():
            inner = f"{pointer}/{escape(key)}"
            if key.endswith(".$") and isinstance(member, str):
                fields[key[:-2]] = Field(_dynamic(member, view, inner))
            else:
                _look_at_text(key, member, view, inner)
                fields[key] = Field(template_type(member, view, inner))
        return Type((Object(fields, NEVER, is_declared=True),))
    if isinstance(value, list):
        items = tuple(template_type(each, view, f"{pointer}/{place}") for place, each in enumerate(value))
        return Type((Array(items, NEVER, len(items), len(items)),))
    return literal_text(value)


def _dynamic(text: str, view: View, pointer: str) -> Type:
    source = intrinsics.compile_call(text) if intrinsics.is_call(text) else jsonpath.compile_path(text)
    return source_type(source, view, Where(pointer))


def _look_at_text(key: str, value: Json, view: View, pointer: str) -> None:
    if not isinstance(value, str):
        return
    if looks_like_jsonpath(value, view.variables):
        message = f"'{value}' is handed on as a text, because the name '{key}' does not end in '.$'"
        view.findings.add("SW106", message, Where(pointer), suggestion=f"write '{key}.$'")
    elif value.startswith("{%") or value.endswith("%}"):
        message = f"'{value}' is handed on as a text: the query language of this state is JSONPath"
        view.findings.add("SW106", message, Where(pointer))


def is_array_or_object(type_: Type) -> bool:
    """Say whether every value is an array or an object, as a Map's items must be."""
    return type_.is_unknown or all(isinstance(shape, Array | Object) for shape in shapes_of(type_))
