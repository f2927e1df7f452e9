"""JavaScript's regular expressions: as a tree, as source of Python's `re`, and what matching may cost."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TypeAlias

MAX_LENGTH = 5_000
MAX_NESTING = 100
# A repetition is unrolled by the machine, so its count is bounded.
MAX_COUNT = 1_000

LINE_ENDS = "\\n\\r\\u2028\\u2029"
_DIGIT, _NOT_DIGIT = "0-9", "\\x00-/:-\\U0010ffff"
_WORD, _NOT_WORD = "A-Za-z0-9_", "\\x00-/:-@\\[-\\^`{-\\U0010ffff"
_SPACE = "\\t-\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff"
_NOT_SPACE = (
    "\\x00-\\x08\\x0e-\\x1f!-\\u009f\\u00a1-\\u167f\\u1681-\\u1fff\\u200b-\\u2027\\u202a-\\u202e"
    "\\u2030-\\u205e\\u2060-\\u2fff\\u3001-\\ufefe\\uff00-\\U0010ffff"
)
CLASSES = {"d": _DIGIT, "D": _NOT_DIGIT, "w": _WORD, "W": _NOT_WORD, "s": _SPACE, "S": _NOT_SPACE}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_COUNT = re.compile(r"\{(\d{1,9})(?:(,)(\d{1,9})?)?\}")
_GROUP_NAME = re.compile(r"<([A-Za-z_$][\w$]*)>")


class PatternError(ValueError):
    """A text that is no regular expression, or one that is not supported."""


@dataclass(frozen=True, slots=True)
class One:
    """One character out of a class; `source` is the class in Python's notation."""

    source: str


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`most` is None where there is no end."""

    body: Node
    least: int
    most: int | None
    is_greedy: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group, counted from 1."""

    body: Node
    number: int


@dataclass(frozen=True, slots=True)
class Reference:
    number: int


@dataclass(frozen=True, slots=True)
class Position:
    """`kind` is "^", "$", "b" or "B"."""

    kind: str


@dataclass(frozen=True, slots=True)
class Look:
    body: Node
    is_behind: bool
    is_negative: bool


Node: TypeAlias = One | Sequence | Choice | Repeat | Group | Reference | Position | Look


@dataclass(frozen=True, slots=True)
class Tree:
    root: Node
    groups: int
    has_references: bool


