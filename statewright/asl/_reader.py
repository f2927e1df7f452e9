"""Reading one JSON object of a definition: each member once, with its kind checked and its place known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from statewright.asl import diagnostics as d
from statewright.asl import intrinsics, jsonata, jsonpath, templates
from statewright.asl.source import Location, escape
from statewright.asl.tree import Constant, Field, Payload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.asl.source import SourceText
    from statewright.asl.tree import QueryLanguage

Json = Any

_VARIABLE = re.compile(r"[^\W\d]\w{0,79}")
MISSING: Any = object()


@dataclass
class Report:
    """The findings of one definition, in the order in which they were made."""

    source: SourceText
    language: QueryLanguage = "JSONPath"
    found: list[d.Diagnostic] = field(default_factory=list)

    def add(self, message: str, pointer: str, code: str = d.SCHEMA) -> None:
        self._add(message, pointer, code, "ERROR")

    def warn(self, message: str, pointer: str, code: str) -> None:
        self._add(message, pointer, code, "WARNING")

    def _add(self, message: str, pointer: str, code: str, severity: d.Severity) -> None:
        at = self.source.location(pointer)
        place = d.aws_location(pointer)
        self.found.append(d.Diagnostic(code, message, pointer, at.line, at.column, severity, place))

    def add_without_place(self, message: str, code: str) -> None:
        self.found.append(d.Diagnostic(code, message, None))


class Reader:
    """One object of the definition; `close` reports the members that nobody asked for."""

    def __init__(self, report: Report, pointer: str, value: dict[str, Json], language: QueryLanguage) -> None:
        self.report = report
        self.pointer = pointer
        self.value = value
        self.language = language
        self._taken: set[str] = set()

    @property
    def at(self) -> Location:
        return self.report.source.location(self.pointer)

    def inner(self, name: str) -> str:
        return f"{self.pointer}/{escape(name)}"

    def complain(self, message: str, name: str | None = None) -> None:
        self.report.add(message, self.pointer if name is None else self.inner(name))

    def take(self, name: str) -> Json:
        """Give a member, or MISSING."""
        self._taken.add(name)
        return self.value.get(name, MISSING)

    def has(self, name: str) -> bool:
        return name in self.value

    def require(self, *names: str) -> bool:
        missing = [name for name in names if name not in self.value]
        if missing:
            self.complain(f"These fields are required: [{', '.join(missing)}]")
        return not missing

    def at_most_one(self, *names: str) -> None:
        given = [name for name in names if name in self.value]
        if len(given) > 1:
            self.complain(f"Only one of these fields is allowed: [{', '.join(given)}]")

    def close(self) -> None:
        for name in self.value:
            if name not in self._taken:
                self.complain(f"Field '{name}' is not supported")

    def only_in(self, language: QueryLanguage, *names: str) -> None:
        """Report fields of the other query language."""
        if self.language == language:
            return
        for name in names:
            if name in self.value:
                self._taken.add(name)
                self.complain(
                    f"The QueryLanguage is '{self.language}', but the field '{name}'"
                    f" is only supported for the QueryLanguage '{language}'",
                    name,
                )

    # --- plain values ---

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self.take(name)
        if value is MISSING:
            return default
        if isinstance(value, str):
            return value
        self.complain("Expected value of type String", name)
        return default

    def one_of(self, name: str, allowed: Sequence[str], default: str) -> str:
        value = self.text(name, default)
        if value in allowed:
            return str(value)
        self.complain(f"Value is not one of: [{', '.join(allowed)}]", name)
        return default

    def boolean(self, name: str) -> bool:
        value = self.take(name)
        if value is MISSING:
            return False
        if isinstance(value, bool):
            return value
        self.complain("Expected value of type Boolean", name)
        return False

    def number(
        self, name: str, *, minimum: float, maximum: float = 99_999_999, integer: bool = True
    ) -> float | None:
        value = self.take(name)
        return None if value is MISSING else self._number(name, value, minimum, maximum, integer=integer)

    def _number(
        self, name: str, value: Json, minimum: float, maximum: float, *, integer: bool
    ) -> float | None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or (integer and isinstance(value, float)):
            self.complain(f"Expected value of type {'Integer' if integer else 'Number'}", name)
            return None
        if not minimum <= value <= maximum:
            self.complain(f"Value must be between {minimum:g} and {maximum:g}", name)
            return None
        number: float = value
        return number

    def strings(self, name: str) -> tuple[str, ...]:
        value = self.take(name)
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            self.complain("Expected a list of at least one String", name)
            return ()
        return tuple(value)

    def objects(self, name: str) -> list[Reader]:
        """Give the objects of an array, each as a reader."""
        value = self.take(name)
        if value is MISSING:
            return []
        if not isinstance(value, list):
            self.complain("Expected value of type Array", name)
            return []
        readers = []
        for index, each in enumerate(value):
            pointer = f"{self.inner(name)}/{index}"
            if isinstance(each, dict):
                readers.append(Reader(self.report, pointer, each, self.language))
            else:
                self.report.add("Expected value of type Object", pointer)
        return readers

    def object(self, name: str) -> Reader | None:
        value = self.take(name)
        if value is MISSING:
            return None
        if isinstance(value, dict):
            return Reader(self.report, self.inner(name), value, self.language)
        self.complain("Expected value of type Object", name)
        return None

    # --- values of a query language ---

    def path(self, name: str, *, reference: bool = False, calls: bool = False) -> Field | None:
        """Read a path; null stands for itself. `reference`: names and indices alone, as in ResultPath."""
        value = self.take(name)
        if value is MISSING:
            return None
        at = self.report.source.location(self.inner(name))
        if value is None:
            return Field(name, at, Constant(None))
        if not isinstance(value, str):
            self.complain("Expected value of type String", name)
            return None
        try:
            if calls and intrinsics.is_call(value):
                return Field(name, at, intrinsics.compile_call(value))
            path = jsonpath.compile_path(value)
        except (jsonpath.PathSyntaxError, intrinsics.IntrinsicSyntaxError):
            self.complain(
                "Value is not a valid JSONPath" if not calls else "Value is neither a JSONPath nor a call",
                name,
            )
            return None
        if reference and not (path.is_reference and path.root == "$"):
            self.complain("Value is not a Reference Path", name)
            return None
        return Field(name, at, path)

    def expression(self, name: str, value: str) -> Field | None:
        """Read `{% ... %}`."""
        at = self.report.source.location(self.inner(name))
        try:
            return Field(name, at, jsonata.compile_expression(value[2:-2].strip()))
        except jsonata.JsonataError as error:
            self.complain(f"The JSONata expression is not valid: {error}", name)
            return None

    def quantity(
        self, name: str, *, minimum: float, maximum: float = 99_999_999, integer: bool = True
    ) -> Field | None:
        """Read a number, its JSONata expression, or the path in the field named + `Path`."""
        self.at_most_one(name, name + "Path")
        self.only_in("JSONPath", name + "Path")
        if self.has(name + "Path") and self.language == "JSONPath":
            return self.path(name + "Path")
        value = self.take(name)
        if value is MISSING:
            return None
        if self.language == "JSONata" and jsonata.is_expression(value):
            return self.expression(name, value)
        number = self._number(name, value, minimum, maximum, integer=integer)
        at = self.report.source.location(self.inner(name))
        return None if number is None else Field(name, at, Constant(number))

    def text_or_path(self, name: str) -> Field | None:
        """Read a text, its JSONata expression, or the path or call in the field named + `Path`."""
        self.at_most_one(name, name + "Path")
        self.only_in("JSONPath", name + "Path")
        if self.has(name + "Path") and self.language == "JSONPath":
            return self.path(name + "Path", calls=True)
        value = self.text(name)
        if value is None:
            return None
        if self.language == "JSONata" and jsonata.is_expression(value):
            return self.expression(name, value)
        return Field(name, self.report.source.location(self.inner(name)), Constant(value))

    def payload(self, name: str, *, is_object: bool = False) -> Payload | None:
        """Read a template in the state's query language."""
        value = self.take(name)
        if value is MISSING:
            return None
        if is_object and not isinstance(value, dict):
            self.complain("Expected value of type Object", name)
            return None
        at = self.report.source.location(self.inner(name))
        try:
            if self.language == "JSONata":
                return Payload(name, at, value, jsonata.compile_template(value))
            return Payload(name, at, value, templates.compile_template(value))
        except templates.TemplateSyntaxError as error:
            self.report.add(error.message, (self.inner(name) + error.pointer).rpartition("/")[0])
        except jsonata.JsonataError as error:
            self.report.add(f"The JSONata expression is not valid: {error}", self.inner(name) + error.where)
        return None

    def assignments(self) -> Payload | None:
        """Read Assign: an object whose keys are names of variables."""
        payload = self.payload("Assign", is_object=True)
        if payload is None:
            return None
        for key in payload.value:
            name = key.removesuffix(".$") if self.language == "JSONPath" else key
            if not _VARIABLE.fullmatch(name) or name == "states":
                self.report.add(
                    f"'{name}' is not a valid name of a variable", f"{self.inner('Assign')}/{escape(key)}"
                )
        return payload
