"""What is told of a refused message stays small, however long the names in it are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from pipeline import refusals
from tests.functions.objects_sent import order
from tests.functions.streams import message, quarantined, stream, told_row

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

LIMIT = refusals.MAX_POINTER_CHARACTERS


@given(st.text(max_size=2 * LIMIT), st.integers(12, LIMIT))
def test_a_text_is_cut_where_its_json_has_no_room(text: str, characters: int) -> None:
    found = refusals.cut(text, characters)
    assert len(json.dumps(found)) - 2 <= characters
    if len(json.dumps(text)) - 2 <= characters:
        assert found == text
    else:
        assert found.endswith("…")
        assert text.startswith(found[:-1])


def test_a_text_that_just_fits_is_whole() -> None:
    assert refusals.cut("x" * LIMIT, LIMIT) == "x" * LIMIT
    assert refusals.cut("x" * (LIMIT + 1), LIMIT) == "x" * (LIMIT - 6) + "…"


def test_the_whole_place_is_in_quarantine(cloud: Cloud) -> None:
    done = stream(message(order(2, **{"n" * 9000: 10**60 + 1}), "m1"))
    (said,) = done.shard["refusals"]
    assert said["pointer"] == "/" + "n" * (LIMIT - 7) + "…"
    assert quarantined(cloud)[0]["pointer"] == "/" + "n" * 9000
    row = told_row("message:m1")
    assert row is not None
    assert row["pointer"]["S"] == said["pointer"]


def test_a_reason_is_cut_too() -> None:
    assert (
        len(refusals.cut("é" * 9000, refusals.MAX_REASON_CHARACTERS)) == refusals.MAX_REASON_CHARACTERS // 6
    )
