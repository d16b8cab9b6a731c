"""From a stored record to what a client may see: only what the response schema declares, never a write-only member.

The same cut, the other way, keeps of a request only what its schema knows.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.engine.operations import Document

__all__ = ["cutter"]

Cut = Callable[[Any], Any]

_AT_ONCE = 30  # levels of a schema that are looked at before a value needs them


def cutter(document: Document, schema: Any, *, drop: str) -> Cut:
    """Return a function that cuts a value to a schema; members marked ``drop`` (``writeOnly``, ``readOnly``) go.

    Objects whose schema declares no properties, or allows others by ``additionalProperties``, keep them all.
    """
    return _Cuts(document, drop).of(schema, 0) or _whole


class _Cuts:
    """The cuts of one document's schemas, each made once."""

    def __init__(self, document: Document, drop: str) -> None:
        self._document, self._drop = document, drop
        self._made: dict[int, Cut | None] = {}
        self._kept: list[Any] = []  # an id is a schema's own as long as the schema is kept

    def of(self, schema: Any, depth: int) -> Cut | None:
        """Return the cut of a schema, ``None`` where nothing is ever cut."""
        resolved = self._document.resolve(schema)
        key = id(resolved)
        if key not in self._made:
            self._kept.append(resolved)
            if depth > _AT_ONCE:
                return lambda value: self._later(resolved, value)
            self._made[key] = lambda value: self._later(resolved, value)  # for schemas that contain themselves
            self._made[key] = self._make(resolved, depth)
        return self._made[key]

    def _later(self, resolved: Mapping[str, Any], value: Any) -> Any:
        cut = self.of(resolved, 0)
        return value if cut is None else cut(value)

    def _make(self, resolved: Mapping[str, Any], depth: int) -> Cut | None:
        properties = self._document.properties(resolved)
        known = {name: node for name, node in properties.items() if not self._document.resolve(node).get(self._drop)}
        kept = {name: self.of(node, depth + 1) for name, node in known.items()}
        dropped = properties.keys() - kept.keys()
        known_only = bool(properties) and not resolved.get("additionalProperties")
        items = self.of(resolved["items"], depth + 1) if "items" in resolved else None
        if not properties and items is None:
            return None  # nothing is ever cut from such a value

        nested = [(name, inner) for name, inner in kept.items() if inner is not None]

        def cut(value: Any) -> Any:
            if isinstance(value, dict):
                result = {name: value[name] for name in kept if name in value}
                for name, inner in nested:
                    if name in result:
                        result[name] = inner(result[name])
                if not known_only:
                    result.update({n: v for n, v in value.items() if n not in kept and n not in dropped})
                return result
            if items is not None and isinstance(value, list):
                return [items(inner) for inner in value]
            return value

        return cut


def _whole(value: Any) -> Any:
    """Return a value of which nothing is cut."""
    return value
