"""Taking secrets out of what the journal keeps: tokens wherever they are carried, and members that are write-only.

It happens when an exchange is recorded, not when it is read: what the journal holds, holds no secret, and no reader
can forget to take one out. Of a body that cannot be read as JSON only the size is kept.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from mockserver.engine import jsonbody
from mockserver.engine.contract import Contract
from mockserver.engine.operations import Document
from mockserver.engine.plans import MISSING

__all__ = ["REDACTED", "Redactor", "secret_members"]

REDACTED = "[redacted]"

# Members that give themselves away by their names, for contracts that do not mark them: `api_keys`, `clientSecret`, ...
_NAMES = r"secret|passw(?:or)?d|passphrase|tokens?$|credential|private[-_]?key|access[-_]?key|api[-_]?key|authorization"
_TELLING = re.compile(_NAMES, re.IGNORECASE)
_ASSIGNED = r"((?:%s)[\"']?\s*[=:]\s*[\"']?)([^\s;&,\"']+)"


_MOST_SEEN = 4096
Headers = tuple[tuple[str, str], ...]


def secret_members(document: Document) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of members that are write-only as a whole, and of those whose items are."""
    whole: set[str] = set()
    items: set[str] = set()
    for name, schema in _properties(document.raw):
        resolved = document.resolve(schema)
        if not isinstance(resolved, Mapping):
            continue
        if resolved.get("writeOnly") or (isinstance(schema, Mapping) and schema.get("writeOnly")):
            whole.add(name)
        inner = document.resolve(resolved.get("items", {}))
        if isinstance(inner, Mapping) and inner.get("writeOnly"):
            items.add(name)
    return frozenset(whole), frozenset(items)


def _properties(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        properties = node.get("properties")
        if isinstance(properties, Mapping):
            yield from ((str(name), inner) for name, inner in properties.items())
        for value in node.values():
            yield from _properties(value)
    elif isinstance(node, list):
        for value in node:
            yield from _properties(value)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


class Redactor:
    """Takes the secrets of one contract out of headers, queries and bodies."""

    def __init__(self, contract: Contract) -> None:
        self._whole, self._items = secret_members(contract.document)
        schemes = contract.document.security_schemes.values()
        self._carriers = frozenset(_plain(scheme.param) for scheme in schemes)
        names = [re.escape(name).replace(r"\-", "[-_]") for name in sorted(self._carriers)]
        names += [_NAMES.replace("$", ""), *map(re.escape, sorted(self._whole | self._items))]
        self._assigned = re.compile(_ASSIGNED % "|".join(names), re.IGNORECASE)
        self._known: dict[str, int] = {}
        self._seen: dict[int, Headers] = {}

    def headers(self, headers: Iterable[tuple[str, str]]) -> Headers:
        """Return headers without tokens."""
        sent = tuple(headers)
        key = hash(sent)  # clients send the same again and again; kept is what this gives, and never what was sent
        found = self._seen.get(key)
        if found is None:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            found = tuple((name, REDACTED if self._kind(name) else self.text(value)) for name, value in sent)
            self._seen[key] = found
        return found

    def query(self, query: str) -> str:
        """Return a raw query string without tokens."""
        if not query:
            return query
        parts = []
        for pair in query.split("&"):
            name, equals, _ = pair.partition("=")
            secret = equals and self._kind(unquote_plus(name))
            parts.append(f"{name}={REDACTED}" if secret else self.text(pair))
        return "&".join(parts)

    def text(self, text: str) -> str:
        """Return text (a path, a message) without tokens that are assigned in it."""
        return self._assigned.sub(rf"\1{REDACTED}", text)

    def body(self, body: bytes, value: Any = MISSING) -> tuple[bytes, bool]:
        """Return a body without secrets, and whether something was taken out; ``value`` is the body as read."""
        if not body:
            return body, False
        if value is MISSING:
            try:
                value = jsonbody.decode(body)
            except jsonbody.MalformedJSON:
                return b"", True
        if type(value) is not dict and type(value) is not list:
            return (b"", True) if isinstance(value, str) else (body, False)
        kept = self.value(value)
        return (body, False) if kept is value else (jsonbody.encode(kept), True)

    def value(self, value: Any) -> Any:
        """Return a JSON value without secrets: the value itself where there are none."""
        if type(value) is dict:
            changed: dict[str, Any] = {}
            for name, inner in value.items():
                kind = self._known.get(name)
                if kind is None:
                    kind = self._kind(name)
                if not kind and type(inner) is not dict and type(inner) is not list:
                    continue
                kept = self._taken(inner, whole=kind == 2) if kind else inner
                if kind != 2 and (type(kept) is dict or type(kept) is list):
                    kept = self.value(kept)
                if kept is not inner:
                    changed[name] = kept
            return {**value, **changed} if changed else value
        if type(value) is list:
            items = [self.value(inner) if type(inner) in (dict, list) else inner for inner in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        return value

    def _kind(self, name: str) -> int:
        """Return 0 for a member that is no secret, 1 where its own text and items are, 2 where all inside it is."""
        kind = self._known.get(name)
        if kind is None:
            telling = name in self._items or _plain(name) in self._carriers or _TELLING.search(name)
            kind = 2 if name in self._whole else 1 if telling else 0
            if len(self._known) < 1000:
                self._known[name] = kind
        return kind

    def _taken(self, value: Any, *, whole: bool) -> Any:
        if type(value) is dict:
            return {name: self._taken(inner, whole=True) for name, inner in value.items()} if whole else value
        if type(value) is list:
            return [self._taken(i, whole=whole) if whole or type(i) not in (dict, list) else i for i in value]
        return value if value is None or type(value) is bool or value == "" else REDACTED
