"""Regular expressions: JavaScript's meaning, by either engine, and never without end."""

from __future__ import annotations

import contextlib
import dataclasses
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from statewright.asl.patterns import PatternError, PatternTimeoutError, compile_pattern


def texts(source: str, text: str, flags: str = "") -> list[str]:
    return [match.text for match in compile_pattern(source, flags).find_all(text)]


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        (r"\d+", "a12b3٣", ["12", "3"]),
        (r"\w+", "é_a1", ["_a1"]),
        (r"\s", "a\u00a0\ufeffb", ["\u00a0", "\ufeff"]),
        (r".", "a\n\u2028b", ["a", "b"]),
        (r"a$", "a\n", []),
        (r"[^\d\s]+", "ab 12", ["ab"]),
        (r"[\w-]+", "a-b c", ["a-b", "c"]),
        (r"[]a]", "a]", []),
        (r"[^]", "\n", ["\n"]),
        (r"a{,2}", "a{,2}", ["a{,2}"]),
        (r"x{2,3}?", "xxxxx", ["xx", "xx"]),
        (r"(?<=a+)b", "aab", ["b"]),
        (r"(?!foo)\b\w+", "foo bar", ["bar"]),
        (r"(?<y>\d)\k<y>", "1122", ["11", "22"]),
        (r"\u0041\x42\/", "AB/", ["AB/"]),
    ],
)
def test_the_dialect_is_javascripts(source: str, text: str, found: list[str]) -> None:
    assert texts(source, text) == found


def test_flags_ignore_case_and_work_by_line() -> None:
    assert texts("^ab", "AB\naB", "im") == ["AB", "aB"]


@pytest.mark.parametrize(
    "bad",
    [
        "(",
        ")",
        "a**",
        "a++",
        "[",
        "\\",
        "(?P<a>b)",
        "(?i)a",
        "x{3,2}",
        "(?<a>x)(?<a>y)",
        "\\1",
        "[b-a]",
        "a{9999}",
        "(a{1000}){1000}",
        "(" * 200 + ")" * 200,
        "x" * 6000,
    ],
)
def test_what_is_no_pattern_or_too_large_is_refused(bad: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(bad)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"(a+)+$", "a" * 20_000 + "b"),
        (r"\s+$", " " * 20_000 + "x"),
        (r"(x+x+)+y", "x" * 10_000),
        (r"(.*)(.*)(.*)(.*)z", "a" * 4_000),
        (r"(a|a)*b", "a" * 20_000),
        (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 10_000),
        (r"(a?){40}a{40}b", "a" * 40),
    ],
)
def test_catastrophic_patterns_end_in_linear_time(source: str, text: str) -> None:
    started = time.monotonic()
    assert list(compile_pattern(source).find_all(text, started + 20)) == []
    assert time.monotonic() - started < 5


def test_back_references_end_at_the_deadline() -> None:
    with pytest.raises(PatternTimeoutError):
        list(compile_pattern(r"(\w+)\1+z").find_all("a" * 5_000, time.monotonic() + 0.1))


pieces = st.sampled_from(
    ["a", "b", "[ab]", ".", r"\w", "(a)", "(?:ab)", "(a|b)", "(a|)", "^", "$", r"\b", "(?=a)", "(?!b)"]
)
quantified = st.tuples(pieces, st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "*?", "+?"])).map(
    "".join
)


@given(
    st.lists(quantified, min_size=1, max_size=4).map("".join),
    st.text("ab \n", max_size=12),
    st.sampled_from(["", "i", "m"]),
)
def test_both_engines_find_the_same(source: str, text: str, flags: str) -> None:
    try:
        pattern = compile_pattern(source, flags)
    except PatternError:
        assume(condition=False)
    assume(pattern.quick is not None)
    by_machine = dataclasses.replace(pattern, quick=None)
    spans = [(match.start, match.end, match.groups) for match in pattern.find_all(text)]
    assert [(match.start, match.end, match.groups) for match in by_machine.find_all(text)] == spans
    assert by_machine.fullmatch(text) == pattern.fullmatch(text)


@given(st.text(max_size=20))
def test_any_text_is_a_pattern_or_a_pattern_error(source: str) -> None:
    with contextlib.suppress(PatternError, PatternTimeoutError):
        list(compile_pattern(source).find_all("aab b", time.monotonic() + 1))
