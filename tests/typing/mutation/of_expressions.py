"""Expressions: paths, operators, functions and their arguments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.typing.mutation.places import dynamics, is_jsonata, label, put, replaced, walk
from tests.typing.mutation.registry import operator

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any
_NAME = re.compile(r"(?<=[\w\])]\.)[a-z_]\w*(?!\()|(?<=\$\.)[a-z_]\w*")
# Names of states' own making, and of what no schema closes.
_OPEN = ("Output", "Map", "Item")


def _renamed(machine: Json, change: Any) -> Iterator[tuple[str, Json]]:
    for place, text in dynamics(machine):
        for match in _NAME.finditer(text):
            if match[0] in ("input", "context", "result", "errorOutput") and "$states." in text:
                continue
            new = change(match[0])
            if new and new != match[0]:
                changed = text[: match.start()] + new + text[match.end() :]
                yield f"{label(place)} {match.start()} {new}", put(machine, place, changed)


@operator("expressions")
def name_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """Nothing has this name."""
    yield from _renamed(machine, lambda name: name[:-1] if len(name) > 2 else name + name)


@operator("expressions")
def name_of_nothing_here(machine: Json) -> Iterator[tuple[str, Json]]:
    """Nothing has this name."""
    yield from _renamed(machine, lambda _name: "warehouse")


@operator("expressions")
def name_in_camel_case(machine: Json) -> Iterator[tuple[str, Json]]:
    """Names are written in snake case here."""
    yield from _renamed(machine, lambda name: re.sub(r"_(\w)", lambda m: m[1].upper(), name))


@operator("expressions")
def name_in_upper_case(machine: Json) -> Iterator[tuple[str, Json]]:
    """Names know upper and lower case."""
    yield from _renamed(machine, lambda name: name[0].upper() + name[1:])


@operator("expressions")
def name_skipped(machine: Json) -> Iterator[tuple[str, Json]]:
    """The path leaves out a level."""
    for place, text in dynamics(machine):
        for match in re.finditer(
            r"(?<=[\w$])\.(detail|bucket|object|Payload|collected|later|Item|Execution)(?=\.)", text
        ):
            changed = text[: match.start()] + text[match.end() :]
            yield f"{label(place)} {match[0]}", put(machine, place, changed)


@operator("expressions")
def name_doubled(machine: Json) -> Iterator[tuple[str, Json]]:
    """The path has a level too many."""
    for place, text in dynamics(machine):
        for match in re.finditer(r"\.(Payload|file|collected|parsed|enriched|shard)\b(?!\w)", text):
            changed = text[: match.end()] + match[0] + text[match.end() :]
            yield f"{label(place)} {match.start()} {match[0]}", put(machine, place, changed)


@operator("expressions")
def member_of_states_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """$states has input, context, result and errorOutput."""
    for old, new in (("input", "inputs"), ("result", "output"), ("errorOutput", "error"), ("context", "ctx")):
        yield from replaced(machine, rf"\$states\.{old}\b", rf"$states.{new}")


@operator("expressions")
def states_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """The variable is $states."""
    yield from replaced(machine, r"\$states\.", "$state.")


@operator("expressions")
def result_where_there_is_none(machine: Json) -> Iterator[tuple[str, Json]]:
    """What a state sends is worked out before there is a result."""
    for place, text in dynamics(machine):
        if {"Arguments", "Condition", "Items"} & set(place) and "$states.input" in text:
            yield label(place), put(machine, place, text.replace("$states.input", "$states.result", 1))


@operator("expressions")
def input_for_the_result(machine: Json) -> Iterator[tuple[str, Json]]:
    """The state's input is not its result."""
    yield from replaced(machine, r"\$states\.result\.", "$states.input.")


@operator("expressions")
def error_where_there_is_none(machine: Json) -> Iterator[tuple[str, Json]]:
    """There is an error behind Catch alone."""
    for place, text in dynamics(machine):
        if "Catch" not in place and "$states.result." in text:
            yield (
                label(place),
                put(machine, place, text.replace("$states.result.", "$states.errorOutput.", 1)),
            )


