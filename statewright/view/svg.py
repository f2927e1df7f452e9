"""The picture of a definition as SVG, with the statuses of one execution where there is one.

Every text comes out of data and is escaped; there is no style attribute and no script, so that a page with a
strict content security policy can show it. Elements carry what the page needs to colour them anew:
`data-state` on states, `data-edges` (indices, with spaces) on lines and labels.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from statewright.view.layout.regions import (
    LABEL_SIZE,
    NAME_SIZE,
    SUBTITLE_SIZE,
    TEXT_LEFT,
    picture_of,
)
from statewright.view.layout.text import printable, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.view.layout.layered import Point
    from statewright.view.layout.regions import Box, Label, Line, Picture
    from statewright.view.overlay import Overlay

_CORNER = 6.0
_ICONS = {
    "Task": "M2 3h12v10H2zM5 6l2 2-2 2M8.5 10.5H11",
    "Choice": "M8 1.5 14.5 8 8 14.5 1.5 8zM8 5v3.5M8 10.6v.4",
    "Wait": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 4.5V8l2.5 1.5",
    "Pass": "M2 8h11M9.5 4.5 13 8l-3.5 3.5",
    "Succeed": "M2.5 8.5 6.5 12.5 13.5 4",
    "Fail": "M3.5 3.5l9 9M12.5 3.5l-9 9",
    "Map": "M2 2h8v8H2zM10 6h4v8H6v-4",
    "Parallel": "M3 2v12M8 2v12M13 2v12",
}
# Read without colours: each status has a mark of its own.
MARKS = {
    "succeeded": "M3 8.5 6.5 12 13 4.5",
    "failed": "M4 4l8 8M12 4l-8 8",
    "running": "M8 2.5a5.5 5.5 0 1 1-5.5 5.5",
    "caught": "M3 4v4.5a3 3 0 0 0 3 3h6M9.5 8.5l3 3-3 3",
    "aborted": "M4.5 4.5h7v7h-7z",
    "nodata": "M5.5 6a2.5 2.5 0 1 1 3.3 2.3Q8 8.7 8 9.7M8 12.3v.4",
}


def render(text: str, overlay: Overlay | None = None, *, is_page: bool = False) -> str:
    """Draw a definition; raises NotDrawableError.

    A picture of its own brings its style with it; one for the page (`is_page`) takes the page's.
    """
    return render_drawn(picture_of(text)[1], overlay, is_page=is_page)


def render_drawn(picture: Picture, overlay: Overlay | None = None, *, is_page: bool = False) -> str:
    """Draw what is laid out already, as `render` does."""
    size = f'width="{picture.width}" height="{picture.height}" viewBox="0 0 {picture.width} {picture.height}"'
    style = "" if is_page else f"<style>{stylesheet()}</style>"
    label = "Graph of the state machine"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="group" aria-label="{label}" {size}>',
        style,
        _definitions(),
        *_content(picture, overlay),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


@lru_cache(maxsize=1)
def stylesheet() -> str:
    """Return the style of the graph, as files of pictures bring it with them."""
    return files("statewright.view").joinpath("page", "graph.css").read_text(encoding="utf-8")


def _definitions() -> str:
    heads = "".join(
        f'<marker id="head-{name}" class="head {name}" viewBox="0 0 8 8" refX="7.2" refY="4" markerWidth="7"'
        ' markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 .8 7.5 4 0 7.2z"/></marker>'
        for name in ("plain", "catch", "taken", "taken-catch")
    )
    icons = "".join(f'<path id="icon-{name}" d="{path}"/>' for name, path in _ICONS.items())
    marks = "".join(f'<path id="mark-{name}" d="{path}"/>' for name, path in MARKS.items())
    return f"<defs>{heads}{icons}{marks}</defs>"


def _content(picture: Picture, overlay: Overlay | None) -> list[str]:
    containers = [box for box in picture.boxes if box.node is not None and box.node.regions]
    others = [box for box in picture.boxes if box.node is None or not box.node.regions]
    taken = _taken(picture, overlay)
    # Lines that were gone lie above those that were not.
    lines = sorted(
        picture.lines, key=lambda line: (line.kind != "catch", any(e in taken for e in line.edges))
    )
    return [
        *(_container(box, overlay) for box in containers),
        *(
            f'<path class="divider" d="M{_n(each.x)} {_n(each.top)}V{_n(each.bottom)}"/>'
            for each in picture.dividers
        ),
        *(_line(line, is_taken=any(edge in taken for edge in line.edges)) for line in lines),
        *(_label(label, is_taken=any(edge in taken for edge in label.edges)) for label in picture.labels),
        *(_state(box, overlay) if box.node else _circle(box, overlay) for box in others),
    ]


def _taken(picture: Picture, overlay: Overlay | None) -> set[int]:
    if overlay is None:
        return set()
    return {index for index, way in enumerate(picture.ways) if overlay.is_taken(way.edge)}


# --- boxes ---


def _attributes(box: Box, overlay: Overlay | None) -> str:
    status = overlay.status(box.name) if overlay else "none"
    spoken = f' aria-description="{status}"' if status != "none" else ""
    return f'class="state s-{status}" data-state={_q(box.name)} tabindex="0" role="button"{spoken}'


def _container(box: Box, overlay: Overlay | None) -> str:
    node = box.node
    kind = node.type if node else ""
    title = width(box.title, NAME_SIZE, bold=True)
    return (
        f"<g {_attributes(box, overlay)}>{_title(box)}"
        f'<rect class="box container depth{min(box.depth, 3)}" x="{_n(box.x)}" y="{_n(box.y)}"'
        f' width="{_n(box.width)}" height="{_n(box.height)}" rx="8"/>'
        f"{_icon(kind, box.x + 12, box.y + 9)}"
        f"{_text('name', box.x + TEXT_LEFT, box.y + 21, box.title, NAME_SIZE, bold=True)}"
        f"{_text('what', box.x + TEXT_LEFT + title + 10, box.y + 21, box.subtitle, SUBTITLE_SIZE)}"
        f"{_mark(box, overlay, box.y + 9)}{_badge(box, overlay)}</g>"
    )


def _state(box: Box, overlay: Overlay | None) -> str:
    kind = box.node.type if box.node else ""
    return (
        f"<g {_attributes(box, overlay)}>{_title(box)}"
        f'<rect class="box" x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}"'
        f' height="{_n(box.height)}" rx="6"/>'
        f'<path class="edge-bar" d="M{_n(box.x + 5)} {_n(box.y)}h-1a5 5 0 0 0-5 5v{_n(box.height - 10)}'
        f'a5 5 0 0 0 5 5h1z"/>'
        f"{_icon(kind, box.x + 13, box.y + 12)}"
        f"{_text('name', box.x + TEXT_LEFT, box.y + 17.5, box.title, NAME_SIZE, bold=True)}"
        f"{_text('what', box.x + TEXT_LEFT, box.y + 31, box.subtitle, SUBTITLE_SIZE)}"
        f"{_mark(box, overlay, box.y + 12)}{_badge(box, overlay)}</g>"
    )


def _circle(box: Box, overlay: Overlay | None) -> str:
    middle, radius = box.width / 2, box.width / 2
    is_taken = overlay is not None and (
        overlay.has_started if box.name == "Start" else overlay.execution_status == "SUCCEEDED"
    )
    return (
        f'<g class="terminal{" taken" if is_taken else ""}" data-terminal="{box.name}">'
        f'<circle cx="{_n(box.x + middle)}" cy="{_n(box.y + middle)}" r="{_n(radius)}"/>'
        f'<text class="terminal-name" x="{_n(box.x + middle)}" y="{_n(box.y + middle + 3)}"'
        f' text-anchor="middle">{box.name}</text></g>'
    )


def _title(box: Box) -> str:
    node = box.node
    comment = node.body.get("Comment") if node else None
    text = box.name + (f"\n{comment}" if isinstance(comment, str) else "")
    return f"<title>{_e(text)}</title>"


def _icon(kind: str, x: float, y: float) -> str:
    if kind not in _ICONS:
        return ""
    return f'<use class="icon" href="#icon-{kind}" x="{_n(x)}" y="{_n(y)}"/>'


def _mark(box: Box, overlay: Overlay | None, y: float) -> str:
    """Place the mark of the status; without one it stands for the page to fill in."""
    status = overlay.status(box.name) if overlay else "none"
    target = f' href="#mark-{status}"' if status in MARKS else ""
    return f'<use class="mark"{target} x="{_n(box.x + box.width - 24)}" y="{_n(y)}"/>'


def _badge(box: Box, overlay: Overlay | None) -> str:
    text = overlay.badge(box.name) if overlay else ""
    size = width(text, 9, bold=True) + 12 if text else 0
    is_container = box.node is not None and bool(box.node.regions)
    x, y = box.x + box.width - (42 if is_container else 6), box.y + (10 if is_container else -8)
    return (
        f'<g class="badge" data-right="{_n(x + 10)}">'
        f'<rect x="{_n(x + 10 - size)}" y="{_n(y)}" width="{_n(size)}" height="15" rx="7.5"/>'
        f'<text x="{_n(x + 10 - size / 2)}" y="{_n(y + 10.8)}" text-anchor="middle">{_e(text)}</text></g>'
    )


# --- lines and labels ---


def _line(line: Line, *, is_taken: bool) -> str:
    kind = "catch" if line.kind == "catch" else "plain"
    head = ("taken-catch" if kind == "catch" else "taken") if is_taken else kind
    arrow = f' marker-end="url(#head-{head})"' if line.has_arrow else ""
    classes = f"line {kind}" + (" taken" if is_taken else "")
    return f'<path class="{classes}" data-edges="{_indices(line.edges)}" d="{_path(line.points)}"{arrow}/>'


def _label(label: Label, *, is_taken: bool) -> str:
    kind = "catch" if label.kind == "catch" else "plain"
    return (
        f'<g class="label {kind}{" taken" if is_taken else ""}" data-edges="{_indices(label.edges)}">'
        f"<title>{_e(label.full)}</title>"
        f'<rect x="{_n(label.x - label.width / 2)}" y="{_n(label.y - label.height / 2)}"'
        f' width="{_n(label.width)}" height="{_n(label.height)}" rx="8"/>'
        f"{_text('words', label.x - label.width / 2 + 7, label.y + 3.5, label.text, LABEL_SIZE)}</g>"
    )


def _path(points: Sequence[Point]) -> str:
    """Draw a line with rounded corners."""
    if not points:
        return ""
    parts = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for before, at, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(_CORNER, _length(before, at) / 2, _length(at, after) / 2)
        start, stop = _towards(at, before, radius), _towards(at, after, radius)
        parts.append(f"L{_n(start[0])} {_n(start[1])}Q{_n(at[0])} {_n(at[1])} {_n(stop[0])} {_n(stop[1])}")
    parts.append(f"L{_n(points[-1][0])} {_n(points[-1][1])}")
    return "".join(parts)


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = _length(start, end) or 1.0
    share = distance / length
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


# --- texts ---


def _text(kind: str, x: float, y: float, text: str, size: float, *, bold: bool = False) -> str:
    length = width(text, size, bold=bold)
    # Letters of scripts that the width is only guessed of are set apart, not stretched.
    adjusted = "spacingAndGlyphs" if text.isascii() else "spacing"
    fitted = f' textLength="{_n(length)}" lengthAdjust="{adjusted}"' if length > 0 else ""
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}"{fitted}>{_e(text)}</text>'


def _indices(edges: Sequence[int]) -> str:
    return " ".join(map(str, edges))


def _n(number: float) -> str:
    return f"{round(number, 1):g}"


def _e(text: str) -> str:
    return escape(printable(text) if "\n" not in text else "\n".join(map(printable, text.split("\n"))))


def _q(text: str) -> str:
    """Quote an attribute; what XML cannot hold becomes the character that says so."""
    return quoteattr("".join(each if _is_xml(each) else "\ufffd" for each in text))


def _is_xml(character: str) -> bool:
    code = ord(character)
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
