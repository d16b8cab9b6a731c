"""The values that random sequences are made of: few, plain first, each of a kind that servers get wrong."""

from typing import Any

Json = Any

TYPES = ("openai", "anthropic", "bedrock", "azure", "google", "openai-compat", "openrouter", "vercel")
WITH_SETTINGS = ("anthropic", "bedrock")  # the types that take bedrock settings
TITLES = (
    "Plain",
    "",
    "Two words, and more",
    "Grüße aus Köln",
    "日本語のプロバイダー",
    "مزود الذكاء",
    "👩‍🔬 laboratory",
    "e\u0301 in two code points",
    '"quoted" \\ <b>& %41 \'',
    "first line\nsecond line\ttab",
    "long " * 60 + "end",
    "null",
)
URLS = (
    "https://ai.example.com/v1",
    "http://127.0.0.1:8081",
    "https://ai.example.com:8443/a/b/",
    "https://ai.example.com/v1?tenant=a&mode=b%20c#part",
    "https://[2001:db8::1]:9000/v1",
)
# Keys in plain text, of lengths on either side of where the mask changes. Few, and the same in every sequence.
KEYS = (
    "dummy-key-a1b2c3d4e5f6",
    "dummy-1",
    "dummy-123",
    "dummy-1234",
    "dummy-key-of-nineteen"[:19],
    "dummy-key-of-twenty!"[:20],
    "dummy-ключ-αβγ",
    "dummy-🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑-end",
    'dummy-"quoted"\\key',
    "dummy-inner space",
    "dummy-" + "0123456789" * 30,
    "dummy-eleventh-key",
)
REGIONS = ("eu-north-1", "us-east-1")
MODELS = ("claude", "модель")
SECRETS = ("dummy-access-key-zyxw", "dummy-secret-key-vuts")


def mask(plain: str) -> str:
    """Return the mask of a key (deployed-behaviour, Masking): counted in code points, r shown at each end."""
    shown = next((r for least, r in ((20, 4), (10, 2), (5, 1)) if len(plain) >= least), 0)
    return f"{plain[:shown]}...{plain[len(plain) - shown :]}" if plain else ""


def bedrock(**members: str) -> dict[str, Json]:
    """Return bedrock settings with these members."""
    return {"_type": "bedrock", "_version": 1, **members}


def various(number: int) -> dict[str, Json]:
    """Return the body of a create, its name left out: a plain one for 0, and every kind as the number grows."""
    kind = TYPES[number % len(TYPES)]
    body: dict[str, Json] = {"type": kind, "base_url": URLS[number % len(URLS)], "enabled": number % 2 == 1}
    if kind == "bedrock":
        body["settings"] = bedrock(region=REGIONS[0])
    elif number % 3 == 1:
        body["api_keys"] = [KEYS[number % len(KEYS)]]
    if number % 3 == 2:
        body["display_name"] = TITLES[number % len(TITLES)]
    return body
