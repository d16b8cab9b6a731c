"""Named sets of faults, for the situations that everybody wants to see once."""

from dataclasses import dataclass
from typing import Any

from mockserver.control.refusals import missing

__all__ = ["PRESETS", "Preset", "preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of faults, as they would be sent to the control API."""

    name: str
    description: str
    faults: tuple[dict[str, Any], ...]


PRESETS = (
    Preset(
        "slow-3g",
        "Every answer takes about two seconds, some of them much longer.",
        ({"effect": {"kind": "delay", "lognormal": {"median": 2, "sigma": 0.3}}},),
    ),
    Preset(
        "flaky",
        "One request in ten finds its connection closed, one in ten gets 503, one in ten waits a second.",
        (
            {"effect": {"kind": "drop", "when": "before"}, "probability": 0.1, "seed": 1},
            {"effect": {"kind": "status", "status": 503, "force": True}, "probability": 0.1, "seed": 2},
            {"effect": {"kind": "delay", "seconds": 1}, "probability": 0.1, "seed": 3},
        ),
    ),
    Preset(
        "outage",
        "Every request gets 503, with Retry-After.",
        ({"effect": {"kind": "status", "status": 503, "force": True, "retry_after": 30}},),
    ),
    Preset(
        "rate-limited",
        "Ten requests in ten seconds are let through, the others get 429 with Retry-After.",
        ({"effect": {"kind": "rate-limit", "limit": 10, "window": 10}},),
    ),
    Preset(
        "expired-session",
        "Every request gets 401, as if its token had expired.",
        (
            {
                "effect": {
                    "kind": "status",
                    "status": 401,
                    "force": True,
                    "message": "Your session has expired. Sign in again.",
                }
            },
        ),
    ),
)


def preset(name: str) -> Preset:
    """Return a preset; refuse a name that there is none of."""
    found = next((preset for preset in PRESETS if preset.name == name), None)
    if found is None:
        missing("preset", name, f"There are: {', '.join(p.name for p in PRESETS)}.")
    return found
