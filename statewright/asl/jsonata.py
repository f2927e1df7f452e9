"""JSONata as Step Functions has it: `{% $states.input.orders[status = 'open'].total %}`.

JSONata 2.0.6 without `$eval`, with `$partition`, `$range`, `$hash`, `$random`, `$uuid` and `$parse`. Source:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import jsonata as library

__all__ = [
    "UNDEFINED",
    "Expression",
    "JsonataError",
    "Template",
    "compile_expression",
    "compile_template",
    "is_expression",
]

Json = Any


class Undefined:
    """The type of `UNDEFINED`: an expression that yields no value."""

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()


class JsonataError(ValueError):
    """An expression that cannot be parsed or evaluated.

    `code` is JSONata's ("S0201", "T1006", "D3137"), `position` counts characters from the start of the expression,
    `expression` is its text; `where` is the JSON pointer inside a template, "" outside of one.
    """

    def __init__(self, message: str, position: int, code: str, expression: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.message = message
        self.position = position
        self.code = code
        self.expression = expression
        self.where = ""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression."""

    text: str
    free_variables: frozenset[str]
    program: Any

    def evaluate(self, bindings: Mapping[str, Json]) -> Json | Undefined:
        """Give the value, or UNDEFINED; raises JsonataError."""
        library.Jsonata.CURRENT.jsonata = self.program
        self.program.set_output_convert_nulls(False)
        try:
            found = self.program.evaluate(None, {name: value for name, value in bindings.items()})
        except library.JException as error:
            raise JsonataError(str(error), error.location, error.error, self.text) from error
        return UNDEFINED if found is None else library.Utils.convert_nulls(found)


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """Compile an expression once; raises JsonataError."""
    try:
        return Expression(text, frozenset(), library.Jsonata(text))
    except library.JException as error:
        raise JsonataError(str(error), error.location, error.error, text) from error


def is_expression(value: Json) -> bool:
    """Say whether a JSON value is a string `{% ... %}`."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= 4


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template."""

    value: Json

    def evaluate(self, bindings: Mapping[str, Json]) -> Json:
        """Give the value with every expression evaluated; raises JsonataError with `.where` set."""
        return _evaluate(self.value, bindings, "")


def compile_template(value: Json) -> Template:
    """Compile a value whose strings may be expressions; raises JsonataError."""
    return Template(value)


def _evaluate(value: Json, bindings: Mapping[str, Json], pointer: str) -> Json:
    if isinstance(value, dict):
        return {key: _evaluate(member, bindings, f"{pointer}/{key}") for key, member in value.items()}
    if isinstance(value, list):
        return [_evaluate(item, bindings, f"{pointer}/{index}") for index, item in enumerate(value)]
    if not is_expression(value):
        return value
    found = compile_expression(value[2:-2].strip()).evaluate(bindings)
    if found is UNDEFINED:
        error = JsonataError("returned nothing (undefined)", 0, "UNDEFINED", value[2:-2].strip())
        error.where = pointer
        raise error
    return found
