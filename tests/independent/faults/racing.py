"""Faults that show only when requests come at the same time: what is read is old when it is written."""

import threading
import time
from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, get, make, patch
from tests.independent.faults.catalogue import Race, fault
from tests.independent.judging import Members
from tests.independent.values import Key, Provider, Refusal, Request

PAUSE = 0.03  # seconds in which others may come in between


class _Yielding(Api):
    """What lets others in at the worst moment."""

    def give_way(self) -> None:
        """Let go of the lock for a while."""
        self.lock.release()
        time.sleep(PAUSE)
        self.lock.acquire()


def members(*names: str) -> Any:
    """Return what shows some members of an answer."""
    return lambda reply: [reply.json.get(name) for name in names]


def entries(reply: Reply) -> Any:
    """Return how many providers of each name a list has."""
    return sorted(row["name"] for row in reply.json)


@fault("rules.concurrency", Race([], [make()] * 8, get(), entries))
class NamesAreCheckedTooEarly(_Yielding):
    """Between the check of a name and its use others may take it."""

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        self.give_way()


@fault(
    "rules.concurrency",
    Race([make()], [patch(enabled=True), patch(display_name="One"), patch(base_url="https://f.com")], get("p"),
         members("enabled", "display_name", "base_url")),
)  # fmt: skip
class PatchesOverwriteEachOther(_Yielding):
    """Of PATCHes at the same time the last one overwrites the others with what it has read."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        self.give_way()
        return new


@fault("rules.concurrency", Race([], [make(f"p{n}") for n in range(8)], get(), entries))
class CreatesAtOnceGetOneId(_Yielding):
    """Creates at the same time get the same id, and take each other's place."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        number = int(time.monotonic() / (PAUSE * 10))
        seen = self.__dict__.setdefault("numbers", {})
        self.give_way()
        return replace(new, id=seen.setdefault(number, new.id))


@fault("rules.concurrency", Race([make()], [Step("DELETE", "p")] * 6, get("p"), lambda reply: reply.status))
class DeletesAtOnceAreAllDone(_Yielding):
    """Deletes of one provider at the same time all answer 204."""

    def remove(self, provider: Provider) -> None:
        self.give_way()
        if provider.id in self.providers:
            super().remove(provider)


@fault("schema.server-error", Race([], [make(f"p{n}") for n in range(6)], get(), entries))
class CreatesAtOnceAreRefused(Api):
    """A create that comes while another one is under way answers 500: the database is locked."""

    def perform(self, request: Request) -> Any:
        if request.operation != "create":
            return super().perform(request)
        if not self.__dict__.setdefault("writing", threading.Lock()).acquire(blocking=False):
            raise Refusal(500, "database is locked")
        try:
            time.sleep(PAUSE)
            return super().perform(request)
        finally:
            self.__dict__["writing"].release()


@fault(
    "rules.concurrency",
    Race([make()], [patch(api_keys=[{"api_key": f"dummy-{n}"}]) for n in range(4)], get("p"),
         lambda reply: len(reply.json["api_keys"])),
)  # fmt: skip
class KeysOfPatchesAtOnceAddUp(_Yielding):
    """PATCHes of keys at the same time each add theirs to those of the others."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: Any) -> tuple[Key, ...]:
        new = super().merge_keys(provider, entries, moment)
        self.give_way()
        now = self.providers[provider.id].keys
        return (*(key for key in now if key not in provider.keys), *new)
