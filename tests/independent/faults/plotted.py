"""Faults thought up by somebody who did not know the suite: of JSON types, settings, errors, chance and haste."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, delete, get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, Later, Race, declare_as, fault
from tests.independent.judging import SETTINGS_SECRETS, Faults, Members
from tests.independent.transport import Sent
from tests.independent.values import Answer, Provider, Refusal, Request

PAUSE = 0.008  # seconds in which others may come in between
SECRETS = {"access_key": "AKIADUMMY0001", "access_key_secret": "dummy-secret-0001"}
PLAIN_SETTINGS = {"_type": "bedrock", "_version": 1, "region": "eu-west-1", "model": "claude"}
FULL = {**PLAIN_SETTINGS, **SECRETS}
BEDROCK = make(type="bedrock", settings=FULL)
TWO = make(api_keys=["dummy-key-one", "other-key-two"])


# --- JSON types


def _falsy(member: str, value: Any) -> type:
    class Falsy(Api):
        def parse(self, request: Request) -> Any:
            data = super().parse(request)
            if isinstance(data, dict) and data.get(member) == value and type(data.get(member)) is type(value):
                data = {name: given for name, given in data.items() if name != member}
            return data

    return Falsy


FALSY: list[tuple[str, str, Any]] = [
    ("false-is-no-list-of-keys", "api_keys", False),
    ("empty-text-is-no-list-of-keys", "api_keys", ""),
    ("false-is-no-settings", "settings", False),
    ("empty-text-is-no-switch", "enabled", ""),
    ("false-is-no-display-name", "display_name", False),
]
for _id, _member, _value in FALSY:
    declare_as(_id, f"A create takes {_member} for absent where it is {_value!r}.", _falsy(_member, _value),
               "rules.json-types", make(**{_member: _value}), quick=False)  # fmt: skip


@fault("schema.server-error", make(), patch(api_keys=[{"id": 7}]), quick=False)
class KeyIdsThatAreNoTextAnswer500(Api):
    """The id of a key that is no text answers 500."""

    def wrong_entries(self, entries: list[Any], *, plain: bool) -> Faults:
        faults = super().wrong_entries(entries, plain=plain)
        if any(field.endswith(".id") for field, _ in faults):
            raise Refusal(500, "no text")
        return faults


# --- settings


def _showing(show: Callable[[Api, Provider, Members], Any]) -> type:
    class Showing(Api):
        def view_settings(self, provider: Provider) -> Any:
            shown = super().view_settings(provider)
            return show(self, provider, shown) if provider.settings else shown

    return Showing


def _secrets(provider: Provider) -> Members:
    return {name: value for name, value in (provider.settings or {}).items() if name in SETTINGS_SECRETS}


def _merging(merge: Callable[[Members | None, Members, Members], Members]) -> type:
    class Merging(Api):
        def merge_settings(self, stored: Members | None, new: Members) -> Members:
            return merge(stored, new, super().merge_settings(stored, new))

    return Merging


SETTINGS: list[tuple[str, str, type, list[Step | Later], str]] = [
    ("settings-of-anthropic-show-secrets", "Settings of the type anthropic show their secrets.",
     _showing(lambda api, p, shown: {**shown, **_secrets(p)} if p.type == "anthropic" else shown),
     [make(type="anthropic", settings=FULL)], "rules.settings-secrets"),
    ("settings-show-secrets-by-id", "A get by id shows the secrets of settings.",
     _showing(lambda api, p, shown: {**shown, **_secrets(p)} if api.request.key == p.id else shown),
     [BEDROCK, lambda seen: get(seen[0].json["id"])], "rules.settings-secrets"),
    ("settings-show-secrets-that-were-cleared", "Settings show secrets that were cleared, as empty.",
     _showing(lambda api, p, shown: {**shown, **{n: v for n, v in _secrets(p).items() if v == ""}}),
     [BEDROCK, patch(settings={**FULL, "access_key": ""})], "rules.settings-secrets"),
    ("settings-say-which-secrets-there-are", "Settings say which secrets there are.",
     _showing(lambda api, p, shown: {**shown, "secrets": sorted(_secrets(p))} if _secrets(p) else shown), [BEDROCK],
     "rules.settings-secrets"),
    ("settings-show-null-for-what-is-not-set", "Settings show null for what is not set.",
     _showing(lambda api, p, shown: {**dict.fromkeys(("region", "model", "small_fast_model")), **shown}),
     [BEDROCK], "rules.settings"),
    ("settings-of-a-patch-have-no-small-model", "A PATCH does not set the small model of settings.",
     _merging(lambda old, new, merged: {n: v for n, v in merged.items() if old is None or n != "small_fast_model"}),
     [BEDROCK, patch(settings={**FULL, "small_fast_model": "haiku"})], "rules.settings"),
    ("settings-of-a-patch-keep-the-region", "A PATCH of settings keeps the region that was there.",
     _merging(lambda old, new, merged: {**merged, "region": old["region"]} if old and "region" in old else merged),
     [BEDROCK, patch(settings={**FULL, "region": "us-east-1"})], "rules.settings"),
]  # fmt: skip
for _id, _sentence, _mixin, _steps, _check in SETTINGS:
    declare_as(_id, _sentence, _mixin, _check, *_steps, profiles=DEPLOYED, quick=False)


@fault("rules.settings", make(type="anthropic"), patch(settings=FULL), profiles=DEPLOYED, quick=False)
class SettingsOfAPatchNeedSomeBefore(Api):
    """A PATCH gives no settings to a provider without."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, settings=provider.settings and new.settings)


