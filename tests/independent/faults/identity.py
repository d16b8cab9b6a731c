"""Faults of identity: ids, names and times."""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.judging import Members
from tests.independent.values import Answer, Provider, Request, moment

# --- ids


@fault("rules.id-format", make(), profiles=DEPLOYED)
class IdsAreOfVersion1(Api):
    """Ids are UUIDs made of time and place."""

    def new_id(self) -> str:
        plain = super().new_id()
        return f"{plain[:14]}1{plain[15:]}"


@fault("rules.id-format", make(), profiles=DEPLOYED)
class IdsAreOfNoVariant(Api):
    """Ids are 32 random hexadecimal digits, without version and variant."""

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128) | 0xF0C0 << 64 | 0xF << 76))


@fault("rules.id-format", make(), profiles=DEPLOYED)
class IdsAreMadeOfNames(Api):
    """Ids are UUIDs of version 5, made of names."""

    def make(self, members: Members) -> Provider:
        return replace(super().make(members), id=str(uuid.uuid5(uuid.NAMESPACE_DNS, members["name"])))


@fault("rules.id-stable", make(), get("p"))
class IdsChangeWithEveryAnswer(Api):
    """Answers show another id each time."""

    def view(self, provider: Provider) -> dict[str, Any]:
        return {**super().view(provider), "id": self.new_id() if self.request.operation == "get" else provider.id}


@fault("rules.id-stable", make(), patch(enabled=True))
class PatchGivesANewId(Api):
    """A PATCH gives the provider a new id."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        self.remove(provider)
        return replace(super().changed(provider, change), id=self.new_id())


@fault("rules.id-unique", make(), make("q"))
class IdsAreUsedTwice(Api):
    """Every second provider has the id of the one before, and takes its place."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        last = self.__dict__.get("last")
        self.__dict__["last"] = None if last else new.id
        return replace(new, id=last) if last else new


@fault("rules.unknown-members", make(id="11111111-1111-4111-8111-111111111111"), profiles=DEPLOYED)
class CreateTakesAnIdOfTheClient(Api):
    """A create takes the id that the client sends."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        if isinstance(data.get("id"), str):
            self.__dict__["sent"] = data["id"]
        return members

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, id=self.__dict__.pop("sent", new.id))


@fault("rules.unknown-members", make(created_at="2020-01-01T00:00:00Z"), profiles=DEPLOYED)
class CreateTakesATimeOfTheClient(Api):
    """A create takes the time of creation that the client sends."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        if b'"created_at": "2020' in request.body or b'"created_at":"2020' in request.body:
            new = replace(self.providers[answer.data["id"]], created_at=moment("2020-01-01T00:00:00Z"))
            self.save(new)
            answer.data = self.view(new)
        return answer


def _patching(member: str) -> type:
    class Patching(Api):
        def op_patch(self, request: Request) -> Answer:
            import json

            answer = super().op_patch(request)
            sent = json.loads(request.body).get(member)
            if isinstance(sent, str) and sent:
                old = self.providers[answer.data["id"]]
                self.remove(old)
                new = replace(old, **{member: sent})
                self.save(new)
                answer.data = self.view(new)
            return answer

    return Patching


@fault("rules.name-immutable", make(), patch(enabled=True, name="q"), profiles=DEPLOYED)
class PatchRenames(_patching("name")):  # type: ignore[misc]
    """A PATCH changes the name."""


@fault("rules.name-immutable", make(), patch(enabled=True, type="azure"), profiles=DEPLOYED)
class PatchChangesTheType(_patching("type")):  # type: ignore[misc]
    """A PATCH changes the type."""


@fault(
    "rules.unknown-members", make(), patch(enabled=True, id="11111111-1111-4111-8111-111111111111"), profiles=DEPLOYED
)
class PatchChangesTheId(_patching("id")):  # type: ignore[misc]
    """A PATCH changes the id."""


# --- times


@fault("rules.timestamps", make(), patch(enabled=True))
class PatchMovesCreatedAt(Api):
    """A PATCH moves created_at."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, created_at=new.updated_at)


@fault("rules.timestamps", make(), patch(enabled=True))
class PatchLeavesUpdatedAt(Api):
    """A PATCH does not move updated_at."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        return replace(super().changed(provider, change), updated_at=provider.updated_at)


@fault("rules.timestamps", make(), patch(enabled=True), patch(enabled=True))
class PatchOfTheSameLeavesUpdatedAt(Api):
    """A PATCH that sets what is there already does not move updated_at."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return (
            replace(new, updated_at=provider.updated_at)
            if replace(new, updated_at=provider.updated_at) == provider
            else new
        )


@fault("rules.timestamps", make(), patch(api_keys=[{"api_key": "dummy-key-1"}]))
class PatchOfKeysLeavesUpdatedAt(Api):
    """A PATCH of keys alone does not move updated_at: they are in a table of their own."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, updated_at=provider.updated_at) if change.keys() == {"api_keys"} else new


@fault("rules.timestamps", make(), patch(enabled=True), patch(enabled=False))
class OnlyTheFirstPatchMovesUpdatedAt(Api):
    """From the second PATCH on updated_at stays."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, updated_at=provider.updated_at) if provider.updated_at > provider.created_at else new


@fault("rules.timestamps", make(), patch(enabled=True))
class TimesAreInWholeSeconds(Api):
    """Times are kept in whole seconds, so that a PATCH within the second does not move updated_at."""

    def now(self) -> datetime:
        return super().now().replace(microsecond=0)

    def after(self, before: datetime) -> datetime:
        present = self.now()
        return present if present > before + timedelta(seconds=2) else before


@fault("rules.timestamps", make(), get("p"))
class GetMovesUpdatedAt(Api):
    """Reading a provider moves updated_at."""

    def op_get(self, request: Request) -> Answer:
        found = self.find(request.key)
        self.authorise(request)
        self.save(replace(found, updated_at=self.after(found.updated_at)))
        return super().op_get(request)


@fault("rules.timestamps", make(), get("p"))
class TimesAreThoseOfTheAnswer(Api):
    """A provider shows the time of the answer as the time of its change."""

    def view(self, provider: Provider) -> dict[str, Any]:
        return {**super().view(provider), "updated_at": self.stamp(self.now())}


@fault("rules.timestamps", make())
class CreatedAtIsTheEpoch(Api):
    """A new provider was created in 1970."""

    def make(self, members: Members) -> Provider:
        return replace(super().make(members), created_at=moment("1970-01-01T00:00:00Z"))


@fault("rules.timestamps", make())
class UpdatedAtIsTheYearOne(Api):
    """A provider that was never changed was changed in the year 1."""

    def make(self, members: Members) -> Provider:
        return replace(super().make(members), updated_at=moment("0001-01-01T00:00:00Z"))


@fault("rules.timestamps", make(), patch(enabled=True))
class UpdatedAtGoesBack(Api):
    """A PATCH moves updated_at back by a minute."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        return replace(super().changed(provider, change), updated_at=provider.updated_at - timedelta(minutes=1))
