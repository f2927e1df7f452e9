"""The 18 intrinsic functions of JSONPath states: `States.Format('{} of {}', $.n, $$.State.Name)`.

    IntrinsicSyntaxError   the text is no call: unknown function, wrong arity, bad escape (at `offset`)
    IntrinsicError         the call failed on its arguments (States.IntrinsicFailure)

A path among the arguments that points nowhere raises `jsonpath.PathError`.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from statewright.asl import jsonpath
from statewright.asl._intrinsic_functions import FUNCTIONS, Function, FunctionError, Json

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Call", "IntrinsicError", "IntrinsicSyntaxError", "compile_call", "is_call"]

# "You can nest up to 10 intrinsic functions within a field": AWS's example of nine counts every call.
MAX_CALLS = 10
MAX_LENGTH = 200_000

_NAME = re.compile(r"States\.[A-Za-z0-9]+")
_NUMBER = re.compile(r"-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?")
_CONSTANTS = {"true": True, "false": False, "null": None}
_NO_VARIABLES: Mapping[str, Json] = MappingProxyType({})


class IntrinsicSyntaxError(ValueError):
    """A text that is no intrinsic function call; `offset` counts characters from the start of the text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class IntrinsicError(ValueError):
    """A call that failed on its arguments: AWS's error States.IntrinsicFailure."""

    def __init__(self, call: str, reason: str) -> None:
        super().__init__(f"The function '{call}' had the following error: {reason}")
        self.call = call
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Constant:
    """A string, number, boolean or null among the arguments."""

    value: Json


@dataclass(frozen=True, slots=True)
class Call:
    """A compiled call; `text` is its source."""

    text: str
    function: Function
    arguments: tuple[Constant | jsonpath.Path | Call, ...]

    def evaluate(
        self, document: Json, *, context: Json = None, variables: Mapping[str, Json] = _NO_VARIABLES
    ) -> Json:
        """Call the function; raises IntrinsicError and PathError."""
        values = [
            argument.value
            if isinstance(argument, Constant)
            else argument.evaluate(document, context=context, variables=variables)
            for argument in self.arguments
        ]
        try:
            return self.function.apply(*values)
        except FunctionError as error:
            raise IntrinsicError(self.text, str(error)) from error

    @property
    def paths(self) -> tuple[jsonpath.Path, ...]:
        """Every path among the arguments, those of nested calls too."""
        found: list[jsonpath.Path] = []
        for argument in self.arguments:
            if isinstance(argument, jsonpath.Path):
                found.append(argument)
            elif isinstance(argument, Call):
                found.extend(argument.paths)
        return tuple(found)


def is_call(text: str) -> bool:
    """Say whether a template's string is meant as a call rather than as a path."""
    return text.startswith("States.")


@lru_cache(maxsize=4096)
def compile_call(text: str) -> Call:
    """Compile a call once; raises IntrinsicSyntaxError, or PathSyntaxError for a path among its arguments."""
    if len(text) > MAX_LENGTH:
        raise IntrinsicSyntaxError(f"a call may have at most {MAX_LENGTH} characters", MAX_LENGTH)
    parser = _Parser(text)
    call = parser.call()
    parser.skip_blanks()
    if parser.at < len(text):
        raise parser.fail(f"unexpected {text[parser.at]!r}")
    return call


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.calls = 0

    def fail(self, message: str) -> IntrinsicSyntaxError:
        return IntrinsicSyntaxError(message, self.at)

    def skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t\r\n":
            self.at += 1

    def accept(self, token: str) -> bool:
        self.skip_blanks()
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def call(self) -> Call:
        self.skip_blanks()
        start = self.at
        match = _NAME.match(self.text, self.at)
        function = FUNCTIONS.get(match.group()) if match else None
        if match is None or function is None:
            raise self.fail(
                f"unknown intrinsic function {match.group()!r}" if match else "expected States.<Function>"
            )
        self.calls += 1
        if self.calls > MAX_CALLS:
            raise self.fail(f"a field may hold at most {MAX_CALLS} intrinsic functions")
        self.at = match.end()
        if not self.accept("("):
            raise self.fail("expected '('")
        arguments = self.arguments(function)
        if not function.takes(len(arguments)):
            self.at = start
            raise self.fail(f"{match.group()} takes {function.arity} arguments, not {len(arguments)}")
        return Call(self.text[start : self.at], function, arguments)

    def arguments(self, function: Function) -> tuple[Constant | jsonpath.Path | Call, ...]:
        found: list[Constant | jsonpath.Path | Call] = []
        if self.accept(")"):
            return ()
        while True:
            self.skip_blanks()
            found.append(self.argument(keep_escapes=function.is_format and not found))
            if self.accept(")"):
                return tuple(found)
            if not self.accept(","):
                raise self.fail("expected ',' or ')'")

    def argument(self, *, keep_escapes: bool) -> Constant | jsonpath.Path | Call:
        character = self.text[self.at : self.at + 1]
        if character == "'":
            return Constant(self.string(keep_escapes=keep_escapes))
        if character == "$":
            return self.path()
        if is_call(self.text[self.at : self.at + 7]):
            return self.call()
        return Constant(self.number_or_word())

    def number_or_word(self) -> Json:
        match = _NUMBER.match(self.text, self.at)
        if match:
            self.at = match.end()
            return float(match.group()) if match.group(1) or match.group(2) else int(match.group())
        for word, value in _CONSTANTS.items():
            if self.accept(word):
                return value
        raise self.fail("expected a path, a string in apostrophes, a number, true, false, null or a call")

    def string(self, *, keep_escapes: bool) -> str:
        """Read a string; the backslash protects `'`, `{`, `}` and itself, and nothing else may follow it."""
        start = self.at
        self.at += 1
        parts: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "'":
                self.at += 1
                return "".join(parts)
            if character == "\\":
                escaped = self.text[self.at + 1 : self.at + 2]
                if escaped not in ("'", "{", "}", "\\"):
                    raise self.fail(f"\\{escaped} is no escape: only \\' \\{{ \\}} and \\\\ are")
                self.at += 1
                character = "\\" + escaped if keep_escapes else escaped
            parts.append(character)
            self.at += 1
        raise IntrinsicSyntaxError("a string has no closing apostrophe", start)

    def path(self) -> jsonpath.Path:
        """Read a path: up to the comma or parenthesis outside its own brackets and quotes."""
        start = self.at
        depth = 0
        quote = ""
        while self.at < len(self.text):
            character = self.text[self.at]
            if quote:
                if character == "\\":
                    self.at += 1
                elif character == quote:
                    quote = ""
            elif character in "'\"":
                quote = character
            elif character in "([":
                depth += 1
            elif character in ")]" and depth:
                depth -= 1
            elif character in ",)" and not depth:
                break
            self.at += 1
        source = self.text[start : self.at].rstrip()
        try:
            return jsonpath.compile_path(source)
        except jsonpath.PathSyntaxError as error:
            raise IntrinsicSyntaxError(
                f"bad path {source!r}: {error.message}", start + error.offset
            ) from error