@fault("rules.settings-shape", make(type="bedrock", settings={**FULL, "_version": True}), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class SettingsVersionMayBeTrue(Api):
    """The _version of settings may be true, which counts as 1."""

    def judge_settings(self, value: Members) -> Faults:
        return super().judge_settings({**value, "_version": 1} if value.get("_version") is True else value)


@fault("rules.name-reuse", BEDROCK, delete(), make(type="anthropic"), profiles=DEPLOYED, quick=False)
class RecreatedHasTheOldSettings(Api):
    """A provider that is made anew under a name without settings has those of the deleted one."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.__dict__.setdefault("old", {})[provider.name] = provider.settings

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, settings=new.settings or self.__dict__.get("old", {}).get(new.name))


@fault("rules.cross-talk", make(type="anthropic", settings=FULL), make("q", type="anthropic", settings=FULL),
       patch("q", settings={**PLAIN_SETTINGS, "region": "us-east-1"}), get("p"), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class SettingsAreSharedByType(Api):
    """A PATCH of settings changes those of every provider of the type that has some."""

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        changed = self.find(request.key)
        for row in list(self.providers.values()):
            if "settings" in request.data and row.settings and row.type == changed.type and row is not changed:
                self.save(replace(row, settings=changed.settings))
        return answer


@fault("rules.atomic", BEDROCK, patch(settings={**PLAIN_SETTINGS, "region": "us-east-1"}, base_url="no"), get("p"),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class RefusedPatchHasKeptItsSettings(Api):
    """A PATCH that is refused for its base URL has changed the settings."""

    def judge_patch(self, members: Members) -> Faults:
        faults = super().judge_patch(members)
        provider = self.find_by_name(self.request.key) or self.find_by_id(self.request.key)
        if [field for field, _ in faults] == ["base_url"] and provider and provider.settings and "settings" in members:
            self.save(replace(provider, settings=self.merge_settings(provider.settings, members["settings"])))
        return faults


# --- errors


def _telling(change: Callable[[Request, Faults], Faults]) -> type:
    class Telling(Api):
        def error(self, request: Request, refusal: Refusal) -> Answer:
            refusal.faults = change(request, refusal.faults)
            return super().error(request, refusal)

    return Telling


def _missing_first(request: Request, faults: Faults) -> Faults:
    return [found for found in faults if found[1] == "must be given"] or faults


def _first_of_twice(request: Request, faults: Faults) -> Faults:
    return [("api_keys[0].id", why) if why == "is named twice" else (field, why) for field, why in faults]


TELLING: list[tuple[str, str, Callable[[Request, Faults], Faults], list[Step | Later], str]] = [
    ("type-is-told-as-kind", "A faulty type is told as kind.",
     lambda r, faults: [("kind" if field == "type" else field, why) for field, why in faults], [make(type="x")],
     "rules.validation-fields"),
    ("missing-members-are-not-told", "Missing members are told in the message alone.",
     lambda r, faults: [found for found in faults if found[1] != "must be given"], [make(..., base_url=...)],
     "rules.validation-fields"),
    ("missing-members-hide-the-rest", "Where members are missing no other fault is told.", _missing_first,
     [make(base_url=..., type="x")], "rules.validation-fields"),
    ("faulty-names-hide-faulty-keys", "Where the name is at fault no faulty key is told.",
     lambda r, faults: [found for found in faults if found[0][:8] != "api_keys" or "name" not in dict(faults)],
     [make("No!", api_keys=[""])], "rules.validation-fields"),
    ("unfit-settings-blame-their-type", "Settings that do not fit the type of a create are told as settings._type.",
     lambda r, faults: [("settings._type" if "be used with" in why else field, why) for field, why in faults],
     [make(settings=FULL)], "rules.settings-fit-type"),
    ("entries-with-both-blame-the-plain-text", "An entry with both id and plain text is told as the plain text.",
     lambda r, faults: [(f"{field}.api_key" if "either" in why else field, why) for field, why in faults],
     [TWO, lambda seen: patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"], "api_key": "dummy"}])],
     "rules.key-entry-one"),
    ("entries-with-neither-blame-the-id", "An entry with neither id nor plain text is told as the id.",
     lambda r, faults: [(f"{field}.id" if "either" in why else field, why) for field, why in faults],
     [make(), patch(api_keys=[{}])], "rules.key-entry-one"),
    ("key-ids-named-twice-blame-the-first", "Where a key is named twice the first entry is blamed.", _first_of_twice,
     [TWO, lambda seen: patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"]}] * 2)], "rules.key-id-once"),
    ("faults-beyond-the-third-are-not-told", "Three faults of a request are told.", lambda r, faults: faults[:3],
     [make("No!", type="x", base_url="no", api_keys=[""])], "rules.validation-fields"),
    ("fields-of-a-patch-have-a-prefix", "Members of a PATCH are named with body in front.",
     lambda r, faults: [(f"body.{field}" if r.method == "PATCH" else field, why) for field, why in faults],
     [make(), patch(base_url="no")], "rules.validation-fields"),
]  # fmt: skip
for _id, _sentence, _change, _probe, _check in TELLING:
    declare_as(_id, _sentence, _telling(_change), _check, *_probe, profiles=DEPLOYED, quick=False)


# --- chance and haste


def _every(number: int, operation: str, change: Callable[[Any, Answer], Answer]) -> type:
    class Every(Api):
        def perform(self, request: Request) -> Answer:
            answer = super().perform(request)
            if request.operation != operation:
                return answer
            return change(self, answer) if self.tally(operation) % number == 0 else answer

    return Every


EVERY: list[tuple[str, str, type, Sequence[Step], str, tuple[str, ...]]] = [
    ("every-fifth-list-repeats-an-entry", "Every fifth list has its first entry twice.",
     _every(5, "list", lambda api, a: replace(a, data=[*a.data[:1], *a.data])), [get()] * 5, "rules.list-matches-get",
     BOTH),
    ("every-sixth-patch-shows-no-keys", "Every sixth answer to a PATCH shows no keys.",
     _every(6, "patch", lambda api, a: replace(a, data={**a.data, "api_keys": []})),
     [TWO, *[patch(enabled=True)] * 6], "rules.key-set", BOTH),
    ("every-ninth-get-has-no-masks", "Every ninth get has empty masks.",
     _every(9, "get", lambda api, a: replace(a, data={**a.data, "api_keys": [
         {**key, "masked": ""} for key in a.data["api_keys"]]})), [TWO, *[get("p")] * 9], "rules.repeatable", DEPLOYED),
    ("every-seventh-delete-answers-200", "Every seventh delete answers 200 and null.",
     _every(7, "delete", lambda api, a: Answer(200, None)),
     [*[step for n in range(6) for step in (make(), delete())], make(), delete()], "schema.status", BOTH),
    ("every-twelfth-create-shows-another-id", "Every twelfth create shows another id than it keeps.",
     _every(12, "create", lambda api, a: replace(a, data={**a.data, "id": "00000000-0000-4000-8000-000000000000"})),
     [make(f"p{n}") for n in range(12)], "rules.id-stable", BOTH),
]  # fmt: skip
for _id, _sentence, _mixin, _sequence, _check, _profiles in EVERY:
    declare_as(_id, _sentence, _mixin, _check, *_sequence, profiles=_profiles, quick=False)


@fault("rules.error-shape", *[get("nobody")] * 8, quick=False)
class EveryEighthErrorHasNoMessage(Api):
    """Every eighth error has no message."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if isinstance(answer.data, dict) and self.tally("error") % 8 == 0:
            del answer.data["message"]
        return answer


@fault("rules.repeatable", make(), make("q"), *[get("p"), get("q")] * 7, quick=False)
class EveryFourteenthGetIsTheOneBefore(Api):
    """Every fourteenth get answers what the one before it did."""

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        before, self.__dict__["before"] = self.__dict__.get("before", answer), answer
        return before if self.tally("get") % 14 == 0 else answer


@fault("rules.concurrency", Race([make()], [get("p"), get("nobody")], get("p"), lambda reply: reply.status))
class AnswersAtOnceAreMixedUp(Api):
    """Answers that are written at the same time are mixed up: there is one buffer."""

    def exchange(self, request: Request) -> Sent:
        self.__dict__["buffer"] = super().exchange(request)
        time.sleep(PAUSE)
        return self.__dict__["buffer"]  # type: ignore[no-any-return]


@fault("rules.concurrency", Race([make()], [patch(enabled=True), delete()], get("p"), lambda reply: reply.status))
class PatchesBringBackWhatIsDeletedMeanwhile(Api):
    """A PATCH brings back what is deleted while it is under way."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        self.lock.release()
        time.sleep(PAUSE * 4)
        self.lock.acquire()
        return new


@fault(
    "schema.server-error",
    Race([], [make("p"), get(), get(), make("q"), get()], get(), lambda reply: len(reply.json)),
    quick=False,
)
class ListsDuringCreatesAnswer500(Api):
    """A list that comes while a create is under way answers 500."""

    def op_create(self, request: Request) -> Answer:
        self.__dict__["creating"] = self.__dict__.get("creating", 0) + 1
        answer = super().op_create(request)
        self.lock.release()
        time.sleep(PAUSE * 2)
        self.lock.acquire()
        self.__dict__["creating"] -= 1
        return answer

    def op_list(self, request: Request) -> Answer:
        if self.__dict__.get("creating"):
            raise Refusal(500, "changed size during iteration")
        return super().op_list(request)