def parse(source: str) -> Tree:
    """Parse the source of a regular expression; raises PatternError."""
    if len(source) > MAX_LENGTH:
        raise PatternError(f"a regular expression may have at most {MAX_LENGTH} characters")
    parser = _Parser(source)
    root = parser.choice()
    if parser.at < len(source):
        raise PatternError(f"unmatched {source[parser.at]!r}")
    for number in parser.references:
        if number > parser.groups:
            raise PatternError(f"there is no group {number}")
    return Tree(root, parser.groups, bool(parser.references))


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.groups = 0
        self.nesting = 0
        self.names: dict[str, int] = {}
        self.references: list[int] = []

    def peek(self, token: str) -> bool:
        return self.source.startswith(token, self.at)

    def accept(self, token: str) -> bool:
        if not self.peek(token):
            return False
        self.at += len(token)
        return True

    def choice(self) -> Node:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise PatternError(f"groups may nest {MAX_NESTING} deep")
        branches = [self.sequence()]
        while self.accept("|"):
            branches.append(self.sequence())
        self.nesting -= 1
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def sequence(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.source) and not self.peek("|") and not self.peek(")"):
            atom = self.atom()
            parts.append(self.quantified(atom))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def quantified(self, atom: Node) -> Node:
        least, most = self.count()
        if least < 0:
            return atom
        if isinstance(atom, Position) or (isinstance(atom, Look) and atom.is_behind):
            raise PatternError("nothing to repeat")
        is_greedy = not self.accept("?")
        if self.source[self.at : self.at + 1] in ("*", "+", "?"):
            raise PatternError("nothing to repeat")
        return Repeat(atom, least, most, is_greedy)

    def count(self) -> tuple[int, int | None]:
        """Read a quantifier; the least is -1 where there is none."""
        for token, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.accept(token):
                return bounds
        match = _COUNT.match(self.source, self.at)
        if match is None:
            return -1, None
        self.at = match.end()
        least = int(match.group(1))
        most = least if match.group(2) is None else None if match.group(3) is None else int(match.group(3))
        if most is not None and most < least:
            raise PatternError("a repetition's bounds are out of order")
        if max(least, most or 0) > MAX_COUNT:
            raise PatternError(f"a repetition may count to {MAX_COUNT}")
        return least, most

    def atom(self) -> Node:
        character = self.source[self.at]
        self.at += 1
        if character in "*+?":
            raise PatternError("nothing to repeat")
        if character == "(":
            return self.group()
        if character == "[":
            return self.character_class()
        if character == "\\":
            return self.escape()
        if character in "^$":
            return Position(character)
        return One(f"[^{LINE_ENDS}]" if character == "." else literal(character))

    def group(self) -> Node:
        for token in ("?=", "?!", "?<=", "?<!"):
            if self.accept(token):
                return Look(self.closed(), is_behind="<" in token, is_negative="!" in token)
        if self.accept("?:"):
            return self.closed()
        if self.accept("?"):
            match = _GROUP_NAME.match(self.source, self.at)
            if match is None or match.group(1) in self.names:
                raise PatternError("bad group")
            self.at = match.end()
            self.names[match.group(1)] = self.groups + 1
        self.groups += 1
        number = self.groups
        return Group(self.closed(), number)

    def closed(self) -> Node:
        body = self.choice()
        if not self.accept(")"):
            raise PatternError("a group has no end")
        return body

    def escape(self) -> Node:
        character = self.next_escaped()
        if character in "bB":
            return Position(character)
        if character in CLASSES:
            return One(f"[{CLASSES[character]}]")
        if character in "123456789":
            digits = re.compile(r"\d{0,2}").match(self.source, self.at)
            assert digits is not None
            self.at = digits.end()
            self.references.append(int(character + digits.group()))
            return Reference(self.references[-1])
        if character == "k" and (match := _GROUP_NAME.match(self.source, self.at)):
            self.at = match.end()
            if match.group(1) not in self.names:
                raise PatternError("a reference to a named group must stand behind it")
            self.references.append(self.names[match.group(1)])
            return Reference(self.references[-1])
        return One(literal(self.escaped_character(character)))

    def next_escaped(self) -> str:
        if self.at >= len(self.source):
            raise PatternError("a backslash at the end")
        self.at += 1
        return self.source[self.at - 1]

    def escaped_character(self, character: str) -> str:
        if character in _CONTROLS:
            return _CONTROLS[character]
        for letter, size in (("x", 2), ("u", 4)):
            digits = self.source[self.at : self.at + size]
            if character == letter and re.fullmatch(f"[0-9A-Fa-f]{{{size}}}", digits):
                self.at += size
                return chr(int(digits, 16))
        if character == "c" and re.match("[A-Za-z]", self.source[self.at : self.at + 1]):
            self.at += 1
            return chr(ord(self.source[self.at - 1]) % 32)
        return character

    def character_class(self) -> Node:
        is_negative = self.accept("^")
        parts: list[str] = []
        while not self.accept("]"):
            if self.at >= len(self.source):
                raise PatternError("a character class has no end")
            parts.append(self.class_part())
        if not parts:
            return One("[^\\x00-\\U0010ffff]" if not is_negative else "[\\x00-\\U0010ffff]")
        return One(f"[{'^' if is_negative else ''}{''.join(parts)}]")

    def class_part(self) -> str:
        first = self.class_atom()
        if len(first) > 1 or not self.peek("-") or self.source[self.at + 1 : self.at + 2] in ("]", ""):
            return first if len(first) > 1 else literal(first)
        self.at += 1
        last = self.class_atom()
        if len(last) > 1:
            return literal(first) + "\\-" + last
        if ord(last) < ord(first):
            raise PatternError("a range of characters is out of order")
        return f"{literal(first)}-{literal(last)}"

    def class_atom(self) -> str:
        """Read a character, or a class like `\\d`, whose source is longer than a character."""
        character = self.source[self.at]
        self.at += 1
        if character != "\\":
            return character
        escaped = self.next_escaped()
        if escaped in CLASSES:
            return CLASSES[escaped]
        return "\b" if escaped == "b" else self.escaped_character(escaped)


