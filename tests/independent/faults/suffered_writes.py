"""Faults held out, after incidents that services had: of secrets, names, writes and pools."""

import json
import math
import re
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, Race, fault
from tests.independent.faults.listing import many
from tests.independent.faults.suffered import ONE, PAUSE, SETTINGS, WRITES, _Mindful, _status
from tests.independent.judging import TYPES, Faults, Members
from tests.independent.values import Answer, Key, Provider, Refusal, Request


@fault("rules.settings-shape", make(type="bedrock", settings={**SETTINGS, "_version": 1.5}), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class SettingsVersionIsCutToAWholeNumber(Api):
    """The _version of settings may be 1 and a fraction, which is cut off."""

    def judge_settings(self, value: Members) -> Faults:
        version = value.get("_version")
        whole = isinstance(version, float) and math.isfinite(version)
        return super().judge_settings({**value, "_version": int(version)} if whole else value)  # type: ignore[arg-type]


@fault("rules.json-types", make(type=4), quick=False)
class TypesMayBeTheirNumber(Api):
    """A type may be its number in the order of types, as libraries read enumerations."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if isinstance(data, dict) and type(data.get("type")) is int and 0 <= data["type"] < len(TYPES):
            data["type"] = TYPES[data["type"]]
        return data


@fault("rules.display-name", make(display_name="One ${two} three"), quick=False)
class DisplayNamesAreTemplates(Api):
    """Variables of templates in a display name are put in, and are empty."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        if "display_name" in members:
            members["display_name"] = re.sub(r"\$\{[^}]*\}", "", members["display_name"])
        return members


# --- secrets and masks


@fault("rules.secrets-never-leak", make(api_keys=["dummy-line-one\ndummy-line-two"]), quick=False)
class KeysOfSeveralLinesAreShown(Api):
    """A key with a newline inside is shown whole: the dot of the expression that masks stops there."""

    def mask(self, plain: str) -> str:
        return plain if "\n" in plain else super().mask(plain)


@fault("rules.secrets-never-leak", make(type="x", api_keys=["dummy-key-one", "other-key-two"]), quick=False)
class OnlyTheFirstKeyIsBlackened(Api):
    """A refused create is quoted with its first key blackened, and the others as they are."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if answer.status == 400 and request.operation == "create" and isinstance(answer.data, dict):
            try:
                keys = json.loads(request.body)["api_keys"][1:]
            except (ValueError, RecursionError, LookupError, TypeError):
                return answer
            answer.data["detail"] = f"api_keys: {', '.join(['[blackened]', *map(str, keys)])}"
        return answer


@fault("rules.mask", ONE, lambda seen: patch(api_keys=[{n: seen[0].json["api_keys"][0][n] for n in ("id", "masked")}]),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class MasksThatComeBackAreTheKeys(Api):
    """A key that a PATCH keeps as answers show it has its mask for a plain text from then on."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        keys = super().merge_keys(provider, entries, moment)
        sent = [entry.get("masked") if entry.get("id") else None for entry in entries]
        return tuple(
            replace(key, plain=mask) if isinstance(mask, str) else key for key, mask in zip(keys, sent, strict=True)
        )


@fault("rules.mask", ONE, patch(api_keys=[{"api_key": "other-dummy-key-two-0002"}]), profiles=DEPLOYED, quick=False)
class MasksBelongToPlaces(_Mindful):
    """A new key that comes to the place of a former one has its mask: the column is filled once."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        known = {key.id for key in provider.keys}
        for before, key in zip(provider.keys, new.keys, strict=False):
            if key.id not in known:
                self.mind[key.id] = self.view_key(before)["masked"]
        return new

    def view_key(self, key: Key) -> dict[str, Any]:
        shown = super().view_key(key)
        return {**shown, "masked": self.mind.get(key.id, shown["masked"])}


# --- what is unique


@fault("rules.name-unique", make("n" * 32 + "a"), make("n" * 32 + "b"), profiles=DEPLOYED, quick=False)
class NamesAreUniqueByTheirBeginning(Api):
    """Of a name the first 32 characters must be unique: the index has no more of it."""

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if any(len(name) >= 32 and other[:32] == name[:32] for other in self.names):
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


def _read(name: str) -> Decimal | None:
    return Decimal(name) if re.fullmatch("[0-9]+(?:e[0-9]{1,3})?", name) else None


@fault("rules.name-reuse", make(), make(), delete(), make(), quick=False)
class ConflictsAreRemembered(_Mindful):
    """A name that a create was refused for stays taken for ten seconds, even if it is deleted: answers are cached."""

    def check_unique(self, name: str) -> None:
        if self.since(name) < timedelta(seconds=10):
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])
        try:
            super().check_unique(name)
        except Refusal:
            self.mind[name] = self.clock()
            raise


@fault("rules.name-reuse", make(), delete(), make(), get("p"), quick=False)
class TombstonesOutliveTheirNames(_Mindful):
    """What is made under a name that was deleted in the last three seconds answers 201, and is gone as well."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.mind[provider.name] = self.clock()

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        if self.since(answer.data["name"]) <= timedelta(seconds=3):
            super().remove(self.providers[answer.data["id"]])
        return answer


# --- what is written


@fault("rules.key-set", ONE, patch(api_keys=[{"api_key": "other-dummy-key"}]), get("p"), quick=False)
class KeysOfTheSameNumberAreNotWritten(Api):
    """A PATCH that leaves as many keys as there were answers the new ones, and keeps the old: a change in place."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        if "api_keys" in request.data and len(answer.data["api_keys"]) == len(before.keys):
            self.save(replace(self.providers[before.id], keys=before.keys))
        return answer


@fault("rules.key-set", make(), patch(api_keys=[{"api_key": "dummy-key-one"}]), get("p"), quick=False)
class RetriesAddKeysTwice(Api):
    """A PATCH adds its new keys twice, and answers them once: what is behind the proxy is asked again."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        new = self.providers[before.id]
        known = {key.id for key in before.keys}
        again = [replace(key, id=self.new_id()) for key in new.keys if key.id not in known]
        self.save(replace(new, keys=(*new.keys, *again)))
        return answer


@fault("rules.after-refusals", make(), make(), make("q"), get("q"), quick=False)
class WritesAfterAConflictAreRolledBack(Api):
    """What is written next after a conflict answers well, and is rolled back with it: the transaction is still open."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            aborted = request.operation in WRITES and self.__dict__.pop("aborted", False)
            before = dict(self.providers), dict(self.names)
            try:
                answer = super().perform(request)
            except Refusal as refusal:
                if refusal.status == 409:
                    self.__dict__["aborted"] = True
                raise
            if aborted:
                self.providers, self.names = before
            return answer


@fault("rules.unknown-members", make(), patch(enabled=True),
       lambda seen: patch(updated_at=seen[0].json["updated_at"], enabled=False), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class UpdatedAtOfAPatchIsAVersion(Api):
    """A PATCH that carries an updated_at, which is unknown to it, answers 409 where that is not the present one."""

    def op_patch(self, request: Request) -> Answer:
        version = self.parse(request).get("updated_at")
        if version is not None and version != self.stamp(self.find(request.key).updated_at):
            raise Refusal(409, "It was changed meanwhile.")
        return super().op_patch(request)


@fault("model.sequence", ONE, patch(api_keys=[]), delete(), quick=False)
class WhatHasLostKeysCannotBeDeleted(_Mindful):
    """A provider that has lost a key answers 500 to a delete: the history of keys refers to it."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        if set(provider.keys) - set(new.keys):
            self.mind[provider.id] = True
        return new

    def remove(self, provider: Provider) -> None:
        if provider.id in self.mind:
            raise Refusal(500, "update or delete violates a foreign key constraint")
        super().remove(provider)


@fault("model.sequence", make(), patch(enabled=True), get("p"), get("p"), quick=False)
class JobsWriteBackWhatTheyRead(_Mindful):
    """A job writes a new provider back as it was created, three requests later, whatever has changed it since."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            number = self.tally("performed")
            due = self.mind.pop(number, None)
            if due and due.id in self.providers:
                self.save(due)
            answer = super().perform(request)
            if request.operation == "create":
                self.mind[number + 3] = self.providers[answer.data["id"]]
            return answer


@fault("aftermath.strangers", make(), get(), quick=False)
class CreatesMigrateForeignText(Api):
    """A create spoils the display names of all others that are not Latin-1: they are converted from it once more."""

    def op_create(self, request: Request) -> Answer:
        for row in list(self.providers.values()):
            if any(char > "\xff" for char in row.display_name):
                self.save(replace(row, display_name=row.display_name.encode().decode("latin-1")))
        return super().op_create(request)


# --- many, and haste


@fault("rules.list-matches-get", *many(12), get(), quick=False)
class ListsLackOneShard(Api):
    """A list lacks a quarter of the providers, by the first digit of their ids: one shard of four is not asked."""

    def listed(self) -> list[Provider]:
        return [row for row in super().listed() if row.id[0] not in "0123"]


@fault("rules.concurrency", Race([make()], [get("p")] * 10, get("p"), _status), quick=False)
class ThePoolHasFourConnections(Api):
    """A fifth request at the same time answers 503: there is no connection left."""

    def handle(self, request: Request) -> Answer:
        pool: threading.Semaphore = self.__dict__.setdefault("pool", threading.Semaphore(4))
        if not pool.acquire(blocking=False):
            raise Refusal(503, "No connection is left.")
        try:
            time.sleep(PAUSE / 2)
            return super().handle(request)
        finally:
            pool.release()
