"""Requests that must be refused: each kind a name, the profiles that settle it, and what makes a good body faulty."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract_tests.model.values import bedrock

Json = Any
Body = dict[str, Json]
BOTH = ("documented", "deployed")
DEPLOYED = ("deployed",)
PIGEON = "carrier-pigeon"


@dataclass(frozen=True)
class Kind:
    """One kind of faulty body. `spoil` takes a good body to a faulty one; `raw` is sent as it stands instead.

    `stateful` tells that the fault may show only beside the stored provider.
    """

    name: str
    member: str
    profiles: tuple[str, ...] = BOTH
    spoil: Callable[[Body], Body] | None = None
    raw: bytes | None = None
    stateful: bool = False


def _with(name: str, value: Json, profiles: tuple[str, ...] = BOTH) -> Kind:
    text = "".join(c if c.isalnum() else "-" for c in str(value))[:24].strip("-") or "empty"
    return Kind(f"{name}={text}", name, profiles, lambda body: {**body, name: value})


def _without(name: str) -> Kind:
    return Kind(f"no-{name}", name, BOTH, lambda body: {key: value for key, value in body.items() if key != name})


def _name(slug: str, change: Callable[[str], str]) -> Kind:
    return Kind(f"name-{slug}", "name", DEPLOYED, lambda body: {**body, "name": change(body["name"])})


def _typed(slug: str, kind: str, **members: Json) -> Kind:
    return Kind(
        slug,
        "settings" if "settings" in slug else "api_keys",
        DEPLOYED,
        lambda body: {**_bare(body), "type": kind, **members},
    )


def _bare(body: Body) -> Body:
    return {name: value for name, value in body.items() if name not in {"settings", "api_keys"}}


RAW = (
    Kind("empty-body", "body", raw=b""),
    Kind("cut-json", "body", raw=b'{"display_name": "x"'),
    Kind("array-body", "body", raw=b"[]"),
    Kind("text-body", "body", raw=b'"text"'),
)
WRONG_TYPES = (
    _with("enabled", "yes"),
    _with("base_url", 7),
    _with("display_name", 5),
    _with("api_keys", "dummy-text"),
    _with("api_keys", [7]),
    _with("settings", "text"),
)
NO_URLS = ("", "no-url", "ftp://ai.example.com", "https://", "//ai.example.com")
BAD_URLS = tuple(_with("base_url", url, DEPLOYED) for url in NO_URLS)
BAD_SETTINGS: tuple[Body, ...] = (
    {},
    {"region": "eu-north-1"},
    {"_type": PIGEON, "_version": 1},
    {"_type": "bedrock", "_version": 2, "region": "eu-north-1"},
)

CREATE_FAULTS: tuple[Kind, ...] = (
    _without("type"),
    _without("name"),
    _without("base_url"),
    _with("type", PIGEON),
    _with("name", 7),
    *WRONG_TYPES,
    *RAW,
    _name("upper-case", lambda name: f"{name}-Upper"),
    _name("two-dashes", lambda name: f"{name}--x"),
    _name("dash-at-end", lambda name: f"{name}-"),
    _name("underscore", lambda name: f"{name}_x"),
    _name("space", lambda name: f"{name} x"),
    _name("non-ascii", lambda name: f"{name}-ä"),
    _name("line-end", lambda name: f"{name}\n"),
    *BAD_URLS,
    _typed("empty-key", "openai", api_keys=["dummy-good-key", ""]),
    _typed("key-with-space", "openai", api_keys=["dummy-good-key", "dummy-bad-key "]),
    *(_typed(f"bad-settings-{n}", "anthropic", settings=value) for n, value in enumerate(BAD_SETTINGS, 1)),
    _typed("settings-of-another-type", "google", settings=bedrock(region="eu-north-1")),
    _typed("bedrock-without-settings", "bedrock"),
    _typed("bedrock-without-access", "bedrock", settings=bedrock(model="claude")),
    _typed("bedrock-with-keys", "bedrock", settings=bedrock(region="eu-north-1"), api_keys=["dummy-good-key"]),
    _typed("settings-and-keys", "anthropic", settings=bedrock(region="eu-north-1"), api_keys=["dummy-good-key"]),
)

NOBODYS_KEY = "7f3c1b2a-0d4e-4f5a-8b6c-9d0e1f2a3b4c"


def _entries(slug: str, *entries: Json, profiles: tuple[str, ...] = DEPLOYED, stateful: bool = False) -> Kind:
    good = {"api_key": "dummy-good-key"}
    return Kind(slug, "api_keys", profiles, lambda body: {**body, "api_keys": [good, *entries]}, stateful=stateful)


UPDATE_FAULTS: tuple[Kind, ...] = (
    _entries("key-id-unknown", {"id": NOBODYS_KEY}, profiles=BOTH, stateful=True),
    _entries("key-id-twice", {"id": NOBODYS_KEY}, {"id": NOBODYS_KEY}, profiles=BOTH, stateful=True),
    *WRONG_TYPES,
    *RAW,
    Kind("no-member", "body", DEPLOYED, lambda body: {}),
    Kind("unknown-member", "body", DEPLOYED, lambda body: {"unknown": 1}),
    Kind("only-nulls", "body", DEPLOYED, lambda body: {"enabled": None, "display_name": None}),
    *BAD_URLS,
    _entries("entry-with-both", {"id": NOBODYS_KEY, "api_key": "dummy-good-key"}),
    _entries("entry-with-neither", {}),
    _entries("empty-key", {"api_key": ""}),
    _entries("key-with-space", {"api_key": " dummy-bad-key"}),
    *(
        Kind(f"bad-settings-{n}", "settings", DEPLOYED, lambda body, value=value: {**body, "settings": value})  # type: ignore[misc]
        for n, value in enumerate(BAD_SETTINGS, 1)
    ),
)


def faults(operation: str, profile: str) -> tuple[Kind, ...]:
    """Return the kinds of faulty bodies of an operation that a profile settles."""
    listed = CREATE_FAULTS if operation == "createAIProvider" else UPDATE_FAULTS
    return tuple(kind for kind in listed if profile in kind.profiles)
