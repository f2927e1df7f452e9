from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import sketches
from pipeline.sketches import Distinct

ENCODER = msgspec.json.Encoder(order="deterministic")


def of(texts: list[str]) -> Distinct:
    found = Distinct()
    found.add(texts)
    return found


def form(found: Distinct) -> bytes:
    found.settle()
    return ENCODER.encode(found)


def test_up_to_the_bound_each_text_is_counted() -> None:
    texts = [f"text {number}" for number in range(sketches.MAX_DISTINCT)]
    found = of(texts * 2)
    assert found.exact
    assert found.estimate() == sketches.MAX_DISTINCT
    assert found.counts == Counter(texts * 2)


def test_with_one_text_more_their_number_is_estimated() -> None:
    found = of([f"text {number}" for number in range(sketches.MAX_DISTINCT + 1)])
    assert not found.exact
    assert found.counts == {}
    assert found.estimate() == pytest.approx(sketches.MAX_DISTINCT + 1, rel=0.1)


@pytest.mark.parametrize("count", [10_000, 50_000, 200_000])
def test_an_estimate_is_within_four_standard_errors(count: int) -> None:
    found = Distinct()
    for first in range(0, count, 1000):
        found.add([f"00{number:07}-X" for number in range(first, first + 1000)])
    assert found.estimate() == pytest.approx(count, rel=4 / sketches.HASHES**0.5)


def test_memory_is_bounded_however_many_texts_there_are() -> None:
    found = Distinct()
    for first in range(0, 100_000, 1000):
        found.add([str(number) for number in range(first, first + 1000)])
        assert found.hashes is None or len(found.hashes) <= 2 * sketches.HASHES
    assert len(form(found)) < 50_000


def test_what_is_estimated_is_the_same_on_every_machine() -> None:
    """The hash is xxh3, whose values are specified; Python's own differs from process to process."""
    assert of([str(number) for number in range(20_000)]).estimate() == 19_731


@given(st.lists(st.integers(0, 60)), st.data())
def test_parts_in_any_order_say_what_the_whole_says(numbers: list[int], data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sketches, "MAX_DISTINCT", 12)
        patched.setattr(sketches, "HASHES", 8)
        texts = [f"text {number}" for number in numbers]
        cuts = sorted(data.draw(st.lists(st.integers(0, len(texts)), max_size=6)))
        parts = [texts[first:end] for first, end in zip([0, *cuts], [*cuts, len(texts)], strict=True)]
        merged = Distinct()
        for part in data.draw(st.permutations(parts)):
            merged.merge(msgspec.json.decode(form(of(part)), type=Distinct))
        assert form(merged) == form(of(texts))
        assert merged.exact == (len(set(texts)) <= 12)


def test_a_text_that_comes_again_is_no_other() -> None:
    texts = [f"text {number}" for number in range(9_000)]
    once, often = of(texts), Distinct()
    for _ in range(3):
        often.add(random.Random(1).sample(texts, len(texts)))
    assert form(once) == form(often)
