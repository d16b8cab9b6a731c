"""Golden cases: one YAML file is one conversation with a fresh mock. The format is strict; see ``read_case``."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mockserver.contract import yamlfile

FOLDER = Path(__file__).parent
PROFILES = ("documented", "deployed")
COLLECTION = "/api/v2/ai/providers"

CASE_MEMBERS = {"title", "profiles", "fixture", "rules", "exchanges"}
REQUEST_MEMBERS = {"method", "path", "token", "headers", "query", "body", "raw", "repeat"}
EXPECT_MEMBERS = {"status", "body", "contains", "absent", "fields", "headers", "save"}

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


@dataclass(frozen=True)
class Case:
    """One case file: what is sent, step by step, and what must come back."""

    name: str
    title: str
    profiles: tuple[str, ...]
    fixture: str
    rules: tuple[str, ...]
    exchanges: tuple[dict[str, Any], ...]


def read_cases() -> list[Case]:
    """Return all cases, in the order of their names."""
    return [read_case(path) for path in sorted(FOLDER.glob("*/*.yaml"))]


def read_case(path: Path) -> Case:
    """Return the case of a file. Raises :class:`ValueError` for whatever the format does not know.

    ``{name}`` in a path, query, body or expectation stands for a saved value; a text that is nothing but a
    placeholder stands for the value itself, of any type. In expectations ``$uuid`` (version 4), ``$time`` (RFC 3339,
    UTC), ``$any``, ``$text`` (not empty), ``$after TIME`` and ``$not VALUE`` match what they say. ``contains`` lets
    objects have more members, never arrays more items. ``absent`` and ``save`` take JSON pointers (RFC 6901).
    """
    name = f"{path.parent.name}/{path.stem}"
    raw = yamlfile.load(path)
    _known(name, raw, CASE_MEMBERS, {"title", "profiles", "exchanges"})
    profiles = tuple(raw["profiles"])
    folder = "both" if profiles == PROFILES else "".join(profiles)
    if folder != path.parent.name:
        raise ValueError(f"{name}: its profiles are {list(profiles)}, so it belongs into the folder {folder!r}")
    if not re.fullmatch(r"[A-Z0-9`].*\.", raw["title"]):
        raise ValueError(f"{name}: the title must be a sentence, found {raw['title']!r}")
    if raw.get("fixture", "default") not in {"default", "empty"}:
        raise ValueError(f"{name}: fixture is {raw['fixture']!r}, must be 'default' or 'empty'")
    for number, step in enumerate(raw["exchanges"], 1):
        place = f"{name}, step {number}"
        _known(place, step, {"request", "expect"}, {"request", "expect"})
        _known(place, step["request"], REQUEST_MEMBERS, {"method", "path"})
        _known(place, step["expect"], EXPECT_MEMBERS, {"status"})
        if "body" in step["request"] and "raw" in step["request"]:
            raise ValueError(f"{place}: a request has a body or a raw text, not both")
        if not step["request"]["path"].startswith("/"):
            raise ValueError(f"{place}: a path starts with '/'")
    fixture, rules = raw.get("fixture", "default"), tuple(raw.get("rules", ()))
    return Case(name, raw["title"], profiles, fixture, rules, tuple(raw["exchanges"]))


def _known(place: str, value: Any, known: set[str], required: set[str]) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{place}: expected a mapping, found {value!r}")
    if unknown := value.keys() - known:
        raise ValueError(f"{place}: unknown members {sorted(unknown)}; known are {sorted(known)}")
    if missing := required - value.keys():
        raise ValueError(f"{place}: lacks {sorted(missing)}")


def filled(value: Any, saved: dict[str, Any]) -> Any:
    """Return a value with its placeholders replaced by what was saved."""
    if isinstance(value, dict):
        return {name: filled(inner, saved) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, saved) for inner in value]
    if not isinstance(value, str):
        return value
    if whole := _PLACEHOLDER.fullmatch(value):
        return saved[whole[1]]
    return _PLACEHOLDER.sub(lambda match: str(saved[match[1]]), value)


@dataclass(frozen=True)
class Sent:
    """A request as it is sent: the path with its placeholders filled, nothing percent-encoded yet."""

    method: str
    path: str
    query: dict[str, str] | None
    headers: dict[str, str]
    data: bytes | None


def sent(request: dict[str, Any], saved: dict[str, Any]) -> Sent:
    """Return what a request of a case stands for; ``API_KEY`` in the header where it names no token."""
    headers = {} if request.get("token", "API_KEY") is None else {"Coder-Session-Token": "API_KEY"}
    if request.get("token"):
        headers["Coder-Session-Token"] = request["token"]
    data = None
    if "body" in request:
        data = json.dumps(filled(request["body"], saved)).encode()
    elif "raw" in request:
        data = (request["raw"] * request.get("repeat", 1)).encode()
    if data is not None:
        headers["Content-Type"] = "application/json"
    headers = {name: value for name, value in {**headers, **request.get("headers", {})}.items() if value is not None}
    path, query = filled(request["path"], saved), filled(request.get("query"), saved)
    return Sent(request["method"], path, query, headers, data)


def at_pointer(value: Any, pointer: str) -> Any:
    """Return what a JSON pointer points at. Raises :class:`LookupError` when there is nothing."""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, (dict, list)):
            raise LookupError(pointer)
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def mismatch(wanted: Any, found: Any, *, exact: bool, place: str = "") -> str:
    """Return where and how a value differs from the wanted one; empty where it does not."""
    if isinstance(wanted, str) and wanted.startswith("$"):
        return "" if _matches(wanted, found) else f"{place or '/'}: wanted {wanted}, found {found!r}"
    if isinstance(wanted, dict) and isinstance(found, dict):
        if missing := wanted.keys() - found.keys():
            return f"{place or '/'}: lacks {sorted(missing)}"
        if exact and (extra := found.keys() - wanted.keys()):
            return f"{place or '/'}: has {sorted(extra)} besides"
        inner = (mismatch(wanted[name], found[name], exact=exact, place=f"{place}/{name}") for name in wanted)
        return next(filter(None, inner), "")
    if isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return f"{place or '/'}: wanted {len(wanted)} items, found {len(found)}"
        pairs = enumerate(zip(wanted, found, strict=True))
        inner = (mismatch(one, other, exact=exact, place=f"{place}/{index}") for index, (one, other) in pairs)
        return next(filter(None, inner), "")
    same = type(wanted) is type(found) and wanted == found
    return "" if same else f"{place or '/'}: wanted {wanted!r}, found {found!r}"


def _matches(matcher: str, found: Any) -> bool:
    name, _, operand = matcher.partition(" ")
    is_text = isinstance(found, str)
    match name:
        case "$any":
            return True
        case "$text":
            return is_text and found != ""
        case "$uuid":
            return is_text and _UUID4.fullmatch(found) is not None
        case "$time":
            return is_text and _TIME.fullmatch(found) is not None
        case "$after":
            return is_text and _TIME.fullmatch(found) is not None and _instant(found) > _instant(operand)
        case "$not":
            return bool(found != operand)
    raise ValueError(f"unknown matcher {matcher!r}")


def _instant(text: str) -> tuple[str, str]:
    """Return a UTC time as something that sorts; fractions have trailing zeros left out."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    return seconds, fraction.ljust(6, "0")


