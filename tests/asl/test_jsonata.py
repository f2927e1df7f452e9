"""JSONata: what expressions give, what Step Functions adds, and that nothing runs without end."""

from __future__ import annotations

import copy
import math
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statewright.asl.jsonata import (
    UNDEFINED,
    JsonataError,
    Limits,
    compile_expression,
    compile_template,
    is_expression,
)
from statewright.asl.jsonata.natives import NATIVES

INPUT: dict[str, Any] = {
    "a": {"b": [1, 2, {"c": "x"}]},
    "none": None,
    "empty": [],
    "big": 9007199254740993,
    "one": 1.0,
    "orders": [
        {"status": "open", "total": 3, "items": [{"sku": "p", "n": 1}, {"sku": "q", "n": 2}]},
        {"status": "shut", "total": 4.5, "items": [{"sku": "p", "n": 5}]},
    ],
}


def evaluate(text: str, **variables: Any) -> Any:
    return compile_expression(text).evaluate({"states": {"input": INPUT}, **variables})


def failure_of(text: str, limits: Limits | None = None, **variables: Any) -> JsonataError:
    with pytest.raises(JsonataError) as failure:
        compile_expression(text).evaluate({"states": {"input": INPUT}, **variables}, limits or Limits())
    return failure.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$states.input.a.b", [1, 2, {"c": "x"}]),
        ("$states.input.a.b.c", "x"),
        ("$states.input.none", None),
        ("$states.input.empty", []),
        ("$states.input.orders.total", [3, 4.5]),
        ("$states.input.orders[status='open'].total", 3),
        ("$states.input.orders[status='open'].total[]", [3]),
        ("$states.input.orders[0].items[-1].sku", "q"),
        ("$states.input.orders[[0..1]].status", ["open", "shut"]),
        ("$states.input.orders.items.sku", ["p", "q", "p"]),
        ("$states.input.orders.items{sku: $sum(n)}", {"p": 6, "q": 2}),
        ("$states.input.orders^(>total).status", ["shut", "open"]),
        ("$states.input.orders^(status, total)[0].total", 3),
        ("$states.input.orders#$i.($i & status)", ["0open", "1shut"]),
        ("$states.input.orders@$o.($o.status & $o.total)", ["open3", "shut4.5"]),
        ("$states.input.orders.items.%.status", ["open", "open", "shut"]),
        ("$states.input.orders.{'k': status}", [{"k": "open"}, {"k": "shut"}]),
        ("$states.input.orders.[total]", [[3], [4.5]]),
        ("$states.input.a.*.c", "x"),
        ("$states.input.**.sku", ["p", "q", "p"]),
        ("$states.input.orders ~> $count", 2),
        ("$states.input.a ~> |$|{'z': 1}, 'b'|", {"z": 1}),
        ("[null, 1, [2]]", [None, 1, [2]]),
        ("{'a': $nope, 'b': null}", {"b": None}),
        ("[1..3, 7]", [1, 2, 3, 7]),
        ("[3..1]", []),
        ("(1; 2)", 2),
        ("($x := 1; ($x := 2; $x) + $x)", 3),
        ("true ? 'y' : 'n'", "y"),
    ],
)
def test_expressions_select_and_build(text: str, value: Any) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "$states.nope",
        "$nope",
        "$states.input.a.b.c.d",
        "nothing",
        "$",
        "$$",
        "[][0]",
        "$filter([1], function($x){$x>1})",
    ],
)
def test_no_value_is_undefined_and_not_null(text: str) -> None:
    assert evaluate(text) is UNDEFINED


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("$states.input.one", "1"),
        ("3 / 2", "1.5"),
        ("4 / 2", "2"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("-7 % 3", "-1"),
        ("5.5 % 2", "1.5"),
        ("-0", "0"),
        ("$states.input.big", "9007199254740993"),
        ("1e20", "100000000000000000000"),
        ("$power(2, 60)", "1152921504606847000"),
        ("$sum([0.1, 0.2])", "0.30000000000000004"),
        ("$average([1, 2])", "1.5"),
        ("$round(2.5)", "2"),
        ("$round(-1.555, 2)", "-1.56"),
        ("$floor(-1.5)", "-2"),
        ("$number('1e3')", "1000"),
        ("$number('0x1F')", "31"),
    ],
)
def test_numbers_print_as_in_javascript(text: str, printed: str) -> None:
    assert repr(evaluate(text)) == printed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a' & 1 & null & true & {'x': [1.0]}", 'a1nulltrue{"x":[1]}'),
        ("$string(1e21) & $string(0.0000001) & $string(9007199254740993)", "1e+211e-79007199254740990"),
        ("$string({'a': [1]}, true)", '{\n  "a": [\n    1\n  ]\n}'),
        ("$substring('hello', -3, 2) & $substring('hello', 1)", "llello"),
        ("$substringBefore('a-b', '-') & $substringAfter('a-b', '-')", "ab"),
        ("$trim('  a \\n b ') & $pad('x', -3, '#')", "a b##x"),
        ("$uppercase('ß') & $lowercase('ÀB')", "SSàb"),
        ("$length('😀')", 1),
        ("$split('a1b2c', /\\d/)", ["a", "b", "c"]),
        ("$split('a,b,c', ',', 2)", ["a", "b"]),
        ("$join(['a', 'b'], '-')", "a-b"),
        ("$replace('john smith', /(\\w+) (\\w+)/, '$2, $1 $$')", "smith, john $"),
        ("$replace('abc', 'b', '$0')", "a$0c"),
        ("$replace('abc', /[ac]/, function($m) { $uppercase($m.match) })", "AbC"),
        ("$match('a1b22', /[a-z](\\d+)/)[1].groups", ["22"]),
        ("$contains('abc', /B/i)", True),
        ("/b(c)/('abcd').start", 1),
        ("$base64decode($base64encode('abc'))", "abc"),
        ("$encodeUrlComponent('a b&c') & $decodeUrl('%26%20')", "a%20b%26c%26 "),
        ("$formatNumber(12345.678, '#,##0.00')", "12,345.68"),
        ("$formatBase(255, 16) & $formatInteger(12, 'w')", "fftwelve"),
        ("$parseInteger('1,234', '#,##0')", 1234),
        ("$toMillis('2018-03-27T16:00:00.123+02:00')", 1522159200123),
        ("$fromMillis(1521801216617)", "2018-03-23T10:33:36.617Z"),
        ("$fromMillis(1521801216617, '[D01]/[M01]/[Y0001]')", "23/03/2018"),
        ("$toMillis('23/03/2018', '[D01]/[M01]/[Y0001]')", 1521763200000),
        ("$now() = $fromMillis($millis())", True),
    ],
)
def test_strings_and_dates(text: str, value: Any) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$map([1..3], function($v, $i, $a) { $v * $i + $count($a) })", [3, 5, 9]),
        ("$map([1, 2], $string)", ["1", "2"]),
        ("$filter([1..5], function($v) { $v % 2 = 0 })", [2, 4]),
        ("$reduce([1..4], function($a, $b) { $a * $b }, 10)", 240),
        ("$single([1, 2, 3], function($v) { $v = 2 })", 2),
        ("$sort([3, 1, 2], function($l, $r) { $l < $r })", [3, 2, 1]),
        ("$sort(['b', 'a'])", ["a", "b"]),
        ("$sift({'a': 1, 'b': 2}, function($v, $k) { $k = 'b' })", {"b": 2}),
        ("$each({'a': 1, 'b': 2}, function($v, $k) { $k & $v })", ["a1", "b2"]),
        ("$keys([{'a': 1}, {'b': 1, 'a': 2}])", ["a", "b"]),
        ("$merge([{'a': 1}, {'a': 2, 'b': 3}])", {"a": 2, "b": 3}),
        ("$spread({'a': 1, 'b': 2})", [{"a": 1}, {"b": 2}]),
        ("$distinct([1, 1.0, true, {'a': 1}, {'a': 1}])", [1, True, {"a": 1}]),
        ("$zip([1, 2, 3], ['a', 'b'])", [[1, "a"], [2, "b"]]),
        ("$append([1], 2) ~> $reverse", [2, 1]),
        ("$map([1, 2], $substring('abcdef', ?, 2))", ["bc", "cd"]),
        ("($trim ~> $uppercase)(' a ')", "A"),
        ("$boolean([0, 0]) or $not($exists($nope)) and $type(null) = 'null'", True),
        ("(function($x)<n:n> { $x + 1 })(1)", 2),
        ("($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(20))", 2432902008176640000),
        (
            "($even := function($n) { $n = 0 ? true : $odd($n - 1) }; $odd := function($n) { $even($n) }; 1)",
            1,
        ),
        ("($loop := function($n) { $n = 0 ? 'done' : $loop($n - 1) }; $loop(20000))", "done"),
    ],
)
def test_functions_of_higher_order(text: str, value: Any) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$partition([1..5], 2)", [[1, 2], [3, 4], [5]]),
        ("$partition([0], 3)", [[0]]),
        ("$range(0, 10, 3)", [0, 3, 6, 9]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$range(1, 9, 9)", 1),
        ("$hash('input data', 'MD5')", "812f45842bc6d66ee14572ce20db8e86"),
        ("$random(7) = $random(7)", True),
        ("$random() < 1", True),
        ("$length($uuid())", 36),
        ("$parse('{\"a\": [1, -0, 1.5, 123456789012345678901]}')", {"a": [1, 0, 1.5, 123456789012345678901]}),
    ],
)
def test_step_functions_own_functions(text: str, value: Any) -> None:
    assert evaluate(text) == value


