"""Expressions: compiled once, evaluated within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from jsonata import JException

from statewright.asl.jsonata import aws, collections, dates, numbers, strings  # noqa: F401 -- they register functions
from statewright.asl.jsonata.compiler import Compiler, Scope
from statewright.asl.jsonata.natives import NATIVES
from statewright.asl.jsonata.syntax import parse
from statewright.asl.jsonata.values import (
    UNDEFINED,
    EvaluationError,
    Frame,
    Limits,
    Run,
    Undefined,
    Value,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.asl.jsonata.calls import Evaluate

LIMITS = Limits()


class JsonataError(ValueError):
    """An expression that cannot be parsed, or fails, or yields what it must not.

    `code` is JSONata's ("S0201", "T1006", "D3137"), "" where AWS gives none; `position` counts characters
    from the start of the expression; `expression` is its text; `where` is the JSON pointer inside a
    template, "" where there is none; `outcome` is the end of AWS's sentence, which `for_field` completes.
    """

    def __init__(
        self, message: str, position: int, code: str, expression: str, where: str = "", outcome: str = ""
    ) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.message = message
        self.position = position
        self.code = code
        self.expression = expression
        self.where = where
        self.outcome = outcome or f"threw an error during evaluation. {self}"

    @classmethod
    def of_nothing(cls, expression: str) -> JsonataError:
        """Make the error of an expression that yields no value where one is needed."""
        return cls("returned nothing (undefined)", 0, "", expression, outcome="returned nothing (undefined).")

    def at(self, where: str) -> JsonataError:
        """Give the error with its place in a template."""
        return JsonataError(self.message, self.position, self.code, self.expression, where, self.outcome)

    def for_field(self, field: str) -> str:
        """Give AWS's sentence; `field` is the state's field, to which the place in the template is added."""
        place = f"specified for the field '{field}{self.where}'"
        return f"The JSONata expression '{self.expression}' {place} {self.outcome}"


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; `free_variables` are those that it does not bind itself, without their `$`."""

    text: str
    free_variables: frozenset[str]
    program: Evaluate

    def evaluate(
        self, bindings: Mapping[str, Value], limits: Limits = LIMITS, now: float | None = None
    ) -> Value | Undefined:
        """Give the value as plain JSON, or UNDEFINED; raises JsonataError.

        The value may share parts with the bindings, which are never changed. `now` is what $now() and
        $millis() tell, in seconds since the epoch; the machine's clock where it is None.
        """
        run = Run(limits, now)
        frame = Frame(Frame(None, run, NATIVES), run, dict(bindings))
        try:
            return plain(self.program(UNDEFINED, frame), self._refuse_function)
        except EvaluationError as error:
            raise JsonataError(error.message, error.position or 0, error.code, self.text) from error
        except RecursionError as error:
            overflow = EvaluationError("D1011")
            raise JsonataError(overflow.message, 0, overflow.code, self.text) from error

    def _refuse_function(self) -> NoReturn:
        message = "returned an unsupported result type."
        raise JsonataError(message, 0, "", self.text, outcome=message)


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """Compile an expression once (its text without the marks); raises JsonataError."""
    compiler = Compiler(frozenset(NATIVES))
    try:
        program = compiler.compile(parse(text), Scope())
    except JException as error:
        failure = _syntax_failure(error)
        position = min(max(0, error.location), len(text))
        raise JsonataError(failure.message, position, failure.code, text) from error
    except EvaluationError as error:
        raise JsonataError(error.message, error.position or 0, error.code, text) from error
    except RecursionError as error:
        raise JsonataError("the expression nests too deeply", 0, "S0500", text) from error
    return Expression(text, frozenset(compiler.free), program)


def _syntax_failure(error: JException) -> EvaluationError:
    """Give the library's error its own code and inserts back."""
    if error.error in ("S0202", "S0203"):  # what was expected comes first
        return EvaluationError(error.error, value=error.current, token=error.expected)
    # An unknown escape has the code of an empty regular expression.
    code = "S0103" if error.error == "S0301" and error.current is not None else error.error
    return EvaluationError(code, token=error.current, value=error.current)
