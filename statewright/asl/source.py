"""JSON texts with positions: where every value of a document stands.

SourceText("...").value                    the value, as json.loads gives it
SourceText("...").location("/States/A")    JSON pointer (RFC 6901), line and column (from 1) of a value
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from statewright.asl import strict_json

Json = Any

MAX_BYTES = 1_048_576  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_DEPTH = 200

_TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+', re.DOTALL)
_WORD = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(frozen=True, slots=True)
class Location:
    """Where a value stands: JSON pointer, line and column (both from 1)."""

    pointer: str
    line: int
    column: int


class JsonSyntaxError(ValueError):
    """A text that is no JSON; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class SourceText:
    """A JSON document and the positions of its values; raises JsonSyntaxError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.duplicates: list[str] = []
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.value = self._load()
        self._offsets = self._scan()

    def location(self, pointer: str) -> Location:
        """Give the position of the value at a pointer, or of what is nearest to it."""
        known = pointer
        while known and known not in self._offsets:
            known = known.rpartition("/")[0]
        line, column = self._line_and_column(self._offsets.get(known, 0))
        return Location(pointer, line, column)

    def _line_and_column(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def _fail(self, message: str, offset: int) -> JsonSyntaxError:
        return JsonSyntaxError(message, *self._line_and_column(offset))

    def _load(self) -> Json:
        if len(self.text) > MAX_BYTES or len(self.text.encode("utf-8", "replace")) > MAX_BYTES:
            raise self._fail(f"The definition is larger than {MAX_BYTES} bytes", 0)
        try:
            return json.loads(self.text, parse_constant=self._refuse_constant, parse_float=self._finite)
        except json.JSONDecodeError as error:
            word = _WORD.match(self.text, error.pos)
            if word and error.msg.startswith("Expecting value"):
                expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
                message = f"Unrecognized token '{word.group()}': was expecting {expected}"
                raise self._fail(message, word.end()) from error
            raise self._fail(error.msg, error.pos) from error
        except RecursionError as error:
            raise self._fail("The definition nests too deep", 0) from error

    def _refuse_constant(self, word: str) -> None:
        raise self._fail(f"Non-standard token '{word}'", max(self.text.find(word), 0))

    def _finite(self, digits: str) -> float:
        try:
            return strict_json.finite(digits)
        except ValueError as error:
            raise self._fail(str(error), max(self.text.find(digits), 0)) from error

    def _scan(self) -> dict[str, int]:
        """Walk the tokens of a text that is known to be JSON; give the offset of each pointer."""
        offsets: dict[str, int] = {}
        stack: list[tuple[str, int | None]] = []  # prefix of a container, next index of an array
        pointer, key_is_next = "", False
        for token in _TOKEN.finditer(self.text):
            text = token.group()
            if text in ("{", "["):
                offsets[pointer] = token.start()
                stack.append((pointer, 0 if text == "[" else None))
                if len(stack) > MAX_DEPTH:
                    raise self._fail(f"The definition nests deeper than {MAX_DEPTH}", token.start())
                key_is_next = text == "{"
                pointer = f"{pointer}/0" if text == "[" else pointer
            elif text in ("}", "]"):
                stack.pop()
            elif text == ",":
                prefix, index = stack.pop()
                index = None if index is None else index + 1
                stack.append((prefix, index))
                key_is_next = index is None
                pointer = prefix if index is None else f"{prefix}/{index}"
            elif text == ":":
                key_is_next = False
            elif key_is_next:
                pointer = f"{stack[-1][0]}/{escape(json.loads(text, strict=False))}"
                if pointer in offsets:
                    self.duplicates.append(pointer)
                offsets[pointer] = token.start()
            else:
                offsets[pointer] = token.start()
        return offsets


def escape(name: str) -> str:
    """Escape a member's name for a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
