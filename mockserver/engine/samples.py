"""Values from schemas: the contract's own examples first, else made to fit, always checked.

Deterministic: the same random source gives the same value. JSON Schema 2020-12, sections 6 and 10.
"""

import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mockserver.engine.world import canonical_uuid4, rfc3339

__all__ = ["Sampler"]

_MAX_DEPTH = 6
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Sampler:
    """Makes values for the schemas of one document; without ``examples`` those of the document are not used."""

    def __init__(self, resolve: Callable[[Any], Any], *, examples: bool = True) -> None:
        self._resolve = resolve
        self._taken = ("example", "default", "const") if examples else ("const",)

    def sample(self, schema: Any, rng: random.Random, depth: int = 0) -> Any:
        """Return a value for a schema. Keywords that contradict each other are not solved: check the result."""
        schema = self._resolve(schema)
        for name in self._taken:
            if name in schema:
                return schema[name]
        if "example" in self._taken and schema.get("examples"):
            return schema["examples"][0]
        if schema.get("enum"):
            return rng.choice(schema["enum"])
        for name in ("oneOf", "anyOf"):
            if schema.get(name):
                rest = {key: value for key, value in schema.items() if key != name}
                return self.sample(self._merge(rest, schema[name][0]), rng, depth)
        if schema.get("allOf"):
            merged = {key: value for key, value in schema.items() if key != "allOf"}
            for part in schema["allOf"]:
                merged = self._merge(merged, part)
            return self.sample(merged, rng, depth)
        return self._typed(schema, rng, depth)

    def _merge(self, left: Mapping[str, Any], right: Any) -> dict[str, Any]:
        right = self._resolve(right)
        merged = {**left, **right}
        if "properties" in left or "properties" in right:
            merged["properties"] = {**left.get("properties", {}), **right.get("properties", {})}
        merged["required"] = [*left.get("required", ()), *right.get("required", ())]
        return merged

    def _typed(self, schema: Mapping[str, Any], rng: random.Random, depth: int) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "null")
        if kind is None:
            kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
        match kind:
            case "object":
                return self._object(schema, rng, depth)
            case "array":
                least = schema.get("minItems", 0 if depth >= _MAX_DEPTH else 1)
                count = min(max(least, 0), schema.get("maxItems", least))
                return [self.sample(schema.get("items", {}), rng, depth + 1) for _ in range(count)]
            case "integer" | "number":
                return _number(schema, rng, kind)
            case "boolean":
                return rng.random() < 0.5
            case "null":
                return None
            case _:
                return _string(schema, rng)

    def _object(self, schema: Mapping[str, Any], rng: random.Random, depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        result = {
            name: self.sample(inner, rng, depth + 1)
            for name, inner in schema.get("properties", {}).items()
            if name in required or depth < _MAX_DEPTH
        }
        for name in required:
            if name not in result:
                extra = schema.get("additionalProperties", {})
                result[name] = self.sample(extra if isinstance(extra, dict) else {}, rng, depth + 1)
        return result


def _number(schema: Mapping[str, Any], rng: random.Random, kind: str) -> Any:
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    low = schema.get("minimum", schema.get("exclusiveMinimum", 1 if high is None or high > 1 else high - 1000))
    high = low + 1000 if high is None else high
    step = schema.get("multipleOf", 1 if kind == "integer" else 0)
    if step:
        first = -(-low // step) + (1 if "exclusiveMinimum" in schema and low % step == 0 else 0)
        last = high // step - (1 if "exclusiveMaximum" in schema and high % step == 0 else 0)
        value = rng.randint(int(first), int(max(first, last))) * step
        return int(value) if kind == "integer" else value
    return round(rng.uniform(low, high), 2) if high - low > 1 else (low + high) / 2


def _string(schema: Mapping[str, Any], rng: random.Random) -> str:
    if "pattern" in schema:
        import rstr

        generator = rstr.Rstr(rng)
        for _ in range(20):
            try:
                text = str(generator.xeger(schema["pattern"]))
            except (re.error, KeyError, NotImplementedError, OverflowError):
                break
            if schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)):
                return text
    moment = _EPOCH - timedelta(seconds=rng.randrange(180 * 86400))
    formats: dict[str, Callable[[], str]] = {
        "date-time": lambda: rfc3339(moment),
        "date": lambda: moment.date().isoformat(),
        "time": lambda: moment.time().isoformat() + "Z",
        "uuid": lambda: canonical_uuid4(rng.randbytes(16)),
        "email": lambda: f"user{rng.randrange(1000)}@example.com",
        "uri": lambda: f"https://example.com/{rng.randrange(1000)}",
        "hostname": lambda: f"host{rng.randrange(1000)}.example.com",
        "ipv4": lambda: f"192.0.2.{rng.randrange(1, 255)}",
        "ipv6": lambda: f"2001:db8::{rng.randrange(1, 65535):x}",
        "byte": lambda: "ZXhhbXBsZQ==",
        "duration": lambda: f"PT{rng.randrange(1, 60)}M",
    }
    make = formats.get(schema.get("format", ""))
    if make is not None:
        return make()
    words = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven")
    text = f"{rng.choice(words)}-{rng.choice(words)}"
    text += "x" * (int(schema.get("minLength", 0)) - len(text))
    return text[: int(schema.get("maxLength", len(text)))]
