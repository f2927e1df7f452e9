"""Pages: each item once, whatever is added meanwhile; tokens of others are refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statewright.api.errors import ApiError
from statewright.api.pages import page


def walk(items: list[str], size: int) -> list[str]:
    seen: list[str] = []
    token: str | None = None
    while True:
        part, token = page(items, str, "scope", token, size)
        seen += part
        if token is None:
            return seen


@given(st.sets(st.text(), max_size=40), st.integers(1, 50))
def test_pages_together_are_the_list(items, size):
    assert walk(sorted(items), size) == sorted(items)


def test_a_hundred_items_are_a_page_where_no_size_is_asked_for():
    items = [f"{number:03}" for number in range(101)]
    for size in (None, 0):
        assert len(page(items, str, "scope", None, size)[0]) == 100


def test_items_added_or_taken_meanwhile_neither_repeat_nor_hide_others():
    def place(number):
        return [-number, "arn"]  # the newest first

    _, token = page([30, 20, 10, 5], place, "scope", None, 2)
    assert list(page([50, 40, 30, 20, 10, 5], place, "scope", token, 10)[0]) == [10, 5]
    assert list(page([30, 10, 5], place, "scope", token, 10)[0]) == [10, 5]
    assert list(page([5], place, "scope", token, 10)[0]) == [5]


@pytest.mark.parametrize(
    "token",
    ["InvalidToken", "", "é", base64.b64encode(b"5").decode(), base64.b64encode(b'["x", 1]').decode()],
)
def test_a_token_that_is_not_ours_is_refused(token):
    with pytest.raises(ApiError) as caught:
        page(["a"], str, "scope", token, 1)
    assert (caught.value.code, caught.value.message) == ("InvalidToken", "Invalid Token: 'Invalid token'")


def test_a_token_holds_for_its_list_alone():
    _, token = page(["a", "b"], str, "one", None, 1)
    with pytest.raises(ApiError, match="Invalid Token"):
        page(["a", "b"], str, "other", token, 1)
