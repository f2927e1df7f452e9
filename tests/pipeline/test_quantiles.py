from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import quantiles
from pipeline.quantiles import Values

ENCODER = msgspec.json.Encoder(order="deterministic")
PERCENTS = (0, 1, 5, 25, 50, 75, 95, 99, 100)

decimals = st.builds(
    lambda sign, digits, exponent: Decimal((sign, tuple(map(int, str(digits))), exponent)),
    st.integers(0, 1),
    st.integers(0, 10**38 - 1),
    st.integers(-130, 88),
)
plain = st.decimals(-1000, 1000, places=2)
numbers = st.lists(st.one_of(st.integers(-50, 50), st.integers(-(10**37), 10**37), plain, decimals))


def of(found: list[Any]) -> Values:
    values = Values()
    if found:
        count(values, found)
    return values


def count(values: Values, found: list[Any]) -> None:
    values.add(found, [1] * len(found))


def form(values: Values) -> bytes:
    return ENCODER.encode(values)


def nearest_rank(found: list[Any], percent: int) -> Any:
    rank = max(1, -(-len(found) * percent // 100))
    return sorted(found)[rank - 1]


def assert_right(values: Values, found: list[Any]) -> None:
    measures = values.told()
    assert measures is not None
    total = sum(map(Fraction, found))
    assert Fraction(measures.total) == total
    assert (measures.count, measures.least, measures.most) == (len(found), min(found), max(found))
    assert abs(Fraction(measures.mean) * len(found) - total) <= abs(total) * Fraction(5, 10**15)
    for percent, said in values.quantiles(PERCENTS).items():
        right = Fraction(nearest_rank(found, percent))
        assert abs(Fraction(said) - right) <= abs(right) * Fraction(values.error)
    assert values.quantiles([0, 100]) == {0: min(found), 100: max(found)} or values.error


@given(numbers.filter(bool))
def test_of_few_numbers_all_is_exact(found: list[Any]) -> None:
    values = of(found)
    assert values.error == 0
    assert_right(values, found)


@given(numbers.filter(bool), st.integers(4, 40))
def test_of_many_numbers_quantiles_are_within_their_error(found: list[Any], buckets: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(quantiles, "MAX_NUMBERS", 3)
        patched.setattr(quantiles, "MAX_BUCKETS", max(buckets, one_digit(found)))
        values = of(found)
        assert_right(values, found)
        assert len(values.counts) <= max(buckets, one_digit(found))


def one_digit(found: list[Any]) -> int:
    return len({str(quantiles._CUT[1].normalize(number)) for number in found})


@given(numbers, st.data())
def test_parts_in_any_order_say_what_the_whole_says(found: list[Any], data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(quantiles, "MAX_NUMBERS", 5)
        patched.setattr(quantiles, "MAX_BUCKETS", max(9, one_digit(found)))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(found)), max_size=5)))
        parts = [found[first:end] for first, end in zip([0, *cuts], [*cuts, len(found)], strict=True)]
        merged = Values()
        for part in data.draw(st.permutations(parts)):
            merged.merge(msgspec.json.decode(form(of(part)), type=Values))
        whole = of(found)
        assert form(merged) == form(whole)
        assert merged.told() == whole.told()


@given(numbers, st.integers(1, 1000))
def test_what_comes_several_times_is_as_if_it_were_told_so_often(found: list[Any], times: int) -> None:
    at_once = of(found)
    if found:
        at_once.add(found, [times] * len(found))
    assert form(at_once) == form(of(found * (times + 1)))


def test_numbers_at_the_bound_are_kept_and_one_more_makes_buckets() -> None:
    values = of(list(range(quantiles.MAX_NUMBERS)))
    assert values.error == 0
    assert values.quantiles([50]) == {50: 1023}
    count(values, [-1])
    assert values.error == Decimal("0.005")
    assert values.quantiles([1, 50]) == {1: 19, 50: 1025}
    measures = values.told()
    assert measures is not None
    assert (measures.total, measures.least, measures.most) == (sum(range(2048)) - 1, -1, 2047)


def test_numbers_of_all_magnitudes_have_no_more_buckets_than_the_bound() -> None:
    values = Values()
    for sign in (1, -1):
        for exponent in range(-130, 126):
            count(values, [Decimal(sign * digit).scaleb(exponent - 2) for digit in range(100, 1000, 7)])
            assert len(values.counts) <= quantiles.MAX_BUCKETS
    count(values, [0])
    assert values.digits == 1
    assert len(values.counts) == 4_609
    assert values.error == Decimal("0.5")


@pytest.mark.parametrize("zero", ["0", "-0", "0.000", "0E-999999", "0E+999999", "-0E-9999999"])
def test_a_zero_is_a_zero_however_it_is_written(zero: str) -> None:
    values = of([Decimal(zero), Decimal("1.5")])
    measures = values.told()
    assert measures is not None
    assert [str(each) for each in (measures.total, measures.least, measures.most)] == ["1.5", "0", "1.5"]
    values = of(list(range(1, quantiles.MAX_NUMBERS + 2)))
    count(values, [Decimal(zero), Decimal("1.5")])
    measures = values.told()
    assert measures is not None
    assert (str(measures.least), str(values.quantiles([0])[0])) == ("0", "0")


def test_equal_numbers_are_one_however_they_are_written() -> None:
    assert len(of([1, Decimal("1.0"), Decimal("1.00"), Decimal("10E-1")]).counts) == 1


def test_a_mean_is_rounded_to_fifteen_digits_half_to_even() -> None:
    measures = of([1, 0, 0]).told()
    assert measures is not None
    assert str(measures.mean) == "0.333333333333333"
    measures = of([Decimal("1.00000000000001"), Decimal("1.00000000000002")]).told()
    assert measures is not None
    assert str(measures.mean) == "1.00000000000002"
    assert measures.total == Decimal("2.00000000000003")
