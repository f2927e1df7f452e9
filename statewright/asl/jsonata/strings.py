"""String functions. Source: https://docs.jsonata.org/string-functions"""

from __future__ import annotations

import base64
import math
import re
import urllib.parse

from statewright.asl.jsonata.calls import Regex, apply
from statewright.asl.jsonata.natives import native
from statewright.asl.jsonata.values import UNDEFINED, Function, Run, Sequence, Value, fail, to_text
from statewright.asl.patterns import Match

# What encodeURIComponent and encodeURI leave as it is, besides letters, digits and `-_.`.
_COMPONENT_SAFE = "!~*'()"
_URL_SAFE = ";,/?:@&=+$!~*'()#"


@native("string", "<x-b?:s>")
def string(run: Run, value: Value, pretty: Value) -> Value:
    return value if value is UNDEFINED else to_text(value, run, pretty=pretty is True)


@native("length", "<s-:n>")
def length(_run: Run, text: Value) -> Value:
    return text if text is UNDEFINED else len(text)


@native("substring", "<s-nn?:s>")
def substring(_run: Run, text: Value, start: Value, count: Value) -> Value:
    if text is UNDEFINED:
        return text
    first = 0 if start is UNDEFINED else math.trunc(start)
    if len(text) + first < 0:
        first = 0
    if count is UNDEFINED:
        return text[first:]
    if count <= 0:
        return ""
    begin = first if first >= 0 else len(text) + first
    return text[begin : math.trunc(begin + count)]


@native("substringBefore", "<s-s:s>")
def substring_before(_run: Run, text: Value, mark: Value) -> Value:
    if text is UNDEFINED or mark is UNDEFINED:
        return text
    return text.partition(mark)[0] if mark else ""


@native("substringAfter", "<s-s:s>")
def substring_after(_run: Run, text: Value, mark: Value) -> Value:
    if text is UNDEFINED or mark is UNDEFINED or mark not in text:
        return text
    return text[text.index(mark) + len(mark) :]


@native("lowercase", "<s-:s>")
def lowercase(_run: Run, text: Value) -> Value:
    return text if text is UNDEFINED else text.lower()


@native("uppercase", "<s-:s>")
def uppercase(_run: Run, text: Value) -> Value:
    return text if text is UNDEFINED else text.upper()


@native("trim", "<s-:s>")
def trim(_run: Run, text: Value) -> Value:
    return text if text is UNDEFINED else re.sub(r"[ \t\n\r]+", " ", text).strip(" ")