def test_eval_is_not_there() -> None:
    assert "eval" not in NATIVES
    assert failure_of("$eval('1')").code == "T1006"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("$nope(1)", "T1006", "Attempted to invoke a non-function"),
        ("sum([1])", "T1005", "Attempted to invoke a non-function. Did you mean $sum?"),
        ("'a' + 1", "T2001", 'The left side of the "+" operator must evaluate to a number'),
        (
            "1 < 'a'",
            "T2009",
            'The values 1 and "a" either side of operator "<" must be of the same data type',
        ),
        ("$sum('a')", "T0412", 'Argument 1 of function "sum" must be an array of "numbers"'),
        ("$length(1)", "T0410", 'Argument 1 of function "length" does not match function signature'),
        ("$number('x')", "D3030", 'Unable to cast value to a number: "x"'),
        ("$error('boom {}')", "D3137", "boom {}"),
        ("$assert(1 = 2, 'm')", "D3141", "m"),
        ("1 / 0", "D1001", 'Number out of range: "Infinity"'),
        ("{1: 2}", "T1003", "Key in object structure must evaluate to a string; got: 1"),
        ("$parse('{')", "D3137", "The argument of function parse is not valid JSON"),
        ("$replace('a', /x*/, 'y')", "D1004", "Regular expression matches zero length string"),
    ],
)
def test_errors_have_jsonatas_codes_and_words(text: str, code: str, message: str) -> None:
    error = failure_of(text)
    assert (error.code, error.message) == (code, message)


