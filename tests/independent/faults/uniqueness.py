"""Faults of uniqueness: names that are taken, and may be used all the same."""

from typing import Any

from tests.independent.app import Api
from tests.independent.asking import make, patch
from tests.independent.faults.catalogue import fault
from tests.independent.judging import Members


@fault("rules.name-unique", make(), make())
class NamesMayBeUsedTwice(Api):
    """A name may be used twice."""

    def check_unique(self, name: str) -> None:
        return


@fault("rules.name-unique", make(), make())
class NamesOfDisabledMayBeUsedTwice(Api):
    """The name of a provider that is off may be used again."""

    def check_unique(self, name: str) -> None:
        found = self.find_by_name(name)
        if found and found.enabled:
            super().check_unique(name)


@fault("rules.name-unique", make(enabled=True), make(enabled=True))
class NamesOfEnabledMayBeUsedTwice(Api):
    """The name of a provider that is on may be used again."""

    def check_unique(self, name: str) -> None:
        found = self.find_by_name(name)
        if found and not found.enabled:
            super().check_unique(name)


@fault("rules.name-unique", make(), make(type="azure"))
class NamesAreUniquePerType(Api):
    """A name may be used once for each type."""

    def check_unique(self, name: str) -> None:
        found = self.find_by_name(name)
        if found and found.type == self.request.data["type"]:
            super().check_unique(name)


@fault("rules.name-unique", make(), make())
class CreateOfATakenNameIsAnUpdate(Api):
    """A create of a taken name answers 201 with the provider that is there."""

    def make(self, members: Members) -> Any:
        return self.find_by_name(members["name"]) or super().make(members)

    def check_unique(self, name: str) -> None:
        return


@fault("rules.name-unique", make(), patch(enabled=True), make(), quick=False)
class NamesOfChangedMayBeUsedTwice(Api):
    """The name of a provider that was changed may be used again."""

    def check_unique(self, name: str) -> None:
        found = self.find_by_name(name)
        if found and found.updated_at == found.created_at:
            super().check_unique(name)
