"""Providers that look like the real thing: names, addresses and dummy keys that fit their type.

Each provider is made from the seed and its own number alone, so it is the same whatever was made before.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from mockserver.engine.world import canonical_uuid4, parse_rfc3339, rfc3339

__all__ = ["OPTIONS", "check_options", "generate_providers"]

_TYPES = ("openai", "anthropic", "azure", "bedrock", "google", "openai-compat", "openrouter", "vercel")
_REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-2")
_PLACES = ("eu", "us", "apac", "uk", "emea", "latam")
_STAGES = ("prod", "staging", "dev", "sandbox", "eval", "research", "batch", "fallback")
_LABELS = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "azure": "Azure OpenAI",
    "bedrock": "Amazon Bedrock",
    "google": "Google Gemini",
    "openai-compat": "Self-hosted",
    "openrouter": "OpenRouter",
    "vercel": "Vercel AI Gateway",
}
_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com/v1beta",
    "openrouter": "https://openrouter.ai/api/v1",
    "vercel": "https://ai-gateway.vercel.sh/v1",
}
# What dummy keys start with: the shape of the real ones, and a word that says what they are.
_KEY_STARTS = {
    "openai": "sk-proj-dummy-",
    "anthropic": "sk-ant-dummy-",
    "azure": "dummy",
    "google": "AIzaDummy",
    "openai-compat": "dummy-",
    "openrouter": "sk-or-v1-dummy",
    "vercel": "vck_dummy",
}
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"

# The options of the block, each with its default; ``count`` has none.
OPTIONS: dict[str, Any] = {
    "count": None,
    "seed": 0,
    "types": dict.fromkeys(_TYPES, 1),
    "disabled": 0.2,
    "api_keys": {"min": 1, "max": 3},
    "created": {"from": "2025-06-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"},
}


def check_options(options: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what is wrong with a ``generate`` block: the path of the option, and a sentence."""
    if not isinstance(options, Mapping):
        yield (), "must be a mapping of options"
        return
    for name in options:
        if name not in OPTIONS:
            yield (str(name),), f"is not an option; known are {', '.join(OPTIONS)}"
    for name, low, high in (("count", 0, 1_000_000), ("seed", -(2**63), 2**63)):
        value = options.get(name, OPTIONS[name])
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield (name,), f"must be a whole number from {low} to {high}"
    share = options.get("disabled", 0)
    if not isinstance(share, (int, float)) or isinstance(share, bool) or not 0 <= share <= 1:
        yield ("disabled",), "must be a share from 0 to 1"
    yield from _check_nested(options)


def _check_nested(options: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    mix = options.get("types", OPTIONS["types"])
    if not isinstance(mix, Mapping) or not mix:
        yield ("types",), "must map types to weights, such as 'openai: 3'"
    else:
        for name, weight in mix.items():
            if name not in _TYPES:
                yield ("types", name), f"is not a type; known are {', '.join(sorted(_TYPES))}"
            elif not isinstance(weight, (int, float)) or isinstance(weight, bool) or weight < 0:
                yield ("types", name), "must be a weight of 0 or more"
        if all(weight == 0 for weight in mix.values()):
            yield ("types",), "must give at least one type a weight above 0"
    keys = options.get("api_keys", OPTIONS["api_keys"])
    bounds = [keys.get("min", 1), keys.get("max", 3)] if isinstance(keys, Mapping) else []
    if (
        not all(isinstance(bound, int) and 0 <= bound <= 100 for bound in bounds)
        or sorted(bounds) != bounds
        or not bounds
    ):
        yield ("api_keys",), "must be 'min' and 'max', whole numbers from 0 to 100"
    created = options.get("created", OPTIONS["created"])
    try:
        start, end = (parse_rfc3339(created[name]) for name in ("from", "to"))
        if start > end:
            yield ("created",), "must end after it starts"
    except (TypeError, KeyError, ValueError):
        yield ("created",), "must be 'from' and 'to', two RFC 3339 times"


@cache
def _faker() -> Any:
    """Return a source of company words; it is reseeded before each use, so sharing it shares nothing."""
    from faker import Faker

    return Faker("en_US", use_weighting=False)


def generate_providers(options: Mapping[str, Any], seed: int) -> Iterator[dict[str, Any]]:
    """Yield providers as a fixture writes them; ``options`` has passed :func:`check_options`."""
    options = {**OPTIONS, **options}
    base = f"providers:{options['seed']}:{seed}"
    start, end = (parse_rfc3339(options["created"][name]) for name in ("from", "to"))
    span = int((end - start).total_seconds())
    kinds, weights = list(options["types"]), list(options["types"].values())
    fake = _faker()
    rng = random.Random()  # noqa: S311  # reproducible on purpose
    fake.factories[0].random = rng
    for number in range(options["count"]):
        rng.seed(f"{base}:{number}")
        kind = rng.choices(kinds, weights)[0]
        yield _provider(rng, fake, kind, number, options, start + timedelta(seconds=rng.randint(0, max(span, 0))))


def _provider(
    rng: random.Random, fake: Any, kind: str, number: int, options: Mapping[str, Any], created: datetime
) -> dict[str, Any]:
    place, stage = rng.choice(_PLACES), rng.choice(_STAGES)
    team = str(fake.last_name()).lower()
    team = "".join(char for char in team if char in _ALPHABET)
    changed = min(created + timedelta(minutes=rng.randint(0, 200_000)), datetime(2026, 9, 1, tzinfo=UTC))
    provider: dict[str, Any] = {
        "id": canonical_uuid4(rng.randbytes(16)),
        "type": kind,
        "name": f"{kind}-{place}-{stage}-{team}-{number}",
        "display_name": f"{_LABELS[kind]} {place.upper()} {stage} ({team.title()})",
        "enabled": rng.random() >= options["disabled"],
        "base_url": _base_url(rng, kind, team),
        "created_at": rfc3339(created),
        "updated_at": rfc3339(max(created, changed)),
    }
    if kind == "bedrock":
        region = provider["base_url"].split(".")[1]
        provider["settings"] = {"_type": "bedrock", "_version": 1, "region": region}
    else:
        count = rng.randint(options["api_keys"].get("min", 1), options["api_keys"].get("max", 3))
        provider["api_keys"] = [
            {
                "id": canonical_uuid4(rng.randbytes(16)),
                "api_key": _KEY_STARTS[kind] + "".join(rng.choices(_ALPHABET, k=32)),
                "created_at": rfc3339(created),
            }
            for _ in range(count)
        ]
    return provider


def _base_url(rng: random.Random, kind: str, team: str) -> str:
    if kind == "bedrock":
        return f"https://bedrock-runtime.{rng.choice(_REGIONS)}.amazonaws.com"
    if kind == "azure":
        return f"https://{team}-{rng.choice(_PLACES)}.openai.azure.com/openai/v1"
    if kind == "openai-compat":
        return f"http://llm.{team}.example.com:{rng.choice((8000, 8080, 11434))}/v1"
    return _URLS[kind]
