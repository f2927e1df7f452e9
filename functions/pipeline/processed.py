"""The records that were written, for analytics: NDJSON in frames of zstd, by dataset and day.

`processed/dataset=<dataset>/day=<day>/<file id>-<partition>.ndjson.zst`, as Athena, Spark and DuckDB find
partitions. The name follows from the file: what is written again replaces it, so each record is there once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline import staging

if TYPE_CHECKING:
    from types import TracebackType

    from pipeline.shapes import File, Location


def place(bucket: str, file: File, partition: int) -> Location:
    """Return where the written records of a partition of a file lie."""
    folder = f"processed/dataset={file['dataset']}/day={file['day']}"
    return {"bucket": bucket, "key": f"{folder}/{file['id']}-{partition:05}.ndjson.zst"}


class Writer(staging.LineWriter):
    """Writes an object that comes to be with its first line."""

    def __init__(self, place: Location) -> None:
        super().__init__(place)
        self._any = False

    def add(self, line: bytes) -> None:
        """Append a line (without its end)."""
        self._any = True
        super().add(line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._any or kind is not None:
            super().__exit__(kind, error, trace)
