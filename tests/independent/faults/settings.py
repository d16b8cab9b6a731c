"""Faults of settings and of what goes together with them; the documented profile leaves nearly all of it open."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.judging import SETTINGS_TEXTS, Faults, Members
from tests.independent.values import Provider, Refusal, Request

BEDROCK = {"_type": "bedrock", "_version": 1}
REGION = {**BEDROCK, "region": "eu-west-1"}
WHOLE = {**REGION, "model": "m", "small_fast_model": "s"}
SECRET = {**REGION, "access_key": "AKIADUMMY0001", "access_key_secret": "dummy-secret-0001"}


def bedrock(settings: Any = REGION, **more: Any) -> Any:
    """Return a create of a provider of type bedrock."""
    return make(type="bedrock", settings=settings, **more)


def claude(settings: Any = ..., **more: Any) -> Any:
    """Return a create of a provider of type anthropic."""
    return make(type="anthropic", settings=settings, **more)


class _Amended(Api):
    """What changes the settings of a body before they are judged."""

    def judge(self, request: Request, data: Any) -> Members:
        if isinstance(data, dict) and "settings" in data:
            data = self.amended(request, dict(data))
        return super().judge(request, data)

    def amended(self, request: Request, data: Members) -> Members:
        raise NotImplementedError


def _amending(amend: Callable[[Members], Any], operation: str) -> type:
    class Amending(_Amended):
        def amended(self, request: Request, data: Members) -> Members:
            sent = data["settings"]
            if isinstance(sent, dict) and operation in {"", request.operation}:
                data["settings"] = amend(sent)
            return data

    return Amending


KEPT = ("settings-lose", "settings-swap", "settings-region-is", "settings-get", "settings-of")
RARE = {"settings-type-may-have-capitals", "settings-region-is-in-small-letters", "settings-swap-their-models"}

# id, sentence, operation (empty: both), change of the settings sent, probe: what should be refused, or kept
LOOSE = [
    ("settings-may-be-empty", "An empty object is no settings.", "", lambda s: s or None, [claude({})]),
    ("settings-may-be-empty-on-patch", "A PATCH with an empty object for settings is taken.", "patch",
     lambda s: s or dict(BEDROCK), [claude(), patch(settings={})]),
    ("settings-may-lack-their-type", "Settings without _type are of bedrock.", "", lambda s: {"_type": "bedrock", **s},
     [claude({"_version": 1, "region": "r"})]),
    ("settings-may-lack-their-version", "Settings without _version are of version 1.", "",
     lambda s: {"_version": 1, **s}, [claude({"_type": "bedrock", "region": "r"})]),
    ("settings-may-be-of-any-type", "The _type of settings is not looked at.", "",
     lambda s: {**s, "_type": "bedrock"} if "_type" in s else s, [claude({**REGION, "_type": "vertex"})]),
    ("settings-may-be-of-any-version", "The _version of settings is not looked at.", "",
     lambda s: {**s, "_version": 1} if isinstance(s.get("_version"), int) else s, [claude({**REGION, "_version": 2})]),
    ("settings-version-may-be-text", "The _version of settings may be a text.", "",
     lambda s: {**s, "_version": 1} if s.get("_version") == "1" else s, [claude({**REGION, "_version": "1"})]),
    ("settings-type-may-have-capitals", "The _type of settings may have capitals.", "",
     lambda s: {**s, "_type": s["_type"].lower()} if isinstance(s.get("_type"), str) else s,
     [claude({**REGION, "_type": "Bedrock"})]),
    ("settings-may-be-of-any-version-on-patch", "A PATCH does not look at the _version of settings.", "patch",
     lambda s: {**s, "_version": 1}, [claude(), patch(settings={**REGION, "_version": 2})]),
    ("settings-may-be-of-any-type-on-patch", "A PATCH does not look at the _type of settings.", "patch",
     lambda s: {**s, "_type": "bedrock"}, [claude(), patch(settings={**REGION, "_type": "vertex"})]),
    ("settings-region-may-be-a-number", "A region may be a number.", "",
     lambda s: {**s, "region": str(s["region"])} if isinstance(s.get("region"), int) else s,
     [claude({**BEDROCK, "region": 5})]),
    ("settings-members-of-a-wrong-type-are-passed-over", "Members of settings that are no text are passed over.", "",
     lambda s: {k: v for k, v in s.items() if k.startswith("_") or isinstance(v, str)},
     [claude({**REGION, "model": ["m"]})]),
    ("settings-lose-their-model", "The model of settings is not kept.", "",
     lambda s: {k: v for k, v in s.items() if k != "model"}, [claude(WHOLE)]),
    ("settings-lose-their-small-model", "The small model of settings is not kept.", "",
     lambda s: {k: v for k, v in s.items() if k != "small_fast_model"}, [claude(WHOLE)]),
    ("settings-swap-their-models", "The two models of settings are kept for each other.", "",
     lambda s: {{"model": "small_fast_model", "small_fast_model": "model"}.get(k, k): v for k, v in s.items()},
     [claude(WHOLE)]),
    ("settings-region-is-in-small-letters", "The region of settings is kept in small letters.", "",
     lambda s: {**s, "region": s["region"].lower()} if isinstance(s.get("region"), str) else s,
     [claude({**BEDROCK, "region": "EU-West-1"})]),
    ("settings-get-a-region", "Settings without region get one.", "create", lambda s: {"region": "us-east-1", **s},
     [claude(BEDROCK)]),
    ("settings-of-patches-are-ignored", "A PATCH never changes settings.", "patch", lambda s: None,
     [claude(REGION), patch(enabled=True, settings={**BEDROCK, "region": "r2"})]),
]  # fmt: skip
for _id, _sentence, _operation, _amend, _probe in LOOSE:
    _quick = _id not in RARE
    _check = "rules.settings" if _id.startswith(KEPT) else "rules.settings-shape"
    declare_as(_id, _sentence, _amending(_amend, _operation), _check, *_probe, profiles=DEPLOYED, quick=_quick)


def _crosswise(dropped: Callable[[tuple[str, str], Members], bool]) -> type:
    class Crosswise(Api):
        def judge_bedrock(self, members: Members) -> Faults:
            return [told for told in super().judge_bedrock(members) if not dropped(told, members)]

    return Crosswise


# id, sentence, which faults of a create are not seen, probe, check
CREATES = [
    ("settings-fit-any-type", "Bedrock settings go with any type.", lambda t, m: "with the type" in t[1],
     [make(settings=REGION)], "rules.settings-fit-type"),
    ("settings-fit-the-type-azure", "Bedrock settings go with the type azure.", lambda t, m: m.get("type") == "azure",
     [make(type="azure", settings=REGION)], "rules.settings-fit-type"),
    ("bedrock-needs-no-settings", "The type bedrock needs no settings.",
     lambda t, m: "region or" in t[1] and not m.get("settings"), [make(type="bedrock")], "rules.settings-least"),
    ("bedrock-needs-no-region", "Settings of the type bedrock need neither region nor credentials.",
     lambda t, m: "region or" in t[1] and bool(m.get("settings")), [bedrock(BEDROCK)], "rules.settings-least"),
    ("bedrock-needs-a-model-alone", "Settings of the type bedrock are good with a model alone.",
     lambda t, m: "region or" in t[1] and bool((m.get("settings") or {}).get("model")),
     [bedrock({**BEDROCK, "model": "m"})], "rules.settings-least"),
    ("bedrock-region-may-be-empty", "Settings of the type bedrock are good with an empty region.",
     lambda t, m: "region or" in t[1] and "region" in (m.get("settings") or {}), [bedrock({**BEDROCK, "region": ""})],
     "rules.settings-least"),
    ("bedrock-takes-keys", "The type bedrock takes keys.", lambda t, m: t[0] == "api_keys",
     [bedrock(api_keys=["dummy-key"])], "rules.bedrock-keys"),
    ("settings-go-with-keys", "Bedrock settings go with keys on a create.", lambda t, m: "together" in t[1],
     [claude(REGION, api_keys=["dummy-key"])], "rules.bedrock-keys"),
]  # fmt: skip
for _id, _sentence, _dropped, _probe, _check in CREATES:
    declare_as(_id, _sentence, _crosswise(_dropped), _check, *_probe, profiles=DEPLOYED)


def _added(condition: Callable[[Members], Any], field: str = "settings") -> type:
    class Added(Api):
        def judge_bedrock(self, members: Members) -> Faults:
            return super().judge_bedrock(members) or ([(field, "is not allowed")] if condition(members) else [])

    return Added


TIGHT = [
    ("settings-do-not-fit-anthropic", "Bedrock settings do not go with the type anthropic.",
     lambda m: m["type"] == "anthropic" and m.get("settings"), [claude(REGION)], "rules.settings-fit-type"),
    ("bedrock-needs-a-region", "The type bedrock needs a region, credentials or not.",
     lambda m: m["type"] == "bedrock" and not m["settings"].get("region"),
     [bedrock({**BEDROCK, "access_key": "AKIADUMMY"})], "rules.settings-least"),
    ("bedrock-needs-the-access-key", "The type bedrock needs an access key beside its secret.",
     lambda m: m["type"] == "bedrock" and "access_key_secret" in m["settings"] and "access_key" not in m["settings"],
     [bedrock({**BEDROCK, "access_key_secret": "dummy-secret"})], "rules.settings-least"),
    ("anthropic-settings-need-a-region", "Bedrock settings of the type anthropic need a region.",
     lambda m: m["type"] == "anthropic" and "settings" in m and not m["settings"].get("region"), [claude(BEDROCK)],
     "rules.settings"),
    ("bedrock-takes-no-empty-list-of-keys", "The type bedrock takes no empty list of keys.",
     lambda m: m["type"] == "bedrock" and "api_keys" in m, [bedrock(api_keys=[])], "rules.bedrock-keys"),
    ("settings-unknown-members-are-refused", "Unknown members of settings are refused.",
     lambda m: (m.get("settings") or {}).keys() - {*BEDROCK, *SETTINGS_TEXTS}, [claude({**REGION, "colour": "red"})],
     "rules.unknown-members"),
]  # fmt: skip
for _id, _sentence, _condition, _probe, _check in TIGHT:
    declare_as(_id, _sentence, _added(_condition), _check, *_probe, profiles=DEPLOYED)


@fault("rules.validation-fields", bedrock(api_keys=["dummy-key"]), profiles=DEPLOYED)
class KeysOfBedrockBlameSettings(Api):
    """Where the type bedrock comes with keys, settings are blamed."""

    def judge_bedrock(self, members: Members) -> Faults:
        return [("settings" if name == "api_keys" else name, why) for name, why in super().judge_bedrock(members)]


@fault("rules.validation-fields", make(type="bedrock"), profiles=DEPLOYED)
class LackOfSettingsBlamesTheType(Api):
    """Where the type bedrock comes without settings, the type is blamed."""

    def judge_bedrock(self, members: Members) -> Faults:
        return [("type" if "region or" in why else name, why) for name, why in super().judge_bedrock(members)]


@fault("rules.validation-fields", make(), patch(settings=REGION), profiles=DEPLOYED)
class SettingsThatDoNotFitBlameAMember(Api):
    """A PATCH whose settings do not fit the type names the member, where a message alone is told."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        try:
            super().judge_fit(provider, change)
        except Refusal as refusal:
            if "has no bedrock settings" in refusal.message:
                refusal.faults = [("settings", "does not fit")]
            raise


