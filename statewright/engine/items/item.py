"""One item of a Map, and the items of an array or an object.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html#contextobject-map
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = Any

STATE_DATA = "STATE_DATA"


@dataclass(frozen=True, slots=True)
class Item:
    """One item: the element of an array, or the member of an object, which has a `key`.

    `source`: STATE_DATA, or the S3 URI that it was read from.
    """

    value: Json
    key: str | None = None
    source: str = STATE_DATA

    def context(self, index: int) -> Mapping[str, Json]:
        """Give `Map.Item` of the context object."""
        member = {} if self.key is None else {"Key": self.key}
        return {"Index": index, **member, "Value": self.value, "Source": self.source}


class Items:
    """The items of an array or an object that is at hand: `value`."""

    def __init__(self, value: list[Json] | dict[str, Json]) -> None:
        self.value = value

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Item]:
        if isinstance(self.value, dict):
            return (Item(value, key) for key, value in self.value.items())
        return map(Item, self.value)
