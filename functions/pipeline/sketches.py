"""How many different texts there are: exactly while they are few, estimated above that.

What comes out is a function of the texts alone: however they are cut into parts, and in whichever order the
parts are merged.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from xxhash import xxh3_64_intdigest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Up to here each text is kept with its count.
MAX_DISTINCT = 2048
# Above it so many of the smallest hashes: the estimate's standard error is 1 to their root, 2.2 %.
HASHES = 2048
_LARGEST = (1 << 64) - 1


class Distinct(msgspec.Struct):
    """Which texts there are: their counts while they are few, then the smallest of their hashes.

    The smallest hashes tell how dense all of them lie, and so how many there are: Bar-Yossef et al.,
    "Counting distinct elements in a data stream" (2002). Larger ones than `below` are not among them.
    """

    counts: dict[str, int] = {}
    hashes: set[int] | None = None
    below: int = _LARGEST

    def __post_init__(self) -> None:
        self.counts = Counter(self.counts)

    @property
    def exact(self) -> bool:
        """Whether each text is known."""
        return self.hashes is None

    def add(self, texts: Iterable[str]) -> None:
        """Count texts."""
        if self.hashes is None:
            self.counts.update(texts)  # type: ignore[arg-type] # it is a Counter
            self._bound()
        else:
            self._keep(_hashes(texts))

    def add_plain(self, texts: Sequence[bytes]) -> None:
        """Count texts that are ASCII."""
        if self.hashes is None:
            self.counts.update({text.decode(): count for text, count in Counter(texts).items()})
            self._bound()
        else:
            self._keep(map(xxh3_64_intdigest, texts))

    def merge(self, other: Distinct) -> None:
        """Take in what another one knows."""
        if self.hashes is None and other.hashes is None:
            self.counts.update(other.counts)
            self._bound()
            return
        if self.hashes is None:
            self._to_hashes()
        self._keep(_hashes(other.counts) if other.hashes is None else other.hashes)

    def settle(self) -> None:
        """Take the one form that these texts have."""
        if self.hashes is not None:
            smallest = sorted(self.hashes)[:HASHES]
            self.hashes, self.below = set(smallest), smallest[-1]

    def estimate(self) -> int:
        """Return how many texts there are; exact while their counts are kept."""
        if self.hashes is None:
            return len(self.counts)
        return ((HASHES - 1) << 64) // sorted(self.hashes)[HASHES - 1]

    def _bound(self) -> None:
        if len(self.counts) > MAX_DISTINCT:
            self._to_hashes()

    def _to_hashes(self) -> None:
        texts, self.counts, self.hashes = self.counts, Counter(), set()
        self._keep(_hashes(texts))

    def _keep(self, hashes: Iterable[int]) -> None:
        assert self.hashes is not None
        below = self.below
        self.hashes.update([each for each in hashes if each <= below])
        if len(self.hashes) > 2 * HASHES:
            self.settle()


def _hashes(texts: Iterable[str]) -> Iterable[int]:
    return map(xxh3_64_intdigest, map(str.encode, texts))