def literal(character: str) -> str:
    """Write a character so that it stands for itself in Python's `re`, inside a class and outside."""
    return character if character.isalnum() else f"\\U{ord(character):08x}"


# --- Python's source ---

_WORD_EDGE = f"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))"
_NO_WORD_EDGE = f"(?:(?<=[{_WORD}])(?=[{_WORD}])|(?<![{_WORD}])(?![{_WORD}]))"


def to_python(node: Node, *, multiline: bool) -> str:
    """Write a tree as source of Python's `re`."""
    if isinstance(node, One):
        return node.source
    if isinstance(node, Sequence):
        return "".join(_in_sequence(part, multiline=multiline) for part in node.parts)
    if isinstance(node, Choice):
        return "|".join(to_python(branch, multiline=multiline) for branch in node.branches)
    if isinstance(node, Repeat):
        most = "" if node.most is None else str(node.most)
        body = to_python(node.body, multiline=multiline)
        return f"(?:{body}){{{node.least},{most}}}{'' if node.is_greedy else '?'}"
    if isinstance(node, Group):
        return f"({to_python(node.body, multiline=multiline)})"
    if isinstance(node, Reference):
        return f"(?({node.number})\\{node.number}(?:))"
    if isinstance(node, Look):
        mark = ("<" if node.is_behind else "") + ("!" if node.is_negative else "=")
        return f"(?{mark}{to_python(node.body, multiline=multiline)})"
    return _position(node.kind, multiline=multiline)


def _in_sequence(node: Node, *, multiline: bool) -> str:
    source = to_python(node, multiline=multiline)
    return f"(?:{source})" if isinstance(node, Choice) else source


def _position(kind: str, *, multiline: bool) -> str:
    if kind == "b":
        return _WORD_EDGE
    if kind == "B":
        return _NO_WORD_EDGE
    if kind == "^":
        return f"(?:\\A|(?<=[{LINE_ENDS}]))" if multiline else "\\A"
    return f"(?=[{LINE_ENDS}]|\\Z)" if multiline else "\\Z"


# --- cost ---


def degree(tree: Tree, *, multiline: bool) -> float:
    """Give d so that a search over n characters takes `re` about n**d steps at most; inf where unknown."""
    if tree.has_references:
        return math.inf
    growth, options = _cost(tree.root)
    if options > _MAX_OPTIONS:
        return math.inf
    is_anchored = not multiline and _starts_anchored(tree.root)
    return growth + (0 if is_anchored else 1)


# Each optional part may double the work: up to here that counts as a constant.
_MAX_OPTIONS = 8


def _cost(node: Node) -> tuple[float, int]:
    """Give the degree of a node and how many optional parts it holds."""
    if isinstance(node, One | Position | Reference):
        return 0, 0
    if isinstance(node, Sequence):
        costs = [_cost(part) for part in node.parts]
        return sum(growth for growth, _ in costs), sum(options for _, options in costs)
    if isinstance(node, Choice):
        costs = [_cost(branch) for branch in node.branches]
        return max(growth for growth, _ in costs), 1 + sum(options for _, options in costs)
    if isinstance(node, Group | Look):
        return _cost(node.body)
    growth, options = _cost(node.body)
    if node.least == node.most and growth == 0:
        return growth, options * node.least
    if node.most == 1:
        return growth, options + 1
    # A loop around a body of one fixed length without choices is linear; any other may be exponential.
    return (1, 0) if growth == 0 and options == 0 else (math.inf, 0)


def _starts_anchored(node: Node) -> bool:
    if isinstance(node, Sequence):
        return bool(node.parts) and _starts_anchored(node.parts[0])
    if isinstance(node, Group):
        return _starts_anchored(node.body)
    return node == Position("^")