def test_an_error_completes_the_sentence_of_aws() -> None:
    error = failure_of("$randomSeeded($states.input.a)")
    assert error.for_field("Output/x") == (
        "The JSONata expression '$randomSeeded($states.input.a)' specified for the field 'Output/x' "
        "threw an error during evaluation. T1006: Attempted to invoke a non-function"
    )


@pytest.mark.parametrize("text", ["$fn := function($x) {$x}", "[1, $sum]", "{'a': /x/}"])
def test_a_function_as_the_result_is_an_error(text: str) -> None:
    assert failure_of(text).outcome == "returned an unsupported result type."


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("1 +", "S0207", 3),
        ("(1", "S0203", 2),
        ("'a", "S0101", 2),
        ("a ?? b", "S0211", None),
        ("a ?: b", "S0211", None),
        ("1 2", "S0201", 3),
        ("/* open", "S0106", None),
        ("/(/", "S0302", None),
        ("", "S0207", 0),
        ("function(x){1}", "S0208", None),
        ("%", "S0217", None),
    ],
)
def test_syntax_errors_have_codes_and_positions(text: str, code: str, position: int | None) -> None:
    with pytest.raises(JsonataError) as failure:
        compile_expression(text)
    assert failure.value.code == code
    assert 0 <= failure.value.position <= len(text)
    if position is not None:
        assert failure.value.position == position


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("$states.input.a + $x", {"states", "x"}),
        ("($y := 1; $y + $x)", {"x"}),
        ("($y := $y; $y)", {"y"}),
        ("function($a) { $a + $b }", {"b"}),
        ("($f := function($n) { $f($n) }; $f(1))", set()),
        ("$map([1], function($v) { $sum([$v, $k]) })", {"k"}),
        ("$states.input.orders@$o#$i.($o & $i & $z)", {"states", "z"}),
        ("$nope(1)", {"nope"}),
    ],
)
def test_free_variables_are_those_that_the_expression_does_not_bind(text: str, free: set[str]) -> None:
    assert compile_expression(text).free_variables == free


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("($f := function($n) { $f($n + 1) }; $f(0))", "D1012"),
        ("($f := function($n) { 1 + $f($n) }; $f(0))", "D1011"),
        ("($f := function() { $f() & $f() }; $f())", "D1011"),
        ("$map([1..3000], function($x) { $map([1..3000], function($y) { 1 }) })", "D1012"),
        ("$count([1..10000000])", "D1013"),
        ("[1..20000000]", "D2014"),
        ("($f := function($s) { $f($s & $s) }; $f('ab'))", "D1013"),
        ("$pad('', 100000000)", "D1013"),
        ("$reduce([1..60], function($a, $b) { $append($a, $a) }, [1, 2])", "D1013"),
        ("$range(1, 1000000000, 1)", "D1013"),
        ("$replace($pad('', 5000, 'a'), /(\\w+)\\1+z/, 'x')", "D3142"),
        ("$sort([1..20000], function($a, $b) { $count([1..1000]) > 1 })", "D1012"),
    ],
)
def test_bombs_are_stopped(text: str, code: str) -> None:
    # Only what has no other bound is left to the clock: elsewhere a slow machine would meet it first.
    seconds = 0.3 if code in ("D1012", "D3142") else 10
    started = time.monotonic()
    error = failure_of(text, Limits(seconds=seconds))
    assert error.code in (code, "D1013")
    assert time.monotonic() - started < seconds + 3


