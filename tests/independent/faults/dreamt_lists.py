"""Faults held out, from page and table, sentence by sentence: of masks, settings, times and lists."""

import gzip
import re
from dataclasses import replace
from datetime import datetime, timedelta

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import Step, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.faults.dreamt import BEDROCK, SETTINGS, TYPED
from tests.independent.judging import SETTINGS_SECRETS, Faults, Members
from tests.independent.transport import Sent
from tests.independent.values import Answer, Provider, Refusal, Request


@fault("rules.key-set", make(api_keys=[f"{n}-dummy-key" for n in range(6)]), get("p"), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class KeysAreReadInOrderOfTheirIds(Api):
    """Get and list show keys in order of their ids: all have the time of the create, and ties go by id."""

    def view(self, provider: Provider) -> Members:
        shown = super().view(provider)
        if self.request.operation in {"get", "list"}:
            shown["api_keys"].sort(key=lambda key: (key["created_at"], key["id"]))
        return shown


@fault("rules.key-entries", make(api_keys=["dummy-key-one", " other-key-two"]), profiles=DEPLOYED, quick=False)
class TheLastOfSeveralKeysIsNotJudged(Api):
    """A create does not judge the last of several keys: the loop ends one too early."""

    def judge_api_keys(self, value: list[str]) -> Faults:
        return super().judge_api_keys(value[:-1] if len(value) > 1 else value)


@fault("rules.validation-fields", make(api_keys=["", ""]), profiles=DEPLOYED, quick=False)
class EqualFaultyKeysAreToldOnce(Api):
    """Of faulty keys that are equal only the first is told; different ones are all told."""

    def judge_api_keys(self, value: list[str]) -> Faults:
        first = {f"api_keys[{value.index(key)}]" for key in value}
        return [found for found in super().judge_api_keys(value) if found[0] in first]


@fault("rules.validation-fields", make(api_keys=[*(f"{n}-dummy-key" for n in range(10)), ""]), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class IndicesAreOneCharacter(Api):
    """Indices of members at fault are one character, so that what follows 9 is a colon."""

    def refuse(self, faults: Faults) -> None:
        super().refuse([(re.sub(r"\d+", lambda found: chr(ord("0") + int(found[0])), n), why) for n, why in faults])


# --- masks


@fault("rules.secrets-never-leak", make(api_keys=["dummy-key-one\ndummy-key-two"]), quick=False)
class MaskOfWhatHasALineEndIsTheKey(Api):
    """Keys with a newline inside are shown: the dot of a pattern does not match it."""

    def mask(self, plain: str) -> str:
        return plain if "\n" in plain else super().mask(plain)


@fault("rules.mask", make(api_keys=["ab" * 12]), profiles=DEPLOYED, quick=False)
class MasksReplaceTheMiddleWhereItIsFoundFirst(Api):
    """Masks replace the text of the middle where it is found first, which is too early in keys that repeat."""

    def mask(self, plain: str) -> str:
        shown = super().mask(plain).index(".") if plain and "." not in plain else 0
        middle = plain[shown : len(plain) - shown]
        return plain.replace(middle, "...", 1) if shown else super().mask(plain)


@fault("rules.mask", make(api_keys=["k" * 256]), profiles=DEPLOYED, quick=False)
class LengthsOfKeysAreCountedInOneByte(Api):
    """The length by which a mask is chosen is kept in one byte, so that 256 characters count as none."""

    def mask(self, plain: str) -> str:
        size = len(plain) % 256
        if size >= 20 or size == len(plain):
            return super().mask(plain)
        shown = 2 if size >= 10 else 1 if size >= 5 else 0
        return f"{plain[:shown]}...{plain[len(plain) - shown :]}" if size else ""


# --- settings


@fault("rules.settings-shape", make(type="bedrock", settings={**SETTINGS, "_version": 0}), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class SettingsVersionsBelowOneAreTaken(Api):
    """The _version of settings may be 0 or less: only what is newer is refused."""

    def judge_settings(self, value: Members) -> Faults:
        version = value.get("_version")
        old = isinstance(version, int) and not isinstance(version, bool) and version < 1
        return super().judge_settings({**value, "_version": 1} if old else value)


@fault("rules.settings-shape", make(type="openai", settings={"_type": "openai", "_version": 1}), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class SettingsOfTheTypeOfTheirProviderArePassedOver(Api):
    """A create passes over settings whose _type is the provider's own type, though bedrock's is the only one."""

    def judge_create(self, members: Members) -> Faults:
        kind = members.get("settings", {}).get("_type")
        if kind == members.get("type", "bedrock") and kind != "bedrock":
            del members["settings"]
        return super().judge_create(members)


@fault("rules.settings-least", make(type="bedrock", settings={**TYPED, "region": "", "access_key": "AKIADUMMY0001"}),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class EmptyRegionsHideCredentials(Api):
    """Of region and credentials the first that is given must not be empty, instead of any one of them."""

    def has_bedrock_access(self, settings: Members) -> bool:
        given = (settings[name] for name in ("region", *SETTINGS_SECRETS) if settings.get(name) is not None)
        return bool(next(given, ""))


@fault("rules.settings", BEDROCK, patch(api_keys=[]), profiles=DEPLOYED, quick=False)
class EmptyListsOfKeysRemoveSettings(Api):
    """A PATCH with an empty list of keys removes bedrock settings: the two exclude each other."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, settings=None) if change.get("api_keys") == [] else new


@fault("rules.settings", BEDROCK, patch(settings={**TYPED, "model": "claude"}), profiles=DEPLOYED, quick=False)
class BedrockNeedsItsLeastOnPatchToo(Api):
    """Settings in a PATCH of the type bedrock need region or credentials, as those of a create do."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        super().judge_fit(provider, change)
        if provider.type == "bedrock" and "settings" in change and not self.has_bedrock_access(change["settings"]):
            raise Refusal(400, "Settings must hold a region or credentials.")


# --- times


@fault("rules.timestamps", make(enabled=True), patch(enabled=False), profiles=DEPLOYED, quick=False)
class PatchOfEmptyValuesLeavesUpdatedAt(Api):
    """A PATCH of nothing but false, empty texts and empty lists is done, and does not move updated_at."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return new if any(change.values()) else replace(new, updated_at=provider.updated_at)


@fault("rules.timestamps", make(), quick=False)
class MonthsAreMinutes(Api):
    """Times have the minute where the month belongs: the two letters of the format were mixed up."""

    def stamp(self, moment: datetime) -> str:
        text = super().stamp(moment)
        return f"{text[:5]}{text[14:16]}{text[7:]}"


@fault("rules.timestamps", make(), patch(api_keys=[{"api_key": "dummy-key-one"}]), profiles=DEPLOYED, quick=False)
class CreatedAtIsThatOfTheLastKey(Api):
    """A provider with keys shows the created_at of its last key: a join has two columns of that name."""

    def view(self, provider: Provider) -> Members:
        shown = super().view(provider)
        return {**shown, "created_at": shown["api_keys"][-1]["created_at"]} if shown["api_keys"] else shown


@fault("rules.timestamps", make(), quick=False)
class CreateShowsFinerTimesThanAreKept(Api):
    """The answer to a create shows times in microseconds; what is kept, and shown later, is in milliseconds."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        kept = self.providers[answer.data["id"]].created_at
        fine = self.stamp(kept + timedelta(microseconds=1 + self.clock().microsecond % 999))
        return Answer(answer.status, {**answer.data, "created_at": fine, "updated_at": fine}, answer.headers)


# --- lists


@fault("rules.list-order", make(), make("q"), delete("p"), get(), profiles=DEPLOYED, quick=False)
class ListHasItsLastInPlaceOfTheDeleted(Api):
    """After a delete, until the next create, the last of a list stands in the place of what was deleted."""

    def listed(self) -> list[Provider]:
        order = self.__dict__.get("order")
        return sorted(super().listed(), key=lambda row: order.index(row.id)) if order else super().listed()

    def remove(self, provider: Provider) -> None:
        order = [row.id for row in self.listed()]
        order[order.index(provider.id)] = order[-1]
        super().remove(provider)
        self.__dict__["order"] = order[:-1]

    def make(self, members: Members) -> Provider:
        self.__dict__.pop("order", None)
        return super().make(members)


@fault("rules.list-matches-get", make("0p"), get(), quick=False)
class ListBeginsAtTheFirstLetter(Api):
    """A list lacks names that begin with a digit: it is read from a on."""

    def listed(self) -> list[Provider]:
        return [row for row in super().listed() if row.name >= "a"]


@fault("rules.auth-carriers", get(token=None, query={TOKEN_NAME: "API_KEY"}), profiles=DEPLOYED, quick=False)
class ListIsFilteredByTheWholeQuery(Api):
    """Every parameter in the query of a list is a filter, the token too, by which nothing is found."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        query = request.query.items()
        rows = [row for row in answer.data if all(str(row.get(name)) in values for name, values in query)]
        return Answer(answer.status, rows, answer.headers)


# --- around the operations


@fault("rules.access", make(), patch(enabled=True), Step("PATCH", "p", {"enabled": False}, token="MEMBER_KEY"),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class RightsAreRememberedByPath(Api):
    """What an owner was allowed once, by method and path, anybody with a token may do from then on."""

    def authorise(self, request: Request) -> None:
        allowed = self.__dict__.setdefault("allowed", set())
        if (request.method, request.path) not in allowed:
            super().authorise(request)
        allowed.add((request.method, request.path))


@fault("schema.response", get(headers={"Accept-Encoding": "gzip"}), quick=False)
class LongAnswersAreCompressedInSilence(Api):
    """Answers of more than a kibibyte are compressed for whoever takes gzip, and do not say so."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if len(payload) > 1024 and "gzip" in request.headers.get("accept-encoding", ""):
            payload = gzip.compress(payload, mtime=0)
            headers["Content-Length"] = str(len(payload))
        return status, headers, payload
