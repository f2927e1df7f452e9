"""Signatures of functions: `<s-nn?:s>`. Source: https://docs.jsonata.org/programming#function-signatures"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

import jsonata as library

from statewright.asl.jsonata.values import UNDEFINED, Function, Value, fail


def symbol_of(value: Value) -> str:
    """Give a value's letter in the language of signatures."""
    if value is UNDEFINED:
        return "m"
    if value is None:
        return "l"
    if isinstance(value, bool):
        return "b"
    for kind, symbol in ((str, "s"), (int, "n"), (float, "n"), (list, "a"), (dict, "o"), (Function, "f")):
        if isinstance(value, kind):
            return symbol
    return "m"


@dataclass(frozen=True, slots=True)
class Parameter:
    """`pattern` matches the letters of the arguments that it takes."""

    type: str
    pattern: str
    takes_context: bool
    subtype: str | None


class Signature:
    """A compiled signature."""

    __slots__ = ("least", "name", "parameters", "pattern")

    def __init__(self, parameters: tuple[Parameter, ...], name: str) -> None:
        self.parameters = parameters
        self.name = name
        self.pattern = re.compile("".join(f"({parameter.pattern})" for parameter in parameters))
        # What JSONata calls the arity of a native function: the arguments that it must have.
        self.least = sum(1 for parameter in parameters if not parameter.pattern.endswith("?"))

    @classmethod
    def parse(cls, text: str, name: str) -> Signature:
        """Compile the text of a signature."""
        return cls.of_library(library.Signature(text, name), name)

    @classmethod
    def of_library(cls, parsed: Any, name: str) -> Signature:
        """Take over what the library's parser read."""
        parameters = tuple(Parameter(p.type, p.regex, p.context, p.subtype) for p in parsed._params)
        return cls(parameters, name)

    def validate(self, arguments: list[Value], context: Value) -> list[Value]:
        """Give the arguments as the function wants them, or fail with T0410, T0411, T0412."""
        supplied = "".join(map(symbol_of, arguments))
        match = self.pattern.fullmatch(supplied)
        if match is None:
            self._refuse(supplied)
        validated: list[Value] = []
        position = 0
        for parameter, letters in zip(self.parameters, match.groups(), strict=True):
            if not letters:
                validated.append(self._absent(parameter, context, position))
                if not parameter.takes_context:
                    position += 1
                continue
            for letter in letters:
                validated.append(self._present(parameter, letters, letter, arguments[position], position))
                position += 1
        return validated

    def _absent(self, parameter: Parameter, context: Value, position: int) -> Value:
        if not parameter.takes_context:
            return UNDEFINED
        if not re.fullmatch(parameter.pattern, symbol_of(context)):
            fail("T0411", value=context, index=position + 1, token=self.name)
        return context

    def _present(
        self, parameter: Parameter, letters: str, letter: str, argument: Value, position: int
    ) -> Value:
        if parameter.type != "a" or letter == "m":
            return argument
        if parameter.subtype is not None and not self._fits(parameter.subtype, letters, letter, argument):
            fail("T0412", index=position + 1, token=self.name, type=_ARRAYS_OF.get(parameter.subtype, "any"))
        return argument if letter == "a" else [argument]

    @staticmethod
    def _fits(subtype: str, letters: str, letter: str, argument: Value) -> bool:
        if letter != "a":
            return letters == subtype
        if not argument:
            return True
        first = symbol_of(argument[0])
        return first == subtype[0] and all(symbol_of(item) == first for item in argument)

    def _refuse(self, supplied: str) -> NoReturn:
        """Find the argument to blame: the first that does not fit, else the first that is too many."""
        good_to = 0
        pattern = ""
        for parameter in self.parameters:
            pattern += parameter.pattern
            match = re.match(pattern, supplied)
            if match is None:
                break
            good_to = match.end()
        fail("T0410", index=good_to + 1, token=self.name, value=None)


_ARRAYS_OF = {
    "a": "arrays",
    "b": "booleans",
    "f": "functions",
    "n": "numbers",
    "o": "objects",
    "s": "strings",
}
