"""What the contract settles about a request body, and what it leaves open: which answers are right, not just likely.

A body is *accepted* by every right server, *refused* by every right server, or *open*: the document allows it and yet
a server may have a reason to refuse it that the document does not mention (the reference page says little), or it is
against the letter of the document in a way that right servers treat differently. Only what is settled is judged.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any

from contract_tests.documents import CREATE, Contract, escape
from contract_tests.exchange import NotJson

Json = Any

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
ANY_UUID = re.compile(r"(urn:uuid:)?\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
PLAIN_URL = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~-]*)*")
SOME_URL = re.compile(r"https?://[^\s/?#]*[^\s/?#:@][^\s]*", re.IGNORECASE)
# Text that some store, log or framework may refuse: controls, surrogates, non-characters, private use.
ODD_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff\U000e0000-\U0010ffff]")
LONG_TEXT = 255
MANY = 20  # keys of one request that every server takes
LARGE = 65_536  # octets of a body that every server takes; a larger one may be answered 413
WITH_SETTINGS = {"anthropic", "bedrock"}  # the types that bedrock settings fit
SETTINGS_TEXTS = ("region", "model", "small_fast_model", "access_key", "access_key_secret")
SETTINGS = {"_type": "bedrock", "_version": 1, "region": "us-east-1"}


class Verdict(Enum):
    """What the contract says of a body."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    OPEN = "open"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a body: a keyword of its schema at a member (`api_keys[].id`; empty for the body itself)."""

    member: str
    keyword: str
    message: str
    pointer: str


@dataclass(frozen=True)
class Demand:
    """The verdict on a body. `why` says in words what is at fault, or what leaves it open."""

    verdict: Verdict
    why: str = ""
    faults: tuple[Fault, ...] = ()


ACCEPTED = Demand(Verdict.ACCEPTED)


def is_deployed(contract: Contract) -> bool:
    """Tell whether a contract holds what a deployed server enforces, told by a rule that only it has."""
    return "secrets-are-write-only" in contract.rules


def settled(contract: Contract, operation: str, body: Json, keys: Collection[str] = ()) -> bool:
    """Tell whether the contract settles that a body is accepted, as far as the body alone decides.

    `keys` are the ids of the keys of the provider that a PATCH is for.
    """
    return demand(contract, operation, body, keys).verdict is Verdict.ACCEPTED


def demand(contract: Contract, operation: str, body: Json, keys: Collection[str] = ()) -> Demand:
    """Return what the contract says of a body; of the provider that a PATCH changes, only the ids of keys are known."""
    if isinstance(body, NotJson):
        return Demand(Verdict.REFUSED, "the body is no JSON", (Fault("", "json", body.reason, ""),))
    pointer = contract.operations[operation].body_pointer
    if not contract.is_valid(pointer, body):
        return _invalid(contract, pointer, body)
    reason = _doubt(contract, operation, body, keys)
    return Demand(Verdict.OPEN, reason) if reason else ACCEPTED


def faults(contract: Contract, pointer: str, body: Json) -> tuple[Fault, ...]:
    """Return what the document finds wrong with a body, the outermost fault first, each cause once."""
    found: dict[tuple[str, str], Fault] = {}
    for error in contract.validators[pointer].iter_errors(body):
        member = "".join("[]" if isinstance(part, int) else f".{part}" for part in error.instance_path).lstrip(".")
        path = [part for part in error.schema_path if isinstance(part, str)]
        keyword = path[-1] if path else "schema"
        if keyword == "required":
            missing = re.match(r"[\"'](.*?)[\"'] is a required", error.message)
            member = f"{member}.{missing[1]}".lstrip(".") if missing else member
        place = _place(pointer, error.schema_path)
        found.setdefault((member, keyword), Fault(member, keyword, error.message, place))
    return tuple(sorted(found.values(), key=lambda fault: (fault.member.count("."), fault.member, fault.keyword)))


def _place(pointer: str, path: list[str | int]) -> str:
    """Return the pointer of a keyword; its path starts at the schema, or at the document where a `$ref` leads there."""
    start = "#" if path[:1] == ["components"] else pointer
    return "/".join((start, *(escape(str(part)) for part in path)))


def _invalid(contract: Contract, pointer: str, body: Json) -> Demand:
    """Judge a body that the document does not allow: null may stand for absent, and URLs and ids have odd spellings."""
    pruned = _without_nulls(body)
    if contract.is_valid(pointer, pruned):
        return Demand(Verdict.OPEN, "null may stand for an absent member")
    found = faults(contract, pointer, pruned)
    hard = [fault for fault in found if not _soft(fault, pruned)]
    if not hard:
        return Demand(Verdict.OPEN, "; ".join(fault.message for fault in found), found)
    return Demand(Verdict.REFUSED, hard[0].message, tuple(hard))


def _soft(fault: Fault, body: Json) -> bool:
    """Tell whether right servers may differ on a fault: a URL with an odd host, a UUID in another spelling."""
    if fault.member == "base_url" and fault.keyword == "pattern":
        url = body["base_url"]
        return SOME_URL.fullmatch(url) is not None
    if fault.member == "api_keys[].id" and fault.keyword == "format":
        entries = [entry for entry in body["api_keys"] if isinstance(entry, dict)]
        ids = [entry["id"] for entry in entries if isinstance(entry.get("id"), str)]
        return all(ANY_UUID.fullmatch(value) for value in ids)
    return False


def _without_nulls(value: Json) -> Json:
    """Return a value without the members of its objects that are null; elements of arrays stay."""
    if isinstance(value, dict):
        return {name: _without_nulls(node) for name, node in value.items() if node is not None}
    if isinstance(value, list):
        return [_without_nulls(node) for node in value]
    return value