@operator("expressions")
def context_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """The context object has no such member."""
    for old, new in (
        ("Id", "ID"),
        ("StartTime", "StartedAt"),
        ("Execution", "Executions"),
        ("Value", "Item"),
    ):
        yield from replaced(machine, rf"(context|\$\$)((?:\.\w+)*)\.{old}\b", rf"\1\2.{new}")


@operator("expressions")
def expression_not_closed(machine: Json) -> Iterator[tuple[str, Json]]:
    """Brackets come in pairs."""
    for place, text in dynamics(machine):
        for character in ")]}":
            cut = text[:-2] if text.startswith("{%") else text
            if character in cut:
                changed = cut[: cut.rindex(character)] + cut[cut.rindex(character) + 1 :]
                changed += "%}" if text.startswith("{%") else ""
                yield f"{label(place)} {character}", put(machine, place, changed)


@operator("expressions")
def expression_without_its_marks(machine: Json) -> Iterator[tuple[str, Json]]:
    """Without {% %} the text itself is handed on."""
    for place, text in dynamics(machine):
        if text.startswith("{%"):
            yield label(place), put(machine, place, text[2:-2].strip())


@operator("expressions")
def expression_with_a_broken_mark(machine: Json) -> Iterator[tuple[str, Json]]:
    """An expression begins with {% and ends with %}."""
    for place, text in dynamics(machine):
        if text.startswith("{%"):
            yield f"{label(place)} end", put(machine, place, text[:-1])
            yield f"{label(place)} start", put(machine, place, f" {text}")


@operator("expressions")
def path_of_jsonpath(machine: Json) -> Iterator[tuple[str, Json]]:
    """A path of JSONPath is a text in JSONata."""
    for place, text in dynamics(machine):
        match = re.fullmatch(r"\{% \$(states\.input|\w+)\.([\w.]+) %\}", text)
        if match:
            yield label(place), put(machine, place, f"$.{match[2]}")


@operator("expressions")
def expression_of_jsonata(machine: Json) -> Iterator[tuple[str, Json]]:
    """An expression of JSONata is no path."""
    for place, text in dynamics(machine):
        if text.startswith("$."):
            yield label(place), put(machine, place, f"{{% $states.input{text[1:]} %}}")


@operator("expressions")
def two_equals_signs(machine: Json) -> Iterator[tuple[str, Json]]:
    """JSONata compares with =."""
    if is_jsonata(machine):
        yield from replaced(machine, r"(?<=[\w)]) = (?=['$\d])", " == ")


@operator("expressions")
def and_of_other_languages(machine: Json) -> Iterator[tuple[str, Json]]:
    """JSONata has `and` and `or`."""
    if is_jsonata(machine):
        yield from replaced(machine, r"(?<=[\w)]) and (?=\$)", " && ")
        yield from replaced(machine, r"(?<=[\w)]) or (?=\$)", " || ")


@operator("expressions")
def text_added_to_a_number(machine: Json) -> Iterator[tuple[str, Json]]:
    """Texts are joined with &, and + takes numbers."""
    if is_jsonata(machine):
        yield from replaced(machine, r" & ", " + ")


@operator("expressions")
def number_subtracted_from_a_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """Operators of arithmetic take numbers."""
    if is_jsonata(machine):
        yield from replaced(machine, r"(?<= [-*+/] )(1|100|\$parsed\.quarantined)\b", "'1'")


@operator("expressions")
def compared_with_another_type(machine: Json) -> Iterator[tuple[str, Json]]:
    """The two sides are never equal."""
    if is_jsonata(machine):
        yield from replaced(machine, r"= '[a-z_]+'", "= 7")
        yield from replaced(machine, r"= 1\b", "= '1'")
        yield from replaced(machine, r"> \$plan\.tolerance\.(count|share)", r"> $string($plan.tolerance.\1)")


