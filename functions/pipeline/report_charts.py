"""Charts of the report's page: columns and bars in SVG, which stretch; their words are HTML beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.report_text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEP, _WIDTH, _HEIGHT = 10, 7, 100
# What is there shows, however small it is beside the greatest.
_LEAST = 1.0


class Part(NamedTuple):
    """A piece of a column or bar: how much of what (a class of the style)."""

    kind: str
    value: float


class Stack(NamedTuple):
    """A column or a bar of parts, and what is said of it where it is pointed at."""

    parts: tuple[Part, ...]
    said: str

    @property
    def whole(self) -> float:
        """The sum of the parts."""
        return sum(part.value for part in self.parts)


def columns(stacks: Sequence[Stack], label: str, kind: str = "columns") -> str:
    """Return columns side by side; the highest fills the chart."""
    most = max((stack.whole for stack in stacks), default=0) or 1
    drawn = "".join(_column(place, stack, most) for place, stack in enumerate(stacks))
    box = f"0 0 {len(stacks) * _STEP} {_HEIGHT}"
    return (
        f'<svg class="{kind}" viewBox="{box}" preserveAspectRatio="none" role="img" '
        f'aria-label="{shown(label)}">{drawn}</svg>'
    )


def _column(place: int, stack: Stack, most: float) -> str:
    left, base, drawn = place * _STEP + (_STEP - _WIDTH) / 2, float(_HEIGHT), ""
    for kind, height in _lengths(stack, most):
        base -= height
        drawn += _rect(kind, left, base, _WIDTH, height)
    return f"<g><title>{shown(stack.said)}</title>{drawn}</g>"


def _lengths(stack: Stack, most: float) -> list[tuple[str, float]]:
    """Return how long each part is, of 100: none too short to be seen, for which the longest gives way."""
    scale = _HEIGHT / most
    found = {part.kind: max(_LEAST, part.value * scale) for part in stack.parts if part.value}
    if found:
        longest = max(found, key=lambda kind: found[kind])
        found[longest] -= max(0.0, sum(found.values()) - max(_LEAST, stack.whole * scale))
    return list(found.items())


def bar(stack: Stack, most: float) -> str:
    """Return one bar; `most` is what would fill it."""
    left, drawn, said = 0.0, "", shown(stack.said)
    for kind, width in _lengths(stack, most or 1):
        drawn += _rect(kind, left, 0, width, 10)
        left += width
    return (
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{said}">'
        f"<title>{said}</title>{_rect('track', 0, 0, 100, 10)}{drawn}</svg>"
    )


def spark(values: Sequence[float], label: str) -> str:
    """Return small columns, of which the last is the one that counts."""
    last = len(values) - 1
    stacks = [
        Stack((Part("written" if place == last else "plain dim", value),), f"{value:,}")
        for place, value in enumerate(values)
    ]
    return columns(stacks, label, "spark")


def key_of(kind: str) -> str:
    """Return the square that stands for a kind in a legend."""
    return f'<svg viewBox="0 0 10 10" aria-hidden="true">{_rect(kind, 0, 0, 10, 10)}</svg>'


def _rect(kind: str, left: float, top: float, width: float, height: float) -> str:
    shape = " ".join(
        f'{name}="{value:.2f}"'
        for name, value in (("x", left), ("y", top), ("width", width), ("height", height))
    )
    return f'<rect class="{kind}" {shape}/>'
