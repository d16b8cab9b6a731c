"""Faults thought up by somebody who did not know the suite: of combinations, sequences, numbers and half-done work."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, Later, declare_as, fault
from tests.independent.judging import TYPES, Faults, Members, parse_uuid
from tests.independent.values import Key, Provider, Refusal, Request

PAUSE = 0.02  # seconds in which others may come in between
SETTINGS = {"_type": "bedrock", "_version": 1, "region": "eu-west-1", "model": "claude"}
ONE = make(api_keys=["dummy-key-one"])
TWO = make(api_keys=["dummy-key-one", "other-key-two"])
ANTHROPIC = make(type="anthropic")
NOBODY = "00000000-0000-4000-8000-000000000000"


class _Mindful(Api):
    """What remembers more than it should."""

    @property
    def mind(self) -> dict[Any, Any]:
        """What is remembered."""
        return self.__dict__.setdefault("mind", {})  # type: ignore[no-any-return]

    def named(self) -> Provider | None:
        """Return the provider that the path names, whether or not the request is good."""
        key = self.request.key
        return self.find_by_id(parse_uuid(key) or "") or self.find_by_name(key)


def _entries(*entries: int | str) -> Later:
    """Return a PATCH that keeps keys of the first answer by their place and adds those that are given as text."""

    def step(seen: list[Reply]) -> Step:
        keys = seen[0].json["api_keys"]
        return patch(api_keys=[{"api_key": e} if isinstance(e, str) else {"id": keys[e]["id"]} for e in entries])

    return step


def _by_id(method: str, **members: Any) -> Later:
    return lambda seen: Step(method, seen[0].json["id"], members or None)


def _without(members: Members, *names: str) -> Members:
    return {name: value for name, value in members.items() if name not in names}


# --- rules that hold in part


@fault("rules.key-entries", ONE, _entries(0, " dummy-key"), profiles=DEPLOYED, quick=False)
class NewKeysBesideKeptOnesAreNotJudged(Api):
    """A PATCH does not judge new keys that come after one that is kept."""

    def judge_entry(self, place: str, entry: Members, seen: set[str]) -> Faults:
        faults = super().judge_entry(place, entry, seen)
        return [found for found in faults if not (seen and found[0].endswith(".api_key"))]


@fault("rules.key-id-once", TWO, _entries(0, 1, 0), profiles=DEPLOYED, quick=False)
class KeyIdsMayBeNamedTwiceApart(Api):
    """One key may be named twice where another one is named in between."""

    def judge_entries(self, entries: list[Members]) -> Faults:
        faults: Faults = []
        before: set[str] = set()
        for index, entry in enumerate(entries):
            now = set(before)
            faults += self.judge_entry(f"api_keys[{index}]", entry, now)
            before = now - before or before & {parse_uuid(entry.get("id") or "") or ""}
        return faults


@fault("rules.base-url", make(enabled=True), patch(enabled=False, base_url="no"), profiles=DEPLOYED, quick=False)
class SwitchingOffTakesAnyBaseUrl(Api):
    """A PATCH that switches off takes any text as base URL."""

    def judge_patch(self, members: Members) -> Faults:
        return super().judge_patch(_without(members, *["base_url"] * (members.get("enabled") is False)))


@fault("rules.base-url", make(type="openai-compat", base_url="no"), profiles=DEPLOYED, quick=False)
class OpenaiCompatTakesAnyBaseUrl(Api):
    """A create of the type openai-compat takes any text as base URL."""

    def judge_create(self, members: Members) -> Faults:
        faults = super().judge_create(members)
        lax = members.get("type") == "openai-compat" and "base_url" in members
        return [found for found in faults if not (lax and found[0] == "base_url")]


@fault("rules.name-pattern", make("n" * 40 + "-"), profiles=DEPLOYED, quick=False)
class NamesAreJudgedToTheThirtiethCharacter(Api):
    """What follows the thirtieth character of a name is not judged."""

    def judge_name(self, value: str) -> Faults:
        return super().judge_name(value if len(value) <= 30 else value[:30].rstrip("-"))


@fault("rules.json-types", make(api_keys=["dummy-key-one", 7]), quick=False)
class LaterKeysMayBeNumbers(Api):
    """A create takes numbers for keys after the first."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if request.operation == "create" and isinstance(data, dict) and isinstance(data.get("api_keys"), list):
            first, rest = data["api_keys"][:1], data["api_keys"][1:]
            data["api_keys"] = [*first, *(str(key) if isinstance(key, int | float) else key for key in rest)]
        return data