def secrets_of(case: Case, *, settings: bool) -> set[str]:
    """Return the plaintext keys and tokens that a case sends, but for texts that it also sends as something else."""
    secret: set[str] = set()
    open_: set[str] = set()

    def walk(value: Any, hidden: bool) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                is_key = name in {"api_key", "api_keys"} or (settings and name in {"access_key", "access_key_secret"})
                walk(inner, is_key or (hidden and name != "id"))
        elif isinstance(value, list):
            for inner in value:
                walk(inner, hidden)
        elif isinstance(value, str):
            (secret if hidden else open_).add(value)

    for step in case.exchanges:
        request = step["request"]
        walk(request.get("body"), False)
        secret.add(request.get("token", "API_KEY") or "")
        secret.update((request.get("query") or {}).values())
        for header, value in (request.get("headers") or {}).items():
            if header.lower() in {"cookie", "coder-session-token"}:
                secret.update(part.partition("=")[2] or part for part in value.split("; "))
    return secret - open_ - {""}


def leaks(text: str, secrets: set[str]) -> list[str]:
    """Return the secrets that a body holds; short ones count only as a whole string, since words may hold them."""
    strings: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, str):
            strings.add(value)

    if text:
        walk(json.loads(text))
    return sorted(s for s in secrets if s in strings or (len(s) > 6 and any(s in string for string in strings)))
