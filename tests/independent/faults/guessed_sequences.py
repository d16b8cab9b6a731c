"""Guessed faults of keys, times and finding, of sequences, of who asks, and of what is at once."""

import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, delete, get, make, patch
from tests.independent.faults.catalogue import Race, fault
from tests.independent.faults.guessed_wire import KEY, OTHER, _Remembers, by_id
from tests.independent.judging import Members
from tests.independent.values import USERS, Answer, Key, Provider, Refusal, Request

# --- keys


@fault("rules.id-stable", make(api_keys=[KEY]), patch(base_url="https://f.com"))
class PatchesGiveKeysNewIds(Api):
    """A PATCH that says nothing of the keys writes them anew, under other ids."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        changed = super().changed(provider, change)
        if "api_keys" in change:
            return changed
        return replace(changed, keys=tuple(replace(key, id=self.new_id()) for key in changed.keys))


@fault("rules.name-reuse", make(api_keys=[KEY]), delete(), make())
class KeysOfTheDeadComeBack(_Remembers):
    """The keys of a deleted provider are found again by the next one of that name."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.memory("orphans")[provider.name] = provider.keys

    def make(self, members: Members) -> Provider:
        made = super().make(members)
        return replace(made, keys=self.memory("orphans").pop(made.name, ()) + made.keys)


@fault("rules.cross-talk", make(api_keys=[KEY]), make("q", api_keys=[KEY]), get("p"))
class KeysMoveToWhoUsesThemLast(Api):
    """A key that another provider gets too is taken from the first: keys are upserted by their hash."""

    def save(self, provider: Provider) -> None:
        super().save(provider)
        plains = {key.plain for key in provider.keys}
        for other in list(self.providers.values()):
            left = tuple(key for key in other.keys if key.plain not in plains)
            if other.id != provider.id and left != other.keys:
                super().save(replace(other, keys=left))


@fault("rules.secrets-never-leak", make(), patch(api_keys=[{"api_key": KEY}]))
class PatchesAnswerNewKeysUnmasked(Api):
    """The answer of a PATCH shows the keys that it added in full; later answers mask them."""

    def op_patch(self, request: Request) -> Answer:
        before = {key.id for key in self.find(request.key).keys}
        answer = super().op_patch(request)
        keys = self.find(request.key).keys
        answer.data["api_keys"] = [
            shown if key.id in before else {**shown, "masked": key.plain}
            for shown, key in zip(answer.data["api_keys"], keys, strict=True)
        ]
        return answer


@fault("rules.secrets-never-leak", make(type="google", api_keys=[KEY]))
class UrlsOfGoogleHoldTheKey(Api):
    """The base URL of a provider of type google is shown as it is called: with the first key in its query."""

    def view(self, provider: Provider) -> dict[str, Any]:
        view = super().view(provider)
        if provider.type == "google" and provider.keys:
            view["base_url"] += f"{'&' if '?' in view['base_url'] else '?'}key={provider.keys[0].plain}"
        return view


@fault("rules.name-unique", make(api_keys=[KEY]), make(api_keys=[OTHER]), get("p"))
class ConflictsAddTheirKeys(Api):
    """A create that is refused for its name has added its keys to the provider of that name."""

    def check_unique(self, name: str) -> None:
        if found := self.find_by_name(name):
            new = (Key(self.new_id(), plain, self.now()) for plain in self.request.data.get("api_keys", ()))
            self.save(replace(found, keys=(*found.keys, *new)))
        super().check_unique(name)


@fault("rules.absent-members", make(enabled=True, api_keys=[KEY]), patch(enabled=False))
class SwitchingOffRemovesTheKeys(Api):
    """A PATCH that switches a provider off removes its keys."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        changed = super().changed(provider, change)
        return replace(changed, keys=()) if provider.enabled and not changed.enabled else changed


# --- times and ids


@fault("rules.timestamps", make(), get("p"))
class CreateAnswersItsOwnTimes(Api):
    """A create answers the times of the application; the database keeps its own, which are two milliseconds later."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        made = self.providers[answer.data["id"]]
        later: datetime = made.created_at + timedelta(milliseconds=2)
        self.save(replace(made, created_at=later, updated_at=later))
        return answer