@fault("rules.json-types", make(), patch(api_keys=[{"api_key": "dummy-key-one"}, "other-key-two"]), quick=False)
class LaterEntriesMayBeTexts(Api):
    """A PATCH takes plain texts for entries after the first."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if request.operation == "patch" and isinstance(data, dict) and isinstance(data.get("api_keys"), list):
            first, rest = data["api_keys"][:1], data["api_keys"][1:]
            data["api_keys"] = [*first, *({"api_key": key} if isinstance(key, str) else key for key in rest)]
        return data


@fault("rules.settings-shape", make(type="anthropic", settings={**SETTINGS, "_version": 2}), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class AnthropicSettingsMayBeOfAnyVersion(Api):
    """A create of the type anthropic does not look at the _version of settings."""

    def judge_create(self, members: Members) -> Faults:
        settings = members.get("settings")
        if members.get("type") == "anthropic" and settings is not None and "_version" in settings:
            members = {**members, "settings": {**settings, "_version": 1}}
        return super().judge_create(members)


@fault("rules.settings-fit-type", make(enabled=True), patch(settings=SETTINGS), profiles=DEPLOYED, quick=False)
class EnabledProvidersTakeSettingsWhateverTheirType(Api):
    """A PATCH gives bedrock settings to a provider of any type that is on."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        super().judge_fit(replace(provider, type="anthropic") if provider.enabled else provider, change)


