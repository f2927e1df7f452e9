"""Text -> steps: the grammar of JSONPath as Step Functions takes it (Jayway's dialect)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from statewright.asl import _jsonpath_steps as steps
from statewright.asl import patterns

# A definition is at most 1 MB; no path that a person writes comes near these.
MAX_LENGTH = 20_000
MAX_NESTING = 40

_NAME = re.compile(r"""[^\s.\[\](){}'",*?]+""")
_VARIABLE = re.compile(r"[^\W\d]\w*")
_INTEGER = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?")
_WORD = re.compile(r"[A-Za-z]+")
_OPERATOR = re.compile(r"===|!==|==|!=|<=|>=|=~|<|>|[a-z]+")
_FUNCTION = re.compile(r"([a-z]+)\(\s*(-?\d{1,9})?\s*\)")

FUNCTIONS = frozenset(
    {"length", "size", "min", "max", "avg", "sum", "stddev", "keys", "concat", "first", "last", "index"}
)


class PathSyntaxError(ValueError):
    """A text that is no JSONPath; `offset` counts characters from the start of the text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class ParsedPath:
    """`root` is "$", "$$" or the name of a variable; `function` is a call at the end, with its argument."""

    root: str
    steps: tuple[steps.Step, ...]
    function: tuple[str, int | None] | None


def parse(text: str) -> ParsedPath:
    """Parse a whole path; raises PathSyntaxError."""
    return _Parser(text).whole_path()


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise PathSyntaxError(f"a path may have at most {MAX_LENGTH} characters", MAX_LENGTH)
        self.text = text
        self.at = 0
        self.nesting = 0

    # --- characters ---

    def fail(self, message: str) -> PathSyntaxError:
        return PathSyntaxError(message, self.at)

    def peek(self, token: str) -> bool:
        return self.text.startswith(token, self.at)

    def accept(self, token: str) -> bool:
        if not self.peek(token):
            return False
        self.at += len(token)
        return True

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.fail(f"expected {token!r}")

    def take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match.group()

    def skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t\r\n":
            self.at += 1

    # --- paths ---

    def whole_path(self) -> ParsedPath:
        root = self.root()
        found, function = self.tail(may_call=True)
        if self.at < len(self.text):
            raise self.fail(f"unexpected {self.text[self.at]!r}")
        return ParsedPath(root, found, function)

    def root(self) -> str:
        if not self.accept("$"):
            raise self.fail("a path starts with '$'")
        if self.accept("$"):
            return "$$"
        return self.take(_VARIABLE) or "$"

    def tail(self, *, may_call: bool) -> tuple[tuple[steps.Step, ...], tuple[str, int | None] | None]:
        found: list[steps.Step] = []
        while self.at < len(self.text):
            if self.accept(".."):
                found.append(steps.Descendants())
                found.append(self.bracket() if self.peek("[") else self.member())
            elif self.peek(".["):
                self.at += 1
                found.append(self.bracket())
            elif self.accept("."):
                function = self.call() if may_call else None
                if function is not None:
                    return tuple(found), function
                found.append(self.member())
            elif self.peek("["):
                found.append(self.bracket())
            else:
                break
        return tuple(found), None

    def call(self) -> tuple[str, int | None] | None:
        match = _FUNCTION.match(self.text, self.at)
        if match is None:
            return None
        name, argument = match.groups()
        if name not in FUNCTIONS:
            raise self.fail(f"unknown function {name}()")
        if (argument is not None) != (name == "index"):
            raise self.fail(f"{name}() has the wrong number of arguments")
        self.at = match.end()
        return name, None if argument is None else int(argument)

    def member(self) -> steps.Step:
        if self.accept("*"):
            return steps.Wildcard()
        name = self.take(_NAME)
        if name is None:
            raise self.fail("expected a name")
        return steps.Names((name,))

    def bracket(self) -> steps.Step:
        self.expect("[")
        self.skip_blanks()
        step = self.inside_bracket()
        self.skip_blanks()
        self.expect("]")
        return step

    def inside_bracket(self) -> steps.Step:
        if self.accept("*"):
            return steps.Wildcard()
        if self.accept("?"):
            return self.filter()
        if self.peek("'") or self.peek('"'):
            names = [self.quoted()]
            while self.another():
                names.append(self.quoted())
            return steps.Names(tuple(names))
        return self.indices_or_slice()

    def another(self) -> bool:
        self.skip_blanks()
        if not self.accept(","):
            return False
        self.skip_blanks()
        return True

    def indices_or_slice(self) -> steps.Step:
        first = self.integer()
        self.skip_blanks()
        if self.accept(":"):
            self.skip_blanks()
            return steps.Slice(first, self.integer())
        if first is None:
            raise self.fail("expected a name in quotes, an index, a slice, '*' or '?('")
        indices = [first]
        while self.another():
            index = self.integer()
            if index is None:
                raise self.fail("expected an index")
            indices.append(index)
        return steps.Indices(tuple(indices))

    def integer(self) -> int | None:
        digits = self.take(_INTEGER)
        return None if digits is None else int(digits)

    def quoted(self) -> str:
        """Read a quoted name; a backslash protects the quote and itself and stands for itself elsewhere."""
        quote = self.text[self.at : self.at + 1]
        if quote not in ("'", '"'):
            raise self.fail("expected a name in quotes")
        start = self.at
        self.at += 1
        parts: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == quote:
                self.at += 1
                return "".join(parts)
            if character == "\\" and self.text[self.at + 1 : self.at + 2] in (quote, "\\"):
                self.at += 1
                character = self.text[self.at]
            parts.append(character)
            self.at += 1
        raise PathSyntaxError("a quoted name has no end", start)

    # --- filters ---

    def filter(self) -> steps.Step:
        self.skip_blanks()
        self.expect("(")
        condition = self.any_of()
        self.skip_blanks()
        self.expect(")")
        return steps.Filter(condition)

    def any_of(self) -> steps.Condition:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.fail(f"conditions may nest {MAX_NESTING} deep")
        conditions = [self.all_of()]
        while self.operator_follows("||"):
            conditions.append(self.all_of())
        self.nesting -= 1
        return conditions[0] if len(conditions) == 1 else steps.AnyOf(tuple(conditions))

    def all_of(self) -> steps.Condition:
        conditions = [self.condition()]
        while self.operator_follows("&&"):
            conditions.append(self.condition())
        return conditions[0] if len(conditions) == 1 else steps.AllOf(tuple(conditions))

    def operator_follows(self, operator: str) -> bool:
        self.skip_blanks()
        return self.accept(operator)

    def condition(self) -> steps.Condition:
        self.skip_blanks()
        negated = False
        while self.accept("!"):
            negated = not negated
            self.skip_blanks()
        condition = self.plain_condition()
        return steps.Not(condition) if negated else condition

    def plain_condition(self) -> steps.Condition:
        if self.accept("("):
            condition = self.any_of()
            self.skip_blanks()
            self.expect(")")
            return condition
        left = self.operand()
        self.skip_blanks()
        start = self.at
        operator = self.take(_OPERATOR)
        if operator is None:
            return steps.Exists(left)
        if operator not in steps.COMPARISONS:
            self.at = start
            raise self.fail(f"unknown operator {operator!r}")
        self.skip_blanks()
        right = self.regex() if operator == "=~" else self.operand()
        return steps.Comparison(left, steps.COMPARISONS[operator], right)

    def operand(self) -> steps.Operand:
        if self.accept("@"):
            return steps.InnerPath(from_item=True, steps=self.tail(may_call=False)[0])
        if self.accept("$"):
            return steps.InnerPath(from_item=False, steps=self.tail(may_call=False)[0])
        return steps.Literal(self.literal())

    def literal(self) -> steps.Json:
        if self.peek("'") or self.peek('"'):
            return self.quoted()
        if self.accept("["):
            return self.list_literal()
        number = self.take(_NUMBER)
        if number is not None:
            return float(number) if re.search("[.eE]", number) else int(number)
        word = self.take(_WORD)
        if word not in ("true", "false", "null"):
            raise self.fail("expected a path or a literal")
        return {"true": True, "false": False, "null": None}[word]

    def list_literal(self) -> list[steps.Json]:
        members: list[steps.Json] = []
        self.skip_blanks()
        if self.accept("]"):
            return members
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.fail(f"lists may nest {MAX_NESTING} deep")
        members.append(self.literal())
        while self.another():
            members.append(self.literal())
        self.skip_blanks()
        self.expect("]")
        self.nesting -= 1
        return members

    def regex(self) -> steps.Operand:
        start = self.at
        self.expect("/")
        while self.at < len(self.text) and self.text[self.at] != "/":
            self.at += 2 if self.text[self.at] == "\\" else 1
        source = self.text[start + 1 : self.at]
        self.expect("/")
        flags = self.take(_WORD) or ""
        try:
            return steps.Regex(patterns.compile_pattern(source, flags))
        except patterns.PatternError as error:
            raise PathSyntaxError(f"bad regular expression: {error}", start) from error
