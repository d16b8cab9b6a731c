"""Faults around deletes: what is gone comes back, stays half there, or takes others along."""

from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import fault
from tests.independent.values import Answer, Provider, Request


def key_of_first(seen: list[Reply]) -> Step:
    """Return a PATCH that keeps the key of the provider that was made first."""
    return patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"]}])


def get_first(seen: list[Reply]) -> Step:
    """Return a get, by its id, of the provider that was made first."""
    return get(seen[0].json["id"])


class _Graves(Api):
    """What remembers the dead; ``graves`` by name."""

    @property
    def graves(self) -> dict[str, Provider]:
        return self.__dict__.setdefault("_graves", {})  # type: ignore[no-any-return]

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.graves[provider.name] = provider


@fault("rules.deleted-is-gone", make(), delete(), get("p"))
class DeleteDoesNothing(Api):
    """A delete answers 204 and deletes nothing."""

    def remove(self, provider: Provider) -> None:
        return


@fault("rules.deleted-is-gone", make(), delete(), get_first)
class DeletedIsFoundById(_Graves):
    """A deleted provider is gone from lists and by name, and still found by its id."""

    def find_by_id(self, key: str) -> Provider | None:
        return super().find_by_id(key) or next((dead for dead in self.graves.values() if dead.id == key), None)


@fault("rules.deleted-is-gone", make(), delete(), get("p"))
class DeletedIsFoundByName(_Graves):
    """A deleted provider is still found by its name."""

    def op_get(self, request: Request) -> Answer:
        dead = self.graves.get(request.key)
        return Answer(200, self.view(dead)) if dead and request.key not in self.names else super().op_get(request)


@fault("rules.deleted-is-gone", make(), delete(), get())
class DeletedIsListed(_Graves):
    """A deleted provider is still listed."""

    def listed(self) -> list[Provider]:
        dead = [row for row in self.graves.values() if row.name not in self.names]
        return sorted([*super().listed(), *dead], key=lambda row: row.name)


@fault("rules.deleted-is-gone", make(), delete(), get())
class DeletedIsListedAsDisabled(_Graves):
    """A deleted provider stays in the list, switched off."""

    def listed(self) -> list[Provider]:
        dead = [replace(row, enabled=False) for row in self.graves.values() if row.name not in self.names]
        return sorted([*super().listed(), *dead], key=lambda row: row.name)


@fault("rules.deleted-is-gone", make(), delete(), patch(enabled=True))
class DeletedCanBePatched(_Graves):
    """A PATCH of a deleted provider brings it back."""

    def op_patch(self, request: Request) -> Answer:
        if request.key in self.graves and request.key not in self.names:
            self.save(self.graves[request.key])
        return super().op_patch(request)


@fault("rules.deleted-is-gone", make(), delete(), delete())
class DeletingAgainAnswers204(_Graves):
    """Deleting again what is gone answers 204."""

    def op_delete(self, request: Request) -> Answer:
        dead = self.graves.get(request.key)
        return Answer(204) if dead and request.key not in self.names else super().op_delete(request)


@fault("rules.name-reuse", make(), delete(), make())
class DeletedKeepsItsName(_Graves):
    """The name of a deleted provider stays taken."""

    def check_unique(self, name: str) -> None:
        if name in self.graves:
            self.names.setdefault(name, self.listed()[0].id)
        super().check_unique(name)


class _Heirs(_Graves):
    """What gives something of a dead provider to the next one of its name."""

    def make(self, members: dict[str, Any]) -> Provider:
        new = super().make(members)
        dead = self.graves.get(new.name)
        return self.inherit(new, dead) if dead else new

    def inherit(self, new: Provider, dead: Provider) -> Provider:
        raise NotImplementedError


@fault("rules.name-reuse", make(), delete(), make())
class RecreatedHasTheOldId(_Heirs):
    """A provider that is made anew under a name has the id of the deleted one."""

    def inherit(self, new: Provider, dead: Provider) -> Provider:
        return replace(new, id=dead.id)


@fault("rules.name-reuse", make(api_keys=["dummy-key-0001"]), delete(), make())
class RecreatedHasTheOldKeys(_Heirs):
    """A provider that is made anew under a name has the keys of the deleted one."""

    def inherit(self, new: Provider, dead: Provider) -> Provider:
        return replace(new, keys=(*dead.keys, *new.keys))


