"""Values from schemas: the contract's own examples first, else made to fit, always checked.

Deterministic: the same random source gives the same value. JSON Schema 2020-12, sections 6 and 10.
"""

import math
import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from mockserver.engine.world import canonical_uuid4, rfc3339

__all__ = ["Sampler"]

_MAX_DEPTH = 6  # levels that are filled in although nothing requires it
_DEEPEST = 30  # levels of what is required
_MAX_VALUES = 5_000  # and choices between alternatives
_MAX_TEXT = 100_000  # characters
_REPEATED = 100  # how often the generator of strings repeats at most what may be repeated without end
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Sampler:
    """Makes values for the schemas of one document; without ``examples`` those of the document are not used."""

    def __init__(self, resolve: Callable[[Any], Any], *, examples: bool = True) -> None:
        self._resolve = resolve
        self._taken = ("example", "default", "const") if examples else ("const",)

    def sample(self, schema: Any, rng: random.Random) -> Any:
        """Return a value for a schema. Keywords that contradict each other are not solved: check the result."""
        return _Sample(self._resolve, self._taken, rng).value(schema, 0)


class _Sample:
    """One value in the making. It is bounded: what a schema requires of itself without end is left out."""

    def __init__(self, resolve: Callable[[Any], Any], taken: tuple[str, ...], rng: random.Random) -> None:
        self._resolve = resolve
        self._taken = taken
        self._rng = rng
        self._left = _MAX_VALUES

    def value(self, schema: Any, depth: int) -> Any:
        """Return a value for a schema that is ``depth`` levels down."""
        schema = self._resolve(schema)
        while True:
            self._left -= 1
            for name in self._taken:
                if name in schema:
                    return schema[name]
            if "example" in self._taken and schema.get("examples"):
                return schema["examples"][0]
            if schema.get("enum"):
                return self._rng.choice(schema["enum"])
            choice = next((name for name in ("oneOf", "anyOf") if schema.get(name)), None)
            if choice is not None and self._left > 0:
                rest = {key: value for key, value in schema.items() if key != choice}
                schema = self._merge(rest, schema[choice][0])
            elif schema.get("allOf"):
                schema = self._whole(schema)
            else:
                break
        return self._typed(schema, depth)

    def _whole(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return a schema joined with its ``allOf`` parts, and theirs, each once."""
        seen: dict[int, Any] = {}
        waiting = [schema]
        merged: dict[str, Any] = {}
        while waiting:
            part = self._resolve(waiting.pop())
            if id(part) not in seen:
                seen[id(part)] = part
                merged = self._merge(merged, {key: value for key, value in part.items() if key != "allOf"})
                waiting.extend(reversed(part.get("allOf", ())))
        return merged

    def _merge(self, left: Mapping[str, Any], right: Any) -> dict[str, Any]:
        right = self._resolve(right)
        merged = {**left, **right}
        if "properties" in left or "properties" in right:
            merged["properties"] = {**left.get("properties", {}), **right.get("properties", {})}
        merged["required"] = list(dict.fromkeys((*left.get("required", ()), *right.get("required", ()))))
        return merged

    def _typed(self, schema: Mapping[str, Any], depth: int) -> Any:
        rng = self._rng
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "null")
        if kind is None:
            kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                least = schema.get("minItems", 0 if depth >= _MAX_DEPTH else 1)
                count = min(max(least, 0), schema.get("maxItems", least))
                items = schema.get("items", {})
                entries = takewhile(lambda _: self._goes_on(depth), range(int(count)))
                return [self.value(items, depth + 1) for _ in entries]
            case "integer" | "number":
                return _number(schema, rng, kind)
            case "boolean":
                return rng.random() < 0.5
            case "null":
                return None
            case _:
                return _string(schema, rng)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        result = {}
        for name, inner in schema.get("properties", {}).items():
            if (name in required or depth < _MAX_DEPTH) and self._goes_on(depth):
                result[name] = self.value(inner, depth + 1)
        for name in required:
            if name not in result and self._goes_on(depth):
                extra = schema.get("additionalProperties", {})
                result[name] = self.value(extra if isinstance(extra, dict) else {}, depth + 1)
        return result

    def _goes_on(self, depth: int) -> bool:
        return self._left > 0 and depth < _DEEPEST


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
    if "pattern" in schema and _longest(schema["pattern"]) <= _MAX_TEXT:
        import rstr

        generator = rstr.Rstr(rng)
        for _ in range(20):
            try:
                text = str(generator.xeger(schema["pattern"]))
            except (re.error, KeyError, NotImplementedError, OverflowError, ValueError):
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
    text += "x" * (min(int(schema.get("minLength", 0)), _MAX_TEXT) - len(text))
    return text[: int(schema.get("maxLength", len(text)))]


def _longest(pattern: str) -> float:
    """Return a bound on the length of the texts that are made for a pattern; infinity where it cannot be read."""
    try:
        tree = re._parser.parse(pattern)  # what the generator of strings reads it with
    except (re.error, OverflowError, RecursionError):
        return math.inf
    total = 0
    waiting: list[tuple[Any, int]] = [(tree, 1)]
    while waiting and total <= _MAX_TEXT:
        node, times = waiting.pop()
        for operation, argument in node:
            name = str(operation)
            if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
                least, most, inner = argument
                waiting.append((inner, times * min(int(most), max(int(least), _REPEATED))))
            elif name == "SUBPATTERN":
                waiting.append((argument[-1], times))
            elif name == "BRANCH":
                waiting.extend((branch, times) for branch in argument[1])
            else:
                total += times
    return total
