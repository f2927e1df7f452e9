"""Pages that are one file: they load nothing, and a content security policy holds them to that."""

from __future__ import annotations

from html import escape

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = (
    "body{margin:0;background:Canvas;color-scheme:light dark}"
    "svg{display:block;margin:auto;max-width:100%;height:auto}"
)


def drawing_page(title: str, svg: str) -> str:
    """Put a picture into a page of its own; it holds no script, and the policy allows none."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n{svg}</body></html>\n"
    )
