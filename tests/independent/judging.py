"""Whether a body is as the contract wants it: JSON types first, then each member's rules, all faults together."""

import re
import uuid
from typing import Any

from tests.independent.terms import Terms
from tests.independent.values import Provider, Refusal, Request

TYPES = ("anthropic", "azure", "bedrock", "google", "openai", "openai-compat", "openrouter", "vercel")
BEDROCK_TYPES = {"anthropic", "bedrock"}
SETTINGS_SECRETS = ("access_key", "access_key_secret")
SETTINGS_TEXTS = ("region", "model", "small_fast_model", *SETTINGS_SECRETS)
CREATE_MEMBERS = {
    "type": str,
    "name": str,
    "display_name": str,
    "enabled": bool,
    "base_url": str,
    "api_keys": list,
    "settings": dict,
}
PATCH_MEMBERS = {name: kind for name, kind in CREATE_MEMBERS.items() if name not in {"type", "name"}}
JSON_KINDS = {str: "text", bool: "true or false", list: "a list", dict: "an object"}
WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
HEX = "[0-9a-fA-F]"
UUID = re.compile(f"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}")

Faults = list[tuple[str, str]]
Members = dict[str, Any]


def parse_uuid(text: str) -> str | None:
    """Return the canonical spelling of a UUID: plain, ``urn:uuid:``, in braces, or without dashes."""
    if text[:9].lower() == "urn:uuid:":
        text = text[9:]
    elif text[:1] == "{" and text[-1:] == "}":
        text = text[1:-1]
    elif re.fullmatch(f"{HEX}{{32}}", text):
        return str(uuid.UUID(text))
    return text.lower() if UUID.fullmatch(text) else None