class _Fit(Api):
    """What takes PATCHes that do not fit the provider."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        if not self.taken(provider, change):
            super().judge_fit(provider, change)

    def taken(self, provider: Provider, change: Members) -> bool:
        raise NotImplementedError


@fault("rules.settings-fit-type", make(), patch(settings=REGION), profiles=DEPLOYED)
class PatchFitsAnyType(_Fit):
    """A PATCH gives bedrock settings to a provider of any type."""

    def taken(self, provider: Provider, change: Members) -> bool:
        return "settings" in change and provider.type not in {"anthropic", "bedrock"}


@fault("rules.bedrock-keys", bedrock(), patch(api_keys=[{"api_key": "dummy-key"}]), profiles=DEPLOYED)
class PatchGivesKeysToBedrock(_Fit):
    """A PATCH gives keys to a provider with bedrock settings."""

    def taken(self, provider: Provider, change: Members) -> bool:
        return bool(change.get("api_keys")) and provider.settings is not None


@fault("rules.bedrock-keys", claude(REGION), patch(api_keys=[{"api_key": "dummy-key"}]), profiles=DEPLOYED)
class PatchGivesKeysToAnthropicWithSettings(_Fit):
    """A PATCH gives keys to a provider of type anthropic that has bedrock settings: the type alone is looked at."""

    def taken(self, provider: Provider, change: Members) -> bool:
        return bool(change.get("api_keys")) and provider.type == "anthropic"


@fault("rules.bedrock-keys", claude(), patch(settings=REGION, api_keys=[{"api_key": "dummy-key"}]), profiles=DEPLOYED)
class PatchTakesSettingsWithKeys(Api):
    """A PATCH takes bedrock settings and keys together."""

    def judge_emptiness(self, data: Members, members: Members) -> None:
        if not members:
            super().judge_emptiness(data, members)


@fault("rules.bedrock-keys", bedrock(), patch(api_keys=[], enabled=True), profiles=DEPLOYED)
class PatchOfNoKeysIsRefusedForBedrock(Api):
    """A PATCH with an empty list of keys is refused for a provider with bedrock settings."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        super().judge_fit(provider, change)
        if "api_keys" in change and provider.settings:
            raise Refusal(400, "no keys here")


