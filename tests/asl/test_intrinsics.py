"""Intrinsic functions: what each gives, what it refuses, how calls are written."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statewright.asl._intrinsic_functions import FUNCTIONS
from statewright.asl.intrinsics import Call, IntrinsicError, IntrinsicSyntaxError, compile_call
from statewright.asl.jsonpath import PathError


def call(text: str, document: Any = None, **roots: Any) -> Any:
    return compile_call(text).evaluate(document, **roots)


@pytest.mark.parametrize(
    ("text", "document", "value"),
    [
        ("States.Array()", None, []),
        ("States.Array($.a, 'x', -1.5, true, null)", {"a": [1]}, [[1], "x", -1.5, True, None]),
        ("States.ArrayPartition($, 2)", [1, 2, 3], [[1, 2], [3]]),
        ("States.ArrayPartition($, 1.5)", [1, 2, 3], [[1, 2], [3]]),
        ("States.ArrayContains($, $[0])", [[1, 2.0], 3], True),
        ("States.ArrayContains($, 1)", [True, "1"], False),
        ("States.ArrayRange(1, 9, 2)", None, [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", None, [3, 2, 1]),
        ("States.ArrayRange(1, 1000, 1)", None, list(range(1, 1001))),
        ("States.ArrayRange(3, 1, 1)", None, []),
        ("States.ArrayGetItem($, 1)", ["a", "b"], "b"),
        ("States.ArrayLength($)", [1, 2], 2),
        ("States.ArrayUnique($)", [1, 1.0, True, "1", {"a": 1}, {"a": 1.0}], [1, True, "1", {"a": 1}]),
        ("States.Base64Encode('Data to encode')", None, "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", None, "Data to encode"),
        ("States.Hash('input data', 'SHA-1')", None, "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        (
            "States.JsonMerge($.a, $.b, false)",
            {"a": {"x": {"p": 1}, "y": 1}, "b": {"x": {}}},
            {"x": {}, "y": 1},
        ),
        (
            "States.StringToJson('{\"a\": [1, 123456789012345678901]}')",
            None,
            {"a": [1, 123456789012345678901]},
        ),
        ("States.StringToJson('  ')", None, None),
        ("States.JsonToString($)", {"a": [1, "é", None]}, '{"a":[1,"é",null]}'),
        ("States.MathAdd(111, -1)", None, 110),
        ("States.MathAdd(1.5, 1.51)", None, 4),
        ("States.MathAdd(-0.5, -2.5)", None, -2),
        ("States.StringSplit('This.is+a,test=string', '.+,=')", None, ["This", "is", "a", "test", "string"]),
        ("States.StringSplit(',,a, b,', ',')", None, ["a", " b"]),
        ("States.StringSplit('a]b^c-d', ']^-')", None, ["a", "b", "c", "d"]),
        ("States.Format('Hello, {} {}.', $.n, 5)", {"n": "Ann"}, "Hello, Ann 5."),
        ("States.Format($.t, 1)", {"t": "<{}>"}, "<1>"),
        ("States.Format('{}', $)", {"a": [1, {"b": None}], "c": "x"}, "{a=[1, {b=null}], c=x}"),
        (
            "States.Format('{} {} {} {}', 1.0, 12345678.9, -0.0005, 1e22)",
            None,
            "1.0 1.23456789E7 -5.0E-4 1.0E22",
        ),
        (r"States.Format('\{\} \'{}\' \\', true)", None, r"{} 'true' \ ".rstrip(" ")),
        ("States.ArrayGetItem(States.StringSplit($.arn, ':'), 1)", {"arn": "x:y"}, "y"),
    ],
)
def test_functions_give_what_aws_gives(text: str, document: Any, value: Any) -> None:
    result = call(text, document)
    assert result == value
    assert type(result) is type(value)


def test_all_eighteen_functions_are_there() -> None:
    assert len(FUNCTIONS) == 18


def test_uuids_are_of_version_four_and_differ() -> None:
    first, second = uuid.UUID(call("States.UUID()")), uuid.UUID(call("States.UUID()"))
    assert first.version == 4
    assert first != second


def test_random_numbers_stay_in_their_range_and_a_seed_repeats_them() -> None:
    assert {call("States.MathRandom(1, 4)") for _ in range(200)} == {1, 2, 3}
    assert call("States.MathRandom(1, 999999, 7)") == call("States.MathRandom(1, 999999, 7)")


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("States.ArrayPartition($, 0)", [1]),
        ("States.ArrayPartition($, 'x')", [1]),
        ("States.ArrayRange(1, 1001, 1)", None),
        ("States.ArrayRange(1, 5, 0)", None),
        ("States.ArrayGetItem($, 2)", [1, 2]),
        ("States.ArrayGetItem($, -1)", [1, 2]),
        ("States.ArrayLength($)", "text"),
        ("States.Base64Encode($)", "x" * 10_001),
        ("States.Base64Decode('!')", None),
        ("States.Hash('x', 'SHA-3')", None),
        ("States.Hash($, 'MD5')", {"a": 1}),
        ("States.JsonMerge($, $, true)", {}),
        ("States.JsonMerge($, 1, false)", {}),
        ("States.StringToJson('{')", None),
        ("States.StringToJson('NaN')", None),
        ("States.StringToJson($)", "[" * 100_000),
        ("States.MathAdd(2147483647, 1)", None),
        ("States.MathAdd(true, 1)", None),
        ("States.MathAdd('1', 1)", None),
        ("States.MathRandom(3, 3)", None),
        ("States.Format('{}')", None),
        ("States.Format('x', 1)", None),
        ("States.Format('{x}', 1)", None),
        ("States.StringSplit(1, ',')", None),
    ],
)
def test_bad_arguments_fail_and_the_message_names_the_call(text: str, document: Any) -> None:
    with pytest.raises(IntrinsicError, match="had the following error") as failure:
        call(text, document)
    assert failure.value.call == text


def test_the_error_of_a_nested_call_names_the_nested_call() -> None:
    with pytest.raises(IntrinsicError) as failure:
        call("States.Array(States.ArrayLength(1))")
    assert failure.value.call == "States.ArrayLength(1)"


def test_a_path_that_points_nowhere_stays_a_path_error() -> None:
    with pytest.raises(PathError):
        call("States.Array($.nope)", {})


def test_arguments_come_from_context_and_variables_too() -> None:
    found = call("States.Array($$.a, $v['b,)'])", {}, context={"a": 1}, variables={"v": {"b,)": 2}})
    assert found == [1, 2]


def test_the_paths_of_a_call_are_known() -> None:
    paths = compile_call("States.Array($.a, States.Array($v, $$.c))").paths
    assert [path.text for path in paths] == ["$.a", "$v", "$$.c"]


@pytest.mark.parametrize(
    "text",
    [
        "States.Nope()",
        "States.Array",
        "States.Array(",
        "States.Array(1",
        "States.Array(1,)",
        "States.Array(1) x",
        "States.Array('x)",
        "States.Array(x)",
        "States.Array($.)",
        "States.UUID(1)",
        "States.MathAdd(1)",
        "States.MathRandom(1, 2, 3, 4)",
        r"States.StringToJson('{\"a\": 1}')",
        "$.a",
        "",
    ],
)
def test_a_text_that_is_no_call_is_refused(text: str) -> None:
    with pytest.raises(IntrinsicSyntaxError) as failure:
        compile_call(text)
    assert 0 <= failure.value.offset <= len(text)


def test_ten_functions_fit_into_a_field_and_eleven_do_not() -> None:
    compile_call(f"{'States.Array(' * 10}{')' * 10}")
    with pytest.raises(IntrinsicSyntaxError, match="at most 10"):
        compile_call(f"{'States.Array(' * 11}{')' * 11}")


@given(st.text(max_size=40))
def test_any_text_is_a_call_or_a_syntax_error(text: str) -> None:
    for candidate in (text, f"States.Format({text})", f"States.Array('{text}', $.{text})"):
        assert _is_refused_in_place(candidate) or isinstance(compile_call(candidate), Call)


def _is_refused_in_place(text: str) -> bool:
    try:
        compile_call(text)
    except IntrinsicSyntaxError as error:
        return 0 <= error.offset <= len(text)
    return False


@given(st.text())
def test_decoding_undoes_encoding(text: str) -> None:
    if len(text.encode("utf-8", "replace")) < 7_000:
        encoded = call("States.Base64Encode($)", text.encode("utf-8", "replace").decode())
        assert call("States.Base64Decode($)", encoded) == text.encode("utf-8", "replace").decode()


@given(st.text(), st.text(min_size=1, max_size=4))
def test_split_parts_hold_no_separator_and_lose_nothing_else(text: str, separators: str) -> None:
    parts = call("States.StringSplit($.t, $.s)", {"t": text, "s": separators})
    assert all(part and not set(part) & set(separators) for part in parts)
    assert "".join(parts) == "".join(c for c in text if c not in separators)
