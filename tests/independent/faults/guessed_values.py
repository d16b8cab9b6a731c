"""Guessed faults of texts, settings, times and lists; now and then, and at the same time."""

import json
import re
import time
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from tests.independent.app import Api
from tests.independent.asking import delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, Race, fault
from tests.independent.faults.guessed import KEY, REGION, Bent, by_id
from tests.independent.judging import Faults, Members
from tests.independent.values import Answer, Key, Provider, Refusal, Request

# --- texts and URLs


@fault("rules.unicode", make(display_name="Cafe\u0301"))
class DisplayNamesAreComposed(Bent):
    """A display name is stored composed (NFC), other than it was sent."""

    def later(self, request: Request, data: Members, members: Members) -> Members:
        if "display_name" in members:
            return {**members, "display_name": unicodedata.normalize("NFC", members["display_name"])}
        return members


@fault("rules.base-url-kept", make(base_url="https://e.com/a%2Fb/v1"))
class PathsOfBaseUrlsAreDecoded(Bent):
    """Escapes in the path of a base URL are decoded before it is stored."""

    def later(self, request: Request, data: Members, members: Members) -> Members:
        if "base_url" not in members:
            return members
        host, slash, path = members["base_url"].partition("//")[2].partition("/")
        scheme = members["base_url"].partition("//")[0]
        return {**members, "base_url": f"{scheme}//{host}{slash}{unquote(path)}"}


@fault("rules.base-url", make(base_url="https://:8443/v1"), profiles=DEPLOYED)
class PortIsHostEnough(Api):
    """A base URL with a port and no host is taken: host and port together are not empty."""

    def is_base_url(self, value: str) -> bool:
        return super().is_base_url(value) or re.fullmatch(r"https?://:\d+(/\S*)?", value) is not None


# --- refusals


@fault("rules.validation-fields", make(api_keys=["good-key", " bad-key"]), profiles=DEPLOYED)
class IndexOfAKeyCountsTheBadOnes(Api):
    """The index of a bad key counts the bad ones before it, not all."""

    def judge_api_keys(self, value: list[str]) -> Faults:
        return [(f"api_keys[{at}]", why) for at, (_, why) in enumerate(super().judge_api_keys(value))]


@fault("rules.validation-fields", make(""), profiles=DEPLOYED)
class EmptyNameIsToldTwice(Api):
    """An empty name is told twice: as missing, and as not of the pattern."""

    def judge_name(self, value: str) -> Faults:
        return [*([("name", "must be given")] if value == "" else []), *super().judge_name(value)]


@fault("rules.validation-fields", make(type="bedrock", base_url="ftp://e.com"), profiles=DEPLOYED)
class CrossChecksWaitForTheOthers(Api):
    """What is wrong between type, settings and keys is told only where each member is good in itself."""

    def judge_create(self, members: Members) -> Faults:
        faults = super().judge_create(members)
        cross = self.judge_bedrock(members)
        return [told for told in faults if told not in cross] or cross


@fault("rules.secrets-never-leak", make(), make(api_keys=[KEY]), profiles=DEPLOYED)
class ConflictsQuoteTheBody(Api):
    """The detail of a conflict quotes the row that could not be written, keys in plain text."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if refusal.status == 409 and request.data.get("api_keys"):
            answer.data["detail"] = f"failing row contains {json.dumps(request.data)}"
        return answer


# --- settings


@fault(
    "rules.settings",
    make(type="anthropic", settings=REGION),
    patch(settings={**REGION, "region": "", "model": "m"}),
    profiles=DEPLOYED,
)
class EmptyRegionKeepsTheOldOne(Api):
    """New settings with an empty region keep the region that was there: empty is taken for absent."""

    def merge_settings(self, stored: Members | None, new: Members) -> Members:
        merged = super().merge_settings(stored, new)
        if stored and stored.get("region") and new.get("region") == "":
            merged["region"] = stored["region"]
        return merged


# --- times


@fault("rules.key-times", make(api_keys=[KEY]))
class KeyTimesHaveMinutesForMonths(Api):
    """The time of a key has the minute where the month should be: a format of mm instead of MM."""

    def view_key(self, key: Key) -> dict[str, Any]:
        shown = super().view_key(key)
        text = shown["created_at"]
        return {**shown, "created_at": f"{text[:5]}{text[14:16]}{text[7:]}"}


@fault("rules.timestamps", make())
class FractionsOfSecondsAreNotPadded(Api):
    """Milliseconds are written without leading zeros: 7 ms are .7, and times go back and forth."""

    def stamp(self, moment: datetime) -> str:
        utc = moment.astimezone(UTC)
        return f"{utc.strftime('%Y-%m-%dT%H:%M:%S')}.{utc.microsecond // 1000}{self.terms.zone}"


@fault("rules.timestamps", make(api_keys=[KEY]), patch(api_keys=[]), profiles=DEPLOYED)
class RemovalOfKeysIsNoUpdate(Api):
    """A PATCH that does nothing but remove all keys does not move updated_at: another table is written."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, updated_at=provider.updated_at) if change == {"api_keys": []} else new


# --- lists and caches