def test_catastrophic_regular_expressions_are_matched_in_linear_time() -> None:
    # Far more time than a busy machine needs, and far less than 2 ** 20,000 steps would take.
    found = compile_expression("$contains($pad('', 20000, 'a') & 'b', /^(a+)+$/)")
    assert found.evaluate({}, Limits(seconds=60)) is False


def test_deep_nesting_is_an_error_of_syntax() -> None:
    for text in ("(" * 20_000, "[" * 5_000 + "]" * 5_000, "-" * 50_000 + "1", "x" * 200_000):
        with pytest.raises(JsonataError):
            compile_expression(text)


def test_long_chains_of_operators_evaluate() -> None:
    assert evaluate("+".join(["1"] * 500)) == 500


def test_an_evaluation_never_changes_its_input() -> None:
    before = copy.deepcopy(INPUT)
    evaluate("$states.input ~> |**|{'new': 1}, ['a', 'orders']|")
    evaluate("($states.input.orders{status: $}; $sort($states.input.a.b, function($l, $r) { true }))")
    assert before == INPUT


def test_one_expression_serves_many_threads() -> None:
    expression = compile_expression("($f := function($n) { $n = 0 ? $x : $f($n - 1) }; $f(50))")
    found: list[tuple[int, Any]] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append((n, expression.evaluate({"x": n}))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(n, n) for n in range(8)]


# --- templates ---


@pytest.mark.parametrize(
    ("value", "is_one"),
    [("{% 1 %}", True), ("{%%}", True), ("{% 1", False), (" {% 1 %}", False), ("{%}", False), (1, False)],
)
def test_expressions_stand_between_marks(value: Any, *, is_one: bool) -> None:
    assert is_expression(value) is is_one


