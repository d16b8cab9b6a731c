"""Faults thought up by somebody who did not know the suite: of sequences, chance, haste, numbers, half-done work."""

import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, Race, fault
from tests.independent.faults.hatched import ONE, PAUSE, SETTINGS, _by_id, _Mindful, _without
from tests.independent.faults.listing import many
from tests.independent.judging import Faults, Members, parse_uuid
from tests.independent.values import Answer, Provider, Refusal, Request


@fault("model.drill", make(), ONE, make("q"), quick=False)
class CreateAfterAConflictHasItsKeys(_Mindful):
    """A create without keys that follows a conflict has the keys of the create that was refused."""

    def op_create(self, request: Request) -> Answer:
        left = self.mind.pop("keys", ())
        try:
            if "api_keys" not in request.data and "settings" not in request.data:
                request.data = {**request.data, "api_keys": left}
            return super().op_create(request)
        except Refusal as refusal:
            if refusal.status == 409:
                self.mind["keys"] = request.data.get("api_keys", ())
            raise


@fault("model.drill", make(), patch(display_name="New", base_url=7), patch(enabled=True), quick=False)
class RefusedPatchIsDoneWithTheNext(_Mindful):
    """What was good in a PATCH that was refused is set by the next PATCH of the provider."""

    def judge(self, request: Request, data: Any) -> Members:
        try:
            return super().judge(request, data)
        except Refusal:
            provider = self.named()
            if request.operation == "patch" and provider and isinstance(data, dict):
                kinds = {"display_name": str, "enabled": bool}
                self.mind[provider.id] = {n: data[n] for n, kind in kinds.items() if isinstance(data.get(n), kind)}
            raise

    def changed(self, provider: Provider, change: Members) -> Provider:
        return super().changed(provider, {**self.mind.pop(provider.id, {}), **change})


@fault("model.drill", patch(base_url="https://f.com"), make(), quick=False)
class PatchOfTheUnknownIsDoneLater(_Mindful):
    """A PATCH of an unknown name answers 404, and is done as soon as there is a provider of that name."""

    def op_patch(self, request: Request) -> Answer:
        try:
            return super().op_patch(request)
        except Refusal as refusal:
            if refusal.status == 404:
                self.mind[request.key] = request.data
            raise

    def make(self, members: Members) -> Provider:
        late = self.mind.pop(members["name"], {})
        return super().make({**members, **_without(late, "api_keys", "settings")})


@fault("model.sequence", make(), _by_id("GET"), patch(enabled=True), _by_id("GET"), quick=False)
class GetByIdIsStaleAfterAPatchByName(_Mindful):
    """What was read by one key is remembered until a PATCH by the same key."""

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        found, data = self.mind.setdefault(request.key, (answer.data["id"], answer.data))
        return Answer(200, data) if found == answer.data["id"] else answer

    def op_patch(self, request: Request) -> Answer:
        self.mind.pop(request.key, None)
        return super().op_patch(request)


@fault("rules.list-matches-get", make(), get(), patch(enabled=True), get("p"), quick=False)
class ListsFillWhatGetsAnswer(_Mindful):
    """A get answers what the last list had, even after a PATCH."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        self.mind.update({row["id"]: row for row in answer.data})
        return answer

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        return Answer(200, self.mind.get(answer.data["id"], answer.data))


@fault("rules.cross-talk", make("p-2"), make(), patch(enabled=True), get("p-2"), quick=False)
class PatchSwitchesWhatIsNamedBelow(Api):
    """A PATCH of the switch is done to names that go on with a dash, too."""

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        for row in list(self.providers.values()):
            if row.name.startswith(f"{answer.data['name']}-") and "enabled" in request.data:
                self.save(replace(row, enabled=request.data["enabled"]))
        return answer


@fault("rules.cross-talk", make(), make("q"), patch(base_url="https://f.com"), get("q"), quick=False)
class BaseUrlsMoveTogether(Api):
    """A PATCH of a base URL is done to every provider that had the same one."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        for row in list(self.providers.values()):
            if row.base_url == provider.base_url and row.id != provider.id:
                self.save(replace(row, base_url=new.base_url))
        return new