@fault("rules.list-order", make("p10"), make("p9"), get(), profiles=DEPLOYED)
class ListSortsNumbersByValue(Api):
    """A list is in natural order: numbers inside names count by their value."""

    def listed(self) -> list[Provider]:
        def natural(row: Provider) -> list[Any]:
            return [int(part) if at % 2 else part for at, part in enumerate(re.split(r"([0-9]+)", row.name))]

        return sorted(super().listed(), key=natural)


@fault("rules.many-listed", *(make(f"p-{number:02}") for number in range(20)), get(), quick=False)
class ListLosesOneBetweenPages(Api):
    """A list is gathered in pages of 25, and each page but the first begins one too late."""

    def listed(self) -> list[Provider]:
        return [row for at, row in enumerate(super().listed()) if not at or at % 25]


@fault("rules.deleted-is-gone", make(), delete(), get())
class FirstListAfterADeleteIsOld(Api):
    """The first list after a delete still shows the deleted: it is read from a replica."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.__dict__["ghost"] = provider

    def listed(self) -> list[Provider]:
        rows, ghost = super().listed(), self.__dict__.pop("ghost", None)
        return sorted([*rows, ghost], key=lambda row: row.name) if ghost else rows


@fault("rules.deleted-is-gone", make(), get("p"), by_id("DELETE"), get("p"))
class DeleteForgetsOneSpelling(Api):
    """Reads are cached by id or name as spelt in the path; a delete forgets its own spelling alone."""

    def reads(self) -> dict[str, Answer]:
        return self.__dict__.setdefault("cached_reads", {})  # type: ignore[no-any-return]

    def op_get(self, request: Request) -> Answer:
        if request.key in self.reads():
            self.authorise(request)
        else:
            self.reads()[request.key] = super().op_get(request)
        return self.reads()[request.key]

    def save(self, provider: Provider) -> None:
        super().save(provider)
        stale = [key for key, read in self.reads().items() if read.data["id"] == provider.id or key == provider.name]
        for key in stale:
            del self.reads()[key]

    def op_delete(self, request: Request) -> Answer:
        answer = super().op_delete(request)
        self.reads().pop(request.key, None)
        return answer


@fault("rules.name-reuse", get("p"), make(), get("p"))
class NamesOnceMissedStayMissed(Api):
    """That there is no provider of a name is remembered: one that is created later is not got by name."""

    def find_by_name(self, name: str) -> Provider | None:
        found = super().find_by_name(name)
        if self.request.operation != "get":
            return found
        missed: set[str] = self.__dict__.setdefault("missed", set())
        if found is None:
            missed.add(name)
        return None if name in missed else found


@fault("model.sequence", make(), get("p"), patch(enabled=True), get("p"), get("p"))
class ThreeNodesRememberEachForItself(Api):
    """Requests go to three nodes in turn, each with a cache that only its own writes clear."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            node = self.tally("node") % 3
            self.__dict__["memory"] = self.__dict__.setdefault("nodes", {}).setdefault(node, {})
            return super().perform(request)

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        return Answer(200, self.__dict__["memory"].setdefault(answer.data["id"], answer.data))

    def save(self, provider: Provider) -> None:
        super().save(provider)
        self.__dict__.get("memory", {}).pop(provider.id, None)


# --- now and then


@fault("model.sequence", make(), *(patch(display_name=f"n{n}") for n in range(5)), get("p"), quick=False)
class EveryFifthPatchIsRolledBack(Api):
    """Every fifth PATCH is answered as if done, and rolled back."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        if self.tally("patch") % 5 == 0:
            self.save(before)
        return answer


@fault("model.sequence", *(make(f"p{number}") for number in range(5)), quick=False)
class EveryFifthCreateIsSentTwice(Api):
    """A proxy sends every fifth create a second time, and hands on that answer: a conflict with itself."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            if request.operation == "create" and self.tally("create") % 5 == 0:
                super().perform(request)
            return super().perform(request)


# --- at the same time


@fault("rules.concurrency", Race([make()], [delete(), delete()], get("p"), lambda reply: reply.status))
class TwoDeletesAtOnceBothSucceed(Api):
    """Deletes look first and remove later: two at the same time both answer 204."""

    def perform(self, request: Request) -> Answer:
        if request.operation != "delete":
            return super().perform(request)
        with self.lock:
            provider = self.find(request.key)
            self.authorise(request)
        time.sleep(0.1)
        with self.lock:
            if provider.id in self.providers:
                self.remove(self.providers[provider.id])
        return Answer(204)


@fault(
    "rules.concurrency",
    Race(
        [make()],
        [patch(enabled=True), patch(display_name="Two")],
        get("p"),
        lambda reply: (reply.json["enabled"], reply.json["display_name"]),
    ),
)
class PatchesAtOnceCannotBeSerialised(Api):
    """Of two PATCHes of a provider at the same time one fails with 500: a failed transaction is not tried again."""

    def perform(self, request: Request) -> Answer:
        if request.operation != "patch":
            return super().perform(request)
        busy: set[str] = self.__dict__.setdefault("busy", set())
        with self.lock:
            place = self.find(request.key).id
            if place in busy:
                raise Refusal(500, "could not serialize access due to concurrent update")
            busy.add(place)
        try:
            time.sleep(0.05)
            return super().perform(request)
        finally:
            busy.discard(place)
