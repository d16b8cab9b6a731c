"""Strict JSON (RFC 8259, and I-JSON of RFC 7493 where parsers would disagree).

Refused with a reason: anything but UTF-8, a byte order mark, NaN and Infinity, numbers beyond a double, duplicate
members, lone surrogates, and nesting so deep that a validator would exhaust its stack.
"""

import json
import re
from typing import Any, NoReturn

import orjson

__all__ = ["MAX_DEPTH", "MalformedJSON", "decode", "encode"]

MAX_DEPTH = 128  # levels of arrays and objects; validators recurse on the C stack, a few hundred are safe
_BIG_NUMBER = re.compile(rb"[0-9]{19}")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?')  # group 1 is there when the string names a member
# Every name of a member ends with one of these, and strings may hold more of them: as many as there are members left
# means that no name came twice.
_MAY_END_NAMES = (b'":', b" :", b"\n:", b"\t:", b"\r:")


class MalformedJSON(ValueError):
    """Raised for bytes that are not one strict JSON value; the message says what was found."""


def decode(body: bytes) -> Any:
    """Return the value of a JSON body. Raises :class:`MalformedJSON` with what was found."""
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise MalformedJSON(f"the body nests more than {MAX_DEPTH} levels deep")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        _explain(body, error)
    if type(value) is dict or type(value) is list:
        floats: list[float] = []
        members = _members(value, floats)
        if sum(map(body.count, _MAY_END_NAMES)) != members:
            named = _STRING.findall(body)
            if len(named) - named.count(b"") != members:
                _refuse_duplicates(body)
    else:
        floats = [value] if type(value) is float else []
    if floats and _BIG_NUMBER.search(body):
        return json.loads(body)  # exact integers beyond 64 bits, where orjson gives floats
    return value


def encode(value: Any) -> bytes:
    """Return ``value`` as compact UTF-8 JSON; integers beyond 64 bits are written exactly.

    It is a copy, fit to be kept: orjson's own octets hold on to the buffer that they were written in, 4 KB or more.
    """
    try:
        return bytes(memoryview(orjson.dumps(value)))
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _members(value: Any, floats: list[float]) -> int:
    """Return how many members all objects in ``value`` have together; numbers that are floats go to ``floats``."""
    count, items = (len(value), value.values()) if type(value) is dict else (0, value)
    for item in items:
        kind = type(item)
        if kind is dict or kind is list:
            count += _members(item, floats)
        elif kind is float:
            floats.append(item)
    return count


def _refuse_duplicates(body: bytes) -> NoReturn:
    """Raise the error that names the member which an object has twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            names = [name for name, _ in pairs]
            name = next(name for name in names if names.count(name) > 1)
            raise MalformedJSON(f"an object has the member {name[:60]!r} twice")
        return result

    json.loads(body, object_pairs_hook=unique)
    raise MalformedJSON("an object has a member twice")


def _depth(body: bytes) -> int:
    """Return the deepest nesting of arrays and objects, strings left out; stops counting past the limit."""
    depth = deepest = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"?|[\[{\]}]', body):
        char = token.group()
        if char in (b"[", b"{"):
            depth += 1
            if depth > deepest:
                deepest = depth
                if deepest > MAX_DEPTH:
                    break
        elif char in (b"]", b"}"):
            depth -= 1
    return deepest


def _explain(body: bytes, error: orjson.JSONDecodeError) -> NoReturn:
    """Raise the error with the reason that helps most; the body itself is never quoted."""
    if not body.strip():
        raise MalformedJSON("the body is empty") from None
    if body.startswith(b"\xef\xbb\xbf"):
        raise MalformedJSON("the body starts with a byte order mark, which JSON does not allow") from None
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in body[:4]:
        raise MalformedJSON("the body is UTF-16 or UTF-32; JSON is UTF-8") from None
    try:
        body.decode()
    except UnicodeDecodeError as problem:
        raise MalformedJSON(f"the body is not UTF-8 (byte {problem.start})") from None
    raise MalformedJSON(f"the body is not JSON: line {error.lineno}, column {error.colno}") from None