@fault("model.drill", make(), patch(name="q", enabled=True), make("q"), profiles=DEPLOYED, quick=False)
class RenameAttemptsTakeTheName(_Mindful):
    """A name that a PATCH asks for in vain is taken."""

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        wanted = self.parse(request).get("name")
        if isinstance(wanted, str) and wanted != answer.data["name"]:
            self.mind[wanted] = True
        return answer

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if name in self.mind:
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


# --- chance and haste


@fault("rules.repeatable", make(), get("p"))
class FirstGetAfterACreateIsNotFound(_Mindful):
    """The first get of a new provider answers 404, as a replica does that lags."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        self.mind[answer.data["id"]] = True
        return answer

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        if self.mind.pop(answer.data["id"], False):
            raise Refusal(404, "There is no such provider.")
        return answer


@fault("rules.not-found", make(), *[get("nobody")] * 5, quick=False)
class EveryFifthUnknownNameFindsTheNewest(Api):
    """Every fifth get of an unknown name answers the newest provider."""

    def op_get(self, request: Request) -> Answer:
        try:
            return super().op_get(request)
        except Refusal as refusal:
            if refusal.status == 404 and not parse_uuid(request.key) and self.tally("unknown") % 5 == 0:
                return Answer(200, self.view(max(self.providers.values(), key=lambda row: row.created_at)))
            raise


@fault("rules.concurrency", Race([make()], [patch(enabled=True)] * 4, get("p"), lambda reply: reply.json["enabled"]))
class PatchesAtOnceAreRefused(_Mindful):
    """A PATCH that comes while another one of the same provider is under way answers 409."""

    def perform(self, request: Request) -> Answer:
        if request.operation != "patch":
            return super().perform(request)
        busy = self.mind.setdefault(request.key, threading.Lock())
        if not busy.acquire(blocking=False):
            raise Refusal(409, "It is being changed.")
        try:
            time.sleep(PAUSE)
            return super().perform(request)
        finally:
            busy.release()


@fault("rules.concurrency",
       Race([make()], [patch(enabled=True), get("p"), get("p")], get("p"), lambda reply: reply.json["enabled"]),
       quick=False)  # fmt: skip
class GetsDuringAPatchAreNotFound(_Mindful):
    """A get that comes while a PATCH is under way answers 404: the row is taken out and put back."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        self.mind[provider.id] = self.mind.get(provider.id, 0) + 1
        self.lock.release()
        time.sleep(PAUSE)
        self.lock.acquire()
        self.mind[provider.id] -= 1
        if provider.id not in self.providers:
            raise Refusal(404, "There is no such provider.")
        now = self.providers[provider.id]
        return new if now is provider else super().changed(now, change)

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        if self.mind.get(answer.data["id"]):
            raise Refusal(404, "There is no such provider.")
        return answer


@fault("rules.concurrency",
       Race([], [make(f"p{n}", display_name=f"Title {n}") for n in range(6)], get(),
            lambda reply: [(row["name"], row["display_name"]) for row in reply.json]), quick=False)  # fmt: skip
class CreatesAtOnceMixTheirDisplayNames(_Mindful):
    """Creates at the same time get each other's display name: it is kept in one place."""

    def perform(self, request: Request) -> Answer:
        if request.operation == "create":
            self.mind["title"] = request.data.get("display_name", "")
            time.sleep(PAUSE)
        return super().perform(request)

    def make(self, members: Members) -> Provider:
        return replace(super().make(members), display_name=self.mind["title"])


@fault("rules.concurrency",
       Race([make(f"p{n}") for n in range(4)], [delete(f"p{n}") for n in range(4)], get(),
            lambda reply: [row["name"] for row in reply.json]), quick=False)  # fmt: skip
class DeletesAtOnceUndoEachOther(Api):
    """Deletes of several providers at the same time bring back what the others delete."""

    def remove(self, provider: Provider) -> None:
        others = [row for row in self.providers.values() if row is not provider]
        self.lock.release()
        time.sleep(PAUSE)
        self.lock.acquire()
        if provider.id not in self.providers:
            raise Refusal(404, "There is no such provider.")
        super().remove(self.providers[provider.id])
        for row in others:
            if row.id not in self.providers and self.find_by_name(row.name) is None:
                self.save(row)