@fault("rules.timestamps", make(), patch(enabled=True))
class PatchesMoveTheBirthByAnHour(Api):
    """Every PATCH moves created_at back by an hour: read as UTC, written as local time."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        changed = super().changed(provider, change)
        return replace(changed, created_at=changed.created_at - timedelta(hours=1))


@fault("rules.id-format", make(api_keys=[f"dummy-key-{number:04}" for number in range(8)]))
class IdsLackLeadingZeros(Api):
    """The groups of an id are written without leading zeros, so that some ids are too short."""

    def new_id(self) -> str:
        return "-".join(f"{int(group, 16):x}" for group in super().new_id().split("-"))


# --- finding


@fault("rules.deleted-is-gone", make(), delete(), by_id())
class IdsFindWhatWasDeletedByName(_Remembers):
    """A provider that was deleted by its name is still found by its id."""

    def op_delete(self, request: Request) -> Answer:
        provider = self.find(request.key)
        answer = super().op_delete(request)
        if self.parse_id(request.key) is None:
            self.memory("ghosts")[provider.id] = provider
        return answer

    def find_by_id(self, key: str) -> Provider | None:
        ghosts = self.memory("ghosts") if self.request.operation == "get" else {}
        return super().find_by_id(key) or ghosts.get(key)


@fault("rules.lookup", get("p"), make(), get("p"))
class UnknownNamesStayUnknown(_Remembers):
    """A name that was once asked for in vain is not found by a get from then on, though it was created since."""

    def find_by_name(self, name: str) -> Provider | None:
        found = super().find_by_name(name)
        if self.request.operation != "get":
            return found
        if found is None:
            self.memory("unknown")[name] = True
        return None if name in self.memory("unknown") else found


@fault("rules.lookup", *(make(f"p{number}") for number in range(9)), get("p0"))
class EightNamesAreFound(_Remembers):
    """A get finds no more than the eight latest names: the index is a cache of that size, with nothing behind it."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        self.memory("recent")[answer.data["name"]] = answer.data["id"]
        return answer

    def find_by_name(self, name: str) -> Provider | None:
        found = super().find_by_name(name)
        recent = [key for key in self.memory("recent").values() if key in self.providers]
        dropped = found is not None and self.request.operation == "get" and found.id in recent[:-8]
        return None if dropped else found


@fault("rules.lookup", make(), patch(enabled=True))
class PatchByNameFindsTheEnabledAlone(Api):
    """A PATCH by name finds no provider that is off, so that none can be switched on again."""

    def find_by_name(self, name: str) -> Provider | None:
        found = super().find_by_name(name)
        return None if found and self.request.operation == "patch" and not found.enabled else found


@fault("rules.name-unique", make(), make(base_url="https://f.com"))
class NamesOfTheDisabledMayBeUsedAgain(Api):
    """A name is taken only while its provider is on; two may have the same one."""

    def check_unique(self, name: str) -> None:
        if any(row.name == name and row.enabled for row in self.listed()):
            super().check_unique(name)

    def remove(self, provider: Provider) -> None:
        del self.providers[provider.id]
        self.names.pop(provider.name, None)
        self.names.update({row.name: row.id for row in self.providers.values() if row.name == provider.name})


@fault("rules.cross-talk", make(), make("p-2"), delete(), get("p-2"))
class DeletesTakeLongerNamesToo(Api):
    """A delete by name takes those whose names begin so, too."""

    def op_delete(self, request: Request) -> Answer:
        answer = super().op_delete(request)
        if self.parse_id(request.key) is None:
            for row in self.listed():
                if row.name.startswith(request.key):
                    self.remove(row)
        return answer


# --- sequences


@fault("rules.name-reuse", make(), delete(), make(), delete())
class NamesDieOnlyOnce(_Remembers):
    """A second provider of a name cannot be deleted: the mark of the first is in its way, a server error."""

    def remove(self, provider: Provider) -> None:
        if provider.name in self.memory("dead"):
            raise Refusal(500, "duplicate key value violates unique constraint (name, deleted)")
        self.memory("dead")[provider.name] = True
        super().remove(provider)


