"""UTF-8 or a clear error: byte order marks, other encodings, files that are no text at all."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from pipeline.errors import MalformedFile, UnsupportedEncoding

if TYPE_CHECKING:
    from collections.abc import Iterator

BOM = b"\xef\xbb\xbf"
# UTF-32 comes first: its little-endian mark begins with that of UTF-16.
OTHER_MARKS = {
    b"\xff\xfe\x00\x00": "a UTF-32 byte order mark",
    b"\x00\x00\xfe\xff": "a UTF-32 byte order mark",
    b"\xff\xfe": "a UTF-16 byte order mark",
    b"\xfe\xff": "a UTF-16 byte order mark",
}
PACKED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}
_MARK_BYTES = 6


def without_mark(chunks: Iterator[bytes]) -> tuple[int, Iterator[bytes]]:
    """Return the length of the byte order mark at the start, and the chunks after it.

    Raises UnsupportedEncoding for the marks of other encodings, MalformedFile for packed files.
    """
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= _MARK_BYTES:
            break
    for mark, suspicion in OTHER_MARKS.items():
        if start.startswith(mark):
            raise UnsupportedEncoding(0, suspicion)
    for magic, name in PACKED.items():
        if start.startswith(magic):
            raise MalformedFile(
                f"the content is {name}, though the key does not say so; name it so, or unpack it"
            )
    length = len(BOM) if start.startswith(BOM) else 0
    return length, chain([start[length:]], chunks)


def text(raw: bytes, offset: int) -> str:
    """Decode the bytes that stand at `offset` of the file; raises UnsupportedEncoding."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise UnsupportedEncoding(offset + error.start, _suspicion(raw, error.start)) from error


def _suspicion(raw: bytes, place: int) -> str:
    if b"\0" in raw[: place + 2]:
        return "UTF-16 suspected"
    if raw[place] >= 0xC0 or 0xA0 <= raw[place] < 0xC0:
        return "Latin-1 suspected"
    return "Windows-1252 suspected" if raw[place] >= 0x80 else "unknown encoding"  # pragma: no branch