@fault("rules.settings", claude(REGION), patch(enabled=True, settings=None), profiles=DEPLOYED)
class NullRemovesSettings(Api):
    """A PATCH with null for settings removes them."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        return (
            {**members, "settings": None}
            if data.get("settings", "") is None and request.operation == "patch"
            else members
        )

    def merge_settings(self, stored: Any, new: Any) -> Any:
        return None if new is None else super().merge_settings(stored, new)


@fault("rules.settings", claude(None), profiles=DEPLOYED)
class NullSettingsAreRefused(Api):
    """A create with null for settings is refused."""

    def null_is_absent(self, name: str) -> bool:
        return name != "settings" or self.request.operation != "create"


@fault("rules.settings", claude(WHOLE), patch(settings={**BEDROCK, "region": "r2"}), profiles=DEPLOYED)
class SettingsAreMerged(Api):
    """New settings keep the members that they do not mention, not secrets alone."""

    def merge_settings(self, stored: Any, new: Members) -> Members:
        old = {name: value for name, value in (stored or {}).items() if name not in new}
        return {**old, **super().merge_settings(stored, new)}


@fault("rules.absent-members", claude(REGION), patch(enabled=True))
class PatchWithoutSettingsRemovesThem(Api):
    """A PATCH without settings removes them."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return new if "settings" in change else replace(new, settings=None)


