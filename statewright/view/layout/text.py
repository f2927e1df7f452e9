"""How wide texts are: the advance widths of Helvetica and of the typefaces made to its measures.

A picture says the width of each text it has (textLength), so that another typeface changes its spacing and
not the picture.
"""

from __future__ import annotations

import unicodedata

# Thousandths of the size, from U+0020 to U+007E.
_ADVANCES = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_BOLD = 1.07  # bold letters are wider, by this much in a text of many
_WIDE = {"W", "F"}
ELLIPSIS = "…"


def advance(character: str) -> int:
    """Return the width of a character in thousandths of the size."""
    code = ord(character)
    if 0x20 <= code <= 0x7E:
        return _ADVANCES[code - 0x20]
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0
    return 1000 if unicodedata.east_asian_width(character) in _WIDE or code > 0xFFFF else 600


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in pixels."""
    units = sum(map(advance, text))
    return round(units * size / 1000 * (_BOLD if bold else 1.0), 1)


def shorten(text: str, size: float, limit: float, *, bold: bool = False) -> str:
    """Cut a text so that it is at most `limit` pixels wide, with an ellipsis where it was cut."""
    text = " ".join(printable(text).split()) or " "
    if width(text[:400], size, bold=bold) <= limit and len(text) <= 400:
        return text
    kept = ""
    room = limit - width(ELLIPSIS, size, bold=bold)
    for character in text[:400]:
        if width(kept + character, size, bold=bold) > room:
            break
        kept += character
    return kept.rstrip() + ELLIPSIS


def printable(text: str) -> str:
    """Put a space for what a picture cannot show: control characters and those that turn the direction."""
    return "".join(
        " " if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Co", "Cn") else each for each in text
    )
