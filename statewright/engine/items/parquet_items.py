"""Items in Parquet files: every row becomes an object. Needs pyarrow, which is an optional extra.

Parquet has values that JSON has not. AWS's page does not say what becomes of them; here dates and times are
ISO 8601 texts, decimals are texts with all their digits, bytes are Base64, NaN and infinities are null.
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import base64
import datetime
import decimal
import importlib.util
import math
import shutil
import tempfile
from typing import IO, TYPE_CHECKING, Any

from statewright.engine.items.reader_errors import reader_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any

REMEDY = "The InputType 'PARQUET' needs the package pyarrow: pip install 'statewright[parquet]'"
# "256MB is the maximum row-group size, and 5MB is the maximum footer size."
MAX_ROW_GROUP_BYTES = 256 * 2**20
MAX_FOOTER_BYTES = 5 * 2**20
_IN_MEMORY_BYTES = 2**23
_ROWS = 256
_TAIL_BYTES = 8  # the footer's length and the magic word


def is_available() -> bool:
    """Say whether Parquet files can be read."""
    return importlib.util.find_spec("pyarrow") is not None


def read_parquet(body: IO[bytes]) -> Iterator[tuple[None, dict[str, Json]]]:
    """Give the rows; the file is kept on disk meanwhile, as its index is at its end."""
    if not is_available():
        raise reader_failure(REMEDY)
    import pyarrow
    from pyarrow import parquet

    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        shutil.copyfileobj(body, file)
        _check_footer(file)
        try:
            rows = parquet.ParquetFile(file)
            _check_row_groups(rows.metadata)
            for batch in rows.iter_batches(batch_size=_ROWS):
                for row in batch.to_pylist():
                    yield None, {name: to_json(value) for name, value in row.items()}
        except (pyarrow.ArrowException, OSError) as error:
            raise reader_failure(f"Unable to read the Parquet input: {error}") from error


def _check_footer(file: IO[bytes]) -> None:
    size = file.seek(0, 2) or file.tell()
    file.seek(max(size - _TAIL_BYTES, 0))
    tail = file.read(_TAIL_BYTES)
    if len(tail) < _TAIL_BYTES or tail[4:] != b"PAR1":
        raise reader_failure("Unable to read the Parquet input: it has no footer.")
    if int.from_bytes(tail[:4], "little") > MAX_FOOTER_BYTES:
        raise reader_failure(f"The footer of the Parquet input is larger than {MAX_FOOTER_BYTES} bytes.")
    file.seek(0)


def _check_row_groups(metadata: Any) -> None:
    for index in range(metadata.num_row_groups):
        if metadata.row_group(index).total_byte_size > MAX_ROW_GROUP_BYTES:
            raise reader_failure(
                f"A row group of the Parquet input is larger than {MAX_ROW_GROUP_BYTES} bytes."
            )


def to_json(value: Any) -> Json:
    """Turn a value of a Parquet file into one that JSON has."""
    if isinstance(value, dict):
        return {str(name): to_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | datetime.timedelta):
        return str(value)
    return value