def _doubt(contract: Contract, operation: str, body: dict[str, Json], keys: Collection[str]) -> str:
    """Return why a body that the document allows may still be refused by a right server; empty where it may not."""
    deployed = is_deployed(contract)
    known = _properties(contract, operation)
    unknown = [name for name in body if name not in known]
    if unknown and (not deployed or {name.casefold() for name in unknown} & known):
        return f"the document does not know the member {unknown[0]!r}"
    for text in _texts(body):
        if ODD_TEXT.search(text) or len(text) > LONG_TEXT:
            return "text with control characters, or longer than every server takes"
    if any(isinstance(number, float) for number in _numbers(body)):
        return "a number with a fraction part of zero"
    if operation == CREATE and not NAME.fullmatch(body["name"]):
        return "a name that is none of lower-case words"
    if body.get("base_url") is not None and not PLAIN_URL.fullmatch(body["base_url"]):
        return "a base_url that is no plain http or https URL"
    if operation != CREATE and all(value is None for value in body.values()):
        return "a PATCH that changes nothing"
    return _keys_doubt(body.get("api_keys") or [], keys) or _settings_doubt(operation, body)


def _keys_doubt(entries: list[Json], known: Collection[str]) -> str:
    if len(entries) > MANY:
        return "more keys than every server takes"
    kept = [entry["id"] for entry in entries if isinstance(entry, dict) and set(entry) == {"id"}]
    if len(set(kept)) < len(kept) or not set(kept) <= set(known):
        return "an entry that names a key which the provider may not have"
    new = [entry for entry in entries if isinstance(entry, str)]
    new += [entry["api_key"] for entry in entries if isinstance(entry, dict) and set(entry) == {"api_key"}]
    if len(kept) + len(new) < len(entries):
        return "an entry that is neither a key to keep nor a key to add"
    if any(not key or key != key.strip() for key in new):
        return "a key that is empty or has white space at an end"
    return ""


def _settings_doubt(operation: str, body: dict[str, Json]) -> str:
    """Judge settings as a deployed server would: as documented, another server may do so too."""
    settings = body.get("settings")
    if settings is None:
        return "a bedrock provider without access" if body.get("type") == "bedrock" else ""
    texts = {name: value for name, value in settings.items() if name in SETTINGS_TEXTS}
    bedrock = settings.get("_type") == "bedrock" and settings.get("_version") == 1
    known = set(settings) == {"_type", "_version", *texts} and all(isinstance(text, str) for text in texts.values())
    if not bedrock or not known or not settings.get("region"):
        return "settings that are not those of bedrock, or have no region"
    if body.get("api_keys") or (operation == CREATE and body["type"] not in WITH_SETTINGS):
        return "settings beside keys, or of a type that has none"
    return ""


def _properties(contract: Contract, operation: str) -> set[str]:
    schema = contract.operations[operation].body_schema
    return set(schema.get("properties", ())) if isinstance(schema, dict) else set()


def _texts(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for name, node in value.items() for text in (name, *_texts(node))]
    return [text for node in value for text in _texts(node)] if isinstance(value, list) else []


def _numbers(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return [number for node in value.values() for number in _numbers(node)]
    if isinstance(value, list):
        return [number for node in value for number in _numbers(node)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def calmed(contract: Contract, operation: str, body: Json, number: int) -> Json:
    """Return a body like one that the document allows, with everything left out or made plain that leaves it open."""
    known = _properties(contract, operation)
    made = {name: _plain_texts(value) for name, value in body.items() if name in known and value is not None}
    if "name" in made and not NAME.fullmatch(made["name"]):
        made["name"] = re.sub("[^a-z0-9]+", "-", made["name"].lower()).strip("-") or "x"
    if "base_url" in made and not PLAIN_URL.fullmatch(made["base_url"]):
        made["base_url"] = f"https://host-{number}.example/v{number % 9}"
    if "api_keys" in made:
        made["api_keys"] = [_plain_key(entry, number) for entry in made["api_keys"][:MANY]]
    if not is_deployed(contract) and (made.get("settings") is not None or made.get("type") == "bedrock"):
        made.pop("settings", None)
        if made.get("type") in WITH_SETTINGS:
            made.pop("api_keys", None)
            made["settings"] = dict(SETTINGS)
    return made


def unmasked(contract: Contract, operation: str, body: dict[str, Json]) -> Json:
    """Return a refused body without settings that are not at fault: a server may refuse the body for their sake."""
    wrong = {fault.member for fault in demand(contract, operation, body).faults}
    if not isinstance(body.get("settings"), dict) or any(member.startswith("settings") for member in wrong):
        return body
    made = {name: value for name, value in body.items() if name != "settings"}
    if "type" in made and "type" not in wrong:
        made["type"] = "openai"
    return made


def _plain_key(entry: Json, number: int) -> Json:
    if isinstance(entry, dict):
        return {"api_key": _plain_key(entry.get("api_key", ""), number)}
    return entry.strip() or f"key-{number}"


def _plain_texts(value: Json) -> Json:
    if isinstance(value, str):
        return ODD_TEXT.sub("", value)[:LONG_TEXT]
    if isinstance(value, dict):
        return {name: _plain_texts(node) for name, node in value.items()}
    return [_plain_texts(node) for node in value] if isinstance(value, list) else value


# Path values


def is_plain_target(value: str) -> bool:
    """Tell whether a path value is a name or an id in its usual spelling."""
    return NAME.fullmatch(value) is not None or UUID.fullmatch(value) is not None


def is_odd_target(value: str) -> bool:
    """Tell whether a path value can be neither a name nor an id in any spelling."""
    return NAME.fullmatch(value.strip().casefold()) is None and ANY_UUID.fullmatch(value.strip()) is None