@fault("rules.bedrock-keys", make(type="anthropic", api_keys=["dummy-key-one"]),
       lambda seen: patch(settings=SETTINGS, api_keys=[{"id": seen[0].json["api_keys"][0]["id"]}]), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class SettingsGoWithKeptKeys(Api):
    """A PATCH takes bedrock settings together with keys that it keeps, though not with new ones."""

    def judge_emptiness(self, data: Members, members: Members) -> None:
        kept = "settings" in members and all(entry.get("id") for entry in members.get("api_keys", ()))
        super().judge_emptiness(data, _without(members, "api_keys") if kept else members)


@fault("rules.bedrock-keys", ANTHROPIC, patch(settings=SETTINGS), patch(api_keys=[{"api_key": "dummy-key"}]),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class SettingsOfAPatchDoNotKeepKeysAway(_Mindful):
    """A PATCH gives keys to a provider whose bedrock settings came with a PATCH."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        super().judge_fit(replace(provider, settings=None) if provider.id in self.mind else provider, change)
        if "settings" in change and provider.settings is None:
            self.mind[provider.id] = True


# --- good requests that are refused


def _judging(member: str, bad: Callable[[Any], Any]) -> type:
    def judge(self: Any, value: Any) -> Faults:
        faults: Faults = getattr(super(kind, self), f"judge_{member}")(value)
        return faults or ([(member, "cannot be accepted")] if bad(value) else [])

    kind = type("Judging", (Api,), {f"judge_{member}": judge})
    kind.__module__ = __name__
    return kind


FOUR = {"display_name", "enabled", "base_url", "api_keys"}
STRICT: list[tuple[str, str, str, Callable[[Any], Any], list[Step], str, tuple[str, ...]]] = [
    ("names-may-not-be-types", "A name may not be that of a type.", "name", lambda v: v in TYPES, [make("openai")],
     "model.drill", BOTH),
    ("ipv6-hosts-may-have-no-port", "A base URL with an address of IPv6 may have no port.", "base_url",
     lambda v: re.search(r"\]:\d", v), [make(base_url="http://[::1]:8080/v1")], "rules.base-url", DEPLOYED),
    ("hosts-may-have-no-dash", "The host of a base URL may have no dash.", "base_url",
     lambda v: re.match("[a-z]+://[^/]*-", v), [make(base_url="https://api-eu.example.com/v1")], "rules.base-url",
     BOTH),
    ("entries-of-a-patch-are-limited-to-four", "A PATCH may have four entries of keys.", "entries",
     lambda v: len(v) > 4, [make(), patch(api_keys=[{"api_key": f"dummy-key-{n}"} for n in range(5)])],
     "rules.key-set", BOTH),
    ("patch-of-four-members-is-refused", "A PATCH may not set display name, switch, base URL and keys at once.",
     "patch", lambda v: set(v) >= FOUR,
     [make(), patch(display_name="One", enabled=True, base_url="https://f.com", api_keys=[])], "model.sequence", BOTH),
    ("enabled-needs-keys", "A create may not switch on what has neither keys nor settings.", "create",
     lambda v: v.get("enabled") and not v.get("api_keys") and "settings" not in v, [make(enabled=True)],
     "schema.positive", BOTH),
]  # fmt: skip
for _id, _sentence, _member, _bad, _steps, _check, _profiles in STRICT:
    declare_as(_id, _sentence, _judging(_member, _bad), _check, *_steps, profiles=_profiles, quick=False)


@fault("rules.mask", make(api_keys=["0123456789abcdef0123456789abcdef"]), quick=False)
class KeysThatReadAsIdsAreRefused(Api):
    """A key that parses as a UUID is refused: it is taken for the id of a key."""

    def key_fault(self, key: str) -> str:
        return super().key_fault(key) or ("give an id as id" if parse_uuid(key) else "")


@fault("rules.base-url", make(), patch(base_url="http://e.com"), quick=False)
class BaseUrlMayNotBecomeHttp(Api):
    """A PATCH may not change a base URL of https to one of http."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        super().judge_fit(provider, change)
        if provider.base_url[:6].lower() == "https:" and change.get("base_url", "")[:5].lower() == "http:":
            raise Refusal(400, "Do not weaken it.", [("base_url", "must stay https")])


@fault("rules.key-set", ONE, patch(api_keys=[]), patch(api_keys=[{"api_key": "dummy-key-one"}]), quick=False)
class RemovedKeysMayNotBeAddedAgain(_Mindful):
    """A PATCH may not add a key whose plain text the provider had before."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        old = self.mind.setdefault(provider.id, set())
        if any(entry.get("api_key") in old for entry in entries):
            raise Refusal(409, "That key was withdrawn.")
        new = super().merge_keys(provider, entries, moment)
        old |= {key.plain for key in provider.keys} - {key.plain for key in new}
        return new


# --- what a PATCH makes of its members


def _changed(change: Callable[[Api, Provider, Members], Members]) -> type:
    class Changed(Api):
        def changed(self, provider: Provider, given: Members) -> Provider:
            return super().changed(provider, change(self, provider, given))

    return Changed


CHANGED: list[tuple[str, str, Callable[[Api, Provider, Members], Members], list[Step | Later], str,
                    tuple[str, ...]]] = [
    ("display-names-are-cleared-alone", "A PATCH that sets something else does not clear the display name.",
     lambda api, old, given: _without(given, *["display_name"] * (given.get("display_name") == "" and len(given) > 1)),
     [make(display_name="One"), patch(display_name="", enabled=True)], "rules.display-name", DEPLOYED),
    ("switching-off-beside-keys-is-ignored", "A PATCH that sets keys does not switch off.",
     lambda api, old, given: _without(given, *["enabled"] * (given.get("enabled") is False and "api_keys" in given)),
     [make(enabled=True), patch(enabled=False, api_keys=[{"api_key": "dummy-key"}])], "model.sequence", BOTH),
    ("patch-by-id-keeps-the-keys", "A PATCH by id leaves the keys as they are.",
     lambda api, old, given: _without(given, *["api_keys"] * bool(parse_uuid(api.request.key))),
     [ONE, _by_id("PATCH", api_keys=[], enabled=True)], "rules.key-set", BOTH),
    ("switching-on-again-switches-off", "A PATCH that switches on what is on switches it off.",
     lambda api, old, given: {**given, "enabled": False} if given.get("enabled") and old.enabled else given,
     [make(enabled=True), patch(enabled=True)], "model.sequence", BOTH),
    ("removing-all-keys-switches-off", "A PATCH that removes all keys switches off.",
     lambda api, old, given: {**given, "enabled": False} if old.keys and given.get("api_keys") == [] else given,
     [make(enabled=True, api_keys=["dummy-key-one"]), patch(api_keys=[])], "model.drill", BOTH),
]  # fmt: skip
for _id, _sentence, _change, _probe, _check, _profiles in CHANGED:
    declare_as(_id, _sentence, _changed(_change), _check, *_probe, profiles=_profiles, quick=False)


@fault("rules.display-name", make(display_name="One"), patch(display_name=""), patch(display_name="Two"), quick=False)
class ClearedDisplayNamesStayCleared(_Mindful):
    """A display name that was cleared cannot be set again."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        if change.get("display_name") == "":
            self.mind[provider.id] = True
        return super().changed(provider, _without(change, *["display_name"] * (provider.id in self.mind
                                                  and change.get("display_name") != "")))  # fmt: skip


# --- sequences


@fault("rules.name-reuse", make(), delete(), make(), delete(), make(), quick=False)
class NamesAreUsedAgainOnce(_Mindful):
    """A name may be used again once: after the second delete it stays taken."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.mind[provider.name] = self.mind.get(provider.name, 0) + 1

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if self.mind.get(name, 0) > 1:
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


@fault("rules.name-reuse", make(), _by_id("DELETE"), make(), quick=False)
class DeleteByIdKeepsTheName(_Mindful):
    """The name of a provider that was deleted by its id stays taken."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.mind[provider.name] = parse_uuid(self.request.key)

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if self.mind.get(name):
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


@fault("rules.name-reuse", make(), delete(), make(type="azure"), quick=False)
class NamesAreUsedAgainForTheirTypeAlone(_Mindful):
    """The name of a deleted provider may be used again for its type alone."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.mind[provider.name] = provider.type

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if self.mind.get(name, self.request.data["type"]) != self.request.data["type"]:
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


@fault("rules.name-reuse", make(), delete(), make(), _by_id("GET"), quick=False)
class OldIdsFindTheRecreated(_Mindful):
    """The id of a deleted provider finds the one that is made anew under its name."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.mind[provider.id] = provider.name

    def find_by_id(self, key: str) -> Provider | None:
        return super().find_by_id(key) or self.find_by_name(self.mind.get(key, ""))