@native("pad", "<s-ns?:s>")
def pad(run: Run, text: Value, width: Value, filler: Value) -> Value:
    if text is UNDEFINED or width is UNDEFINED:
        return text
    missing = math.trunc(abs(width)) - len(text)
    if missing <= 0:
        return text
    run.allocate(missing)
    unit = " " if filler is UNDEFINED or not filler else filler
    padding = (unit * (missing // len(unit) + 1))[:missing]
    return padding + text if width < 0 else text + padding


@native("join", "<a<s>s?:s>")
def join(run: Run, parts: Value, separator: Value) -> Value:
    if parts is UNDEFINED:
        return parts
    between = "" if separator is UNDEFINED else separator
    run.allocate(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


@native("contains", "<s-(sf):b>")
def contains(run: Run, text: Value, token: Value) -> Value:
    if text is UNDEFINED:
        return text
    if isinstance(token, str):
        return token in text
    return bool(_matches(token, text, run, limit=1))


@native("match", "<s-f<s:o>n?:a<o>>")
def match(run: Run, text: Value, matcher: Value, limit: Value) -> Value:
    if text is UNDEFINED:
        return text
    if limit is not UNDEFINED and limit < 0:
        fail("D3040", value=limit, index=3, token="match")  # noqa: S106
    found = _matches(matcher, text, run, limit=None if limit is UNDEFINED else math.ceil(limit))
    return Sequence({"match": m.text, "index": m.start, "groups": list(m.groups)} for m in found)


@native("split", "<s-(sf)n?:a<s>>")
def split(run: Run, text: Value, separator: Value, limit: Value) -> Value:
    if text is UNDEFINED:
        return text
    if limit is not UNDEFINED and limit < 0:
        fail("D3020", value=limit, index=3, token="split")  # noqa: S106
    most = None if limit is UNDEFINED else math.floor(limit)
    run.allocate(8 * len(text))
    if isinstance(separator, str):
        return (text.split(separator) if separator else list(text))[:most]
    parts: list[str] = []
    start = 0
    for found in _matches(separator, text, run, limit=None):
        parts.append(text[start : found.start])
        start = found.end
    return [*parts, text[start:]][:most]


@native("replace", "<s-(sf)(sf)n?:s>")
def replace(run: Run, text: Value, pattern: Value, replacement: Value, limit: Value) -> Value:
    if text is UNDEFINED:
        return text
    if pattern == "":
        fail("D3010", value=pattern, index=2, token="replace")  # noqa: S106
    if limit is not UNDEFINED and limit < 0:
        fail("D3011", value=limit, index=4, token="replace")  # noqa: S106
    most = None if limit is UNDEFINED else math.ceil(limit)
    if isinstance(pattern, str):
        return _replace_text(run, text, pattern, replacement, most)
    parts: list[str] = []
    start = 0
    for found in _matches(pattern, text, run, limit=most):
        parts.append(text[start : found.start])
        parts.append(_substitute(found, replacement, run))
        run.allocate(len(parts[-1]))
        start = found.end
    return "".join([*parts, text[start:]])


def _replace_text(run: Run, text: str, pattern: str, replacement: Value, most: int | None) -> str:
    new = replacement if isinstance(replacement, str) else to_text(replacement, run)
    run.allocate(len(text) + len(new) * text.count(pattern))
    return text.replace(pattern, new, -1 if most is None else most)


def _substitute(found: Match, replacement: Value, run: Run) -> str:
    if isinstance(replacement, str):
        return _expand(replacement, found)
    answer = apply(
        replacement,
        [{"match": found.text, "start": found.start, "end": found.end, "groups": list(found.groups)}],
        None,
        run,
    )
    if not isinstance(answer, str):
        fail("D3012", value=answer)
    return answer


def _expand(template: str, found: Match) -> str:
    """Put groups in place of `$1`, the match in place of `$0`, a dollar in place of `$$`."""
    count = len(found.groups)
    digits = len(str(count)) if count else 1
    parts: list[str] = []
    position = 0
    while (index := template.find("$", position)) != -1:
        parts.append(template[position:index])
        position = index + 1
        following = template[position : position + 1]
        if following in ("$", "0"):
            parts.append("$" if following == "$" else found.text)
            position += 1
            continue
        reference = _leading_integer(template[position : position + digits])
        if digits > 1 and reference is not None and reference > count:
            reference = _leading_integer(template[position : position + digits - 1])
        if reference is None:
            parts.append("$")
            continue
        if 0 < reference <= count:
            parts.append(found.groups[reference - 1] or "")
        position += len(str(reference))
    return "".join([*parts, template[position:]])


def _leading_integer(text: str) -> int | None:
    digits = re.match("[0-9]+", text)
    return None if digits is None else int(digits.group())


def _matches(matcher: Value, text: str, run: Run, limit: int | None) -> list[Match]:
    """Find the matches of a regular expression, or of a function that behaves like one."""
    if isinstance(matcher, Regex):
        return matcher.matches(text, run, limit)
    found: list[Match] = []
    answer = apply(matcher, [text], None, run)
    while answer is not UNDEFINED and (limit is None or len(found) < limit):
        found.append(_match_of(answer))
        answer = apply(answer["next"], [], None, run)
    return found


def _match_of(answer: Value) -> Match:
    fits = (
        isinstance(answer, dict)
        and isinstance(answer.get("start"), int)
        and isinstance(answer.get("end"), int)
        and isinstance(answer.get("groups"), list)
        and isinstance(answer.get("next"), Function)
    )
    if not fits:
        fail("T1010", token="match", index=1)  # noqa: S106
    return Match(str(answer.get("match", "")), answer["start"], answer["end"], tuple(answer["groups"]))


@native("base64encode", "<s-:s>")
def base64encode(_run: Run, text: Value) -> Value:
    # btoa takes a "binary string": of each character the low byte.
    return text if text is UNDEFINED else base64.b64encode(bytes(ord(c) & 0xFF for c in text)).decode("ascii")


@native("base64decode", "<s-:s>")
def base64decode(_run: Run, text: Value) -> Value:
    if text is UNDEFINED:
        return text
    # atob as Node has it: both alphabets, foreign characters skipped, an odd character at the end dropped.
    digits = re.sub(r"[^A-Za-z0-9+/]", "", text.replace("-", "+").replace("_", "/").split("=")[0])
    whole = digits[:-1] if len(digits) % 4 == 1 else digits
    return base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("latin-1")


@native("encodeUrlComponent", "<s-:s>")
def encode_url_component(_run: Run, text: Value) -> Value:
    return _quote(text, _COMPONENT_SAFE, "encodeUrlComponent")


@native("encodeUrl", "<s-:s>")
def encode_url(_run: Run, text: Value) -> Value:
    return _quote(text, _URL_SAFE, "encodeUrl")


def _quote(text: Value, safe: str, name: str) -> Value:
    if text is UNDEFINED:
        return text
    try:
        return urllib.parse.quote(text, safe=safe)
    except UnicodeEncodeError:
        fail("D3140", value=text, functionName=name, function_name=name)


@native("decodeUrlComponent", "<s-:s>")
def decode_url_component(_run: Run, text: Value) -> Value:
    return _unquote(text, "", "decodeUrlComponent")


@native("decodeUrl", "<s-:s>")
def decode_url(_run: Run, text: Value) -> Value:
    # decodeURI leaves the escapes of what separates the parts of a URL.
    return _unquote(text, ";/?:@&=+$,#", "decodeUrl")


def _unquote(text: Value, reserved: str, name: str) -> Value:
    if text is UNDEFINED:
        return text
    is_malformed = bool(re.search(r"%(?![0-9A-Fa-f]{2})", text))
    try:
        decoded = urllib.parse.unquote(_protect(text, reserved), errors="strict")
    except UnicodeDecodeError:
        is_malformed, decoded = True, ""
    if is_malformed:
        fail("D3140", value=text, functionName=name, function_name=name)
    return decoded


def _protect(text: str, reserved: str) -> str:
    """Escape the escapes that must survive decoding."""
    if not reserved:
        return text
    codes = "|".join(f"{ord(character):02X}" for character in reserved)
    return re.sub(f"%({codes})", r"%25\1", text, flags=re.IGNORECASE)