def test_a_template_evaluates_its_expressions_and_nothing_else() -> None:
    template = compile_template({"a": ["{% $x + 1 %}", "$x"], "b": {"c": "{% $y %}"}, "{% $x %}": None})
    assert template.evaluate({"x": 1, "y": {"z": 1}}) == {
        "a": [2, "$x"],
        "b": {"c": {"z": 1}},
        "{% $x %}": None,
    }
    assert template.free_variables == {"x", "y"}
    assert [pointer for pointer, _ in template.expressions] == ["/a/0", "/b/c"]


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("$doesNotExist", "returned nothing (undefined)."),
        ("$error('x')", "threw an error during evaluation. D3137: x"),
    ],
)
def test_a_failing_expression_says_where_it_stands(expression: str, sentence: str) -> None:
    template = compile_template({"a/b": [1, f"{{% {expression} %}}"]})
    with pytest.raises(JsonataError) as failure:
        template.evaluate({})
    assert failure.value.where == "/a~1b/1"
    assert failure.value.for_field("Output") == (
        f"The JSONata expression '{expression}' specified for the field 'Output/a~1b/1' {sentence}"
    )


def test_a_syntax_error_in_a_template_says_where_it_stands() -> None:
    with pytest.raises(JsonataError) as failure:
        compile_template({"a": "{% 1 + %}"})
    assert (failure.value.where, failure.value.code) == ("/a", "S0207")


# --- properties ---

keys = st.sampled_from(["a", "b", "c"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e300, 1e300) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.lists(keys, max_size=3))
def test_the_fast_path_of_references_answers_as_the_general_one(document: Any, names: list[str]) -> None:
    path = "".join(f".{name}" for name in names)
    fast = compile_expression(f"$x{path}").evaluate({"x": document})
    # `.$` takes the same steps but is no plain reference.
    general = compile_expression(f"($y := function() {{ $x }}; $y(){path})").evaluate({"x": document})
    assert fast == general or (fast is UNDEFINED and general is UNDEFINED)


@given(json_values)
def test_what_passes_through_stays_the_same(document: Any) -> None:
    before = copy.deepcopy(document)
    found = compile_expression("{'x': $x, 'y': [{'z': $x}]}").evaluate({"x": document})
    assert found == {"x": document, "y": [{"z": document}]}
    assert document == before


@given(json_values)
def test_parsing_undoes_printing(document: Any) -> None:
    found = compile_expression("$parse($string({'x': $x}))").evaluate({"x": document})
    assert _close(found["x"], document)


def _close(left: Any, right: Any) -> bool:
    """Compare up to the 15 digits that $string keeps."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_close(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_close, left, right))
    if isinstance(left, int | float) and isinstance(right, int | float) and not isinstance(right, bool):
        return math.isclose(left, right, rel_tol=1e-14)
    return bool(left == right)


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(1, 50))
def test_arithmetic_on_integers_stays_exact(a: int, b: int, c: int) -> None:
    assert evaluate("$a * $b + $c - $a", a=a, b=b, c=c) == a * b + c - a


@given(st.text(max_size=30))
def test_any_text_is_an_expression_or_a_jsonata_error(text: str) -> None:
    position = 0
    try:
        compile_expression(text).evaluate({"x": 1}, Limits(seconds=1))
    except JsonataError as error:
        position = error.position
    assert 0 <= position <= len(text)


tokens = st.sampled_from(
    [
        "$x",
        "$",
        "$$",
        "a",
        "1",
        "'s'",
        "null",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        ":",
        ",",
        ";",
        ".",
        "..",
        "*",
        "**",
        "%",
        "+",
        "-",
        "=",
        "!=",
        "<",
        "in",
        "and",
        "or",
        "&",
        "~>",
        ":=",
        "?",
        "@",
        "#",
        "^(",
        "|",
        "function($v){",
        "/a+/",
        "$map(",
        "$sum(",
        "$string(",
        "$sort(",
        "$y",
        "[0]",
        "true",
        "$keys(",
        "$lookup(",
        "`b`",
        "λ",
        "<n:n>",
        "$merge(",
        "$zip(",
        "?,",
    ]
)


@given(st.lists(tokens, max_size=14), json_values)
def test_any_tokens_give_json_or_a_jsonata_error_and_change_nothing(parts: list[str], document: Any) -> None:
    before = copy.deepcopy(document)
    try:
        value = compile_expression(" ".join(parts)).evaluate({"x": document}, Limits(seconds=1))
    except JsonataError:
        pass
    else:
        assert value is UNDEFINED or _is_plain(value)
    assert document == before


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return type(value) is list and all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(member) for key, member in value.items())
    return value is None or isinstance(value, bool | int | float | str)
