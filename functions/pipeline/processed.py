"""The records that were written, for analytics: NDJSON in frames of zstd, by dataset and day.

`processed/dataset=<dataset>/day=<day>/<file id>-<partition>.ndjson.zst`, as Athena, Spark and DuckDB find
partitions. The name follows from the file: what is written again replaces it, so each record is there once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline import objects, staging

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from pipeline.shapes import File, Location

# For which the queue of transactions keeps a message (pipeline.json).
RETENTION_DAYS = 4


def place(bucket: str, file: File, partition: int) -> Location:
    """Return where the written records of a partition of a file lie."""
    folder = f"processed/dataset={file['dataset']}/day={file['day']}"
    return {"bucket": bucket, "key": f"{folder}/{file['id']}-{partition:05}.ndjson.zst"}


def is_there(bucket: str, file: File, group: str, sent: datetime) -> bool:
    """Return whether a group of messages, of the dataset of `file`, has told of what it wrote.

    `sent` is when one of its messages was; the group has the day of its last one, and no message is older
    than its queue keeps it.
    """
    days = ((sent + timedelta(days=later)).date() for later in range(RETENTION_DAYS + 1))
    return any(
        objects.is_there(place(bucket, {**file, "id": group, "day": day.isoformat()}, 0)) for day in days
    )


class Writer(staging.LineWriter):
    """Writes an object that comes to be with its first line."""

    def __init__(self, place: Location) -> None:
        super().__init__(place)
        self._any = False

    def add(self, line: bytes) -> None:
        """Append a line, or lines that are joined (without the end of the last)."""
        self._any = True
        super().add(line)

    def drop(self) -> None:
        """Leave no object behind, whatever was added."""
        self._any = False
        self._upload.abort()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._any or kind is not None:
            super().__exit__(kind, error, trace)
