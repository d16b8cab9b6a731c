"""What the three readings of the contract differ in, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """One reading: what is demanded beyond the page, and how answers are spelt where that is free."""

    profile: str
    carriers: tuple[str, ...]  # where a token is looked for, in order
    owners_only: bool
    strict_values: bool  # names, URLs, keys, key entries, settings and empty PATCHes as a deployed server wants them
    nulls: bool  # null is as good as absent
    trailing_slash: bool
    malformed_key: int  # the status for what can be neither an id nor a name
    name_decoding_faults: bool  # name the members of the wrong JSON type, or just say so
    no_settings: str  # "null" or "object"
    options: bool  # OPTIONS is answered
    zone: str
    indent: int | None


DEPLOYED = Terms(
    profile="deployed",
    carriers=("cookie", "query", "header"),
    owners_only=True,
    strict_values=True,
    nulls=True,
    trailing_slash=True,
    malformed_key=400,
    name_decoding_faults=False,
    no_settings="null",
    options=False,
    zone="Z",
    indent=None,
)
LENIENT = Terms(
    profile="documented",
    carriers=("header",),
    owners_only=False,
    strict_values=False,
    nulls=False,
    trailing_slash=False,
    malformed_key=404,
    name_decoding_faults=True,
    no_settings="object",
    options=True,
    zone="+00:00",
    indent=1,
)
STRICT = Terms(
    profile="documented",
    carriers=("header",),
    owners_only=False,
    strict_values=True,
    nulls=False,
    trailing_slash=False,
    malformed_key=404,
    name_decoding_faults=True,
    no_settings="object",
    options=False,
    zone="+00:00",
    indent=None,
)


def terms(profile: str, reading: str) -> Terms:
    """Return the terms of a profile; the reading (``lenient``, ``strict``) matters in ``documented`` alone."""
    if profile == "deployed":
        return DEPLOYED
    if profile != "documented":
        raise ValueError(f"profile is {profile!r}, must be 'documented' or 'deployed'")
    if reading not in {"lenient", "strict"}:
        raise ValueError(f"reading is {reading!r}, must be 'lenient' or 'strict'")
    return STRICT if reading == "strict" else LENIENT