@fault("rules.name-reuse", make(), delete(), make())
class RecreatedHasTheOldTime(_Heirs):
    """A provider that is made anew under a name was created when the deleted one was."""

    def inherit(self, new: Provider, dead: Provider) -> Provider:
        return replace(new, created_at=dead.created_at)


@fault("rules.name-reuse", make(display_name="Old", enabled=True), delete(), make())
class RecreatedHasTheOldMembers(_Heirs):
    """A provider that is made anew under a name has the display name and the switch of the deleted one."""

    def inherit(self, new: Provider, dead: Provider) -> Provider:
        return replace(new, display_name=new.display_name or dead.display_name, enabled=dead.enabled)


@fault("rules.name-reuse", make(), delete(), make(type="azure"))
class RecreatedHasTheOldType(_Heirs):
    """A provider that is made anew under a name is of the type of the deleted one."""

    def inherit(self, new: Provider, dead: Provider) -> Provider:
        return replace(new, type=dead.type)


@fault("rules.name-reuse", make(api_keys=["dummy-key-0001"]), delete(), make(), key_of_first, quick=False)
class KeysOfTheDeletedAreKnown(_Graves):
    """A key of a deleted provider is taken for one of the next provider of that name."""

    def merge_keys(self, provider: Provider, entries: Any, moment: Any) -> Any:
        dead = self.graves.get(provider.name)
        known = replace(provider, keys=(*provider.keys, *dead.keys)) if dead else provider
        return super().merge_keys(known, entries, moment)


@fault("rules.cross-talk", make(), make("p2"), delete(), get("p2"))
class DeleteTakesNamesThatBeginAlike(Api):
    """A delete takes every provider along whose name begins so."""

    def remove(self, provider: Provider) -> None:
        for other in [row for row in self.listed() if row.name.startswith(provider.name)]:
            super().remove(other)


@fault("rules.cross-talk", make("zz-a"), delete("zz-a"), get())
class DeleteTakesTheNextAlong(Api):
    """A delete takes the next provider of the list along."""

    def remove(self, provider: Provider) -> None:
        after = [row for row in self.listed() if row.name > provider.name]
        super().remove(provider)
        if after:
            super().remove(after[0])


@fault("rules.cross-talk", make(), delete(), get())
class DeleteTakesKeysOfItsType(Api):
    """A delete removes the keys of every provider of that type."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        for row in self.listed():
            if row.type == provider.type:
                self.save(replace(row, keys=()))


@fault("rules.list-matches-get", make(), make("q"), delete(), get())
class ListLosesItsEndAfterADelete(_Graves):
    """After a delete the list lacks its last entry."""

    def listed(self) -> list[Provider]:
        return super().listed()[:-1] if self.graves else super().listed()


@fault("rules.id-unique", make(), delete(), make("q"))
class IdsAreUsedAgain(_Graves):
    """The id of a deleted provider is given to the next one, whatever its name."""

    def make(self, members: dict[str, Any]) -> Provider:
        new = super().make(members)
        live = {row.id for row in self.listed()}
        free = [dead.id for dead in self.graves.values() if dead.id not in live]
        return replace(new, id=free[-1]) if free else new


@fault("rules.deleted-is-gone", make(api_keys=["dummy-key-0001"]), delete(), get("p"))
class DeleteOfOneWithKeysSwitchesOff(Api):
    """A provider that has keys is switched off instead of deleted."""

    def remove(self, provider: Provider) -> None:
        if provider.keys:
            self.save(replace(provider, enabled=False))
        else:
            super().remove(provider)


@fault("model.sequence", make(enabled=True), delete())
class EnabledCannotBeDeleted(Api):
    """A provider that is on cannot be deleted."""

    def op_delete(self, request: Request) -> Answer:
        if self.find(request.key).enabled:
            return Answer(409, {"message": "disable it first"})
        return super().op_delete(request)


@fault("rules.deleted-is-gone", make(), delete(), get("p"), get("p"))
class DeletedComesBackOnTheSecondLook(_Graves):
    """A deleted provider answers 404 once, and is back afterwards."""

    def op_get(self, request: Request) -> Answer:
        if request.key in self.graves and request.key not in self.names and self.tally(request.key) > 1:
            return Answer(200, self.view(self.graves[request.key]))
        return super().op_get(request)