@fault("rules.settings", claude(REGION))
class CreateIgnoresSettings(Api):
    """A create does not keep its settings."""

    def make(self, members: Members) -> Provider:
        return replace(super().make(members), settings=None)


@fault("rules.settings", claude(REGION), patch(settings={**BEDROCK, "region": "r2"}), get("p"))
class SettingsOfPatchesAreShownAndNotKept(Api):
    """A PATCH shows its settings, and does not keep them."""

    def save(self, provider: Provider) -> None:
        old = self.providers.get(provider.id)
        super().save(replace(provider, settings=old.settings) if old else provider)


def _shown(change: Callable[[Members], Any]) -> type:
    class Shown(Api):
        def view_settings(self, provider: Provider) -> Any:
            shown = super().view_settings(provider)
            return change(shown) if shown else shown

    return Shown


VIEWS = [
    ("settings-are-shown-without-type", "Settings are shown without _type.",
     lambda s: {k: v for k, v in s.items() if k != "_type"}, DEPLOYED),
    ("settings-are-shown-without-version", "Settings are shown without _version.",
     lambda s: {k: v for k, v in s.items() if k != "_version"}, DEPLOYED),
    ("settings-version-is-shown-as-text", "The _version of settings is shown as text.",
     lambda s: {**s, "_version": "1"}, DEPLOYED),
    ("settings-are-shown-inside-their-type", "Settings are shown inside an object by type.", lambda s: {"bedrock": s},
     BOTH),
    ("settings-are-shown-without-region", "Settings are shown without region.",
     lambda s: {k: v for k, v in s.items() if k != "region"}, BOTH),
    ("settings-are-shown-as-null", "Settings are shown as null.", lambda s: None, BOTH),
]  # fmt: skip
for _id, _sentence, _change, _profiles in VIEWS:
    declare_as(_id, _sentence, _shown(_change), "rules.settings", claude(REGION), profiles=_profiles)


@fault("rules.settings", claude({**REGION, "colour": "red"}), profiles=DEPLOYED)
class UnknownMembersOfSettingsAreKept(Api):
    """Unknown members of settings are kept, and shown."""

    def merge_settings(self, stored: Any, new: Members) -> Members:
        return {**new, **super().merge_settings(stored, new)}