class Judging:
    """Judges bodies. Seams for faults: ``wrong_types``, one ``judge_...`` per member and combination, ``refuse``."""

    terms: Terms

    def judge(self, request: Request, data: Any) -> Members:
        """Return the known members that a body sets, or refuse it with 400."""
        if not isinstance(data, dict):
            raise Refusal(400, "The body must be an object.")
        creating = request.operation == "create"
        known = CREATE_MEMBERS if creating else PATCH_MEMBERS
        if wrong := self.wrong_types(data, known):
            raise Refusal(400, "Some member has the wrong JSON type.", wrong if self.terms.name_decoding_faults else [])
        members = {name: data[name] for name in known if data.get(name) is not None}
        faults = self.judge_create(members) if creating else self.judge_patch(members)
        if faults:
            self.refuse(faults)
        if not creating:
            self.judge_emptiness(data, members)
        return members

    def refuse(self, faults: Faults) -> None:
        """Refuse a body for all of its faults."""
        raise Refusal(400, "Some members cannot be accepted.", faults)

    # --- JSON types

    def wrong_types(self, data: Members, known: dict[str, type]) -> Faults:
        """Return the members whose JSON type is wrong, at any depth."""
        faults: Faults = []
        for name, kind in known.items():
            if name not in data or (data[name] is None and self.null_is_absent(name)):
                continue
            value = data[name]
            if not self.is_kind(name, value, kind):
                faults.append((name, f"must be {JSON_KINDS[kind]}"))
            elif name == "api_keys":
                faults += self.wrong_entries(value, plain="name" in known)
            elif name == "settings" and self.terms.strict_values:
                faults += self.wrong_settings(value)
        return faults

    def null_is_absent(self, name: str) -> bool:
        """Whether a null may stand for an absent member; a required one is then missing."""
        return self.terms.nulls

    def is_kind(self, name: str, value: Any, kind: type) -> bool:
        """Whether a member's value has its JSON type."""
        return isinstance(value, kind)

    def wrong_entries(self, entries: list[Any], *, plain: bool) -> Faults:
        """Return the entries of ``api_keys`` that have the wrong JSON type: texts on create, objects on PATCH."""
        faults: Faults = []
        for index, entry in enumerate(entries):
            if not isinstance(entry, str if plain else dict):
                faults.append((f"api_keys[{index}]", f"must be {JSON_KINDS[str if plain else dict]}"))
            elif not plain:
                faults += [
                    (f"api_keys[{index}].{name}", "must be text")
                    for name in ("id", "api_key")
                    if not isinstance(entry.get(name, ""), str) and not (self.terms.nulls and entry[name] is None)
                ]
        return faults

    def wrong_settings(self, settings: Members) -> Faults:
        """Return the members of settings that have the wrong JSON type."""
        return [
            ("settings", f"{name} must be text")
            for name in SETTINGS_TEXTS
            if not isinstance(settings.get(name, ""), str) and not (self.terms.nulls and settings[name] is None)
        ]

    # --- each member

    def judge_create(self, members: Members) -> Faults:
        """Return the faults of a create."""
        faults = [(name, "must be given") for name in self.required() if name not in members]
        for name in members:
            faults += getattr(self, f"judge_{name}")(members[name])
        if self.terms.strict_values:
            faults += self.judge_bedrock(members)
        return faults

    def required(self) -> tuple[str, ...]:
        """Return the members that a create needs."""
        return ("type", "name", "base_url")

    def judge_type(self, value: str) -> Faults:
        """Return the faults of a type."""
        return [] if value in TYPES else [("type", f"must be one of {', '.join(TYPES)}")]

    def judge_name(self, value: str) -> Faults:
        """Return the faults of a name."""
        if not self.terms.strict_values or NAME.fullmatch(value):
            return []
        return [("name", "use lower-case letters, digits and single dashes between them")]

    def judge_display_name(self, value: str) -> Faults:
        """Return the faults of a display name: any text is good."""
        return []

    def judge_enabled(self, value: bool) -> Faults:
        """Return the faults of a switch: there are none."""
        return []

    def judge_base_url(self, value: str) -> Faults:
        """Return the faults of a base URL."""
        if not self.terms.strict_values or self.is_base_url(value):
            return []
        return [("base_url", "must be a whole http or https URL")]

    def is_base_url(self, value: str) -> bool:
        """Whether a text is an absolute http or https URL with a host."""
        found = re.fullmatch(r"(?:http|https)://([^/?#]*)(?:[/?#].*)?", value, re.IGNORECASE | re.DOTALL)
        if not found or any(char.isspace() or char < " " or char == "\x7f" for char in value):
            return False
        host = found[1].rpartition("@")[2]
        if host.startswith("["):
            return re.fullmatch(r"\[[0-9A-Fa-f:.]+\](?::[0-9]*)?", host) is not None
        return re.fullmatch(r"[^:\[\]]+(?::[0-9]*)?", host) is not None

    def judge_api_keys(self, value: list[str]) -> Faults:
        """Return the faults of the keys of a create."""
        return [(f"api_keys[{index}]", why) for index, key in enumerate(value) if (why := self.key_fault(key))]

    def key_fault(self, key: str) -> str:
        """Return what is wrong with a key in plain text; empty where it is good."""
        if not self.terms.strict_values:
            return ""
        if not key:
            return "must not be empty"
        return "must not begin or end with white space" if key.strip(WHITE) != key else ""

    def judge_settings(self, value: Members) -> Faults:
        """Return the faults of settings in themselves."""
        if not self.terms.strict_values:
            return []
        if value.get("_type") != "bedrock":
            return [("settings", "_type must be bedrock")]
        version = value.get("_version")
        return [] if version == 1 and not isinstance(version, bool) else [("settings", "_version must be 1")]

    def judge_bedrock(self, members: Members) -> Faults:
        """Return the faults of a create that lie between its type, settings and keys."""
        faults: Faults = []
        kind, settings, keys = (members.get(name) for name in ("type", "settings", "api_keys"))
        if settings is not None and kind in TYPES and kind not in BEDROCK_TYPES and settings.get("_type") == "bedrock":
            faults.append(("settings", f"cannot be used with the type {kind}"))
        if kind == "bedrock" and not self.has_bedrock_access(settings or {}):
            faults.append(("settings", "must hold a region or credentials"))
        if kind == "bedrock" and keys:
            faults.append(("api_keys", "must be empty: bedrock keeps its credentials in its settings"))
        elif settings is not None and keys:
            faults.append(("settings", "cannot be used together with api_keys"))
        return faults

    def has_bedrock_access(self, settings: Members) -> bool:
        """Whether settings are enough for a provider of type bedrock."""
        return any(settings.get(name) for name in ("region", *SETTINGS_SECRETS))

    # --- PATCH

    def judge_patch(self, members: Members) -> Faults:
        """Return the faults of a PATCH that can be seen without the provider."""
        faults: Faults = []
        for name, value in members.items():
            faults += self.judge_entries(value) if name == "api_keys" else getattr(self, f"judge_{name}")(value)
        return faults

    def judge_emptiness(self, data: Members, members: Members) -> None:
        """Refuse a PATCH that sets nothing, and one that brings settings and keys together."""
        if not self.terms.strict_values:
            return
        if not members:
            raise Refusal(400, "There is nothing to change.")
        if "settings" in members and members.get("api_keys"):
            raise Refusal(400, "Bedrock settings and keys exclude each other.")

    def judge_entries(self, entries: list[Members]) -> Faults:
        """Return the faults of the key entries of a PATCH."""
        faults: Faults = []
        seen: set[str] = set()
        for index, entry in enumerate(entries):
            faults += self.judge_entry(f"api_keys[{index}]", entry, seen)
        return faults

    def judge_entry(self, place: str, entry: Members, seen: set[str]) -> Faults:
        """Return the faults of one entry; the ids of the entries before it are in ``seen``."""
        key_id, plain = entry.get("id"), entry.get("api_key")
        if (key_id is None) == (plain is None) and (self.terms.strict_values or key_id is None):
            return [(place, "needs either id or api_key")]
        faults: Faults = []
        if plain is not None and (why := self.key_fault(plain)):
            faults.append((f"{place}.api_key", why))
        if key_id is not None:
            faults += self.judge_entry_id(place, key_id, seen)
        return faults

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        """Return the faults of an entry's id."""
        canonical = parse_uuid(key_id)
        if canonical is None:
            return [(f"{place}.id", "must be a UUID")]
        if canonical in seen:
            return [(f"{place}.id", "is named twice")]
        seen.add(canonical)
        return []

    def judge_fit(self, provider: Provider, change: Members) -> None:
        """Refuse a PATCH that is good in itself but does not fit the provider."""
        if not self.terms.strict_values:
            return
        settings, keys = change.get("settings"), change.get("api_keys")
        if settings is not None and provider.type not in BEDROCK_TYPES:
            raise Refusal(400, f"A provider of type {provider.type} has no bedrock settings.")
        if keys and provider.settings and provider.settings.get("_type") == "bedrock":
            raise Refusal(400, "A provider with bedrock settings has no keys.")
        if settings is not None and keys is None and provider.keys:
            raise Refusal(400, "Remove the keys before bedrock settings are set.")
