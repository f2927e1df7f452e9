"""The digest of the documents that contracts consist of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import documents

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("functions/notify.json", False),
        ("reports/prices.json", False),
        ("reference/currencies.json", True),
        ("datasets/orders/1.json", True),
    ],
)
def test_a_new_price_changes_nothing_of_what_becomes_of_files(
    tmp_path: Path, name: str, counts: bool
) -> None:
    digests = set()
    for text in ("1", "2"):
        folder = tmp_path / text
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
        digests.add(documents.digest(folder))

    assert (len(digests) == 2) is counts
