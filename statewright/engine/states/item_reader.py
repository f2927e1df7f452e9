"""ItemReader: the items of a Distributed Map, read from S3 while its children run.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.integrations.aws import UnsupportedParameter, client_of
from statewright.engine.items.data_sets import ReaderSettings, open_data_set
from statewright.engine.items.reader_errors import READER_FAILED, reader_failure
from statewright.engine.items.s3_objects import S3Objects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from statewright.asl.tree import ItemReader, Map
    from statewright.engine.items.item import Item
    from statewright.engine.step import Step

Json = Any

# "You can specify a limit of up to 100,000,000 after which the Distributed Map stops reading items."
MAX_ITEMS = 100_000_000
# Items that a thread reads at once: few, as each may have 8 MB.
_AT_ONCE = 64


async def read_items(
    step: Step, state: Map, value: Json, objects: S3Objects | None = None
) -> AsyncIterator[Item]:
    """Read the items of a Map with an ItemReader, one after the other; raises StateFailure.

    `objects` stand in for those in S3.

    An ItemsPath beside an ItemReader has no effect, as recorded on AWS.
    """
    reader = state.reader
    assert reader is not None
    most = _max_items(step, reader, value)
    arguments = {} if reader.payload is None else step.template(reader.payload, value)
    if not isinstance(arguments, dict):
        raise reader_failure("The arguments of the ItemReader must be an object.")
    engine = step.execution.engine
    settings = ReaderSettings.of(reader.resource.action, reader.config)
    objects = objects or S3Objects(client_of(engine, "s3"))
    items = itertools.islice(open_data_set(objects, settings, arguments), most)
    while some := await engine.call_in_thread(_take, items):
        for item in some:
            yield item


def _take(items: Iterator[Item]) -> list[Item]:
    with _told_as_reader_failure():
        return list(itertools.islice(items, _AT_ONCE))


@contextlib.contextmanager
def _told_as_reader_failure() -> Iterator[None]:
    try:
        yield
    except StateFailure as failure:
        if failure.error == READER_FAILED:
            raise
        raise reader_failure(failure.cause or "") from failure
    except UnsupportedParameter as error:
        raise reader_failure(str(error)) from error


def _max_items(step: Step, reader: ItemReader, value: Json) -> int:
    if reader.max_items is None:
        return MAX_ITEMS
    most: int = step.number(reader.max_items, value)
    if most < 0:
        raise reader_failure("field MaxItems must be positive")
    return min(most, MAX_ITEMS) or MAX_ITEMS
