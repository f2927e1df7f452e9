"""Text -> syntax tree, by jsonata-python's parser, held to JSONata 2.0.6.

What the parser does beyond 2.0.6 (`?:`, `??`) is taken back; whatever it raises on odd input becomes a
JException. Importing the library raises the interpreter's recursion limit to 10,000, and evaluations need
that room: a nested call takes about a dozen frames, and Limits.depth bounds the calls.
"""

from __future__ import annotations

from typing import Any

from jsonata import JException, Parser, Tokenizer

from statewright.asl import patterns

Symbol = Any

# Far above what a person writes; the tokenizer's time grows with the square of the length.
MAX_LENGTH = 100_000
# Nested brackets: the parser and the compiler recurse.
MAX_NESTING = 300

# Operators of later versions: in 2.0.6 they are two tokens.
_LATER_OPERATORS = frozenset({"?:", "??"})
_MALFORMED = (
    IndexError,
    KeyError,
    AttributeError,
    TypeError,
    ValueError,
    NotImplementedError,
    RecursionError,
)


class _Lexer(Tokenizer):  # type: ignore[misc]
    def next(self, prefix: bool) -> Any:
        token = super().next(prefix)
        if token is not None and token.type == "operator" and token.value in _LATER_OPERATORS:
            self.position -= 1
            token.value, token.position = "?", self.position
        return token


class _Parser(Parser):  # type: ignore[misc]
    def parse(self, jsonata: str, regex_engine: Any = None) -> Symbol:  # noqa: ARG002
        self.source = jsonata
        # The blank keeps the lexer from running over the end behind a comment.
        self.lexer = _Lexer(jsonata + " ", _compile_regex)
        self.advance()
        tree = self.expression(0)
        if self.node.id != "(end)":
            raise JException("S0201", self.node.position, self.node.value)
        tree = self.process_ast(tree)
        if tree.type == "parent" or tree.seeking_parent is not None:
            raise JException("S0217", tree.position, tree.type)
        return tree


def _compile_regex(source: str, flags: Any) -> patterns.Pattern:
    letters = ("i" if flags.case_insensitive else "") + ("m" if flags.multiline else "")
    return patterns.compile_pattern(source, letters)


def parse(text: str) -> Symbol:
    """Parse an expression; raises JException, whatever the text."""
    if len(text) > MAX_LENGTH:
        raise JException("S0500", MAX_LENGTH)
    parser = _Parser()
    try:
        return parser.parse(text)
    except patterns.PatternError as error:
        raise JException("S0302", parser.lexer.position, str(error)) from error
    except _MALFORMED as error:
        # The parser runs over the end of unfinished comments, escapes and the like.
        lexer: Any = parser.lexer
        position = 0 if lexer is None else min(lexer.position, len(text))
        in_comment = isinstance(error, IndexError) and text.rfind("/*") > text.rfind("*/")
        raise JException("S0106" if in_comment else "S0207", position) from error