@fault("model.sequence", make(), patch(display_name="One"), patch(enabled=True))
class PatchesStartFromTheCreatedState(_Remembers):
    """A PATCH starts from the provider as it was created, so that it undoes the PATCHes before it."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        self.memory("born")[answer.data["id"]] = self.providers[answer.data["id"]]
        return answer

    def changed(self, provider: Provider, change: Members) -> Provider:
        born = self.memory("born").get(provider.id, provider)
        return super().changed(replace(born, updated_at=provider.updated_at), change)


@fault("rules.repeatable", make(enabled=True), patch(enabled=True))
class PatchesThatChangeNothingAreNotFound(Api):
    """A PATCH to the values that are there already gets 404: no row was affected."""

    def op_patch(self, request: Request) -> Answer:
        provider = self.find(request.key)
        plain = {"display_name", "enabled", "base_url"}
        data = request.data
        if data and data.keys() <= plain and all(getattr(provider, name) == value for name, value in data.items()):
            raise Refusal(404, "There is no such provider.")
        return super().op_patch(request)


@fault("rules.display-name", make(display_name="One"), make("q"), patch("q", display_name="One"))
class PatchedTitlesMustBeUnique(Api):
    """A PATCH to a display name that another provider has gets 409."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        title = change.get("display_name")
        if title and any(row.display_name == title and row.id != provider.id for row in self.listed()):
            raise Refusal(409, "display_name is in use")
        return super().changed(provider, change)


@fault("rules.after-refusals", make(), make(), get("p"))
class ConflictsSpoilTheNextRequest(_Remembers):
    """The request after a conflict is a server error: it runs in the transaction that was aborted."""

    def perform(self, request: Request) -> Answer:
        if self.memory("aborted").pop("yes", False):
            raise Refusal(500, "current transaction is aborted, commands ignored until end of transaction block")
        return super().perform(request)

    def error(self, request: Request, refusal: Refusal) -> Answer:
        if refusal.status == 409:
            self.memory("aborted")["yes"] = True
        return super().error(request, refusal)


@fault("rules.after-refusals", make(type="nope", display_name="Left"), make())
class RefusedBodiesFillTheNext(_Remembers):
    """What a refused body said of display name and switch counts for the next one: a pooled object is not cleared."""

    def judge(self, request: Request, data: Any) -> Members:
        left = self.memory("left").pop(request.operation, {})
        try:
            return {**left, **super().judge(request, data)}
        except Refusal:
            if isinstance(data, dict):
                kinds = {"display_name": str, "enabled": bool}
                kept = {name: data[name] for name, kind in kinds.items() if isinstance(data.get(name), kind)}
                self.memory("left")[request.operation] = kept
            raise


@fault("rules.repeatable", *(make(f"p{number}") for number in range(4)))
class EveryFourthCreateIsSentTwice(Api):
    """Every fourth create is sent again by a proxy: it is done, and answers 409."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        if self.tally("created") % 4 == 0:
            self.check_unique(request.data["name"])
        return answer


@fault("model.sequence", make(), *(patch(base_url=f"https://e{number}.com") for number in range(5)), get("p"))
class EveryFifthPatchIsLost(Api):
    """Every fifth PATCH is answered as if it were done, and is not."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        if self.tally("patched") % 5 == 0:
            self.save(before)
        return answer


@fault("rules.every-type", make(type="openai-compat"), patch(enabled=True))
class PatchesMakeCompatOpenai(Api):
    """A PATCH makes a provider of type openai-compat one of type openai."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        changed = super().changed(provider, change)
        return replace(changed, type=changed.type.removesuffix("-compat"))


# --- who asks


@fault("rules.unauthenticated", get(), get(token=None))
class ConnectionsKeepTheirToken(Api):
    """Once a connection has carried a good token, later requests on it need none."""

    def credential(self, request: Request) -> str | None:
        token = super().credential(request)
        if token is None:
            return getattr(self.local, "token", None)
        if self.user_of(token):
            self.local.token = token
        return token


@fault("rules.unauthenticated", make(), lambda seen: get(seen[0].json["id"], token=None))
class GetByIdNeedsNoToken(Api):
    """A get by id needs no token; a get by name does."""

    def authenticate(self, request: Request) -> Any:
        if request.method == "GET" and self.parse_id(request.path.rpartition("/")[2]):
            return USERS["API_KEY"]
        return super().authenticate(request)


# --- at the same time


def _switch_and_title(reply: Reply) -> Any:
    return reply.json["enabled"], reply.json["display_name"]


@fault("rules.concurrency", Race([], [make("p"), make("q")], get(), lambda reply: len(reply.json)))
class CreatesAtOnceFindTheDatabaseLocked(Api):
    """A create while another one is written is a server error: the database is locked."""

    def perform(self, request: Request) -> Answer:
        if request.operation != "create":
            return super().perform(request)
        writing = self.__dict__.setdefault("writing", threading.Lock())
        if not writing.acquire(blocking=False):
            raise Refusal(500, "database is locked")
        try:
            time.sleep(0.03)
            return super().perform(request)
        finally:
            writing.release()