@operator("expressions")
def compared_with_no_value_of_the_enumeration(machine: Json) -> Iterator[tuple[str, Json]]:
    """The value is none of those declared."""
    if is_jsonata(machine):
        yield from replaced(machine, r"(?<== ')([a-z_]+)(?=')", r"\1d")
        yield from replaced(machine, r"(?<=\[')([a-z_]+)(?=')", r"\1d")
    for place, value in walk(machine):
        if place[-1:] == ("StringEquals",):
            yield f"{label(place)} d", put(machine, place, f"{value}d")
            yield f"{label(place)} upper", put(machine, place, value.upper())


@operator("expressions")
def text_without_quotes(machine: Json) -> Iterator[tuple[str, Json]]:
    """Without quotes it is a path, which leads to nothing."""
    if is_jsonata(machine):
        yield from replaced(machine, r"(?<== )'([a-z_]+)'", r"\1")


@operator("expressions")
def function_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """There is no such function."""
    if is_jsonata(machine):
        yield from replaced(machine, r"\$([a-z]\w+)\(", r"$\1s(")
    else:
        yield from replaced(machine, r"States\.(\w+)\(", r"States.\1s(")


@operator("expressions")
def function_without_its_mark(machine: Json) -> Iterator[tuple[str, Json]]:
    """Functions begin with $ or States."""
    if is_jsonata(machine):
        yield from replaced(machine, r"\$([a-z]\w+)\(", r"\1(")
    else:
        yield from replaced(machine, r"States\.(\w+)\(", r"\1(")


@operator("expressions")
def function_that_aws_lacks(machine: Json) -> Iterator[tuple[str, Json]]:
    """AWS has no $eval."""
    if is_jsonata(machine):
        for place, text in dynamics(machine):
            yield label(place), put(machine, place, f"{{% $eval({text[2:-2].strip()!r}) %}}")


@operator("expressions")
def argument_of_another_type(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function does not take such a value."""
    if is_jsonata(machine):
        for name, argument in (
            ("sum", "'a'"), ("max", "'a'"), ("min", "'a'"), ("floor", "'a'"), ("length", "5"),
            ("toMillis", "5"), ("merge", "5"), ("substringBefore", "5, "), ("join", "5"),
            ("substring", "5, "),
        ):  # fmt: skip
            ending = "" if argument.endswith(", ") else ")("
            if ending:
                yield from replaced(machine, rf"\${name}\(", f"${name}({argument}) & $string(")
            else:
                yield from replaced(machine, rf"\${name}\(", f"${name}({argument}")
        return
    for old, new in (
        (r"MathAdd\(\$[\w.]+", "MathAdd('one'"),
        (r"MathAdd\(\$[\w.]+, ", "MathAdd($.nothing_there, "),
        (r"ArrayRange\(0", "ArrayRange('0'"),
        (r"ArrayRange\(0, ", "ArrayRange("),
        (r"ArrayRange\((.*), 1\)", r"ArrayRange(\1, 0)"),
        (r"JsonToString\(([^)]*)\)", r"JsonToString(\1, \1)"),
        (r"Format\('", "Format('{} "),
        (r"Format\('\{\}", "Format('"),
    ):
        yield from replaced(machine, old, new)


@operator("expressions")
def index_of_an_object(machine: Json) -> Iterator[tuple[str, Json]]:
    """An object has no items."""
    yield from replaced(machine, r"\$\.(collected|later|failure|detail|parsed)(?=\.)", r"$.\1[0]")


@operator("expressions")
def condition_that_is_no_boolean(machine: Json) -> Iterator[tuple[str, Json]]:
    """A condition is true or false."""
    for place, text in dynamics(machine):
        if place[-1] == "Condition":
            for other in ("{% 1 %}", "{% $count([1]) %}", "{% 'true' %}"):
                yield f"{label(place)} {other}", put(machine, place, other)
            match = re.match(r"\{% (\$[\w.]+) ", text)
            if match:
                yield f"{label(place)} left side", put(machine, place, f"{{% {match[1]} %}}")
