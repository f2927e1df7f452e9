"""Gzip as a stream: every member, bounded output, every way of being broken told apart (RFC 1952)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from pipeline.errors import CorruptGzip, ObjectTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAGIC = b"\x1f\x8b"
_WITH_GZIP_HEADER = 31  # zlib's wbits: gzip framing, CRC and length checked
# So much comes out at once, whatever the ratio: a bomb costs time, never memory.
PIECE_BYTES = 256 * 1024
# What one invocation reads in one piece, four times what the plan expects at most; text that turns out to
# have more is cut into chunks first. That bounds a bomb's time too.
MAX_DECOMPRESSED_BYTES = 1024**3


def decompress(chunks: Iterable[bytes], limit: int = MAX_DECOMPRESSED_BYTES) -> Iterator[bytes]:
    """Yield the content of all members, at most 256 KiB at a time.

    Zero bytes after a member are padding, as gzip(1) has it. Raises CorruptGzip, ObjectTooLarge.
    """
    member = zlib.decompressobj(_WITH_GZIP_HEADER)
    begun = False  # a member's first byte has been seen, its last has not
    produced = members = consumed = 0
    for chunk in chunks:
        rest = chunk
        while rest:
            if not begun:
                rest = rest.lstrip(b"\0") if members else rest
                if not rest:
                    break
                member, begun = zlib.decompressobj(_WITH_GZIP_HEADER), True
            place = consumed + len(chunk) - len(rest)
            try:
                piece = member.decompress(rest, PIECE_BYTES)
            except zlib.error as error:
                raise _corrupt(members, place, error) from error
            produced += len(piece)
            if produced > limit:
                raise ObjectTooLarge(f"more than {limit} bytes come out of this gzip")
            if piece:
                yield piece
            rest = member.unconsumed_tail
            if member.eof:
                rest, begun, members = member.unused_data, False, members + 1
        consumed += len(chunk)
    if begun:
        raise CorruptGzip(f"the gzip stream is cut short: it ends inside member {members + 1}")


def _corrupt(members: int, place: int, error: zlib.error) -> CorruptGzip:
    if not members and not place and "header" in str(error):
        return CorruptGzip("the object is not gzip, though its key ends in .gz")
    return CorruptGzip(f"member {members + 1} of the gzip stream is broken near byte {place}: {error}")