# --- many


@fault("rules.many-listed", *many(9), get(), quick=False)
class ListsShowNineOfAType(Api):
    """A list shows nine providers of each type."""

    def listed(self) -> list[Provider]:
        seen: Counter[str] = Counter()
        rows = []
        for row in super().listed():
            seen[row.type] += 1
            if seen[row.type] <= 9:
                rows.append(row)
        return rows


@fault("model.drill", *many(25), get(), quick=False)
class LongListsShowNoKeys(Api):
    """A list of more than thirty shows no keys."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        if len(answer.data) > 30:
            answer.data = [{**row, "api_keys": []} for row in answer.data]
        return answer


@fault("rules.many-listed", *many(39), make(), get("p"), quick=False)
class FortiethCreateIsReadByIdAlone(_Mindful):
    """From the fortieth create on providers are read by their ids alone."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        self.mind[answer.data["id"]] = self.tally("create") >= 40
        return answer

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        if self.mind.get(answer.data["id"]) and not parse_uuid(request.key):
            raise Refusal(404, "There is no such provider.")
        return answer


@fault("rules.list-matches-get", make("p-2"), make(), get(), quick=False)
class ListLacksNamesWithWhichTheNextBegins(Api):
    """A list lacks a name with which the next one begins."""

    def listed(self) -> list[Provider]:
        rows = super().listed()
        after = [row.name for row in rows[1:]] + [""]
        return [row for row, name in zip(rows, after, strict=True) if not name.startswith(row.name)]


@fault("rules.list-order", make("p-2"), make(), get(), profiles=DEPLOYED, quick=False)
class LongerNamesComeBeforeTheirBeginnings(Api):
    """A list has longer names before those with which they begin."""

    def listed(self) -> list[Provider]:
        return sorted(super().listed(), key=lambda row: f"{row.name}~")


@fault("rules.mask", make(api_keys=["dummy-key-0001"]), make("q", api_keys=["dummy-key-0002"]), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class MasksAreRememberedByTheBeginningOfKeys(_Mindful):
    """Keys that have eight characters at their beginning in common have one mask, of whichever was shown first."""

    def mask(self, plain: str) -> str:
        shown = super().mask(plain)
        return str(self.mind.setdefault(plain[:8], shown)) if len(plain) > 8 else shown


# --- half-done work


@fault("rules.atomic", make(), patch(enabled=True, base_url=7), get("p"), quick=False)
class WronglyTypedPatchIsHalfKept(_Mindful):
    """A PATCH that is refused for the JSON type of a member has set the switch and the display name."""

    def wrong_types(self, data: Members, known: dict[str, type]) -> Faults:
        faults = super().wrong_types(data, known)
        provider = self.named() if self.request.operation == "patch" else None
        if faults and provider:
            kinds = {"display_name": str, "enabled": bool}
            good: Any = {name: data[name] for name, kind in kinds.items() if isinstance(data.get(name), kind)}
            self.save(replace(provider, **good))
        return faults


@fault("rules.atomic", make(type="bedrock", settings=SETTINGS), patch(settings={**SETTINGS, "_version": 2}), get("p"),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class RefusedSettingsHaveRemovedTheOld(_Mindful):
    """A PATCH whose settings are refused has removed those that were there."""

    def judge_settings(self, value: Members) -> Faults:
        faults = super().judge_settings(value)
        provider = self.named() if self.request.operation == "patch" else None
        if faults and provider:
            self.save(replace(provider, settings=None))
        return faults


@fault("model.drill", make(), make(type="x"), get("p"), quick=False)
class RefusedCreateDeletesItsNamesake(Api):
    """A create that is refused for its body has deleted the provider of its name."""

    def judge(self, request: Request, data: Any) -> Members:
        try:
            return super().judge(request, data)
        except Refusal:
            name = data.get("name") if request.operation == "create" and isinstance(data, dict) else None
            if isinstance(name, str) and (provider := self.find_by_name(name)):
                self.remove(provider)
            raise
