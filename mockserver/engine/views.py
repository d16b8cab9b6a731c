"""From a stored record to what a client may see: only what the response schema declares, never a write-only member.

The same cut, the other way, keeps of a request only what its schema knows.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.engine.operations import Document

__all__ = ["cutter"]

Cut = Callable[[Any], Any]


def cutter(document: Document, schema: Any, *, drop: str) -> Cut:
    """Return a function that cuts a value to a schema; members marked ``drop`` (``writeOnly``, ``readOnly``) go.

    Objects whose schema declares no properties, or allows others by ``additionalProperties``, keep them all.
    """
    cache: dict[int, Cut | None] = {}

    def make(node: Any) -> Cut | None:
        resolved = document.resolve(node)
        key = id(resolved)
        if key not in cache:
            cache[key] = lambda value: again(key, value)  # for schemas that contain themselves
            cache[key] = compile_(resolved)
        return cache[key]

    def again(key: int, value: Any) -> Any:
        cut = cache[key]
        return value if cut is None else cut(value)

    def compile_(resolved: Mapping[str, Any]) -> Cut | None:
        properties = document.properties(resolved)
        kept = {name: make(inner) for name, inner in properties.items() if not document.resolve(inner).get(drop)}
        dropped = properties.keys() - kept.keys()
        known_only = bool(properties) and not resolved.get("additionalProperties")
        items = make(resolved["items"]) if "items" in resolved else None
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

    return make(schema) or _whole


def _whole(value: Any) -> Any:
    """Return a value of which nothing is cut."""
    return value
